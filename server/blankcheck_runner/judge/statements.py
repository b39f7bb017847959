"""A program as its top-level statements: what each reads, assigns, changes and where it stands.

The analysis errs on the side of more reads and more changes: that costs an extra evaluation, while
a missed one would compare the wrong things.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from blankcheck_runner.positions import Positions

Span = tuple[int, int]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_PURE = frozenset(dir(builtins)) - {"exec", "eval", "setattr", "delattr", "next"}


@dataclass(frozen=True)
class Unit:
    """One top-level statement."""

    index: int
    node: ast.stmt
    text: str
    line: int
    """Its first line, from 1."""
    reads: frozenset[str]
    """Global names that it needs."""
    assigns: tuple[str, ...]
    """Names that it gives a value, in order; not those of loops, which are only means."""
    loops: frozenset[str]
    """Names that it only assigns inside a loop, or after `with … as`."""
    changes: frozenset[str]
    """Names whose objects it may change in place."""

    @property
    def writes(self) -> frozenset[str]:
        """Names whose value is another one after it."""
        return self.changes | self.loops | frozenset(self.assigns)

    @property
    def defines(self) -> bool:
        """Whether it is a `def` or a `class`."""
        return isinstance(self.node, _DEFINITIONS)

    @property
    def imports(self) -> bool:
        """Whether it is an import."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)


class Program:
    """The statements of one text. A text that does not parse has none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.positions = Positions(text)
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            body = []
        self.units = tuple(self._unit(index, node) for index, node in enumerate(body))
        self._spread_changes()
        self.read = frozenset(name for unit in self.units for name in unit.reads)

    def _unit(self, index: int, node: ast.stmt) -> Unit:
        start, end = self.span(node)
        decorators = cast("list[ast.expr]", getattr(node, "decorator_list", []))
        if decorators:
            start = self.positions.offset(decorators[0].lineno, 0)
        line = min([node.lineno, *(item.lineno for item in decorators)])
        found = _Names()
        found.visit(node)
        return Unit(
            index,
            node,
            self.text[start:end],
            line,
            frozenset(found.reads),
            tuple(found.assigns),
            frozenset(found.loops - set(found.assigns)),
            frozenset(found.changes),
        )

    def _spread_changes(self) -> None:
        """What changes an object changes what it was made to work on: an optimizer's step changes
        the module whose parameters it was given."""
        made_from = {name: unit.reads for unit in self.units for name in unit.assigns}
        spread: list[Unit] = []
        for unit in self.units:
            more = {
                source
                for name in unit.changes
                for source in made_from.get(name, ())
                if source in made_from
            }
            if more - unit.changes:
                unit = replace(unit, changes=unit.changes | more)
            spread.append(unit)
        self.units = tuple(spread)

    def span(self, node: ast.AST) -> Span:
        """Where a node stands in the text."""
        placed = cast(ast.expr, node)
        start = self.positions.offset(placed.lineno, placed.col_offset)
        end = self.positions.offset(placed.end_lineno or placed.lineno, placed.end_col_offset or 0)
        return start, end

    def writers(self, name: str, before: int | None = None) -> list[Unit]:
        """The statements that give a name a value or change it, in order."""
        units = self.units if before is None else self.units[:before]
        return [unit for unit in units if name in unit.writes]

    def last_assignment(self, name: str) -> Unit | None:
        """The last statement that assigns a name, or else the last that changes it."""
        writers = self.writers(name)
        assigning = [unit for unit in writers if name in unit.assigns or name in unit.loops]
        return (assigning or writers or [None])[-1]

    def slice_for(self, names: frozenset[str], before: int, known: frozenset[str]) -> list[Unit]:
        """The statements before an index that are needed to give `names` their values, where those
        of `known` are given already."""
        needed: set[int] = set()
        waiting = [(name, before) for name in names if name not in known]
        while waiting:
            name, end = waiting.pop()
            for unit in self.writers(name, end):
                if unit.index not in needed and not unit.imports:
                    needed.add(unit.index)
                    waiting += [(read, unit.index) for read in unit.reads if read not in known]
        return [self.units[index] for index in sorted(needed)]


def value_of(node: ast.stmt, name: str) -> ast.expr | None:
    """The right-hand side that gives `name` its value, or one of its parts; null where none is to
    be seen."""
    for statement in _flat(node):
        match statement:
            case ast.Assign(targets=targets, value=value):
                if any(_root(target) == name for target in targets):
                    return value
                for target in targets:
                    if isinstance(target, ast.Tuple | ast.List):
                        names = [_root(item) for item in target.elts]
                        if name in names and isinstance(value, ast.Tuple | ast.List):
                            return value.elts[names.index(name)]
                        if name in names:
                            return value
            case (
                ast.AnnAssign(target=target, value=value)
                | ast.AugAssign(target=target, value=value)
            ):
                if _root(target) == name:
                    return value
            case _:
                continue
    return None


def _flat(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements in a statement, the last first, so that the one that counts is found first."""
    inner = [item for item in ast.walk(node) if isinstance(item, ast.stmt) and item is not node]
    yield from reversed(inner)
    yield node


