"""What the command line says beside its results: complaints, and what is under way."""

from __future__ import annotations

import os
import shutil
import sys

from blankcheck.reporting import Style, printable

_ERASE = "\r\x1b[K"


def style_of(stream: object) -> Style:
    """Colours, if a person reads the stream and wants them; and as wide as they see it."""
    if not _is_terminal(stream):
        return Style()
    columns = min(shutil.get_terminal_size().columns, Style.columns)
    return Style(not os.environ.get("NO_COLOR"), columns)


def warn(message: str | None) -> None:
    """Says something to the person, if there is something to say."""
    if message:
        under_way("")
        print(f"blankcheck: {printable(message)}", file=sys.stderr)


def under_way(message: str) -> None:
    """Shows what is under way to who watches, on one line, in the place of what was shown before;
    nothing, with an empty message."""
    if _is_terminal(sys.stderr):
        columns = shutil.get_terminal_size().columns
        sys.stderr.write(_ERASE + printable(message)[: columns - 1])
        sys.stderr.flush()


def _is_terminal(stream: object) -> bool:
    return getattr(stream, "isatty", bool)() and os.environ.get("TERM") != "dumb"
