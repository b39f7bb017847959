"""A tensor or a module at a glance: one line, cheap however large it is, wherever it lies."""

from __future__ import annotations

import math
import sys
from typing import Any

FIRST = 4
"""Values of a tensor that are shown."""
MAX_RANGE = 2**22
"""Elements up to which a tensor's range is looked for."""
MAX_LAYERS = 6
"""Layers of a module that are named."""


def is_tensor(kind: type) -> bool:
    """Whether a class is one of tensors. Imports nothing."""
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(kind, torch.Tensor)


def is_module(kind: type) -> bool:
    """Whether a class is one of modules. Imports nothing."""
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(kind, torch.nn.Module)


def tensor(value: Any) -> str:
    """`(3, 4) float32 cpu, 0.02 to 0.97: 0.496, 0.768, 0.0885, …`"""
    plain = value.detach()
    sizes = [str(size) for size in plain.shape]
    shape = f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
    head = f"{shape} {kind(plain)} {plain.device}"
    try:
        return f"{head}{_range(plain)}: {_first(plain)}"
    except Exception:  # sparse, quantised, on `meta`: no values to be had
        return head


def module(value: Any) -> str:
    """`Net: fc1 Linear, act ReLU; 30 parameters`, or for a layer `Linear(in_features=4, …)`."""
    name = type(value).__name__
    layers = list(value.named_children())
    if not layers:
        return f"{name}({value.extra_repr()})"
    named = [f"{label} {type(layer).__name__}" for label, layer in layers[:MAX_LAYERS]]
    if len(layers) > MAX_LAYERS:
        named.append(f"… {len(layers)} layers in all")
    count = sum(parameter.numel() for parameter in value.parameters())
    return f"{name}: {', '.join(named)}; {count:,} {'parameter' if count == 1 else 'parameters'}"


def kind(value: Any) -> str:
    """A tensor's dtype: `float32`."""
    return str(value.dtype).removeprefix("torch.")


def value_range(plain: Any) -> tuple[Any, Any] | None:
    """A tensor's least and greatest value; null where there is none or it would cost too much."""
    count = plain.numel()
    if not 0 < count <= MAX_RANGE or plain.dtype.is_complex or kind(plain) == "bool":
        return None
    least, greatest = plain.aminmax()
    return least.item(), greatest.item()


def _range(plain: Any) -> str:
    found = value_range(plain) if plain.dim() else None
    if found is None:
        return ""
    if any(isinstance(end, float) and math.isnan(end) for end in found):
        return ", some nan"
    return f", {_number(found[0])} to {_number(found[1])}"


def _first(plain: Any) -> str:
    count = plain.numel()
    if not count:
        return "no values"
    row = plain
    while row.dim() > 1:  # looks at the first row only, which copies nothing
        row = row[0]
    values = row.reshape(-1)[:FIRST].tolist()
    texts = [_number(item) for item in values]
    return ", ".join(texts) + (", …" if count > len(texts) else "")


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
