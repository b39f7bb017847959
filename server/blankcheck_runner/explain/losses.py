"""Losses: what their input and their target must be."""

from __future__ import annotations

import ast

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.explain.shapes import sizes

_LOSS = ("loss", "cross_entropy", "criterion", "nll", "bce")


def _target(ctx: Context) -> ast.expr | None:
    return ctx.argument(ctx.call, "target", 1) if ctx.call else None


def _input(ctx: Context) -> ast.expr | None:
    return ctx.argument(ctx.call, "input", 0) if ctx.call else None


def _text(ctx: Context, node: ast.expr | None, otherwise: str) -> str:
    if node is None:
        return otherwise
    return ctx.operand(node, otherwise).text + ctx.came_from(node)


def _about_loss(ctx: Context) -> bool:
    """Whether a loss function of the library was running."""
    return any(
        call.function.endswith(("_loss", "cross_entropy", "entropy_with_logits"))
        for call in ctx.crash.calls
    ) or bool(ctx.call and any(word in ctx.callee(ctx.call).lower() for word in _LOSS))


def class_numbers(ctx: Context) -> Explanation | None:
    """Classes that are not given as whole numbers."""
    found = ctx.search(r"expected target dtype to be Long or Byte, but got (\w+)") or ctx.search(
        r"expected scalar type Long but found (\w+)"
    )
    if not found or not _about_loss(ctx):
        return None
    target = _target(ctx)
    value = ctx.value(target) if target is not None else None
    dtype = value.dtype if value and value.dtype else words.dtype(found.group(1))
    return Explanation(
        "dtype",
        f"{_text(ctx, target, 'the target')} is {dtype}, but this loss wants the classes "
        "as whole numbers of dtype int64 (`torch.long`). Make the target with that dtype, or "
        "convert it with `.long()`.",
        target,
    )


def out_of_bounds(ctx: Context) -> Explanation | None:
    """A class number that the network has no output for."""
    found = ctx.search(r"Target (-?\d+) is out of bounds")
    if not found:
        return None
    scores = ctx.library_argument("input")
    if scores is None and (node := _input(ctx)) is not None:
        scores = ctx.value(node)
    shape = scores.shape if scores else None
    count = shape[1] if shape and len(shape) > 1 else shape[0] if shape else None
    has = f"has outputs for {words.plural(count, 'class', 'classes')}" if count else "is for fewer"
    known = f" (0 to {count - 1})" if count else ""
    return Explanation(
        "index",
        f"The target holds class {found.group(1)}, but {_text(ctx, _input(ctx), 'the prediction')} "
        f"{has}{known}. Classes count from 0: check the target, and the size of the last layer.",
        _target(ctx),
    )


def batches(ctx: Context) -> Explanation | None:
    """Predictions and targets that differ in number or shape."""
    found = ctx.search(r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)")
    if found:
        one, two = (int(part) for part in found.groups())
        return Explanation(
            "shape",
            f"{_text(ctx, _input(ctx), 'the prediction')} holds "
            f"{words.plural(one, 'sample')}, but {_text(ctx, _target(ctx), 'the target')} {two}: "
            "there must be one target for each. Check that both come from one batch, and that no "
            "`view` mixes samples.",
            _target(ctx),
        )
    if ctx.search(r"0D or 1D target tensor expected, multi-target not supported"):
        return _one_number_each(ctx)
    found = ctx.search(
        r"[Tt]arget size \(torch\.Size\(\[(.*?)\]\)\) (?:that is different to|must be the same as) "
        r"(?:the )?input size \(torch\.Size\(\[(.*?)\]\)\)"
    )
    if found:
        want, have = words.shape(sizes(found.group(2))), words.shape(sizes(found.group(1)))
        return _same_shape(ctx, want, have)
    return None


def _one_number_each(ctx: Context) -> Explanation:
    value = ctx.library_argument("target")
    shape = f" of shape {words.shape(value.shape)}" if value and value.shape else ""
    return Explanation(
        "shape",
        f"{_text(ctx, _target(ctx), 'the target')}{shape} should be a plain row of class "
        "numbers, one for each sample, of shape (samples,). See `squeeze` and `flatten`.",
        _target(ctx),
    )


