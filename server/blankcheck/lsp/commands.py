"""The commands of lenses and code actions, run here for an editor that has none of its own.

What a command comes to is told by `window/showMessage`, since a person asked for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from blankcheck.lsp import handlers, protocol
from blankcheck.lsp.busy import busy
from blankcheck.lsp.dialect import Server
from blankcheck.lsp.params import DocumentParams
from blankcheck.lsp.protocol import CheckResult

MAX_LINES = 20
MAX_CHARACTERS = 2_000
"""Of a submission's output in a message; all of it goes to the log."""
_LEADS = {
    "passed": "Passed",
    "incomplete": "Not complete",
    "failed": "Not right yet",
    "error": "Stopped by an error",
    "timeout": "Stopped by the time limit",
    "limit": "Stopped by a limit",
    "broken": "The exercise is at fault",
}
_HOW_TO_TRUST = (
    "This workspace is not trusted, so nothing is run. If you trust it, have your editor start the "
    'server with {"trusted": true} in its initializationOptions.'
)
_Token = str | int | None


async def execute(ls: Server, params: types.ExecuteCommandParams) -> Any:
    """Runs a command. What keeps it from being done is told like its outcome."""
    work = _COMMANDS.get(params.command)
    arguments = params.arguments or []
    if work is None or len(arguments) != 1 or not isinstance(arguments[0], str):
        raise JsonRpcException(
            f"Expected here: one of {', '.join(protocol.COMMANDS)}, with a document's URI.",
            protocol.INVALID_PARAMS,
        )
    try:
        return await work(ls, arguments[0], params.work_done_token)
    except JsonRpcException as error:
        if error.code in (protocol.REQUEST_CANCELLED, protocol.CONTENT_MODIFIED):
            raise
        untrusted = error.code == protocol.UNTRUSTED
        _say(ls, types.MessageType.Error, _HOW_TO_TRUST if untrusted else error.message)
        return None


async def _check(ls: Server, uri: str, token: _Token) -> CheckResult:
    work = ls.session.execution.check(DocumentParams(uri))
    result = await busy(ls, token, "Checking", work, unasked=True)
    _say(ls, _kind(result), _sentence(result))
    return result


async def _run(ls: Server, uri: str, token: _Token) -> CheckResult:
    work = ls.session.execution.run(DocumentParams(uri))
    result = await busy(ls, token, "Running", work, unasked=True)
    said = "It ran to its end." if result["verdict"] == "passed" else _sentence(result)
    _say(ls, _kind(result), said + _printed(ls, result["output"]))
    return result


async def _hint(ls: Server, uri: str, token: _Token) -> None:
    asked: dict[str, Any] = {"textDocument": {"uri": uri}}
    hint = await handlers.take_hint(ls, asked)
    if hint["available"] and not hint["taken"]:
        cost = hint["cost"]
        if cost and not await _agreed(ls, f"The hint costs {cost} XP.", "Take Hint"):
            return
        hint = await handlers.take_hint(ls, {**asked, "take": True})
    _say(ls, types.MessageType.Info, hint["markdown"] or "This exercise has no hint.")


async def _reset(ls: Server, uri: str, token: _Token) -> None:
    question = "Put the exercise back as it was at its start? What you wrote is replaced."
    workspace = ls.client_capabilities.workspace
    if workspace is None or not workspace.apply_edit:
        said = "This editor takes no edits from a server. `blankcheck reset` does it at a prompt."
        _say(ls, types.MessageType.Error, said)
    elif await _agreed(ls, question, "Reset"):
        new = await handlers.reset(ls, {"textDocument": {"uri": uri}})
        start, end = (types.Position(**new["range"][side]) for side in ("start", "end"))
        edit = types.TextEdit(types.Range(start, end), new["text"])
        versioned = workspace.workspace_edit and workspace.workspace_edit.document_changes
        document = types.OptionalVersionedTextDocumentIdentifier(uri, new["version"])
        whole = (
            types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, [edit])])
            if versioned
            else types.WorkspaceEdit({uri: [edit]})
        )
        applying = types.ApplyWorkspaceEditParams(whole, "Reset")
        applied = await ls.workspace_apply_edit_async(applying)
        if not applied.applied:
            said = f"The editor did not take the edit. {applied.failure_reason or ''}".strip()
            _say(ls, types.MessageType.Error, said)


_COMMANDS: dict[str, Callable[[Server, str, _Token], Awaitable[Any]]] = {
    protocol.COMMAND_CHECK: _check,
    protocol.COMMAND_RUN: _run,
    protocol.COMMAND_HINT: _hint,
    protocol.COMMAND_RESET: _reset,
}


async def _agreed(ls: Server, question: str, action: str) -> bool:
    """Asks the person, who may also do nothing."""
    actions = [types.MessageActionItem(action)]
    params = types.ShowMessageRequestParams(types.MessageType.Info, question, actions)
    chosen = await ls.window_show_message_request_async(params)
    return chosen is not None and chosen.title == action


def _say(ls: Server, kind: types.MessageType, text: str) -> None:
    ls.window_show_message(types.ShowMessageParams(kind, text))


def _kind(result: CheckResult) -> types.MessageType:
    good = result["verdict"] in ("passed", "incomplete")
    return types.MessageType.Info if good else types.MessageType.Warning


def _sentence(result: CheckResult) -> str:
    """The verdict and what it is about, as far as that is not seen on its line."""
    lead = _LEADS[result["verdict"]]
    feedback = result["feedback"]
    if not feedback:
        return f"{lead}."
    first = feedback[0]
    if result["verdict"] == "incomplete":
        left = len(feedback)
        return f"{left} {'blank is' if left == 1 else 'blanks are'} left to fill in."
    line = first["range"]["start"]["line"]
    return f"{lead}: {f'line {line + 1}: ' if line else ''}{first['message']}"


def _printed(ls: Server, output: str) -> str:
    """Output as part of a message. What is too long for one is in the log in full."""
    text = output.rstrip()
    if not text:
        return ""
    shown = "\n".join(text[:MAX_CHARACTERS].splitlines()[:MAX_LINES])
    if shown == text:
        return f" It printed:\n{text}"
    ls.window_log_message(types.LogMessageParams(types.MessageType.Info, text))
    return f" It printed more than fits here; the log has all of it:\n{shown}\n…"
