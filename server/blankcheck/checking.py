"""A check from text to result. The order is a promise: blanks, then syntax, then run, then SCT."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from blankcheck.course import kinds
from blankcheck.course.blanks import find_blanks
from blankcheck.course.syntax import MAX_CODE, find_fault
from blankcheck.course.text import Lines, Span
from blankcheck.courses import Target, require_runnable
from blankcheck.feedback import of_blanks, of_fault, place, result, with_torch_at_fault
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner
from blankcheck_runner.wire import Lesson, Limits, Outcome, Report

if TYPE_CHECKING:  # what finds repairs is imported when something is run, not at the server's start
    from blankcheck.course.mending import Repair
    from blankcheck.repairing import Repaired


def inspect(target: Target, submission: str) -> tuple[Feedback, ...]:
    """What can be said without running: unfilled blanks, else syntax errors.

    Pure, and fast enough for each keystroke.
    """
    if target.unit.not_runnable is not None:
        return ()
    if len(submission) <= MAX_CODE:
        blanks = find_blanks(submission)
        if blanks:
            return of_blanks(target, submission, blanks)
    fault = find_fault(submission)
    return () if fault is None else (of_fault(target, submission, fault),)


async def check(
    target: Target,
    submission: str,
    file: str,
    runner: Runner,
    limits: Limits | None = None,
    *,
    for_author: bool = False,
) -> Result:
    """Checks a submission: `inspect` first, and only what passes that is run and judged.

    `for_author` keeps remarks on the chapter that are none of a learner's business. Raises
    CourseError if there is nothing to run, RunnerUnavailable if nothing can be run.
    """
    stopped = _stopped(target, submission) or _uncheckable(target)
    if stopped is not None:
        return stopped
    return await _carry_out(
        target,
        submission,
        runner,
        limits,
        lambda lesson, limits: runner.check(lesson, submission, file, limits),
        for_author=for_author,
    )


async def run(
    target: Target,
    submission: str,
    file: str,
    runner: Runner,
    on_output: Callable[[str], None] | None = None,
    limits: Limits | None = None,
) -> Result:
    """Runs a submission without judging it. Raises as `check` does."""
    stopped = _stopped(target, submission)
    if stopped is not None:
        return stopped
    return await _carry_out(
        target,
        submission,
        runner,
        limits,
        lambda lesson, limits: runner.run(lesson, submission, file, limits, on_output),
    )


async def _carry_out(
    target: Target,
    submission: str,
    runner: Runner,
    limits: Limits | None,
    work: Callable[[Lesson, Limits], Awaitable[Report]],
    *,
    for_author: bool = False,
) -> Result:
    """The result of some work with a submission that may be run."""
    limits = limits_for(target, limits or Limits())
    report, repaired = await _repaired(target, submission, runner, limits, work)
    if report.verdict in ("error", "broken"):
        why = (await runner.info()).torch_error
        if why is not None:
            report = with_torch_at_fault(target, submission, report, why)
    written = lesson(target)
    solution, repairs = written.solution, ()
    if repaired is not None:
        solution, repairs = repaired.lesson(written, submission).solution, repaired.repairs
    return result(target, submission, report, solution, repairs, for_author=for_author)


async def prepare(target: Target, submission: str, runner: Runner, limits: Limits) -> None:
    """Does ahead of need what a check of a submission like this one takes. Raises as `check`."""
    if target.unit.not_runnable is not None or _uncheckable(target) is not None:
        return
    limits = limits_for(target, limits)
    written = lesson(target)
    found = await _foreseen(target, written, runner, limits)
    await runner.prepare(written if found is None else found.lesson(written, submission), limits)


async def _foreseen(
    target: Target, written: Lesson, runner: Runner, limits: Limits
) -> Repaired | None:
    from blankcheck import repairing

    return await repairing.foreseen(target, written, runner, limits)


async def _repaired(
    target: Target,
    submission: str,
    runner: Runner,
    limits: Limits,
    work: Callable[[Lesson, Limits], Awaitable[Report]],
) -> tuple[Report, Repaired | None]:
    """Does some work with the exercise; if it does not run as it is written, with its repairs."""
    written = lesson(target)
    found = await _foreseen(target, written, runner, limits)
    if found is None:
        report = await work(written, limits)
        if report.verdict == "broken" and any(item.part != "sct" for item in report.feedback):
            from blankcheck import repairing

            found = await repairing.repaired(target, written, runner, limits)
        if found is None:
            return report, None
    report = await work(found.lesson(written, submission), limits)
    # Places in repaired code are none in the chapter.
    feedback = tuple(
        replace(item, start=None, end=None) if item.part == "pre_exercise_code" else item
        for item in report.feedback
    )
    return replace(report, feedback=feedback), found


async def repairs(target: Target, runner: Runner) -> tuple[Repair, ...]:
    """What has to be put right in an exercise for it to run, as far as its text calls for it."""
    limits = limits_for(target, Limits())
    found = await _foreseen(target, lesson(target), runner, limits)
    return () if found is None else found.repairs


async def repaired_lesson(target: Target, runner: Runner, submission: str = "") -> Lesson:
    """What the runner needs to know of an exercise, with the repairs that it is seen to need."""
    written = lesson(target)
    found = await _foreseen(target, written, runner, limits_for(target, Limits()))
    return written if found is None else found.lesson(written, submission)


def lesson(target: Target) -> Lesson:
    """What the runner needs to know of an exercise."""
    return Lesson(
        pre_exercise_code=target.unit.text("pre_exercise_code"),
        solution=target.unit.text("solution"),
        sct=target.unit.text("sct"),
        data=None if target.data is None else str(target.data),
        device=target.chapter.device or "",
        network=_asks_for_network(target),
    )


def _asks_for_network(target: Target) -> bool:
    """Whether a chapter says of an exercise that it takes the network, as `network: true`."""
    asked = target.unit.attributes.get("network", target.exercise.attributes.get("network"))
    return kinds.truth(asked) is True


def limits_for(target: Target, limits: Limits) -> Limits:
    """The limits for an exercise: a chapter may ask for more or less time, as `time_limit`."""
    asked = target.unit.attributes.get("time_limit", target.exercise.attributes.get("time_limit"))
    seconds = kinds.seconds(asked)
    if seconds is None:
        return limits
    return Limits(min(seconds, kinds.MAX_SECONDS), limits.output, limits.memory)


def _stopped(target: Target, submission: str) -> Result | None:
    """The result of a submission that is not to be run; null if it is."""
    require_runnable(target)
    found = inspect(target, submission)
    if found:
        code = found[0].code
        if code == "syntax/too-long":  # it was not even looked at, so it is no error in it
            return _unrun(target, "failed", *found)
        return _unrun(target, "incomplete" if code.startswith("blank/") else "error", *found)
    if not any(line.strip() for line in _code_lines(submission)):
        return _unrun(
            target,
            "failed",
            Feedback(
                "sct/missing",
                "error",
                "There is no code here yet. Write your answer, or reset the exercise to begin with "
                "its sample code.",
                Span(0, 0),
            ),
        )
    return None


def _uncheckable(target: Target) -> Result | None:
    """The result of an exercise that has nothing to check against; null if it has."""
    if target.unit.text("solution").strip() or target.unit.text("sct").strip():
        return None
    return _unrun(
        target,
        "broken",
        Feedback(
            "author/solution-missing",
            "error",
            "This exercise has neither a solution nor an SCT, so nothing can be checked. Its "
            "author has to add one.",
            Span(0, 0),
            related=(place(target, target.unit.heading, "The exercise"),),
        ),
    )


def _code_lines(submission: str) -> list[str]:
    lines = Lines(submission)
    texts = [lines.span(line).of(submission) for line in range(len(lines))]
    return [text for text in texts if not text.lstrip().startswith("#")]


def _unrun(target: Target, verdict: Outcome, *feedback: Feedback) -> Result:
    return Result(target.key, target.step, verdict, feedback)