def _root(node: ast.AST) -> str | None:
    """The name at the start of `a`, `a.b` or `a[0].c`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


class _Names(ast.NodeVisitor):
    """Collects the names of one top-level statement."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.assigns: list[str] = []
        self.loops: set[str] = set()
        self.changes: set[str] = set()
        self._loop = 0
        self._local: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in names for names in self._local):
            return
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)
        elif not self._local:
            self._assign(node.id)

    def _assign(self, name: str) -> None:
        if self._loop:
            self.loops.add(name)
        elif name not in self.assigns:
            self.assigns.append(name)

    def _change(self, node: ast.AST) -> None:
        name = _root(node)
        if name is not None and not any(name in names for names in self._local):
            self.changes.add(name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._called(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        # A trailing underscore is torch's sign for a change in place.
        if isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
            self._change(node.func.value)
        self.generic_visit(node)

    def _called(self, call: ast.Call) -> None:
        """A call whose result is dropped is made for what it changes."""
        if isinstance(call.func, ast.Attribute):
            self._change(call.func.value)
            if isinstance(call.func.value, ast.Call):
                self._called(call.func.value)
        elif isinstance(call.func, ast.Name) and call.func.id in _PURE:
            return
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            self._change(argument)

    def visit_For(self, node: ast.For) -> None:
        self._looped(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._looped(node)

    def visit_While(self, node: ast.While) -> None:
        self._looped(node)

    def _looped(self, node: ast.stmt) -> None:
        self._loop += 1
        self.generic_visit(node)
        self._loop -= 1

    def visit_withitem(self, node: ast.withitem) -> None:
        self.visit(node.context_expr)
        if node.optional_vars is not None:
            self._loop += 1  # `with … as f` names a means, as a loop does
            self.visit(node.optional_vars)
            self._loop -= 1

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._assign(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._assign(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._defined(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._defined(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._defined(node)

    def _defined(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if not self._local:
            self._assign(node.name)
        for outside in [*node.decorator_list, *getattr(node, "bases", [])]:
            self.visit(outside)
        self._inside(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside(node, [node.body])

    def _inside(self, node: ast.AST, body: list[ast.stmt] | list[ast.expr]) -> None:
        names: set[str] = set()
        for item in ast.walk(node):
            if isinstance(item, ast.arg):
                names.add(item.arg)
            elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                names.add(item.id)
            elif isinstance(item, _DEFINITIONS) and item is not node:
                names.add(item.name)
        for item in ast.walk(node):
            if isinstance(item, ast.Global):
                names -= set(item.names)
        arguments = getattr(node, "args", None)
        if arguments is not None:
            for default in [*arguments.defaults, *arguments.kw_defaults]:
                if default is not None:
                    self.visit(default)
        self._local.append(names)
        before = set(self.changes)
        for item in body:
            self.visit(item)
        self.changes = before  # what a body changes, it changes when it is called
        self._local.pop()

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        names = {
            item.id
            for generator in node.generators
            for item in ast.walk(generator.target)
            if isinstance(item, ast.Name)
        }
        self._local.append(names)
        self.generic_visit(node)
        self._local.pop()
