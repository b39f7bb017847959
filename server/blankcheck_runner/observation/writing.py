"""A value as plain data: runs in the process that holds the value.

The value may be the learner's, so what is asked of it goes past their code where Python allows:
types are compared exactly, attributes are read from `__dict__`, and containers are walked with the
builtin's own methods.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from blankcheck_runner.observation import standins
from blankcheck_runner.observation.limits import (
    CYCLE,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NODES,
    MAX_TEXT,
    TOO_LARGE,
    UNREADABLE,
)

_EMPTY: dict[str, object] = {}
_VIEWS: dict[type, str] = {
    type(_EMPTY.keys()): "dict_keys",
    type(_EMPTY.values()): "dict_values",
    type(_EMPTY.items()): "dict_items",
}
_FUNCTIONS: tuple[type, ...] = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_CALLABLES = frozenset(
    {
        ("_ArrayFunctionDispatcher", "numpy"),
        ("ufunc", "numpy"),
        ("_lru_cache_wrapper", "functools"),
        ("ScriptFunction", "torch.jit"),
    }
)
_STANDINS: frozenset[type] = frozenset(
    value
    for value in vars(standins).values()
    if isinstance(value, type) and value.__module__ == standins.__name__
)


@dataclass(frozen=True)
class Observation:
    """A value as plain data."""

    tree: Any
    """What JSON can carry."""
    blob: bytes = b""
    """The bytes that the tree refers to."""


def observe(value: object, namespace: Mapping[str, object] | None = None) -> Observation:
    """The value as plain data; what cannot be carried is in it as a stand-in. Never raises for what
    the value's class does. With a namespace, an optimizer's parameters are told by name."""
    writer = Writer(namespace or {})
    return Observation(writer.write(value, 0), bytes(writer.blob))


def class_names(cls: type) -> tuple[str, str]:
    """A class's qualified name and module, past anything that its metaclass does."""
    name = type.__getattribute__(cls, "__qualname__")
    module: object = type.__getattribute__(cls, "__module__")
    return str.__str__(name), module if type(module) is str else ""


def derives(cls: type, base: type) -> bool:
    """Whether `cls` is `base` or a subclass of it by inheritance alone."""
    return any(item is base for item in type.__getattribute__(cls, "__mro__"))


def attributes_of(value: object) -> dict[str, object]:
    """The object's own `__dict__`, past its class's `__getattribute__`; empty if it has none."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except Exception:
        return {}
    if type(own) is not dict:
        return {}
    own = cast(dict[object, object], own)
    return {key: item for key, item in list(own.items()) if type(key) is str}


class Writer:
    """One observation under way: the bytes so far, and what is left of the allowance."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.blob = bytearray()
        self.nodes = 0
        self._open: set[int] = set()

    def write(self, value: object, depth: int) -> Any:
        """The tree of one value."""
        self.nodes += 1
        cls = type(value)
        if value is None or cls is bool:
            return value
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            return self._opaque(cls, TOO_LARGE)
        if id(value) in self._open:
            return self._opaque(cls, CYCLE)
        self._open.add(id(value))
        try:
            return self._write(value, cls, depth)
        except Exception:
            return self._opaque(cls, UNREADABLE)
        finally:
            self._open.discard(id(value))

    def room(self, size: int) -> bool:
        """Whether so many bytes can still be carried."""
        return len(self.blob) + size <= MAX_BYTES

    def put(self, data: bytes) -> list[int]:
        """Adds bytes; where they are."""
        start = len(self.blob)
        self.blob += data
        return [start, len(data)]

    def _opaque(self, cls: type, reason: str = "") -> Any:
        name, module = class_names(cls)
        return ["Opaque", {"type": name[:200], "module": module[:200], "reason": reason}]

    def standin(self, value: object, depth: int) -> Any:
        """The tree of a stand-in."""
        return [
            type(value).__name__,
            {
                item.name: self.write(getattr(value, item.name), depth + 1)
                for item in fields(cast(Any, value))
            },
        ]

    def _write(self, value: Any, cls: type, depth: int) -> Any:
        plain = self._plain(value, cls, depth)
        if plain is not None:
            return plain
        if cls in _STANDINS:
            return self.standin(value, depth)
        for name in ("torch", "numpy", "pandas"):
            if name in sys.modules:
                found = _writer_of(name)(self, value, cls, depth)
                if found is not None:
                    return found
        return self._other(value, cls, depth)

    def _items(self, items: Any, depth: int) -> list[Any]:
        written: list[Any] = []
        for item in items:
            if self.nodes > MAX_NODES:
                raise _TooLarge
            written.append(self.write(item, depth + 1))
        return written

    def _plain(self, value: Any, cls: type, depth: int) -> Any:
        """A builtin value, exact types only; null for anything else."""
        if cls is int:
            if -(2**63) <= value < 2**63:
                return value
            if value.bit_length() > 4 * MAX_DIGITS:
                return self._opaque(cls, TOO_LARGE)
            return ["int", hex(value)]
        if cls is float:
            return value if math.isfinite(value) else ["float", repr(value)]
        if cls is str:
            return value if len(value) <= MAX_TEXT else self._opaque(cls, TOO_LARGE)
        if cls is complex:
            return ["complex", self.write(value.real, depth), self.write(value.imag, depth)]
        if cls is bytes or cls is bytearray:
            if not self.room(len(value)):
                return self._opaque(cls, TOO_LARGE)
            return [cls.__name__, self.put(bytes(value))]
        try:
            if cls in (list, tuple, set, frozenset):
                return [cls.__name__, self._items(list(value), depth)]
            if cls is dict:
                keys = self._items(list(value), depth)
                return ["dict", keys, self._items(list(value.values()), depth)]
            if cls in _VIEWS:
                view = standins.ViewValue(cast(Any, _VIEWS[cls]), tuple(value))
                return self.standin(view, depth)
        except _TooLarge:
            return self._opaque(cls, TOO_LARGE)
        if cls is range or cls is slice:
            parts = [self.write(part, depth + 1) for part in (value.start, value.stop, value.step)]
            return [cls.__name__, parts]
        if value is Ellipsis:
            return ["ellipsis"]
        return None

    def _other(self, value: Any, cls: type, depth: int) -> Any:
        if derives(cls, type):
            name, module = class_names(value)
            bases = tuple(
                class_names(base)[0]
                for base in type.__getattribute__(value, "__bases__")
                if base is not object
            )
            return self.standin(standins.ClassValue(name, module, bases), depth)
        if cls in _FUNCTIONS or class_names(cls) in _CALLABLES:
            return self.standin(_function(value, cls), depth)
        if cls is types.ModuleType:
            name = attributes_of(value).get("__name__")
            return self.standin(standins.ImportedModule(name if type(name) is str else ""), depth)
        name, module = class_names(cls)
        if derives(cls, BaseException):
            args = cast(Any, BaseException).args.__get__(value)
            return self.standin(standins.ExceptionValue(name, module, tuple(args)), depth)
        if derives(cls, tuple):
            return self.standin(_tuple(value, cls, name, module), depth)
        return self._instance(value, cls, depth)

    def _instance(self, value: Any, cls: type, depth: int) -> Any:
        name, module = class_names(cls)
        content: Any = None
        for base in (dict, list, set, frozenset, str, bytes, int, float, complex):
            if derives(cls, base):
                content = _content(value, base)
                break
        own = attributes_of(value)
        if "enum" in sys.modules and derives(cls, sys.modules["enum"].Enum):
            own, content = {"name": own.get("_name_")}, own.get("_value_")
        else:
            own.update(_slots(value, cls))
        public = {key: item for key, item in own.items() if not key.startswith("_")}
        if not public and content is None:
            return self._opaque(cls)
        return self.standin(standins.InstanceValue(name, module, public, content), depth)


