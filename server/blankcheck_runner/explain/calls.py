"""What is called, computed with or entered, and is not made for it."""

from __future__ import annotations

import ast

from blankcheck_runner.described import Value
from blankcheck_runner.explain import layers, names, words
from blankcheck_runner.explain.context import Context, Explanation


def not_callable(ctx: Context) -> Explanation | None:
    """Round brackets after something that is no function."""
    found = ctx.search(r"^'([\w.]+)' object is not callable")
    if not found or not ctx.call:
        return None
    kind, func = found.group(1), ctx.call.func
    text = ctx.operand(func, "what stands before the brackets").text
    value = ctx.value(func)
    if kind == "NoneType":
        return Explanation("call", names.none_message(ctx, func, "cannot be called"), func)
    if kind == "module":
        named = ctx.text(func).rpartition(".")[2]
        what = f"{words.capital(text)} is a module: a collection of functions and classes, not one."
        return Explanation(
            "call", f"{what} Write the one that you need after a dot: `{named}.…(…)`.", func
        )
    if kind in ("torch.Size", "Size") or (isinstance(func, ast.Attribute) and func.attr == "shape"):
        return Explanation(
            "call",
            f"{text} is not a function but the shape itself: leave out the round "
            "brackets, or pick one size with square ones.",
            func,
        )
    if isinstance(func, ast.Attribute) and kind == "Tensor" and func.attr in {"T", "data", "grad"}:
        return Explanation(
            "call",
            f"{text} is already a tensor, not a method: leave out the brackets.",
            func,
        )
    origin = ctx.came_from(func)
    shown = words.kind(value) if value else words.a(kind)
    if kind in ("Tensor", "Parameter", "list", "tuple", "dict"):
        advice = "To pick an element use square brackets; to multiply, write the operator."
    elif kind in ("int", "float"):
        advice = "To multiply, write `*` before the bracket."
    elif kind == "str":
        advice = "Is a comma or an operator missing before the bracket?"
    else:
        advice = "Check the name before the brackets."
    if isinstance(func, ast.Name) and func.id in {
        "sum",
        "max",
        "min",
        "len",
        "list",
        "str",
        "print",
    }:
        advice = f"The name hides Python's own function `{func.id}`: choose another name there."
    return Explanation(
        "call",
        f"{text}{origin} is {shown}, which cannot be called like a function. {advice}",
        func,
    )


def operator(ctx: Context) -> Explanation | None:
    """Two values that an operator does not combine."""
    found = (
        ctx.search(r"unsupported operand type\(s\) for ([^:]+): '([\w.]+)' and '([\w.]+)'")
        or ctx.search(r"'([<>=!]+)' not supported between instances of '([\w.]+)' and '([\w.]+)'")
        or ctx.search(r"can only concatenate ()(\w+) \(not \"(\w+)\"\) to \w+")
    )
    if not found:
        return None
    sign = found.group(1).split(" ")[0] or "+"
    pair = ctx.inputs()[:2]
    if len(pair) < 2:
        return None
    for item in pair:
        if item.value and item.value.kind == "none":
            effect = f"cannot be used with `{sign}`"
            return Explanation("type", names.none_message(ctx, item.node, effect), item.node)
    for item in pair:
        if item.value and item.value.kind == "function" and isinstance(item.node, ast.Attribute):
            return Explanation(
                "call", f"{item.text} is a method that was not called: add `()`.", item.node
            )
    left, right = pair
    kinds = [
        item.value.type if item.value else told
        for item, told in zip(pair, found.groups()[1:], strict=False)
    ]
    for item, told in zip(pair, found.groups()[1:], strict=False):
        if item.value is None and isinstance(item.node, ast.Call):
            if ctx.callee(item.node) != told or told in ("Tensor", "int", "str", "list"):
                continue
            return Explanation(
                "type",
                f"{item.text} only makes a `{told}`, it computes nothing yet. Make it "
                "first, then call it with its input, and go on with what it gives.",
                item.node,
            )
        if item.value and item.value.kind == "layer":
            return Explanation(
                "type",
                f"{item.text}{ctx.came_from(item.node)} is a layer "
                f"(`{words.layer(item.value)}`), not a tensor. Call it with a tensor, and go on "
                "with what it gives.",
                item.node,
            )
    culprit = right if kinds[0] == "Tensor" or kinds[1] == "str" else left
    if "str" in kinds:
        culprit = left if kinds[0] == "str" else right
        advice = "Convert one of them first, with `str(…)`, `int(…)` or `float(…)`."
    elif "list" in kinds and "Tensor" in kinds:
        culprit = left if kinds[0] == "list" else right
        advice = "Make a tensor of the list first, with `torch.tensor(…)`."
    elif sign == "@":
        advice = "`@` is for two tensors; to multiply by a number write `*`."
    else:
        advice = "Check what each of them holds."
    return Explanation(
        "type",
        f"`{sign}` cannot combine {left.text} ({_short(left.value, found.group(2))}) and "
        f"{right.text} ({_short(right.value, found.group(3))}). {advice}",
        culprit.node,
    )


