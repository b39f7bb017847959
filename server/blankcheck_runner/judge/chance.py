"""Evidence on values that depend on the random state: do they, and are they drawn alike?"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge.equality import difference
from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.judge.task import Probe, Process

SEEDS = (1201, 7309)
_ENOUGH = 600
"""Numbers that are drawn to compare two ways of drawing them."""
_MOST_RUNS = 150
_SEEDING = """\
import random as __random, sys as __sys
__random.seed({seed})
if "numpy" in __sys.modules: __sys.modules["numpy"].random.seed({seed})
if "torch" in __sys.modules: __sys.modules["torch"].manual_seed({seed})
"""


@dataclass(frozen=True)
class Draw:
    """A piece of code that gives a name its value, in a process."""

    process: Process
    setup: str
    code: str
    name: str
    bindings: dict[str, Any]

    def at(self, seed: int) -> Any:
        """The value under a random state; `Undrawn` where the code raises."""
        setup = f"{seeding(seed)}\n{self.setup}"
        answer = self.process.probe(Probe(self.code, self.name, setup, self.bindings))
        if answer.raised is not None:
            raise Undrawn
        return answer.value

    def many(self, runs: int) -> list[Any]:
        """The values under so many random states."""
        code = (
            "__many = []\n"
            f"__seeding = compile({_SEEDING.format(seed='__seed')!r}, '<seed>', 'exec')\n"
            f"__drawing = compile({self.code!r}, '<draw>', 'exec')\n"
            f"for __seed in range({runs}):\n"
            "    exec(__seeding, globals())\n"
            "    exec(__drawing, globals())\n"
            f"    __many.append({self.name})\n"
        )
        answer = self.process.probe(Probe(code, "__many", self.setup, self.bindings))
        value = cast(object, answer.value)
        if answer.raised is not None or not isinstance(value, list):
            raise Undrawn
        return cast("list[Any]", value)


class Undrawn(Exception):
    """The code could not be run again."""


def seeding(seed: int) -> str:
    """Code that sets every random state there is."""
    return _SEEDING.format(seed=seed)


def depends(draw: Draw) -> bool:
    """Whether the value changes with the random state."""
    one, other = (draw.at(seed) for seed in SEEDS)
    return difference(one, other, check_weights=True) is not None


def draw_of(process: Process, program: Program, name: str) -> Draw | None:
    """All of a program that a name's value rests on, without the statements that set a seed."""
    writers = program.writers(name)
    if not writers:
        return None
    last = writers[-1]
    before = program.slice_for(last.reads | {name}, last.index, frozenset())
    setup = "\n".join(unit.text for unit in before if not seeds(unit))
    return Draw(process, setup, last.text, name, {})


def seeds(unit: Unit) -> bool:
    """Whether a statement is a call that sets a random state."""
    match unit.node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr))):
            return attr in ("seed", "manual_seed", "manual_seed_all")
        case _:
            return False


def same_draw(one: Draw, other: Draw) -> bool:
    """Whether two pieces of code give the same under the same random state."""
    return difference(one.at(SEEDS[0]), other.at(SEEDS[0]), check_weights=True) is None


def drawn_alike(one: Draw, other: Draw) -> bool:
    """Whether two pieces of code draw from the same distribution, as far as samples tell."""
    first, second = one.at(SEEDS[0]), other.at(SEEDS[0])
    size = len(_numbers(first))
    if size == 0 or len(_numbers(second)) != size:
        return True
    runs = max(2, min(_MOST_RUNS, math.ceil(_ENOUGH / size)))
    left, right = one.many(runs), other.many(runs)
    samples = [
        sorted(number for value in side for number in _numbers(value)) for side in (left, right)
    ]
    if not samples[0] or not samples[1]:
        return True
    wholes = [sorted(map(_whole, map(_numbers, side))) for side in (left, right)]
    kinds = [sorted(float(len(set(_numbers(value)))) for value in side) for side in (left, right)]
    return all(_near(*pair) for pair in (samples, wholes, kinds))


def _whole(numbers: Sequence[float]) -> float:
    """The sum of a sample, without the noise of its rounding: its numbers may hang together."""
    return float(f"{sum(numbers):.4g}")


def _near(left: Sequence[float], right: Sequence[float]) -> bool:
    """Whether two sorted samples may be of one distribution."""
    count = min(len(left), len(right))
    return _distance(left, right) <= max(0.08, 2.2 / math.sqrt(count / 2))


def _distance(left: Sequence[float], right: Sequence[float]) -> float:
    """The largest gap between the shares of both sorted samples below any number."""
    most, i, j = 0.0, 0, 0
    while i < len(left) and j < len(right):
        here = min(left[i], right[j])
        while i < len(left) and left[i] <= here:
            i += 1
        while j < len(right) and right[j] <= here:
            j += 1
        most = max(most, abs(i / len(left) - j / len(right)))
    return most


def _numbers(value: Any) -> list[float]:
    """The real numbers in a number, tensor, array or flat sequence; empty for anything else."""
    kind = cast("type[Any]", type(value))
    if kind in (int, float):
        return [float(value)]
    if kind in (list, tuple):
        return [number for item in value for number in _numbers(item)]
    if kind.__module__.startswith("torch") and kind.__name__ in ("Tensor", "Parameter"):
        if value.is_complex() or value.is_quantized:
            return []
        return [float(number) for number in value.detach().flatten()[:_ENOUGH].tolist()]
    if kind.__module__ == "numpy" and hasattr(value, "dtype") and value.dtype.kind in "iuf":
        return [float(number) for number in value.ravel()[:_ENOUGH].tolist()]
    return []
