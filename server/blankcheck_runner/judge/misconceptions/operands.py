"""Operands: in the wrong order, or of shapes that broadcast to more than was meant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import prod

from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.judge.misconceptions.trees import (
    expressions,
    last,
    receiver,
)

_ORDERED = (ast.MatMult, ast.Sub, ast.Div)
_METHODS = frozenset({"matmul", "mm", "bmm", "mv", "dot", "sub", "div"})
_PRODUCTS = frozenset({"matmul", "mm", "bmm", "mv"})
_ELEMENTWISE = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def swapped(evidence: Evidence) -> Told | None:
    """Two operands that give what is expected once they change places."""
    for statement in evidence.suspects:
        for node, new in _swaps(statement):
            if evidence.mends(statement, node, new):
                return Told("swapped-operands", _swapped(evidence, statement, node), node)
    return None


def _swaps(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Operations of a statement, with the same ones the other way round."""
    for node in expressions(statement):
        match node:
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ORDERED):
                yield node, ast.BinOp(right, op, left)
            case ast.Call(func=func, args=[first, second, *rest], keywords=keywords) if not (
                _is_constant(first) and _is_constant(second)
            ):
                if last(node) not in _METHODS or not _on_tensor(node):
                    yield node, ast.Call(func, [second, first, *rest], keywords)
            case ast.Call(func=ast.Attribute(value=left, attr=name), args=[right], keywords=[]):
                if name in _METHODS:
                    yield node, ast.Call(ast.Attribute(right, name, ast.Load()), [left], [])
            case _:
                continue


def _is_constant(node: ast.expr) -> bool:
    return not any(isinstance(inner, ast.Name) for inner in ast.walk(node))


def _on_tensor(call: ast.Call) -> bool:
    """Whether a call is `a.matmul(b)`, and not `torch.matmul(a, b)`."""
    held = receiver(call)
    return held is not None and not (isinstance(held, ast.Name) and held.id in ("torch", "F"))


def _swapped(evidence: Evidence, statement: ast.stmt, node: ast.expr) -> str:
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    if isinstance(node, ast.Call):
        product = last(node) in _PRODUCTS
    if not product:
        subject = "The two operands of this operation"
        if isinstance(node, ast.Call):
            subject = f"Two arguments of {evidence.text(node.func) or 'this call'}"
        return (
            f"{subject} have changed places, and here their order matters. Look up which one comes "
            "first, and put that first."
        )
    shapes = ""
    match node:
        case ast.BinOp(left=left, right=right) | ast.Call(args=[left, right]):
            pair = evidence.shape(left), evidence.shape(right)
            texts = evidence.text(left), evidence.text(right)
            if all(pair) and all(texts):
                shapes = f": here {texts[0]} {pair[0]} meets {texts[1]} {pair[1]}"
        case _:
            pass
    return (
        "The two operands of this matrix product have changed places, and their order matters"
        f"{shapes}. The left one's columns meet the right one's rows; try the other order."
    )


def unwanted_broadcast(evidence: Evidence) -> Told | None:
    """Operands with as many elements each, that made a larger tensor together."""
    if not evidence.judged:
        return None
    for statement in evidence.suspects:
        for node in expressions(statement):
            pair = _sides(node)
            if pair is None:
                continue
            shapes = evidence.shape(pair[0]), evidence.shape(pair[1])
            one, other = shapes
            if not one or not other or one == other or prod(one) != prod(other) or prod(one) < 2:
                continue
            if any(_mends(evidence, statement, node, pair, which) for which in (0, 1)):
                both = " and ".join(
                    f"{evidence.text(side) or 'an operand'} {shape}"
                    for side, shape in zip(pair, shapes, strict=True)
                )
                return Told(
                    "unwanted-broadcast",
                    f"{both} have the same number of elements but not the same shape, so each "
                    "element met every other one (broadcasting). Give both the same shape first.",
                    node,
                )
    return None


def _sides(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ELEMENTWISE):
            return left, right
        case ast.Compare(left=left, comparators=[right]):
            return left, right
        case ast.Call(args=[left, right]) if last(node).lower().endswith(("loss", "criterion")):
            return left, right
        case _:
            return None


def _mends(
    evidence: Evidence,
    statement: ast.stmt,
    node: ast.expr,
    pair: tuple[ast.expr, ast.expr],
    which: int,
) -> bool:
    shape = ast.Attribute(pair[1 - which], "shape", ast.Load())
    same = ast.Call(ast.Attribute(pair[which], "reshape", ast.Load()), [shape], [])
    return evidence.mends(statement, pair[which], same)


RULES = (unwanted_broadcast, swapped)
