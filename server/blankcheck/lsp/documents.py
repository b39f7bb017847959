"""The documents that the client has open, and what is known of each from its text alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blankcheck import checking, linting
from blankcheck.course.mending import Repair
from blankcheck.course.model import Chapter, Problem
from blankcheck.course.reader import read
from blankcheck.course.submission import read_header
from blankcheck.course.text import Lines
from blankcheck.courses import CourseError, Target, find_target, in_course
from blankcheck.result import Feedback, Result

MAX_CHAPTER = 32 * 2**20
_EXERCISE = re.compile(
    r"^(?:---[ \t]+)?type[ \t]*:[ \t]*\w*(?:Exercise|Exericse|Challenge)", re.MULTILINE
)


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

    chapter: Chapter
    problems: tuple[Problem, ...]


View = SubmissionView | LostView | ChapterView | None


@dataclass
class Document:
    """One open document. Its version only ever grows."""

    uri: str
    language: str
    version: int
    text: str
    path: Path | None
    stale: bool = False
    """Whether an edit came out of order, so that the text can no longer be trusted."""
    repairs: tuple[Repair, ...] = ()
    """For a chapter: what is put right for learners, found by running it."""
    view: View = None
    viewed: int = -1
    """The version that `view` is of; less than any while it is looked at anew."""
    asked: int = 0
    """How often it was to be looked at anew."""
    result: tuple[int, Result] | None = None
    """The last check or run, with the version that it is of."""
    work: asyncio.Task[Result] | None = None
    """The check or run that is under way."""
    refresh: asyncio.Task[None] | None = None
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(self.text)

    def set_text(self, text: str, version: int) -> None:
        """Takes over a newer text; what was said of the old one is no longer so."""
        self.text = text
        self.version = version
        self.lines = Lines(text)
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
    return markdown and len(text) <= MAX_CHAPTER and _EXERCISE.search(text) is not None


def look_at(text: str, language: str, path: Path | None, roots: Sequence[Path]) -> View:
    """What a document is and what can be said of its text. Reads chapters; runs nothing."""
    if is_submission(text):
        try:
            target = find_target(text, path, roots)
        except CourseError as error:
            return LostView(str(error))
        return SubmissionView(target, checking.inspect(target, text))
    if is_chapter(text, language, path):
        chapter = read(text) if path is None else in_course(read(text), path)
        return ChapterView(chapter, linting.chapter_problems(chapter))
    return None