def _same_shape(ctx: Context, want: str, have: str) -> Explanation:
    return Explanation(
        "shape",
        f"{_text(ctx, _target(ctx), 'the target')} has shape {have}, but "
        f"{_text(ctx, _input(ctx), 'the prediction')} has {want}: this loss compares them one by "
        "one, so both need one shape. See `unsqueeze` and `squeeze`.",
        _target(ctx),
    )


def elementwise(ctx: Context) -> Explanation | None:
    """`MSELoss` and its like with shapes that cannot be broadcast."""
    if not (ctx.search(r"^The size of tensor a \(") and _about_loss(ctx)):
        return None
    one, two = ctx.library_argument("input"), ctx.library_argument("target")
    if not one or not two or one.shape is None or two.shape is None:
        return None
    return _same_shape(ctx, words.shape(one.shape), words.shape(two.shape))


def scores(ctx: Context) -> Explanation | None:
    """Cross entropy with one value for each sample, such as the class that was picked."""
    if not ctx.search(r"Expected floating point type for target with class probabilities"):
        return None
    value = ctx.library_argument("input")
    shape = value.shape if value else None
    if shape is None or len(shape) != 1:
        has = "and the target have one shape, so the target is read as probabilities"
        return Explanation(
            "shape",
            f"{_text(ctx, _input(ctx), 'the prediction')} {has}. Give the classes as whole "
            "numbers, one for each sample, and the prediction a score for each class.",
            _target(ctx),
        )
    return Explanation(
        "shape",
        f"{_text(ctx, _input(ctx), 'the prediction')} has shape {words.shape(shape)}: one value "
        "for each sample. This loss wants a score for each class, in rows of shape (samples, "
        "classes): give it what the network gives, before a class is picked.",
        _input(ctx),
    )


def probabilities(ctx: Context) -> Explanation | None:
    """`BCELoss` with scores that are no probabilities."""
    if not ctx.search(r"all elements of input should be between 0 and 1"):
        return None
    return Explanation(
        "value",
        f"{_text(ctx, _input(ctx), 'the prediction')} holds numbers outside 0 to 1, but "
        "this loss takes probabilities. Put a sigmoid before it, or use the loss that takes "
        "scores (logits).",
        _input(ctx),
    )


def dtype(ctx: Context) -> Explanation | None:
    """A loss that compares numbers, with a target of whole numbers."""
    found = ctx.search(r"Found dtype (\w+) but expected (\w+)") or ctx.search(
        r"result type \w+ can't be cast to the desired output type (\w+)()"
    )
    if not found or not _about_loss(ctx):
        return None
    target = _target(ctx)
    value = ctx.value(target) if target is not None else None
    scores = ctx.library_argument("input")
    want = scores.dtype if scores and scores.dtype else words.dtype(found.group(2) or "Float")
    have = value.dtype if value and value.dtype else words.dtype(found.group(1))
    return Explanation(
        "dtype",
        f"{_text(ctx, target, 'the target')} is {have}, but the prediction is {want}, "
        "and this loss needs both in one dtype. Convert the target, for instance with `.float()`.",
        target,
    )


def not_made(ctx: Context) -> Explanation | None:
    """A loss class called with the tensors: `nn.CrossEntropyLoss(output, target)`."""
    if not ctx.call or not ctx.search(r"Boolean value of Tensor|cannot assign '|bool value of"):
        return None
    value = ctx.value(ctx.call.func)
    callee = value.text if value and value.kind == "class" else ctx.callee(ctx.call)
    if not callee.endswith("Loss") or (value is not None and value.kind != "class"):
        return None
    return Explanation(
        "call",
        f"`{callee}` is a class: `{ctx.text(ctx.call.func)}(…)` makes a loss and takes its "
        "settings. Make it first, then call what you made with the prediction and the target.",
        ctx.call.func,
    )


EXPLAINERS = (
    class_numbers,
    out_of_bounds,
    batches,
    elementwise,
    scores,
    probabilities,
    dtype,
    not_made,
)
