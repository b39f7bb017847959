"""Lines and UTF-8 columns, as Python's compiler counts them, to code points in a text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

_LINE_END = re.compile(r"\r\n|\n|\r")


class Positions:
    """Offsets in one text. Positions past an end are clipped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._ends: dict[int, Sequence[int]] = {}

    def offset(self, line: int, column: int) -> int:
        """The code point at a line (from 1) and a column in UTF-8 bytes, as in `ast`."""
        if line < 1:
            return 0
        if line > len(self.starts):
            return len(self.text)
        if line not in self._ends:  # a text may have all its code in one line
            self._ends[line] = self._ends_in(line)
        return self.starts[line - 1] + bisect_right(self._ends[line], column)

    def _ends_in(self, line: int) -> Sequence[int]:
        """The columns at which the code points of a line end."""
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        content = self.text[self.starts[line - 1] : end].rstrip("\r\n")
        if content.isascii():
            return range(1, len(content) + 1)
        return list(accumulate(len(each.encode("utf-8", "surrogatepass")) for each in content))

    def line(self, offset: int) -> int:
        """The line, from 1, that holds the code point."""
        return bisect_right(self.starts, max(0, min(offset, len(self.text))))
