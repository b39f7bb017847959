"""What kind of value something is, in a phrase that says nothing of the value itself."""

from __future__ import annotations

import types
from typing import Any, cast

from blankcheck_runner.observation import standins
from blankcheck_runner.observation.reading import rebuild
from blankcheck_runner.observation.writing import observe

_SIMPLE = {
    type(None): "None",
    bool: "a truth value (True or False)",
    int: "a whole number",
    float: "a decimal number",
    complex: "a complex number",
    str: "a string",
    bytes: "bytes",
    bytearray: "bytes",
    range: "a range",
    slice: "a slice",
    type(Ellipsis): "an ellipsis",
}
_CONTAINERS = {
    list: ("list", "item"),
    tuple: ("tuple", "item"),
    set: ("set", "item"),
    frozenset: ("frozenset", "item"),
    dict: ("dictionary", "entry"),
}
_NOUNS = {
    bool: "truth value",
    int: "number",
    float: "number",
    complex: "number",
    str: "string",
    list: "list",
    tuple: "tuple",
    dict: "dictionary",
}


def describe(value: object) -> str:
    """A phrase for the kind of a value, such as `a tensor of shape (1, 4), float32`. Takes a value
    or what `rebuild` made of one."""
    if isinstance(value, type | types.ModuleType) or not _is_rebuilt(value):
        value = rebuild(observe(value))
    return _phrase(value)


def article(noun: str) -> str:
    """The noun with `a` or `an`."""
    spelled = noun[:3].isupper() and noun[:1] in "AEFHILMNORSX"
    return f"{'an' if spelled or noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _is_rebuilt(value: object) -> bool:
    return type(value) in _SIMPLE or type(value).__module__ in (standins.__name__, "torch", "numpy")


def _phrase(value: Any) -> str:
    kind = cast(type[Any], type(value))
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind in _CONTAINERS:
        return _container(value, *_CONTAINERS[kind])
    if kind.__module__ == standins.__name__:
        return _standin(value)
    name = kind.__name__
    if kind.__module__.startswith("torch"):
        if name in ("Tensor", "Parameter"):
            dtype = str(value.dtype).removeprefix("torch.")
            return f"a tensor of shape {shape_text(value.shape)}, {dtype}"
        return {"Size": "a shape (torch.Size)", "dtype": "a dtype", "device": "a device"}.get(
            name, article(name)
        )
    if name == "ndarray":
        return f"an array of shape {shape_text(value.shape)}, {value.dtype}"
    if kind.__module__ == "numpy":
        return f"a number of type {name}" if hasattr(value, "dtype") else "a dtype"
    if name == "DataFrame":
        rows, columns = value.shape
        return f"a DataFrame of {count(rows, 'row')} and {count(columns, 'column')}"
    if name == "Series":
        return f"a Series of {count(len(value), 'value')}"
    return article(name)


def _container(value: Any, noun: str, item: str) -> str:
    if not len(value):
        return f"an empty {noun}"
    kinds = {_NOUNS.get(cast(type[Any], type(element)), "") for element in value}
    if kind_of_all := kinds.pop() if len(kinds) == 1 and noun != "dictionary" else "":
        item = kind_of_all
    elif noun != "dictionary" and {type(element).__name__ for element in value} == {"Tensor"}:
        item = "tensor"
    return f"{article(noun)} of {count(len(value), item)}"


def _standin(value: Any) -> str:
    match value:
        case standins.FunctionValue():
            return "a method" if value.bound else "a function"
        case standins.ClassValue():
            return "a class"
        case standins.ImportedModule():
            return "a module"
        case standins.TensorSummary():
            return f"a tensor of shape {shape_text(value.shape)}, {value.dtype}"
        case standins.OptimizerValue():
            return f"{article(value.type)} optimizer"
        case standins.ModuleValue():
            return f"{article(value.type)} module"
        case standins.ExceptionValue():
            return f"{article(value.type)} exception"
        case standins.NamedTupleValue():
            return f"{article(value.type)} of {count(len(value.items), 'item')}"
        case standins.ViewValue():
            noun = {"dict_keys": "keys", "dict_values": "values", "dict_items": "items"}[value.type]
            return f"a dictionary's {noun}"
        case _:
            name = value.type.rpartition(".")[2]
            return f"{article(name)} object"


def shape_text(shape: Any) -> str:
    """A shape as Python writes a tuple."""
    return str(tuple(int(size) for size in shape))


def count(number: int, noun: str) -> str:
    """`1 item`, `2 items`, `3 entries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ry") else f"{number} {noun}s"
