"""A value described in a few plain facts (type, shape, dtype …), without running its code.

Used where an error happened: properties, `__repr__` and `__getattr__` of the learner's objects
are never evaluated, so that describing a value changes nothing and cannot hang.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeGuard, TypeVar, cast, get_args

Kind = Literal[
    "tensor",
    "layer",
    "class",
    "function",
    "module",
    "none",
    "number",
    "text",
    "list",
    "tuple",
    "dict",
    "object",
]
"""`layer`: an `nn.Module`; `module`: a Python module."""

Fact = int | str
_T = TypeVar("_T")

_LAYER_FACTS = (
    "in_features",
    "out_features",
    "in_channels",
    "out_channels",
    "kernel_size",
    "groups",
    "num_features",
    "normalized_shape",
    "num_embeddings",
    "embedding_dim",
    "input_size",
    "hidden_size",
    "batch_first",
)
MAX_TEXT = 80
MAX_ITEMS = 8
MAX_KEYS = 40
MAX_PARAMETERS = 40
MAX_NAME = 120


@dataclass(frozen=True)
class Value:
    """What is known of one value."""

    type: str
    """The class's name."""
    kind: Kind = "object"
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    """Without the `torch.` in front."""
    device: str = ""
    requires_grad: bool = False
    leaf: bool = True
    length: int | None = None
    text: str = ""
    """A number or short string as it is written; the name of a class, function or module."""
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    """A layer's sizes; `dtype` and `device` are those of its first parameter."""
    items: tuple[Value, ...] = ()
    """The first items of a list or tuple, themselves without items."""
    keys: tuple[str, ...] = ()
    """The first keys of a dict that are strings, and of the others their type's name in `<>`."""
    parameters: tuple[str, ...] = ()
    """The parameters of what can be called: `input`, `*args`, `bias=` (with a default)."""


def type_name(cls: type) -> str:
    """The class's name, whatever its metaclass says."""
    return cast(str, type.__dict__["__name__"].__get__(cls))[:MAX_NAME]


def mro(cls: type) -> tuple[type, ...]:
    """The class and its bases, whatever its metaclass says."""
    return cast("tuple[type, ...]", type.__dict__["__mro__"].__get__(cls))


def module_name(cls: type) -> str:
    """The module that the class is from, whatever its metaclass says."""
    found = type.__dict__["__module__"].__get__(cls)
    return found if type(found) is str else ""


def is_a(value: object, cls: type[_T]) -> TypeGuard[_T]:
    """`isinstance`, without asking the value for its `__class__`."""
    return cls in mro(type(value))


def torch_class(name: str) -> type | None:
    """`torch.<name>` if torch is imported."""
    found: object = sys.modules.get("torch")
    for part in name.split("."):
        found = cast("dict[str, object]", vars(found)).get(part) if found is not None else None
    return found if isinstance(found, type) else None


def is_layer(value: object) -> bool:
    """Whether the value is an `nn.Module`."""
    cls = torch_class("nn.Module")
    return cls is not None and cls in mro(type(value))


def is_tensor(value: object) -> bool:
    """Whether the value is a tensor or parameter, and no subclass of the learner's."""
    return type(value) in (torch_class("Tensor"), torch_class("nn.Parameter"))


def instance_dict(value: object) -> dict[str, Any]:
    """The value's own attributes, without calling its code; empty where it has none."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return cast("dict[str, Any]", found) if type(found) is dict else {}


def table_of(own: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A layer's `_modules`, `_parameters` or `_buffers`; empty where there is none."""
    held = own.get(name)
    return cast("dict[str, Any]", held) if isinstance(held, dict) else {}


def peek(value: object, name: str) -> tuple[bool, Any]:
    """The attribute, if it can be had without running the learner's code: `(found, attribute)`."""
    if is_a(value, types.ModuleType):
        content = types.ModuleType.__getattribute__(value, "__dict__")
        return name in content, content.get(name)
    if is_tensor(value):
        return _peek_tensor(value, name)
    own = instance_dict(value)
    if name in own:
        return True, own[name]
    if is_layer(value):
        for table in ("_modules", "_parameters", "_buffers"):
            held = table_of(own, table)
            if name in held:
                return True, held[name]
    for cls in mro(value) if is_a(value, type) else mro(type(value)):
        content = type.__dict__["__dict__"].__get__(cls)
        if name in content:
            found: Any = content[name]
            if isinstance(found, types.FunctionType):
                return True, found if is_a(value, type) else types.MethodType(found, value)
            if isinstance(found, (types.MethodDescriptorType, types.BuiltinFunctionType)):
                return True, found
            if is_a(value, type) and isinstance(found, type):
                return True, found
            return False, None
    return False, None


