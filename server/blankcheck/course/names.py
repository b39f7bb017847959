"""Which names a piece of code binds and reads, in the order in which it runs.

A static reading: it decides nothing that depends on values, and where it cannot know (a star
import, `exec`) it says so, so that nobody draws a conclusion from it.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

KNOWN = frozenset(dir(builtins)) | {
    "__name__",
    "__file__",
    "__doc__",
    "__builtins__",
    "__annotations__",
    "__class__",
    "__module__",
    "__qualname__",
}
"""Names that are there without being bound."""

_OPAQUE_CALLS = ("exec", "eval", "globals", "locals", "vars", "setattr", "get_ipython")


@dataclass(frozen=True)
class Use:
    """One place where a name of the module is read."""

    name: str
    node: ast.Name
    late: bool
    """Whether it is in a function's body, which runs after the module's bindings."""


@dataclass
class Names:
    """What was found in one piece of code."""

    bound: dict[str, ast.AST] = field(default_factory=dict[str, ast.AST])
    """The module's names, each with what binds it first."""
    imports: dict[str, str] = field(default_factory=dict[str, str])
    """Imported names, with a statement that imports just this one."""
    bindings: list[ast.Name] = field(default_factory=list[ast.Name])
    """Every place where a name of the module gets a value by being written there."""
    reads: list[Use] = field(default_factory=list[Use])
    """Every reading of a name of the module."""
    unbound: list[Use] = field(default_factory=list[Use])
    """Those that nothing in this code has bound by then, and that no builtin is."""
    opaque: bool = False
    """Whether names may come from where they cannot be seen."""


