"""Networks, optimizers and other objects compared by their stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blankcheck_runner.judge.difference import Difference, Options, kinds
from blankcheck_runner.observation.describing import article, count
from blankcheck_runner.observation.standins import (
    ClassValue,
    ExceptionValue,
    FunctionValue,
    ImportedModule,
    InstanceValue,
    LoaderValue,
    ModuleValue,
    Opaque,
    OptimizerValue,
    ViewValue,
)

Compare = Callable[[Any, Any, Options], "Difference | None"]


def structure_difference(
    expected: Any, actual: Any, options: Options, compare: Compare
) -> Difference | None:
    """How one stand-in differs from another of the same class; null if it does not."""
    match expected:
        case ModuleValue():
            return _modules(expected, actual, options, compare)
        case OptimizerValue():
            return _optimizers(expected, actual, options, compare)
        case LoaderValue():
            return _loaders(expected, actual, options, compare)
        case InstanceValue():
            return _instances(expected, actual, options, compare)
        case FunctionValue() | ClassValue() | ImportedModule():
            return _named(expected, actual)
        case ViewValue():
            return _views(expected, actual, options, compare)
        case ExceptionValue():
            if expected.type != actual.type:
                return _other_class(actual.type)
            told = compare(expected.args, actual.args, options)
            return (
                Difference("sct/value", "carries another message than expected") if told else None
            )
        case Opaque():
            if expected.reason or actual.reason:
                reason = actual.reason or expected.reason
                return Difference("sct/value", f"could not be compared here ({reason})")
            if expected.type != actual.type:
                return _other_class(actual.type)
            return None
        case _:
            return None if expected == actual else Difference("sct/value", "is not as expected")


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _other_class(actual: str) -> Difference:
    return Difference("sct/type", f"is {article(_short(actual))} object, expected another class")


def _named(expected: Any, actual: Any) -> Difference | None:
    if _short(expected.name) == _short(actual.name):
        return None
    noun = {"FunctionValue": "function", "ClassValue": "class"}.get(
        type(expected).__name__, "module"
    )
    return Difference(
        "sct/value", f"is the {noun} `{_short(actual.name)}`, expected another {noun}"
    )


def _views(
    expected: ViewValue, actual: ViewValue, options: Options, compare: Compare
) -> Difference | None:
    if expected.type != actual.type:
        return kinds(expected, actual)
    if expected.type == "dict_keys":
        return compare(dict.fromkeys(expected.items), dict.fromkeys(actual.items), options)
    if expected.type == "dict_items":
        pairs = [side.items for side in (expected, actual)]
        if all(type(pair) is tuple and len(pair) == 2 for side in pairs for pair in side):
            return compare(dict(pairs[0]), dict(pairs[1]), options)
    return compare(list(expected.items), list(actual.items), options)


def _instances(
    expected: InstanceValue, actual: InstanceValue, options: Options, compare: Compare
) -> Difference | None:
    if _short(expected.type) != _short(actual.type):
        return _other_class(actual.type)
    if expected.length != actual.length:
        return Difference("sct/value", f"has length {actual.length}, expected {expected.length}")
    told = compare(expected.content, actual.content, options)
    if told is not None:
        return told
    for name in sorted(set(expected.attributes) | set(actual.attributes)):
        if name not in actual.attributes:
            return Difference("sct/missing", "lacks an attribute that is expected")
        if name not in expected.attributes:
            return Difference("sct/value", f"has an attribute `{name}` that is not expected")
        told = compare(expected.attributes[name], actual.attributes[name], options)
        if told is not None:
            return told.within(f"attribute `{name}`")
    return None


def _modules(
    expected: ModuleValue, actual: ModuleValue, options: Options, compare: Compare
) -> Difference | None:
    if _short(expected.type) != _short(actual.type):
        found = _short(actual.type)
        phrase = f"is {article(found)}, expected another kind of module"
        return Difference("sct/structure", phrase)
    extra = next((name for name in actual.children if name not in expected.children), None)
    if extra is not None and len(actual.children) > len(expected.children):
        return Difference("sct/structure", f"has a layer `{extra}` that is not expected")
    if len(expected.children) != len(actual.children):
        found, wanted = len(actual.children), len(expected.children)
        return Difference("sct/structure", f"has {count(found, 'layer')}, expected {wanted}")
    told = _config(expected, actual, options, compare)
    if told is not None:
        return told
    named = expected.children.keys() == actual.children.keys()
    pairs = zip(expected.children.values(), actual.children.items(), strict=True)
    for wanted, (name, found) in pairs:
        # In a class of one's own, the order in which layers are made says nothing.
        told = compare(expected.children[name] if named else wanted, found, options)
        if told is not None:
            return told.within(f"layer `{name}`")
    if options.mode and expected.training != actual.training:
        words = ("train", "eval") if actual.training else ("eval", "train")
        return Difference("sct/value", f"is in {words[0]} mode, expected {words[1]} mode")
    return _weights(expected, actual, options, compare)


def _config(
    expected: ModuleValue, actual: ModuleValue, options: Options, compare: Compare
) -> Difference | None:
    pair = ("in_features", "out_features")
    sizes = [[side.config.get(name) for name in pair] for side in (expected, actual)]
    if sizes[0] != sizes[1] and sizes[0] == sizes[1][::-1]:
        return Difference("sct/structure", "has in_features and out_features swapped")
    for name in expected.config:
        if name not in actual.config:
            return Difference("sct/structure", "lacks an attribute that is expected")
        told = compare(expected.config[name], actual.config[name], options)
        if told is not None:
            value = actual.config[name]
            if type(value) in (int, float, bool, str, tuple, type(None)):
                phrase = f"has {name}={value!r}, which is not what is expected"
                return Difference("sct/structure", phrase)
            return told.within(f"attribute `{name}`")
    if expected.extra != actual.extra and not expected.config:
        return Difference("sct/structure", f"is configured as ({actual.extra}), not as expected")
    return None


def _weights(
    expected: ModuleValue, actual: ModuleValue, options: Options, compare: Compare
) -> Difference | None:
    for noun, wanted, found in (
        ("parameter", expected.parameters, actual.parameters),
        ("buffer", expected.buffers, actual.buffers),
    ):
        if len(wanted) != len(found):
            return Difference(
                "sct/structure", f"has {count(len(found), noun)}, expected {len(wanted)}"
            )
        for one, (name, other) in zip(wanted.values(), found.items(), strict=True):
            if (one is None) != (other is None):
                state = "no" if other is None else "a"
                return Difference("sct/structure", f"has {state} {noun} `{name}`, unlike expected")
            told = compare(one, other, options)
            if told is not None and (options.weights or told.code != "sct/value"):
                return told.within(f"{noun} `{name}`")
            if one is not None and one.requires_grad != other.requires_grad:
                word = "is frozen" if one.requires_grad else "is not frozen"
                return Difference(
                    "sct/value",
                    f"{word} (requires_grad={other.requires_grad}), unlike expected",
                    (f"{noun} `{name}`",),
                )
    return None


def _optimizers(
    expected: OptimizerValue, actual: OptimizerValue, options: Options, compare: Compare
) -> Difference | None:
    if _short(expected.type) != _short(actual.type):
        return Difference(
            "sct/type",
            f"is {article(_short(actual.type))} optimizer, expected another one",
        )
    if len(expected.groups) != len(actual.groups):
        found, wanted = len(actual.groups), len(expected.groups)
        return Difference(
            "sct/structure", f"has {count(found, 'parameter group')}, expected {wanted}"
        )
    for wanted, found in zip(expected.groups, actual.groups, strict=True):
        for name, value in wanted.items():
            if name not in found:
                return Difference("sct/structure", f"has no setting `{name}`")
            if compare(value, found[name], options) is not None:
                shown = found[name]
                return Difference(
                    "sct/value", f"has {name}={shown!r}, which is not what is expected"
                )
    for wanted, found in zip(expected.parameters, actual.parameters, strict=True):
        if [(item.shape, item.dtype) for item in wanted] != [
            (item.shape, item.dtype) for item in found
        ]:
            return Difference("sct/structure", "is given other parameters than expected")
        names = [(one.name, other.name) for one, other in zip(wanted, found, strict=True)]
        if any(one and other and one != other for one, other in names):
            told = next(other for one, other in names if one != other)
            return Difference(
                "sct/structure", f"is given `{told}`, expected the parameters of another module"
            )
        if any(one and not other for one, other in names):
            return Difference(
                "sct/structure",
                "is given parameters that belong to no module any more: make it after the module",
            )
    return None


def _loaders(
    expected: LoaderValue, actual: LoaderValue, options: Options, compare: Compare
) -> Difference | None:
    for name in ("batch_size", "shuffled", "drop_last"):
        found, wanted = getattr(actual, name), getattr(expected, name)
        if found != wanted:
            noun = "shuffle" if name == "shuffled" else name
            return Difference("sct/value", f"has {noun}={found}, which is not what is expected")
    if expected.length != actual.length:
        return Difference("sct/value", f"gives {actual.length} batches, expected {expected.length}")
    told = compare(expected.dataset, actual.dataset, options)
    return None if told is None else told.within("its dataset")
