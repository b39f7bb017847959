"""An author's check of chapters: static rules, then each solution and sample code tried.

Terminal and editor tell the same: both put together by `once` what the rules and the trials find.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    not_there,
    read_chapter,
    read_course,
    require_folder,
    surely,
)
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner
from blankcheck_runner.course_data import leads_astray, survey

LEFT_OUT = "author/data-left-out"
_ASTRAY = {
    "out": (
        "leads out of the course's folder, to {}",
        "Copy what it leads to into the course's folder, since a course brings its own data.",
    ),
    "nowhere": ("leads to {}, where nothing is", "Put it there, or delete the link."),
    "back": ("leads back to what it is in", "Delete the link."),
}
"""What is told of a link that is not followed, and what to do about it."""


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
    lines: Lines
    """Of the chapter's text, which the span is of."""


def chapter_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The chapters that paths name, each once: a file, or those of the courses in a folder and
    below.

    Raises CourseError if a path names none.
    """
    named: dict[Path, Path] = {}
    for path in paths:
        for file in _chapters(path):
            named.setdefault(file.resolve(), file)
    return tuple(named.values())


def _chapters(path: Path) -> tuple[Path, ...]:
    if surely(path.is_file):
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


def course_findings(paths: Iterable[Path]) -> tuple[Finding, ...]:
    """What is wrong with the courses that paths name, each once: with the `course.yml` of those in
    a folder and below, and with the data of all of them."""
    found: dict[Path, list[Finding]] = {}
    for path in paths:
        closed: list[OSError] = []
        courses = _courses(path, closed.append) if surely(path.is_dir) else ()
        for course in courses:
            named = _within(path, course.folder)
            found.setdefault(course.folder, [*_of_manifest(named, course), *_of_data(named)])
        for error in closed:
            found.setdefault(Path(error.filename).resolve(), [_of_closed(error)])
        if surely(path.is_file):
            found.setdefault(path.parent.resolve(), _of_data(path.parent))
    return tuple(item for items in found.values() for item in items)


def _of_manifest(folder: Path, course: Course) -> Iterator[Finding]:
    if course.problem is None:
        return
    file = folder / "course.yml"
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        text = ""
    lines = Lines(text)
    for name in course.missing or ("",):
        start = max(0, text.find(name)) if name else course.place
        span = Span(start, start + len(name))
        said = not_there(name, course.folder) if name else course.problem
        yield Finding(str(file), None, "author/course", "error", said, span, lines)


def _of_closed(error: OSError) -> Finding:
    message = (
        f"This folder cannot be looked into ({error.strerror}), so no chapter in it is checked. "
        "Open it to you, or move it away."
    )
    return Finding(
        str(Path(error.filename)), None, "author/course", "warning", message, Span(0, 0), Lines("")
    )


def _of_data(folder: Path) -> list[Finding]:
    return [
        Finding(str(link), None, LEFT_OUT, "warning", message, Span(0, 0), Lines(""))
        for link, message in data_left_out(folder)
    ]


def data_left_out(folder: Path) -> tuple[tuple[Path, str], ...]:
    """The links in a course's data that no exercise gets, the first of each kind, and what is to be
    told of them. Looks through the whole data folder."""
    data, course = folder / "data", os.path.realpath(folder)
    left = [data] if leads_astray(data, course) else map(Path, survey(str(data)).left_out)
    kinds: dict[str, list[Path]] = {}
    for link in left:
        kinds.setdefault(leads_astray(link, course), []).append(link)
    return tuple(
        (links[0], _left_out(links[0].relative_to(folder).as_posix(), links, why))
        for why, links in sorted(kinds.items())
        if why
    )


def _left_out(name: str, links: Sequence[Path], why: str) -> str:
    leads, advice = _ASTRAY[why]
    others = len(links) - 1
    also = f", and so {'is' if others == 1 else 'are'} {others} more" if others else ""
    leads_to = os.readlink(links[0])  # noqa: PTH115 - as its author wrote it
    said = leads.format(leads_to)
    return (
        f"`{name}` is a link that {said}, so it is left out when an exercise runs{also}. {advice}"
    )


def static_findings(file: Path, name: str) -> tuple[Finding, ...]:
    """What is wrong with a chapter's text. Raises CourseError if it cannot be read."""
    chapter = read_chapter(file)
    return _found(chapter_problems(chapter), chapter, name)


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
    ruled, found = chapter_problems(chapter), list[Problem]()
    turns = [
        target for exercise in chapter.exercises for target in targets(file, chapter, exercise)
    ]
    for number, target in enumerate(turns, 1):
        trying(number, len(turns))
        found += await tried(target, runner)
    return _found(once(ruled, found), chapter, name)


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


def _found(problems: Iterable[Problem], chapter: Chapter, name: str) -> tuple[Finding, ...]:
    lines = Lines(chapter.text)
    return tuple(
        Finding(
            name,
            _exercise_at(chapter, item.span.start),
            item.code,
            item.severity,
            item.message,
            item.span,
            lines,
        )
        for item in problems
    )


def _exercise_at(chapter: Chapter, place: int) -> str | None:
    """The key, or else the title, of the exercise there."""
    before = bisect_right(chapter.exercises, place, key=lambda item: item.span.start)
    last = chapter.exercises[before - 1] if before else None
    return (last.key or last.title) if last is not None and place < last.span.end else None


def _courses(path: Path, closed: Callable[[OSError], None] | None = None) -> list[Course]:
    found = [read_course(folder) for folder in course_folders(path, closed)]
    return [course for course in found if course is not None]


def _within(path: Path, file: Path) -> Path:
    """A file that was found below a path, named as the path was."""
    return path / file.relative_to(path.resolve())
