"""The derived check on what a solution does rather than gives: gradients, training, frozen layers,
files, draws and prints."""

from __future__ import annotations

import os

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Feedback, Lesson, Limits

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the other way of starting is much slower"),
]


GIVEN = """\
import random
import torch
import torch.nn as nn
import torch.nn.functional as F
torch.manual_seed(0)
X = torch.randn(64, 3)
y = X @ torch.tensor([[1.0], [2.0], [3.0]])
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
"""
GRADIENTS = """\
w = torch.ones(3, requires_grad=True)
loss = (w * 2).sum()
loss.backward()
"""
TRAINED = """\
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
best = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(20):
    best.zero_grad()
    loss = F.mse_loss(model(X), y)
    loss.backward()
    best.step()
"""
OWN = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 4)
        self.b = nn.Linear(4, 1)
    def forward(self, x):
        return self.b(self.a(x).relu())
model = Net()
"""
GIVEN_TRAINED = """\
for epoch in range(20):
    opt.zero_grad()
    loss = F.mse_loss(net(X), y)
    loss.backward()
    opt.step()
"""
FROZEN = """\
net[2] = nn.Linear(4, 2)
for parameter in net[0].parameters():
    parameter.requires_grad = False
"""
SET = """\
nn.init.zeros_(net[0].weight)
"""
FILES = """\
t = torch.ones(3)
torch.save(t, "t.pt")
with open("log.txt", "w") as f:
    f.write("done")
"""
SEEDED = """\
torch.manual_seed(42)
x = torch.rand(3)
"""
ORDER = """\
order = torch.randperm(10)
"""
DICE = """\
dice = [random.randint(1, 6) for _ in range(100)]
"""
PRINTED = """\
print(X.sum())
print("mean", X.mean().item())
"""
MAKING = TRAINED.splitlines(keepends=True)[0]


def changed(solution: str, old: str, new: str) -> str:
    assert old in solution
    return solution.replace(old, new)


@pytest.mark.parametrize(
    ("solution", "old", "new"),
    [
        (GRADIENTS, "loss.backward()", "torch.autograd.backward(loss)"),
        (GRADIENTS, "w * 2", "w + w"),
        (TRAINED, "epoch", "i"),
        (TRAINED, MAKING, OWN),
        (GIVEN_TRAINED, "F.mse_loss(net(X), y)", "nn.MSELoss()(net(X), y)"),
        (FROZEN, FROZEN, "net[2] = nn.Linear(4, 2)\nnet[0].requires_grad_(False)\n"),
        (FROZEN, FROZEN, "net.requires_grad_(False)\nnet[-1] = nn.Linear(4, 2)\n"),
        (SET, SET, "with torch.no_grad():\n    net[0].weight.zero_()\n"),
        (FILES, "f:\n    f.", "out:\n    out."),
        (SEEDED, SEEDED, "x = torch.rand(3, generator=torch.Generator().manual_seed(42))\n"),
        (ORDER, "10", "len(torch.arange(10))"),
        (DICE, "randint(1, 6)", "randrange(1, 7)"),
        (PRINTED, "X.sum()", "X.sum().item()"),
    ],
)
async def test_passes(forking: HostRunner, solution: str, old: str, new: str) -> None:
    submission = changed(solution, old, new)
    report = await forking.check(Lesson(GIVEN, solution), submission, "/a/b.py", Limits())
    assert report.verdict == "passed", report.feedback
    assert not report.feedback


@pytest.mark.parametrize(
    ("solution", "old", "new", "code", "marked"),
    [
        (GRADIENTS, "loss.backward()\n", "", "torch/backward-missing", ""),
        (
            GRADIENTS,
            "loss.backward()\n",
            "loss.backward(retain_graph=True)\nloss.backward()\n",
            "sct/value",
            "loss.backward()",
        ),
        (TRAINED, "range(20)", "range(5)", "sct/value", "5"),
        (TRAINED, "    best.step()\n", "", "torch/step-missing", ""),
        (TRAINED, TRAINED, TRAINED.partition("for")[0], "torch/backward-missing", None),
        (TRAINED, TRAINED, OWN + changed(TRAINED[len(MAKING) :], "20", "5"), "sct/structure", None),
        (GIVEN_TRAINED, "range(20)", "range(5)", "sct/value", "5"),
        (GIVEN_TRAINED, "    opt.step()\n", "", "torch/step-missing", ""),
        (GIVEN_TRAINED, GIVEN_TRAINED, "pass\n", "torch/backward-missing", None),
        (FROZEN, FROZEN, "net[2] = nn.Linear(4, 2)\n", "sct/value", None),
        (FROZEN, "net[0].parameters", "net.parameters", "sct/value", None),
        (SET, "zeros_", "ones_", "sct/value", None),
        (FILES, 'torch.save(t, "t.pt")\n', "", "sct/missing", ""),
        (FILES, '    f.write("done")', "    pass", "sct/output", 'with open("log.txt", "w") as f:'),
        (FILES, "done", "Done", "sct/output", 'with open("log.txt", "w") as f:'),
        (FILES, "log.txt", "log", "sct/missing", None),
        (SEEDED, "42", "0", "sct/value", "0"),
        (SEEDED, "torch.manual_seed(42)\n", "", "sct/missing", ""),
        (ORDER, "randperm(10)", "randint(0, 10, (10,))", "sct/value", None),
        (DICE, "randint(1, 6)", "randint(0, 9)", "sct/value", None),
        (DICE, "random.randint(1, 6)", "3", "sct/value", "3"),
        (PRINTED, ".item()", "", "sct/type", "X.mean"),
        (PRINTED, '"mean", ', "", "sct/output", None),
    ],
)
async def test_fails(
    forking: HostRunner, solution: str, old: str, new: str, code: str, marked: str | None
) -> None:
    submission = changed(solution, old, new)
    report = await forking.check(Lesson(GIVEN, solution), submission, "/a/b.py", Limits())
    assert report.verdict == "failed"
    told: Feedback = report.feedback[0]
    assert told.code == code, told.message
    if marked is not None:
        assert submission[told.start : told.end] == marked, told.message


async def test_training_that_rests_on_chance_is_reported_as_not_checked(
    forking: HostRunner,
) -> None:
    given = GIVEN + "net = nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5))\n"
    given += "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
    lesson = Lesson(given, GIVEN_TRAINED)
    submission = "look = net(X)\n" + GIVEN_TRAINED
    report = await forking.check(lesson, submission, "/a/b.py", Limits())
    assert report.verdict == "passed", report.feedback
    assert any(item.code == "sct/not-checked" and "net" in item.message for item in report.feedback)
    submission = changed(GIVEN_TRAINED, "    opt.step()\n", "")
    report = await forking.check(lesson, submission, "/a/b.py", Limits())
    assert report.verdict == "failed", report.feedback


async def test_a_label_that_is_missing_is_told_as_such(forking: HostRunner) -> None:
    submission = changed(PRINTED, '"mean", ', "")
    report = await forking.check(Lesson(GIVEN, PRINTED), submission, "/a/b.py", Limits())
    assert [item.message for item in report.feedback] == [
        "The value is right; the text that belongs before it is not printed."
    ]
