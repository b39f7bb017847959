"""What came out when the exercises of an open chapter were tried, each known by its text: an edit
elsewhere in the chapter changes nothing about it."""

from __future__ import annotations

from collections.abc import Sequence

from blankcheck.course.model import Chapter, Exercise, Problem
from blankcheck.course.pieces import Pieces
from blankcheck.course.rules import moved

_Key = tuple[str, str | None]


class Trials:
    """Those of one chapter."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[Problem, ...]] = {}
        """By exercise; the places of its problems count from its start."""

    def add(self, chapter: Chapter, exercise: Exercise, problems: Sequence[Problem]) -> bool:
        """Takes over what came out for an exercise, and says whether there is news in it."""
        key, start = _key(chapter, exercise), exercise.span.start
        before = self._known.get(key, ())
        self._known[key] = tuple(moved(item, -start) for item in problems)
        return self._known[key] != before

    def untried(self, chapter: Chapter) -> list[Exercise]:
        """The exercises that are to be tried, in order, those with problems once more: what they
        need may be there now. Forgets what the chapter no longer has."""
        keys = {_key(chapter, exercise): exercise for exercise in chapter.exercises}
        self._known = {key: found for key, found in self._known.items() if key in keys}
        return [item for key, item in keys.items() if self._known.get(key) != ()]

    def problems(self, pieces: Pieces) -> tuple[Problem, ...]:
        """What is wrong with a chapter as it is now, as far as its exercises were tried."""
        if not any(self._known.values()):
            return ()
        return tuple(
            moved(problem, piece.start + exercise.span.start)
            for piece in pieces
            for exercise in piece.chapter.exercises
            for problem in self._known.get(_key(piece.chapter, exercise), ())
        )


def _key(chapter: Chapter, exercise: Exercise) -> _Key:
    return exercise.span.of(chapter.text), chapter.device
