"""What `observe` tells of an exception, and that nothing the learner's objects do stops it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from blankcheck_runner import crash
from blankcheck_runner.described import Value
from blankcheck_runner.explain import explain
from blankcheck_runner.testimony import Crash, crash_from_json, crash_to_json

FILE = "/somewhere/exercise.py"


def raised(code: str, **names: Any) -> BaseException:
    try:
        exec(compile(code, FILE, "exec"), names)
    except BaseException as error:
        return error
    pytest.fail("the code raised nothing")


def observe(code: str, **names: Any) -> Crash:
    seen = crash.observe(raised(code, **names), {FILE: code})
    told = json.dumps(crash_to_json(seen))
    assert len(told) < 500_000
    assert crash_from_json(json.loads(told)) == seen
    return seen


def operand(seen: Crash, code: str, text: str) -> Value:
    found = [item.value for item in seen.operands if code[item.start : item.end] == text]
    assert found, f"nothing is told of {text}"
    return found[0]


def test_what_stood_in_the_failing_expression() -> None:
    code = "print('before')\nz = torch.matmul(x, w) + len([1])\n"
    seen = observe(code, torch=torch, x=torch.ones(2, 4), w=torch.ones(3, dtype=torch.int64))
    assert seen.type == "RuntimeError"
    frame = seen.frames[0]
    assert (frame.file, frame.function, frame.line) == (FILE, "<module>", 2)
    if sys.version_info >= (3, 11):
        assert code[frame.start : frame.end] == "torch.matmul(x, w)"
    x, w = operand(seen, code, "x"), operand(seen, code, "w")
    assert (x.kind, x.shape, x.dtype, x.device) == ("tensor", (2, 4), "float32", "cpu")
    assert (w.shape, w.dtype) == ((3,), "int64")
    assert operand(seen, code, "torch.matmul").parameters[:2] == ("input", "other")


def test_library_frames_are_folded_and_name_the_layer() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    seen = observe("net(x)\n", net=net, x=torch.ones(3, 4))
    assert len(seen.frames) == 1
    assert seen.folded >= 4
    last = [call for call in seen.calls if call.owner][-1]
    assert last.path == "1.1"
    assert last.owner is not None
    assert last.owner.facts["in_features"] == 5
    assert last.arguments is not None
    assert last.arguments["input"].shape == (3, 4)


def test_calls_and_properties_are_not_evaluated_again() -> None:
    code = """\
class Box:
    @property
    def size(self):
        called.append("property")
        return 3
    def __getattr__(self, name):
        called.append(name)
        raise AttributeError(name)
    def __repr__(self):
        called.append("repr")
        return "box"
    def make(self):
        called.append("make")
        return 1
box = Box()
box.make() + box.size + None + box
"""
    called: list[str] = []
    observe(code, called=called)
    assert called == ["make", "property"]


def test_many_frames_are_cut_in_the_middle() -> None:
    code = "def f(n):\n    return f(n + 1)\nf(0)\n"
    seen = observe(code)
    assert seen.base == "RecursionError"
    assert len(seen.frames) == 24
    assert seen.frames[0].function == "<module>"
    assert seen.frames[-1].function == "f"


def test_the_root_of_a_chain_is_told() -> None:
    code = "try:\n    1 / 0\nexcept Exception as error:\n    raise ValueError('a') from error\n"
    seen = observe(code)
    assert (seen.type, seen.message) == ("ValueError", "a")
    assert seen.cause == "ZeroDivisionError: division by zero"


def test_a_chain_that_bites_its_tail() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert crash.observe(one, {}).cause == "ValueError: two"


def test_names_of_the_frame_that_failed() -> None:
    code = "top = 1\ndef f(inner):\n    return inne\nf(2)\n"
    seen = observe(code)
    assert seen.missing == "inne"
    assert {"top", "f", "inner"} <= set(seen.scope)


def test_what_an_object_has_in_place_of_the_missing_attribute() -> None:
    code = "net.wieght\n"
    seen = observe(code, net=nn.Linear(2, 2))
    assert seen.owner is not None
    assert seen.owner.kind == "layer"
    assert {"weight", "bias", "forward"} <= set(seen.attributes)


def hostile_text() -> BaseException:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise SystemExit("from __str__")

    return Hostile()


def hostile_size() -> BaseException:
    return ValueError("x" * 50_000_000)


def hostile_characters() -> BaseException:
    return ValueError("\ud800\x1b[31m\u202eevil\x00")


def hostile_class() -> BaseException:
    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise RuntimeError(name)

    return Meta("Strange", (Exception,), {})("strange")


def hostile_attributes() -> BaseException:
    class Hostile(AttributeError):
        def __getattribute__(self, name: str) -> Any:
            raise KeyboardInterrupt(name)

    return Hostile("no attribute 'x'")


def hostile_file() -> BaseException:
    return FileNotFoundError(2, "no", b"\xff\xfe/\x00")


@pytest.mark.parametrize(
    "make",
    [
        hostile_text,
        hostile_size,
        hostile_characters,
        hostile_class,
        hostile_attributes,
        hostile_file,
    ],
)
def test_hostile_exceptions_are_told_all_the_same(make: Callable[[], BaseException]) -> None:
    code = "raise make()\n"
    feedback = explain(observe(code, make=make), code)
    assert feedback.code.startswith("run/")
    assert len(feedback.message) <= 700
    assert not any(
        ord(character) < 32 or character in "\u202e\ud800" for character in feedback.message
    )
    assert feedback.message


def test_hostile_values_beside_the_error() -> None:
    code = """\
class Meta(type):
    def __getattribute__(cls, name):
        raise SystemExit(name)
class Hostile(metaclass=Meta):
    def __getattribute__(self, name):
        raise SystemExit(name)
    def __eq__(self, other):
        raise SystemExit("eq")
    __hash__ = None
h = Hostile()
class Rows(list):
    def __len__(self):
        raise SystemExit("len")
rows = Rows()
unknown(h, Hostile, rows, h.x, rows[0])
"""
    seen = observe(code)
    assert seen.missing == "unknown"
    assert operand(seen, code, "h").type == "Hostile"


def test_an_error_outside_every_source() -> None:
    seen = crash.observe(raised("1 / 0\n"), {"/other.py": "1 / 0\n"})
    assert seen.frames == ()
    feedback = explain(seen, "x = 1\n")
    assert (feedback.start, feedback.end) == (None, None)
    assert feedback.message == "ZeroDivisionError: division by zero."


def test_a_source_that_is_not_what_ran() -> None:
    error = raised("x = 1\ny = x / 0\n")
    seen = crash.observe(error, {FILE: "("})
    feedback = explain(seen, "(")
    assert "ZeroDivisionError" in feedback.message


def test_an_expression_nested_beyond_reason() -> None:
    code = "x = " + " + ".join(["1"] * 2000) + " + zebra\n"
    feedback = explain(observe(code), code)
    assert "zebra" in feedback.message
    assert feedback.code.startswith("run/")
