"""A mapping in YAML, for attributes and manifests.

Every scalar stays text, since a key such as `1e5` or `0123` is a name and not a number. The YAML is
read event by event into plain text, lists and mappings: no tag is obeyed and no alias followed, so
a chapter cannot make this expensive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import yaml

_DEEPEST = 20
_Collection: TypeAlias = "dict[str, object] | list[object]"


class NoMapping(Exception):
    """YAML that holds none, or more than attributes need. What is wrong, as the end of a sentence,
    and the offset of it in the text."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def read(text: str) -> dict[str, object]:
    """The mapping that the YAML's first document holds; or NoMapping is raised."""
    try:
        return _mapping(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = (error.problem or error.context or "it cannot be parsed").splitlines()[0]
        if "'\\t'" in reason:
            reason = "a tab stands where YAML takes spaces only"
        raise NoMapping(reason, mark.index if mark is not None else 0) from None
    except yaml.YAMLError:
        raise NoMapping("it holds a character that YAML does not allow") from None
    except (ValueError, OverflowError):
        raise NoMapping("it holds a number that is out of range") from None


def _mapping(text: str) -> dict[str, object]:
    # One entry for each open collection: the collection, and for a mapping the key that waits.
    open_: list[tuple[_Collection, str | None]] = []
    root: _Collection | None = None
    for event in _events(text):
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise NoMapping("anchors (`&`) and aliases (`*`) are not allowed", _offset(event))
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
            raise NoMapping("it is nested too deeply", _offset(event))
        if open_:
            _place(open_, value, _offset(event))
        elif isinstance(value, str):
            raise NoMapping("it has to be lines of the form `name: value`", _offset(event))
        if not isinstance(value, str):
            open_.append((value, None))
    if root is None:
        return {}
    if not isinstance(root, dict):
        raise NoMapping("it has to be lines of the form `name: value`")
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
            raise NoMapping("a name has to be plain text", offset)
        if value in collection:
            raise NoMapping(f"`{value[:40]}` is given twice", offset)
        open_[-1] = (collection, value)
    else:
        collection[key] = value
        open_[-1] = (collection, None)


def _offset(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark is not None else 0
