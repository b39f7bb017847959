"""Where in a submission something is missing that the solution has.

What is missing has no place of its own. The best one is the blank that asks for it; then what the
learner wrote in the place of the solution's statement; then the end of what comes before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from blankcheck.course.align import align
from blankcheck.course.matching import counterparts
from blankcheck.course.text import Span
from blankcheck.course.tracking import Tracked


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
    for statement, own in counterparts(solution, submission):
        if statement.start > missing.start:
            break
        if own is None:
            continue
        if statement.contains(missing):
            return own
        before = own
    return None if before is None else Span(before.end, before.end)
