"""An author's check of chapters: static rules, then each solution and sample code tried.

Terminal and editor tell the same: both put together by `once` what the rules and the trials find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from blankcheck import checking
from blankcheck.course.model import Chapter, Exercise, Problem, Severity
from blankcheck.course.rules import findings, in_order
from blankcheck.course.text import Lines, Span
from blankcheck.courses import (
    Course,
    CourseError,
    Target,
    course_folders,
    read_chapter,
    read_course,
    require_folder,
)
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner


@dataclass(frozen=True)
class Finding:
    """One message to an author about a chapter."""

    file: str
    exercise: str | None
    """The exercise's key (its title, without a key); null for the chapter as a whole."""
    code: str
    severity: Severity
    message: str
    span: Span
    text: str
    """The chapter's text, which the span is of."""


def chapter_files(path: Path) -> tuple[Path, ...]:
    """The chapters that a path names: a file, or those of the courses in a folder and below.

    Raises CourseError if there is none.
    """
    if path.is_file():
        if path.suffix != ".md":
            raise CourseError(
                f"{path} is no chapter: that is a Markdown file whose name ends in .md. Name one, "
                "or a folder of chapters."
            )
        return (path,)
    require_folder(path)
    found = [_within(path, file) for course in _courses(path) for file in course.chapters]
    if not found:
        raise CourseError(
            f"{path} holds no chapters: no Markdown file there has an exercise. Name a file itself "
            "to see what is wrong with it."
        )
    return tuple(found)


def course_findings(path: Path) -> tuple[Finding, ...]:
    """What is wrong with each `course.yml` in a folder and below; nothing for a file."""
    found: list[Finding] = []
    for course in _courses(path) if path.is_dir() else ():
        if course.problem is not None:
            file = course.folder / "course.yml"
            try:
                text = file.read_bytes().decode("utf-8", "replace")
            except OSError:
                text = ""
            start = text.find(course.missing[0]) if course.missing else 0
            span = Span(start, start + len(course.missing[0]) if course.missing else 0)
            name, code = str(_within(path, file)), "author/course"
            found.append(Finding(name, None, code, "error", course.problem, span, text))
    return tuple(found)


def static_findings(file: Path, name: str) -> tuple[Finding, ...]:
    """What is wrong with a chapter's text. Raises CourseError if it cannot be read."""
    chapter = read_chapter(file)
    return tuple(_finding(problem, chapter, name) for problem in chapter_problems(chapter))


def chapter_problems(chapter: Chapter) -> tuple[Problem, ...]:
    """The reader's problems and the rules' findings, in the order of the text."""
    return in_order((*chapter.problems, *findings(chapter)))


async def all_findings(
    file: Path, name: str, runner: Runner, trying: Callable[[int, int], None]
) -> tuple[Finding, ...]:
    """What is wrong with a chapter's text, and what comes out when its exercises are tried.

    `trying` is told which exercise's turn it is, from 1, and how many there are. Raises
    CourseError if the chapter cannot be read, RunnerUnavailable if nothing can be run.
    """
    chapter = read_chapter(file)
    found: list[Problem] = []
    turns = [
        target for exercise in chapter.exercises for target in targets(file, chapter, exercise)
    ]
    for number, target in enumerate(turns, 1):
        trying(number, len(turns))
        found += await tried(target, runner)
    whole = once(chapter_problems(chapter), found)
    return tuple(_finding(problem, chapter, name) for problem in whole)


def once(ruled: Iterable[Problem], tried: Iterable[Problem]) -> tuple[Problem, ...]:
    """What the rules and the trials find in a chapter, in its order, without saying it twice.

    A repair says more of a fault than the rule that sees it, a rule names the place of an error
    better than the trial that meets it, and a sample that passes is more than one without blanks.
    """
    trials = tuple(dict.fromkeys(tried))
    mended = {item.span.start for item in trials if item.severity != "error"}
    passing = [item.span for item in trials if item.code == "author/sample-passes"]
    kept = [
        item
        for item in ruled
        if not (item.severity == "error" and item.span.start in mended)
        and not (item.code == "author/no-blanks" and any(map(item.span.contains, passing)))
    ]
    for item in trials:
        if item.severity != "error" or not any(
            other.severity == "error" and _meets(item.span, other.span.start) for other in kept
        ):
            kept.append(item)
    return in_order(kept)


