"""Where in a program a variable gets its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from blankcheck_runner.judge.state import Source, Span


def assignment(source: Source, name: str) -> tuple[ast.AST | None, Span | None]:
    """What a variable was last given: the node and where it is. Assignments at the top level come
    before those in loops and the like; those in definitions do not count."""
    found: list[tuple[ast.AST, ast.AST]] = []
    for statement in source.tree.body:
        found += _given_in(statement, name)
    if not found:
        inner = (each for statement in source.tree.body for each in _inside(statement))
        found = [pair for each in inner for pair in _given_in(each, name)]
    chosen = (found or [None])[-1]
    if chosen is None:
        return None, None
    return chosen[0], source.span((chosen[1],))


def _given_in(node: ast.AST, name: str) -> list[tuple[ast.AST, ast.AST]]:
    """The value's node (or the statement's), and the node to point at."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return [pair for target in targets for pair in _unpacked(target, value, name)]
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return _unpacked(target, value, name)
        case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
            return [(node, value)]
        case ast.FunctionDef(name=target) | ast.ClassDef(name=target) if target == name:
            return [(node, node)]
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return [(node, target)] if _names_it(target, name) else []
        case ast.With(items=items):
            return [
                (node, item.optional_vars)
                for item in items
                if item.optional_vars is not None and _names_it(item.optional_vars, name)
            ]
        case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
            return [(value, value)]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            named = [(each.asname or each.name).partition(".")[0] for each in aliases]
            return [(node, node)] if name in named else []
        case _:
            return []


def _unpacked(target: ast.AST, value: ast.AST, name: str) -> list[tuple[ast.AST, ast.AST]]:
    if isinstance(target, ast.Name):
        return [(value, value)] if target.id == name else []
    if isinstance(target, (ast.Tuple, ast.List)):
        pairs = list(target.elts)
        values: list[ast.AST] = [value] * len(pairs)
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(pairs):
            values = [*value.elts]
        return [
            found
            for element, given in zip(pairs, values, strict=True)
            for found in _unpacked(element, given, name)
        ]
    return []


def _names_it(target: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a statement, without what is in definitions."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _inside(child)
