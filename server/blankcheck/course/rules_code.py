"""Rules on an exercise's code: does it parse, is every name there, does the SCT check anything.

Nothing here runs the code. A name counts as missing only where no reading of the code could have
bound it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from blankcheck.course.blanks import find_blanks, is_blank
from blankcheck.course.model import Chapter, Code, Exercise, Problem, Severity
from blankcheck.course.names import KNOWN, Names, Use, names, parse
from blankcheck.course.syntax import find_fault
from blankcheck.course.text import Lines, Span

_WORDS = {
    "pre_exercise_code": "pre-exercise code",
    "sample_code": "sample code",
    "solution": "solution",
    "sct": "SCT",
}
_USUAL_IMPORTS = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
    "optim": "import torch.optim as optim",
    "torchvision": "import torchvision",
    "math": "import math",
    "random": "import random",
    "os": "import os",
}
_CHECKS_NOTHING = ("Ex", "success_msg", "set_language", "print")
_OBJECT_CHECKS = ("check_object", "check_df", "test_object", "test_data_frame")
_MOST = 20
"""How many names are told of for one piece of code; the rest mostly follows from them."""
_STRAY = re.compile(r"([ \t]*)([^\w\s'\"#(\[{]{1,3})([ \t]*=(?!=).*)")


@dataclass(frozen=True)
class Part:
    """One piece of an exercise's code, read."""

    code: Code
    tree: ast.Module | None
    """Of what can be read: a line that is no Python is left out of pre-exercise code."""
    names: Names
    whole: bool
    """Whether all of it could be read."""


