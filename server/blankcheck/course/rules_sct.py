"""Rules on the SCT: that there is one, that it checks something, and that it can."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from blankcheck.course.model import Code, Problem
from blankcheck.course.names import KNOWN, parse
from blankcheck.course.text import Span
from blankcheck.course.units import MOST, Unit, problem

_CHECKS_NOTHING = ("Ex", "success_msg", "set_language", "print")
_OBJECT_CHECKS = ("check_object", "check_df", "test_object", "test_data_frame")


def findings(units: Sequence[Unit]) -> Iterator[Problem]:
    """What the rules find in the SCTs of an exercise's units."""
    for unit in units:
        if not unit.exercise.steps:
            yield from _sct(unit)


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
        yield problem(
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
        yield problem(
            "sct-checks-nothing",
            "warning",
            "This SCT checks nothing, so what is checked is derived from the solution: add checks "
            'such as `Ex().check_object("x").has_equal_value()` above the success message.',
            code[0].in_chapter(unit.chapter.text, _stripped(code[0].text)),
        )
    elif "success_msg" not in checks.calls:
        yield problem(
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
    for file, constant in checks.objects[:MOST]:
        name = constant.value
        if not isinstance(name, str) or not name.isidentifier() or name in bound | KNOWN:
            continue
        close = get_close_matches(name, sorted(bound), 1, 0.6)
        advice = f"did you mean `{close[0]}`?" if close else "name one that it defines."
        yield problem(
            "sct-object",
            "error",
            f"The SCT looks at `{name}`, which the solution does not define: {advice}",
            unit.place(file, constant),
        )


def _stripped(text: str) -> Span:
    start = len(text) - len(text.lstrip())
    return Span(start, max(start, len(text.rstrip())))
