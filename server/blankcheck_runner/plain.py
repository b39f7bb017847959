"""Text that is safe to show: what a learner's process says goes to an editor and a terminal.

Control characters, terminal escapes and bidirectional overrides are written as visible escapes,
so that no message can hide or move another's text. Joiners and variation selectors stay: emoji
and several scripts need them.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def plain(text: str, limit: int = 500) -> str:
    r"""`text` with what is invisible written out (`\u202e`), cut to `limit` characters with `…`.

    Line feeds and tabs stay; a carriage return before a line feed is dropped.
    """
    # Far more than is kept is never looked at: the text may be hundreds of megabytes long.
    shown = _UNSAFE.sub(_escape, text[: limit + 1].replace("\r\n", "\n"))
    if len(shown) <= limit and len(text) <= limit + 1:
        return shown
    return shown[: max(0, limit - 1)] + "…" if len(shown) > limit else shown + "…"


def screen(text: str) -> str:
    """Printed text for a panel or a terminal: whole, with what is invisible written out.

    A carriage return begins a new line: progress bars write one in front of each state.
    """
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = 200) -> str:
    """`plain`, with every run of white space made one space."""
    return plain(" ".join(text[: limit * 4].split()), limit)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