class _TooLarge(Exception):
    """A container with more in it than is carried: it is left out as a whole."""


def _writer_of(name: str) -> Any:
    if name == "torch":
        from blankcheck_runner.observation import torch_writing

        return torch_writing.write
    from blankcheck_runner.observation import table_writing

    return table_writing.write_numpy if name == "numpy" else table_writing.write_pandas


def _user_defined(cls: type) -> bool:
    """Whether a class was made by a `class` statement, rather than in C."""
    return bool(type.__getattribute__(cls, "__flags__") & (1 << 9))


def _content(value: Any, base: type) -> Any:
    """What a subclass of a builtin holds, read with the builtin's own methods."""
    builtin = cast(Any, base)
    if base is dict:
        return dict(builtin.items(value))
    if base in (list, set, frozenset):
        return builtin(builtin.__iter__(value))
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes.__getitem__(value, slice(None))
    if base is int:
        return int.__index__(value)
    if base is float:
        return float.__float__(value)
    return complex(builtin.real.__get__(value), builtin.imag.__get__(value))


def _slots(value: Any, cls: type) -> dict[str, object]:
    """The values of `__slots__`, past the class's own attribute access."""
    found: dict[str, object] = {}
    for part in type.__getattribute__(cls, "__mro__"):
        for key, member in list(type.__getattribute__(part, "__dict__").items()):
            if type(member) is types.MemberDescriptorType and _user_defined(part):
                try:
                    found[key] = member.__get__(value)
                except AttributeError:
                    continue
    return found


def _tuple(value: Any, cls: type, name: str, module: str) -> standins.NamedTupleValue:
    items: tuple[Any, ...] = tuple(cast(Any, tuple).__iter__(value))
    names: Any = None
    for part in type.__getattribute__(cls, "__mro__"):
        own = type.__getattribute__(part, "__dict__")
        names = own.get("_fields", own.get("__match_args__"))
        if names is not None:
            break
    if type(names) is not tuple or not all(type(item) is str for item in cast(Any, names)):
        names = ()
    return standins.NamedTupleValue(name, module, cast(Any, names), items)


def _function(value: Any, cls: type) -> standins.FunctionValue:
    if cls is types.MethodType:
        function = value.__func__
        inner = standins.FunctionValue("method", "")
        if (kind := cast(type[Any], type(function))) in _FUNCTIONS:
            inner = _function(function, kind)
        return standins.FunctionValue(inner.name, inner.module, True)
    name: object = getattr(value, "__qualname__", "function")
    module: object = getattr(value, "__module__", None)
    if cls is types.BuiltinFunctionType and not module:
        owner: object = value.__self__
        if type(owner) is types.ModuleType:
            module = attributes_of(owner).get("__name__")
        else:
            return standins.FunctionValue(str(name), "builtins", owner is not None)
    return standins.FunctionValue(
        name.removeprefix("_VariableFunctionsClass.") if type(name) is str else "function",
        module if type(module) is str else "",
    )
