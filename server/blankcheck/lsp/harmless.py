"""Text of courses and submissions on its way to the editor: every message passes here.

A learner's class, an author's title and an exception's message are somebody's text. None may hold
what an editor does not show as it is (control characters, terminal escapes, bidirectional
overrides, lone surrogates), nor be so long that the editor stops. What is code stays as it is.
"""

from __future__ import annotations

import re
from typing import Any, cast

from blankcheck_runner.plain import one_line, plain

_LINK = re.compile(r"\]\((?=\s*[a-z][\w+.-]*:)", re.IGNORECASE)
"""Notifications make a link of this, also one that runs a command of the editor."""
_ICON = re.compile(r"\$\((?=[\w~-]+\))")
"""Lists make an icon of this, such as the one of an exercise that is passed."""
LONGEST = 100_000
"""Characters of one text."""
_TITLE = 200
_VERBATIM = frozenset({"newText", "text", "uri", "targetUri", "href", "id", "method", "token"})
"""The members whose values are code, or names of things; and what was printed, which the runner's
host makes harmless by itself."""
_NO_NOTICE = frozenset({"markdown", "value", "output"})
"""The members that are no part of a notification: Markdown, which the editor does not trust, and
what was printed."""


def harmless(value: Any) -> Any:
    """A message as plain data, with all text in it made harmless. Keys stay as they are."""
    if isinstance(value, str):
        return plain(value, LONGEST)
    if isinstance(value, dict):
        return {key: _member(key, item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in cast("list[Any]", value)]
    return value


def _member(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return harmless(value)
    if key in _VERBATIM:
        return value
    text = plain(value, LONGEST)
    return text if key in _NO_NOTICE else _LINK.sub("] (", text)


def title(text: str) -> str:
    """A title for a list or a tree: one line, not too long, and with no icon of the editor's."""
    return _ICON.sub("$ (", one_line(text, _TITLE))


def fenced(code: str, language: str = "python") -> str:
    """Code as a block of Markdown that nothing in it can end."""
    longest = max((len(run) for run in _backticks(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def inline(text: str) -> str:
    """Words in the middle of Markdown, in which nothing is Markdown or HTML."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>&" else mark for mark in text)


def _backticks(code: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in code).split() if run]
