"""Calls are recognised however they are written: by any name, with any form of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blankcheck_runner.judge import signature

torch = pytest.importorskip("torch")

Judge = Callable[..., Any]
PRE = """
import torch
import torch.nn as nn
import torch.nn.functional as F
a = torch.ones(2, 3)
b = torch.ones(3, 2)
"""


@pytest.mark.parametrize(
    "submission",
    [
        "torch.matmul(a, b)",
        "import torch as t\nt.matmul(a, b)",
        "from torch import matmul\nmatmul(a, b)",
        "from torch import matmul as mm\nx = mm(a, other=b)",
        "from torch import *\nmatmul(a, b)",
        "mm = torch.matmul\nmm(other=b, input=a)",
        "print(torch.matmul(*[a, b]).sum())",
    ],
)
def test_names_and_forms(judge: Judge, submission: str) -> None:
    sct = "Ex().check_function('torch.matmul').multi(\n"
    sct += "check_args('input').has_equal_ast(), check_args(1).has_equal_value())"
    assert judge(sct, "torch.matmul(a, b)", submission, PRE).verdict == "passed"


@pytest.mark.parametrize(
    "submission", ["matmul = print\nmatmul(a, b)", "torch.mul(a, a)", "a.matmul(b)", "matmul = 3"]
)
def test_other_functions_are_not_taken_for_it(fails: Judge, submission: str) -> None:
    failed = fails("Ex().check_function('torch.matmul')", "torch.matmul(a, b)", submission, PRE)
    assert failed.code == "sct/missing"


def test_alias_in_the_sct_is_understood(judge: Judge) -> None:
    sct = "Ex().check_function('F.relu').check_args('input').has_equal_value()"
    submission = "from torch.nn.functional import relu\nrelu(torch.ones(2, 3))"
    assert judge(sct, "F.relu(a)", submission, PRE).verdict == "passed"


def test_function_with_two_names_is_one(judge: Judge) -> None:
    sct = "Ex().check_function('torch.relu').check_args('input').has_equal_value()"
    assert judge(sct, "torch.relu(a)", "F.relu(a)", PRE).verdict == "passed"


def test_argument_is_marked_and_its_shape_told(fails: Judge) -> None:
    sct = "Ex().check_function('torch.matmul').check_args('input').has_equal_value()"
    failed = fails(sct, "torch.matmul(a, b)", "torch.matmul(a[:1], b)", PRE)
    assert (failed.code, failed.text) == ("sct/shape", "a[:1]")
    assert failed.message.startswith("The argument `input` of `torch.matmul` has shape (1, 3)")


@pytest.mark.parametrize(
    ("solution", "submission", "function", "argument"),
    [
        ("torch.cat([a, a], 1)", "torch.cat(tensors=[a, a], dim=1)", "torch.cat", "dim"),
        ("torch.max(a, 1)", "torch.max(a, dim=1)", "torch.max", "dim"),
        ("torch.sum(a, dim=0)", "torch.sum(a, 0)", "torch.sum", "dim"),
        ("a.sum(0)", "a.sum(dim=0)", "a.sum", "dim"),
        ("torch.ones(2, 3)", "torch.ones(2, 3, dtype=None)", "torch.ones", ["size", 1]),
        ("torch.arange(4)", "torch.arange(end=4)", "torch.arange", "end"),
        (
            "torch.randint(0, 9, (2,))",
            "torch.randint(high=9, low=0, size=(2,))",
            "torch.randint",
            1,
        ),
        ("nn.Linear(3, 2)", "nn.Linear(in_features=3, out_features=2)", "torch.nn.Linear", 0),
        ("F.softmax(a, 1)", "F.softmax(a, dim=1)", "torch.nn.functional.softmax", "dim"),
        ("nn.ReLU()(a)", "nn.ReLU(inplace=False)", "torch.nn.ReLU", None),
    ],
)
def test_positional_and_keyword_form_are_one_call(
    judge: Judge, solution: str, submission: str, function: str, argument: Any
) -> None:
    sct = f"Ex().check_function({function!r})"
    if argument is not None:
        sct += f".check_args({argument!r}).has_equal_value()"
    judgement = judge(sct, solution, submission, PRE)
    assert judgement.verdict == "passed", judgement.feedback


def test_authors_comparison_is_not_fooled_by_an_empty_tensor(judge: Judge, fails: Judge) -> None:
    sct = "import torch\nEx().check_object('x').has_equal_value(func=torch.allclose)"
    assert judge(sct, "x = a.sum(0)", "x = torch.tensor([2.0, 2.0, 2.0])", PRE).verdict == "passed"
    assert fails(sct, "x = a.sum(0)", "x = torch.empty(0, 3)", PRE).code == "sct/shape"


def test_learners_own_network_is_a_module(judge: Judge, fails: Judge) -> None:
    sct = "import torch\nEx().check_object('net').is_instance(torch.nn.Module)"
    network = "class {}(nn.Module):\n    pass\nnet = {}()"
    submission = network.format("Mine", "Mine")
    assert judge(sct, network.format("Net", "Net"), submission, PRE).verdict == "passed"
    failed = fails(sct, network.format("Net", "Net"), "net = torch.relu", PRE)
    assert (failed.code, failed.text) == ("sct/type", "torch.relu")


def test_methods_and_chains(judge: Judge, fails: Judge) -> None:
    pre = PRE + "model = nn.Linear(3, 1)\n"
    sct = "Ex().check_function('model.eval')"
    assert judge(sct, "model.eval()", "x = model.eval()", pre).verdict == "passed"
    failed = fails(sct, "model.eval()", "model.eval", pre)
    assert (failed.code, failed.text) == ("torch/method-not-called", "model.eval")
    assert "parentheses" in failed.message
    sct = "Ex().check_function('a.sum.item')"
    assert judge(sct, "a.sum().item()", "x = a.sum( ).item( )", PRE).verdict == "passed"


def test_calling_a_layer_uses_its_forward(judge: Judge) -> None:
    pre = PRE + "layer = nn.ReLU()\n"
    sct = "Ex().check_function('layer').check_args('input').has_equal_value()"
    assert judge(sct, "layer(a)", "layer(torch.ones(2, 3))", pre).verdict == "passed"


def test_calls_in_methods_are_found(judge: Judge, fails: Judge) -> None:
    network = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    solution = network + "        self.fc = nn.Linear(4, 2)"
    sct = "Ex().check_class_def('Net').check_function('torch.nn.Linear').multi("
    sct += "check_args('in_features').has_equal_value(), check_args(1).has_equal_value())"
    assert judge(sct, solution, solution.replace("4, 2", "4, out_features=2"), PRE).verdict
    assert fails(sct, solution, solution.replace("4, 2", "3, 2"), PRE).text == "3"


def test_extra_calls_do_not_matter(judge: Judge) -> None:
    sct = "Ex().check_function('round').check_args(0).has_equal_value()"
    assert judge(sct, "round(1.5)", "round(2.5)\nround(1.5)").verdict == "passed"


def test_same_call_on_the_second_place_counts(fails: Judge) -> None:
    sct = "Ex().check_function('round', index=1).check_args(0).has_equal_value()"
    failed = fails(sct, "round(1.5)\nround(2.5)", "round(1.5)\nround(3.5)")
    assert failed.text == "3.5"
    failed = fails(sct, "round(1.5)\nround(2.5)", "round(1.5)")
    assert failed.message == "`round` is called 1 time here; call it once more."


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(input, dim=0, *, out=None)", ["input", "dim", "out"]),
        ("(*size, *, dtype=None)", ["size", "dtype"]),
        ("(low=0, high, size, \\*, generator=None)", ["low", "high", "size", "generator"]),
        ("(x, /, y=(1, 2))", ["x", "y"]),
        ("(self: int, **kwargs)", ["self", "kwargs"]),
    ],
)
def test_documented_forms_are_read(text: str, names: list[str]) -> None:
    form = signature.parse(text)
    assert form is not None
    assert [name for name, _, _ in form] == names
    assert signature.is_form(form)


@pytest.mark.parametrize("text", ["(1)", "(a b", "(a.b)", "('x')"])
def test_what_is_no_form_is_refused(text: str) -> None:
    form = signature.parse(text)
    assert form is None or all(name.isidentifier() for name, _, _ in form)


GIVEN = "import torch\nfrom torch.utils.data import Dataset, TensorDataset\nx = torch.arange(6.0)\n"
OWN = """\
class Own(Dataset):
    def __len__(self): return 6
    def __getitem__(self, index): return (x[index],)
data = Own()
"""
OWN_CLASS = OWN.replace("Own", "Asked")


@pytest.mark.parametrize(
    ("sct", "solution", "submission", "verdict"),
    [
        ("Ex().check_object('data').has_equal_value()", "data = TensorDataset(x)", OWN, "passed"),
        ("Ex().check_solution()", "data = TensorDataset(x)", OWN, "passed"),
        (
            "Ex().check_object('data').has_equal_value()",
            "data = TensorDataset(x)",
            OWN.replace("x[index]", "x[0]"),
            "failed",
        ),
        (
            "Ex().check_object('data').is_instance(TensorDataset)",
            "data = TensorDataset(x)",
            OWN,
            "failed",
        ),
        ("Ex().check_solution()", OWN_CLASS, "data = TensorDataset(x)", "failed"),
    ],
)
def test_a_data_set_is_what_is_in_it_unless_its_class_is_asked_for(
    judge: Judge, sct: str, solution: str, submission: str, verdict: str
) -> None:
    sct = f"from torch.utils.data import TensorDataset\n{sct}"
    assert judge(sct, solution, submission, GIVEN).verdict == verdict
