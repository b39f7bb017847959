"""Equality of tensors, networks, optimizers and arrays, and what is said of a difference."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from blankcheck_runner.judge.difference import Difference, tolerance_of
from blankcheck_runner.judge.equality import difference
from blankcheck_runner.observation import Observation, TensorFacts, observe, rebuild
from blankcheck_runner.observation.standins import attach

floats = st.floats(-1e4, 1e4, width=32)
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def seen(value: object, **namespace: object) -> Any:
    return rebuild(observe(value, namespace))


def told(expected: object, actual: object, **options: Any) -> Difference | None:
    return difference(seen(expected), seen(actual), **options)


def said(expected: object, actual: object, **options: Any) -> tuple[str, str]:
    found = told(expected, actual, **options)
    assert found is not None
    return found.code, found.about("`x`")


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    size = torch.Size(shape).numel()
    values = draw(st.lists(floats, min_size=size, max_size=size))
    return torch.tensor(values, dtype=draw(st.sampled_from(DTYPES))).reshape(shape)


@given(tensors())
def test_a_tensor_equals_itself_whatever_its_strides(tensor: torch.Tensor) -> None:
    turned = tensor.transpose(0, -1).contiguous().transpose(0, -1) if tensor.dim() else tensor
    spread = torch.stack([tensor, tensor], -1)[..., 0]
    assert told(tensor, tensor) is None
    assert told(tensor, turned) is None
    assert told(tensor, spread) is None


@given(tensors(), tensors())
def test_differing_is_mutual(one: torch.Tensor, other: torch.Tensor) -> None:
    assert (told(one, other) is None) == (told(other, one) is None)


@given(tensors(), st.floats(-3, 3))
def test_differing_by_about_the_tolerance_is_mutual(one: torch.Tensor, times: float) -> None:
    allowed = tolerance_of(str(one.dtype).removeprefix("torch."))
    other = one.double() * (1 + times * allowed.relative)
    other = (other + times * allowed.floor).to(one.dtype)
    assert (told(one, other) is None) == (told(other, one) is None)


@given(tensors(), st.sampled_from(["cuda:0", "mps:0", "cpu"]))
def test_the_device_does_not_count(tensor: torch.Tensor, device: str) -> None:
    observed = observe(tensor)
    tag, known = observed.tree
    elsewhere = rebuild(Observation([tag, {**known, "device": device}], observed.blob))
    assert difference(seen(tensor), elsewhere) is None
    assert difference(elsewhere, seen(tensor)) is None
    found = difference(seen(tensor), elsewhere, check_device=True)
    assert (found is None) == (device == "cpu")


@given(tensors().filter(lambda tensor: tensor.numel() > 0), st.data())
def test_a_difference_above_tolerance_is_told(tensor: torch.Tensor, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, tensor.numel() - 1))
    allowed = tolerance_of(str(tensor.dtype).removeprefix("torch."))
    largest = float(tensor.abs().max())
    apart = 3 * (allowed.relative + allowed.scale) * largest + 3 * allowed.floor + 1e-6
    changed = tensor.double().flatten().clone()
    changed[place] += apart * data.draw(st.sampled_from([-1, 1]))
    found = told(tensor, changed.to(tensor.dtype).reshape(tensor.shape))
    assert found is not None
    assert found.code == "sct/value"


def test_noise_of_another_order_of_sums_is_no_difference() -> None:
    own = torch.Generator().manual_seed(0)
    one, two, three = (torch.randn(64, 64, generator=own) for _ in range(3))
    assert told((one @ two) @ three, one @ (two @ three)) is None
    assert told(torch.tensor([0.1 + 0.2]), torch.tensor([0.3])) is None
    assert told(torch.ones(3) - torch.softmax(one[:3], 1).sum(1), torch.zeros(3)) is None


nan = float("nan")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (torch.tensor([1.0, nan]), torch.tensor([1.0, nan])),
        (torch.tensor([float("inf")]), torch.tensor([float("inf")])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (torch.eye(2).to_sparse(), torch.eye(2).to_sparse()),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j])),
        (torch.ones(2), nn.Parameter(torch.ones(2))),
        (torch.ones(2), torch.ones(2, requires_grad=True)),
        (nn.Linear(3, 4), nn.Linear(3, 4)),
        (nn.Linear(3, 4), nn.Linear(3, 4).eval()),
        (torch.Size([1, 2]), (1, 2)),
        (numpy.arange(3), numpy.arange(3.0)),
        (numpy.float64(2.0), 2),
        (torch.max(torch.eye(2), 1), tuple(torch.max(torch.eye(2), 1))),
    ],
)
def test_equal(expected: object, actual: object) -> None:
    assert told(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual", "code", "message"),
    [
        (
            torch.zeros(1, 4),
            torch.zeros(4, 1),
            "sct/shape",
            "`x` has shape (4, 1), expected (1, 4): the operands may be swapped, or it is "
            "transposed.",
        ),
        (
            torch.zeros(1, 4),
            torch.zeros(4),
            "sct/shape",
            "`x` has shape (4,), expected (1, 4): the batch dimension in front is missing.",
        ),
        (torch.zeros(2), torch.zeros(3), "sct/shape", "`x` has shape (3,), expected (2,)."),
        (
            torch.zeros(2),
            torch.zeros(2, dtype=torch.int64),
            "sct/dtype",
            "`x` has dtype int64, expected float32.",
        ),
        (
            torch.tensor([[0.0, 0.0], [0.0, 1.0]]),
            torch.tensor([[0.0, 0.31], [0.0, 1.0]]),
            "sct/value",
            "`x` differs in 1 of 4 values, the first at [0, 1]: 0.31, expected 0.0.",
        ),
        (torch.tensor(2.0), torch.tensor(3.0), "sct/value", "`x` is 3.0, expected 2.0."),
        (
            torch.tensor([1.0, 2.0]),
            torch.tensor([1.0, nan]),
            "sct/value",
            "`x` differs in 1 of 2 values, the first at [1]: nan, expected 2.0.",
        ),
        (
            torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
            torch.tensor([[1.0, 3.0], [2.0, 4.0]]),
            "sct/value",
            "`x` differs in 2 of 4 values, the first at [0, 1]: 3.0, expected 2.0 (it is "
            "transposed).",
        ),
        (
            torch.tensor([0.0, 2.0]),
            torch.tensor([-1.0, 2.0]),
            "sct/value",
            "`x` differs in 1 of 2 values, the first at [0]: -1.0, expected 0.0 (negative values "
            "were expected to become 0).",
        ),
        (
            torch.tensor([1, 2], dtype=torch.uint32),
            torch.tensor([1, 3], dtype=torch.uint32),
            "sct/value",
            "`x` differs in 1 of 2 values.",
        ),
        (
            torch.eye(2).to_sparse(),
            torch.eye(2),
            "sct/type",
            "`x` is a dense tensor, expected a sparse one.",
        ),
        (
            3.0,
            torch.tensor(3.0),
            "sct/type",
            "`x` is a tensor of shape (), float32, expected a decimal number: `.item()` gives the "
            "number.",
        ),
        (
            torch.ones(2),
            [1.0, 1.0],
            "sct/type",
            "`x` is a list of 2 numbers, expected a tensor of shape (2,), float32: "
            "`torch.tensor()` makes one.",
        ),
        (
            torch.ones(1),
            None,
            "sct/type",
            "`x` is None, expected a tensor of shape (1,), float32: a call that only changes "
            "something gives None.",
        ),
        (
            nn.ReLU(),
            nn.ReLU,
            "sct/type",
            "`x` is a class, expected a ReLU module: it is the class itself, call it to make an "
            "object.",
        ),
        (
            nn.ReLU(),
            nn.GELU(),
            "sct/structure",
            "`x` is a GELU, expected another kind of module.",
        ),
        (
            nn.Linear(3, 4),
            nn.Linear(4, 3),
            "sct/structure",
            "`x` has in_features and out_features swapped.",
        ),
        (
            nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)),
            nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2)),
            "sct/structure",
            "layer `1` of `x` has p=0.2, which is not what is expected.",
        ),
        (
            nn.Sequential(nn.Linear(2, 2), nn.ReLU()),
            nn.Sequential(nn.Linear(2, 2)),
            "sct/structure",
            "`x` has 1 layer, expected 2.",
        ),
        (
            numpy.array([1, 2]),
            numpy.array([1, 3]),
            "sct/value",
            "`x` differs in 1 of 2 values, the first at [1]: 3, expected 2.",
        ),
    ],
)
def test_what_is_said(expected: object, actual: object, code: str, message: str) -> None:
    assert said(expected, actual) == (code, message)


def test_what_counts_only_when_asked_for() -> None:
    leaf = torch.ones(2, requires_grad=True)
    assert said(leaf, torch.ones(2), check_requires_grad=True)[0] == "sct/value"
    assert said(nn.Linear(2, 2), nn.Linear(2, 2).eval(), check_mode=True) == (
        "sct/value",
        "`x` is in eval mode, expected train mode.",
    )
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    assert said(one, other, check_weights=True)[1].startswith("parameter `weight` of `x` differs")


def test_frozen_parameters_count() -> None:
    frozen = nn.Linear(2, 2)
    frozen.weight.requires_grad_(False)
    assert said(nn.Linear(2, 2), frozen) == (
        "sct/value",
        "parameter `weight` of `x` is frozen (requires_grad=False), unlike expected.",
    )


def test_layers_count_and_their_names_do_not() -> None:
    plain = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    named = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), second=nn.ReLU()))
    assert told(plain, named) is None


def test_optimizers() -> None:
    model, other = nn.Linear(2, 2), nn.Linear(2, 2)

    def adam(lr: float, of: nn.Module) -> Any:
        return seen(torch.optim.Adam(of.parameters(), lr), model=model, other=other)

    assert difference(adam(0.1, model), adam(0.1, model)) is None
    rate = difference(adam(0.1, model), adam(0.2, model))
    assert rate is not None
    assert rate.about("`x`") == "`x` has lr=0.2, which is not what is expected."
    given = difference(adam(0.1, model), adam(0.1, other))
    assert given is not None
    assert "`other.weight`" in given.message
    lost = difference(adam(0.1, model), adam(0.1, nn.Linear(2, 2)))
    assert lost is not None
    assert "no module any more" in lost.message
    kind = difference(adam(0.1, model), seen(torch.optim.SGD(model.parameters(), 0.1), model=model))
    assert kind is not None
    assert kind.code == "sct/type"


def test_loaders() -> None:
    data = torch.utils.data.TensorDataset(torch.arange(10.0))

    def loader(**options: Any) -> Any:
        return torch.utils.data.DataLoader(data, **options)

    assert told(loader(batch_size=4), loader(batch_size=4)) is None
    assert said(loader(batch_size=4), loader(batch_size=5)) == (
        "sct/value",
        "`x` has batch_size=5, which is not what is expected.",
    )
    assert "shuffle=True" in said(loader(batch_size=4), loader(batch_size=4, shuffle=True))[1]


def test_large_and_quantised_tensors() -> None:
    large = torch.zeros(3000, 3000)
    assert told(large, large.clone()) is None
    assert said(large, large + 1)[0] == "sct/value"
    assert said(large, large[1:])[0] == "sct/shape"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scaled = [
            torch.quantize_per_tensor(torch.tensor([value]), 0.1, 0, torch.quint8)
            for value in (0.5, 0.5, 0.7)
        ]
    assert told(scaled[0], scaled[1]) is None
    assert said(scaled[0], scaled[2])[0] == "sct/value"


def on(device: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor as it is seen of a process that has it on a device."""
    attach(tensor, TensorFacts(device))
    return tensor