def _peek_tensor(value: Any, name: str) -> tuple[bool, Any]:
    if name in {"T", "mT"} and value.dim() == 2:
        return True, value.t()
    if name in {"shape", "dtype", "device", "requires_grad", "is_leaf", "data"}:
        return True, getattr(value, name)
    if name == "grad" and value.is_leaf:
        return True, value.grad
    found = getattr(torch_class("Tensor"), name, None)
    return (True, found) if callable(found) else (False, None)


def peek_item(value: object, key: object) -> tuple[bool, Any]:
    """The item, for lists, tuples, dicts and `nn.Sequential`: `(found, item)`."""
    cls = type(value)
    if cls is dict and type(key) in (int, str):
        table = cast("dict[Any, Any]", value)
        return key in table, table.get(key)
    if is_layer(value):
        items: Sequence[Any] = list(table_of(instance_dict(value), "_modules").values())
    elif cls in (list, tuple):
        items = cast("Sequence[Any]", value)
    else:
        return False, None
    if type(key) is int and -len(items) <= key < len(items):
        return True, items[key]
    return False, None


def describe(value: object, depth: int = 1) -> Value:
    """The facts of a value. Runs none of its code; caps everything."""
    cls = type(value)
    name = type_name(cls)
    if value is None:
        return Value(name, "none", text="None")
    if cls in (int, float, bool, complex):
        return Value(name, "number", text=_number(value))
    if cls in (str, bytes):
        held = cast("str | bytes", value)
        return Value(name, "text", length=len(held), text=repr(held[:MAX_TEXT])[:MAX_TEXT])
    if is_tensor(value):
        return _tensor(value, name)
    if is_layer(value):
        return _layer(value, name, depth)
    if cls in (list, tuple):
        return _sequence(cast("list[Any] | tuple[Any, ...]", value), name, depth)
    if cls is dict:
        return _dict(cast("dict[Any, Any]", value), name)
    if is_a(value, type):
        return Value(name, "class", text=type_name(value), parameters=parameters(value))
    if is_a(value, types.ModuleType):
        text = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
        return Value(name, "module", text=text[:MAX_NAME] if type(text) is str else "")
    if callable(value) and module_name(cls) in ("builtins", "types"):
        text = getattr(value, "__name__", "")
        return Value(
            name,
            "function",
            text=text[:MAX_NAME] if type(text) is str else "",
            parameters=parameters(value),
        )
    if cls in (torch_class("dtype"), torch_class("device")):
        return Value(name, text=str(value)[:MAX_TEXT])
    if cls is torch_class("Size"):
        return Value(name, length=len(cast("tuple[int, ...]", value)))
    return Value(name)


def _number(value: Any) -> str:
    if type(value) is int and value.bit_length() > 200:
        return "a very large number"
    return repr(value)[:MAX_TEXT]


def _tensor(value: Any, name: str) -> Value:
    shape = tuple(int(size) for size in value.shape)
    return Value(
        "Tensor" if name == "Tensor" else name,
        "tensor",
        shape=shape,
        dtype=str(value.dtype).removeprefix("torch."),
        device=str(value.device),
        requires_grad=bool(value.requires_grad),
        leaf=bool(value.is_leaf),
        length=shape[0] if shape else None,
    )


def _layer(value: object, name: str, depth: int) -> Value:
    own = instance_dict(value)
    facts: dict[str, Fact] = {}
    for fact in _LAYER_FACTS:
        held = own.get(fact)
        if type(held) is int or type(held) is bool:
            facts[fact] = held
        elif type(held) is tuple:
            parts = cast("tuple[Any, ...]", held)
            if all(type(part) is int for part in parts):
                facts[fact] = str(parts)[:MAX_TEXT]
    for parameter in _parameters(value):
        facts["dtype"] = str(parameter.dtype).removeprefix("torch.")
        facts["device"] = str(parameter.device)
        break
    children: tuple[Value, ...] = ()
    if depth > 0 and name in ("Sequential", "ModuleList"):
        held_layers = list(table_of(own, "_modules").values())
        children = tuple(describe(child, 0) for child in held_layers[:MAX_ITEMS])
    return Value(name, "layer", facts=facts, items=children)


def parameter_count(layer: object, depth: int = 8) -> int:
    """The values of all parameters of a layer and of what it holds, each parameter once."""
    return sum(math.prod(held.shape) for held in _all_parameters(layer, depth).values())


def _all_parameters(layer: object, depth: int) -> dict[int, Any]:
    own = instance_dict(layer)
    held = [item for item in table_of(own, "_parameters").values() if is_tensor(item)]
    found = {id(item): item for item in held}
    if depth:
        for child in table_of(own, "_modules").values():
            if is_layer(child):
                found |= _all_parameters(child, depth - 1)
    return found


def _parameters(layer: object, depth: int = 4) -> list[Any]:
    """The first parameter of a layer or of what it holds, as a list of one or none."""
    own = instance_dict(layer)
    for parameter in list(table_of(own, "_parameters").values())[:MAX_ITEMS]:
        if is_tensor(parameter):
            return [parameter]
    if depth:
        for child in list(table_of(own, "_modules").values())[:64]:
            if is_layer(child) and (found := _parameters(child, depth - 1)):
                return found
    return []


