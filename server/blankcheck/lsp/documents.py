"""One open document: its text, what is known of it from that alone, and what runs have shown."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blankcheck import checking
from blankcheck.course import kinds, pieces
from blankcheck.course.model import Problem
from blankcheck.course.pieces import ChapterReader, Pieces
from blankcheck.course.submission import read_header
from blankcheck.course.text import Lines
from blankcheck.courses import CourseError, Target, device_of_course, find_target
from blankcheck.lsp.trials import Trials
from blankcheck.progress import Unit
from blankcheck.result import Feedback, Result
from blankcheck.values import Values

if TYPE_CHECKING:
    from blankcheck.course.mending import Repair

MAX_CHAPTER = 32 * 2**20
LOOK_SECONDS = 0.01
"""How long the rules look at a chapter before what they have found is shown."""


@dataclass(frozen=True)
class SubmissionView:
    """A learner's file as it is now."""

    target: Target
    live: tuple[Feedback, ...]
    """Unfilled blanks, else syntax errors."""


@dataclass(frozen=True)
class LostView:
    """A learner's file whose exercise cannot be found."""

    message: str


@dataclass(frozen=True)
class ChapterView:
    """A chapter as it is now."""

    pieces: Pieces
    problems: tuple[Problem, ...]
    complete: bool
    """Whether these are all: of a large chapter the rules see only a part at a time."""


View = SubmissionView | LostView | ChapterView | None


@dataclass
class Document:
    """One open document. Its version only ever grows."""

    uri: str
    language: str
    version: int
    lines: Lines
    path: Path | None
    stale: bool = False
    """Whether an edit came out of order, so that the text can no longer be trusted."""
    repairs: tuple[Repair, ...] = ()
    """For a chapter: what is put right for learners, found by running it."""
    left_out: tuple[str, ...] = ()
    """For a chapter: what is to be told of data that its exercises do not get."""
    trials: Trials = field(default_factory=Trials)
    """For a chapter: what came out when its exercises were tried."""
    view: View = None
    viewed: int | None = None
    """The version that `view` is of; null while it is looked at anew."""
    asked: int = 0
    """How often it was to be looked at anew."""
    result: tuple[int, Result] | None = None
    """The last check or run, with the version that it is of."""
    values: tuple[Unit, Values] | None = None
    """What the variables held in the last run or check, and of which exercise that was."""
    turns: int = 0
    """How many checks and runs were asked for; the last one wins."""
    work: asyncio.Task[Result] | None = None
    """The check or run that is under way."""
    refresh: asyncio.Task[None] | None = None
    trying: asyncio.Task[None] | None = None
    """Finds out what is wrong with a chapter by running it."""
    reader: ChapterReader = field(default_factory=ChapterReader)
    """What is known of a chapter from reading it before."""

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.lines.text

    def as_it_is(self) -> Document:
        """A copy for a thread to read, which no edit changes meanwhile."""
        return copy.copy(self)

    def set_text(self, lines: Lines, version: int) -> None:
        """Takes over a newer text; what was said of the old one is no longer so."""
        self.lines = lines
        self.version = version
        self.result = None
        self.repairs = ()

    def feedback(self) -> tuple[Feedback, ...]:
        """What is to be shown in a submission: of the text, then of its last check."""
        live = self.view.live if isinstance(self.view, SubmissionView) else ()
        if self.result is None or self.result[0] != self.version:
            return live
        known = {(item.code, item.span) for item in live}
        checked = self.result[1].feedback
        return (
            *live,
            *(
                item
                for item in checked
                if item.code != "sct/success" and (item.code, item.span) not in known
            ),
        )


def is_submission(text: str) -> bool:
    """Whether a text is a learner's file."""
    return read_header(text) is not None


def is_chapter(text: str, language: str, path: Path | None) -> bool:
    """Whether a text is a chapter, and not just any Markdown."""
    markdown = language == "markdown" or (path is not None and path.suffix == ".md")
    return markdown and len(text) <= MAX_CHAPTER and kinds.is_chapter(text)


def look_at(document: Document, roots: Sequence[Path]) -> View:
    """What a document is and what can be said of its text. Reads chapters; runs nothing."""
    lines, path = document.lines, document.path
    text = lines.text
    if is_submission(text):
        try:
            target = find_target(text, path, roots)
        except CourseError as error:
            return LostView(str(error))
        return SubmissionView(target, checking.inspect(target, text))
    if is_chapter(text, document.language, path):
        read = document.reader.read(lines, None if path is None else device_of_course(path))
        complete = pieces.look(read, _soon())
        return ChapterView(read, pieces.problems(read), complete)
    return None


def _soon() -> Callable[[], bool]:
    """Whether `LOOK_SECONDS` are over, counted from when that is first asked: before it, the first
    look of all imports the rules."""
    until: float | None = None

    def over() -> bool:
        nonlocal until
        if until is None:
            until = time.monotonic() + LOOK_SECONDS
        return time.monotonic() > until

    return over


def look_further(view: ChapterView, stop: Callable[[], bool]) -> ChapterView:
    """Has the rules look at the rest of a large chapter, or as far as they come until `stop`."""
    complete = pieces.look(view.pieces, stop)
    return ChapterView(view.pieces, pieces.problems(view.pieces), complete)
