"""Diagnostics of a document: what is said of its text and of its last check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from lsprotocol import types

from blankcheck.course.model import Problem, Severity
from blankcheck.course.text import Span
from blankcheck.linting import LEFT_OUT, once
from blankcheck.lsp.convert import to_range, to_range_from_json, to_severity
from blankcheck.lsp.documents import ChapterView, Document, LostView
from blankcheck.result import Feedback, Place, help_uri

SOURCE = "blankcheck"
MOST = 1_000
"""Of one document, the worst first: VS Code shows no more either, and all are sent after each key
press."""
_T = TypeVar("_T", Problem, Feedback)
_RANKS: tuple[Severity, ...] = ("error", "warning", "information", "hint")


def diagnostics(document: Document) -> list[types.Diagnostic]:
    """The diagnostics of a document."""
    view = document.view
    if isinstance(view, ChapterView):
        repaired = [
            Problem(repair.code, "warning", repair.message, repair.span)
            for repair in document.repairs
        ]
        first = document.lines.span(0)
        of_data = [Problem(LEFT_OUT, "warning", message, first) for message in document.left_out]
        tried = document.trials.problems(view.pieces)
        return [
            _diagnostic(document, problem.code, problem.severity, problem.message, problem.span)
            for problem in _worst(once((*of_data, *view.problems), (*repaired, *tried)))
        ]
    if isinstance(view, LostView):
        first = document.lines.span(0)
        return [_diagnostic(document, "author/no-exercise", "warning", view.message, first)]
    return [
        _diagnostic(document, item.code, item.severity, item.message, item.span, item.related)
        for item in _worst(document.feedback())
    ]


def _worst(found: Sequence[_T]) -> Sequence[_T]:
    """As many as are sent, in their order."""
    if len(found) <= MOST:
        return found
    worst = sorted(range(len(found)), key=lambda at: _RANKS.index(found[at].severity))
    return [found[at] for at in sorted(worst[:MOST])]


def _diagnostic(
    document: Document,
    code: str,
    severity: str,
    message: str,
    span: Span,
    related: tuple[Place, ...] = (),
) -> types.Diagnostic:
    return types.Diagnostic(
        range=to_range(document.lines, span),
        message=message,
        severity=to_severity(severity),  # pyright: ignore[reportArgumentType]
        code=code,
        code_description=types.CodeDescription(help_uri(code)),
        source=SOURCE,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(place.uri, to_range_from_json(place.range)), place.message
            )
            for place in related
        ]
        or None,
    )
