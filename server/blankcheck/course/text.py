"""Places in a text: spans of code points, lines, and UTF-16 columns for the protocol's edge.

Lines end as in the Language Server Protocol, and as Python's own tokenizer counts them:
at LF, CRLF or CR, never at U+2028 and its like.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, order=True)
class Span:
    """A half-open range of code-point offsets into one text."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def contains(self, other: Span) -> bool:
        """Whether `other` lies inside this span, ends included."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a code point; an empty span overlaps what it touches."""
        if len(self) == 0 or len(other) == 0:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end

    def moved(self, by: int) -> Span:
        """The span in a text that has so many code points more in front of it."""
        return Span(self.start + by, self.end + by)

    def of(self, text: str) -> str:
        """The part of `text` that this span names."""
        return text[self.start : self.end]


class Lines:
    """Offsets to lines and columns and back, for one text. Positions past an end are clipped."""

    def __init__(self, text: str, starts: list[int] | None = None) -> None:
        """`starts`: where the lines start, if that is known."""
        self.text = text
        self.starts = _starts(text) if starts is None else starts

    def edited(self, start: int, end: int, new: str) -> Lines:
        """The lines with `new` in place of what is from `start` to `end`.

        Every key press in a chapter of 100,000 lines comes here: only those around it are read.
        """
        text = self.text[:start] + new + self.text[end:]
        # A line more on each side, since an edit may part a CRLF or make one.
        first = max(0, self.line_of(start) - 1)
        after = self.line_of(end) + 2
        begin, moved = self.starts[first], len(text) - len(self.text)
        if after >= len(self.starts):
            return Lines(text, self.starts[:first] + _starts(text[begin:], begin))
        stop = self.starts[after] + moved
        around = _starts(text[begin:stop], begin)[:-1]  # the last one starts what follows
        rest = map(moved.__add__, self.starts[after:])
        return Lines(text, [*self.starts[:first], *around, *rest])

    def __len__(self) -> int:
        return len(self.starts)

    def line_of(self, offset: int) -> int:
        """The line, counted from 0, that holds `offset`."""
        return bisect_right(self.starts, max(0, min(offset, len(self.text)))) - 1

    def span(self, line: int) -> Span:
        """The given line without its line end; a line that is not there is the empty end."""
        if line < 0:
            return Span(0, 0)
        if line >= len(self.starts):
            return Span(len(self.text), len(self.text))
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        return Span(start, start + len(self.text[start:end].rstrip("\r\n")))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both from 0, the column in code points."""
        line = self.line_of(offset)
        return line, max(0, min(offset, len(self.text))) - self.starts[line]

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column in code points, clipped to the line."""
        span = self.span(line)
        return min(span.start + max(0, column), span.end)

    def utf16_position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both from 0, the column in UTF-16 units."""
        line, column = self.position(offset)
        if self.text.isascii():  # which is known of it
            return line, column
        start = self.starts[line]
        return line, utf16_length(self.text[start : start + column])

    def offset_from_utf16(self, line: int, units: int) -> int:
        """The offset of a line and a column in UTF-16 units; inside a surrogate pair, its start."""
        span = self.span(line)
        offset, left = span.start, units
        while offset < span.end:
            left -= 2 if ord(self.text[offset]) > 0xFFFF else 1
            if left < 0:
                break
            offset += 1
        return offset

    def offset_from_utf8(self, line: int, octets: int) -> int:
        """The offset of a line and a column in UTF-8 bytes, as in the `col_offset` of `ast`."""
        span = self.span(line)
        encoded = span.of(self.text).encode("utf-8", "surrogatepass")[: max(0, octets)]
        return span.start + len(encoded.decode("utf-8", "ignore"))


def _starts(text: str, begin: int = 0) -> list[int]:
    """Where the lines of `text` start, whose first character is at `begin`. No Python for each."""
    if "\r" in text:
        text = text.replace("\r\n", "\0\n").replace("\r", "\n")
    lengths = map((1).__add__, map(len, text.split("\n")))
    return list(accumulate(lengths, initial=begin))[:-1]


def newline_of(text: str) -> str:
    """What ends the lines of a text: what is written into it ends so too."""
    if "\r\n" in text:
        return "\r\n"
    return "\r" if "\r" in text and "\n" not in text else "\n"


def with_line_feeds(text: str) -> str:
    """The text with a line feed at the end of each line, as people and Markdown are shown it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def utf16_length(text: str) -> int:
    """The length of `text` in UTF-16 units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(ord(character) > 0xFFFF for character in text)
