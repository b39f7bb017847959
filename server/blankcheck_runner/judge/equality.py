"""Whether a value is what a teacher means, and the one fact that says most where it is not.

Works on rebuilt values: builtins, tensors, arrays, tables and stand-ins, never on a learner's
objects. Numbers compare as `==` does (1 is 1.0, and True is 1), floats within a tolerance. Of plain
numbers and strings a message says what was found but not what is expected, since that would often
be the answer; of a single number in a tensor it says both.
"""

from __future__ import annotations

import cmath
import math
from typing import Any, cast

from blankcheck_runner.judge.difference import (
    EXACT,
    Difference,
    Options,
    Tolerance,
    kinds,
    number_text,
    single,
    tolerance_of,
)
from blankcheck_runner.judge.structures import structure_difference
from blankcheck_runner.judge.tensors import (
    array_difference,
    summary_difference,
    tensor_difference,
)
from blankcheck_runner.observation import standins
from blankcheck_runner.observation.describing import count
from blankcheck_runner.observation.standins import (
    FunctionValue,
    NamedTupleValue,
    Opaque,
    TensorSummary,
)

__all__ = ["EXACT", "Difference", "Options", "Tolerance", "difference", "unchecked"]


def difference(
    expected: Any,
    actual: Any,
    *,
    tolerance: Tolerance | None = None,
    check_requires_grad: bool = False,
    check_device: bool = False,
    check_weights: bool = False,
    check_mode: bool = False,
) -> Difference | None:
    """How `actual` differs from `expected`, or null where a teacher would call them equal."""
    options = Options(tolerance, check_requires_grad, check_device, check_weights, check_mode)
    return compare(expected, actual, options)


def compare(expected: Any, actual: Any, options: Options) -> Difference | None:
    """The same with its options in one."""
    if expected is None or actual is None:
        return None if expected is actual else kinds(expected, actual)
    if _is_tensor(expected) and _is_tensor(actual):
        if isinstance(expected, TensorSummary) or isinstance(actual, TensorSummary):
            return summary_difference(expected, actual, options)
        return tensor_difference(expected, actual, options)
    left, right = _number(expected), _number(actual)
    if left is not None and right is not None:
        return _numbers(left, right, expected, actual, options)
    wanted, found = _tuple_items(expected), _tuple_items(actual)
    if wanted is not None and found is not None:
        return _sequences(wanted, found, options)
    if _kind(expected) is not _kind(actual):
        if all(kind.__name__.endswith("Index") for kind in (_kind(expected), _kind(actual))):
            return _tables(expected, actual, options)
        return kinds(expected, actual)
    return _same_type(expected, actual, options)


def _same_type(expected: Any, actual: Any, options: Options) -> Difference | None:
    kind = _kind(expected)
    if kind is str:
        return _strings(expected, actual)
    if kind is list:
        return _sequences(expected, actual, options)
    if kind is dict:
        return _dicts(expected, actual, options)
    if kind in (set, frozenset):
        return _sets(expected, actual, options)
    if kind.__module__ == standins.__name__:
        return structure_difference(expected, actual, options, compare)
    if kind.__module__ == "numpy" and hasattr(expected, "ndim"):
        if expected.dtype.kind == "O" or actual.dtype.kind == "O":
            if expected.shape != actual.shape:
                return array_difference(expected, actual, options)
            return _sequences(expected.ravel().tolist(), actual.ravel().tolist(), options)
        return array_difference(expected, actual, options)
    if kind.__module__.startswith("pandas"):
        return _tables(expected, actual, options)
    if expected == actual:
        return None
    if kind.__module__ == "torch" and kind.__name__ == "device":
        # Code sees one card: with its number or without, it is the same one.
        names = [str(side).removesuffix(":0") for side in (actual, expected)]
        if names[0] == names[1]:
            return None
        return Difference("sct/device", f"is the device {actual}, expected {expected}")
    if kind.__module__ == "torch":
        return Difference("sct/value", f"is {actual}, expected another {kind.__name__}")
    return Difference("sct/value", f"is {_short(repr(actual))}, which is not what is expected")


