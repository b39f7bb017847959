"""The derived check on torch code, in real processes."""

from __future__ import annotations

import os

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the other way of starting is much slower"),
]


GIVEN = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
x = torch.randn(1, 4)
w_1 = torch.randn(4, 4)
w_2 = torch.randn(4, 4)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 3)
    def forward(self, x):
        return self.head(torch.relu(self.body(x)))
def train_net(model, optimizer):
    pass
def test_net(model):
    return 0.57
"""
LAYERS = """\
act = nn.LeakyReLU(0.1)
hidden = torch.matmul(x, w_1)
active = act(hidden)
print(torch.matmul(active, w_2))
composed = torch.matmul(w_1, w_2)
print(x @ composed)
"""
DRAWN = """\
s = nn.Softmax(dim=1)
a = torch.randn(3, 4)
b = s(a)
print(b, "\\n")
"""
FORGOTTEN = """\
relu = nn.ReLU()
input_1 = torch.randn(2, 4)
hidden_1 = input_1 @ w_1
hidden_1_active = relu(hidden_1)
print(hidden_1 @ w_2)
input_2 = torch.randn(4, 1)
output_2 = relu(input_1)
"""
REPLACED = """\
model = Net()
model.head = nn.Linear(8, 27)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
model.train()
train_net(model, optimizer)
model.eval()
print("Accuracy: " + str(test_net(model)))
"""
TRAINED = """\
torch.manual_seed(1)
data = torch.randn(20, 3)
target = data @ torch.tensor([[1.0], [2.0], [3.0]])
model = nn.Linear(3, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(5):
    optimizer.zero_grad()
    loss = criterion(model(data), target)
    loss.backward()
    optimizer.step()
print(loss.item() < 5)
"""
STEP = """\
w = torch.zeros(3, requires_grad=True)
loss = ((w - 1) ** 2).sum()
loss.backward()
with torch.no_grad():
    w -= 0.1 * w.grad
w.grad.zero_()
"""
NETWORK = """\
class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 8)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        x = F.relu(self.hidden(x))
        return self.out(self.drop(x))

