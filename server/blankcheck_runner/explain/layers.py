"""Layers that get what they do not take."""

from __future__ import annotations

import ast
from math import prod

from blankcheck_runner.described import Fact, Value
from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.explain.shapes import sizes


def name(ctx: Context) -> str:
    """The layer at fault as the learner could write it: `net[2]`, `self.fc1`; else its class."""
    held = ctx.layer_call
    owner = held.owner if held else None
    if held is None or owner is None:
        return "the layer"
    root = _root(ctx)
    if root is None:
        return f"the layer `{words.layer(owner)}`"
    text = ctx.text(root)
    if isinstance(root, ast.Call):
        return f"the layer `{words.layer(owner)}`"
    for part in held.path.split(".") if held.path else ():
        text += f"[{part}]" if part.isdigit() else f".{part}"
    line = _made_on(ctx, root)
    where = f", line {line}" if line else ""
    return f"`{text}` (`{words.layer(owner)}`{where})" if len(text) <= 40 else words.layer(owner)


def _made_on(ctx: Context, root: ast.expr) -> int | None:
    """The line on which `self.name` is assigned."""
    if not isinstance(root, ast.Attribute):
        return None
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and ctx.text(target) == ctx.text(root):
                    return node.lineno
    return None


def _root(ctx: Context) -> ast.expr | None:
    """The callee of the learner's own call, if that is a layer."""
    if ctx.call is None:
        return None
    value = ctx.value(ctx.call.func)
    return ctx.call.func if value is None or value.kind == "layer" else None


def given(ctx: Context) -> ast.expr | None:
    """The argument of the learner's own call."""
    if ctx.call is None:
        return None
    return next(
        (item for item in ctx.call.args if not isinstance(item, ast.Starred)), None
    ) or next((keyword.value for keyword in ctx.call.keywords), None)


def _input(ctx: Context) -> tuple[str, tuple[int, ...] | None]:
    """What the layer got, in words, and its shape."""
    held = ctx.layer_call
    argument = (held.arguments or {}).get("input") if held else None
    if argument is None and held and held.arguments:
        argument = next(iter(held.arguments.values()))
    shape = argument.shape if argument else None
    node = given(ctx)
    # The first layer of a row gets what the row gets.
    direct = held is not None and set(held.path) <= {"0", "."}
    if direct and node is not None:
        operand = ctx.operand(node, "its input")
        text = operand.text + ctx.came_from(node)
        shape = shape or (operand.value.shape if operand.value else None)
    else:
        text = "its input"
    return text, shape


def _of_shape(shape: tuple[int, ...] | None) -> str:
    return f" of shape {words.shape(shape)}" if shape is not None else ""


def _definition(ctx: Context) -> ast.Call | None:
    """Where the layer at fault is made, if it is an item of a `Sequential` in the text."""
    root, held = _root(ctx), ctx.layer_call
    made = ctx.made(root) if root is not None else None
    if held is None or not held.path.isdigit() or not isinstance(made, ast.Call):
        return None
    place = int(held.path)
    if ctx.callee(made) != "Sequential" or place >= len(made.args):
        return None
    node = made.args[place]
    return node if isinstance(node, ast.Call) else None


def _before(ctx: Context) -> Value | None:
    """The last layer with sizes before the one at fault, in one `Sequential`."""
    root, held = _root(ctx), ctx.layer_call
    value = ctx.value(root) if root is not None else None
    if value is None or held is None or not held.path.isdigit():
        return None
    earlier = value.items[: int(held.path)]
    return next((item for item in reversed(earlier) if _out(item) is not None), None)


def _out(layer: Value) -> Fact | None:
    return layer.facts.get("out_features", layer.facts.get("out_channels"))


