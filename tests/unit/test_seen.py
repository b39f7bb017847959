"""What is seen of a submission's names, and what is believed of what a process says of them."""

from __future__ import annotations

import ast
import base64
import json
import math
from typing import Any

import pytest

from blankcheck_runner.execute import compiled
from blankcheck_runner.seen import MAX_ALL_LEVELS, MAX_LEVELS, MAX_SEEN, Watch, seen_from_json
from blankcheck_runner.wire import Seen


def watched(text: str, **given: Any) -> dict[tuple[str, int], Seen]:
    """What is seen of a text that runs, by name and line."""
    namespace: dict[str, Any] = dict(given)
    watch, tree = Watch(namespace), ast.parse(text)
    watch.begin(tree)
    try:
        for line, code in compiled(tree, "<submission>"):
            watch.before(line)
            exec(code, namespace)
    except ZeroDivisionError:
        pass
    found = seen_from_json(json.loads(json.dumps(watch.end())))
    return {(seen.name, seen.line): seen for seen in found}


def test_each_statement_that_binds_a_name_is_seen_and_the_end() -> None:
    found = watched("x = 1\nx = 2\nprint(x, given)\n", given="there")
    assert {key: seen.text for key, seen in found.items()} == {
        ("x", 1): "1",
        ("x", 2): "2",
        ("x", 0): "2",
        ("given", 0): "'there'",
    }


def test_an_exception_leaves_what_was_there_by_then() -> None:
    found = watched("x = 1\ny = x / 0\nz = 3\n")
    assert set(found) == {("x", 1), ("x", 0)}


def test_functions_classes_and_modules_are_not_told() -> None:
    assert watched("import math\nf = math.sin\nclass A: pass\nB = A\nprint(f, A, B)\n") == {}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("[1, 'a', None, (2.5,)]", "[1, 'a', None, (2.5,)]"),
        ("{'a': [1], 2: {}}", "{'a': [1], 2: {}}"),
        ("list(range(100))", "[0, 1, 2, 3, 4, 5, 6, 7, … 100 in all]"),
        ("'x' * 500", f"'{'x' * 79}…"),
        ("10 ** 400", "a very large number"),
        ("[[[[1]]]]", "[[[<list>]]]"),
        ("[object(), print]", "[<object>, <builtin_function_or_method>]"),
    ],
)
def test_a_plain_value_is_written_short(code: str, text: str) -> None:
    assert watched(f"x = {code}\n")["x", 0].text == text


def test_of_other_objects_only_the_type_is_told() -> None:
    seen = watched("class A: pass\na = A()\n")["a", 0]
    assert (seen.type, seen.text) == ("A", "")


def test_no_code_of_the_learner_runs_for_it() -> None:
    text = """\
class A(list):
    def __repr__(self): ran.append(1)
    def __iter__(self): ran.append(2)
    def __len__(self): ran.append(3)
    def __getattr__(self, name): ran.append(4)
    def __bool__(self): ran.append(5)
    def __eq__(self, other): ran.append(6)
ran = []
a = A()
b = [a]
"""
    found = watched(text)
    assert found["ran", 0].text == "[]"
    assert found["b", 0].text == "[<A>]"


def tensor(**changed: Any) -> dict[str, Any]:
    """What an honest process says of a 2 by 2 matrix."""
    levels = base64.b64encode(bytes([0, 1, 2, 254])).decode()
    return {
        "name": "x",
        "line": 1,
        "type": "Tensor",
        "text": "",
        "shape": [2, 2],
        "dtype": "float32",
        "device": "cpu",
        "gradient": False,
        "low": 0.0,
        "high": 1.0,
        "first": ["0", "1"],
        "levels": levels,
        **changed,
    }


def one(**changed: Any) -> Seen:
    (seen,) = seen_from_json([tensor(**changed)])
    return seen


def test_what_is_sound_arrives() -> None:
    sound: dict[str, Any] = {**tensor(), "shape": (2, 2), "first": ("0", "1")}
    assert one() == Seen(**sound)


@pytest.mark.parametrize(
    "data",
    [None, 1, "x", {}, [None], [[]], [{}], [tensor(name="a b")], [tensor(name=3)],
     [tensor(line=-1)], [tensor(line="1")], [tensor(line=True)]],
)  # fmt: skip
def test_what_makes_no_sense_is_dropped(data: object) -> None:
    assert seen_from_json(data) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"levels": "!!!!"},
        {"levels": base64.b64encode(bytes(5)).decode()},
        {"levels": 4},
        {"shape": [3, 2]},
        {"shape": None},
        {"shape": [-2, -2]},
        {"low": math.nan},
        {"low": 2.0},
        {"high": 10**400},
        {"high": "1"},
        {"low": None},
    ],
)
def test_levels_that_are_not_as_they_should_be_are_dropped(changed: dict[str, Any]) -> None:
    assert one(**changed).levels == ""


def test_texts_are_cut_and_made_visible() -> None:
    seen = one(
        type="[click](http://evil)",
        dtype="`x`",
        device="cuda:0",
        text="a\u202eb" + "x" * 10_000,
        first=["1" * 500, "\x1b[31m", 3],
    )
    assert seen.type == "object"
    assert (seen.dtype, seen.device) == ("", "cuda:0")
    assert seen.text.startswith("a\\u202eb")
    assert len(seen.text) <= 1_200
    assert seen.first == ("1" * 24, "\\x1b[31m")


def test_there_is_an_end_to_it() -> None:
    many = [tensor(name=f"x{number}") for number in range(5000)]
    assert len(seen_from_json(many)) == MAX_SEEN
    large = base64.b64encode(bytes(MAX_LEVELS)).decode()
    told = seen_from_json([tensor(shape=[MAX_LEVELS], levels=large)] * 50)
    assert sum(bool(seen.levels) for seen in told) <= MAX_ALL_LEVELS // MAX_LEVELS
