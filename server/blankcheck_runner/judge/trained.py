"""Networks that were given and that the solution trains: no statement of it assigns them.

An optimizer's step changes what the optimizer was given, which the solution's text need not show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blankcheck_runner.judge.statements import Unit
from blankcheck_runner.observation import LoaderValue, ModuleValue, facts

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation

_STEPS = frozenset({"zero_grad", "backward", "step"})
_RANDOM_LAYER = "Dropout"


def spread(derivation: Derivation) -> tuple[Unit, ...]:
    """The solution's statements, with what is trained among what the last step changes."""
    solution = derivation.solution
    stepping = [unit for unit in solution.units if "step" in _methods([unit])]
    if not stepping:
        return solution.units
    made = {name for unit in solution.units for name in unit.writes}
    given = [name for name in sorted(solution.read - made) if _learns(derivation, name)]
    return tuple(
        replace(unit, changes=unit.changes | set(given)) if unit is stepping[-1] else unit
        for unit in solution.units
    )


def by_chance(derivation: Derivation, unit: Unit) -> bool:
    """Whether what training gives depends on the random state, and so cannot be compared, though
    the submission makes all the calls that train."""
    values = [derivation.teacher(name).value for name in unit.reads]
    random = any(
        value.shuffled if isinstance(value, LoaderValue) else _drops(value) for value in values
    )
    calls = _methods(derivation.submission.units)
    return random and not (_methods(derivation.solution.units) & _STEPS) - calls


def _learns(derivation: Derivation, name: str) -> bool:
    value = derivation.teacher(name).value
    if hasattr(value, "detach"):
        return bool(value.requires_grad) and facts(value).leaf
    return isinstance(value, ModuleValue)


def _drops(value: Any) -> bool:
    return isinstance(value, ModuleValue) and (
        value.type.startswith(_RANDOM_LAYER) or any(map(_drops, value.children.values()))
    )


def _methods(units: tuple[Unit, ...] | list[Unit]) -> set[str]:
    return {
        node.func.attr
        for node in _nodes(units)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def _nodes(units: tuple[Unit, ...] | list[Unit]) -> Iterator[ast.AST]:
    for unit in units:
        yield from ast.walk(unit.node)
