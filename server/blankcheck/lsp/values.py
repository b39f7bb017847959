"""What hovers and inlay hints say of a variable's value in the last run or check."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from lsprotocol import types

from blankcheck.course.text import Span
from blankcheck.learning import unit_of
from blankcheck.lsp.convert import to_offset, to_range
from blankcheck.lsp.documents import Document, SubmissionView
from blankcheck.picture import picture
from blankcheck.values import Shown, Values
from blankcheck_runner.wire import Seen

MAX_PICTURE = 48_000
"""Characters of a picture's URI."""


def value_at(document: Document, offset: int, *, pictures: bool) -> tuple[str, Span] | None:
    """What a variable at a place was, as Markdown, with its span; null if nothing is known."""
    for shown in _shown(document, Span(offset, offset)):
        if shown.span.start <= offset <= shown.span.end:
            edited = _values(document).text != document.text
            return _markdown(shown, edited=edited, pictures=pictures), shown.span
    return None


def hints(document: Document, asked: types.Range) -> list[types.InlayHint]:
    """The shapes of what is assigned, behind each name."""
    lines = document.lines
    wanted = Span(to_offset(lines, asked.start), to_offset(lines, asked.end))
    found: list[types.InlayHint] = []
    for shown in _shown(document, wanted):
        if shown.binds and shown.seen.shape is not None:
            where = to_range(lines, shown.span).end
            hint = types.InlayHint(where, f": {shown.seen.shape}", types.InlayHintKind.Type)
            hint.tooltip = f"{shown.seen.facts}, in the last run"
            found.append(hint)
    return found


def _values(document: Document) -> Values:
    """What was seen of the document; nothing if it is another exercise's by now."""
    view = document.view
    if document.values is None or not isinstance(view, SubmissionView):
        return _NOTHING
    unit, values = document.values
    return values if unit == unit_of(view.target) else _NOTHING


_NOTHING = Values("", ())


def _shown(document: Document, wanted: Span) -> Iterator[Shown]:
    return _values(document).shown(document.lines, wanted)


def _markdown(shown: Shown, *, edited: bool, pictures: bool) -> str:
    seen = shown.seen
    when = "In the last run" + (", before your latest edits" if edited else "")
    when += ":" if shown.latest else ", after this line had run:" if shown.binds else ", by then:"
    parts = [f"{when} `{seen.name}` {_what(seen)}"]
    if seen.shape is not None:
        parts += _numbers(seen)
        drawn = _picture(seen) if pictures else None
        if drawn is not None:
            parts.append(drawn)
    elif seen.text:
        # Nothing in it can end the fence.
        parts.append(f"```text\n{seen.text.replace('```', chr(39) * 3)}\n```")
    return "\n\n".join(parts)


def _what(seen: Seen) -> str:
    if seen.shape is not None:
        gradient = ", requires a gradient" if seen.gradient else ""
        kind = "tensor" if seen.type == "Tensor" else seen.type
        return f"was a {kind} {seen.facts}{gradient}"
    return f"was of type {_code(seen.type)}"


def _numbers(seen: Seen) -> list[str]:
    if not seen.values:
        return []
    return [f"{seen.range}: {_code(seen.values)}" if seen.range else _code(seen.values)]


def _code(text: str) -> str:
    """A text that is shown as it is, whatever is in it."""
    return f"`{text.replace('`', chr(39))}`"


def _picture(seen: Seen) -> str | None:
    if not seen.levels or seen.low is None or seen.high is None or seen.shape is None:
        return None
    drawn = picture(seen.shape, base64.b64decode(seen.levels), seen.low, seen.high)
    if drawn is None or len(drawn.uri) > MAX_PICTURE:
        return None
    return f"![{seen.name}: {drawn.alternative}]({drawn.uri})"
