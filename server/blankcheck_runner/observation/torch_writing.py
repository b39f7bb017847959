"""Torch's values as plain data: tensors with their bytes, and what is built from them."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from blankcheck_runner.observation import standins
from blankcheck_runner.observation.limits import SAMPLE
from blankcheck_runner.observation.writing import (
    Writer,
    attributes_of,
    class_names,
    derives,
)

if TYPE_CHECKING:
    import torch

_TENSORS = {
    ("Tensor", "torch"),
    ("Parameter", "torch.nn.parameter"),
    ("Buffer", "torch.nn.parameter"),
}


def write(writer: Writer, value: Any, cls: type, depth: int) -> Any:
    """The tree of one of torch's values; null if it is none, or torch is only half imported."""
    torch = cast(Any, sys.modules["torch"])
    if not hasattr(torch, "nn"):
        return None
    if derives(cls, torch.Tensor):
        return _tensor(writer, value, cls, depth)
    if cls is torch.dtype:
        return ["dtype", str(value).removeprefix("torch.")]
    if cls is torch.device:
        return ["device", str(value)]
    if cls is torch.Size:
        return ["size", [int(item) for item in value]]
    if cls is torch.layout:
        return ["layout", str(value).removeprefix("torch.")]
    if cls is torch.memory_format:
        return ["memory_format", str(value).removeprefix("torch.")]
    if derives(cls, torch.nn.Module):
        return writer.standin(_module(value, cls), depth)
    if "torch.optim" in sys.modules and derives(cls, sys.modules["torch.optim"].Optimizer):
        return writer.standin(_optimizer(writer, value, cls), depth)
    data = sys.modules.get("torch.utils.data")
    if data is not None and derives(cls, data.DataLoader):
        return writer.standin(_loader(value, cls), depth)
    if data is not None and derives(cls, data.Dataset):
        name, module = class_names(cls)
        public = {k: v for k, v in attributes_of(value).items() if not k.startswith("_")}
        return writer.standin(
            standins.InstanceValue(name, module, public, None, _length(value)), depth
        )
    return None


