"""Rules on misconceptions that work from the texts and a crash's testimony, without any torch."""

from __future__ import annotations

import sys

import pytest

from blankcheck_runner.crash import observe
from blankcheck_runner.judge import misconceptions
from blankcheck_runner.judge.misconceptions import Texts, explain_crash
from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.testimony import Crash, Frame
from blankcheck_runner.wire import Feedback

FILE = "answer.py"


def crashed(submission: str, at: str, message: str, kind: str = "RuntimeError") -> Crash:
    """A crash with a message, in the expression `at` of a submission."""
    start = submission.index(at)
    line = submission.count("\n", 0, start) + 1
    return Crash(
        kind, kind, message, frames=(Frame(FILE, "<module>", line, start, start + len(at)),)
    )


def told(
    submission: str, at: str, message: str, solution: str = "", kind: str = "RuntimeError"
) -> tuple[str, str]:
    """The code that is told for a crash, and the text that is marked."""
    crash = crashed(submission, at, message, kind)
    frame = crash.frames[0]
    plain = Feedback("run/exception", "It crashed.", start=frame.start, end=frame.end)
    found = explain_crash(Texts(submission, solution or submission, ""), crash, plain)
    return found.code, submission[found.start : found.end]


def test_a_class_in_a_sequential_is_told_at_the_class() -> None:
    submission = "net = nn.Sequential(nn.Linear(4, 8), nn.ReLU)\n"
    assert told(
        submission,
        "nn.Sequential(nn.Linear(4, 8), nn.ReLU)",
        "not a Module subclass",
        kind="TypeError",
    ) == ("torch/class-not-instance", "nn.ReLU")


def test_swapped_features_are_told_where_the_layer_is_made() -> None:
    solution = "fc = nn.Linear(6 * 16, 10)\nout = fc(x)\n"
    submission = "fc = nn.Linear(10, 96)\nout = fc(x)\n"
    message = "mat1 and mat2 shapes cannot be multiplied (2x96 and 10x96)"
    assert told(submission, "fc(x)", message, solution) == (
        "torch/features-swapped",
        "nn.Linear(10, 96)",
    )


def test_other_features_are_not_swapped_ones() -> None:
    solution = "fc = nn.Linear(96, 10)\nout = fc(x)\n"
    submission = "fc = nn.Linear(10, 32)\nout = fc(x)\n"
    message = "mat1 and mat2 shapes cannot be multiplied (2x96 and 10x32)"
    assert told(submission, "fc(x)", message, solution)[0] == "run/exception"


def test_a_view_that_does_not_come_out() -> None:
    submission = "flat = images.view(2, 10)\n"
    message = "shape '[2, 10]' is invalid for input of size 24"
    assert told(submission, "images.view(2, 10)", message) == (
        "torch/view-elements",
        "images.view(2, 10)",
    )


def test_a_leaf_that_is_changed_in_place() -> None:
    submission = "w -= 0.1 * w.grad\n"
    message = "a leaf Variable that requires grad is being used in an in-place operation."
    code, _ = told(submission, "w -= 0.1 * w.grad", message)
    assert code == "torch/leaf-in-place"


@pytest.mark.parametrize("other", ["w_1 @ x", "w_1.matmul(x)", "torch.mm(w_1, x)"])
def test_a_product_is_known_in_any_form(other: str) -> None:
    solution = "import torch\nh = torch.matmul(x, w_1)\n"
    submission = f"import torch\nh = {other}\n"
    message = "mat1 and mat2 shapes cannot be multiplied (4x4 and 1x4)"
    assert told(submission, other, message, solution)[0] == "torch/swapped-operands"


def test_other_crashes_keep_their_explanation() -> None:
    assert told("x = 1 / 0\n", "1 / 0", "division by zero", kind="ZeroDivisionError") == (
        "run/exception",
        "1 / 0",
    )


def test_a_mistake_after_the_crash_is_not_told() -> None:
    submission = "x = 1 / 0\nact = nn.ReLU(h)\n"
    assert told(submission, "1 / 0", "division by zero")[0] == "run/exception"


def test_a_rule_that_fails_costs_no_feedback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(evidence: Evidence) -> Told | None:
        raise ValueError("a submission unlike any other")

    monkeypatch.setattr(misconceptions, "RULES", (broken,))
    assert told("x = 1 / 0\n", "1 / 0", "division by zero")[0] == "run/exception"


@pytest.mark.parametrize(
    "submission",
    ["", "x =", "def f(:", "x = (" * 50, "x.y.z\n" * 2000, "a[" + "(" * 200 + ")" * 200 + "]"],
)
def test_no_text_is_too_strange(submission: str) -> None:
    crash = Crash("ValueError", "ValueError", "no")
    plain = Feedback("run/exception", "It crashed.")
    found = explain_crash(Texts(submission, "y = 1\n", ""), crash, plain)
    assert found.code in ("run/exception", "torch/method-not-called")


def test_real_testimony_is_understood() -> None:
    submission = "total = sum(value.values)\n"
    try:
        exec(compile(submission, FILE, "exec"), {"value": {"a": 1}})
    except TypeError as error:
        crash = observe(error, {FILE: submission})
    else:
        pytest.fail("it did not crash")
    plain = Feedback("run/type", "It crashed.", start=8, end=25)
    found = explain_crash(Texts(submission, "total = sum(value.values())\n", ""), crash, plain)
    if sys.version_info >= (3, 11):
        assert submission[found.start : found.end] == "value.values"
    assert found.code == "torch/method-not-called"