def linear(ctx: Context) -> Explanation | None:
    """`nn.Linear` with an input whose last size is not `in_features`."""
    held = ctx.layer_call
    wanted = held.owner.facts.get("in_features") if held and held.owner else None
    if not isinstance(wanted, int) or not ctx.search(r"shapes cannot be multiplied|size mismatch"):
        return None
    text, shape = _input(ctx)
    if not shape:
        return None
    definition, before = _definition(ctx), _before(ctx)
    if definition and before and _out(before) == shape[-1]:
        return Explanation(
            "shape",
            f"This layer takes {words.plural(wanted, 'value')} for each sample, but the layer "
            f"before it, `{words.layer(before)}`, gives {shape[-1]}. In a row of layers, each "
            "takes as many as the one before gives.",
            ctx.argument(definition, "in_features", 0) or definition,
        )
    message = (
        f"{name(ctx)} takes {words.plural(wanted, 'value')} in the last dimension, but "
        f"{text} of shape {words.shape(shape)} has {shape[-1]} there."
    )
    if len(shape) > 2 and prod(shape[1:]) == wanted:
        message += " Each sample has as many in all: flatten it first."
    elif len(shape) > 1 and prod(shape) == wanted:
        message += " It has as many in all: flatten it first."
    elif len(shape) == 2 and shape[0] == wanted and isinstance(given(ctx), ast.Name):
        message += " Does it lie on its side? Samples are rows, their features columns."
    else:
        message += " Give the layer that many inputs, or check what goes in."
    return Explanation("shape", message, given(ctx))


def channels(ctx: Context) -> Explanation | None:
    """A convolution that gets another number of channels."""
    found = ctx.search(
        r"expected input\[(.*?)\] to have (\d+) channels, but got (\d+) channels instead"
    )
    if not found:
        return None
    wanted, got = int(found.group(2)), int(found.group(3))
    text, shape = _input(ctx)
    shape = shape or sizes(found.group(1))
    definition, before = _definition(ctx), _before(ctx)
    if definition and before and _out(before) == got:
        return Explanation(
            "shape",
            f"This layer takes {words.plural(wanted, 'channel')}, but the layer before it, "
            f"`{words.layer(before)}`, gives {got}. In a row of layers, each takes as many as the "
            "one before gives.",
            ctx.argument(definition, "in_channels", 0) or definition,
        )
    order = "(batch, channels, height, width)" if len(shape) == 4 else "(channels, height, width)"
    message = (
        f"{name(ctx)} takes images with {words.plural(wanted, 'channel')}, but {text}"
        f"{_of_shape(shape)} has {got}: the order is {order}."
    )
    if shape and shape[-1] == wanted and len(shape) in (3, 4):
        message += " Here the channels stand last: bring them forward with `permute`."
    elif len(shape) == 3 and wanted == 1:
        message += " A dimension for the channel seems to be missing: see `unsqueeze`."
    else:
        message += " Give the layer that many input channels, or check what goes in."
    return Explanation("shape", message, given(ctx))


def image_dimensions(ctx: Context) -> Explanation | None:
    """A convolution, pooling or norm whose input has the wrong number of dimensions."""
    found = ctx.search(
        r"Expected (\d)D \(unbatched\) or (\d)D \(batched\) input to \w+, but got input of size: "
        r"\[(.*?)\]"
    ) or ctx.search(r"(?:non-empty )?(\d)D or (\d)D \(batch mode\) tensor expected for input()")
    if found:
        allowed = f"{found.group(1)} or {found.group(2)}"
        shape = sizes(found.group(3)) or None
    else:
        found = ctx.search(r"expected (\d)D(?: or (\d)D)? input \(got (\d)D input\)")
        if not found:
            return None
        allowed = " or ".join(group for group in found.groups()[:2] if group)
        shape = None
    text, known = _input(ctx)
    shape = known if known is not None else shape
    orders = {
        "2 or 3": "(batch, channels, length); the batch may be left out",
        "3 or 4": "(batch, channels, height, width); the batch may be left out",
        "4": "(batch, channels, height, width)",
    }
    order = f": {orders[allowed]}" if allowed in orders else ""
    return Explanation(
        "shape",
        f"{name(ctx)} takes an input of {allowed} dimensions{order}. But {text}"
        f"{_has_shape(shape)}. Check whether a dimension is missing or too many, and see "
        "`unsqueeze` and `reshape`.",
        given(ctx),
    )


