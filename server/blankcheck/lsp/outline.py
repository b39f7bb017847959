"""The outline of a chapter: its exercises and their parts, as symbols and as folds."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from blankcheck.course.model import Exercise
from blankcheck.course.pieces import Pieces
from blankcheck.course.text import Lines, Span
from blankcheck.lsp.convert import to_range
from blankcheck.lsp.harmless import title


def symbols(pieces: Pieces, lines: Lines) -> list[types.DocumentSymbol]:
    """Exercises, with their steps and sections inside."""
    exercises = (
        (exercise, piece.start) for piece in pieces for exercise in piece.chapter.exercises
    )
    return [
        _symbol(exercise, title(exercise.title) or f"Exercise {number}", lines, start)
        for number, (exercise, start) in enumerate(exercises, 1)
    ]


def folds(pieces: Pieces, lines: Lines) -> list[types.FoldingRange]:
    """Exercises, steps and sections."""
    return [
        types.FoldingRange(first, last)
        for piece in pieces
        for span in _spans(piece.chapter.exercises)
        for first, last in [_fold(lines, span.moved(piece.start))]
        if last > first
    ]


def _symbol(exercise: Exercise, name: str, lines: Lines, start: int) -> types.DocumentSymbol:
    children = [
        _symbol(step, title(step.title) or f"Step {number}", lines, start)
        for number, step in enumerate(exercise.steps, 1)
    ]
    for section in exercise.sections.values():
        span = section.span.moved(start)
        children.append(
            types.DocumentSymbol(
                section.name.replace("_", " "),
                types.SymbolKind.Property,
                to_range(lines, span),
                to_range(lines, lines.span(lines.line_of(span.start))),
            )
        )
    return types.DocumentSymbol(
        name,
        types.SymbolKind.Class if exercise.steps else types.SymbolKind.Function,
        to_range(lines, exercise.span.moved(start)),
        to_range(lines, exercise.heading.moved(start)),
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