def _meets(span: Span, place: int) -> bool:
    return span.start <= place < max(span.end, span.start + 1)


def targets(file: Path, chapter: Chapter, exercise: Exercise) -> tuple[Target, ...]:
    """What can be run of an exercise: itself, or each of its steps."""
    steps = range(1, len(exercise.steps) + 1)
    each = [Target(file, chapter, exercise, step) for step in steps or (None,)]
    return tuple(
        target
        for target in each
        if target.unit.not_runnable is None and exercise.not_runnable is None
    )


async def tried(target: Target, runner: Runner) -> list[Problem]:
    """What comes out when an exercise is tried: its solution must pass, its sample code must not.

    Raises RunnerUnavailable if nothing can be run.
    """
    problems: list[Problem] = []
    solution = target.unit.code("solution")
    if solution is not None and solution.text.strip():
        name = "solution.py"
        result = await checking.check(target, solution.text, name, runner, for_author=True)
        if result.verdict != "passed":
            problems.append(_solution_fails(target, solution.span, result))
        if result.verdict != "broken":
            problems += _remarks(target, result)
    sample = target.unit.code("sample_code")
    if sample is not None and sample.text.strip() and not checking.inspect(target, sample.text):
        result = await checking.check(target, sample.text, "sample.py", runner)
        if result.verdict == "passed":
            message = (
                "The sample code passes as it is, so there is nothing to do: put `___` where the "
                "learner is to write."
            )
            problems.append(Problem("author/sample-passes", "warning", message, sample.span))
    return problems


def _remarks(target: Target, result: Result) -> list[Problem]:
    """What is to be said to the author although the exercise can be done: by the judge, and of what
    was put right for that."""
    found = [item for item in result.feedback if item.code.startswith("author/")]
    return [
        Problem(
            item.code,
            item.severity,
            item.message,
            _in_chapter(target, item) or target.unit.heading,
        )
        for item in found
    ]


def _solution_fails(target: Target, span: Span, result: Result) -> Problem:
    first = result.feedback[0] if result.feedback else None
    said = first.message if first is not None else "there is no reason given."
    if result.verdict == "broken":
        place = _in_chapter(target, first) if first is not None else None
        code = first.code if first is not None else "author/solution"
        return Problem(code, "error", said, place or span)
    if first is not None and len(first.span) and result.verdict in ("failed", "error"):
        solution = target.unit.code("solution")
        if solution is not None and solution.span.of(target.chapter.text) == solution.text:
            start = solution.span.start
            span = Span(start + first.span.start, start + first.span.end)
    failed = f"The solution does not pass its own check ({result.verdict})"
    message = f"{failed}: {said} Correct it, or the SCT."
    return Problem("author/solution-fails", "error", message, span)


def _in_chapter(target: Target, feedback: Feedback) -> Span | None:
    if not feedback.related:
        return None
    place = feedback.related[0].range
    lines = Lines(target.chapter.text)
    return Span(
        lines.offset_from_utf16(place["start"]["line"], place["start"]["character"]),
        lines.offset_from_utf16(place["end"]["line"], place["end"]["character"]),
    )


def _finding(problem: Problem, chapter: Chapter, name: str) -> Finding:
    within = [e for e in chapter.exercises if e.span.start <= problem.span.start < e.span.end]
    key = (within[0].key or within[0].title) if within else None
    return Finding(
        name, key, problem.code, problem.severity, problem.message, problem.span, chapter.text
    )


def _courses(path: Path) -> list[Course]:
    found = [read_course(folder) for folder in course_folders(path)]
    return [course for course in found if course is not None]


def _within(path: Path, file: Path) -> Path:
    """A file that was found below a path, named as the path was."""
    return path / file.relative_to(path.resolve())
