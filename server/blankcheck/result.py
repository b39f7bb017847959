"""What a check or a run of a submission comes to, and its JSON form for command line and editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blankcheck.course.model import Severity
from blankcheck.course.text import Lines, Span
from blankcheck_runner.wire import Outcome, Seen

DOCS = "https://github.com/blankcheck/blankcheck/blob/main/docs"
"""The folder with `diagnostics.md`, a section for each code, and `misconceptions/`, a page each."""


@dataclass(frozen=True)
class Place:
    """A range in a chapter that a feedback refers to: an instruction, or the code at fault."""

    uri: str
    """The chapter's file URI."""
    range: Mapping[str, Any]
    """In the protocol's form: lines and UTF-16 characters from 0."""
    message: str


@dataclass(frozen=True)
class Feedback:
    """One message of a verdict, placed in the submission."""

    code: str
    severity: Severity
    message: str
    span: Span
    """In the submission; the empty span at its start where no place is at fault."""
    blank: int | None = None
    """The index of the blank at fault in the sample code."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Result:
    """A verdict with its feedback."""

    exercise: str
    """The exercise's key."""
    step: int | None
    """The step, counted from 1; null for an exercise without steps."""
    verdict: Outcome
    feedback: tuple[Feedback, ...] = ()
    output: str = ""
    truncated: bool = False
    device: str = "cpu"
    seconds: float = 0.0
    seen: tuple[Seen, ...] | None = None
    """What the submission's names held; null if it was not run."""


def help_uri(code: str) -> str:
    """The page that explains a code."""
    group, _, name = code.partition("/")
    if group == "torch":
        return f"{DOCS}/misconceptions/{name}.md"
    return f"{DOCS}/diagnostics.md#{code.replace('/', '')}"


def range_json(lines: Lines, span: Span) -> dict[str, Any]:
    """A span as the protocol's range: lines and UTF-16 characters, both from 0."""
    start, end = lines.utf16_position(span.start), lines.utf16_position(span.end)
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }


def result_json(result: Result, submission: str, file: str) -> dict[str, Any]:
    """The object that `check --format json` prints and `blankcheck/check` answers."""
    lines = Lines(submission)
    return {
        "file": file,
        "exercise": result.exercise,
        "step": result.step,
        "verdict": result.verdict,
        "feedback": [_feedback_json(item, lines) for item in result.feedback],
        "output": result.output,
        "truncated": result.truncated,
        "device": result.device,
        "seconds": round(result.seconds, 4),
    }


def _feedback_json(item: Feedback, lines: Lines) -> dict[str, Any]:
    data: dict[str, Any] = {
        "code": item.code,
        "severity": item.severity,
        "message": item.message,
        "blank": item.blank,
        "range": range_json(lines, item.span),
    }
    if item.related:
        data["related"] = [
            {"uri": place.uri, "range": dict(place.range), "message": place.message}
            for place in item.related
        ]
    return data
