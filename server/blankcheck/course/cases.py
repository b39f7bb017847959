"""An exercise among those before it, on whose code its own may lean: what repairs are made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from blankcheck.course.model import Chapter, Exercise
from blankcheck.course.units import Unit, units


@dataclass(frozen=True)
class Case:
    """An exercise or step among those before it."""

    chapter: Chapter
    earlier: Sequence[Unit]
    """The nearest first."""
    unit: Unit

    @property
    def own(self) -> str:
        """The pre-exercise code, as it is written."""
        return self.unit.exercise.text("pre_exercise_code")

    @property
    def solution(self) -> str:
        """The solution."""
        return self.unit.exercise.text("solution")


def case_of(chapter: Chapter, exercise: Exercise) -> Case | None:
    """The case of an exercise or a step of a chapter; null if it cannot be run."""
    known = _units(chapter)
    for number, whole in enumerate(known.chapter.exercises):
        if not whole.span.contains(exercise.span):
            continue
        own = known.of(number)
        for index, unit in enumerate(own):
            if (unit.exercise.span, unit.exercise.title) == (exercise.span, exercise.title):
                return Case(unit.chapter, _Earlier(known, number, own[:index]), unit)
    return None


class _Units:
    """A chapter's units. Those of an exercise are read when they are first asked for: of a thousand
    exercises few are."""

    def __init__(self, chapter: Chapter) -> None:
        self.chapter = chapter
        self._read: dict[int, tuple[Unit, ...]] = {}

    def of(self, number: int) -> tuple[Unit, ...]:
        """The units of the exercise with this index."""
        if number not in self._read:
            self._read[number] = tuple(units(self.chapter, self.chapter.exercises[number]))
        return self._read[number]


class _Earlier(Sequence[Unit]):
    """The units before one, the nearest first, read as far as somebody looks."""

    def __init__(self, known: _Units, number: int, own: Sequence[Unit]) -> None:
        self._known = known
        self._left = number
        """How many exercises are not read yet."""
        self._found = list(reversed(own))

    def _reach(self, count: float) -> None:
        while self._left and len(self._found) < count:
            self._left -= 1
            self._found += reversed(self._known.of(self._left))

    @overload
    def __getitem__(self, index: int) -> Unit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Unit]: ...
    def __getitem__(self, index: int | slice) -> Unit | Sequence[Unit]:
        self._reach(index + 1 if isinstance(index, int) and index >= 0 else math.inf)
        return self._found[index]

    def __len__(self) -> int:
        self._reach(math.inf)
        return len(self._found)


_KEPT = 2
_kept: dict[tuple[str, str | None], _Units] = {}


def _units(chapter: Chapter) -> _Units:
    """What is known of a chapter: its exercises are asked about one after the other."""
    key = chapter.text, chapter.device
    while key not in _kept and len(_kept) >= _KEPT:
        _kept.pop(next(iter(_kept)), None)
    return _kept.setdefault(key, _Units(chapter))