def _has_shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return " has another number"
    return f" has {words.plural(len(shape), 'dimension')}: its shape is {words.shape(shape)}"


def too_small(ctx: Context) -> Explanation | None:
    """An image that is smaller than the kernel, or pooled to nothing."""
    found = ctx.search(r"padded input size per channel: \((.*?)\)\. Kernel size: \((.*?)\)")
    if found:
        have, kernel = (group.replace(" x ", "x") for group in found.groups())
        return Explanation(
            "shape",
            f"{name(ctx)} has a kernel of {kernel}, but the image that reaches it is "
            f"only {have}. Use a smaller kernel, padding, or less pooling before it.",
            given(ctx),
        )
    if ctx.search(r"Output size is too small"):
        _, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{name(ctx)} would leave nothing of what reaches it{_of_shape(shape)}: the "
            "image is too small by then. Pool less, or start from larger images.",
            given(ctx),
        )
    return None


def norm(ctx: Context) -> Explanation | None:
    """Norm layers: the number of features, and a batch of one."""
    found = ctx.search(r"running_mean should contain (\d+) elements not (\d+)")
    if found:
        got, wanted = found.groups()
        text, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{name(ctx)} is made for {wanted} features or channels, but {text}"
            f"{_of_shape(shape)} has {got} in dimension 1. Make the layer for what it gets.",
            _norm_place(ctx),
        )
    found = ctx.search(r"Given normalized_shape=\[(.*?)\], expected input with shape")
    if found:
        text, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{name(ctx)} normalises over last dimensions of size {found.group(1)}, but "
            f"{text} has shape {words.shape(shape or ())}. Make the layer for what it gets.",
            _norm_place(ctx),
        )
    if ctx.search(r"Expected more than 1 value per channel when training"):
        _, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{name(ctx)} cannot compute a spread from one sample{_of_shape(shape)}. "
            "Train with larger batches; to predict for one sample, switch the network to "
            "evaluation with `eval()`.",
            given(ctx),
        )
    return None


def _norm_place(ctx: Context) -> ast.expr | None:
    definition = _definition(ctx)
    if definition is None:
        return given(ctx)
    return ctx.argument(definition, "num_features", 0) or definition


def recurrent(ctx: Context) -> Explanation | None:
    """`nn.RNN`, `nn.LSTM` and `nn.GRU` with another input size."""
    found = ctx.search(r"input\.size\(-1\) must be equal to input_size\. Expected (\d+), got (\d+)")
    if not found:
        return None
    text, shape = _input(ctx)
    return Explanation(
        "shape",
        f"{name(ctx)} takes {found.group(1)} values for each step of a sequence, but "
        f"{text}{_of_shape(shape)} has {found.group(2)} in the last dimension. Make the layer for "
        "what it gets, or check the order of the dimensions.",
        given(ctx),
    )


def embedding(ctx: Context) -> Explanation | None:
    """`nn.Embedding` with an index that it has no row for."""
    if not ctx.search(r"^index out of range in self"):
        return None
    held = ctx.layer_call
    rows = held.owner.facts.get("num_embeddings") if held and held.owner else None
    count = f" has {rows} rows, for the numbers 0 to {rows - 1}" if isinstance(rows, int) else ""
    return Explanation(
        "index",
        f"{name(ctx)}{count or ' has too few rows'}, but its input holds a number "
        "outside that. Make `num_embeddings` one more than the largest number there is.",
        given(ctx),
    )


EXPLAINERS = (linear, channels, image_dimensions, too_small, norm, recurrent, embedding)
