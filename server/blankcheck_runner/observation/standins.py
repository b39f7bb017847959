"""What stands in the judge for a learner's object that is never rebuilt as itself.

A stand-in says what the object was (its class by name, its plain facts) and does nothing: no code
of the learner's class is loaded or called where a stand-in is made or compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Opaque:
    """A value of which only the type is known."""

    type: str
    """The type's qualified name, such as `generator`."""
    module: str = ""
    reason: str = ""
    """Why there is no more: empty where such a value has no plain form, else `too large`,
    `refers to itself` or `not readable`."""


@dataclass(frozen=True)
class InstanceValue:
    """An object of some class, by its plain attributes."""

    type: str
    module: str
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    content: Any = None
    """For a subclass of a builtin container or number, and for an enum's member: what it holds."""
    length: int | None = None


@dataclass(frozen=True)
class NamedTupleValue:
    """A named tuple, or one of torch's or Python's structures that are tuples with names."""

    type: str
    module: str
    fields: tuple[str, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True)
class ViewValue:
    """A dictionary's keys, values or items, as seen at that moment."""

    type: Literal["dict_keys", "dict_values", "dict_items"]
    items: tuple[Any, ...]


@dataclass(frozen=True)
class FunctionValue:
    """A function, a method or anything else that is only called."""

    name: str
    """Its qualified name, such as `Module.train` or `<lambda>`."""
    module: str
    bound: bool = False
    """Whether it is the method of an object."""


@dataclass(frozen=True)
class ClassValue:
    """A class."""

    name: str
    module: str
    bases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedModule:
    """A module, by the name under which it is imported."""

    name: str


@dataclass(frozen=True)
class ExceptionValue:
    """An exception as an object."""

    type: str
    module: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class TensorSummary:
    """A tensor whose data is too much to carry, or that has none (the meta device)."""

    shape: tuple[int, ...]
    dtype: str
    device: str
    requires_grad: bool
    sample: Any
    """Values at evenly spaced places, as a tensor; null where there is no data."""


@dataclass(frozen=True)
class ModuleValue:
    """A `torch.nn.Module`."""

    type: str
    module: str
    training: bool
    config: Mapping[str, Any]
    """Its plain public attributes, such as `in_features`."""
    extra: str
    """What the class itself prints of its configuration; empty for a class outside torch."""
    parameters: Mapping[str, Any]
    """Its own, without its children's; null for one that is switched off."""
    buffers: Mapping[str, Any]
    children: Mapping[str, Any]
    hooks: int = 0
    """How many forward and backward hooks are on it."""


@dataclass(frozen=True)
class ParameterName:
    """A parameter of an optimizer: which one it is and what it looks like."""

    name: str | None
    """Where it is found, such as `model.fc.weight`; null where no name leads to it."""
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class OptimizerValue:
    """A `torch.optim.Optimizer`."""

    type: str
    module: str
    groups: tuple[Mapping[str, Any], ...]
    """The hyperparameters of each parameter group."""
    parameters: tuple[tuple[ParameterName, ...], ...]
    """The parameters of each group."""


@dataclass(frozen=True)
class LoaderValue:
    """A `torch.utils.data.DataLoader`."""

    type: str
    module: str
    batch_size: int | None
    shuffled: bool
    drop_last: bool
    length: int | None
    dataset: Any


@dataclass(frozen=True)
class TensorFacts:
    """What a rebuilt tensor no longer shows by itself."""

    device: str = "cpu"
    leaf: bool = True
    parameter: bool = False


_FACTS = "_blankcheck_facts"


def facts(tensor: Any) -> TensorFacts:
    """What is known of a tensor beyond its data; for one that was not rebuilt, its own facts."""
    known = tensor.__dict__.get(_FACTS)
    if type(known) is TensorFacts:
        return known
    return TensorFacts(
        str(tensor.device), bool(tensor.is_leaf), type(tensor).__name__ == "Parameter"
    )


def attach(tensor: Any, known: TensorFacts) -> None:
    """Keeps facts with a tensor."""
    tensor.__dict__[_FACTS] = known
