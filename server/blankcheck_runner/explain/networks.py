"""Networks that are not put together right, or get the weights of another."""

from __future__ import annotations

import ast

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.explain.layers import given
from blankcheck_runner.explain.shapes import sizes
from blankcheck_runner.plain import one_line


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
        other = ctx.search(r"Expected state_dict to be dict-like(?:, got <class '(\w+)'>)?")
        if other:
            name = other.group(1) == "str"
            return Explanation(
                "layer",
                "`load_state_dict` takes the weights (what `state_dict()` gave, and `torch.load` "
                f"reads), not {'the name of a file' if name else 'a network'}.",
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
        f"The weights do not belong to {who}: {', and '.join(parts) or 'their names differ'}. "
        "Build the network with the layer names that were saved.",
        given(ctx),
    )


def _keys(text: str) -> str:
    keys = [part.strip().strip('"') for part in text.split(",")]
    shown = words.listed(f"`{key[:60]}`" for key in keys[:2])
    return shown + (f" and {len(keys) - 2} more" if len(keys) > 2 else "")


EXPLAINERS = (
    not_initialised,
    super_not_called,
    no_forward,
    not_a_layer,
    as_parameter,
    state_dict,
)
