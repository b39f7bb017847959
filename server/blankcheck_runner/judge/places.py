"""Where in a submission a mistake stands: the smallest part that parts from the solution."""

from __future__ import annotations

import ast
from typing import Any, cast

from blankcheck_runner.judge.statements import Program, Span, Unit, value_of


def pinpoint(solution: ast.AST | None, submission: ast.AST) -> ast.AST:
    """The part of `submission` that alone differs from `solution`; all of it where more differs or
    the two are built in different ways. Of statements in a block, the first that differs."""
    if isinstance(submission, ast.JoinedStr):
        return submission  # its parts have no places of their own before Python 3.12
    pairs = _pairs(solution, submission) if solution is not None else None
    apart = [pair for pair in pairs or [] if not same(*pair)]
    if isinstance(submission, ast.For):
        # What a loop calls its variable is the learner's own affair.
        apart = [pair for pair in apart if pair[1] is not submission.target]
    statements = bool(apart) and isinstance(apart[0][1], ast.stmt)
    if pairs is not None and not apart:
        return _added(solution, submission) or submission
    if len(apart) != 1 and not statements:
        return submission
    inner = pinpoint(*apart[0])
    return inner if hasattr(inner, "lineno") else submission


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two pieces of code are alike but for how they are laid out."""
    return ast.dump(one) == ast.dump(other)


def swapped(solution: ast.AST, submission: ast.AST) -> bool:
    """Whether two calls or operations differ in nothing but the order of two operands."""
    pairs = _pairs(solution, submission)
    apart = [pair for pair in pairs or [] if not same(*pair)]
    if len(apart) != 2 or not all(isinstance(node, ast.expr) for pair in apart for node in pair):
        return False
    (one, other), (third, fourth) = apart
    return same(one, fourth) and same(other, third)


def _pairs(one: ast.AST, other: ast.AST) -> list[tuple[ast.AST, ast.AST]] | None:
    """The children of two nodes of one build, side by side; null if their builds differ. Blocks of
    statements need not be equally long: the shorter one sets the end."""
    if type(one) is not type(other):
        return None
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for field in one._fields:
        left: Any = getattr(one, field, None)
        right: Any = getattr(other, field, None)
        if isinstance(left, ast.AST) and isinstance(right, ast.AST):
            pairs.append((left, right))
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right) and field not in ("body", "orelse", "finalbody"):  # pyright: ignore[reportUnknownArgumentType]
                return None
            both: list[tuple[Any, Any]] = list(zip(left, right, strict=False))  # pyright: ignore[reportUnknownArgumentType]
            if any(not isinstance(item, ast.AST) and item != twin for item, twin in both):
                return None
            pairs += [pair for pair in both if isinstance(pair[0], ast.AST)]
        elif left != right:
            return None
    return pairs


def _added(one: ast.AST | None, other: ast.AST) -> ast.AST | None:
    """The first statement with which a block of `other` is longer than that of `one`."""
    for field in ("body", "orelse", "finalbody"):
        left, right = getattr(one, field, None), getattr(other, field, None)
        if isinstance(left, list) and isinstance(right, list):
            more = cast("list[ast.AST]", right)[len(cast("list[ast.AST]", left)) :]
            if more:
                return more[0]
    return None


def span_of(program: Program, node: ast.AST) -> Span:
    """Where a node stands; of a block of statements, only its first line."""
    start, end = program.span(node)
    if getattr(node, "body", None) and isinstance(node, ast.stmt):
        line_end = program.text.find("\n", start)
        end = min(end, line_end if line_end >= 0 else end)
    return start, end


def parts(solution: Program, submission: Program, name: str) -> bool:
    """Whether a statement that writes a name in the submission differs from the solution's."""
    return any(
        not same(own.node, wanted.node)
        for own, wanted in zip(submission.writers(name), solution.writers(name), strict=False)
        if not getattr(own.node, "body", None)
    )


def assignment(solution: Program, submission: Program, name: str) -> ast.AST | None:
    """The part of the learner's code that gives a name its wrong value: the first of its
    statements that parts from the solution's, and in it the smallest part that does."""
    theirs, ours = submission.writers(name), solution.writers(name)
    for own, wanted in zip(theirs, ours, strict=False):
        if not same(own.node, wanted.node):
            return _in_statement(own, wanted, name)
    last = submission.last_assignment(name)
    if last is None:
        return None
    return value_of(last.node, name) or last.node


def _in_statement(own: Unit, wanted: Unit, name: str) -> ast.AST:
    if getattr(own.node, "body", None):
        return pinpoint(wanted.node, own.node)
    found, meant = value_of(own.node, name), value_of(wanted.node, name)
    if found is None:
        return own.node
    if meant is None or swapped(meant, found):
        return found
    return found if same(meant, found) else pinpoint(meant, found)


def counterpart(submission: Program, unit: Unit) -> Unit | None:
    """The learner's statement that does what one of the solution's does, as far as names tell."""
    for own in reversed(submission.units):
        if same(own.node, unit.node):
            return own
    for name in reversed(unit.assigns):
        own = submission.last_assignment(name)
        if own is not None:
            return own
    for own in reversed(submission.units):
        match own.node, unit.node:
            case ast.Expr(value=ast.Call(func=one)), ast.Expr(value=ast.Call(func=other)):
                if same(one, other) and ast.unparse(one) != "print":
                    return own
            case ast.Assign(targets=[one]), ast.Assign(targets=[other]) if same(one, other):
                return own
            case _:
                continue
    return None


def called(call: ast.Call) -> str | None:
    """What a call names, such as `model.train`; null for anything but a dotted name."""
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        node = node.value
    return ast.unparse(call.func) if isinstance(node, ast.Name) else None
