"""Plain data back as a value: runs in the judge, on what the learner's process sent.

Nothing is believed. Only exact builtins, tensors, arrays, tables and stand-ins come out; whatever
is not as the writer would have written it becomes `Opaque`, and nothing raises.
"""

from __future__ import annotations

import sys
from typing import Any, cast

from blankcheck_runner.observation import standins
from blankcheck_runner.observation.limits import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NODES,
    TOO_LARGE,
    UNREADABLE,
)
from blankcheck_runner.observation.standins import Opaque
from blankcheck_runner.observation.writing import Observation

_FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    "Opaque": {"type": (str,), "module": (str,), "reason": (str,)},
    "InstanceValue": {
        "type": (str,),
        "module": (str,),
        "attributes": (dict,),
        "content": (object,),
        "length": (int, type(None)),
    },
    "NamedTupleValue": {"type": (str,), "module": (str,), "fields": (tuple,), "items": (tuple,)},
    "ViewValue": {"type": (str,), "items": (tuple,)},
    "FunctionValue": {"name": (str,), "module": (str,), "bound": (bool,)},
    "ClassValue": {"name": (str,), "module": (str,), "bases": (tuple,)},
    "ImportedModule": {"name": (str,)},
    "ExceptionValue": {"type": (str,), "module": (str,), "args": (tuple,)},
    "TensorSummary": {
        "shape": (tuple,),
        "dtype": (str,),
        "device": (str,),
        "requires_grad": (bool,),
        "sample": (object,),
    },
    "ModuleValue": {
        "type": (str,),
        "module": (str,),
        "training": (bool,),
        "config": (dict,),
        "extra": (str,),
        "parameters": (dict,),
        "buffers": (dict,),
        "children": (dict,),
        "hooks": (int,),
    },
    "ParameterName": {"name": (str, type(None)), "shape": (tuple,), "dtype": (str,)},
    "OptimizerValue": {
        "type": (str,),
        "module": (str,),
        "groups": (tuple,),
        "parameters": (tuple,),
    },
    "LoaderValue": {
        "type": (str,),
        "module": (str,),
        "batch_size": (int, type(None)),
        "shuffled": (bool,),
        "drop_last": (bool,),
        "length": (int, type(None)),
        "dataset": (object,),
    },
}
"""The stand-ins that may come, and the exact types of their fields (`object`: any value)."""
_ELEMENTS: dict[tuple[str, str], type] = {
    ("NamedTupleValue", "fields"): str,
    ("ClassValue", "bases"): str,
    ("TensorSummary", "shape"): int,
    ("ParameterName", "shape"): int,
    ("OptimizerValue", "groups"): dict,
    ("OptimizerValue", "parameters"): tuple,
}
"""Of which exact type the elements of a field are, where that is promised."""


class Unreadable(Exception):
    """Data that the writer would not have written."""


def rebuild(observation: Observation) -> Any:
    """The observed value: plain, a tensor, an array, a table, or a stand-in. Never raises."""
    return Reader(observation.blob).read(observation.tree, 0)


def need(condition: bool) -> None:
    """Raises Unreadable unless the data is as it must be."""
    if not condition:
        raise Unreadable


