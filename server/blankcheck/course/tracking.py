"""A blank's identity while the learner edits: which blank of the sample is which place now.

Nothing is remembered between edits. The sample and the learner's text of the moment say it all,
so that undo, a reload or an edit outside of the editor cannot confuse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from blankcheck.course.blanks import is_blank
from blankcheck.course.matching import match
from blankcheck.course.text import Span


@dataclass(frozen=True)
class Tracked:
    """A blank of the sample as it is in the learner's text."""

    index: int
    """The blank's index in the sample."""
    state: Literal["open", "filled", "lost"]
    """`open`: a blank stands there, or nothing (emptied); `lost`: its place is not there any more,
    since its line was deleted or rewritten beyond recognition."""
    span: Span | None
    """What stands there, empty where nothing does; null when lost."""
    statement: Span | None
    """The statement that it stands in; null when lost."""


def track(sample: str, submission: str) -> tuple[Tracked, ...]:
    """Every blank of the sample, in order, as it is in the submission. Never raises.

    What the learner typed into a place may hold blanks again (`relu(___)`): the place is filled
    then, and `find_blanks(submission)` tells of those in it.
    """
    tracked: list[Tracked] = []
    for index, place in enumerate(match(sample, submission)):
        if place is None:
            tracked.append(Tracked(index, "lost", None, None))
            continue
        text = place.span.of(submission).strip()
        state = "open" if not text or is_blank(text) else "filled"
        tracked.append(Tracked(index, state, place.span, place.statement))
    return tuple(tracked)


def blank_at(tracked: Sequence[Tracked], span: Span) -> int | None:
    """The blank at fault, where a fault has the range `span` in the submission.

    The one that the range lies in; else the only one that it shares text with; else, where the
    range begins with a statement (all of it, or the name that it assigns) and so is about the
    statement as a whole, the only one in that statement. Null wherever that is not one blank, and
    for the empty range at the start of the text, which stands for a fault without a place.
    """
    if span == Span(0, 0):
        return None
    here = [item for item in tracked if item.span is not None]
    around = [item for item in here if item.span is not None and item.span.contains(span)]
    if len(around) == 1:
        return around[0].index
    shared = [item for item in here if item.span is not None and _share(item.span, span)]
    if shared:
        return shared[0].index if len(shared) == 1 else None
    if not len(span):
        return None
    about = [
        item
        for item in here
        if item.statement is not None
        and item.statement.start == span.start
        and item.statement.contains(span)
    ]
    return about[0].index if len(about) == 1 else None


def _share(blank: Span, fault: Span) -> bool:
    """Whether the two have text in common; an emptied blank, whether it is inside the fault."""
    if not len(blank):
        return fault.start < blank.start < fault.end
    return blank.start < fault.end and fault.start < blank.end
