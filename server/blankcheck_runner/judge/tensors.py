"""Tensors and arrays compared: shape and dtype first, then values within a tolerance.

Strides, memory format and (unless asked) the device do not count. NaN equals NaN.
"""

from __future__ import annotations

from typing import Any

from blankcheck_runner.judge.difference import (
    Difference,
    Options,
    Tolerance,
    pair_text,
    tolerance_of,
)
from blankcheck_runner.observation.describing import count, shape_text
from blankcheck_runner.observation.standins import TensorSummary, facts


def tensor_difference(expected: Any, actual: Any, options: Options) -> Difference | None:
    """How a tensor differs from the one expected; null if it does not."""
    import torch

    told = _header(expected, actual) or _elsewhere(expected, actual, options)
    if told is not None:
        return told
    if options.requires_grad and expected.requires_grad != actual.requires_grad:
        return Difference("sct/value", grad_phrase(expected.requires_grad))
    if expected.is_quantized:
        if _steps(expected) != _steps(actual):
            return Difference("sct/value", "is quantised in another way than expected")
        return _values(expected.dequantize(), actual.dequantize(), options)
    if (expected.layout is torch.strided) != (actual.layout is torch.strided):
        words = ("dense", "sparse") if actual.layout is torch.strided else ("sparse", "dense")
        return Difference("sct/type", f"is a {words[0]} tensor, expected a {words[1]} one")
    return _values(expected, actual, options)


def _steps(tensor: Any) -> tuple[Any, ...]:
    """How a quantised tensor's whole numbers stand for its values."""
    import torch

    if not tensor.is_quantized:
        return ()
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return (tensor.qscheme(), tensor.q_scale(), tensor.q_zero_point())
    scales, zeros = tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()
    return (tensor.qscheme(), tensor.q_per_channel_axis(), scales.tolist(), zeros.tolist())


def summary_difference(expected: Any, actual: Any, options: Options) -> Difference | None:
    """The same where at least one is only a summary of a large tensor."""
    told = _header(expected, actual) or _elsewhere(expected, actual, options)
    if told is not None:
        return told
    found, wanted = (_device(side) for side in (actual, expected))
    if (found == "meta") != (wanted == "meta"):
        return Difference("sct/device", f"is on {found}, expected on {wanted}")
    if found == "meta":
        return None  # such a tensor has no values
    if not isinstance(expected, TensorSummary) or not isinstance(actual, TensorSummary):
        return Difference("sct/value", "is too large to compare here")
    if expected.sample is None and actual.sample is None:
        return None
    if type(actual.sample) is not type(expected.sample) or _header(expected.sample, actual.sample):
        return Difference("sct/value", "has other values than expected")
    if _values(expected.sample, actual.sample, options):
        return Difference("sct/value", "has other values than expected")
    return None


def _device(tensor: Any) -> str:
    return tensor.device if isinstance(tensor, TensorSummary) else facts(tensor).device


def grad_phrase(wanted: bool) -> str:
    """That a tensor should, or should not, record gradients."""
    if wanted:
        return "does not record gradients (requires_grad is False), expected to record them"
    return "records gradients (requires_grad is True), expected not to"


def _header(expected: Any, actual: Any) -> Difference | None:
    found, wanted = tuple(actual.shape), tuple(expected.shape)
    if found != wanted:
        phrase = f"has shape {shape_text(found)}, expected {shape_text(wanted)}"
        return Difference("sct/shape", phrase + _shape_reason(found, wanted))
    found_dtype = str(actual.dtype).removeprefix("torch.")
    wanted_dtype = str(expected.dtype).removeprefix("torch.")
    if found_dtype != wanted_dtype:
        return Difference("sct/dtype", f"has dtype {found_dtype}, expected {wanted_dtype}")
    return None


def _elsewhere(expected: Any, actual: Any, options: Options) -> Difference | None:
    if not options.device:
        return None
    found, wanted = (
        side.device if isinstance(side, TensorSummary) else facts(side).device
        for side in (actual, expected)
    )
    if found == wanted:
        return None
    phrase = f"is on {found}, expected on {wanted}"
    return Difference(
        "sct/device", f"{phrase}: `.to(device)` moves it, and gives back what was moved"
    )


