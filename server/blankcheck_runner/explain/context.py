"""What an explainer may look at: the crash, the text, and the expression that failed in it.

Pure: all is testimony and source text. An expression is an `ast` node of the source; its value is
what the testimony says of the same range.
"""

from __future__ import annotations

import ast
import contextlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from blankcheck_runner.described import Value
from blankcheck_runner.plain import one_line
from blankcheck_runner.positions import Positions
from blankcheck_runner.testimony import Crash, Frame, LibraryCall

MAX_SOURCE = 50_000
"""Characters of a text that is looked into. All else that a host does waits meanwhile."""


@dataclass(frozen=True)
class Explanation:
    """What an explainer found."""

    code: str
    """Without the `run/` in front."""
    message: str
    at: ast.AST | tuple[int, int] | None = None
    """The expression at fault, or a range of code points; null: the failing expression."""


@dataclass(frozen=True)
class Operand:
    """An expression with what is known of its value."""

    node: ast.expr
    text: str
    """As it is shown in a message, in back quotes; a long one is named by its place."""
    value: Value | None


class Context:
    """One crash in one text."""

    def __init__(self, crash: Crash, source: str, blind: bool = False) -> None:
        """`blind`: the error is outside `source`, so no expression in it failed."""
        self.crash = crash
        self.blind = blind
        self.message = crash.message
        self.source = source
        self.positions = Positions(source)
        own = [i for i, frame in enumerate(crash.frames) if frame.file == crash.frames[0].file]
        self.index = own[-1] if own else -1
        """Of the innermost frame in `source`."""

    @property
    def frame(self) -> Frame | None:
        """The innermost frame in `source`."""
        return self.crash.frames[self.index] if self.index >= 0 else None

    @property
    def helper(self) -> str:
        """The course's own function that the error happened in; empty: not in one."""
        if 0 <= self.index < len(self.crash.frames) - 1:
            return self.crash.frames[self.index + 1].function
        return ""

    @cached_property
    def tree(self) -> ast.Module:
        """The source's syntax tree; empty where it does not parse, or is too long to look at."""
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            if len(self.source) <= MAX_SOURCE:
                return ast.parse(self.source)
        return ast.Module(body=[], type_ignores=[])

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The node's range of code points."""
        at = cast(Any, node)
        return (
            self.positions.offset(at.lineno, at.col_offset),
            self.positions.offset(at.end_lineno, at.end_col_offset),
        )

    @cached_property
    def node(self) -> ast.AST | None:
        """The failing expression; before Python 3.11, the statement's, as far as it has one."""
        if self.frame is None or self.blind:
            return None
        start, end = self.frame.start, self.frame.end
        found: ast.AST | None = None
        for node in ast.walk(self.tree):
            if hasattr(node, "lineno"):
                span = self.span(node)
                # A compound statement is testified by its header only.
                if span[0] <= start and end <= span[1]:
                    found = node
        found = _value(found) if isinstance(found, ast.stmt) else found
        # `print` itself does not fail: what it prints does.
        while (
            isinstance(found, ast.Call)
            and isinstance(found.func, ast.Name)
            and found.func.id == "print"
            and len(found.args) == 1
            and (known := self.value(found.func)) is not None
            and known.kind == "function"
        ):
            found = found.args[0]
        return found

    @cached_property
    def expressions(self) -> tuple[ast.expr, ...]:
        """The failing expression and all below it, outside in, without inner blocks."""

        found: list[ast.expr] = []
        todo = [self.node] if self.node else []
        while todo:
            node = todo.pop()
            if isinstance(node, ast.expr):
                found.append(node)
            children = [c for c in ast.iter_child_nodes(node) if not isinstance(c, ast.stmt)]
            todo += reversed(children)
        return tuple(found)

    @cached_property
    def call(self) -> ast.Call | None:
        """The call that failed; where only the statement is known, the first call in it."""
        if isinstance(self.node, ast.expr):
            return self.node if isinstance(self.node, ast.Call) else None
        return next((node for node in self.expressions if isinstance(node, ast.Call)), None)

    @property
    def place(self) -> tuple[int, int] | None:
        """The range of the failing expression; of a block's header, the expression in it."""
        if self.frame is None:
            return None
        node = self.node
        if isinstance(node, (ast.If, ast.While, ast.Assert)):
            return self.span(node.test)
        if isinstance(node, ast.For):
            return self.span(node.iter)
        if isinstance(node, ast.expr):
            start, end = self.span(node)
            if self.frame.start <= start and end <= self.frame.end:
                return start, end
        return self.frame.start, self.frame.end

    @cached_property
    def _values(self) -> dict[tuple[int, int], Value]:
        return {
            (item.start, item.end): item.value
            for item in self.crash.operands
            if item.frame == self.index
        }

    def value(self, node: ast.AST) -> Value | None:
        """What is known of an expression's value; of a list that is written out, its length."""
        found = self._values.get(self.span(node))
        if found is None and isinstance(node, (ast.List, ast.Tuple)):
            kind = "list" if isinstance(node, ast.List) else "tuple"
            known = tuple(self.value(item) for item in node.elts)
            items = tuple(item for item in known if item is not None)
            return Value(
                kind, kind, length=len(node.elts), items=items if len(items) == len(known) else ()
            )
        if found is None and isinstance(node, ast.JoinedStr):
            return Value("str", "text", text="a string")
        return found

    def text(self, node: ast.AST) -> str:
        """The expression as it is written, on one line."""
        start, end = self.span(node)
        return one_line(self.source[start:end], 400)

    def operand(self, node: ast.expr, otherwise: str) -> Operand:
        """The expression with its value; one that is long to read is called `otherwise`."""
        text = self.text(node)
        return Operand(node, f"`{text}`" if len(text) <= 40 else otherwise, self.value(node))

    def line(self, node: ast.AST) -> int:
        """The line, from 1, that a node starts on."""
        return cast(Any, node).lineno

    # --- Calls ------------------------------------------------------------------------------------

    def callee(self, call: ast.Call) -> str:
        """The last part of the name that is called: `matmul` of `torch.matmul(…)`."""
        func = call.func
        if isinstance(func, ast.Attribute):
            return func.attr
        return func.id if isinstance(func, ast.Name) else ""

    def is_method(self, call: ast.Call) -> bool:
        """Whether the callee's owner is a value (`x.view(…)`) and no module (`torch.cat(…)`)."""
        if not isinstance(call.func, ast.Attribute):
            return False
        owner = self.value(call.func.value)
        if owner is not None:
            return owner.kind not in ("module", "class")
        root = call.func.value
        while isinstance(root, ast.Attribute):
            root = root.value
        return not isinstance(root, ast.Name) or root.id not in {"torch", "nn", "F", "optim", "np"}

    def argument(self, call: ast.Call, name: str, place: int) -> ast.expr | None:
        """The argument given by keyword, or else by place (from 0, without the receiver)."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if 0 <= place < len(call.args) and not any(
            isinstance(item, ast.Starred) for item in call.args[: place + 1]
        ):
            return call.args[place]
        return None

    def inputs(self) -> tuple[Operand, ...]:
        """The operands of the failing operation: both sides, or receiver and arguments in order."""
        words = ("the first operand", "the second operand", "the third operand")

        def named(nodes: list[ast.expr]) -> tuple[Operand, ...]:
            return tuple(
                self.operand(node, words[min(place, 2)]) for place, node in enumerate(nodes)
            )

        for node in (self.node, *self.expressions):
            if isinstance(node, ast.BinOp):
                return named([node.left, node.right])
            if isinstance(node, ast.AugAssign):
                return named([node.target, node.value])
            if isinstance(node, ast.Compare) and len(node.comparators) == 1:
                return named([node.left, node.comparators[0]])
            if isinstance(node, ast.Call):
                nodes = [*node.args, *(keyword.value for keyword in node.keywords)]
                if self.is_method(node) and isinstance(node.func, ast.Attribute):
                    nodes.insert(0, node.func.value)
                return named(nodes)
        return ()

    # --- Where names come from --------------------------------------------------------------------

    def assigned(self, name: str, before: int | None = None) -> ast.stmt | None:
        """The last statement that binds the name, above the line `before` if it is given."""
        found: ast.stmt | None = None
        for statement in ast.walk(self.tree):
            if (
                isinstance(statement, ast.stmt)
                and name in _bound(statement)
                and (before is None or statement.lineno < before)
                and (found is None or statement.lineno > found.lineno)
            ):
                found = statement
        return found

    def first_assigned(self, name: str) -> ast.stmt | None:
        """The first statement in the text that binds the name."""
        every = [node for node in ast.walk(self.tree) if isinstance(node, ast.stmt)]
        bound = [node for node in every if name in _bound(node)]
        return min(bound, key=lambda node: node.lineno, default=None)

    def origin(self, node: ast.expr) -> ast.stmt | None:
        """The statement that gave a plain name its value, as far as the text tells."""
        if not isinstance(node, ast.Name):
            return None
        return self.assigned(node.id, self.line(node))

    def made(self, node: ast.expr) -> ast.expr | None:
        """The expression that a plain name was assigned from."""
        origin = self.origin(node)
        if isinstance(origin, ast.Assign) and isinstance(origin.targets[0], ast.Name):
            return origin.value
        return origin.value if isinstance(origin, ast.AnnAssign) else None

    def came_from(self, node: ast.expr) -> str:
        """` (line 3)` for a name that was assigned there; empty where that is not known."""
        origin = self.origin(node)
        here = self.frame.line if self.frame else 0
        return f" (line {origin.lineno})" if origin and origin.lineno != here else ""

    # --- Library calls ----------------------------------------------------------------------------

    @cached_property
    def layer_call(self) -> LibraryCall | None:
        """The innermost layer whose `forward` was running."""
        return next((call for call in reversed(self.crash.calls) if call.owner), None)

    def library_argument(self, name: str) -> Value | None:
        """The tensor that a library function below got as this argument, innermost first."""
        for call in reversed(self.crash.calls):
            if call.arguments and name in call.arguments:
                return call.arguments[name]
        return None

    def search(self, pattern: str) -> re.Match[str] | None:
        """Searches the exception's message."""
        return re.search(pattern, self.message, re.DOTALL)


def _value(statement: ast.stmt) -> ast.AST:
    """What a simple statement computes: its right side; else the statement itself."""
    if isinstance(statement, (ast.Expr, ast.Return)):
        return statement.value or statement
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.value
    return statement


def _bound(statement: ast.stmt) -> set[str]:
    """The plain names that a statement itself binds, without those in its block."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {item.asname or item.name.split(".")[0] for item in statement.names}
    targets: list[ast.AST] = []
    if isinstance(statement, ast.Assign):
        targets += statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign, ast.For)):
        targets.append(statement.target)
    elif isinstance(statement, ast.With):
        targets += [item.optional_vars for item in statement.items if item.optional_vars]
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
