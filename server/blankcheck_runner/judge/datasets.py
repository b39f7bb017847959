"""Whether two data sets give the same, however they are made: by their items and their batches.

A `TensorDataset` and a class of the learner's own are one data set, unless the exercise is to write
the solution's class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from blankcheck_runner.judge import chance
from blankcheck_runner.judge.behaviour import Trial
from blankcheck_runner.judge.equality import Difference, difference
from blankcheck_runner.judge.statements import Program
from blankcheck_runner.judge.task import Observed
from blankcheck_runner.observation import InstanceValue, LoaderValue

Ask = Callable[[str], tuple[Observed, Observed]]
"""The value of an expression with `__focus__` in it, in the reference and for the learner."""
_MOST_ITEMS = 256
_BATCHES = 2
_SEEDED = f"exec(compile({chance.seeding(chance.SEEDS[0])!r}, '<seed>', 'exec'), {{}})"


def tried(wanted: Any, found: Any, solution: Program, ask: Ask) -> Trial:
    """Takes what is in two values that are data sets, or loaders of data sets."""
    if isinstance(wanted, LoaderValue) and isinstance(found, LoaderValue):
        bare = [replace(side, dataset=None) for side in (wanted, found)]
        if _foreign(wanted.dataset, solution) or difference(bare[0], bare[1]) is not None:
            return Trial()
        trial = _items(ask, "__focus__.dataset")
        if trial.told is not None:
            return replace(trial, told=trial.told.within("its dataset"))
        batches = _rows(ask, f"list(__import__('itertools').islice(__focus__, {_BATCHES}))")
        return _compared(batches, "batch") if trial.calls else trial
    if isinstance(wanted, InstanceValue) and isinstance(found, InstanceValue):
        return Trial() if _foreign(wanted, solution) else _items(ask, "__focus__")
    return Trial()


def _foreign(wanted: Any, solution: Program) -> bool:
    """Whether it is no data set of torch's kind, or of a class that the exercise is to write."""
    if not isinstance(wanted, InstanceValue) or wanted.length is None:
        return True
    written = {name for unit in solution.units if unit.defines for name in unit.assigns}
    return wanted.type in written


def _items(ask: Ask, code: str) -> Trial:
    lengths: list[Any] = [
        side.value if side.raised is None else None for side in ask(f"len({code})")
    ]
    if not all(type(length) is int for length in lengths):
        return Trial()
    if lengths[0] != lengths[1]:
        phrase = f"has length {lengths[1]}, expected {lengths[0]}"
        return Trial(told=Difference("sct/value", phrase))
    step = max(1, lengths[0] // _MOST_ITEMS)
    places = sorted({*range(0, lengths[0], step), *range(lengths[0])[-1:]})
    return _compared(_rows(ask, f"[{code}[place] for place in {places}]"), "item", places)


def _rows(ask: Ask, code: str) -> list[list[Any]]:
    """What both sides give under the same random state; nothing for a side that fails."""
    sides = ask(f"({_SEEDED}, {code})[1]")
    return [
        cast("list[Any]", side.value) if isinstance(cast(object, side.value), list) else []
        for side in sides
    ]


def _compared(rows: list[list[Any]], noun: str, places: Sequence[int] = range(_BATCHES)) -> Trial:
    if not rows[0] or len(rows[0]) != len(rows[1]):
        return Trial()
    for place, wanted, found in zip(places, *rows, strict=False):
        told = difference(wanted, found)
        if told is not None:
            return Trial(told=told.within(f"{noun} {place}"))
    return Trial(len(rows[0]))
