"""What the report tells of tensors, arrays and modules that a submission has made."""

from __future__ import annotations

import base64

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Lesson, Limits, Report, Seen

pytestmark = pytest.mark.asyncio(loop_scope="session")
CODE = """\
import torch, numpy
weight = torch.tensor([[0.0, 1.0], [float("nan"), 2.0]], requires_grad=True)
given = given.view(1, 4)
flags = torch.tensor([True, False])
large = torch.arange(2**18).float()
array = numpy.ones((2, 3)) * 7
nothing = torch.zeros(0, 3)
scalar = torch.tensor(3)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    def extra_repr(self):
        raise ValueError
net = Net()
sparse = torch.eye(2).to_sparse()
odd = torch.zeros(2, device="meta")
"""
LESSON = Lesson(pre_exercise_code="import torch\ngiven = torch.arange(4.)")


def at_the_end(report: Report) -> dict[str, Seen]:
    return {seen.name: seen for seen in report.seen if seen.line == 0}


async def test_tensors_arrays_and_modules_are_told(torch_runner: HostRunner) -> None:
    report = await torch_runner.run(LESSON, CODE, "a.py", Limits())
    assert report.verdict == "passed", report.feedback
    seen = at_the_end(report)
    weight = seen["weight"]
    assert (weight.shape, weight.dtype, weight.device) == ((2, 2), "float32", "cpu")
    assert weight.gradient
    assert (weight.low, weight.high) == (0.0, 2.0)
    assert weight.first == ("0", "1", "nan", "2")
    assert base64.b64decode(weight.levels) == bytes([0, 127, 255, 254])
    assert seen["given"].shape == (1, 4)
    assert seen["flags"].first == ("True", "False")
    assert seen["large"].levels == ""
    assert (seen["large"].low, seen["large"].high) == (0.0, 2**18 - 1)
    assert seen["large"].first[:2] == ("0", "1")
    assert (seen["array"].type, seen["array"].shape) == ("ndarray", (2, 3))
    assert base64.b64decode(seen["array"].levels) == bytes(6)
    assert (seen["nothing"].shape, seen["nothing"].first) == ((0, 3), ())
    assert (seen["scalar"].shape, seen["scalar"].first) == ((), ("3",))
    assert seen["net"].text.splitlines() == [
        "Net(), 15 parameters",
        "  layers: Sequential()",
        "    0: Linear(in_features=4, out_features=3)",
        "    1: ReLU()",
    ]
    assert seen["sparse"].shape == (2, 2)
    assert seen["odd"].device == "meta"


async def test_a_check_tells_the_learners_values_and_none_of_the_solutions(
    torch_runner: HostRunner,
) -> None:
    lesson = Lesson(
        pre_exercise_code="import torch\nsecret_free = torch.zeros(1)",
        solution="answer = torch.full((2, 2), 41.5)\nonly_solution = 1",
        sct='Ex().check_object("answer").has_equal_value()',
    )
    code = "answer = torch.full((2, 2), 40.5)\nonly_solution\n"
    report = await torch_runner.check(lesson, code.splitlines()[0], "a.py", Limits())
    assert report.verdict == "failed"
    (answer,) = at_the_end(report).values()
    assert answer.first == ("40.5",) * 4
    raised = await torch_runner.check(lesson, code, "a.py", Limits())
    assert raised.verdict == "error"
    assert set(at_the_end(raised)) == {"answer"}
    told = repr((report.seen, raised.seen))
    assert "41.5" not in told
    assert "secret" not in told


async def test_what_had_to_be_ended_tells_nothing(torch_runner: HostRunner) -> None:
    report = await torch_runner.run(
        Lesson(), "x = 1\nwhile True: pass", "a.py", Limits(seconds=0.5)
    )
    assert (report.verdict, report.seen) == ("timeout", ())


async def test_a_submission_that_breaks_tensors_only_loses_their_values(
    torch_runner: HostRunner,
) -> None:
    code = "import torch\nx = torch.ones(3)\ntorch.Tensor.detach = None\n"
    report = await torch_runner.run(Lesson(), code, "a.py", Limits())
    assert report.verdict == "passed"
    assert at_the_end(report)["x"].shape == (3,)
    assert at_the_end(report)["x"].first == ()


async def test_a_process_that_ends_once_it_has_answered_only_loses_its_values(
    torch_runner: HostRunner,
) -> None:
    code = """\
import os, sys
def leave(frame, event, argument):
    if frame.f_code.co_name == "look_back":
        os._exit(0)
print("done")
sys.setprofile(leave)
"""
    report = await torch_runner.run(Lesson(), code, "a.py", Limits())
    assert (report.verdict, report.output, report.seen) == ("passed", "done\n", ())
    lesson = Lesson(sct='Ex().has_output("done")')
    judged = await torch_runner.check(lesson, code, "a.py", Limits())
    assert (judged.verdict, judged.feedback[0].code) == ("error", "run/crash")
    assert judged.output == "done\n"
    after = await torch_runner.check(lesson, 'print("done")', "a.py", Limits())
    assert after.verdict == "passed"