def _tensor(writer: Writer, value: Any, cls: type, depth: int) -> Any:
    torch = cast(Any, sys.modules["torch"])
    name, module = class_names(cls)
    if (name, module) not in _TENSORS and not module.startswith("torchvision."):
        return ["Opaque", {"type": name, "module": module, "reason": ""}]
    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        known: dict[str, Any] = {
            "shape": [int(size) for size in value.shape],
            "dtype": str(value.dtype).removeprefix("torch."),
            "device": str(value.device),
            "requires_grad": bool(value.requires_grad),
            "leaf": bool(value.is_leaf),
            "parameter": name == "Parameter",
        }
        plain = torch.Tensor.detach(value)
        if plain.is_meta or plain.is_nested:
            return _summary(writer, known, None, depth)
        plain = plain.cpu().resolve_conj().resolve_neg()
        if plain.is_quantized:
            return _quantized(writer, plain, known, depth)
        if plain.layout is torch.sparse_coo:
            plain = plain.coalesce()
            parts = [_dense(writer, part) for part in (plain.indices(), plain.values())]
            if None in parts:
                return _summary(writer, known, None, depth)
            return ["tensor", {**known, "sparse": parts}]
        if plain.layout is not torch.strided:
            known["layout"] = str(plain.layout).removeprefix("torch.")
            plain = plain.to_dense()
        data = _dense(writer, plain)
        if data is None:
            step = max(1, plain.numel() // SAMPLE)
            index = torch.arange(0, plain.numel(), step)[: SAMPLE + 1]
            return _summary(writer, known, torch.take(plain, index), depth)
        return ["tensor", {**known, "data": data["data"]}]


def _dense(writer: Writer, plain: torch.Tensor) -> dict[str, Any] | None:
    """Shape, dtype and bytes of a strided tensor; null if the bytes are too many."""
    size = plain.numel() * plain.element_size()
    if not writer.room(size):
        return None
    plain = plain.contiguous()
    data = ctypes.string_at(plain.data_ptr(), size) if size else b""
    return {
        "shape": list(plain.shape),
        "dtype": str(plain.dtype).removeprefix("torch."),
        "data": writer.put(data),
    }


def _quantized(writer: Writer, plain: Any, known: dict[str, Any], depth: int) -> Any:
    torch = cast(Any, sys.modules["torch"])
    data = _dense(writer, plain.int_repr())
    if data is None:
        return _summary(writer, known, None, depth)
    if plain.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        scale: dict[str, Any] = {"scale": plain.q_scale(), "zero": plain.q_zero_point()}
    else:
        scale = {
            "scale": plain.q_per_channel_scales().tolist(),
            "zero": plain.q_per_channel_zero_points().tolist(),
            "axis": plain.q_per_channel_axis(),
        }
    return ["tensor", {**known, "quantized": {**data, **scale}}]


def _summary(writer: Writer, known: Mapping[str, Any], sample: Any, depth: int) -> Any:
    summary = standins.TensorSummary(
        tuple(known["shape"]), known["dtype"], known["device"], known["requires_grad"], sample
    )
    return writer.standin(summary, depth)


def _module(value: Any, cls: type) -> standins.ModuleValue:
    own = attributes_of(value)
    name, module = class_names(cls)
    hooks = sum(
        len(cast(Any, own.get(key)) or ())
        for key in (
            "_forward_hooks",
            "_forward_pre_hooks",
            "_backward_hooks",
            "_backward_pre_hooks",
        )
    )
    extra = ""
    if module.startswith(("torch.", "torchvision.")):
        extra = str(value.extra_repr())
    return standins.ModuleValue(
        name,
        module,
        own.get("training") is True,
        {k: v for k, v in own.items() if not k.startswith("_") and k != "training"},
        extra,
        _table(own, "_parameters"),
        _table(own, "_buffers"),
        _table(own, "_modules"),
        hooks,
    )


def _table(own: Mapping[str, object], key: str) -> dict[str, Any]:
    table = own.get(key)
    if not isinstance(table, dict):
        return {}
    return {name: item for name, item in cast(dict[Any, Any], table).items() if type(name) is str}


def _optimizer(writer: Writer, value: Any, cls: type) -> standins.OptimizerValue:
    own = attributes_of(value)
    name, module = class_names(cls)
    known = dict(_named_tensors(writer.namespace))
    groups: list[dict[str, Any]] = []
    parameters: list[tuple[standins.ParameterName, ...]] = []
    for group in cast(list[dict[str, Any]], own.get("param_groups") or []):
        groups.append({k: v for k, v in group.items() if k not in ("params", "param_names")})
        parameters.append(
            tuple(
                standins.ParameterName(
                    known.get(id(item)),
                    tuple(int(size) for size in item.shape),
                    str(item.dtype).removeprefix("torch."),
                )
                for item in group["params"]
            )
        )
    return standins.OptimizerValue(name, module, tuple(groups), tuple(parameters))


def _named_tensors(namespace: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Each tensor that a name leads to, by identity; the first name wins by being told last."""
    torch = cast(Any, sys.modules["torch"])
    for name, value in reversed(list(namespace.items())):
        if derives(type(value), torch.Tensor):
            yield id(value), name
        elif derives(type(value), torch.nn.Module):
            yield from _own_tensors(value, name, 0)


def _own_tensors(value: object, prefix: str, depth: int) -> Iterator[tuple[int, str]]:
    own = attributes_of(value)
    for name, item in _table(own, "_parameters").items():
        yield id(item), f"{prefix}.{name}"
    if depth < 20:
        for name, child in _table(own, "_modules").items():
            yield from _own_tensors(child, f"{prefix}.{name}", depth + 1)


def _loader(value: Any, cls: type) -> standins.LoaderValue:
    own = attributes_of(value)
    name, module = class_names(cls)
    size = own.get("batch_size")
    sampler = class_names(type(own.get("sampler")))[0]
    return standins.LoaderValue(
        name,
        module,
        size if type(size) is int else None,
        "Random" in sampler,
        own.get("drop_last") is True,
        _length(value),
        own.get("dataset"),
    )


def _length(value: Any) -> int | None:
    try:
        return len(value)
    except Exception:
        return None
