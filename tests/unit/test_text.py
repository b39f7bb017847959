from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.text import Lines, Span, utf16_length

TEXT = st.text(alphabet="ab \té😀\r\n\u2028", max_size=40)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),
        ("a\n\rb", ["a", "", "b"]),
        ("a\u2028b\x0cc\x85d", ["a\u2028b\x0cc\x85d"]),
    ],
)
def test_lines_end_as_in_the_protocol(text: str, lines: list[str]) -> None:
    found = Lines(text)
    assert [found.span(number).of(text) for number in range(len(found))] == lines


def test_columns_count_utf16_units_at_the_edge_only() -> None:
    lines = Lines("x = '😀' + y\nz")
    y = lines.text.index("y")
    assert lines.position(y) == (0, 10)
    assert lines.utf16_position(y) == (0, 11)
    assert lines.offset_from_utf16(0, 11) == y
    assert lines.offset_from_utf16(0, 6) == lines.text.index("😀")  # inside the pair: its start


def test_columns_of_the_ast_count_utf8_bytes() -> None:
    lines = Lines("é😀 = y")
    assert lines.offset_from_utf8(0, len("é😀 = ".encode())) == lines.text.index("y")


def test_positions_past_an_end_are_clipped() -> None:
    lines = Lines("ab\ncd")
    assert lines.offset(0, 99) == 2
    assert lines.offset_from_utf16(0, 99) == 2
    assert lines.offset_from_utf8(0, 99) == 2
    assert lines.offset(99, 0) == 5
    assert lines.position(99) == (1, 2)
    assert lines.span(-1) == Span(0, 0)


def test_spans_contain_and_overlap() -> None:
    assert Span(1, 5).contains(Span(1, 5))
    assert not Span(1, 5).contains(Span(0, 2))
    assert Span(1, 3).overlaps(Span(2, 4))
    assert not Span(1, 3).overlaps(Span(3, 4))
    assert Span(1, 3).overlaps(Span(3, 3))
    assert len(Span(2, 6)) == 4


@given(TEXT, st.data())
def test_every_way_there_leads_back(text: str, data: st.DataObject) -> None:
    lines = Lines(text)
    offset = data.draw(st.integers(0, len(text)))
    line, column = lines.position(offset)
    assert lines.starts[line] + column == offset
    utf16_line, units = lines.utf16_position(offset)
    assert utf16_line == line
    assert units == utf16_length(text[lines.starts[line] : offset])
    if lines.span(line).start <= offset <= lines.span(line).end:
        assert lines.offset(line, column) == offset
        assert lines.offset_from_utf16(line, units) == offset
        octets = len(text[lines.starts[line] : offset].encode())
        assert lines.offset_from_utf8(line, octets) == offset
