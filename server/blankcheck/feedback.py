"""What a learner is told, and where: from a blank, a syntax error, or what the runner reports, to
feedback with a place: in the submission, or, where the exercise itself is at fault, in the chapter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from blankcheck.course.align import align, instructions
from blankcheck.course.blanks import Blank
from blankcheck.course.missing import place_of_missing
from blankcheck.course.model import Code, Item
from blankcheck.course.syntax import MAX_CODE, SyntaxFault, find_fault
from blankcheck.course.text import Lines, Span
from blankcheck.course.tracking import Tracked, blank_at, track
from blankcheck.courses import Target
from blankcheck.result import Feedback, Place, Result, range_json
from blankcheck_runner.wire import Feedback as Reported
from blankcheck_runner.wire import Part, Report

if TYPE_CHECKING:
    from blankcheck.course.mending import Repair

NOT_YOURS = "The exercise is at fault, not your code: it cannot be checked until that is mended."
MAX_INSTRUCTION = 300
"""Characters of an instruction that a feedback repeats."""

_IMPORTS_TORCH = re.compile(r"(?:import|from)\s+torch\b")
_MISSING = re.compile(r"No module named '([\w.]+)'")
_NAMES: dict[Part, str] = {
    "pre_exercise_code": "pre-exercise code",
    "solution": "solution",
    "sct": "SCT",
}


def result(
    target: Target,
    submission: str,
    report: Report,
    solution: str,
    repairs: Sequence[Repair],
    *,
    for_author: bool,
) -> Result:
    """What a report comes to. `solution`: the text that was run as such, which the `repairs` of the
    exercise may have changed."""
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
            *_repairs_told(target, repairs, for_author),
        ),
        output=report.output,
        truncated=report.truncated,
        device=report.device,
        seconds=report.seconds,
        seen=report.seen,
    )


def with_torch_at_fault(target: Target, submission: str, report: Report, why: str) -> Report:
    """The report where torch does not import (`why`), for which neither the learner nor the course
    is to be blamed."""

    def told(item: Reported) -> Reported:
        code = submission if item.part == "submission" else target.unit.text(item.part)
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


def _repairs_told(
    target: Target, repairs: Sequence[Repair], for_author: bool
) -> tuple[Feedback, ...]:
    """What was put right in the exercise: to the author one by one, to a learner in one line."""
    if not repairs:
        return ()
    if for_author:
        return tuple(
            Feedback(
                repair.code,
                "warning",
                repair.message,
                Span(0, 0),
                related=(place(target, repair.span, "The exercise"),),
            )
            for repair in repairs
        )
    done = "; ".join(repair.note for repair in repairs)
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
        said = f"{fault.message} {NOT_YOURS}"
        start, end = fault.span.start, fault.span.end
    span = code.span if start is None else _in_chapter(target, code, start, end)
    line = Lines(target.chapter.text).line_of(span.start) + 1
    message = (
        said.removesuffix(f" {NOT_YOURS}")
        if for_author
        else f"In the {name}, line {line} of {target.file.name}: {said}"
    )
    related = (place(target, span, f"The exercise's {name}"),)
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


def place(target: Target, span: Span, message: str) -> Place:
    """A part of the chapter's text, as a place to refer to."""
    return Place(
        target.file.resolve().as_uri(), range_json(Lines(target.chapter.text), span), message
    )


def of_blanks(target: Target, submission: str, blanks: Sequence[Blank]) -> tuple[Feedback, ...]:
    """One for each blank that is left."""
    known = _Blanks(target, submission)
    indices = [known.at(blank.span) for blank in blanks]
    return tuple(
        Feedback(
            "blank/unfilled", "information", wanted(blank), blank.mark, index, known.related(index)
        )
        for blank, index in zip(blanks, indices, strict=True)
    )


def of_fault(target: Target, submission: str, fault: SyntaxFault) -> Feedback:
    """That of a syntax error."""
    known = _Blanks(target, submission)
    blank = known.at(fault.span)
    return Feedback(fault.code, "error", fault.message, fault.span, blank, known.related(blank))


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
        self._sample = target.unit.text("sample_code")
        self._submission = submission

    @cached_property
    def _tracked(self) -> Sequence[Tracked]:
        text = self._submission
        return track(self._sample, text) if len(text) <= MAX_CODE else ()

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
        item = None if index is None else instruction_of(self._target, index)
        if item is None:
            return ()
        text = " ".join(item.text.split())
        if len(text) > MAX_INSTRUCTION:
            text = f"{text[:MAX_INSTRUCTION].rstrip()}…"
        return (place(self._target, item.span, text),)


def instruction_of(target: Target, blank: int) -> Item | None:
    """The instruction that a blank of the sample code serves; null where nothing tells."""
    items = target.unit.items("instructions")
    sample, solution = target.unit.text("sample_code"), target.unit.text("solution")
    found = instructions(sample, solution, items)
    index = found[blank] if 0 <= blank < len(found) else None
    return None if index is None else items[index]
