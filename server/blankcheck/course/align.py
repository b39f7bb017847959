"""What each blank of the sample code stands for: its part of the solution, and its instruction.

What this finds in the solution stays inside the server; no word of it goes to the editor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from blankcheck.course.blanks import Blank, is_blank
from blankcheck.course.matching import blanks_of, match
from blankcheck.course.model import Item
from blankcheck.course.text import Span
from blankcheck.course.tokens import KEYWORDS, Token, callee_span, closes, scan


@dataclass(frozen=True)
class Answer:
    """What a blank stands for in the solution."""

    span: Span
    callee: Span | None = None
    """For a blank in a call, what is called there; null where that is a part of the answer."""


@lru_cache(maxsize=64)
def align(sample: str, solution: str) -> tuple[Answer | None, ...]:
    """For each blank of the sample, what it stands for in the solution; null where nothing is."""
    tokens = scan(solution)
    starts = {token.start: index for index, token in enumerate(tokens)}
    return tuple(
        _answer(blank, span, tokens, starts) if span else None
        for blank, span in zip(blanks_of(sample), match(sample, solution), strict=True)
    )


def _answer(
    blank: Blank, span: Span, tokens: Sequence[Token], starts: dict[int, int]
) -> Answer | None:
    index = starts.get(span.start)
    if index is None:  # A part of a string.
        return Answer(span) if len(span) else None
    if blank.kind == "argument" and index + 2 < len(tokens):
        # The sample leaves out the keyword that the solution has.
        value = tokens[index + 2]
        if tokens[index].kind == "name" and tokens[index + 1].text == "=" and value.end <= span.end:
            if blank.call is None or blank.call.keyword is None:
                span = Span(value.start, span.end)
    if not len(span):
        return None
    if blank.call is None or any(is_blank(part) for part in re.split(r"\W", blank.call.callee)):
        return Answer(span)
    opener = tokens[index].parent
    if closes(tokens[index]) and opener >= 0:
        opener = tokens[opener].parent
    for _ in range(20):
        if opener < 0:
            break
        offsets = callee_span(tokens, opener)
        if offsets and not span.overlaps(Span(*offsets)):
            return Answer(span, Span(*offsets))
        opener = tokens[opener].parent
    return Answer(span)
