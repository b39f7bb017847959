"""Stand-ins made live again in the judge, where that runs nothing of a learner's.

A network of torch's own classes, or of a class that the exercise defines, is built anew from its
plain facts. What a learner's own class does cannot be had here: such values stay stand-ins.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, cast

from blankcheck_runner.observation import standins
from blankcheck_runner.observation.standins import (
    FunctionValue,
    ModuleValue,
    NamedTupleValue,
    TensorSummary,
)

REVIVING = (
    "{name} = __import__('blankcheck_runner.observation.revival', fromlist=['revive'])"
    ".revive({name}, globals())"
)
"""Code that makes a bound name live, in the process that it is bound in."""
_TRUSTED = ("torch.nn.", "torchvision.")


class NotRevivable(ValueError):
    """A stand-in whose class is not to be had here."""


def revivable(value: Any) -> bool:
    """Whether `revive` may succeed: no part of the value is a stand-in that stays one."""
    kind = cast("type[Any]", type(value))
    if isinstance(value, ModuleValue):
        parts = [*value.parameters.values(), *value.buffers.values(), *value.children.values()]
        return all(map(revivable, parts)) and value.hooks == 0
    if isinstance(value, FunctionValue):
        return value.module.partition(".")[0] in ("torch", "numpy", "math", "builtins")
    if isinstance(value, NamedTupleValue):
        return all(map(revivable, value.items))
    if kind in (list, tuple, set, frozenset):
        return all(map(revivable, value))
    if kind is dict:
        return all(map(revivable, cast("dict[Any, Any]", value).values()))
    return kind.__module__ != standins.__name__


def placed(value: Any) -> Any:
    """A value with its rebuilt tensors on the devices that they were on, in a process that has
    those. Raises NotRevivable."""
    kind = cast("type[Any]", type(value))
    if kind in (list, tuple):
        return cast(Any, kind)(placed(item) for item in cast("list[Any]", value))
    if kind is dict:
        return {key: placed(item) for key, item in cast("dict[Any, Any]", value).items()}
    if kind.__module__ != "torch" or kind.__name__ != "Tensor":
        return value
    device = standins.facts(value).device
    if device == str(value.device):
        return value
    try:
        moved = value.detach().to(device)
    except Exception as error:  # what torch raises where there is no such device, or no room
        raise NotRevivable(f"a tensor on {device}") from error
    return moved.requires_grad_(value.requires_grad)


def revive(value: Any, namespace: Mapping[str, Any]) -> Any:
    """The value with its stand-ins made live; a class outside torch is looked up in `namespace`,
    which must be that of trusted code. Raises NotRevivable."""
    kind = cast("type[Any]", type(value))
    if isinstance(value, ModuleValue):
        return _module(value, namespace)
    if isinstance(value, FunctionValue):
        return _function(value)
    if isinstance(value, NamedTupleValue):
        return tuple(revive(item, namespace) for item in value.items)
    if kind in (list, tuple, set, frozenset):
        items = cast("list[Any]", value)
        return cast(Any, kind)(revive(item, namespace) for item in items)
    if kind is dict:
        pairs = cast("dict[Any, Any]", value).items()
        return {key: revive(item, namespace) for key, item in pairs}
    if kind is TensorSummary or kind.__module__ == standins.__name__:
        raise NotRevivable(kind.__name__)
    return placed(value)


def _module(value: ModuleValue, namespace: Mapping[str, Any]) -> Any:
    torch = cast(Any, sys.modules["torch"])
    if value.module.startswith(_TRUSTED):
        cls = _attribute(value.module, value.type)
    else:
        cls = namespace.get(value.type)
    if not isinstance(cls, type) or not issubclass(cls, torch.nn.Module):
        raise NotRevivable(value.type)
    made: Any = object.__new__(cast("type[Any]", cls))
    torch.nn.Module.__init__(made)
    for name, item in value.config.items():
        made.__dict__[name] = revive(item, namespace)
    for name, item in value.parameters.items():
        parameter = None
        if item is not None:
            own = placed(item).detach().clone()
            parameter = torch.nn.Parameter(own, item.requires_grad)
        made.register_parameter(name, parameter)
    for name, item in value.buffers.items():
        made.register_buffer(name, None if item is None else placed(item).detach().clone())
    for name, item in value.children.items():
        made.add_module(name, None if item is None else revive(item, namespace))
    made.training = value.training
    return made


def _function(value: FunctionValue) -> Any:
    if value.bound or value.module.partition(".")[0] not in ("torch", "numpy", "math", "builtins"):
        raise NotRevivable(value.name)
    return _attribute(value.module, value.name)


def _attribute(module: str, path: str) -> Any:
    """What a dotted path leads to in a module that is imported already."""
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    if found is None:
        raise NotRevivable(path)
    return found
