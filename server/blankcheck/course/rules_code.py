"""Rules on an exercise's code: does it parse, is every name there, is anything left blank.

Nothing here runs the code. A name counts as missing only where no reading of the code could have
bound it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from blankcheck.course.blanks import find_blanks, is_blank
from blankcheck.course.model import Code, Problem
from blankcheck.course.names import parse
from blankcheck.course.syntax import find_fault
from blankcheck.course.text import Lines, Span
from blankcheck.course.units import MOST, Unit, filled, problem

_WORDS = {
    "pre_exercise_code": "pre-exercise code",
    "sample_code": "sample code",
    "solution": "solution",
    "sct": "SCT",
}
USUAL_IMPORTS = {
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
_STRAY = re.compile(r"([ \t]*)([^\w\s'\"#(\[{]{1,3})([ \t]*=(?!=).*)")


def findings(units: Sequence[Unit]) -> Iterator[Problem | Missing]:
    """What the rules find in the code of an exercise's units."""
    for unit in units:
        yield from _faults(unit)
        yield from _undefined(unit)
        yield from _libraries(unit)
        if not unit.exercise.steps:
            yield from _sample(unit)


@dataclass(frozen=True)
class Missing:
    """A name that nothing in its exercise binds."""

    name: str
    problem: Problem
    """What is said of it, unless an earlier exercise binds it."""

    def after(self, title: str) -> Problem:
        """What is said of it where the exercise of this title binds it."""
        return replace(
            self.problem,
            message=f"`{self.name}` is not defined in this exercise, only in “{title[:80]}”: "
            "define it in the pre-exercise code here too.",
        )


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
            yield problem(
                "syntax",
                "error",
                f"Python cannot read this {_WORDS[name]}. {advice}",
                file.in_chapter(unit.chapter.text, fault.span),
            )
    sample = unit.exercise.sections.get("sample_code")
    code = unit.exercise.code("sample_code")
    whole = filled(code)
    if sample is None or code is None or whole is None or not code.text.strip():
        return
    fault = find_fault(whole.text)
    # A block whose body is left to the learner is no mistake.
    if fault is not None and not fault.code.startswith("syntax/indentation"):
        lines = Lines(whole.text)
        line, column = lines.position(fault.span.start)
        original = Lines(code.text)
        start = original.offset(line, column)
        span = Span(start, original.span(line).end) if line < len(original) else Span(0, 0)
        yield problem(
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


def _undefined(unit: Unit) -> Iterator[Problem | Missing]:
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
            if (name == "sample_code" and use.name in known) or len(told) >= MOST:
                continue
            told.add(use.name)
            later = part.names.imports.get(use.name) or imports.get(use.name)
            place = unit.place(part.code, use.node)
            here = _too_late(use.name, _WORDS[name], later, known)
            said = here or _nowhere(use.name, known)
            told_of = problem("undefined-name", "error", said, place)
            yield told_of if here else Missing(use.name, told_of)


def _too_late(name: str, where: str, later: str | None, known: set[str]) -> str | None:
    if later is not None:
        return f"`{name}` is used in the {where} before it is imported: add `{later}` above."
    if name in known:
        return f"`{name}` is used in the {where} before it is defined: define it above."
    return None


def _nowhere(name: str, known: set[str]) -> str:
    if name == "__":
        return "`__` is no blank: that has three underscores or more. Write `___`."
    usual = USUAL_IMPORTS.get(name)
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
        yield problem(
            "no-blanks",
            "warning",
            "The sample code is the whole solution: put `___` where the learner is to write.",
            section.span,
        )
    elif unit.sample is not None and unit.sample.tree is not None and unit.sample.tree.body:
        yield problem(
            "no-blanks",
            "information",
            "Nothing in the sample code is left blank: put `___` where the learner is to write.",
            section.span,
        )


def _statements(code: Code) -> str | None:
    tree = parse(code.text)
    return None if tree is None or not tree.body else ast.dump(tree)


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
                    yield problem(
                        "download",
                        "warning",
                        "This downloads a data set, and exercises run without a network: put a "
                        "small one into the folder `data` beside the chapter.",
                        _keyword_span(unit, part.code, keyword),
                    )
            called = node.func
            attribute = called.attr if isinstance(called, ast.Attribute) else ""
            if attribute in ("Softmax", "LogSoftmax") and not node.args and not node.keywords:
                yield problem(
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
