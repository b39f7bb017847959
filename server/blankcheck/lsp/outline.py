"""The outline of a chapter: its exercises and their parts, as symbols and as folds."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from blankcheck.course.model import Chapter, Exercise
from blankcheck.course.text import Lines, Span
from blankcheck.lsp.convert import to_range


def symbols(chapter: Chapter, lines: Lines) -> list[types.DocumentSymbol]:
    """Exercises, with their steps and sections inside."""
    return [
        _symbol(exercise, exercise.title or f"Exercise {number}", lines)
        for number, exercise in enumerate(chapter.exercises, 1)
    ]


def folds(chapter: Chapter, lines: Lines) -> list[types.FoldingRange]:
    """Exercises, steps and sections."""
    return [
        types.FoldingRange(first, last)
        for span in _spans(chapter.exercises)
        for first, last in [_fold(lines, span)]
        if last > first
    ]


def _symbol(exercise: Exercise, name: str, lines: Lines) -> types.DocumentSymbol:
    children = [
        _symbol(step, step.title or f"Step {number}", lines)
        for number, step in enumerate(exercise.steps, 1)
    ]
    children += [
        types.DocumentSymbol(
            section.name.replace("_", " "),
            types.SymbolKind.Property,
            to_range(lines, section.span),
            to_range(lines, lines.span(lines.line_of(section.span.start))),
        )
        for section in exercise.sections.values()
    ]
    return types.DocumentSymbol(
        name,
        types.SymbolKind.Class if exercise.steps else types.SymbolKind.Function,
        to_range(lines, exercise.span),
        to_range(lines, exercise.heading),
        exercise.type,
        children=sorted(children, key=lambda child: (child.range.start.line, child.name)),
    )


def _spans(exercises: tuple[Exercise, ...]) -> Iterator[Span]:
    for exercise in exercises:
        yield exercise.span
        yield from _spans(exercise.steps)
        for section in exercise.sections.values():
            yield section.span


def _fold(lines: Lines, span: Span) -> tuple[int, int]:
    """The first and last line of a fold; the blank lines after a part stay visible."""
    text = span.of(lines.text)
    end = span.start + len(text.rstrip())
    return lines.line_of(span.start), lines.line_of(end)
