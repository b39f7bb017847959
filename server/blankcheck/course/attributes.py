"""Attributes: the YAML of a chapter and of an exercise, and the old style's `--- type:… xp:…` line.

Most of it is lines that mean the same to YAML and to the eye, and is read without a parser of YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PLAIN = re.compile(r"([A-Za-z_]\w*):(?: +([A-Za-z0-9](?:[\w./]|-(?=\w)| (?=[\w]))*))? *", re.ASCII)
"""A line that means the same to YAML and to the eye."""
_LOOSE = re.compile(r"([A-Za-z_]\w*)[ \t]*:[ \t]*(.*)", re.ASCII)


@dataclass(frozen=True)
class Attributes:
    """What was read, and what is wrong with it."""

    values: dict[str, object] = field(default_factory=dict[str, object])
    error: str | None = None
    """What YAML says against it, as the end of a sentence; the values are then a best guess."""
    offset: int = 0
    """Where in the text that was given the error is."""


def read(text: str) -> Attributes:
    """Reads YAML that holds one mapping; with an error, as much as its lines say on their own."""
    values = _plain(text)
    if values is not None:
        return Attributes(values)
    # Importing YAML is some 7 % of the server's start, and most chapters do without.
    from blankcheck.course import mapping

    try:
        return Attributes(mapping.read(text))
    except mapping.NoMapping as error:
        return Attributes(_loose(text), str(error), min(error.offset, len(text)))


def read_line(text: str) -> dict[str, object]:
    """Reads `type:NormalExercise lang:python xp:100 key:abc`; a value may hold blanks."""
    values: dict[str, list[str]] = {}
    current: list[str] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name.isidentifier() and name not in ("http", "https"):
            current = values.setdefault(name, [])
            word = value
        if word:
            current.append(word)
    return {name: _unquoted(" ".join(words)) for name, words in values.items()}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _plain(text: str) -> dict[str, object] | None:
    """The values, if every line is plain."""
    values: dict[str, object] = {}
    for line in text.split("\n"):
        if line in ("", "\r"):
            continue
        match = _PLAIN.fullmatch(line.removesuffix("\r"))
        if match is None or match[1] in values:
            return None
        values[match[1]] = match[2] or ""
    return values


def _loose(text: str) -> dict[str, object]:
    """What the lines say that look like an attribute, where YAML gives up."""
    values: dict[str, object] = {}
    for line in re.split(r"\r\n|\n|\r", text):
        match = _LOOSE.fullmatch(line.strip("\t").rstrip())  # YAML knows no tab before a name
        if match and match[1] not in values:
            values[match[1]] = _unquoted(match[2])
    return values
