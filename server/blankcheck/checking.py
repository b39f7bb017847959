"""A check from text to result. The order is a promise: blanks, then syntax, then run, then SCT.

The one place that turns what the runner reports into feedback with a place: in the submission, or,
where the exercise itself is at fault, in the chapter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from blankcheck import repairing
from blankcheck.course.align import align, instructions
from blankcheck.course.blanks import Blank, find_blanks
from blankcheck.course.mending import Repair
from blankcheck.course.missing import place_of_missing
from blankcheck.course.model import Code, Item
from blankcheck.course.syntax import MAX_CODE, find_fault
from blankcheck.course.text import Lines, Span
from blankcheck.course.tracking import blank_at, track
from blankcheck.courses import Target, require_runnable
from blankcheck.repairing import Repaired
from blankcheck.result import Feedback, Place, Result, range_json
from blankcheck.runner import Runner
from blankcheck_runner.wire import Feedback as Reported
from blankcheck_runner.wire import Lesson, Limits, Outcome, Part, Report

MAX_SECONDS = 600.0
"""The longest time limit that a chapter may ask for."""
NOT_YOURS = "The exercise is at fault, not your code: it cannot be checked until that is mended."
MAX_INSTRUCTION = 300
"""Characters of an instruction that a feedback repeats."""

_MISSING = re.compile(r"No module named '([\w.]+)'")
_IMPORTS_TORCH = re.compile(r"(?:import|from)\s+torch\b")
_NAMES: dict[Part, str] = {
    "pre_exercise_code": "pre-exercise code",
    "solution": "solution",
    "sct": "SCT",
}


def inspect(target: Target, submission: str) -> tuple[Feedback, ...]:
    """What can be said without running: unfilled blanks, else syntax errors.

    Pure, and fast enough for each keystroke.
    """
    if target.unit.not_runnable is not None:
        return ()
    if len(submission) <= MAX_CODE:
        blanks = find_blanks(submission)
        if blanks:
            known = _Blanks(target, submission)
            return tuple(_unfilled(blank, known) for blank in blanks)
    fault = find_fault(submission)
    if fault is None:
        return ()
    known = _Blanks(target, submission)
    blank = known.at(fault.span)
    return (Feedback(fault.code, "error", fault.message, fault.span, blank, known.related(blank)),)


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
    limits = limits_for(target, limits or Limits())
    report, repaired = await _repaired(
        target,
        submission,
        runner,
        limits,
        lambda lesson: runner.check(lesson, submission, file, limits),
    )
    report = await _without_torch(target, submission, report, runner)
    return _result(target, submission, report, for_author, repaired)


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
    limits = limits_for(target, limits or Limits())
    report, repaired = await _repaired(
        target,
        submission,
        runner,
        limits,
        lambda lesson: runner.run(lesson, submission, file, limits, on_output),
    )
    report = await _without_torch(target, submission, report, runner)
    return _result(target, submission, report, False, repaired)


async def _without_torch(target: Target, submission: str, report: Report, runner: Runner) -> Report:
    """The report, if a torch that does not import is at fault: neither the learner nor the course
    is to be blamed for it."""
    if report.verdict not in ("error", "broken"):
        return report
    why = (await runner.info()).torch_error
    if why is None:
        return report

    def told(item: Reported) -> Reported:
        code = submission if item.part == "submission" else _code(target, item.part)
        if item.start is None or not _IMPORTS_TORCH.match(code, item.start):
            return item
        message = (
            f"The Python package torch does not import where this is run ({why}). Install it "
            "there anew (python -m pip install --force-reinstall torch), or choose another Python."
        )
        if item.part == "submission":
            return replace(item, code="run/missing-package", message=message)
        return Reported("run/missing-package", message)

    return replace(report, feedback=tuple(told(item) for item in report.feedback))


def _code(target: Target, part: Part) -> str:
    code = target.unit.code(part)
    return "" if code is None else code.text


async def prepare(target: Target, submission: str, runner: Runner, limits: Limits) -> None:
    """Does ahead of need what a check of a submission like this one takes. Raises as `check`."""
    if target.unit.not_runnable is not None or _uncheckable(target) is not None:
        return
    limits = limits_for(target, limits)
    written = lesson(target)
    found = await repairing.foreseen(target, written, runner, limits)
    await runner.prepare(written if found is None else found.lesson(written, submission), limits)


async def _repaired(
    target: Target,
    submission: str,
    runner: Runner,
    limits: Limits,
    work: Callable[[Lesson], Awaitable[Report]],
) -> tuple[Report, Repaired | None]:
    """Does some work with the exercise; if it does not run as it is written, with its repairs."""
    written = lesson(target)
    found = await repairing.foreseen(target, written, runner, limits)
    if found is None:
        report = await work(written)
        if report.verdict == "broken" and any(item.part != "sct" for item in report.feedback):
            found = await repairing.repaired(target, written, runner, limits)
        if found is None:
            return report, None
    report = await work(found.lesson(written, submission))
    # Places in repaired code are none in the chapter.
    feedback = tuple(
        replace(item, start=None, end=None) if item.part == "pre_exercise_code" else item
        for item in report.feedback
    )
    return replace(report, feedback=feedback), found


async def repairs(target: Target, runner: Runner) -> tuple[Repair, ...]:
    """What has to be put right in an exercise for it to run, as far as its text calls for it."""
    limits = limits_for(target, Limits())
    found = await repairing.foreseen(target, lesson(target), runner, limits)
    return () if found is None else found.repairs


async def repaired_lesson(target: Target, runner: Runner, submission: str = "") -> Lesson:
    """What the runner needs to know of an exercise, with the repairs that it is seen to need."""
    written = lesson(target)
    found = await repairing.foreseen(target, written, runner, limits_for(target, Limits()))
    return written if found is None else found.lesson(written, submission)


def lesson(target: Target) -> Lesson:
    """What the runner needs to know of an exercise."""
    return Lesson(
        pre_exercise_code=_text(target.unit.code("pre_exercise_code")),
        solution=_text(target.unit.code("solution")),
        sct=_text(target.unit.code("sct")),
        data=None if target.data is None else str(target.data),
        device=target.chapter.device or "",
        network=_asks_for_network(target),
    )


def _asks_for_network(target: Target) -> bool:
    """Whether a chapter says of an exercise that it takes the network, as `network: true`."""
    asked = target.unit.attributes.get("network", target.exercise.attributes.get("network"))
    return str(asked).lower() == "true"


def limits_for(target: Target, limits: Limits) -> Limits:
    """The limits for an exercise: a chapter may ask for more or less time, as `time_limit`."""
    asked = target.unit.attributes.get("time_limit", target.exercise.attributes.get("time_limit"))
    try:
        seconds = float(str(asked)) if asked is not None else limits.seconds
    except ValueError:
        return limits
    if not math.isfinite(seconds) or seconds <= 0:
        return limits
    return Limits(min(seconds, MAX_SECONDS), limits.output, limits.memory)


def instruction(target: Target, blank: int) -> Item | None:
    """The instruction that a blank of the sample code serves; null where nothing tells."""
    items = target.unit.items("instructions")
    sample, solution = _text(target.unit.code("sample_code")), _text(target.unit.code("solution"))
    found = instructions(sample, solution, items)
    index = found[blank] if 0 <= blank < len(found) else None
    return None if index is None else items[index]


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
    if _text(target.unit.code("solution")).strip() or _text(target.unit.code("sct")).strip():
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
            related=(_place(target, target.unit.heading, "The exercise"),),
        ),
    )


def _code_lines(submission: str) -> list[str]:
    lines = Lines(submission)
    texts = [lines.span(line).of(submission) for line in range(len(lines))]
    return [text for text in texts if not text.lstrip().startswith("#")]


def _unrun(target: Target, verdict: Outcome, *feedback: Feedback) -> Result:
    return Result(target.key, target.step, verdict, feedback)


def _text(code: Code | None) -> str:
    return code.text if code is not None else ""


def _result(
    target: Target,
    submission: str,
    report: Report,
    for_author: bool,
    repaired: Repaired | None,
) -> Result:
    asked = lesson(target)
    solution = (asked if repaired is None else repaired.lesson(asked, submission)).solution
    known = _Blanks(target, submission, solution)
    told = [
        item
        for item in report.feedback
        if for_author or report.verdict == "broken" or item.part == "submission"
    ]
    return Result(
        exercise=target.key,
        step=target.step,
        verdict=report.verdict,
        feedback=(
            *(_feedback(target, submission, item, known, for_author) for item in told),
            *_repairs_told(target, repaired, for_author),
        ),
        output=report.output,
        truncated=report.truncated,
        device=report.device,
        seconds=report.seconds,
        seen=report.seen,
    )


def _repairs_told(
    target: Target, repaired: Repaired | None, for_author: bool
) -> tuple[Feedback, ...]:
    """What was put right in the exercise: to the author one by one, to a learner in one line."""
    if repaired is None or not repaired.repairs:
        return ()
    if for_author:
        return tuple(
            Feedback(
                repair.code,
                "warning",
                repair.message,
                Span(0, 0),
                related=(_place(target, repair.span, "The exercise"),),
            )
            for repair in repaired.repairs
        )
    done = "; ".join(repair.note for repair in repaired.repairs)
    said = f"This exercise was put right so that it can be done here: {done}."
    return (Feedback("author/repaired", "information", said, Span(0, 0)),)


def _feedback(
    target: Target, submission: str, item: Reported, known: _Blanks, for_author: bool
) -> Feedback:
    if item.part != "submission":
        return _fault_of_chapter(target, item, for_author)
    missing = known.missing(item)
    if missing is not None:
        lost = known.asking(item)
        blank = known.at(missing) if len(missing) else lost[0] if len(lost) == 1 else None
        related = known.related(lost[0] if blank is None and lost else blank)
        return Feedback(item.code, item.severity, item.message, missing, blank, related)
    if item.start is None:
        return Feedback(item.code, item.severity, item.message, Span(0, 0))
    start = max(0, min(item.start, len(submission)))
    end = max(start, min(start if item.end is None else item.end, len(submission)))
    span = Span(start, end)
    blank = known.at(span) if item.severity == "error" else None
    return Feedback(item.code, item.severity, item.message, span, blank, known.related(blank))


def _fault_of_chapter(target: Target, item: Reported, for_author: bool) -> Feedback:
    """Feedback on the chapter's own code, which has a place in the chapter only.

    An author, who is shown the place, is told what is wrong there and no more.
    """
    name = _NAMES.get(item.part, item.part)
    code = target.unit.code(item.part)
    if code is None:
        return Feedback(item.code, item.severity, f"In the {name}: {item.message}", Span(0, 0))
    missing = _MISSING.search(item.message) if item.part != "sct" else None
    if missing is not None:  # the machine's fault, not the exercise's
        package = missing[1].partition(".")[0]
        said = (
            f"This exercise needs the Python package {package}, which is not installed where it is "
            f"run. Install it there (python -m pip install {package}), or choose another Python."
        )
        return Feedback("run/missing-package", "error", said, Span(0, 0))
    said, start, end = item.message, item.start, item.end
    fault = find_fault(code.text)
    if fault is not None:  # told more exactly than by whoever tried to run it
        said, start, end = fault.message, fault.span.start, fault.span.end
        said += "" if for_author else f" {NOT_YOURS}"
    span = code.span if start is None else _in_chapter(target, code, start, end)
    line = Lines(target.chapter.text).line_of(span.start) + 1
    message = said if for_author else f"In the {name}, line {line} of {target.file.name}: {said}"
    related = (_place(target, span, f"The exercise's {name}"),)
    return Feedback(item.code, item.severity, message, Span(0, 0), related=related)


def _in_chapter(target: Target, code: Code, start: int, end: int | None) -> Span:
    """A range of a fence's code as a range of the chapter's text."""
    text = target.chapter.text
    if code.span.of(text) == code.text:
        last = start if end is None else end
        return Span(code.span.start + start, min(code.span.start + last, code.span.end))
    # An indented fence: only the lines correspond.
    lines = Lines(text)
    line = lines.line_of(code.span.start) + Lines(code.text).line_of(start)
    return lines.span(line)


def _place(target: Target, span: Span, message: str) -> Place:
    return Place(
        target.file.resolve().as_uri(), range_json(Lines(target.chapter.text), span), message
    )


def _unfilled(blank: Blank, known: _Blanks) -> Feedback:
    index = known.at(blank.span)
    return Feedback(
        "blank/unfilled",
        "information",
        wanted(blank),
        blank.mark,
        index,
        known.related(index),
    )


def wanted(blank: Blank) -> str:
    """What a blank asks for, from where it stands."""
    if blank.kind == "argument" and blank.call is not None:
        if blank.call.keyword is not None:
            return f"Fill in {blank.call.keyword} of {blank.call.callee}."
        return f"Fill in this argument of {blank.call.callee}."
    return {
        "argument": "Fill in this argument.",
        "callee": "Fill in what is called here.",
        "attribute": "Fill in what stands after the dot.",
        "target": "Fill in the name that gets the value.",
        "keyword": "Fill in the name of this argument.",
        "import": "Fill in what is imported.",
        "statement": "Fill in this line.",
        "string": "Fill in this part of the text.",
        "value": "Fill in this value.",
        "empty": "Fill in a value after the =.",
    }[blank.kind]


class _Blanks:
    """The sample code's blanks in a submission, and the instructions that they serve."""

    def __init__(self, target: Target, submission: str, solution: str = "") -> None:
        """`solution`: the text that was run as such, which repairs may have changed."""
        self._target = target
        self._solution = solution
        self._sample = _text(target.unit.code("sample_code"))
        self._submission = submission
        self._tracked = track(self._sample, submission) if len(submission) <= MAX_CODE else ()

    def at(self, span: Span) -> int | None:
        """The index of the sample's blank that a range touches, or null."""
        return blank_at(self._tracked, span)

    def missing(self, item: Reported) -> Span | None:
        """Where to mark what is missing, as far as the feedback itself does not say it."""
        if item.expected_start is None or item.expected_end is None or item.end != item.start:
            return None
        span = Span(item.expected_start, item.expected_end)
        size = len(self._solution)
        if len(self._submission) > MAX_CODE or not 0 <= span.start <= span.end <= size:
            return None
        return place_of_missing(self._sample, self._solution, self._submission, span, self._tracked)

    def asking(self, item: Reported) -> tuple[int, ...]:
        """The blanks that ask for what is missing."""
        missing = Span(item.expected_start or 0, item.expected_end or 0)
        answers = align(self._sample, self._solution)
        return tuple(
            index
            for index, answer in enumerate(answers)
            if answer is not None and answer.span.overlaps(missing)
        )

    def related(self, index: int | None) -> tuple[Place, ...]:
        """The instruction that a blank serves, as a place in the chapter."""
        item = None if index is None else instruction(self._target, index)
        if item is None:
            return ()
        text = " ".join(item.text.split())
        if len(text) > MAX_INSTRUCTION:
            text = f"{text[:MAX_INSTRUCTION].rstrip()}…"
        return (_place(self._target, item.span, text),)