def summed(ctx: Context) -> Explanation | None:
    """`sum()` of what are no numbers, such as a dictionary's keys."""
    found = ctx.search(r"unsupported operand type\(s\) for \+: 'int' and '([\w.]+)'")
    if not found or not ctx.call or ctx.callee(ctx.call) != "sum" or len(ctx.call.args) != 1:
        return None
    (given,) = ctx.call.args
    text = ctx.operand(given, "what it is given").text
    value = ctx.value(given)
    kind = words.a(found.group(1))
    if value is not None and value.type == "dict":
        told = f"going through the dictionary {text} gives its keys, and one of them is {kind}"
        advice = "Its values come from `.values()`."
    else:
        told, advice = f"one item of {text} is {kind}", "Pass it numbers only."
    return Explanation("type", f"`sum` adds up numbers, but {told}. {advice}", given)


def no_iterator(ctx: Context) -> Explanation | None:
    """`next()` of something that can be gone through, but is at no place in it."""
    found = ctx.search(r"^'([\w.]+)' object is not an iterator")
    if not found or not ctx.call or not ctx.call.args:
        return None
    given = ctx.call.args[0]
    text = ctx.operand(given, "what it is given").text
    return Explanation(
        "type",
        f"`next` takes the next item from an iterator, but {text}{ctx.came_from(given)} is "
        f"{words.a(found.group(1))}. `iter(…)` makes an iterator of it: write `next(iter(…))`.",
        given,
    )


def _short(value: Value | None, told: str) -> str:
    return words.kind(value) if value and value.kind not in ("number", "text") else words.a(told)


def layer_for_value(ctx: Context) -> Explanation | None:
    """`nn.ReLU(x)` makes a layer; what is done with it afterwards fails."""
    found = ctx.search(r"^'(\w+)' object (?:has no attribute|is not (?:subscriptable|iterable))")
    if not found:
        return None
    owner = ctx.crash.owner
    for node in ctx.expressions:
        value = ctx.value(node)
        if value is None and owner is not None and isinstance(node, ast.Attribute):
            continue
        if value and value.kind == "layer" and value.type == found.group(1):
            made = ctx.made(node)
            if not isinstance(made, ast.Call) or not made.args:
                continue
            if ctx.callee(made) != value.type or value.facts.get("in_features") is not None:
                continue
            line = ctx.origin(node)
            where = f" on line {line.lineno}" if line else ""
            return Explanation(
                "layer",
                f"`{ctx.text(node)[:40]}` is a layer, not a tensor: `{ctx.text(made.func)}(…)`"
                f"{where} only makes the layer. Make it first, then call it with the tensor.",
                node,
            )
    return None


def context_manager(ctx: Context) -> Explanation | None:
    """`with torch.no_grad:` and other classes and functions that were not called."""
    found = ctx.search(r"'(\w+)' object does not support the context manager protocol") or (
        ctx.search(r"^(__enter__)$")
    )
    if not found:
        return None
    node = next(iter(ctx.expressions), None)
    value = ctx.value(node) if node is not None else None
    if node is None:
        return None
    text = ctx.operand(node, "this").text
    if found.group(1) == "type" or (value and value.kind in ("class", "function")):
        return Explanation("call", f"{text} must be called here: add `()`.", node)
    return Explanation(
        "type", f"{text} is {words.kind(value)} and cannot stand after `with`.", node
    )


def parameters_given(ctx: Context) -> Explanation | None:
    """Values that a layer, an optimizer or a loader refuses."""
    found = ctx.search(r"Invalid learning rate: (.+)")
    if found:
        at = ctx.argument(ctx.call, "lr", 1) if ctx.call else None
        return Explanation(
            "value",
            f"A learning rate cannot be {found.group(1)[:30]}: it is above 0, often small.",
            at,
        )
    found = ctx.search(r"dropout probability has to be between 0 and 1, but got (.+)")
    if found:
        return Explanation(
            "value",
            f"Dropout takes the share of values to drop, from 0 to 1, not {found.group(1)[:30]}.",
            layers.given(ctx),
        )
    return None


EXPLAINERS = (
    layer_for_value,
    not_callable,
    operator,
    summed,
    no_iterator,
    context_manager,
    parameters_given,
)
