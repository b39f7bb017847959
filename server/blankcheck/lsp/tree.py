"""The tree of courses, chapters and exercises, with how far the learner is with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from blankcheck import learning
from blankcheck.course.model import Exercise
from blankcheck.courses import (
    Course,
    CourseError,
    Target,
    find_courses,
    read_chapter,
    submission_file,
    surely,
)
from blankcheck.lsp.convert import to_uri
from blankcheck.lsp.harmless import title
from blankcheck.lsp.protocol import ChapterItem, CourseItem, Courses, ExerciseItem, StepItem
from blankcheck.progress import Standing, Unit


def courses(folders: Sequence[Path], standings: Mapping[Unit, Standing]) -> Courses:
    """All courses that are found in the given folders, and the built-in one."""
    return {"courses": [_course(course, folders, standings) for course in find_courses(folders)]}


def earned(folders: Sequence[Path], standings: Mapping[Unit, Standing]) -> int:
    """The XP that the learner has in these courses."""
    listed = courses(folders, standings)["courses"]
    chapters = [chapter for course in listed for chapter in course["chapters"]]
    return sum(exercise["earned"] for chapter in chapters for exercise in chapter["exercises"])


def _course(
    course: Course, folders: Sequence[Path], standings: Mapping[Unit, Standing]
) -> CourseItem:
    problem = course.problem
    chapters: list[ChapterItem] = []
    for file in course.chapters:
        try:
            chapter = read_chapter(file)
        except CourseError as error:
            problem = str(error)
            continue
        chapters.append(
            {
                "uri": to_uri(file),
                "title": title(chapter.title or file.stem),
                "description": chapter.description,
                "exercises": [
                    _exercise(Target(file, chapter, exercise), number, folders, standings)
                    for number, exercise in enumerate(chapter.exercises, 1)
                ],
            }
        )
    return {
        "uri": to_uri(course.folder),
        "title": title(course.title),
        "builtin": course.builtin,
        "problem": problem,
        "chapters": chapters,
    }


def _exercise(
    target: Target, number: int, folders: Sequence[Path], standings: Mapping[Unit, Standing]
) -> ExerciseItem:
    exercise = target.exercise
    steps = [
        _step(replace(target, step=step), step, item, folders, standings)
        for step, item in enumerate(exercise.steps, 1)
    ]
    return {
        "key": target.key,
        "number": number,
        "title": title(exercise.title),
        "type": exercise.type,
        "xp": exercise.xp,
        "earned": learning.earned(target, standings),
        "state": learning.exercise_state(target, standings),
        "runnable": exercise.not_runnable is None,
        "reason": exercise.not_runnable,
        "steps": steps,
        "file": steps[0]["file"] if steps else _file(target, folders),
    }


def _step(
    target: Target,
    step: int,
    item: Exercise,
    folders: Sequence[Path],
    standings: Mapping[Unit, Standing],
) -> StepItem:
    return {
        "step": step,
        "title": title(item.title) or f"Step {step}",
        "state": standings.get(learning.unit_of(target, step), Standing()).state,
        "file": _file(target, folders),
    }


def _file(target: Target, folders: Sequence[Path]) -> str | None:
    """The learner's file where there is one."""
    files = (submission_file(target, folder) for folder in folders)
    return next((to_uri(file) for file in files if surely(file.is_file)), None)
