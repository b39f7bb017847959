"""A part of a program as code that can be run by itself in a probe."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from blankcheck_runner.judge.state import Part

VALUE = "__value__"
BODY = "__body__"
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def code_of(part: Part) -> str:
    """The part's code: an expression's text, or statements that can stand at the top level."""
    if part.code is not None:
        return part.code
    return statements_code(part.nodes)


def statements_code(nodes: Sequence[ast.AST]) -> str:
    """Nodes as text. A body with `return` or `yield` is put into a function whose names are all
    global; one with `break` or `continue` into a loop that runs once."""
    if not nodes:
        return ""
    text = "\n".join(ast.unparse(node) for node in nodes)
    inside = [node for top in nodes for node in walk_scope(top)]
    if any(isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)) for node in inside):
        kept = [node for node in nodes if not isinstance(node, (ast.Global, ast.Nonlocal))]
        text = "\n".join(ast.unparse(node) for node in kept) or "pass"
        names = sorted({name for node in inside for name in _bound(node)})
        declared = f"    global {', '.join(names)}\n" if names else ""
        waits = any(isinstance(node, ast.Await) for node in inside)
        yields = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in inside)
        call = f"list({BODY}())" if yields else f"{BODY}()"
        start = "async def" if waits else "def"
        return f"{start} {BODY}():\n{declared}{_indented(text)}\n{call}"
    if any(_leaves_loop(node) for node in nodes):
        return f"for __once__ in (0,):\n{_indented(text)}"
    return text


def under(headers: Sequence[str], code: str, name: str | None) -> tuple[str, str | None]:
    """Code that runs under `with` lines, and the name that then holds its value."""
    if not headers:
        return code, name
    tree = ast.parse(code)
    if name is None and tree.body and isinstance(tree.body[-1], ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name(VALUE, ast.Store())], tree.body[-1].value, lineno=1)
        code, name = ast.unparse(ast.fix_missing_locations(tree)), VALUE
    for header in reversed(headers):
        code = f"{header}\n{_indented(code or 'pass')}"
    return code, name


def has_value(code: str) -> bool:
    """Whether the code ends in an expression."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return False
    return bool(body) and isinstance(body[-1], ast.Expr)


def walk_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is below it, in source order, without the bodies of functions and classes
    that are defined there."""
    yield node
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        yield from walk_scope(child)


def targets(node: ast.AST) -> tuple[str, ...]:
    """The names in an assignment's or a loop's target, in order."""
    return tuple(
        child.id
        for child in walk_scope(node)
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    )


def _bound(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.ExceptHandler(name=str(name)):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return tuple(names)
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return tuple(
                (alias.asname or alias.name).partition(".")[0]
                for alias in aliases
                if alias.name != "*"
            )
        case _:
            return ()


def _leaves_loop(node: Any) -> bool:
    """Whether a `break` or `continue` belongs to a loop around the node."""
    if isinstance(node, (ast.Break, ast.Continue)):
        return True
    if isinstance(node, _SCOPES):
        return False
    children = node.orelse if isinstance(node, _LOOPS) else ast.iter_child_nodes(node)
    return any(_leaves_loop(child) for child in children)


def _indented(text: str) -> str:
    """The text one level in. `ast.unparse` writes no string over several lines but docstrings and
    f-strings in triple quotes, whose content may then change by blanks only."""
    return "\n".join(f"    {line}" for line in text.splitlines())
