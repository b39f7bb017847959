"""Code actions: repairs that a chapter's author can write into it, a submission's commands."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from blankcheck.course.mending import Repair
from blankcheck.course.text import Span
from blankcheck.lsp import lenses
from blankcheck.lsp.convert import to_offset, to_range
from blankcheck.lsp.documents import Document

COMMAND_KIND = "source.blankcheck"


def actions(
    document: Document, params: types.CodeActionParams, *, commands: bool
) -> list[types.CodeAction]:
    """The repairs of what stands on the lines asked about, and, if wanted, the commands."""
    found = _fixes(document, params) if _wanted(params, "quickfix") else []
    if commands and _wanted(params, COMMAND_KIND):
        found += [
            types.CodeAction(f"Blankcheck: {command.title}", COMMAND_KIND, command=command)
            for command in lenses.commands(document)
        ]
    return found


def _wanted(params: types.CodeActionParams, offered: str) -> bool:
    """Whether the client asks for this kind: for everything, for the kind, or for one above it."""
    kinds = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    return not kinds or any(
        not kind or offered == kind or offered.startswith(f"{kind}.") for kind in kinds
    )


def _fixes(document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
    lines = document.lines
    first, last = (
        lines.line_of(to_offset(lines, place)) for place in (params.range.start, params.range.end)
    )
    asked = Span(lines.span(first).start, lines.span(last).end)
    return [
        _fix(document, repair, params.context.diagnostics)
        for repair in document.repairs
        if repair.edits and asked.overlaps(repair.span)
    ]


def _fix(
    document: Document, repair: Repair, diagnostics: Sequence[types.Diagnostic]
) -> types.CodeAction:
    place = to_range(document.lines, repair.span)
    edits = [
        types.TextEdit(to_range(document.lines, edit.span), edit.text) for edit in repair.edits
    ]
    return types.CodeAction(
        repair.title,
        types.CodeActionKind.QuickFix,
        [item for item in diagnostics if item.code == repair.code and item.range == place],
        is_preferred=True,
        edit=types.WorkspaceEdit({document.uri: edits}),
    )
