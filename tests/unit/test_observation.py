"""Values as plain data and back, without torch: what is carried, and what never gets in."""

from __future__ import annotations

import collections
import enum
import json
import math
import sys
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankcheck_runner.observation import (
    ClassValue,
    ExceptionValue,
    FunctionValue,
    ImportedModule,
    InstanceValue,
    NamedTupleValue,
    Observation,
    Opaque,
    ViewValue,
    describe,
    observe,
    rebuild,
)


def carried(value: object) -> Any:
    """The value after a trip through JSON."""
    observation = observe(value)
    return rebuild(Observation(json.loads(json.dumps(observation.tree)), observation.blob))


def alike(one: Any, other: Any) -> bool:
    """Equal, with equal types all the way down, NaN like NaN and -0.0 unlike 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (one == other and math.copysign(1, one) == math.copysign(1, other)) or one != one
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(one, dict):
        return alike(list(one), list(other)) and alike([*one.values()], [*other.values()])  # pyright: ignore[reportUnknownArgumentType]
    return bool(one == other)


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8", categories=["L", "N", "Cs", "So"]))
    | st.binary()
)
keys = st.booleans() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
plain = st.recursive(
    atoms | st.frozensets(st.integers()) | st.sets(st.text()),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    assert alike(carried(value), value)


@pytest.mark.parametrize(
    "value",
    [2**200, -(2**63), 1 + 2j, "\ud800", bytearray(b"ab"), range(1, 9, 3), slice(None, 3), ...],
    ids=repr,
)
def test_other_builtin_values(value: object) -> None:
    assert alike(carried(value), value)


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=15,
)
tags = st.sampled_from(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "int",
        "float",
        "complex",
        "bytes",
        "range",
        "slice",
        "tensor",
        "array",
        "scalar",
        "objects",
        "dtype",
        "device",
        "size",
        "layout",
        "numpy_dtype",
        "frame",
        "series",
        "index",
        "missing",
        "timestamp",
        "Opaque",
        "InstanceValue",
        "ModuleValue",
        "OptimizerValue",
        "LoaderValue",
        "TensorSummary",
        "ViewValue",
        "nonsense",
    ]
)


@settings(max_examples=300)
@given(tags, st.lists(trees, max_size=2), st.binary(max_size=20))
def test_a_lying_process_breaks_nothing(tag: str, rest: list[Any], blob: bytes) -> None:
    rebuild(Observation([tag, *rest], blob))
    rebuild(Observation(["list", [[tag, *rest]]], blob))


@pytest.mark.parametrize(
    "tree",
    [
        ["bytes", [0, 10**12]],
        ["int", "0x" + "f" * 100_000],
        ["range", [0, 1, 0]],
        ["tensor", {"shape": [10**9, 10**9], "dtype": "float32", "data": [0, 0]}],
        ["array", {"shape": [2], "dtype": "|O", "data": [0, 16]}],
        ["Opaque", {"type": 3, "module": "", "reason": ""}],
        ["InstanceValue", {"type": "x"}],
        {"a": 1},
        10**30,
    ],
    ids=repr,
)
def test_what_nobody_would_have_written_is_opaque(tree: object) -> None:
    assert isinstance(rebuild(Observation(tree, b"0123456789abcdef")), Opaque)


def test_depth_and_size_are_limited() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    value = carried(deep)
    for _ in range(41):
        (value,) = value
    assert value == Opaque("list", "builtins", "too large")
    assert carried(list(range(300_000))).reason == "too large"
    assert carried("x" * 3_000_000).reason == "too large"
    assert carried(b"x" * (33 * 2**20)).reason == "too large"
    endless: Any = "x"
    for _ in range(5_000):
        endless = [endless]
    assert isinstance(rebuild(Observation(json.loads("[" * 500 + "]" * 500))), Opaque)


def test_a_value_that_holds_itself() -> None:
    value: list[Any] = [1]
    value.append({"again": value})
    assert carried(value) == [1, {"again": Opaque("list", "builtins", "refers to itself")}]
    shared = [1]
    assert carried([shared, shared]) == [[1], [1]]


def _spring(*_: object) -> Any:
    raise AssertionError("the learner's code was called")


def trap(name: str, base: type = object, **members: Any) -> Any:
    """A class that does not let itself be looked at."""
    looks = (
        "__getattribute__ __getattr__ __repr__ __str__ __eq__ __hash__ __reduce__ __reduce_ex__ "
        "__len__ __iter__ __bool__ __getitem__ items keys values"
    )
    springs: dict[str, Any] = dict.fromkeys(looks.split(), _spring)
    springs |= {"__class__": property(_spring), "__module__": __name__, **members}
    return type(name, (base,), springs)


Trap = trap("Trap", __slots__=("inside",))
TrapList = trap("TrapList", list)
TrapDict = trap("TrapDict", dict)


def trapped() -> Any:
    value = Trap()
    Trap.inside.__set__(value, 3)
    return value


def test_a_learners_class_is_not_asked_anything() -> None:
    assert carried(trapped()) == InstanceValue("Trap", __name__, {"inside": 3})
    assert carried(TrapList([1, 2])).content == [1, 2]
    assert carried(TrapDict(a=1)).content == {"a": 1}
    assert carried([trapped()])[0].type == "Trap"


class Colour(enum.Enum):
    RED = 1


class Point:
    def __init__(self) -> None:
        self.x, self._hidden, self.others = 1, 2, [1.5]

    def move(self) -> None:
        raise NotImplementedError


class Pair(NamedTuple):
    left: int
    right: str


def test_stand_ins() -> None:
    assert carried(Point()) == InstanceValue("Point", __name__, {"x": 1, "others": [1.5]})
    assert carried(Colour.RED) == InstanceValue("Colour", __name__, {"name": "RED"}, 1)
    assert carried(Pair(1, "b")) == NamedTupleValue("Pair", __name__, ("left", "right"), (1, "b"))
    assert carried(Point) == ClassValue("Point", __name__)
    assert carried(Trap) == ClassValue("Trap", __name__)
    assert carried(len) == FunctionValue("len", "builtins")
    assert carried(math.sqrt) == FunctionValue("sqrt", "math")
    assert carried(Point().move) == FunctionValue("Point.move", __name__, bound=True)
    assert carried("a".upper) == FunctionValue("str.upper", "builtins", bound=True)
    assert carried(math) == ImportedModule("math")
    assert carried(ValueError("no", 3)) == ExceptionValue("ValueError", "builtins", ("no", 3))
    assert carried({"a": 1}.keys()) == ViewValue("dict_keys", ("a",))
    assert carried(item for item in "a") == Opaque("generator", "builtins")
    assert carried(collections.Counter("aab")).content == {"a": 2, "b": 1}


def test_looking_does_not_use_a_value_up() -> None:
    numbers = iter([1, 2, 3])
    observe(numbers)
    assert list(numbers) == [1, 2, 3]


def test_nothing_is_imported_for_a_learners_value() -> None:
    before = set(sys.modules)
    rebuild(Observation(["frame", {"columns": [], "index": [], "data": []}]))
    rebuild(Observation(["InstanceValue", {"type": "x", "module": "antigravity"}]))
    assert set(sys.modules) - before <= {"blankcheck_runner.observation.table_reading"}


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        (3, "a whole number"),
        (True, "a truth value (True or False)"),
        ([1, 2.5, 3], "a list of 3 numbers"),
        ([], "an empty list"),
        ((1, "a"), "a tuple of 2 items"),
        ({"secret": 1}, "a dictionary of 1 entry"),
        ({"secret": 1, "b": 2}, "a dictionary of 2 entries"),
        (["secret"], "a list of 1 string"),
        (len, "a function"),
        ("secret".upper, "a method"),
        (Point, "a class"),
        (math, "a module"),
        (Point(), "a Point object"),
        (ValueError("secret"), "a ValueError exception"),
        ((item for item in "a"), "a generator object"),
    ],
)
def test_descriptions_tell_the_kind_and_not_the_value(value: object, phrase: str) -> None:
    assert describe(value) == phrase
    assert describe(carried(value)) == phrase
