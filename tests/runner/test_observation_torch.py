"""Torch's and NumPy's values as plain data and back."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from blankcheck_runner.observation import (
    ModuleValue,
    Observation,
    Opaque,
    OptimizerValue,
    TensorSummary,
    describe,
    facts,
    observe,
    rebuild,
)
from blankcheck_runner.observation.revival import NotRevivable, placed, revivable, revive
from blankcheck_runner.observation.standins import TensorFacts, attach

DTYPES = [
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.float8_e4m3fn,
    torch.complex64,
    torch.complex128,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.bool,
]


def carried(value: object) -> Any:
    observation = observe(value)
    return rebuild(Observation(json.loads(json.dumps(observation.tree)), observation.blob))


def octets(tensor: torch.Tensor) -> bytes:
    return tensor.detach().contiguous().view(torch.uint8).numpy().tobytes()


@settings(max_examples=80)
@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), min_size=1, max_size=3), st.data())
def test_tensors_come_back_bit_for_bit(
    dtype: torch.dtype, shape: list[int], data: st.DataObject
) -> None:
    size = torch.Size(shape).numel() * dtype.itemsize
    raw = bytearray(data.draw(st.binary(min_size=size, max_size=size)))
    if dtype is torch.bool:
        raw = bytearray(octet & 1 for octet in raw)
    flat = torch.frombuffer(raw, dtype=torch.uint8) if raw else torch.empty(0, dtype=torch.uint8)
    tensor = flat.view(dtype).reshape(shape)
    back = carried(tensor)
    assert (type(back), back.dtype, back.shape) == (torch.Tensor, dtype, tensor.shape)
    assert octets(back) == octets(tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(9.0)[::2],
        torch.tensor(3.5),
        torch.zeros(0, 4),
        torch.ones(1).expand(3, 3),
        torch.tensor([1 + 2j]).conj(),
        torch.arange(16.0).reshape(1, 2, 2, 4).to(memory_format=torch.channels_last),
    ],
)
def test_layout_in_memory_does_not_matter(tensor: torch.Tensor) -> None:
    assert torch.equal(carried(tensor), tensor)


def test_facts_beyond_the_data() -> None:
    leaf = torch.ones(2, requires_grad=True)
    assert carried(leaf).requires_grad
    assert facts(carried(leaf)).leaf
    assert not facts(carried(leaf * 2)).leaf
    assert facts(carried(nn.Parameter(torch.ones(1)))).parameter
    assert facts(carried(leaf)).device == "cpu"


def test_sparse_and_quantised() -> None:
    sparse = torch.eye(3).to_sparse()
    back = carried(sparse)
    assert back.layout is torch.sparse_coo
    assert torch.equal(back.to_dense(), torch.eye(3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = torch.eye(3).to_sparse_csr()
        scaled = torch.quantize_per_tensor(torch.tensor([0.1, 0.5]), 0.1, 2, torch.quint8)
        assert carried(rows).layout is torch.sparse_csr
        assert torch.equal(carried(scaled).int_repr(), scaled.int_repr())
        assert carried(scaled).q_zero_point() == 2


def test_what_is_too_large_is_summed_up() -> None:
    large = carried(torch.arange(9_000_000, dtype=torch.float32).reshape(3, -1))
    assert isinstance(large, TensorSummary)
    assert (large.shape, large.dtype) == ((3, 3_000_000), "float32")
    assert large.sample[1] > 0
    assert carried(torch.ones(2, device="meta")).sample is None


@pytest.mark.parametrize(
    "value", [torch.float32, torch.Size([2, 3]), torch.device("cuda:1"), torch.strided], ids=repr
)
def test_small_values(value: object) -> None:
    assert carried(value) == value
    assert type(carried(value)) is type(value)


class Trap(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *_: object, **__: object) -> Any:
        raise AssertionError("the learner's code was called")


def test_a_learners_tensor_class_is_not_asked_anything() -> None:
    assert carried(torch.ones(2).as_subclass(Trap)) == Opaque("Trap", __name__)


def ignored(*_: object) -> None:
    pass


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = 2.0
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LeakyReLU(0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x) * self.scale

    def extra_repr(self) -> str:
        raise AssertionError("the learner's code was called")


def test_a_network_is_told_by_its_facts_and_made_live_again() -> None:
    net = Net().eval()
    net.layers[0].weight.requires_grad_(False)
    net.register_forward_hook(ignored)
    value = carried(net)
    assert isinstance(value, ModuleValue)
    assert (value.type, value.training, value.hooks) == ("Net", False, 1)
    assert value.config == {"scale": 2.0}
    linear = value.children["layers"].children["0"]
    assert linear.config == {"in_features": 3, "out_features": 4}
    assert not linear.parameters["weight"].requires_grad
    assert not revivable(value)

    value = carried(Net().eval())
    x = torch.randn(5, 3)
    assert revivable(value)
    revived = revive(value, {"Net": Net})
    assert revived(x).shape == (5, 4)
    assert torch.equal(
        revived.layers[0].weight, value.children["layers"].children["0"].parameters["weight"]
    )
    with pytest.raises(NotRevivable):
        revive(value, {})


def test_an_optimizer_names_the_parameters_that_it_was_given() -> None:
    net = Net()
    other = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([*net.layers[0].parameters(), other], lr=0.1, momentum=0.9)
    observation = observe(optimizer, {"model": net})
    value = rebuild(observation)
    assert isinstance(value, OptimizerValue)
    assert (value.groups[0]["lr"], value.groups[0]["momentum"]) == (0.1, 0.9)
    names = [item.name for item in value.parameters[0]]
    assert names == ["model.layers.0.weight", "model.layers.0.bias", None]
    assert value.parameters[0][2].shape == (2,)


def test_a_loader_is_looked_at_without_a_draw() -> None:
    data = torch.utils.data.TensorDataset(torch.arange(10.0))
    loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)
    state = torch.get_rng_state()
    value = carried(loader)
    assert torch.equal(torch.get_rng_state(), state)
    assert (value.batch_size, value.shuffled, value.length) == (4, True, 3)
    assert torch.equal(value.dataset.attributes["tensors"][0], torch.arange(10.0))


@pytest.mark.parametrize(
    "value",
    [
        numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]),
        numpy.array(["a", "bcd"]),
        numpy.array(["2024-01-02"], dtype="datetime64[D]"),
        numpy.zeros((0, 2)),
        numpy.float32(1.5),
        numpy.bool_(True),
    ],
    ids=repr,
)
def test_numpy(value: Any) -> None:
    back = carried(value)
    assert type(back) is type(value)
    assert back.dtype == value.dtype
    numpy.testing.assert_array_equal(back, value)


def test_numpy_objects() -> None:
    back = carried(numpy.array([1, "a", None], dtype=object))
    assert back.tolist() == [1, "a", None]


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        (torch.zeros(1, 4), "a tensor of shape (1, 4), float32"),
        (torch.tensor(3), "a tensor of shape (), int64"),
        (nn.Linear(2, 3), "a Linear module"),
        (torch.optim.Adam([torch.ones(1, requires_grad=True)]), "an Adam optimizer"),
        (torch.optim.SGD([torch.ones(1, requires_grad=True)]), "an SGD optimizer"),
        (nn.ReLU, "a class"),
        (torch.matmul, "a function"),
        ([torch.ones(1)] * 2, "a list of 2 tensors"),
        (numpy.zeros(3), "an array of shape (3,), float64"),
    ],
)
def test_descriptions(value: object, phrase: str) -> None:
    assert describe(value) == phrase
    assert describe(carried(value)) == phrase


def test_rebuilt_values_go_back_to_where_they_were() -> None:
    there = torch.ones(2, requires_grad=True)
    attach(there, TensorFacts("meta"))  # the one device beside the CPU that is everywhere
    moved = placed({"x": [there], "n": 1})
    assert moved["n"] == 1
    assert moved["x"][0].device.type == "meta"
    assert moved["x"][0].requires_grad and moved["x"][0].is_leaf
    here = torch.ones(2)
    assert placed(here) is here
    attach(there, TensorFacts("nowhere:7"))
    with pytest.raises(NotRevivable, match="nowhere:7"):
        placed([there])
