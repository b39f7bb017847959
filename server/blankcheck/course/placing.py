"""Where the blanks of one statement are in another statement that it became.

Both come as units: tokens, and pieces of strings where a blank is in one. What both begin and end
with is set aside; then each blank takes what stands up to the next token that both have. Only if
that does not work out (an argument is missing, or too many) is the best alignment looked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from blankcheck.course.text import Span

_MAX_UNITS = 4_000
"""The largest alignment, in cells, that is tried for one pair of statements."""
_LONGEST_VALUE = 200
_SPACE = re.compile(r"[ \t\f]*")


class Unit(NamedTuple):
    """A token of a statement, or a piece of a string."""

    key: str
    """What makes it the same as another: quotes and prefixes of strings do not count."""
    depth: int
    start: int
    end: int
    weight: float
    blank: int = -1
    """The index of the sample's blank that this is; -1 for none."""


def within(
    mine: Sequence[Unit],
    theirs: Sequence[Unit],
    text: str,
    budget: int,
) -> tuple[dict[int, Span], int]:
    """What stands in the place of each blank among `mine`, and what it cost to find out."""
    low, end_mine, end_theirs = 0, len(mine), len(theirs)
    while low < end_mine and low < end_theirs and _same(mine[low], theirs[low]):
        low += 1
    while end_mine > low and end_theirs > low and _same(mine[end_mine - 1], theirs[end_theirs - 1]):
        end_mine -= 1
        end_theirs -= 1
    middle, other = mine[low:end_mine], theirs[low:end_theirs]
    spans: dict[int, Span] = {}
    cells = 0
    runs = _glob(middle, other)
    if runs is None:
        cells = (len(middle) + 1) * (len(other) + 1)
        if cells > min(_MAX_UNITS, budget):
            return {}, 0
        runs = _aligned(middle, other, low > 0, end_mine < len(mine))
    for place, (start, end) in runs.items():
        if end - start > 1 and other[end - 1].key == "," and low + end < len(theirs):
            end -= theirs[low + end].key in (")", "]", "}")  # A comma that only ends a list.
        if start < end:
            span = Span(other[start].start, other[end - 1].end)
        elif low + start:
            span = _gap(text, theirs[low + start - 1].end)
        else:
            span = Span(theirs[0].start, theirs[0].start)
        spans[middle[place].blank] = span
    return spans, cells


def keyword_values(units: Sequence[Unit]) -> dict[tuple[str, int], Span]:
    """What each keyword argument is, by keyword and depth; without what comes more than once."""
    values: dict[tuple[str, int], Span] = {}
    twice: set[tuple[str, int]] = set()
    for place in range(1, len(units) - 2):
        name, depth = units[place].key, units[place].depth
        given = depth and units[place + 1].key == "=" and units[place - 1].key in ("(", ",")
        if not given:
            continue
        end = place + 2
        while end < len(units) and end - place < _LONGEST_VALUE:
            if units[end].depth < depth or (units[end].depth == depth and units[end].key == ","):
                break
            end += 1
        if end > place + 2:
            twice |= {(name, depth)} & values.keys()
            values[name, depth] = Span(units[place + 2].start, units[end - 1].end)
    return {key: span for key, span in values.items() if key not in twice}


def _gap(text: str, at: int) -> Span:
    """The empty place after `at`: as for an empty right-hand side, with the space after its `=`."""
    space = _SPACE.match(text, at)
    end = space.end() if space else at
    rest = text[end : end + 1]
    return Span(at, end if text[at - 1] == "=" and (not rest or rest in "\r\n#;") else at)


def _same(mine: Unit, theirs: Unit) -> bool:
    return mine.blank < 0 and mine.key == theirs.key and mine.depth == theirs.depth


_Runs = dict[int, tuple[int, int]]


def _glob(mine: Sequence[Unit], theirs: Sequence[Unit]) -> _Runs | None:
    """Fills each blank up to the next literal tokens; null if that is not the whole story."""
    runs: _Runs = {}
    end = len(theirs)
    if len(mine) == 1 and mine[0].blank >= 0:
        return {0: (0, end)}
    if end > 20 * _MAX_UNITS or len(mine) > _MAX_UNITS:
        return None
    place = at = 0
    while place < len(mine):
        stop = place + 1
        while stop < len(mine) and mine[stop].blank < 0:
            stop += 1
        literals = mine[place + 1 : stop]
        if mine[place].blank < 0 or at >= end or (not literals and stop < len(mine)):
            return None
        if not literals:
            runs[place] = (at, end)
            return runs
        found, last = at + 1, end - len(literals)
        while found <= last and not (
            _same(literals[0], theirs[found])
            and all(map(_same, literals, theirs[found : found + len(literals)]))
        ):
            found += 1
        if found > last:
            return None
        runs[place] = (at, found)
        place, at = stop, found + len(literals)
    return runs if at == end else None


_SKIP_MINE, _SKIP_THEIRS, _MATCH, _EMPTY = -1, -2, -3, -4


def _aligned(mine: Sequence[Unit], theirs: Sequence[Unit], before: bool, after: bool) -> _Runs:
    """The best alignment, in which blanks take any run of tokens and literals may be missing.

    `before` and `after`: whether what stands around `mine` and `theirs` is the same.
    """
    width = len(theirs)
    best = [-0.1 * column for column in range(width + 1)]
    moves: list[list[int]] = []  # Of a blank's run, the column where it starts.
    for unit in mine:
        above = best
        if unit.blank < 0:
            best, move = [above[0] - 0.3], [_SKIP_MINE]
            for column in range(width):
                other = theirs[column]
                value, step = above[column + 1] - 0.3, _SKIP_MINE
                if best[column] - 0.1 > value:
                    value, step = best[column] - 0.1, _SKIP_THEIRS
                if unit.key == other.key:
                    deep = unit.depth == other.depth
                    gain = unit.weight if deep else unit.weight / 3 if unit.weight > 1 else -1.0
                    if above[column] + gain > value:
                        value, step = above[column] + gain, _MATCH
                best.append(value)
                move.append(step)
        else:
            best, move = [above[0]], [_EMPTY]
            run, start = float("-inf"), 0
            for column in range(width):
                begin = above[column] + (0.65 if theirs[column].key == "___" else 0.15)
                run -= 0.01
                if begin >= run:
                    run, start = begin, column
                if above[column + 1] >= run:
                    best.append(above[column + 1])
                    move.append(_EMPTY)
                else:
                    best.append(run)
                    move.append(start)
        moves.append(move)
    return _traced(mine, moves, width, before, after)


def _traced(
    mine: Sequence[Unit], moves: Sequence[Sequence[int]], width: int, before: bool, after: bool
) -> _Runs:
    """The runs of the blanks along the best path; an empty one only beside what was matched."""
    runs: _Runs = {}
    matched = [False] * len(mine)
    place, column = len(mine) - 1, width
    while place >= 0:
        step = moves[place][column]
        if step == _SKIP_THEIRS:
            column -= 1
            continue
        if step == _MATCH:
            matched[place] = True
            column -= 1
        elif step == _EMPTY:
            runs[place] = (column, column)
        elif step >= 0:
            runs[place] = (step, column)
            column = step
        place -= 1
    beside = [before, *matched, after]
    return {
        place: (start, end)
        for place, (start, end) in runs.items()
        if start < end or beside[place] or beside[place + 2]
    }
