"""Finds and verifies the repairs of exercises that do not run as they are written.

A repair is used only if the solution runs with it and does not without it. What was found is
remembered for as long as the chapter's text and the data beside it stay the same; it lives in
memory only. Nothing is tried for an exercise that looks sound and whose checks do not come out
broken; one that runs as it is written is never touched.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal
from weakref import WeakKeyDictionary

from blankcheck.course import mending, repairs, weights
from blankcheck.course.cases import case_of
from blankcheck.course.mending import Repair
from blankcheck.course.repairs import Draft, Failure, Follower
from blankcheck.course.text import Span
from blankcheck.courses import Target, surely
from blankcheck.runner import Runner
from blankcheck_runner.course_data import survey
from blankcheck_runner.wire import Lesson, Limits

MOST_RUNS = 8
"""Trial runs of one exercise."""
DOWNLOAD_SECONDS = 4.0
"""How long a trial run may take that may be waiting for a network that is not there."""
KEPT = 256
"""Exercises whose repairs are remembered."""
_FILE = "solution.py"
_ALLOWS_ERRORS = re.compile(r"\b(?:allow_errors|has_equal_error|test_error)\b")
_LATE = "did not finish within"


@dataclass(frozen=True)
class Repaired:
    """An exercise that runs, and what had to be put right for that."""

    pre_exercise_code: str
    repairs: tuple[Repair, ...] = ()
    follower: Follower | None = None
    """What a learner who loads the weights as asked is compared with, where the solution leaves
    that out."""

    def lesson(self, written: Lesson, submission: str) -> Lesson:
        """The lesson for a submission."""
        solution = written.solution
        if self.follower is not None and weights.mentions(submission, self.follower.file):
            solution = self.follower.solution
        return replace(written, pre_exercise_code=self.pre_exercise_code, solution=solution)


@dataclass
class _Known:
    """What was found out with one runner."""

    found: OrderedDict[bytes, Repaired | None] = field(
        default_factory=OrderedDict[bytes, "Repaired | None"]
    )
    sound: set[bytes] = field(default_factory=set[bytes])
    """Exercises in whose text nothing speaks for a repair."""
    locks: dict[bytes, asyncio.Lock] = field(default_factory=dict[bytes, asyncio.Lock])


_known: WeakKeyDictionary[Runner, _Known] = WeakKeyDictionary()


async def foreseen(
    target: Target, lesson: Lesson, runner: Runner, limits: Limits
) -> Repaired | None:
    """The exercise with verified repairs, if they are known or its text calls for them.

    So the first check need not fail for it, nor wait for a network that is not there.
    """
    known = _known.setdefault(runner, _Known())
    of_text = _mark_of_text(target)
    if of_text in known.sound:
        return None
    mark = await _mark(target)
    if mark in known.found:
        return known.found[mark]
    if mark in known.sound:
        return None
    suspicion = await asyncio.to_thread(_suspicion, target)
    if suspicion == "none":
        known.sound.add(of_text)
    elif suspicion == "none yet":
        known.sound.add(mark)
    else:
        return await repaired(target, lesson, runner, limits)
    return None


async def repaired(
    target: Target, lesson: Lesson, runner: Runner, limits: Limits
) -> Repaired | None:
    """The exercise with verified repairs; null if it needs none, or none helps.

    Cancelling ends the trial run; nothing is remembered then. Raises RunnerUnavailable.
    """
    known = _known.setdefault(runner, _Known())
    mark = await _mark(target)
    if mark in known.found:
        return known.found[mark]
    async with known.locks.setdefault(mark, asyncio.Lock()):
        if mark not in known.found:
            trials = _Trials(lesson, runner, limits)
            found = await _find(target, trials)
            if found is None and trials.timed_out:
                return None
            known.found[mark] = found
            known.sound.discard(_mark_of_text(target))
            while len(known.found) > KEPT:
                known.found.popitem(last=False)
    known.locks.pop(mark, None)
    return known.found.get(mark)


class _Trials:
    """The trial runs of one exercise."""

    def __init__(self, lesson: Lesson, runner: Runner, limits: Limits) -> None:
        self._lesson = lesson
        self._runner = runner
        self._limits = limits
        self.left = MOST_RUNS
        self.timed_out = False
        """Whether the last run was stopped for its time, which another run may not be."""

    @property
    def may_fail(self) -> bool:
        """Whether the SCT allows the solution to raise an exception."""
        return _ALLOWS_ERRORS.search(self._lesson.sct) is not None

    async def failure(self, draft: Draft, solution: str) -> Failure | None:
        """How a run of a draft ends too early; null if it does not."""
        self.left -= 1
        limits = self._limits
        if repairs.still_downloads(draft):
            limits = replace(limits, seconds=min(limits.seconds, DOWNLOAD_SECONDS))
        lesson = replace(self._lesson, pre_exercise_code=draft.pre_exercise_code)
        report = await self._runner.run(lesson, solution, _FILE, limits)
        first = report.feedback[0] if report.feedback else None
        message = first.message if first is not None else ""
        self.timed_out = report.verdict == "timeout" or _LATE in message
        if report.verdict == "passed":
            return None
        part = "pre_exercise_code" if report.verdict == "broken" else "solution"
        if first is None or first.start is None or self.timed_out:
            return Failure(part, message)
        end = first.start if first.end is None else first.end
        return Failure(part, first.message, Span(first.start, end))


async def _find(target: Target, trials: _Trials) -> Repaired | None:
    case = case_of(target.chapter, target.unit)
    if case is None or not case.solution.strip():
        return None
    draft = Draft(case)
    failure = await trials.failure(draft, case.solution)
    if failure is not None and failure.part == "solution" and trials.may_fail:
        return None  # as it is meant to
    if failure is not None:
        begun = repairs.begin(case)
        first = begun if begun.changed else repairs.further(draft, failure)
        mended = await _mended(first, case.solution, trials)
        if mended is None:
            return None
        draft = mended
    follower = repairs.follower(case)
    if follower is not None and trials.left > 1:
        failure = await trials.failure(draft, follower.solution)
        if failure is not None:
            first = repairs.further(draft, failure)
            mended = await _mended(first, follower.solution, trials)
            draft, follower = (draft, None) if mended is None else (mended, follower)
    if not draft.changed and follower is None:
        return None
    return Repaired(draft.pre_exercise_code, mending.repairs(draft), follower)


async def _mended(draft: Draft | None, solution: str, trials: _Trials) -> Draft | None:
    """The draft with what it takes for the solution to run; null if that is not found."""
    while draft is not None and trials.left > 0:
        failure = await trials.failure(draft, solution)
        if failure is None:
            return draft
        draft = repairs.further(draft, failure)
    return None


def _suspicion(target: Target) -> Literal["none", "none yet", "some"]:
    """Whether a look at the text says that the exercise may not run, or that what the learner is
    asked to load is not there. `none yet`: as long as it is there."""
    case = case_of(target.chapter, target.unit)
    if case is None:
        return "none"
    files = [file for file in repairs.files_asked_for(case) if file not in case.own]
    data = target.data
    if (
        repairs.downloads(case)
        or repairs.follower(case) is not None
        or any(data is None or not surely((data / file).exists) for file in files)
        or repairs.begin(case).changed
    ):
        return "some"
    return "none yet" if files else "none"


async def _mark(target: Target) -> bytes:
    """What the repairs of an exercise depend on. Data that appear may make one needless."""
    data = target.data
    state = "" if data is None else (await asyncio.to_thread(survey, str(data))).fingerprint
    return _mark_of_text(target) + state.encode()


def _mark_of_text(target: Target) -> bytes:
    unit = target.unit
    place = "\0".join([str(target.file), str(unit.span.start), str(target.step)])
    text = _of_text(target.chapter.text)
    return hashlib.sha256(text + place.encode("utf-8", "surrogatepass")).digest()


@lru_cache(maxsize=2)
def _of_text(text: str) -> bytes:
    """A chapter's digest: its exercises are asked about one after the other."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
