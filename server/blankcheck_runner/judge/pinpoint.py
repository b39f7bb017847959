"""The smallest part of a learner's expression in which it parts from the solution's."""

from __future__ import annotations

import ast


def pinpoint(solution: ast.expr | None, submission: ast.expr) -> ast.expr:
    """The part of `submission` that alone differs from `solution`; all of it where more differs, or
    where the two are built in different ways."""
    if solution is None:
        return submission
    while True:
        children = _pairs(solution, submission)
        if children is None:
            return submission
        apart = [pair for pair in children if ast.dump(pair[0]) != ast.dump(pair[1])]
        if len(apart) != 1:
            return submission
        solution, submission = apart[0]


def _pairs(one: ast.expr, other: ast.expr) -> list[tuple[ast.expr, ast.expr]] | None:
    """The children of two expressions of the same build, side by side; null if they are not."""
    match one, other:
        case ast.Call(), ast.Call():
            if [word.arg for word in one.keywords] != [word.arg for word in other.keywords]:
                return None
            left = [one.func, *one.args, *(word.value for word in one.keywords)]
            right = [other.func, *other.args, *(word.value for word in other.keywords)]
        case ast.BinOp(), ast.BinOp():
            if type(one.op) is not type(other.op):
                return None
            left, right = [one.left, one.right], [other.left, other.right]
        case ast.UnaryOp(), ast.UnaryOp():
            if type(one.op) is not type(other.op):
                return None
            left, right = [one.operand], [other.operand]
        case (ast.Tuple(), ast.Tuple()) | (ast.List(), ast.List()):
            left, right = one.elts, other.elts
        case ast.Attribute(), ast.Attribute():
            if one.attr != other.attr:
                return None
            left, right = [one.value], [other.value]
        case ast.Subscript(), ast.Subscript():
            left, right = [one.value, one.slice], [other.value, other.slice]
        case _:
            return None
    return list(zip(left, right, strict=True)) if len(left) == len(right) else None


def swapped(solution: ast.expr, submission: ast.expr) -> bool:
    """Whether two calls or operations differ in nothing but the order of their two operands."""
    pairs = _pairs(solution, submission)
    if pairs is None:
        return False
    apart = [pair for pair in pairs if ast.dump(pair[0]) != ast.dump(pair[1])]
    if len(apart) != 2:
        return False
    (one, other), (third, fourth) = apart
    return ast.dump(one) == ast.dump(fourth) and ast.dump(other) == ast.dump(third)
