"""Code actions: repairs that a chapter's author can write into it; a submission's commands, and the
way from what its check found at fault into the debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from blankcheck.course.text import Span
from blankcheck.debugging import failures
from blankcheck.lsp import lenses, protocol
from blankcheck.lsp.convert import to_offset, to_range
from blankcheck.lsp.documents import Document, SubmissionView

if TYPE_CHECKING:
    from blankcheck.course.mending import Repair

COMMAND_KIND = "source.blankcheck"


def actions(
    document: Document, params: types.CodeActionParams, client_commands: bool
) -> list[types.CodeAction]:
    """What can be done about what stands on the lines asked about, and the commands.

    `client_commands`: the client has commands of its own, those of a debugger too.
    """
    found: list[types.CodeAction] = []
    if _wanted(params, "quickfix"):
        found += _fixes(document, params)
        found += _debugging(document, params) if client_commands else []
    if not client_commands and _wanted(params, COMMAND_KIND):
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


def _asked(document: Document, params: types.CodeActionParams) -> Span:
    """The lines asked about."""
    lines = document.lines
    first, last = (
        lines.line_of(to_offset(lines, place)) for place in (params.range.start, params.range.end)
    )
    return Span(lines.span(first).start, lines.span(last).end)


def _debugging(document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
    """To the statements that the last check found at fault."""
    if not isinstance(document.view, SubmissionView) or document.result is None:
        return []
    version, result = document.result
    if version != document.version:
        return []
    title, asked = "Debug This Failure", _asked(document, params)
    return [
        types.CodeAction(
            title,
            types.CodeActionKind.QuickFix,
            _about(document, params, failure.feedback.code, failure.feedback.span),
            command=types.Command(
                title, protocol.COMMAND_DEBUG_FAILURE, arguments=[document.uri, failure.line]
            ),
        )
        for failure in failures(result, document.text)
        if asked.overlaps(failure.feedback.span)
    ]


def _fixes(document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
    asked = _asked(document, params)
    return [
        _fix(document, repair, params)
        for repair in document.repairs
        if repair.edits and asked.overlaps(repair.span)
    ]


def _about(
    document: Document, params: types.CodeActionParams, code: str, span: Span
) -> list[types.Diagnostic]:
    """Those of the diagnostics asked about that say this."""
    place = to_range(document.lines, span)
    return [
        item for item in params.context.diagnostics if item.code == code and item.range == place
    ]


def _fix(document: Document, repair: Repair, params: types.CodeActionParams) -> types.CodeAction:
    edits = [
        types.TextEdit(to_range(document.lines, edit.span), edit.text) for edit in repair.edits
    ]
    return types.CodeAction(
        repair.title,
        types.CodeActionKind.QuickFix,
        _about(document, params, repair.code, repair.span),
        is_preferred=True,
        edit=types.WorkspaceEdit({document.uri: edits}),
    )
