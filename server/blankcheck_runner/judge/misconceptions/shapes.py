"""Sizes: features swapped, elements that do not come out, the batch dimension, target dtypes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from math import prod

from blankcheck_runner.judge.equality import difference
from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.judge.misconceptions.trees import (
    calls,
    last,
)

_IN_OUT = {
    "Linear": ("in_features", "out_features"),
    "Conv1d": ("in_channels", "out_channels"),
    "Conv2d": ("in_channels", "out_channels"),
    "Conv3d": ("in_channels", "out_channels"),
    "Embedding": ("num_embeddings", "embedding_dim"),
}
MAX_ROWS = 16
_ELEMENTS = re.compile(r"shape '\[([-\d, ]*)\]' is invalid for input of size (\d+)")
_TARGET = re.compile(
    r"expected scalar type Long but found|result type Float can't be cast to the desired output "
    r"type Long|Expected floating point type for target|Found dtype (?:Long|Int|Bool) but expected"
    r"|expected .*Long.* but (?:got|found)|not implemented for '(?:Long|Int|Float|Double|Bool)'"
)


def features_swapped(evidence: Evidence) -> Told | None:
    """A layer whose two sizes have changed places."""
    for statement in evidence.suspects:
        partner = evidence.partner(statement)
        theirs = list(_layers(partner)) if partner is not None else []
        for place, node in enumerate(_layers(statement)):
            sizes = _sizes(node)
            if len(sizes) != 2 or _same(*sizes):
                continue
            wanted = theirs[place] if place < len(theirs) else None
            meant = _sizes(wanted) if wanted is not None and last(wanted) == last(node) else []
            if len(meant) == 2 and _same(sizes[0], meant[1]) and _same(sizes[1], meant[0]):
                names = _IN_OUT[last(node)]
                what = "channels" if "channels" in names[0] else "features"
                return Told(
                    "features-swapped",
                    f"The sizes of this `{last(node)}` have changed places: the first one is what "
                    f"goes in (`{names[0]}`), the second what comes out (`{names[1]}`). Compare "
                    f"the first with the {what} of what the layer gets.",
                    node,
                )
    return None


def _layers(statement: ast.AST) -> Iterator[ast.Call]:
    return (node for node in calls(statement) if last(node) in _IN_OUT)


def _sizes(node: ast.Call) -> list[ast.expr]:
    names = _IN_OUT[last(node)]
    sizes = list(node.args[:2])
    for name in names[len(sizes) :]:
        sizes += [keyword.value for keyword in node.keywords if keyword.arg == name]
    return sizes


def _same(one: ast.expr, other: ast.expr) -> bool:
    return _number(one) == _number(other)


def _number(node: ast.expr) -> object:
    """The product of plain numbers, so that `7 * 7 * 32` is 1568; else the code itself."""
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            both = _number(left), _number(right)
            if isinstance(both[0], int) and isinstance(both[1], int):
                return both[0] * both[1]
        case _:
            pass
    return ast.dump(node)


def view_elements(evidence: Evidence) -> Told | None:
    """`view` or `reshape` to a shape with another number of elements."""
    found = _ELEMENTS.search(evidence.crash.message) if evidence.crash is not None else None
    if found is None:
        return None
    node = evidence.context.call
    if evidence.context.helper or node is None or last(node) not in ("view", "reshape"):
        return None
    sizes = [int(size) for size in found[1].split(",") if size.strip()]
    count = int(found[2])
    shape = (
        evidence.context.value(node.func.value) if isinstance(node.func, ast.Attribute) else None
    )
    held = ""
    if shape is not None and shape.shape:
        held = f", of shape {shape.shape},"
    if -1 in sizes:
        rest = abs(prod(sizes))
        needs = f"{count} cannot be divided by {rest}, so no size fits for the -1"
    else:
        needs = f"the shape that is asked for has room for {prod(sizes)}"
    return Told(
        "view-elements",
        f"`{last(node)}` only arranges elements anew, and their number has to stay the same: there "
        f"are {count}{held} and {needs}. Count the elements of both shapes.",
        node,
    )


def batch_dimension(evidence: Evidence) -> Told | None:
    """A result in which the batch was lost, or only one of its rows was used."""
    for statement in evidence.suspects:
        result = evidence.result(statement)
        if result is None or not evidence.judged or not evidence.at_top(statement):
            continue
        answer, wanted = evidence.value(result), evidence.expected(statement)
        own = _shape(answer.value) if answer is not None else None
        meant = _shape(wanted.value) if wanted is not None else None
        if own is None or meant is None or len(meant) < 2 or own == meant:
            continue
        assert answer is not None and wanted is not None
        subject = evidence.text(result) or "This"
        held, expected = answer.value, wanted.value
        if meant == (1, *own) and _alike(expected[0], held):
            fact = "the dimension for the batch is missing: even a single example is a batch of one"
        elif own == meant[1:] and any(_alike(row, held) for row in expected[:MAX_ROWS]):
            fact = f"only one of the {meant[0]} examples in the batch is there"
        elif own in ((prod(meant),), (1, prod(meant))) and _alike(
            expected.reshape(-1), held.reshape(-1)
        ):
            fact = "all examples of the batch ran together into one row"
        else:
            continue
        return Told(
            "batch-dimension",
            f"{subject} has shape {own}: {fact}. Leave the first dimension, the batch, as it is.",
            result,
        )
    return None


def _alike(one: object, other: object) -> bool:
    return difference(one, other) is None


def _shape(value: object) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    return tuple(shape) if shape is not None else None


def batch_dimension_crash(evidence: Evidence) -> Told | None:
    """A layer that got a single example where it takes a batch of them."""
    crash = evidence.crash
    if crash is None or evidence.context.helper:
        return None
    found = re.search(
        r"[Ee]xpected (?:a )?(?:2D or 3D|4D|5D|2D|3D|\d-dimensional) (?:or \w+ )?input"
        r".*?got (\d)D|[Ee]xpected (\d)D input \(got (\d)D",
        crash.message,
    )
    node = evidence.context.call
    if found is None or node is None or not node.args:
        return None
    text = evidence.text(node.args[0]) or "What goes in here"
    shape = evidence.shape(node.args[0])
    return Told(
        "batch-dimension",
        f"{text} has {'shape ' + str(shape) if shape else 'one dimension too few'}, and the layer "
        "takes a batch of examples: its first dimension counts them. Even a single example is a "
        "batch of one; `unsqueeze(0)` makes one.",
        node.args[0],
    )


def target_dtype(evidence: Evidence) -> Told | None:
    """A loss whose target has a dtype that it does not take."""
    crash = evidence.crash
    if crash is None or evidence.context.helper or not _TARGET.search(crash.message):
        return None
    node = evidence.context.call
    if node is None or len(node.args) < 2 or not _is_loss(evidence, node):
        return None
    target = node.args[1]
    known = evidence.context.value(target)
    dtype = f" is {known.dtype}" if known is not None and known.dtype else " has another dtype"
    text = evidence.text(target) or "The target"
    classes = "Long" in crash.message and "cast" not in crash.message
    classes = classes and not crash.message.startswith("Found dtype")
    wanted = (
        "whole numbers, the indices of the classes, of dtype long (`.long()`)"
        if classes
        else "floating-point numbers like those that it is compared with (`.float()`)"
    )
    return Told(
        "target-dtype",
        f"{text}{dtype}, and this loss takes a target of {wanted}.",
        target,
    )


def _is_loss(evidence: Evidence, node: ast.Call) -> bool:
    name = last(node).lower()
    if isinstance(node.func, ast.Call):
        name = last(node.func).lower()
    made = evidence.made(ast.unparse(node.func))
    if isinstance(made, ast.Call):
        name = last(made).lower()
    return name.endswith(("loss", "cross_entropy", "criterion", "logits")) or "loss" in name


RULES = (features_swapped, view_elements, target_dtype, batch_dimension_crash, batch_dimension)
