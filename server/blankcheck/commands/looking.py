"""The commands that run nothing: what there is, an exercise's texts, a learner's progress."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from blankcheck import learning
from blankcheck.commands import OK
from blankcheck.commands.naming import (
    chapter_file,
    chapters_of,
    courses_in,
    exercise_of,
    key_of,
    named,
    target_of,
    text_of,
)
from blankcheck.course.submission import BUILTIN
from blankcheck.course.text import with_line_feeds
from blankcheck.courses import CourseError, Target, require_folder
from blankcheck.courses import start as start_exercise
from blankcheck.progress import Progress
from blankcheck.terminal import printable, style_of, warn


def list_courses(options: argparse.Namespace) -> int:
    """Lists courses, chapters and exercises, with how far the learner is."""
    require_folder(options.path)
    progress = Progress()
    standings = progress.standings()
    courses = courses_in(options.path)
    if not courses:
        raise CourseError(f"No course is in {options.path}. Name a folder of chapters.")
    for course in courses:
        print(style_of(sys.stdout).paint(printable(course.title), "bold"))
        warn(course.problem)
        for file, chapter in chapters_of(course):
            name = BUILTIN + file.name if course.builtin else _shortest(file)
            print(f"  {printable(chapter.title or file.stem)}  ({printable(name)})")
            for number, exercise in enumerate(chapter.exercises, 1):
                target = Target(file, chapter, exercise, 1 if exercise.steps else None)
                state = learning.exercise_state(target, standings)
                said = state if exercise.not_runnable is None else "to read"
                print(f"    {number:>2}  {said:<8}  {printable(exercise.title)}")
    warn(progress.message)
    return OK


def show(options: argparse.Namespace) -> int:
    """Prints the instructions of an exercise."""
    print(printable(learning.instructions(named(options))))
    return OK


def start(options: argparse.Namespace) -> int:
    """Makes the submission of an exercise, unless there is one."""
    chapter, exercise = key_of(options.chapter, options.exercise)
    target = exercise_of(chapter_file(chapter), exercise, options.step)
    file, created = start_exercise(target, options.workspace)
    if created:
        progress = Progress()
        progress.add(learning.attempt(target, "start"))
        print(f"{file}")
        warn(progress.message)
    else:
        print(f"{file} is there already, and was left as it is.")
    return OK


def hint(options: argparse.Namespace) -> int:
    """Prints the hint of an exercise, which takes XP."""
    target = named(options)
    hint = learning.hint(target)
    if hint is None:
        print("This exercise has no hint. Read its instructions again: blankcheck show.")
        return OK
    progress = Progress()
    progress.add(learning.attempt(target, "hint"))
    print(printable(hint))
    warn(progress.message)
    return OK


def solution(options: argparse.Namespace) -> int:
    """Prints the solution of an exercise, which takes its XP."""
    target = named(options)
    code = learning.solution(target)
    if code is None:
        raise CourseError("This exercise has no solution.")
    if not options.yes:
        raise CourseError(
            "Seeing the solution takes the exercise's XP. Repeat the command with --yes to see it, "
            "or take the hint: blankcheck hint."
        )
    progress = Progress()
    progress.add(learning.attempt(target, "solution"))
    code = with_line_feeds(code)
    sys.stdout.write(code if code.endswith("\n") else f"{code}\n")
    warn(progress.message)
    return OK


def reset(options: argparse.Namespace) -> int:
    """Puts the sample code in the place of a submission, which is kept beside it."""
    text = text_of(options.file)
    target = target_of(options, options.file, text)
    backup = learning.back_up(options.file)
    try:
        options.file.write_bytes(learning.reset_text(target, text).encode("utf-8", "replace"))
    except OSError as error:
        raise CourseError(f"{options.file} cannot be written ({error.strerror}).") from None
    print(f"{options.file} is as it was at the start. Your work was kept as {backup}.")
    return OK


def progress(options: argparse.Namespace) -> int:
    """Prints how much of each course was passed, and the XP."""
    require_folder(options.path)
    progress = Progress()
    standings = progress.standings()
    earned = possible = 0
    for course in courses_in(options.path):
        passed = total = 0
        for file, chapter in chapters_of(course):
            for exercise in chapter.exercises:
                if exercise.not_runnable is None:
                    target = Target(file, chapter, exercise, 1 if exercise.steps else None)
                    total += 1
                    passed += learning.exercise_state(target, standings) == "passed"
                    earned += learning.earned(target, standings)
                    possible += exercise.xp
        print(f"{printable(course.title)}: {passed} of {total} exercises passed")
    print(f"{earned} of {possible} XP")
    warn(progress.message)
    return OK


def _shortest(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
