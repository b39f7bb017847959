"""Layers that get what they do not take, and networks that are not put together right."""

from __future__ import annotations

import ast
from math import prod

from blankcheck_runner.described import Fact, Value
from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.explain.shapes import sizes
from blankcheck_runner.plain import one_line


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
    direct = held is not None and not held.path
    if direct and node is not None:
        operand = ctx.operand(node, "its input")
        text = operand.text + ctx.came_from(node)
        shape = shape or (operand.value.shape if operand.value else None)
    else:
        text = "what reaches it"
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
        f"{_capital(name(ctx))} takes {words.plural(wanted, 'value')} in the last dimension, but "
        f"{text} has shape {words.shape(shape)}: {shape[-1]}."
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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
        f"{_capital(name(ctx))} takes images with {words.plural(wanted, 'channel')}, but {text}"
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
        f"{_capital(name(ctx))} takes an input of {allowed} dimensions{order}. But {text}"
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
            f"{_capital(name(ctx))} has a kernel of {kernel}, but the image that reaches it is "
            f"only {have}. Use a smaller kernel, padding, or less pooling before it.",
            given(ctx),
        )
    if ctx.search(r"Output size is too small"):
        _, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{_capital(name(ctx))} would leave nothing of what reaches it{_of_shape(shape)}: the "
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
            f"{_capital(name(ctx))} is made for {wanted} features or channels, but {text}"
            f"{_of_shape(shape)} has {got} in dimension 1. Make the layer for what it gets.",
            _norm_place(ctx),
        )
    found = ctx.search(r"Given normalized_shape=\[(.*?)\], expected input with shape")
    if found:
        text, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{_capital(name(ctx))} normalises over last dimensions of size {found.group(1)}, but "
            f"{text} has shape {words.shape(shape or ())}. Make the layer for what it gets.",
            _norm_place(ctx),
        )
    if ctx.search(r"Expected more than 1 value per channel when training"):
        _, shape = _input(ctx)
        return Explanation(
            "shape",
            f"{_capital(name(ctx))} cannot compute a spread from one sample{_of_shape(shape)}. "
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
        f"{_capital(name(ctx))} takes {found.group(1)} values for each step of a sequence, but "
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
        f"{_capital(name(ctx))}{count or ' has too few rows'}, but its input holds a number "
        "outside that. Make `num_embeddings` one more than the largest number there is.",
        given(ctx),
    )


# --- Building networks ----------------------------------------------------------------------------


def not_initialised(ctx: Context) -> Explanation | None:
    """A module whose `__init__` does not call that of `nn.Module`."""
    found = ctx.search(r"cannot assign (?:module|parameter|buffer)s? before Module\.__init__\(\)")
    hidden = ctx.search(
        r"'(\w+)' object has no attribute '(?:_backward_hooks|_modules|_parameters|_forward_hooks)'"
    )
    if not found and not hidden:
        return None
    method = _init_around(ctx) if found else _init_of(ctx, hidden.group(1) if hidden else "")
    return Explanation(
        "layer",
        "A network must be set up as an `nn.Module` before anything is put into it: call "
        "`super().__init__()` as the first line of `__init__`.",
        None if found or method is None else _name_span(ctx, method),
    )


def _init_around(ctx: Context) -> ast.FunctionDef | None:
    line = ctx.frame.line if ctx.frame else 0
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            return node
    return None


def _class(ctx: Context, named: str) -> ast.ClassDef | None:
    return next(
        (n for n in ast.walk(ctx.tree) if isinstance(n, ast.ClassDef) and n.name == named), None
    )


