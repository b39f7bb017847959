"""The lenses above a submission's code. Their commands are the client's."""

from __future__ import annotations

from lsprotocol import types

from blankcheck.course.submission import code_span
from blankcheck.courses import Target
from blankcheck.learning import hint, unit_of
from blankcheck.lsp.convert import to_range
from blankcheck.lsp.documents import Document, SubmissionView
from blankcheck.progress import Standing, Unit


def lenses(document: Document, standings: dict[Unit, Standing]) -> list[types.CodeLens]:
    """Check, Run, Hint and Reset, and whether the exercise is passed."""
    if not isinstance(document.view, SubmissionView):
        return []
    target: Target = document.view.target
    first = document.lines.span(document.lines.line_of(code_span(document.text).start))
    where = to_range(document.lines, first)
    standing = standings.get(unit_of(target), Standing())
    commands = [
        types.Command("$(check) Check", "blankcheck.check", arguments=[document.uri]),
        types.Command("$(play) Run", "blankcheck.run", arguments=[document.uri]),
    ]
    if hint(target) is not None:
        commands.append(
            types.Command("$(lightbulb) Hint", "blankcheck.hint", arguments=[document.uri])
        )
    commands.append(types.Command("$(discard) Reset", "blankcheck.reset", arguments=[document.uri]))
    if standing.state == "passed":
        commands.append(types.Command("$(pass-filled) Passed", ""))
    return [types.CodeLens(where, command) for command in commands]
