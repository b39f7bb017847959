"""Where in a submission something is missing that the solution has.

What is missing has no place of its own. The best one is the blank that asks for it; then what the
learner wrote in the place of the solution's statement, if only a `pass`; then the end of what comes
before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from blankcheck.course.align import align
from blankcheck.course.matching import counterparts
from blankcheck.course.text import Span
from blankcheck.course.tokens import scan, statements
from blankcheck.course.tracking import Tracked

_NOTHING = ("pass", "...")
"""What stands where nothing is to be done."""


def place_of_missing(
    sample: str, solution: str, submission: str, missing: Span, tracked: Sequence[Tracked]
) -> Span | None:
    """Where in the submission to mark what has the range `missing` in the solution; null where
    nothing tells."""
    for answer, blank in zip(align(sample, solution), tracked, strict=False):
        if answer is None or blank.span is None or not answer.span.overlaps(missing):
            continue
        if blank.state == "filled":
            return blank.span
    before: Span | None = None
    after = len(submission)
    for statement, own in counterparts(solution, submission):
        if own is None:
            continue
        if statement.start > missing.start:
            after = own.start
            break
        if statement.contains(missing):
            return own
        before = own
    if before is None:
        return None
    for written in statements(scan(submission)):
        span = Span(written.start, written.end)
        if before.end <= span.start < after and span.of(submission) in _NOTHING:
            return span
    return Span(before.end, before.end)
