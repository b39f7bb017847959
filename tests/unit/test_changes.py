"""Edits as an editor sends them: many at once come to the same as one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from blankcheck.course.text import Lines
from blankcheck.lsp.convert import changed

TEXTS = st.text(st.sampled_from("ab\n\r😀\u2028"), max_size=30)
POSITIONS = st.builds(types.Position, st.integers(0, 6), st.integers(0, 9))
PARTS = st.builds(
    types.TextDocumentContentChangePartial, st.builds(types.Range, POSITIONS, POSITIONS), TEXTS
)
WHOLES = st.builds(types.TextDocumentContentChangeWholeDocument, TEXTS)
CHANGES = st.lists(PARTS | PARTS | PARTS | WHOLES, max_size=6)


def by_hand(text: str, change: types.TextDocumentContentChangePartial) -> str:
    """The edit, made in UTF-16 units as the protocol says it."""
    lines = text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n")
    units = text.encode("utf-16-le")

    def offset(position: types.Position) -> int:
        if position.line >= len(lines):
            return len(units)
        start = sum(len((line + "\n").encode("utf-16-le")) for line in lines[: position.line])
        line = lines[position.line].removesuffix("\0").encode("utf-16-le")
        column = min(2 * position.character, len(line))
        if 0xDC <= line[column + 1 : column + 2].ljust(1, b"\0")[0] <= 0xDF:
            column -= 2
        return start + column

    start = offset(change.range.start)
    end = max(start, offset(change.range.end))
    return (units[:start] + change.text.encode("utf-16-le") + units[end:]).decode("utf-16-le")


@given(TEXTS, CHANGES)
def test_changes_are_made_in_order(
    text: str, changes: list[types.TextDocumentContentChangeEvent]
) -> None:
    expected = text
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            expected = by_hand(expected, change)
        else:
            expected = change.text
    found = changed(Lines(text), changes)
    assert found.text == expected
    assert found.starts == Lines(expected).starts


def test_from_the_last_to_the_first_they_are_made_at_once() -> None:
    lines = Lines("abc\n" * 9)
    changes = [
        types.TextDocumentContentChangePartial(
            types.Range(types.Position(line, 0), types.Position(line, 3)), "x" * line
        )
        for line in reversed(range(9))
    ]
    assert changed(lines, changes).text == "".join("x" * line + "\n" for line in range(9))
