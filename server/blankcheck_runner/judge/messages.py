"""The texts of feedback: an author's template filled in, and our own wording of values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.S)
_SIMPLE = re.compile(r"\{((?:stu|sol)_\w+|typestr|index|name)\}")
_CONDITION = re.compile(
    r"\{%-?\s*if\s+(.*?)\s*-?%\}(.*?)(?:\{%-?\s*else\s*-?%\}(.*?))?\{%-?\s*endif\s*-?%\}", re.S
)
_STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\]")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def author_text(template: str, values: Mapping[str, Any]) -> str:
    """An author's message with its placeholders filled in: `{{stu_eval}}`, `{{parent[part]}}`,
    `{stu_eval}`, and `{% if … %}…{% else %}…{% endif %}`. What is not known is left out."""
    template = str(template).removeprefix("__JINJA__:")

    def chosen(match: re.Match[str]) -> str:
        condition = match[1].removeprefix("not ")
        found = bool(_look_up(condition, values))
        return match[2] if found != (condition != match[1]) else match[3] or ""

    template = _CONDITION.sub(chosen, template)
    template = _PLACEHOLDER.sub(lambda match: _filled(match[1], values), template)
    return _SIMPLE.sub(
        lambda match: _filled(match[1], values) if match[1] in values else match[0], template
    )


def _filled(expression: str, values: Mapping[str, Any]) -> str:
    path, *filters = (piece.strip() for piece in expression.split("|"))
    found = _look_up(path, values)
    text = "" if found is None else str(found)
    for name in filters:
        text = {"upper": text.upper(), "lower": text.lower(), "title": text.title()}.get(name, text)
    return text


def _look_up(path: str, values: Mapping[str, Any]) -> Any:
    """The value at a path such as `parent.name` or `parent['name']`; plain data only."""
    found: Any = values
    place = 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return None
        name = step[1] or step[2] or step[3]
        if isinstance(found, Mapping):
            found = found.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        elif isinstance(found, (list, tuple)) and step[4]:
            found = found[int(step[4])] if int(step[4]) < len(found) else None  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        else:
            return None
        place = step.end()
    return found  # pyright: ignore[reportUnknownVariableType]


def ordinal(index: int) -> str:
    """`first` for 0, `second` for 1 …"""
    return _ORDINALS[index] if 0 <= index < len(_ORDINALS) else f"{index + 1}th"


def short(value: Any) -> str:
    """A value as it is shown in a sentence."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "…"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where a known word is near, else nothing."""
    words = list(known)
    same = [other for other in words if other.lower() == word.lower()]
    found = same or difflib.get_close_matches(word, words, 1, 0.6)
    return f"; did you mean `{found[0]}`?" if found else ""
