"""Names, attributes, modules and keys that are not there."""

from __future__ import annotations

import ast
import builtins

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.plain import one_line

_CUSTOMARY = {
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
    "optim": "import torch.optim as optim",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "torchvision": "import torchvision",
    "transforms": "from torchvision import transforms",
    "datasets": "from torchvision import datasets",
    "models": "from torchvision import models",
    "DataLoader": "from torch.utils.data import DataLoader",
    "Dataset": "from torch.utils.data import Dataset",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    "Variable": "",
}

_CONSTANTS = ("True", "False", "None")
"""Of Python's own names, those that are not only called: `out` is not meant to be `oct`."""


def _name_node(ctx: Context, name: str) -> ast.Name | None:
    return next((n for n in ctx.expressions if isinstance(n, ast.Name) and n.id == name), None)


def name(ctx: Context) -> Explanation | None:
    """A name that nothing was assigned to, or not yet."""
    if ctx.crash.base not in ("NameError", "UnboundLocalError") or not ctx.crash.missing:
        return None
    missing = ctx.crash.missing
    if ctx.index != len(ctx.crash.frames) - 1:
        return None
    at = _name_node(ctx, missing)
    here = ctx.frame.line if ctx.frame else 0
    if ctx.crash.base == "UnboundLocalError":
        return _local(ctx, missing, at)
    bound = ctx.first_assigned(missing)
    if bound and bound.lineno > here and ctx.frame and ctx.frame.function == "<module>":
        what = "imported" if isinstance(bound, (ast.Import, ast.ImportFrom)) else "assigned"
        if isinstance(bound, (ast.FunctionDef, ast.ClassDef)):
            what = "defined"
        return Explanation(
            "name",
            f"`{missing}` is {what} on line {bound.lineno}, after it is used here. Python runs "
            "line by line from the top: move that line up.",
            at,
        )
    if bound is not None and at is not None and _within(ctx, at, bound):
        earlier = words.closest(missing, ctx.crash.scope)
        return Explanation(
            "name",
            f"`{missing}` gets its value in this very statement, so it cannot be used in it yet."
            + (f" Did you mean `{earlier}`?" if earlier else ""),
            at,
        )
    if bound is not None and bound.lineno < here and (lost := _lost(ctx, missing, bound)):
        return Explanation("name", lost, at)
    held = _attribute_of_self(ctx, missing)
    if held:
        return Explanation(
            "name",
            f"`{missing}` is not a name of its own here: it was assigned to `self.{missing}` on "
            f"line {held.lineno}. Reach it through `self`.",
            at,
        )
    if _CUSTOMARY.get(missing):
        return Explanation(
            "import",
            f"Nothing was imported as `{missing}`. Add `{_CUSTOMARY[missing]}` at the top.",
            at,
        )
    if ctx.crash.elsewhere:
        return Explanation(
            "name",
            f"`{missing}` is not defined by itself: it is to be had as `{ctx.crash.elsewhere[0]}`.",
            at,
        )
    called = any(isinstance(node, ast.Call) and node.func is at for node in ast.walk(ctx.tree))
    builtin = [item for item in dir(builtins) if item[0] != "_"] if called else _CONSTANTS
    meant = words.closest(missing, [*ctx.crash.scope, *builtin])
    if meant:
        origin = ctx.assigned(meant, here)
        where = f" (line {origin.lineno})" if origin else ""
        return Explanation("name", f"There is no `{missing}`. Did you mean `{meant}`{where}?", at)
    advice = "Check the spelling, or assign it first."
    if at is not None and _may_be_text(ctx, at):
        advice = f'If it is meant as text, it needs quotes: `"{missing}"`.'
    return Explanation(
        "name", f"Nothing was assigned to `{missing}` before this line. {advice}", at
    )


def _may_be_text(ctx: Context, at: ast.Name) -> bool:
    """Whether a name stands where keys do, which are mostly texts."""
    return any(
        (isinstance(node, ast.Dict) and at in node.keys)
        or (isinstance(node, ast.Subscript) and at is node.slice)
        for node in ast.walk(ctx.tree)
    )


def _within(ctx: Context, node: ast.AST, statement: ast.stmt) -> bool:
    inner, outer = ctx.span(node), ctx.span(statement)
    simple = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    return simple and outer[0] <= inner[0] and inner[1] <= outer[1]


def _lost(ctx: Context, missing: str, bound: ast.stmt) -> str:
    """Why a name that is assigned further up is not there; empty where that is not known."""
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.Delete) and any(
            isinstance(target, ast.Name) and target.id == missing for target in node.targets
        ):
            return f"`{missing}` was deleted on line {node.lineno}, so it has no value any more."
        if isinstance(node, ast.FunctionDef) and any(part is bound for part in ast.walk(node)):
            if node is bound or (ctx.frame and ctx.frame.function == node.name):
                continue
            return (
                f"`{missing}` is assigned on line {bound.lineno}, inside the function "
                f"`{node.name}`, and lives only there. Let the function return it, and assign "
                "what it returns."
            )
    return (
        f"`{missing}` is assigned on line {bound.lineno}, but that line did not run before this "
        "one. Assign it in every case."
    )


