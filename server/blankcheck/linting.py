"""An author's check of chapters: static rules, then each solution and sample code tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from blankcheck import checking
from blankcheck.course.model import Chapter, Problem, Severity
from blankcheck.course.rules import findings, in_order
from blankcheck.course.text import Lines, Span
from blankcheck.courses import (
    Course,
    CourseError,
    Target,
    course_folders,
    read_chapter,
    read_course,
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
    """The chapters that a path names: a file, or those of the courses in a folder and below."""
    if path.is_file():
        return (path,)
    if not path.is_dir():
        raise CourseError(f"{path} is not there. Name a chapter's file, or a folder of chapters.")
    found = [file for course in _courses(path) for file in course.chapters]
    if not found:
        raise CourseError(f"{path} holds no chapters. Name a Markdown file with exercises.")
    return tuple(found)


def static_findings(file: Path, name: str) -> tuple[Finding, ...]:
    """What is wrong with a chapter's text."""
    chapter = read_chapter(file)
    return tuple(_finding(problem, chapter, name) for problem in chapter_problems(chapter))


def chapter_problems(chapter: Chapter) -> tuple[Problem, ...]:
    """The reader's problems and the rules' findings, in the order of the text."""
    return in_order((*chapter.problems, *findings(chapter)))


async def run_findings(file: Path, name: str, runner: Runner) -> tuple[Finding, ...]:
    """What comes out when each exercise's solution and sample code are checked.

    The solution must pass, and the sample code must not.
    """
    chapter = read_chapter(file)
    found: list[Finding] = []
    for target in targets(file, chapter):
        found += [_finding(problem, chapter, name) for problem in await _tried(target, runner)]
    return tuple(found)


def once(found: Sequence[Finding]) -> list[Finding]:
    """The findings, without errors of a run that a rule has told of at the same place before."""
    kept: list[Finding] = []
    places: set[tuple[str, int]] = set()
    for finding in found:
        place = (finding.file, finding.span.start)
        if finding.severity != "error" or place not in places:
            kept.append(finding)
        if finding.severity == "error":
            places.add(place)
    return kept


def targets(file: Path, chapter: Chapter) -> Iterator[Target]:
    """Everything in a chapter that can be run, step by step."""
    for exercise in chapter.exercises:
        steps = range(1, len(exercise.steps) + 1)
        for target in (
            [Target(file, chapter, exercise, step) for step in steps]
            if steps
            else [Target(file, chapter, exercise)]
        ):
            if target.unit.not_runnable is None and exercise.not_runnable is None:
                yield target


async def _tried(target: Target, runner: Runner) -> list[Problem]:
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
                "The sample code passes as it is. Leave a blank in it for the learner to fill."
            )
            problems.append(Problem("author/sample-passes", "warning", message, sample.span))
    return problems


def _remarks(target: Target, result: Result) -> list[Problem]:
    """What is to be said to the author although the exercise can be done: by the judge, and of what
    was put right for that."""
    found = [item for item in result.feedback if item.code.startswith("author/")]
    return [
        Problem(item.code, item.severity, item.message, _in_chapter(target, item) or Span(0, 0))
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
    message = f"The solution does not pass its own check ({result.verdict}): {said}"
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
