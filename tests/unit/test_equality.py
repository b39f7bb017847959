"""Equality of plain values as a teacher means it, and what is said of a difference."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck_runner.judge.equality import Tolerance, difference, unchecked
from blankcheck_runner.observation import (
    ClassValue,
    ExceptionValue,
    FunctionValue,
    InstanceValue,
    NamedTupleValue,
    Opaque,
    ViewValue,
)

keys = st.integers() | st.text()
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_a_value_equals_itself(value: object) -> None:
    assert difference(value, value) is None


@given(plain, plain)
def test_differing_is_mutual(one: object, other: object) -> None:
    assert (difference(one, other) is None) == (difference(other, one) is None)


@given(st.floats(-1e12, 1e12), st.floats(1e-3, 1e3), st.booleans())
def test_a_difference_above_tolerance_is_told(value: float, share: float, more: bool) -> None:
    apart = max(abs(value), 1e-6) * share
    assert difference(value, value + apart if more else value - apart) is not None


@given(st.lists(st.integers(), min_size=1), st.data())
def test_one_changed_item_is_found(values: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    changed = [*values]
    changed[place] += data.draw(st.integers(1, 10))
    told = difference(values, changed)
    assert told is not None
    assert told.path == (f"item {place}",)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 1.0),
        (2.0, 2),
        (0.3, 0.1 + 0.2),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (True, 1),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, 2}, {2, 1}),
        ({0.3}, {0.1 + 0.2}),
        ((1, 2), NamedTupleValue("P", "m", ("x", "y"), (1, 2))),
        (ViewValue("dict_keys", ("a", "b")), ViewValue("dict_keys", ("b", "a"))),
        (FunctionValue("len", "builtins"), FunctionValue("len", "builtins")),
        (Opaque("filter", "builtins"), Opaque("filter", "builtins")),
        (InstanceValue("A", "solution", {"x": 1}), InstanceValue("A", "__main__", {"x": 1})),
    ],
)
def test_equal(expected: object, actual: object) -> None:
    assert difference(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual", "code", "message"),
    [
        (3, 4, "sct/value", "`x` is 4, which is too large."),
        (3, 2, "sct/value", "`x` is 2, which is too small."),
        (2.5, -2.5, "sct/value", "`x` is -2.5, which has the wrong sign."),
        (True, False, "sct/value", "`x` is False, expected another value."),
        (
            3.14159,
            3.14,
            "sct/value",
            "`x` is 3.14, which is close but not equal: it may have been rounded.",
        ),
        ("Hi", "hi", "sct/value", "`x` is 'hi', which differs only in upper and lower case."),
        ("a b", "a  b", "sct/value", "`x` is 'a  b', which differs only in spaces or line ends."),
        ("a, b", "a b", "sct/value", "`x` is 'a b', which differs only in punctuation."),
        (
            "loss: 3",
            "loss: 4",
            "sct/value",
            "`x` is 'loss: 4', which is not the text expected: they part after 'loss: '.",
        ),
        (3, "3", "sct/type", "`x` is a string, expected a whole number: quotes make it text."),
        ([1, 2], (1, 2), "sct/type", "`x` is a tuple of 2 numbers, expected a list of 2 numbers."),
        ([1, 2], [1], "sct/value", "`x` has 1 item, expected 2."),
        ([[1, 2]], [[1, 5]], "sct/value", "item 1 of item 0 of `x` is 5, which is too large."),
        ({"a": 1}, {"a": 0}, "sct/value", "key 'a' of `x` is 0, which is too small."),
        ({"a": 1}, {"b": 1}, "sct/value", "`x` has the key 'b', which is not expected."),
        ({1, 2}, {1, 3}, "sct/value", "`x` holds 3, which is not expected."),
        (
            4,
            FunctionValue("f", "__main__"),
            "sct/type",
            "`x` is a function, expected a whole number: it was named but not called, the "
            "parentheses are missing.",
        ),
        (
            InstanceValue("Dog", "__main__"),
            ClassValue("Dog", "__main__"),
            "sct/type",
            "`x` is a class, expected a Dog object: it is the class itself, call it to make an "
            "object.",
        ),
        (
            FunctionValue("max", "builtins"),
            FunctionValue("min", "builtins"),
            "sct/value",
            "`x` is the function `min`, expected another function.",
        ),
        (
            InstanceValue("A", "m", {"size": 3}),
            InstanceValue("A", "m", {"size": 4}),
            "sct/value",
            "attribute `size` of `x` is 4, which is too large.",
        ),
        (
            ExceptionValue("ValueError", "builtins", ("a",)),
            ExceptionValue("KeyError", "builtins", ("a",)),
            "sct/type",
            "`x` is a KeyError object, expected another class.",
        ),
    ],
)
def test_what_is_said(expected: object, actual: object, code: str, message: str) -> None:
    told = difference(expected, actual)
    assert told is not None
    assert (told.code, told.about("`x`")) == (code, message)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [(41276, 3), ("41276", "no"), ([41276], [3]), ({"41276": 1}, {"b": 1}), ({41276}, {3})],
)
def test_a_short_answer_is_not_given_away(expected: Any, actual: Any) -> None:
    told = difference(expected, actual)
    assert told is not None
    assert "41276" not in told.message


@pytest.mark.parametrize("reason", ["too large", "not readable", "refers to itself"])
def test_what_could_not_be_seen_equals_nothing(reason: str) -> None:
    unseen = Opaque("list", "builtins", reason)
    told = difference(unseen, unseen)
    assert told is not None
    assert reason in told.message


def test_the_message_without_a_name() -> None:
    told = difference([1], [2])
    assert told is not None
    assert told.message == "Item 0 of the value is 2, which is too large."


def test_a_tolerance_of_ones_own() -> None:
    wide = Tolerance(0.1, 0.0, 0.0)
    assert difference(100.0, 105.0, tolerance=wide) is None
    assert difference(100.0, 115.0, tolerance=wide) is not None


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ([1, {"a": "b"}], True),
        ([Opaque("generator")], False),
        ({"f": FunctionValue("<lambda>", "__main__")}, False),
        (FunctionValue("len", "builtins"), True),
        (InstanceValue("A", "m", {"inner": Opaque("socket")}), False),
    ],
)
def test_what_comparing_cannot_see_into(value: object, seen: bool) -> None:
    assert (unchecked(value) is None) == seen
