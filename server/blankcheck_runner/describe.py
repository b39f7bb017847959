"""What stands at places of the solution, in a phrase that gives nothing away: for hovers.

The places are watched while the solution runs, so that each expression is evaluated once, where
it stands, with whatever it changes.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from collections.abc import Sequence
from typing import Any

from blankcheck_runner.execute import Program, future_flags
from blankcheck_runner.observation import describe as phrase
from blankcheck_runner.positions import Positions
from blankcheck_runner.wire import Expression

_SEEN = "__blankcheck_seen__"
_MAX_SIGNATURE = 200
_DOC_CALL = re.compile(r"\s*(?:[\w.]+\.)?(\w+\(.*?\)(?:\s*->\s*[^\n]+)?)\s*(?:\n|$)", re.DOTALL)


def describe(
    program: Program, text: str, file: str, expressions: Sequence[Expression]
) -> list[str | None]:
    """Runs `text` and gives a phrase for each place; null where nothing is known. Never raises for
    what the text does: what it did not come to is not known."""
    found: list[str | None] = [None] * len(expressions)
    try:
        tree = ast.parse(text, file)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    positions = Positions(text)
    watcher = _Watcher(positions, expressions)

    def seen(index: int, value: Any) -> Any:
        if found[index] is None:
            try:
                found[index] = _phrase(value, expressions[index].want)
            except Exception:  # the value's own code may do anything
                found[index] = None
        return value

    program.namespace[_SEEN] = seen
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    flags = future_flags(tree)
    for statement in tree.body:
        watched = ast.fix_missing_locations(watcher.visit(statement))
        try:
            code = compile(ast.Module([watched], []), file, "exec", flags, dont_inherit=True)
            exec(code, program.namespace)
        except BaseException:
            break
    return found


class _Watcher(ast.NodeTransformer):
    """Puts a call around each expression that is asked for, and one after each such target."""

    def __init__(self, positions: Positions, expressions: Sequence[Expression]) -> None:
        self._positions = positions
        self._expressions = expressions
        self._targets: list[tuple[int, ast.expr]] = []

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt):
            return self._statement(node)
        if isinstance(node, ast.comprehension):
            # Its target lives only inside.
            node.iter = self.visit(node.iter)
            node.ifs = [self.visit(condition) for condition in node.ifs]
            return node
        visited = self.generic_visit(node)
        if not isinstance(visited, ast.expr):
            return visited
        for index in self._asked(node):
            context = getattr(visited, "ctx", None)
            if isinstance(context, ast.Store):
                self._targets.append((index, visited))
            elif not isinstance(context, ast.Del) and not isinstance(visited, ast.Starred):
                visited = ast.copy_location(_seen(index, visited), node)
        return visited

    def _statement(self, node: ast.stmt) -> Any:
        held, self._targets = self._targets, []
        visited = self.generic_visit(node)
        after = [
            ast.copy_location(ast.Expr(_seen(index, _loaded(target))), node)
            for index, target in self._targets
        ]
        self._targets = held
        if not after:
            return visited
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return self._block([visited, *after], node)
        body = getattr(visited, "body", None)
        if isinstance(body, list):
            body[:0] = after  # `for target in …:` and `with … as target:`
        return visited

    def _block(self, statements: list[Any], node: ast.stmt) -> Any:
        always = ast.copy_location(ast.Constant(True), node)
        return ast.copy_location(ast.If(always, statements, []), node)

    def _asked(self, node: ast.AST) -> list[int]:
        start, end = self._span(node)
        return [
            index
            for index, asked in enumerate(self._expressions)
            if asked.end == end
            and (
                asked.start == start
                # The name after a dot stands for the whole attribute.
                or (
                    isinstance(node, ast.Attribute)
                    and start < asked.start
                    and self._positions.text[asked.start : end] == node.attr
                )
            )
        ]

    def _span(self, node: Any) -> tuple[int, int]:
        if not hasattr(node, "col_offset"):
            return -1, -1
        return (
            self._positions.offset(node.lineno, node.col_offset),
            self._positions.offset(node.end_lineno, node.end_col_offset),
        )


def _seen(index: int, value: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(_SEEN, ast.Load()), [ast.Constant(index), value], [])


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(target.value, target.attr, ast.Load())
    return ast.Constant(None)


def _phrase(value: Any, want: str) -> str | None:
    if want == "signature":
        return _signature(value)
    if isinstance(value, type):
        return "a class"
    if _is_layer(value):
        return "a layer"  # which one is what the learner is to find out
    return "a function" if callable(value) else phrase(value)


def _is_layer(value: Any) -> bool:
    return any(cls.__name__ == "Module" for cls in type(value).__mro__)


def _signature(value: Any) -> str | None:
    """How the callee is called: `matmul(input, other, *, out=None) -> Tensor`."""
    name = getattr(value, "__name__", None)
    if not isinstance(name, str):
        name = type(value).__name__
        value = getattr(value, "forward", value)
    try:
        signature = str(inspect.signature(value))
        # Annotations and `self` tell a learner less than the names do.
        return _short(name + _without_annotations(value, signature))
    except (ValueError, TypeError):
        found = _DOC_CALL.match(getattr(value, "__doc__", None) or "")
        return _short(found.group(1)) if found else None


def _without_annotations(value: Any, otherwise: str) -> str:
    signature = inspect.signature(value)
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return text if " at 0x" not in text else otherwise


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_SIGNATURE else flat[: _MAX_SIGNATURE - 1] + "…"
