"""Text on a terminal: how it is shown, and what is said beside results (complaints, what is under
way)."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from dataclasses import dataclass

_ERASE = "\r\x1b[K"
_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1, "faint": 2}
_UNSAFE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


@dataclass(frozen=True)
class Style:
    """How text is shown."""

    colours: bool = False
    columns: int = 160
    """How wide a source line may be shown, with what stands in front of it."""

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, if colours are on."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colours else text


def printable(text: str) -> str:
    """Text that does nothing to a terminal: control and direction characters become escapes."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
    """Shows what is under way to who watches, on one line, in the place of what was shown before,
    with its seconds if it takes some; nothing, with an empty message.

    Whatever else is said has to come after an empty one.
    """
    if _is_terminal(sys.stderr):
        _line.show(message)


class _Line:
    """The line of a terminal on which it is said what is under way."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # which an interrupted thread may take once more
        self._message = ""
        self._began = 0.0
        self._ticking = False

    def show(self, message: str) -> None:
        with self._lock:
            self._message, self._began = message, time.monotonic()
            self._write(message)
            if message and not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while True:
            time.sleep(1)
            with self._lock:
                seconds = int(time.monotonic() - self._began)
                if self._message and seconds:
                    self._write(self._message, f" {seconds} s")

    def _write(self, message: str, after: str = "") -> None:
        room = shutil.get_terminal_size().columns - 1 - len(after)
        sys.stderr.write(_ERASE + printable(message)[:room] + after)
        sys.stderr.flush()


_line = _Line()


def _is_terminal(stream: object) -> bool:
    return getattr(stream, "isatty", bool)() and os.environ.get("TERM") != "dumb"