net = Small()
print(net(x).shape)
"""
ACTIVATED = """\
relu = nn.ReLU()
hidden = torch.matmul(x, w_1)
active = relu(hidden)
print(active @ w_2)
"""
LOOP = """\
model = nn.Linear(4, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    optimizer.zero_grad()
    loss = criterion(model(x), torch.ones(1, 1))
    loss.backward()
    optimizer.step()
"""


def changed(solution: str, old: str, new: str) -> str:
    assert old in solution
    return solution.replace(old, new)


async def checked(runner: HostRunner, solution: str, submission: str) -> Report:
    return await runner.check(Lesson(GIVEN, solution), submission, "/a/b.py", Limits())


@pytest.mark.parametrize(
    ("solution", "old", "new"),
    [
        (LAYERS, "", ""),
        (LAYERS, "torch.matmul(x, w_1)", "x @ w_1"),
        (LAYERS, "torch.matmul(x, w_1)", "x.mm(w_1)"),
        (LAYERS, "hidden", "h"),
        (LAYERS, "print(x @ composed)", "print(x @ (w_1 @ w_2))"),
        (LAYERS, "nn.LeakyReLU(0.1)", "nn.LeakyReLU(negative_slope=0.1)"),
        (LAYERS, "nn.LeakyReLU(0.1)", "lambda t: F.leaky_relu(t, 0.1)"),
        (DRAWN, "nn.Softmax(dim=1)", "nn.Softmax(dim=-1)"),
        (DRAWN, "a = ", "warm_up = torch.randn(7)\na = "),
        (DRAWN, "torch.randn(3, 4)", "torch.normal(0.0, 1.0, (3, 4))"),
        (DRAWN, "torch.randn(3, 4)", "torch.randn(size=(3, 4))"),
        (FORGOTTEN, "print(hidden_1 @", "print(hidden_1_active @"),
        (FORGOTTEN, "relu(input_1)", "relu(input_2)"),
        (REPLACED, "8, 27", "in_features=8, out_features=27"),
        (REPLACED, "model.eval()", "model.train(False)"),
        (REPLACED, '"Accuracy: " + str(test_net(model))', 'f"Accuracy: {test_net(model)}"'),
        (STEP, "w.grad.zero_()", "w.grad = None"),
        (STEP, "0.1 * w.grad", "w.grad / 10"),
        (NETWORK, "F.relu(", "torch.relu("),
        (
            NETWORK,
            "self.hidden = nn.Linear(4, 8)",
            "self.act = nn.ReLU(); self.hidden = nn.Linear(4, 8)",
        ),
        (NETWORK, "hidden", "first"),
        (NETWORK, "return self.out(self.drop(x))", "y = self.drop(x)\n        return self.out(y)"),
        (NETWORK, "net(x).shape", "list(net(x).size())"),
        (ACTIVATED, "nn.ReLU()", "nn.ReLU(inplace=True)"),
        (LOOP, "nn.MSELoss()", "F.mse_loss"),
        (REPLACED, "model.eval()", "model.train(mode=False)"),
        (REPLACED, "model.train()\ntrain_net(model,", "train_net(model.train(),"),
        (TRAINED, "epoch", "i"),
        (TRAINED, "criterion(model(data), target)", "((model(data) - target) ** 2).mean()"),
    ],
)
async def test_passes(forking: HostRunner, solution: str, old: str, new: str) -> None:
    report = await checked(forking, solution, changed(solution, old, new))
    assert report.verdict == "passed", report.feedback


@pytest.mark.parametrize(
    ("solution", "old", "new", "code", "marked"),
    [
        (LAYERS, "torch.matmul(x, w_1)", "torch.matmul(x, w_2)", "sct/value", "w_2"),
        (LAYERS, "nn.LeakyReLU(0.1)", "nn.LeakyReLU(0.2)", "sct/structure", "0.2"),
        (LAYERS, "nn.LeakyReLU(0.1)", "nn.Tanh()", "sct/structure", "nn.Tanh()"),
        (LAYERS, "matmul(active", "matmul(hidden", "sct/value", "hidden"),
        (
            LAYERS,
            "torch.matmul(w_1, w_2)",
            "torch.matmul(w_2, w_1)",
            "sct/value",
            "torch.matmul(w_2, w_1)",
        ),
        (DRAWN, "dim=1", "dim=0", "sct/structure", "0"),
        (DRAWN, "torch.randn", "torch.rand", "sct/value", "torch.rand"),
        (DRAWN, "torch.randn", "torch.zeros", "sct/value", "torch.zeros"),
        (DRAWN, "(3, 4)", "(4, 3)", "sct/shape", "torch.randn(4, 3)"),
        (DRAWN, "print(b", "print(a", "sct/value", "a"),
        (FORGOTTEN, "print(hidden_1 @", "print(input_1 @", "sct/value", "input_1"),
        (FORGOTTEN, "relu(input_1)", "relu(hidden_1)", "sct/value", "hidden_1"),
        (REPLACED, "8, 27", "8, 26", "sct/structure", "26"),
        (REPLACED, "nn.Linear(8, 27)", "nn.Linear(27, 8)", "sct/structure", "nn.Linear(27, 8)"),
        (REPLACED, "model.head =", "model.tail =", "sct/structure", "model.tail"),
        (REPLACED, "lr=0.01", "lr=0.1", "sct/value", "0.1"),
        (REPLACED, "model.train()", "model.train", "sct/missing", "model.train"),
        (REPLACED, "model.train()\n", "", "sct/missing", ""),
        (REPLACED, "model.eval()\n", "", "sct/missing", ""),
        (REPLACED, "train_net(model, optimizer)\n", "", "sct/missing", ""),
        (STEP, "w.grad.zero_()\n", "", "sct/value", ""),
        (STEP, "w.grad.zero_()", "w.grad.zero_", "sct/value", "w.grad.zero_"),
        (NETWORK, "F.relu(self.hidden(x))", "self.hidden(x)", "sct/value", "self.hidden(x)"),
        (NETWORK, "F.relu(self", "F.tanh(self", "sct/value", "F.tanh"),
        (NETWORK, "self.drop(x)", "x", "sct/value", "x"),
        (NETWORK, "(8, 3)", "(8, 2)", "sct/structure", "2"),
        (TRAINED, "lr=0.1", "lr=0.01", "sct/value", "0.01"),
        (TRAINED, "MSELoss", "L1Loss", "sct/structure", "nn.L1Loss"),
        (TRAINED, "range(5)", "range(4)", "sct/value", "4"),
        (TRAINED, "3.0", "4.0", "sct/value", "4.0"),
        (TRAINED, "torch.manual_seed(1)\n", "", "sct/missing", ""),
    ],
)
async def test_fails_where_the_mistake_is(
    forking: HostRunner, solution: str, old: str, new: str, code: str, marked: str
) -> None:
    submission = changed(solution, old, new)
    report = await checked(forking, solution, submission)
    assert report.verdict == "failed"
    feedback = report.feedback[0]
    if feedback.code.startswith("torch/"):
        return  # a misconception is told in its place, and has tests of its own
    assert feedback.code == code, feedback.message
    assert submission[feedback.start : feedback.end] == marked, feedback.message


@pytest.mark.parametrize("left_out", ["zero_grad", "backward", "step"])
async def test_a_step_of_the_training_left_out(forking: HostRunner, left_out: str) -> None:
    lines = TRAINED.splitlines(keepends=True)
    submission = "".join(line for line in lines if left_out not in line)
    report = await checked(forking, TRAINED, submission)
    assert report.verdict == "failed"
    loop = submission.index("for epoch")
    assert report.feedback[0].start is not None
    assert report.feedback[0].start >= loop


async def test_a_mistake_early_on_is_told_once(forking: HostRunner) -> None:
    submission = changed(LAYERS, "torch.matmul(x, w_1)", "torch.matmul(x, w_2)")
    report = await checked(forking, LAYERS, submission)
    assert len(report.feedback) == 1


# `meta` stands for a graphics card: a device beside the CPU that is everywhere
MOVED = "net = nn.Linear(4, 2).to(place)\nmoved = x.to(place)\nshape = moved.shape\n"


@pytest.mark.parametrize(
    ("submission", "code", "marked"),
    [
        (MOVED, None, ""),
        (MOVED.replace("x.to(place)", "torch.empty(1, 4, device=place)"), None, ""),
        (MOVED.replace("moved = x.to(place)", "moved = x"), "sct/device", "x"),
        (
            MOVED.replace("nn.Linear(4, 2).to(place)", "nn.Linear(4, 2)"),
            "sct/device",
            "nn.Linear(4, 2)",
        ),
    ],
)
async def test_where_the_solution_puts_a_value(
    forking: HostRunner, submission: str, code: str | None, marked: str
) -> None:
    lesson = Lesson(f"{GIVEN}place = torch.device('meta')\n", MOVED)
    report = await forking.check(lesson, submission, "answer.py")
    if code is None:
        assert report.verdict == "passed", report.feedback
        return
    told = report.feedback[0]
    assert told.code == code
    assert "expected on meta" in told.message
    assert marked in submission[told.start : told.end]


async def test_a_lesson_finds_its_device_under_the_name_it_asks_for(forking: HostRunner) -> None:
    lesson = Lesson("import torch\nw = torch.ones(2).to(place)", "y = w.to(place)", device="place")
    forking.device = "cpu"
    try:
        report = await forking.check(lesson, "y = w.to(place)\nprint(place)", "answer.py")
    finally:
        forking.device = "auto"
    assert (report.verdict, report.output, report.device) == ("passed", "cpu\n", "cpu")
