"""Lines and UTF-8 columns, as Python's compiler counts them, to code points in a text."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(r"\r\n|\n|\r")


class Positions:
    """Offsets in one text. Positions past an end are clipped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        """The code point at a line (from 1) and a column in UTF-8 bytes, as in `ast`."""
        if line < 1:
            return 0
        if line > len(self.starts):
            return len(self.text)
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        content = self.text[start:end].rstrip("\r\n")
        if content.isascii():
            return start + min(max(0, column), len(content))
        octets = content.encode("utf-8", "surrogatepass")[: max(0, column)]
        return start + len(octets.decode("utf-8", "ignore"))

    def line(self, offset: int) -> int:
        """The line, from 1, that holds the code point."""
        return bisect_right(self.starts, max(0, min(offset, len(self.text))))