def unchecked(value: Any) -> str | None:
    """What in a value comparing cannot see into, as a noun (`a generator`), or null."""
    match value:
        case Opaque():
            return f"an object of type {value.type}"
        case FunctionValue():
            return "a function" if value.name.endswith("<lambda>") else None
        case TensorSummary(sample=None):
            return None if value.device == "meta" else "a tensor that is not carried here"
        case list() | tuple() | set() | frozenset():
            inner = list(cast(Any, value))
        case dict():
            inner = list(cast(Any, value).values())
        case standins.InstanceValue():
            inner = [value.content, dict(value.attributes)]
        case standins.NamedTupleValue():
            inner = list(value.items)
        case _:
            return None
    return next((found for item in inner if (found := unchecked(item))), None)


def _kind(value: Any) -> type[Any]:
    return cast(type[Any], type(value))


def _tuple_items(value: Any) -> tuple[Any, ...] | None:
    """What a tuple of any sort holds; null for anything else."""
    if _kind(value) is NamedTupleValue:
        return value.items
    return cast("tuple[Any, ...]", value) if isinstance(value, tuple) else None


def _is_tensor(value: Any) -> bool:
    kind = _kind(value)
    return kind is TensorSummary or (
        kind.__module__ in ("torch", "torch.nn.parameter")
        and kind.__name__ in ("Tensor", "Parameter")
    )


def _number(value: Any) -> int | float | complex | None:
    kind = _kind(value)
    if kind in (bool, int, float, complex):
        return value
    if kind.__module__ == "numpy" and kind.__name__ != "ndarray" and hasattr(value, "dtype"):
        return value.item() if value.dtype.kind in "biufc" else None
    return None


def _numbers(
    expected: Any, actual: Any, wanted: Any, found: Any, options: Options
) -> Difference | None:
    if expected == actual:
        return None
    if isinstance(expected, int) and isinstance(actual, int):
        return Difference("sct/value", _number_phrase(expected, actual))
    if isinstance(expected, complex) or isinstance(actual, complex):
        near = abs(expected - actual) <= 1e-7 * max(abs(expected), abs(actual))
        near = near or (cmath.isnan(expected) and repr(complex(expected)) == repr(complex(actual)))
        told = f"is {number_text(complex(actual))}, expected another number"
        return None if near else Difference("sct/value", told)
    try:
        expected, actual = float(expected), float(actual)
    except OverflowError:
        return Difference("sct/value", "is a number of quite another size than expected")
    if math.isnan(expected) and math.isnan(actual):
        return None
    narrow = single(expected) and single(actual)
    for value in (wanted, found):
        narrow = narrow or str(getattr(value, "dtype", "")) == "float32"
    tolerance = options.tolerance or tolerance_of("float32" if narrow else "float64")
    size = max(abs(expected), abs(actual))
    if math.isfinite(size):
        allowed = tolerance.relative * size + max(tolerance.scale * size, tolerance.floor)
        if abs(expected - actual) <= allowed:
            return None
    return Difference("sct/value", _number_phrase(expected, actual))


def _number_phrase(expected: float, actual: float) -> str:
    shown = number_text(actual)
    if isinstance(actual, bool):
        return f"is {actual}, expected another value"
    if math.isnan(actual) or math.isnan(expected):
        return f"is {shown}, expected {'nan' if math.isnan(expected) else 'a number'}"
    if actual == -expected:
        return f"is {shown}, which has the wrong sign"
    if abs(actual - expected) <= 0.01 * abs(expected) and isinstance(actual, float):
        return f"is {actual!r}, which is close but not equal: it may have been rounded"
    return f"is {shown}, which is too {'large' if actual > expected else 'small'}"