def _sequence(value: list[Any] | tuple[Any, ...], name: str, depth: int) -> Value:
    items = tuple(describe(item, depth - 1) for item in value[:MAX_ITEMS]) if depth > 0 else ()
    return Value(name, "list" if name == "list" else "tuple", length=len(value), items=items)


def _dict(value: dict[Any, Any], name: str) -> Value:
    keys: list[str] = []
    for key in value:
        if len(keys) == MAX_KEYS:
            break
        keys.append(repr(key[:MAX_TEXT]) if type(key) is str else _key(key))
    return Value(name, "dict", length=len(value), keys=tuple(keys))


def _key(key: object) -> str:
    return _number(key) if type(key) is int else f"<{type_name(type(key))}>"


_DOC_SIGNATURE = re.compile(r"\s*(?:torch\.)?[\w.]+\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*(?:->|$|\n)")


def parameters(function: Any) -> tuple[str, ...]:
    """The parameters of a function or class, from its signature or, for one in C, its docstring."""
    if is_a(function, type) and type(function) is not type:
        return ()
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return _documented(function)
    names: list[str] = []
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    for name, parameter in list(signature.parameters.items())[:MAX_PARAMETERS]:
        default = "" if parameter.default is inspect.Parameter.empty else "="
        names.append(marks.get(parameter.kind, "") + name[:MAX_NAME] + default)
    return tuple(names)


def _documented(function: Any) -> tuple[str, ...]:
    doc = getattr(function, "__doc__", None)
    found = _DOC_SIGNATURE.match(doc[:2000]) if type(doc) is str else None
    if not found:
        return ()
    names: list[str] = []
    for part in re.split(r",\s*(?![^()\[\]]*[)\]])", found.group(1)):
        name, _, default = part.strip().partition("=")
        if re.fullmatch(r"\*{0,2}\w+", name):
            names.append(name[:MAX_NAME] + ("=" if default else ""))
    return tuple(names[:MAX_PARAMETERS])


# --- JSON -----------------------------------------------------------------------------------------


def value_from_json(data: object, depth: int = 1) -> Value | None:
    """The value that `asdict` wrote; repaired, or null, where something else was written."""
    if not isinstance(data, dict):
        return None
    held = cast("dict[str, Any]", data)
    kind = held.get("kind")
    items = (
        value_from_json(item, depth - 1) for item in sequence(held, "items", MAX_ITEMS * depth)
    )
    facts = held.get("facts")
    return Value(
        type=text(held, "type", MAX_NAME) or "object",
        kind=cast(Kind, kind) if isinstance(kind, str) and kind in get_args(Kind) else "object",
        shape=_shape(held.get("shape")),
        dtype=text(held, "dtype", 40),
        device=text(held, "device", 40),
        requires_grad=held.get("requires_grad") is True,
        leaf=held.get("leaf") is not False,
        length=number(held, "length"),
        text=text(held, "text", MAX_NAME),
        facts={
            key: fact if isinstance(fact, int) else fact[:MAX_TEXT]
            for key, fact in list(cast("dict[str, Any]", facts).items())[:30]
            if type(fact) in (int, bool, str) and _small(fact)
        }
        if isinstance(facts, dict)
        else {},
        items=tuple(item for item in items if item is not None),
        keys=texts(held, "keys", MAX_KEYS, MAX_NAME),
        parameters=texts(held, "parameters", MAX_PARAMETERS, MAX_NAME),
    )


def _small(fact: object) -> bool:
    return not isinstance(fact, int) or 0 <= fact < 2**60


def _shape(data: object) -> tuple[int, ...] | None:
    if not isinstance(data, (list, tuple)):
        return None
    sizes = cast("list[Any]", data)
    if len(sizes) > 64 or not all(type(size) is int and 0 <= size < 2**60 for size in sizes):
        return None
    return tuple(sizes)


def text(data: Mapping[str, Any], key: str, limit: int) -> str:
    """The string under `key`, cut to `limit`; empty if there is none."""
    held = data.get(key)
    return held[:limit] if isinstance(held, str) else ""


def number(data: Mapping[str, Any], key: str) -> int | None:
    """The whole number from 0 under `key`, if there is one."""
    held = data.get(key)
    return held if type(held) is int and 0 <= held < 2**60 else None


def sequence(data: Mapping[str, Any], key: str, limit: int) -> list[Any]:
    """The list under `key`, cut to `limit`; empty if there is none."""
    held = data.get(key)
    return list(cast("list[Any]", held[:limit])) if isinstance(held, (list, tuple)) else []


def texts(data: Mapping[str, Any], key: str, count: int, limit: int) -> tuple[str, ...]:
    """The strings of the list under `key`, with both caps."""
    return tuple(item[:limit] for item in sequence(data, key, count) if isinstance(item, str))