def _local(ctx: Context, missing: str, at: ast.AST | None) -> Explanation:
    function = ctx.frame.function if ctx.frame else "the function"
    return Explanation(
        "name",
        f"`{missing}` is assigned somewhere in `{function}`, so in all of `{function}` it is a "
        "name of its own, and here it has no value yet. Pass the value in as an argument, or "
        "assign it first.",
        at,
    )


def _attribute_of_self(ctx: Context, missing: str) -> ast.stmt | None:
    if ctx.frame is None or ctx.frame.function == "<module>" or "self" not in ctx.crash.scope:
        return None
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == missing:
                    return node
    return None


def attribute(ctx: Context) -> Explanation | None:
    """An attribute that a value does not have."""
    if ctx.crash.base != "AttributeError" or not ctx.crash.missing:
        return None
    missing = ctx.crash.missing
    node = next(
        (n for n in ctx.expressions if isinstance(n, ast.Attribute) and n.attr == missing), None
    )
    at: ast.AST | tuple[int, int] | None = node
    if node is not None:
        end = ctx.span(node)[1]
        at = (end - len(missing), end)
    owner = ctx.crash.owner or (ctx.value(node.value) if node is not None else None)
    if node is None or owner is None:
        return None
    text = ctx.operand(node.value, "this value").text
    if owner.kind == "none":
        return _none(ctx, node)
    if owner.kind == "module":
        return _of_module(ctx, missing, text, at)
    if owner.kind == "class":
        return Explanation(
            "attribute",
            f"The class `{owner.text}` has no `{missing}`."
            + words.did_you_mean(missing, ctx.crash.attributes),
            at,
        )
    if owner.type.startswith("torch.return_types") or owner.type in ("max", "min", "sort", "topk"):
        return Explanation(
            "attribute",
            f"{text} holds two tensors, the values and their indices. Take one of them "
            "first: `.values` or `.indices`.",
            at,
        )
    if owner.kind == "tensor":
        kind = f" ({words.kind(owner)})"
    elif owner.kind == "function":
        # A method hands the question on to its function: what stands there is more telling.
        held = ctx.value(node.value) or owner
        return Explanation(
            "attribute",
            f"{text} is a {'method' if 'method' in held.type else 'function'} that was "
            f"not called, so it has no `{missing}`. Call it, with `()`, first.",
            at,
        )
    else:
        kind = f" is {words.kind(owner)} and"
    if owner.kind == "tensor":
        sentence = f"{text}{kind} has no attribute `{missing}`."
    elif text.strip("`") == "self":
        sentence = f"`self` has no attribute `{missing}`: `__init__` did not assign it."
    else:
        sentence = f"{text}{kind} has no attribute `{missing}`."
    hint = words.did_you_mean(missing, ctx.crash.attributes)
    if not hint and ctx.crash.elsewhere and owner.kind == "tensor":
        hint = f" It is a function: `{ctx.crash.elsewhere[0]}(…)`."
    if not hint and owner.kind == "dict":
        hint = ' The items of a dict are reached with brackets: `d["key"]`.'
    return Explanation("attribute", sentence + (hint or " Check the spelling."), at)


def _of_module(
    ctx: Context, missing: str, text: str, at: ast.AST | tuple[int, int] | None
) -> Explanation:
    hint = _meant(ctx, missing, text.strip("`") + ".")
    return Explanation("attribute", f"{text} has no `{missing}`.{hint}", at)


def _meant(ctx: Context, missing: str, prefix: str) -> str:
    """What may have been meant in a module: a like name there, or the very name elsewhere."""
    near = words.closest(missing, ctx.crash.attributes)
    other = ctx.crash.elsewhere[0] if ctx.crash.elsewhere else ""
    if near and other and near.lower() == missing.lower():
        return f" Did you mean `{prefix}{near}`, or `{other}`?"
    if other:
        return f" It is to be had as `{other}`."
    return f" Did you mean `{prefix}{near}`?" if near else " Check the spelling."


def _none(ctx: Context, node: ast.Attribute) -> Explanation:
    value = node.value
    if isinstance(value, ast.Attribute) and value.attr == "grad":
        owner = ctx.text(value.value)
        return Explanation(
            "attribute",
            f"`{one_line(ctx.text(value), 60)}` is None: no gradient has been computed for "
            f"`{one_line(owner, 40)}` yet. Call `backward` first, and check that it was made with "
            "`requires_grad=True`.",
            value,
        )
    return Explanation("attribute", none_message(ctx, value, f"has no `{node.attr}`"), value)