def _strings(expected: str, actual: str) -> Difference | None:
    if expected == actual:
        return None
    phrase = f"is {_short(repr(actual))}, "
    if expected.casefold() == actual.casefold():
        phrase += "which differs only in upper and lower case"
    elif expected.split() == actual.split():
        phrase += "which differs only in spaces or line ends"
    elif "".join(expected.split()) == "".join(actual.split()):
        phrase += "which differs only in spaces"
    elif _letters(expected) == _letters(actual):
        phrase += "which differs only in punctuation"
    else:
        phrase += "which is not the text expected"
        same = next(
            (i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b),
            min(len(expected), len(actual)),
        )
        if same >= 3:
            phrase += f": they part after {_short(repr(actual[:same]))}"
    return Difference("sct/value", phrase)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]}…{text[-15:]}"


def _sequences(expected: Any, actual: Any, options: Options) -> Difference | None:
    if len(expected) != len(actual):
        shape = type(expected).__name__ == "Size"
        if shape:
            return Difference(
                "sct/value", f"has {count(len(actual), 'dimension')}, not as expected"
            )
        phrase = f"has {count(len(actual), 'item')}, expected {len(expected)}"
        return Difference("sct/value", phrase, amount=True)
    for place, (one, other) in enumerate(zip(expected, actual, strict=True)):
        told = compare(one, other, options)
        if told is not None:
            return told.within(f"item {place}")
    return None


def _dicts(expected: dict[Any, Any], actual: dict[Any, Any], options: Options) -> Difference | None:
    if len(expected) != len(actual):
        found = count(len(actual), "entry")
        phrase = f"has {found}, expected {len(expected)}"
        return Difference("sct/value", phrase, amount=True)
    for key, value in actual.items():
        if key not in expected:
            return Difference(
                "sct/value", f"has the key {_short(repr(key))}, which is not expected"
            )
        told = compare(expected[key], value, options)
        if told is not None:
            return told.within(f"key {_short(repr(key))}")
    return None


def _sets(expected: Any, actual: Any, options: Options) -> Difference | None:
    if expected == actual:
        return None
    if len(expected) != len(actual):
        phrase = f"has {count(len(actual), 'item')}, expected {len(expected)}"
        return Difference("sct/value", phrase, amount=True)
    left = [item for item in expected if item not in actual]
    for item in (item for item in actual if item not in expected):
        match = next((other for other in left if compare(other, item, options) is None), None)
        if match is None and not any(other is None for other in left):
            return Difference("sct/value", f"holds {_short(repr(item))}, which is not expected")
        left.remove(match)
    return None


def _tables(expected: Any, actual: Any, options: Options) -> Difference | None:
    name = type(expected).__name__
    if name == "DataFrame":
        found, wanted = actual.shape, expected.shape
        if found[1] != wanted[1] or list(actual.columns) != list(expected.columns):
            known = set(expected.columns)
            extra = next((column for column in actual.columns if column not in known), None)
            if found[1] != wanted[1]:
                phrase = f"has {count(found[1], 'column')}, expected {wanted[1]}"
            elif extra is not None:
                phrase = f"has a column {extra!r}, which is not expected"
            else:
                phrase = "has its columns in another order than expected"
            return Difference("sct/structure", phrase)
        if found[0] != wanted[0]:
            phrase = f"has {count(found[0], 'row')}, expected {wanted[0]}"
            return Difference("sct/shape", phrase)
        for place, column in enumerate(expected.columns):
            told = _sequences(
                expected.iloc[:, place].tolist(), actual.iloc[:, place].tolist(), options
            )
            if told is not None:
                return told.within(f"column {column!r}")
        told = compare(expected.index.tolist(), actual.index.tolist(), options)
        return None if told is None else told.within("its index")
    if name in ("Timestamp", "Timedelta", "NaTType", "NAType"):
        if type(actual) is type(expected) and (str(expected) == str(actual)):
            return None
        return Difference("sct/value", f"is {actual}, which is not what is expected")
    told = _sequences(expected.tolist(), actual.tolist(), options)
    if told is None and name == "Series":
        told = compare(expected.index.tolist(), actual.index.tolist(), options)
        return None if told is None else told.within("its index")
    return told
