"""Tensors and torch's small values back from plain data."""

from __future__ import annotations

import math
from typing import Any

from blankcheck_runner.observation.reading import Reader, loaded, need
from blankcheck_runner.observation.standins import TensorFacts, attach

_SPARSE = {"sparse_csr": "to_sparse_csr", "sparse_csc": "to_sparse_csc"}


def read(reader: Reader, tag: str, data: Any) -> Any:
    """The value of one of torch's tags. Raises for data that is not as the writer writes it."""
    torch = loaded("torch")
    if tag == "tensor":
        return _tensor(reader, torch, data)
    if tag == "size":
        need(type(data) is list and all(type(item) is int for item in data))
        return torch.Size(data)
    need(type(data) is str and len(data) < 100)
    if tag == "device":
        return torch.device(data)
    return _named(torch, data, getattr(torch, tag))


def _named(torch: Any, name: Any, kind: type) -> Any:
    need(type(name) is str and name.isidentifier())
    value = getattr(torch, name)
    need(type(value) is kind)
    return value


def _shape(data: Any) -> list[int]:
    need(type(data) is list and len(data) <= 64)
    need(all(type(size) is int and 0 <= size < 2**62 for size in data))
    return data


def _dense(reader: Reader, torch: Any, data: Any, dtype: Any) -> Any:
    """A strided tensor from its bytes, which must be exactly as many as its shape needs."""
    shape = _shape(data["shape"])
    octets = reader.bytes_at(data["data"])
    if 0 in shape:
        need(not octets)
        return torch.empty(shape, dtype=dtype)
    need(math.prod(shape) * dtype.itemsize == len(octets))
    flat = torch.frombuffer(bytearray(octets), dtype=torch.uint8)
    if dtype is torch.bool:
        return flat.ne(0).reshape(shape)
    return flat.view(dtype).reshape(shape)


def _tensor(reader: Reader, torch: Any, data: Any) -> Any:
    dtype = _named(torch, data["dtype"], torch.dtype)
    for key in ("requires_grad", "leaf", "parameter"):
        need(type(data[key]) is bool)
    need(type(data["device"]) is str and len(data["device"]) < 100)
    if "sparse" in data:
        tensor = _coordinates(reader, torch, data)
    elif "quantized" in data:
        tensor = _quantized(reader, torch, data["quantized"], dtype)
    else:
        tensor = _dense(reader, torch, data, dtype)
        layout = data.get("layout")
        if layout in _SPARSE and tensor.dim() == 2:
            tensor = getattr(tensor, _SPARSE[layout])()
    need(tensor.dtype is dtype)
    if data["requires_grad"] and (dtype.is_floating_point or dtype.is_complex):
        tensor.requires_grad_()
    attach(tensor, TensorFacts(data["device"], data["leaf"], data["parameter"]))
    return tensor


def _coordinates(reader: Reader, torch: Any, data: Any) -> Any:
    indices, values = (
        _dense(reader, torch, part, _named(torch, part["dtype"], torch.dtype))
        for part in data["sparse"]
    )
    return torch.sparse_coo_tensor(
        indices, values, _shape(data["shape"]), check_invariants=True
    ).coalesce()


def _quantized(reader: Reader, torch: Any, data: Any, dtype: Any) -> Any:
    integers = _dense(reader, torch, data, _named(torch, data["dtype"], torch.dtype))
    if "axis" in data:
        scales = torch.tensor(data["scale"], dtype=torch.float64)
        zeros = torch.tensor(data["zero"], dtype=torch.int64)
        axis = data["axis"]
        need(type(axis) is int and 0 <= axis < integers.dim())
        need(scales.shape == zeros.shape == integers.shape[axis : axis + 1])
        return torch._make_per_channel_quantized_tensor(integers, scales, zeros, axis)
    scale, zero = data["scale"], data["zero"]
    need(type(scale) is float and type(zero) is int)
    return torch._make_per_tensor_quantized_tensor(integers, scale, zero)
