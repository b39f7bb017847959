"""The exercises that can be run, with their code read: what the rules look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from blankcheck.course.blanks import find_blanks, is_blank
from blankcheck.course.model import Chapter, Code, Exercise, Problem, Severity
from blankcheck.course.names import Names, names, parse
from blankcheck.course.syntax import find_fault
from blankcheck.course.text import Lines, Span

MOST = 20
"""How many names are told of for one piece of code; the rest mostly follows from them."""


def problem(code: str, severity: Severity, message: str, span: Span) -> Problem:
    """A finding of the rules."""
    return Problem(f"author/{code}", severity, message, span)


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


def units(chapter: Chapter, exercise: Exercise) -> Iterator[Unit]:
    """The exercise and its steps, as far as they can be run, in order."""
    if exercise.not_runnable is not None:
        return
    before = frozenset([chapter.device] if chapter.device else [])
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
    sample = _part(filled(exercise.code("sample_code")), given)
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


def filled(code: Code | None) -> Code | None:
    """Sample code whose empty right-hand sides are blanks, so that it parses."""
    if code is None:
        return None
    text = code.text
    for blank in reversed(find_blanks(text)):
        if not is_blank(blank.span.of(text)):
            text = f"{text[: blank.span.start]} ___{text[blank.span.end :]}"
    return Code(code.path, code.info, text, code.span)
