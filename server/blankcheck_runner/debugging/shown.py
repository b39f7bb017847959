"""What the debugged program says, on its way to the editor: made harmless as any text of others is.

What it prints or raises, how a value of a class of its own presents itself, and what a thread is
called is the program's text. Places and code keep every character, since the editor hands them
back.
"""

from __future__ import annotations

from typing import Any, cast

from blankcheck_runner.plain import screen

LONGEST = 100_000
"""Characters of one text."""
_EXACT = frozenset({"path", "evaluateName", "memoryReference", "data"})


def shown(message: Any) -> Any:
    """A message with nothing invisible or endless in its text."""
    if isinstance(message, str):
        return screen(message[:LONGEST]) + ("…" if len(message) > LONGEST else "")
    if isinstance(message, dict):
        members = cast("dict[str, Any]", message)
        return {
            key: item if key in _EXACT and isinstance(item, str) else shown(item)
            for key, item in members.items()
        }
    if isinstance(message, list):
        return [shown(item) for item in cast("list[Any]", message)]
    return message
