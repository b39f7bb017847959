"""Which values the solution puts on a device: of those, where they are counts.

Of all others it does not: whoever computes on the graphics card what the solution computes on the
CPU has computed the same.
"""

from __future__ import annotations

import ast
import re

from blankcheck_runner.judge.statements import Program

_PUTS = re.compile(r"\bdevice\b|\.to\(|\.cuda\(|\.cpu\(|\bset_default_device\b")


def located(solution: Program) -> frozenset[str]:
    """The names whose values are where the solution put them, or what they are made of."""
    found: set[str] = set()
    if _PUTS.search(solution.text) is None:
        return frozenset()
    for unit in solution.units:
        if not unit.imports and (_PUTS.search(unit.text) or unit.reads & found):
            found |= unit.writes
    return frozenset(found)


def is_located(code: str, name: str | None, solution: str) -> bool:
    """Whether the value of a part of the solution, or that of a name after it, is such a one."""
    if _PUTS.search(solution) is None:
        return False
    if name is None and _PUTS.search(code):
        return True
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return False
    named = {node.id for node in nodes if isinstance(node, ast.Name)} if name is None else {name}
    return not named.isdisjoint(located(Program(solution)))
