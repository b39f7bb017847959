"""Checks the corpus's submissions, and says where the feedback falls short of what they deserve."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.feedback.corpus import FOLDER, Case, targets

from blankcheck import checking
from blankcheck.course.text import Lines
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner

KNOWN = FOLDER / "known.json"
"""What is known to fall short: nothing may be added to it by a change that breaks something."""


AT_ONCE = 2


@dataclass(frozen=True)
class Marked:
    """A case, and what a check said to it."""

    case: Case
    result: Result

    @property
    def first(self) -> Feedback | None:
        """What the learner reads first."""
        return self.result.feedback[0] if self.result.feedback else None

    @property
    def line(self) -> int | None:
        """Its line, from 0."""
        if self.first is None:
            return None
        return Lines(self.case.submission).line_of(self.first.span.start)

    @property
    def short(self) -> tuple[str, ...]:
        """What falls short: `verdict`, `line`, `code`; nothing where all is as it should be."""
        passed = self.result.verdict == "passed"
        if self.case.right:
            spoke = [item.code for item in self.result.feedback if item.severity == "error"]
            return () if passed and not spoke else ("verdict",)
        if self.result.verdict not in ("failed", "error"):
            return ("verdict",)
        found: list[str] = []
        if self.line not in self.case.lines:
            found.append("line")
        if self.first is None or self.first.code not in self.case.codes:
            found.append("code")
        return tuple(found)


async def mark(case: Case, runner: Runner) -> Marked:
    """Checks one case, as the editor would."""
    target = targets(case.chapter)[case.key]
    return Marked(case, await checking.check(target, case.submission, "answer.py", runner))


async def marked(cases: Sequence[Case], runner: Runner) -> list[Marked]:
    """Checks cases, two side by side."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Marked:
        async with free:
            return await mark(case, runner)

    return await asyncio.gather(*map(one, cases))


def known() -> dict[str, list[str]]:
    """What is known to fall short, by the case's id."""
    if not Path(KNOWN).exists():
        return {}
    return json.loads(KNOWN.read_text(encoding="utf-8"))