def none_message(ctx: Context, value: ast.expr, effect: str) -> str:
    """Says that a value is None and where that comes from."""
    operand = ctx.operand(value, "this value")
    if isinstance(value, ast.Constant):
        return f"None {effect.removeprefix('which ')}: it stands for no value."
    origin = ctx.origin(value)
    made = ctx.made(value) or (value if isinstance(value, ast.Call) else None)
    message = f"{operand.text} is None, which {effect}."
    if origin is not None and made is not None:
        message += f" It was assigned on line {origin.lineno}"
        message += f", where {_gives_none(ctx, made)}" if isinstance(made, ast.Call) else "."
    elif isinstance(made, ast.Call):
        message += f" That is because {_gives_none(ctx, made)}"
    else:
        message += " Check where it got its value."
    return message


def _gives_none(ctx: Context, call: ast.Call) -> str:
    callee = ctx.callee(call)
    if callee == "print":
        return "`print` only shows a value and gives None back."
    if callee in {"append", "extend", "sort", "reverse", "insert", "clear", "update", "shuffle"}:
        return f"`{callee}` changes its object in place and gives None back."
    held, made = ctx.value(call.func), ctx.made(call.func)
    kind = held.type if held and held.kind == "layer" else ""
    kind = kind or (ctx.callee(made) if isinstance(made, ast.Call) else "")
    if kind and (forward := _without_return(ctx, kind)):
        return f"`forward` gives nothing back: it lacks a `return` (line {forward.lineno})."
    if callee in {"backward", "step", "zero_grad"}:
        return f"`{callee}` does its work in place and gives None back."
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.FunctionDef) and node.name == callee:
            return f"`{callee}` gives nothing back: it lacks a `return` (line {node.lineno})."
    return f"`{one_line(ctx.text(call), 60)}` gave None."


def _without_return(ctx: Context, named: str) -> ast.FunctionDef | None:
    """The `forward` of the class, if it returns nothing."""
    for held in ast.walk(ctx.tree):
        if isinstance(held, ast.ClassDef) and held.name == named:
            for node in held.body:
                if isinstance(node, ast.FunctionDef) and node.name == "forward":
                    returns = (p for p in ast.walk(node) if isinstance(p, ast.Return) and p.value)
                    return node if next(returns, None) is None else None
    return None


def missing_import(ctx: Context) -> Explanation | None:
    """A module, or a name in one, that does not exist."""
    if ctx.crash.base not in ("ImportError", "ModuleNotFoundError"):
        return None
    missing = ctx.crash.missing
    statement = ctx.node
    if not missing or not isinstance(statement, (ast.Import, ast.ImportFrom)):
        return None
    if ctx.crash.base == "ModuleNotFoundError":
        return _module(ctx, missing, statement)
    held = statement.module if isinstance(statement, ast.ImportFrom) else ""
    alias = next((item for item in statement.names if item.name == missing), None)
    return Explanation(
        "import",
        f"`{held}` has no `{missing}` to import.{_meant(ctx, missing, '')}",
        (ctx.span(alias)[0], ctx.span(alias)[0] + len(missing)) if alias else None,
    )


def _module(
    ctx: Context, missing: str, statement: ast.Import | ast.ImportFrom
) -> Explanation | None:
    parent, _, last = missing.rpartition(".")
    start, end = ctx.span(statement)
    at = ctx.source.find(missing, start, end)
    prefix = f"{parent}." if parent else ""
    hint = words.did_you_mean(last, ctx.crash.attributes, prefix)
    if not hint:
        hint = " Check the spelling; if it is right, the package must be installed first."
    return Explanation(
        "import",
        f"There is no module `{missing}` here.{hint}",
        (at, at + len(missing)) if at >= 0 else None,
    )


def key(ctx: Context) -> Explanation | None:
    """A key that a dict does not have."""
    if ctx.crash.base != "KeyError":
        return None
    missing = one_line(ctx.message, 60)
    node = next((n for n in ctx.expressions if isinstance(n, ast.Subscript)), None)
    value = ctx.value(node.value) if node is not None else None
    if node is None:
        return None
    if value is None or value.kind != "dict":
        return Explanation("key", f"There is no key `{missing}` here. Check the keys.", node.slice)
    text = ctx.operand(node.value, "the dict").text
    near = words.closest(missing.strip("'\""), (item.strip("'\"") for item in value.keys))
    if near:
        quote = "'" if missing.startswith(("'", '"')) else ""
        hint = f" Did you mean `{quote}{near}{quote}`?"
    elif not value.keys:
        hint = " It is empty."
    else:
        shown = ", ".join(f"`{item}`" for item in value.keys[:6])
        hint = f" It has {shown}{' and more' if (value.length or 0) > 6 else ''}."
    return Explanation("key", f"{text} has no key `{missing}`.{hint}", node.slice)


EXPLAINERS = (name, attribute, missing_import, key)