def parse(code: str) -> ast.Module | None:
    """The code's tree, or null if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError, SystemError):
        return None


def names(tree: ast.Module, given: frozenset[str] = frozenset()) -> Names:
    """The names of a module, in a namespace that already holds `given`."""
    walk = _Walk(given)
    try:
        walk.statements(tree.body)
        walk.finish()
    except RecursionError:
        walk.found.opaque = True
    return walk.found


class _Scope:
    """A function, class or comprehension around what is walked."""

    def __init__(self, local: frozenset[str], *, late: bool = False, own: bool = False) -> None:
        self.local = set(local)
        self.late = late
        self.own = own
        """Whether it is a class, whose names its methods do not see."""


class _Walk:
    """Goes through a tree in the order of evaluation."""

    def __init__(self, given: frozenset[str]) -> None:
        self.given = given
        self.found = Names()
        self.scopes: list[_Scope] = []
        self.waiting: list[Use] = []

    def statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    def finish(self) -> None:
        """Decides on what functions read, now that all bindings are known."""
        self.found.unbound += [use for use in self.waiting if use.name not in self.found.bound]
        self.found.unbound.sort(key=lambda use: (use.node.lineno, use.node.col_offset))

    def bind(self, name: str, node: ast.AST) -> None:
        if self.scopes:
            self.scopes[-1].local.add(name)
        else:
            self.bind_globally(name, node)

    def bind_globally(self, name: str, node: ast.AST) -> None:
        self.found.bound.setdefault(name, node)
        if isinstance(node, ast.Name):
            self.found.bindings.append(node)

    def read(self, node: ast.Name) -> None:
        name = node.id
        late = any(scope.late for scope in self.scopes)
        if any(name in scope.local for scope in self.scopes):
            return
        use = Use(name, node, late)
        self.found.reads.append(use)
        if name in self.found.bound or name in self.given or name in KNOWN:
            return
        (self.waiting if late else self.found.unbound).append(use)

    def visit(self, node: ast.AST | None) -> None:
        if node is None:
            return
        match node:
            case ast.Name(ctx=ast.Load()):
                self.read(node)
            case ast.Name():
                self.bind(node.id, node)
            case ast.Assign():
                self.visit(node.value)
                self.visit_all(node.targets)
            case ast.AugAssign():
                if isinstance(node.target, ast.Name):
                    self.read(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
                self.visit(node.value)
                self.visit(node.target)
            case ast.AnnAssign():
                self.annotation(node.annotation)
                self.visit(node.value)
                if node.value is not None or not isinstance(node.target, ast.Name):
                    self.visit(node.target)
            case ast.NamedExpr():
                self.visit(node.value)
                self.bind_outside_comprehensions(node.target)
            case ast.For() | ast.AsyncFor():
                self.visit(node.iter)
                self.visit(node.target)
                self.statements([*node.body, *node.orelse])
            case ast.Import() | ast.ImportFrom():
                self.imported(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.visit_all(node.decorator_list)
                self.bind(node.name, node)
                self.function(node, node.args, node.body)
            case ast.Lambda():
                self.function(node, node.args, [node.body])
            case ast.ClassDef():
                self.visit_all([*node.decorator_list, *node.bases, *node.keywords])
                self.scopes.append(_Scope(_parameters(node), own=True))
                self.statements(node.body)
                self.scopes.pop()
                self.bind(node.name, node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                self.comprehension(node.generators, [node.elt])
            case ast.DictComp():
                self.comprehension(node.generators, [node.key, node.value])
            case ast.ExceptHandler():
                self.visit(node.type)
                if node.name:
                    self.bind(node.name, node)
                self.statements(node.body)
            case ast.MatchAs() | ast.MatchStar() | ast.MatchMapping():
                self.visit_all(list(ast.iter_child_nodes(node)))
                name = node.rest if isinstance(node, ast.MatchMapping) else node.name
                if name:
                    self.bind(name, node)
            case ast.Global() | ast.Nonlocal():
                if isinstance(node, ast.Global):
                    for name in node.names:
                        self.found.bound.setdefault(name, node)
            case ast.Call():
                if isinstance(node.func, ast.Name) and node.func.id in _OPAQUE_CALLS:
                    self.found.opaque = True
                self.visit_all(list(ast.iter_child_nodes(node)))
            case _:
                self.visit_all(list(ast.iter_child_nodes(node)))

    def visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def annotation(self, node: ast.AST | None) -> None:
        """An annotation, which need not be evaluated before everything is bound."""
        self.scopes.append(_Scope(frozenset(), late=True))
        self.visit(node)
        self.scopes.pop()

    def bind_outside_comprehensions(self, target: ast.Name) -> None:
        for scope in reversed(self.scopes):
            if scope.late:
                scope.local.add(target.id)
                return
        self.bind_globally(target.id, target)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.found.opaque = True
                continue
            name = alias.asname or alias.name.partition(".")[0]
            self.bind(name, node)
            renamed = f" as {alias.asname}" if alias.asname else ""
            source = (
                f"from {'.' * node.level}{node.module or ''} "
                if isinstance(node, ast.ImportFrom)
                else ""
            )
            plain = alias.name if source or renamed else name
            self.found.imports.setdefault(name, f"{source}import {plain}{renamed}")

    def function(self, node: ast.AST, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        """A function: its defaults are evaluated now, its body later."""
        self.visit_all([d for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None])
        given = _arguments(arguments)
        for argument in given:
            self.annotation(argument.annotation)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.annotation(node.returns)
        local = {argument.arg for argument in given} | _parameters(node) | _locals(body)
        outer = self.scopes
        self.scopes = [scope for scope in outer if not scope.own]
        self.scopes.append(_Scope(frozenset(local), late=True))
        self.visit_all(body)
        self.scopes = outer

    def comprehension(
        self, generators: Sequence[ast.comprehension], results: Sequence[ast.AST]
    ) -> None:
        self.visit(generators[0].iter)
        self.scopes.append(_Scope(frozenset()))
        for number, generator in enumerate(generators):
            if number:
                self.visit(generator.iter)
            self.visit(generator.target)
            self.visit_all(generator.ifs)
        self.visit_all(results)
        self.scopes.pop()


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _parameters(node: ast.AST) -> frozenset[str]:
    """The names of type parameters (Python 3.12)."""
    parameters: Sequence[object] = getattr(node, "type_params", ())
    return frozenset(str(getattr(parameter, "name", "")) for parameter in parameters)


def _locals(body: Sequence[ast.AST]) -> set[str]:
    """The names that a function's body binds, not counting the functions inside it."""
    bound: set[str] = set()
    outside: set[str] = set()
    for node in _own_nodes(body):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                bound.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
            case ast.Import() | ast.ImportFrom():
                bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global() | ast.Nonlocal():
                outside |= set(node.names)
            case _:
                pass
    return bound - outside


def _own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    inner = (
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
        ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    )  # fmt: skip
    left = list(body)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, inner):
            left.extend(ast.iter_child_nodes(node))
