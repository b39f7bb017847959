"""What options name: a submission, a chapter, an exercise, the courses in a folder.

Each function raises CourseError if it is not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from blankcheck.course.model import Chapter
from blankcheck.course.submission import BUILTIN, read_header
from blankcheck.courses import (
    Course,
    CourseError,
    Target,
    builtin_folder,
    find_courses,
    find_exercise,
    find_target,
    read_chapter,
)
from blankcheck.terminal import under_way, warn

MAX_BYTES = 16 * 2**20
"""Bytes of a submission that are read at all."""


def target_of(options: argparse.Namespace, file: Path, text: str) -> Target:
    """The exercise that options or the file's first line name."""
    if file.suffix == ".md":
        raise CourseError(
            f"{file} is a chapter and no submission. Begin one of its exercises with blankcheck "
            "start, or check the chapter itself with blankcheck lint."
        )
    if options.chapter is None and options.exercise is None and options.step is None:
        return find_target(text, file, [Path.cwd()])
    header = read_header(text)
    exercise = options.exercise or (header.exercise if header else None)
    if exercise is None:
        raise CourseError("Which exercise of the chapter is it for? Name it with --exercise.")
    if options.chapter is not None:
        chapter = chapter_file(options.chapter)
    else:
        chapter = find_target(text, file, [Path.cwd()]).file
    step = options.step or (header.step if header and options.exercise is None else None)
    return find_exercise(chapter, exercise, step)


def named(options: argparse.Namespace) -> Target:
    """The exercise that `show`, `hint` or `solution` is asked for: by a submission, or by name."""
    if options.exercise is None and options.file.endswith(".py"):
        file = Path(options.file)
        under_way(f"Reading the chapter of {file} …")
        target = find_target(text_of(file), file, [Path.cwd()])
        under_way("")
        return target
    chapter, exercise = key_of(options.file, options.exercise)
    return exercise_of(chapter_file(chapter), exercise, options.step)


def exercise_of(chapter: Path, exercise: str, step: int | None) -> Target:
    """An exercise or a step of a chapter."""
    under_way(f"Reading {chapter} …")
    target = find_exercise(chapter, exercise, step)
    under_way("")
    return target


def courses_in(folder: Path) -> tuple[Course, ...]:
    """The courses in a folder and below."""
    under_way(f"Looking for courses in {folder} …")
    courses = find_courses([folder])
    under_way("")
    return courses


def chapters_of(course: Course) -> Iterator[tuple[Path, Chapter]]:
    """The chapters of a course, read. Of one that cannot be read, it is said why."""
    for file in course.chapters:
        under_way(f"Reading {file} …")
        try:
            chapter = read_chapter(file)
        except CourseError as error:
            warn(str(error))
            continue
        under_way("")
        yield file, chapter


def key_of(chapter: str, exercise: str | None) -> tuple[str, str]:
    """A chapter and its exercise, named as two arguments or as one: `chapter.md#key`."""
    if exercise is None:
        chapter, _, exercise = chapter.partition("#")
    if not exercise:
        raise CourseError("Which exercise of the chapter? Name its number, title or key.")
    return chapter, exercise


def chapter_file(name: str) -> Path:
    """A chapter's file, from its path or as `builtin:` and its name."""
    folder = builtin_folder()
    if name.startswith(BUILTIN) and folder is not None:
        return folder / Path(name.removeprefix(BUILTIN)).name
    return Path(name)


def text_of(file: Path) -> str:
    """A submission's text. What is not UTF-8 in it is told later, as a syntax error."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise CourseError(f"{file} cannot be read ({error.strerror}). Check its path.") from None
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
