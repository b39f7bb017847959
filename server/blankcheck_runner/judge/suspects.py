"""What may be wrong in a solution itself, so that no learner pays for it.

A solution that makes a name and never reads it has forgotten something: where its statement reads
the name's origin, or its namesake with another number, the forgotten name may have been meant.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.wire import Feedback


def suspects(solution: Program, unit: Unit) -> list[tuple[str, str]]:
    """Pairs of a name that a statement reads and one, made before and never read, that may have
    been meant: the second is made from the first, or the two differ only in a number and the
    second has the number of what the statement makes."""
    pairs: list[tuple[str, str]] = []
    for earlier in reversed(solution.units[: unit.index]):
        if earlier.imports or earlier.defines:
            continue
        for name in earlier.assigns:
            if name in solution.read or len(solution.writers(name)) != 1:
                continue
            for read in sorted(unit.reads):
                made_from = read in earlier.reads and _is_variable(solution, read)
                namesake = _numbered(read) == _numbered(name) and any(
                    _digits(target) == _digits(name) for target in unit.assigns
                )
                if made_from or namesake:
                    pairs.append((read, name))
    return pairs


def read_instead(unit: Unit, read: str, forgotten: str) -> str:
    """The statement's text, with another name read."""
    return ast.unparse(_Rename(read, forgotten).visit(ast.parse(unit.text)))


def note(solution: Program, unit: Unit, read: str, forgotten: str) -> Feedback:
    """What the author is told of it."""
    places = [
        node for node in ast.walk(unit.node) if isinstance(node, ast.Name) and node.id == read
    ]
    start, end = solution.span(places[0] if places else unit.node)
    message = (
        f"The solution reads `{read}` here and never reads `{forgotten}`, which it made. "
        f"Submissions that read `{forgotten}` are accepted too; put right what is meant."
    )
    return Feedback("author/suspect-solution", message, "information", "solution", start, end)


def _is_variable(solution: Program, name: str) -> bool:
    """Whether a name is one of the solution's own values, not a function or a module it uses."""
    writers = solution.writers(name)
    if not writers or writers[0].imports or writers[0].defines:
        return False
    calls = (node for unit in solution.units for node in ast.walk(unit.node))
    return not any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in calls
    )


def _numbered(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _digits(name: str) -> str:
    return "".join(re.findall(r"\d+", name))


class _Rename(ast.NodeTransformer):
    """Reads another name."""

    def __init__(self, name: str, other: str) -> None:
        self._names: Mapping[str, str] = {name: other}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if isinstance(node.ctx, ast.Load):
            return ast.Name(self._names.get(node.id, node.id), ast.Load())
        return node