def _init_of(ctx: Context, named: str) -> ast.FunctionDef | None:
    held = _class(ctx, named)
    return next(
        (n for n in held.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
        if held
        else iter(()),
        None,
    )


def _name_span(ctx: Context, node: ast.FunctionDef | ast.ClassDef) -> tuple[int, int]:
    """The name in `def name(` or `class name`."""
    start, end = ctx.span(node)
    at = ctx.source.find(node.name, start + 3, end)
    return (at, at + len(node.name)) if at >= 0 else (start, end)


def super_not_called(ctx: Context) -> Explanation | None:
    """`super.__init__()` without the brackets after `super`."""
    if not ctx.search(r"descriptor '\w+' of 'super' object needs an argument"):
        return None
    node = next((n for n in ctx.expressions if isinstance(n, ast.Name) and n.id == "super"), None)
    return Explanation("layer", "`super` must be called here: write `super()` with brackets.", node)


def no_forward(ctx: Context) -> Explanation | None:
    """A network without `forward`."""
    found = ctx.search(r"Module \[(\w+)\] is missing the required \"forward\" function")
    if not found:
        return None
    held = _class(ctx, found.group(1))
    methods = [n for n in held.body if isinstance(n, ast.FunctionDef)] if held else []
    near = words.closest("forward", [method.name for method in methods])
    meant = next((method for method in methods if method.name == near), None)
    if meant:
        return Explanation(
            "layer",
            f"A network computes in a method named `forward`, but in `{found.group(1)}` it is "
            f"called `{meant.name}`. Check the spelling.",
            _name_span(ctx, meant),
        )
    return Explanation(
        "layer",
        f"`{found.group(1)}` has no method `forward`, which says how it computes its output. "
        "Write one, inside the class (check the indentation).",
        _name_span(ctx, held) if held else None,
    )


def not_a_layer(ctx: Context) -> Explanation | None:
    """`nn.Sequential` with something that is no layer."""
    found = ctx.search(r"^([\w.<> ]+) is not a Module subclass")
    if not found:
        return None
    culprit = next(
        (
            node
            for node in (ctx.call.args if ctx.call else ())
            if (value := ctx.value(node)) is not None and value.kind != "layer"
        ),
        None,
    )
    value = ctx.value(culprit) if culprit is not None else None
    if culprit is None and ctx.call:
        culprit = next((n for n in ctx.call.args if isinstance(n, (ast.List, ast.Tuple))), None)
    text = f"`{found.group(1)}`" if culprit is None else f"`{one_line(ctx.text(culprit), 40)}`"
    if value and value.kind == "class":
        advice = "It is a class: a layer is made by calling it, with `()` and what it needs."
    elif isinstance(culprit, (ast.List, ast.Tuple)) or found.group(1) in ("list", "tuple"):
        advice = "Pass the layers one by one, or put a `*` before the list."
    elif value and value.kind == "function":
        advice = "It is a function: in a network of layers, use the layer of that kind."
    else:
        advice = "Pass the layers themselves, not what they compute."
    return Explanation(
        "layer", f"A network is made of layers, and {text} is none. {advice}", culprit
    )


def as_parameter(ctx: Context) -> Explanation | None:
    """Assigning something to a parameter or layer that does not take its place."""
    found = ctx.search(r"cannot assign '([\w.]+)'(?: object)? (?:as|to) (\w+) '(\w+)'")
    if not found:
        return None
    what, place, named = found.groups()
    made = what.rpartition(".")[2].replace("FloatTensor", "Tensor")
    if place == "parameter":
        advice = "Wrap it in `nn.Parameter(…)`, or change the values in place under `no_grad`."
    else:
        advice = "Check what belongs there."
    return Explanation(
        "layer",
        f"`{named}` is a {place} of the layer, and {words.a(made)} cannot take its place. {advice}",
    )


def state_dict(ctx: Context) -> Explanation | None:
    """`load_state_dict` with weights of another network."""
    if not ctx.search(r"Error\(s\) in loading state_dict for"):
        if ctx.search(r"Expected state_dict to be dict-like"):
            return Explanation(
                "layer",
                "`load_state_dict` takes the weights (what `state_dict()` gave, and `torch.load` "
                "reads), not a network.",
                given(ctx),
            )
        return None
    network = ctx.search(r"loading state_dict for (\w+)")
    who = f"`{network.group(1)}`" if network else "the network"
    found = ctx.search(
        r"size mismatch for ([\w.]+): copying a param with shape torch\.Size\(\[(.*?)\]\) from "
        r"checkpoint, the shape in current model is torch\.Size\(\[(.*?)\]\)"
    )
    if found:
        saved, own = words.shape(sizes(found.group(2))), words.shape(sizes(found.group(3)))
        return Explanation(
            "layer",
            f"The weights are from another network: `{found.group(1)}` has shape {saved} in them "
            f"and {own} in {who}. Build the network with the sizes that were saved.",
            given(ctx),
        )
    parts: list[str] = []
    if missing := ctx.search(r"Missing key\(s\) in state_dict: (.*?)\.\s*(?:\n|$)"):
        parts.append(f"the network's {_keys(missing.group(1))} cannot be found in them")
    if extra := ctx.search(r"Unexpected key\(s\) in state_dict: (.*?)\.\s*(?:\n|$)"):
        parts.append(f"the network has no place for their {_keys(extra.group(1))}")
    return Explanation(
        "layer",
        f"The weights do not belong to {who}: {words.listed(parts) or 'their names differ'}. "
        "Build the network with the layer names that were saved.",
        given(ctx),
    )


def _keys(text: str) -> str:
    keys = [part.strip().strip('"') for part in text.split(",")]
    shown = words.listed(f"`{key[:60]}`" for key in keys[:2])
    return shown + (f" and {len(keys) - 2} more" if len(keys) > 2 else "")


EXPLAINERS = (
    linear,
    channels,
    image_dimensions,
    too_small,
    norm,
    recurrent,
    embedding,
    not_initialised,
    super_not_called,
    no_forward,
    not_a_layer,
    as_parameter,
    state_dict,
)
