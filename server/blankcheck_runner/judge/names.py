"""What a name in a program stands for: through imports, their aliases, and plain assignment."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from typing import Any


class Names:
    """The full dotted names behind the local ones of one program."""

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        self._full: dict[str, str] = {}
        self._starred: list[str] = []
        for tree in trees:
            for node in ast.walk(tree):
                self._learn(node)

    def of(self, node: ast.AST) -> str | None:
        """The full name of what stands there: `torch.nn.functional.relu` for `F.relu`. A method
        after a call goes on with the call's name: `df.groupby.sum` for `df.groupby('b').sum`."""
        match node:
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=ast.Call(func=inner), attr=attribute):
                name = self.of(inner)
                return None if name is None else f"{name}.{attribute}"
            case ast.Attribute(value=value, attr=attribute):
                name = self.of(value)
                return None if name is None else f"{name}.{attribute}"
            case ast.Constant(value=str()) | ast.JoinedStr():
                return "str"
            case _:
                return None

    def canonical(self, name: str) -> str:
        """The full name for one that an SCT gives, where it uses the program's own aliases."""
        first, dot, rest = name.partition(".")
        return f"{self._of_name(first)}{dot}{rest}"

    def _of_name(self, name: str) -> str:
        if name in self._full:
            return self._full[name]
        for module in self._starred:
            if hasattr(sys.modules.get(module), name):
                return f"{module}.{name}"
        return name

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.asname:
                        self._full[alias.asname] = alias.name
            case ast.ImportFrom(module=str(module), names=aliases):
                for alias in aliases:
                    if alias.name == "*":
                        self._starred.append(module)
                    else:
                        self._full[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                self._learn_assigned(target, value)
            case _:
                pass

    def _learn_assigned(self, target: str, value: ast.expr) -> None:
        full = None
        if isinstance(value, (ast.Name, ast.Attribute)) and not _calls(value):
            full = self.of(value)
        known = full is not None and (
            hasattr(builtins, full) or full.partition(".")[0] in sys.modules
        )
        if full is not None and known and full != target:
            self._full[target] = full
        else:
            self._full.pop(target, None)


_TWINS = frozenset(
    {"relu", "sigmoid", "tanh", "softmax", "log_softmax", "selu", "celu", "cosine_similarity"}
)
"""Functions that are the same one in `torch` and in `torch.nn.functional`."""


def same(first: str | None, second: str) -> bool:
    """Whether two full names are names of one thing."""
    if first is None:
        return False
    first, second = _usual(first), _usual(second)
    if first == second:
        return True
    if first.rpartition(".")[2] != second.rpartition(".")[2]:
        return False
    found = _resolved(first)
    return found is not None and found is _resolved(second)


def _usual(name: str) -> str:
    """The shorter name, where a function has two."""
    module, _, last = name.rpartition(".")
    return f"torch.{last}" if module == "torch.nn.functional" and last in _TWINS else name


def _resolved(name: str) -> Any:
    """The object of that full name, in what is imported here."""
    first, *rest = name.split(".")
    found: Any = sys.modules.get(first)
    for attribute in rest:
        if found is None:
            return None
        found = getattr(found, attribute, None)
    return found


def _calls(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Call) for inner in ast.walk(node))
