"""Courses on disk: which there are, which chapter and exercise a submission belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blankcheck.course.model import Chapter, Exercise


class CourseError(Exception):
    """A course, chapter or exercise that cannot be found or read; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """The exercise that a submission is for."""

    file: Path
    """The chapter's file."""
    chapter: Chapter
    exercise: Exercise
    step: int | None = None
    """The step, counted from 1, of an iterative exercise; null for the others."""

    @property
    def unit(self) -> Exercise:
        """What is asked for: the step, or the exercise itself."""
        return self.exercise if self.step is None else self.exercise.steps[self.step - 1]

    @property
    def data(self) -> Path | None:
        """The folder of data files that the chapter's code reads: `data/` beside the chapter."""
        folder = self.file.parent / "data"
        return folder if folder.is_dir() else None