def test_values_are_compared_across_devices() -> None:
    here, there = on("cpu", torch.ones(2)), on("cuda:0", torch.ones(2))
    assert difference(here, there) is None
    assert difference(here, on("cuda:0", torch.zeros(2))) is not None


def test_where_a_value_is_counts_if_it_is_asked_for() -> None:
    here, there = on("cpu", torch.ones(2)), on("cuda:0", torch.ones(2))
    found = difference([there], [here], check_device=True)
    assert found is not None
    assert found.code == "sct/device"
    assert "is on cpu, expected on cuda:0: `.to(device)` moves it" in found.about("`x`")
    assert difference(there, on("cuda:0", torch.ones(2)), check_device=True) is None
    # Another shape says more.
    shape = difference(there, on("cpu", torch.ones(3)), check_device=True)
    assert shape is not None and shape.code == "sct/shape"
    large = told(torch.ones(2, device="meta"), torch.ones(2), check_device=True)
    assert large is not None and large.code == "sct/device"


def test_a_device_is_the_same_with_its_number_and_without() -> None:
    assert told(torch.device("cuda"), torch.device("cuda:0")) is None
    assert said(torch.device("cuda"), torch.device("cpu")) == (
        "sct/device",
        "`x` is the device cpu, expected cuda.",
    )


def test_other_steps_of_a_quantised_tensor_and_the_device_without_values() -> None:
    plain = torch.tensor([0.1, 0.5, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        steps = [torch.quantize_per_tensor(plain, 0.1, zero, torch.quint8) for zero in (10, 0)]
    assert said(*steps) == ("sct/value", "`x` is quantised in another way than expected.")
    meta = torch.ones(2, device="meta")
    assert told(meta, torch.zeros(2, device="meta")) is None
    assert said(meta, torch.ones(2)) == ("sct/device", "`x` is on cpu, expected on meta.")