@dataclass(frozen=True)
class Unit:
    """An exercise or a step, with its code read."""

    chapter: Chapter
    whole: Exercise
    """The exercise, also for a step."""
    exercise: Exercise
    pre: Part | None
    sample: Part | None
    solution: Part | None
    given: frozenset[str]
    """The names that are there when the solution starts."""
    unsure: bool
    """Whether names may be there that cannot be seen."""

    def bound(self) -> dict[str, ast.AST]:
        """What pre-exercise code and solution bind."""
        found: dict[str, ast.AST] = {}
        for part in (self.pre, self.solution):
            if part is not None:
                found.update(part.names.bound)
        return found

    def place(self, code: Code, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands in the chapter."""
        lines = Lines(code.text)
        start = lines.offset_from_utf8(node.lineno - 1, node.col_offset)
        end = start
        if node.end_lineno is not None and node.end_col_offset is not None:
            end = lines.offset_from_utf8(node.end_lineno - 1, node.end_col_offset)
        return code.in_chapter(self.chapter.text, Span(start, max(start, end)))


def units(chapter: Chapter) -> Iterator[Unit]:
    """The exercises and steps that can be run, in order."""
    for exercise in chapter.exercises:
        if exercise.not_runnable is not None:
            continue
        before: frozenset[str] = frozenset()
        unsure = False
        for unit in (exercise, *exercise.steps):
            if unit.not_runnable is not None:
                continue
            read = _unit(chapter, exercise, unit, before, unsure)
            yield read
            # In a tab exercise a step goes on from the step before it.
            before |= read.bound().keys()
            unsure = read.unsure


def _unit(
    chapter: Chapter, whole: Exercise, exercise: Exercise, before: frozenset[str], unsure: bool
) -> Unit:
    pre = _part(exercise.code("pre_exercise_code"), before, tolerant=True)
    given = before | frozenset(pre.names.bound if pre else ())
    sample = _part(_filled(exercise.code("sample_code")), given)
    solution = _part(exercise.code("solution"), given)
    unsure = unsure or any(part is not None and part.names.opaque for part in (pre, solution))
    return Unit(chapter, whole, exercise, pre, sample, solution, given, unsure)


def _part(code: Code | None, given: frozenset[str], *, tolerant: bool = False) -> Part | None:
    if code is None or not code.text.strip():
        return None
    text = code.text
    tree = parse(text)
    whole = tree is not None
    for _ in range(3 if tolerant else 0):
        if tree is not None:
            break
        fault = find_fault(text)
        if fault is None:
            break
        lines = Lines(text)
        line = lines.span(lines.line_of(fault.span.start))
        indent = len(line.of(text)) - len(line.of(text).lstrip())
        text = text[: line.start + indent] + "pass" + text[line.end :]
        tree = parse(text)
    return Part(code, tree, names(tree, given) if tree is not None else Names(), whole)


def _filled(code: Code | None) -> Code | None:
    """Sample code whose empty right-hand sides are blanks, so that it parses."""
    if code is None:
        return None
    text = code.text
    for blank in reversed(find_blanks(text)):
        if not is_blank(blank.span.of(text)):
            text = f"{text[: blank.span.start]} ___{text[blank.span.end :]}"
    return Code(code.path, code.info, text, code.span)


def findings(units: Sequence[Unit]) -> Iterator[Problem]:
    """What the rules find in the code of a chapter's units, given in order."""
    earlier: dict[str, str] = {}
    for unit in units:
        yield from _faults(unit)
        yield from _undefined(unit, earlier)
        yield from _libraries(unit)
        if not unit.exercise.steps:
            yield from _sample(unit)
            yield from _sct(unit)
        for name in unit.bound():
            earlier.setdefault(name, unit.exercise.title)


def _problem(code: str, severity: Severity, message: str, span: Span) -> Problem:
    return Problem(f"author/{code}", severity, message, span)


def _faults(unit: Unit) -> Iterator[Problem]:
    """Code that is no Python."""
    for name in ("pre_exercise_code", "solution", "sct"):
        code = unit.exercise.sections[name].files if name in unit.exercise.sections else ()
        for file in code:
            fault = find_fault(file.text) if (file.path or ".py").endswith(".py") else None
            if fault is None:
                continue
            advice = fault.message
            stray = _stray(unit, file, fault.span) if name == "pre_exercise_code" else None
            if stray is not None:
                advice = f"“{stray[0]}” stands where a name belongs. Did you mean `{stray[1]}`?"
            yield _problem(
                "syntax",
                "error",
                f"Python cannot read this {_WORDS[name]}. {advice}",
                file.in_chapter(unit.chapter.text, fault.span),
            )
    sample = unit.exercise.sections.get("sample_code")
    code = unit.exercise.code("sample_code")
    filled = _filled(code)
    if sample is None or code is None or filled is None or not code.text.strip():
        return
    fault = find_fault(filled.text)
    # A block whose body is left to the learner is no mistake.
    if fault is not None and not fault.code.startswith("syntax/indentation"):
        lines = Lines(filled.text)
        line, column = lines.position(fault.span.start)
        original = Lines(code.text)
        start = original.offset(line, column)
        span = Span(start, original.span(line).end) if line < len(original) else Span(0, 0)
        yield _problem(
            "syntax",
            "warning",
            f"Python cannot read this sample code even with its blanks filled. {fault.message}",
            code.in_chapter(unit.chapter.text, span),
        )


def _stray(unit: Unit, code: Code, fault: Span) -> tuple[str, str] | None:
    """For `` ` = value `` where exactly one name is missing in the rest: the stray text and it."""
    lines = Lines(code.text)
    line = lines.span(lines.line_of(fault.start)).of(code.text)
    match = _STRAY.fullmatch(line)
    if match is None or unit.pre is None or unit.unsure:
        return None
    uses = [*unit.pre.names.unbound, *(unit.solution.names.unbound if unit.solution else ())]
    missing = {use.name for use in uses}
    if len(missing) != 1:
        return None
    return match[2], f"{missing.pop()}{match[3]}".strip()


def _undefined(unit: Unit, earlier: Mapping[str, str]) -> Iterator[Problem]:
    """Names that are read but that nothing defines."""
    if unit.unsure:
        return
    told: set[str] = set()
    imports: dict[str, str] = {}
    for part in (unit.sample, unit.solution):
        if part is not None:
            imports.update(part.names.imports)
    known = {*unit.given, *unit.bound()}
    own = {"pre_exercise_code": unit.pre, "solution": unit.solution, "sample_code": unit.sample}
    for name, part in own.items():
        if part is None or part.tree is None or name not in unit.exercise.sections:
            continue
        for use in part.names.unbound:
            if use.name in told or is_blank(use.name):
                continue
            if (name == "sample_code" and use.name in known) or len(told) >= _MOST:
                continue
            told.add(use.name)
            later = part.names.imports.get(use.name) or imports.get(use.name)
            yield _problem(
                "undefined-name",
                "error",
                _missing(use, _WORDS[name], later, known, earlier),
                unit.place(part.code, use.node),
            )


def _missing(
    use: Use, where: str, later: str | None, known: set[str], earlier: Mapping[str, str]
) -> str:
    name = use.name
    if later is not None:
        return f"`{name}` is used in the {where} before it is imported: add `{later}` above."
    if name in known:
        return f"`{name}` is used in the {where} before it is defined: define it above."
    if name in earlier:
        return (
            f"`{name}` is not defined in this exercise, only in “{earlier[name][:80]}”: define it "
            "in the pre-exercise code here too."
        )
    usual = _USUAL_IMPORTS.get(name)
    if usual is not None:
        return f"`{name}` is never imported in this exercise: add `{usual}` above."
    close = get_close_matches(name, sorted(known), 1, 0.8)
    if close:
        return f"`{name}` is not defined in this exercise: did you mean `{close[0]}`?"
    return f"`{name}` is never defined in this exercise: define it in the pre-exercise code."


def _sample(unit: Unit) -> Iterator[Problem]:
    section = unit.exercise.sections.get("sample_code")
    code = unit.exercise.code("sample_code")
    if section is None or code is None or not code.text.strip():
        return
    if find_blanks(code.text):
        return
    solution = unit.exercise.code("solution")
    if solution is not None and _statements(code) == _statements(solution):
        yield _problem(
            "no-blanks",
            "warning",
            "The sample code is the whole solution: put `___` where the learner is to write.",
            section.span,
        )
    elif unit.sample is not None and unit.sample.tree is not None and unit.sample.tree.body:
        yield _problem(
            "no-blanks",
            "information",
            "Nothing in the sample code is left blank: put `___` where the learner is to write.",
            section.span,
        )


def _statements(code: Code) -> str | None:
    tree = parse(code.text)
    return None if tree is None or not tree.body else ast.dump(tree)


@dataclass
class _Checks:
    """What an SCT calls."""

    calls: set[str] = field(default_factory=set[str])
    objects: list[tuple[Code, ast.Constant]] = field(
        default_factory=list[tuple[Code, ast.Constant]]
    )
    """The objects' names that it gives, each with the code that it stands in."""


def _checks(code: Sequence[tuple[Code, ast.Module]]) -> _Checks:
    found = _Checks()
    for file, tree in code:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            name = called.id if isinstance(called, ast.Name) else name
            found.calls.add(name)
            first = node.args[0] if node.args else None
            if name in _OBJECT_CHECKS and isinstance(first, ast.Constant):
                found.objects.append((file, first))
    return found


def _sct(unit: Unit) -> Iterator[Problem]:
    section = unit.exercise.sections.get("sct")
    code = [file for file in section.files if file.text.strip()] if section else []
    if section is None or not code:
        span = section.span if section else unit.exercise.heading
        yield _problem(
            "sct-empty",
            "warning",
            "There is no SCT, so what is checked is derived from the solution: write one that says "
            'what is wrong, such as `Ex().check_object("x").has_equal_value()`.',
            span,
        )
        return
    parsed = [(file, tree) for file in code if (tree := parse(file.text)) is not None]
    if len(parsed) != len(code):
        return  # The syntax error has been told.
    checks = _checks(parsed)
    if not checks.calls - set(_CHECKS_NOTHING):
        yield _problem(
            "sct-checks-nothing",
            "warning",
            "This SCT checks nothing, so what is checked is derived from the solution: add checks "
            'such as `Ex().check_object("x").has_equal_value()` above the success message.',
            code[0].in_chapter(unit.chapter.text, _stripped(code[0].text)),
        )
    elif "success_msg" not in checks.calls:
        yield _problem(
            "no-success-msg",
            "information",
            'This SCT has no success message: end it with `success_msg("…")` that says what was '
            "learnt.",
            code[-1].in_chapter(unit.chapter.text, _stripped(code[-1].text)),
        )
    yield from _sct_objects(unit, checks)


def _sct_objects(unit: Unit, checks: _Checks) -> Iterator[Problem]:
    """Names that the SCT looks at and that the solution does not define."""
    if unit.unsure or unit.solution is None or not unit.solution.whole:
        return
    if unit.pre is not None and not unit.pre.whole:
        return
    bound = {*unit.bound(), *unit.given}
    for file, constant in checks.objects[:_MOST]:
        name = constant.value
        if not isinstance(name, str) or not name.isidentifier() or name in bound | KNOWN:
            continue
        close = get_close_matches(name, sorted(bound), 1, 0.6)
        advice = f"did you mean `{close[0]}`?" if close else "name one that it defines."
        yield _problem(
            "sct-object",
            "error",
            f"The SCT looks at `{name}`, which the solution does not define: {advice}",
            unit.place(file, constant),
        )


def _stripped(text: str) -> Span:
    start = len(text) - len(text.lstrip())
    return Span(start, max(start, len(text.rstrip())))


def _libraries(unit: Unit) -> Iterator[Problem]:
    """Calls that are known not to do what a course needs."""
    for name, part in (("pre_exercise_code", unit.pre), ("solution", unit.solution)):
        if part is None or part.tree is None or name not in unit.exercise.sections:
            continue
        told: set[str] = set()
        for node in ast.walk(part.tree):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                fetches = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                if keyword.arg == "download" and fetches and "download" not in told:
                    told.add("download")
                    yield _problem(
                        "download",
                        "warning",
                        "This downloads a data set, and exercises run without a network: put a "
                        "small one into the folder `data` beside the chapter.",
                        _keyword_span(unit, part.code, keyword),
                    )
            called = node.func
            attribute = called.attr if isinstance(called, ast.Attribute) else ""
            if attribute in ("Softmax", "LogSoftmax") and not node.args and not node.keywords:
                yield _problem(
                    "softmax-dim",
                    "warning",
                    f"`{attribute}` without `dim` guesses the dimension and warns about it: say "
                    "which one, such as `dim=1`.",
                    unit.place(part.code, node),
                )


def _keyword_span(unit: Unit, code: Code, keyword: ast.keyword) -> Span:
    value = unit.place(code, keyword.value)
    lines = Lines(code.text)
    start = lines.offset_from_utf8(keyword.lineno - 1, keyword.col_offset)
    return Span(code.in_chapter(unit.chapter.text, Span(start, start)).start, value.end)
