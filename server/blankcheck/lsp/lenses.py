"""The commands of a submission, and the lenses above its code that run them."""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol import types

from blankcheck.course.submission import code_span
from blankcheck.courses import Target
from blankcheck.learning import earned, hint, unit_of
from blankcheck.lsp import protocol
from blankcheck.lsp.convert import to_range
from blankcheck.lsp.documents import Document, SubmissionView
from blankcheck.progress import Standing, Unit

_ICONS = {
    "Check": "check",
    "Run": "play",
    "Debug": "debug-alt",
    "Hint": "lightbulb",
    "Reset": "discard",
}
_PASSED = "pass-filled"


def commands(document: Document) -> list[types.Command]:
    """Check, Run, Hint (if there is one) and Reset; none for what is no submission."""
    if not isinstance(document.view, SubmissionView):
        return []
    offered = {"Check": protocol.COMMAND_CHECK, "Run": protocol.COMMAND_RUN}
    if hint(document.view.target) is not None:
        offered["Hint"] = protocol.COMMAND_HINT
    offered["Reset"] = protocol.COMMAND_RESET
    return [
        types.Command(title, command, arguments=[document.uri])
        for title, command in offered.items()
    ]


def lenses(
    document: Document, standings: Mapping[Unit, Standing], *, icons: bool
) -> list[types.CodeLens]:
    """The commands, and what a pass has earned. `icons`: as VS Code writes them."""
    if not isinstance(document.view, SubmissionView):
        return []
    target: Target = document.view.target
    first = document.lines.span(document.lines.line_of(code_span(document.text).start))
    where = to_range(document.lines, first)
    shown = commands(document)
    if icons:  # whose client can debug
        shown.insert(2, types.Command("Debug", protocol.COMMAND_DEBUG, arguments=[document.uri]))
    if standings.get(unit_of(target), Standing()).state == "passed":
        xp = target.exercise.xp
        told = f"Passed: {earned(target, standings)} of {xp} XP" if xp else "Passed"
        shown.append(types.Command(told, ""))
    if icons:
        for command in shown:
            command.title = f"$({_ICONS.get(command.title, _PASSED)}) {command.title}"
    return [types.CodeLens(where, command) for command in shown]