def _shape_reason(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(found) == 2 and found == wanted[::-1]:
        return ": the operands may be swapped, or it is transposed"
    if sorted(found) == sorted(wanted):
        return ": the dimensions are in another order"
    if found == wanted[1:] and wanted[0] == 1:
        return ": the batch dimension in front is missing"
    if wanted == found[1:] and found[0] == 1:
        return ": there is one dimension too many in front"
    if [size for size in found if size != 1] == [size for size in wanted if size != 1]:
        return ": only dimensions of size 1 differ"
    if len(found) != len(wanted):
        return f": it has {count(len(found), 'dimension')} instead of {len(wanted)}"
    return ""


def _values(expected: Any, actual: Any, options: Options) -> Difference | None:
    import torch

    with torch.no_grad():
        expected, actual = _dense(expected.detach()), _dense(actual.detach())
        dtype = str(expected.dtype).removeprefix("torch.")
        tolerance = options.tolerance or tolerance_of(dtype)
        if not (expected.is_floating_point() or expected.is_complex()):
            if expected.dtype in (torch.uint16, torch.uint32, torch.uint64):
                expected, actual = (
                    side.flatten().view(torch.uint8).reshape(*side.shape, -1)
                    for side in (expected, actual)
                )
                wrong = (expected != actual).any(-1)
                if not wrong.any():
                    return None
                return Difference("sct/value", f"differs in {_share(wrong)}")
            wrong = expected != actual
        else:
            wide = torch.complex128 if expected.is_complex() else torch.float64
            expected, actual = expected.to(wide), actual.to(wide)
            wrong = _apart(torch, expected, actual, tolerance)
        if not wrong.any():
            return None
        return Difference("sct/value", _value_phrase(torch, expected, actual, wrong, tolerance))


def _dense(tensor: Any) -> Any:
    import torch

    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def _apart(torch: Any, expected: Any, actual: Any, tolerance: Tolerance) -> Any:
    """Where two tensors of float64 or complex128 are further apart than allowed."""
    sizes = torch.maximum(expected.abs(), actual.abs())
    finite = sizes[sizes.isfinite()]
    scale = float(finite.max()) if finite.numel() else 0.0
    allowed = tolerance.relative * sizes + max(tolerance.scale * scale, tolerance.floor)
    near = (expected - actual).abs() <= allowed
    both = sizes.isfinite()
    same = (expected == actual) | (expected.isnan() & actual.isnan())
    return ~(same | (near & both))


def _value_phrase(torch: Any, expected: Any, actual: Any, wrong: Any, tolerance: Tolerance) -> str:
    if wrong.dim() == 0:
        found, wanted = pair_text(actual.item(), expected.item())
        return f"is {found}, expected {wanted}"
    first = [int(place) for place in wrong.nonzero()[0]]
    at = tuple(first)
    found, wanted = pair_text(actual[at].item(), expected[at].item())
    where = ", ".join(map(str, first))
    phrase = f"differs in {_share(wrong)}, the first at [{where}]: {found}, expected {wanted}"
    return phrase + _value_reason(torch, expected, actual, tolerance)


def _share(wrong: Any) -> str:
    count, total = int(wrong.sum()), wrong.numel()
    if count == total:
        return "its value" if total == 1 else f"all of its {total} values"
    return f"{count} of {total} values"


def _value_reason(torch: Any, expected: Any, actual: Any, tolerance: Tolerance) -> str:
    """What relates the two, where it is one plain thing; else nothing."""
    if expected.numel() < 2 or expected.dtype in (torch.bool,):
        return ""

    def same(one: Any, other: Any) -> bool:
        if one.dtype not in (torch.float64, torch.complex128):
            return bool((one == other).all())
        return not bool(_apart(torch, one, other, tolerance).any())

    if expected.dim() == 2 and expected.shape[0] == expected.shape[1] and same(expected.T, actual):
        return " (it is transposed)"
    if same(expected, -actual):
        return " (every sign is the other way round)"
    if expected.dtype is torch.float64:
        if same(expected.flatten().sort().values, actual.flatten().sort().values):
            return " (the values are right but in another order)"
        if same(expected.clamp(min=0), actual) and bool((expected < 0).any()):
            return " (every negative value has become 0)"
        if same(expected, actual.clamp(min=0)) and bool((actual < 0).any()):
            return " (negative values were expected to become 0)"
    return ""


def array_difference(expected: Any, actual: Any, options: Options) -> Difference | None:
    """How a NumPy array of numbers, truth values, dates or text differs. Kinds of number are not
    told apart, as `==` does not."""
    import numpy

    found, wanted = tuple(actual.shape), tuple(expected.shape)
    if found != wanted:
        phrase = f"has shape {shape_text(found)}, expected {shape_text(wanted)}"
        return Difference("sct/shape", phrase + _shape_reason(found, wanted))
    numbers = "biufc"
    if (expected.dtype.kind in numbers) != (actual.dtype.kind in numbers):
        return Difference("sct/dtype", f"has dtype {actual.dtype}, expected {expected.dtype}")
    if expected.dtype.kind not in numbers or actual.dtype.kind not in numbers:
        if expected.dtype.kind != actual.dtype.kind:
            return Difference("sct/dtype", f"has dtype {actual.dtype}, expected {expected.dtype}")
        wrong = numpy.asarray(expected != actual)
        if expected.dtype.kind in "mM":
            wrong &= ~(numpy.isnat(expected) & numpy.isnat(actual))
    else:
        wrong = _array_apart(numpy, expected, actual, options)
    if not wrong.any():
        return None
    first = tuple(int(place) for place in numpy.argwhere(wrong)[0])
    count, total = int(wrong.sum()), wrong.size
    share = f"all of its {total} values" if count == total > 1 else f"{count} of {total} values"
    if expected.dtype.kind not in numbers:
        return Difference("sct/value", f"differs in {share}, the first at {list(first)}")
    texts = pair_text(actual[first].item(), expected[first].item())
    return Difference(
        "sct/value",
        f"differs in {share}, the first at {list(first)}: {texts[0]}, expected {texts[1]}",
    )


def _array_apart(numpy: Any, expected: Any, actual: Any, options: Options) -> Any:
    kinds = {expected.dtype.kind, actual.dtype.kind}
    if not kinds & set("fc"):
        return numpy.asarray(expected != actual)
    dtypes = [str(side.dtype) for side in (expected, actual) if side.dtype.kind in "fc"]
    tolerance = options.tolerance or max(map(tolerance_of, dtypes), key=lambda item: item.relative)
    wide = numpy.complex128 if "c" in kinds else numpy.float64
    left, right = expected.astype(wide), actual.astype(wide)
    with numpy.errstate(all="ignore"):
        sizes = numpy.maximum(numpy.abs(left), numpy.abs(right))
        finite = sizes[numpy.isfinite(sizes)]
        scale = float(finite.max()) if finite.size else 0.0
        allowed = tolerance.relative * sizes + max(tolerance.scale * scale, tolerance.floor)
        near = (numpy.abs(left - right) <= allowed) & numpy.isfinite(sizes)
        same = (left == right) | (numpy.isnan(left) & numpy.isnan(right))
    return ~(same | near)
