"""What is run before anybody asks: of a submission, what stands where its blanks are, and what a
check of it needs; of a chapter, what has to be put right in it, and what its exercises come to.

All of it can fail without harm, so what fails is logged, and found out when it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

from blankcheck import checking, linting
from blankcheck.course.model import Chapter, Problem
from blankcheck.course.reader import read
from blankcheck.courses import Target, in_course
from blankcheck.lsp.background import Background
from blankcheck.lsp.document_store import DocumentStore
from blankcheck.lsp.documents import Document, SubmissionView, is_chapter
from blankcheck.lsp.hover import Described, describe
from blankcheck.lsp.runner_provider import RunnerProvider
from blankcheck.runner import RunnerUnavailable

if TYPE_CHECKING:
    from blankcheck.course.mending import Repair

log = logging.getLogger(__name__)
_MOST_TRIED = 50
"""Exercises of a chapter that are tried at once; `blankcheck lint` tries them all."""
_PREPARE_SECONDS = 0.1
"""Of files that are opened at once, the last one counts."""


_AGAIN_SECONDS = 60.0
"""After the runner could not be reached: whoever types must not knock at another machine, or start
a broken interpreter, with each key press."""


class Prefetch:
    """What was found out ahead of need, and what is being found out."""

    def __init__(
        self, documents: DocumentStore, runners: RunnerProvider, background: Background
    ) -> None:
        self._documents = documents
        self._runners = runners
        self._background = background
        self._described: dict[tuple[object, ...], tuple[Described, ...]] = {}
        self._describing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._prepared: tuple[object, ...] | None = None
        """The exercise that the runner was last made ready for."""
        self._preparing: asyncio.Task[None] | None = None
        self._beginnings = 0
        self._not_before = -math.inf
        """When the runner may be tried again, unless somebody asks for something to be run."""

    def described(self, target: Target) -> tuple[Described, ...]:
        """What is known of the sample's blanks from running the solution; empty if nothing yet."""
        return self._described.get(_name(target), ())

    def for_submission(self, document: Document) -> None:
        """Describes and prepares what a submission, as it was last looked at, will be asked for."""
        if time.monotonic() < self._not_before:
            return
        if isinstance(document.view, SubmissionView) and self._runners.settings.trusted:
            target = document.view.target
            self._find_out(target)
            self._prepare(target, document.text)

    def for_chapter(self, document: Document) -> None:
        """Finds what is wrong with a chapter, as it is now, by running it: what has to be put right
        for learners, then what comes out of each exercise that has changed since it was tried."""
        if document.path is not None and is_chapter(
            document.text, document.language, document.path
        ):
            if document.trying is not None:
                document.trying.cancel()
            work = self._try(document, document.path, document.version)
            document.trying = self._background.spawn(work)

    def begin_anew(self) -> None:
        """The settings have changed: there may be another runner, ready for nothing yet."""
        self._prepared = None
        self._not_before = -math.inf
        self._beginnings += 1

    def _unreachable(self, error: RunnerUnavailable, beginning: int) -> None:
        log.warning(error)
        if beginning == self._beginnings:
            self._not_before = time.monotonic() + _AGAIN_SECONDS

    def end(self) -> None:
        """Ends what is under way for submissions."""
        for task in (*self._describing, self._preparing):
            if task is not None:
                task.cancel()

    def _find_out(self, target: Target) -> None:
        """Finds out what stands where the blanks are, once for each exercise as it is now."""
        name = _name(target)
        if name not in self._described:
            self._described[name] = ()
            task = self._background.spawn(self._describe(name, target))
            self._describing.add(task)
            task.add_done_callback(self._describing.discard)

    async def _describe(self, name: tuple[object, ...], target: Target) -> None:
        beginning = self._beginnings
        try:
            async with self._turn:  # whoever opens many files is not kept waiting by them all
                self._described[name] = await describe(target, self._runners.runner())
        except RunnerUnavailable as error:
            del self._described[name]
            self._unreachable(error, beginning)

    def _prepare(self, target: Target, text: str) -> None:
        """Has the runner made ready for a check of the exercise that was last worked on."""
        name = _name(target)
        if name != self._prepared:
            self._prepared = name
            if self._preparing is not None:
                self._preparing.cancel()
            self._preparing = self._background.spawn(self._make_ready(target, text))

    async def _make_ready(self, target: Target, text: str) -> None:
        await asyncio.sleep(_PREPARE_SECONDS)
        beginning = self._beginnings
        try:
            await checking.prepare(target, text, self._runners.runner(), self._runners.limits)
        except RunnerUnavailable as error:
            self._prepared = None
            self._unreachable(error, beginning)

    async def _try(self, document: Document, path: Path, version: int) -> None:
        await self._documents.view(document)
        left_out = await self._background.aside(linting.data_left_out, path.parent)
        messages = tuple(message for _, message in left_out)
        if messages != document.left_out:
            document.left_out = messages
            self._documents.publish(document)
        if not self._runners.settings.trusted:
            return
        chapter = in_course(await self._background.aside(read, document.text), path)
        try:
            await self._mend(document, path, chapter, version)
            for exercise in document.trials.untried(chapter)[:_MOST_TRIED]:
                found: list[Problem] = []
                for target in linting.targets(path, chapter, exercise):
                    async with self._turn:
                        if document.version != version:
                            return
                        found += await linting.tried(target, self._runners.runner())
                news = document.trials.add(chapter, exercise, found)
                if news and document.version == version:
                    self._documents.publish(document)
        except RunnerUnavailable as error:
            log.warning(error)

    async def _mend(self, document: Document, path: Path, chapter: Chapter, version: int) -> None:
        found: list[Repair] = []
        for exercise in chapter.exercises:
            for target in linting.targets(path, chapter, exercise):
                if document.version != version:
                    return
                found += await checking.repairs(target, self._runners.runner())
        if found and document.version == version:
            document.repairs = tuple(found)
            self._documents.publish(document)


def _name(target: Target) -> tuple[object, ...]:
    """What names an exercise as its chapter has it now."""
    return target.file, hash(target.chapter.text), target.key, target.step
