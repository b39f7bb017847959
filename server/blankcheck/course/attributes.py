"""Attributes: the YAML of a chapter and of an exercise, and the old style's `--- type:… xp:…` line.

Every scalar stays text, since a key such as `1e5` or `0123` is a name and not a number. The YAML is
read event by event into plain text, lists and mappings: no tag is obeyed and no alias followed, so
a chapter cannot make this expensive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import yaml

_PLAIN = re.compile(r"([A-Za-z_]\w*):(?: +([A-Za-z0-9](?:[\w./]|-(?=\w)| (?=[\w]))*))? *", re.ASCII)
"""A line that means the same to YAML and to the eye. Most are, and YAML is slow."""
_LOOSE = re.compile(r"([A-Za-z_]\w*)[ \t]*:[ \t]*(.*)", re.ASCII)
_DEEPEST = 20
_Collection: TypeAlias = "dict[str, object] | list[object]"


@dataclass(frozen=True)
class Attributes:
    """What was read, and what is wrong with it."""

    values: dict[str, object] = field(default_factory=dict[str, object])
    error: str | None = None
    """What YAML says against it, as the end of a sentence; the values are then a best guess."""
    offset: int = 0
    """Where in the text that was given the error is."""


class _Refused(Exception):
    """YAML that is not for attributes."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def read(text: str) -> Attributes:
    """Reads YAML that holds one mapping; with an error, as much as its lines say on their own."""
    values = _plain(text)
    if values is not None:
        return Attributes(values)
    try:
        return Attributes(_mapping(text))
    except _Refused as error:
        return Attributes(_loose(text), str(error), min(error.offset, len(text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark is not None else 0
        reason = (error.problem or error.context or "it cannot be parsed").splitlines()[0]
        return Attributes(_loose(text), reason, min(offset, len(text)))
    except yaml.YAMLError:
        return Attributes(_loose(text), "it holds a character that YAML does not allow")
    except (ValueError, OverflowError):
        return Attributes(_loose(text), "it holds a number that is out of range")


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
        match = _LOOSE.fullmatch(line.rstrip())
        if match and match[1] not in values:
            values[match[1]] = _unquoted(match[2])
    return values


def _mapping(text: str) -> dict[str, object]:
    """The mapping that the YAML's first document holds."""
    # One entry for each open collection: the collection, and for a mapping the key that waits.
    open_: list[tuple[_Collection, str | None]] = []
    root: _Collection | None = None
    for event in _events(text):
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise _Refused("anchors (`&`) and aliases (`*`) are not allowed", _offset(event))
        if isinstance(event, yaml.CollectionEndEvent):
            root = open_.pop()[0]
            if not open_:
                break
            continue
        if isinstance(event, yaml.ScalarEvent):
            value: str | _Collection = str(event.value)
        elif isinstance(event, yaml.MappingStartEvent):
            value = {}
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
        else:
            continue
        if len(open_) > _DEEPEST:
            raise _Refused("it is nested too deeply", _offset(event))
        if open_:
            _place(open_, value, _offset(event))
        elif isinstance(value, str):
            raise _Refused("it has to be lines of the form `name: value`", _offset(event))
        if not isinstance(value, str):
            open_.append((value, None))
    if root is None:
        return {}
    if not isinstance(root, dict):
        raise _Refused("it has to be lines of the form `name: value`", 0)
    return root


def _events(text: str) -> Iterator[yaml.Event]:
    return cast(Any, yaml).parse(text, Loader=yaml.BaseLoader)


def _place(
    open_: list[tuple[_Collection, str | None]], value: str | _Collection, offset: int
) -> None:
    """Puts a value into the collection that is open, or keeps it as the key of the next."""
    collection, key = open_[-1]
    if isinstance(collection, list):
        collection.append(value)
    elif key is None:
        if not isinstance(value, str):
            raise _Refused("a name has to be plain text", offset)
        if value in collection:
            raise _Refused(f"`{value[:40]}` is given twice", offset)
        open_[-1] = (collection, value)
    else:
        collection[key] = value
        open_[-1] = (collection, None)


def _offset(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark is not None else 0