class Reader:
    """One observation being read: its bytes, and what is left of the allowance."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.nodes = 0

    def read(self, tree: Any, depth: int) -> Any:
        """The value of one tree."""
        self.nodes += 1
        kind = cast(type[Any], type(tree))
        if tree is None or kind is bool or kind is float:
            return tree
        if self.nodes > 4 * MAX_NODES or depth > MAX_DEPTH + 10:
            return Opaque("value", "", TOO_LARGE)
        if kind is str:
            return tree
        if kind is int:
            return tree if -(2**63) <= tree < 2**63 else Opaque("int", "", TOO_LARGE)
        try:
            need(kind is list and 1 <= len(tree) <= 3 and type(tree[0]) is str)
            return self._tagged(tree[0], tree[1:], depth)
        except Exception:
            return Opaque("value", "", UNREADABLE)

    def bytes_at(self, place: Any) -> bytes:
        """The bytes that `[start, length]` names."""
        start, length = place
        need(type(start) is int and type(length) is int)
        need(start >= 0 and 0 <= length <= MAX_BYTES and start + length <= len(self.blob))
        return self.blob[start : start + length]

    def _tagged(self, tag: str, rest: list[Any], depth: int) -> Any:
        if tag in _FIELDS:
            (data,) = rest
            return self._standin(tag, data, depth)
        if tag in _CONTAINERS:
            (items,) = rest
            return self._container(_CONTAINERS[tag], items, depth)
        if tag == "dict":
            keys, values = rest
            return self._dict(keys, values, depth)
        if tag in _ATOMS:
            return _ATOMS[tag](self, rest, depth)
        if tag in ("tensor", "dtype", "device", "size", "layout", "memory_format"):
            from blankcheck_runner.observation import torch_reading

            (data,) = rest
            return torch_reading.read(self, tag, data)
        from blankcheck_runner.observation import table_reading

        (data,) = rest
        return table_reading.read(self, tag, data, depth)

    def _container(self, kind: type[Any], items: Any, depth: int) -> Any:
        need(type(items) is list)
        values = [self.read(item, depth + 1) for item in items]
        if kind is list:
            return values
        return kind(values if kind is tuple else [_hashable(value) for value in values])

    def _dict(self, keys: Any, values: Any, depth: int) -> dict[Any, Any]:
        need(type(keys) is list and type(values) is list and len(keys) == len(values))
        names = [_hashable(self.read(key, depth + 1)) for key in keys]
        return {
            name: self.read(value, depth + 1) for name, value in zip(names, values, strict=True)
        }

    def _standin(self, tag: str, data: Any, depth: int) -> Any:
        expected = _FIELDS[tag]
        need(type(data) is dict and set(data) == set(expected))
        found = {name: self.read(data[name], depth + 1) for name in expected}
        for name, kinds in expected.items():
            value = found[name]
            need(object in kinds or type(value) in kinds)
            element = _ELEMENTS.get((tag, name))
            need(element is None or all(type(item) is element for item in value))
            need(dict not in kinds or all(type(key) is str for key in value))
        if tag == "OptimizerValue":
            need(len(found["groups"]) == len(found["parameters"]))
            for group in found["parameters"]:
                need(all(type(item) is standins.ParameterName for item in group))
        if tag == "ViewValue":
            need(found["type"] in ("dict_keys", "dict_values", "dict_items"))
        return getattr(standins, tag)(**found)


_CONTAINERS: dict[str, type[Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return Opaque(type(value).__name__, "", UNREADABLE)
    return value


def _int(reader: Reader, rest: list[Any], depth: int) -> int:
    (text,) = rest
    need(type(text) is str and len(text) <= MAX_DIGITS + 4)
    return int(text, 16)


def _float(reader: Reader, rest: list[Any], depth: int) -> float:
    (text,) = rest
    need(text in ("nan", "inf", "-inf"))
    return float(text)


def _complex(reader: Reader, rest: list[Any], depth: int) -> complex:
    real, imaginary = (reader.read(part, depth + 1) for part in rest)
    need(type(real) is float and type(imaginary) is float)
    return complex(real, imaginary)


def _bytes(reader: Reader, rest: list[Any], depth: int) -> bytes:
    return reader.bytes_at(rest[0])


def _bytearray(reader: Reader, rest: list[Any], depth: int) -> bytearray:
    return bytearray(reader.bytes_at(rest[0]))


def _range(reader: Reader, rest: list[Any], depth: int) -> range:
    parts = [reader.read(part, depth + 1) for part in rest[0]]
    need(len(parts) == 3 and all(type(part) is int for part in parts))
    return range(*cast(list[int], parts))


def _slice(reader: Reader, rest: list[Any], depth: int) -> slice:
    parts = [reader.read(part, depth + 1) for part in rest[0]]
    need(len(parts) == 3)
    return slice(*parts)


def _ellipsis(reader: Reader, rest: list[Any], depth: int) -> Any:
    return Ellipsis


_ATOMS: dict[str, Any] = {
    "int": _int,
    "float": _float,
    "complex": _complex,
    "bytes": _bytes,
    "bytearray": _bytearray,
    "range": _range,
    "slice": _slice,
    "ellipsis": _ellipsis,
}


def loaded(name: str) -> Any:
    """A library that this process has imported already. Never imported for a learner's value: the
    folder that their code runs in could hold a file of that name."""
    module = sys.modules.get(name)
    if module is None:
        raise Unreadable
    return module
