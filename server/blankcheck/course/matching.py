"""What stands in another text where the sample code has its blanks.

The other text is the solution (then it is the answer) or the learner's own (then it is what was
filled in). Statements are matched first, by what they hold besides blanks and by their order, and
then the tokens within each pair. The work is bounded: what is too large or too strange is matched
with less care, and in the end not at all.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from blankcheck.course.blanks import Blank, blanks_among, is_blank
from blankcheck.course.placing import Unit, keyword_values, within
from blankcheck.course.text import Span
from blankcheck.course.tokens import KEYWORDS, Statement, Token, scan, statements

_ENOUGH = 0.3
"""The likeness from which two statements in the right order may be one."""
_SURE = 0.6
"""The same for statements out of order."""
_IDENTICAL = 1.2
_MAX_CELLS = 6_000
"""For matching the statements of one stretch; beyond it, only those near the diagonal are tried."""
_MAX_ROWS = 2_000
_REACH = 500
"""How many statements are looked at for a blank that stands for some."""
_BUDGET = 40_000
"""The same for the tokens of all pairs together."""
_MAX_PIECES = 400

_QUOTES = re.compile(r"[rRuUbBfFtT]{0,2}(\"{3}|'{3}|\"|')")
_PIECES = re.compile(r"\\(?:[^_]|(?=_))|\w+|\s+|.", re.DOTALL)
_WORDS = re.compile(r"\w+")


class Place(NamedTuple):
    """Where in the other text the place of a blank is."""

    span: Span
    """What stands in the place; empty where nothing does."""
    statement: Span
    """The statement that it is in."""


class _Side:
    """One of the two texts, cut into statements. Only the sample's blanks are blanks here."""

    def __init__(self, text: str, *, with_blanks: bool) -> None:
        self.text = text
        self.tokens = scan(text)
        self.statements = statements(self.tokens)
        self.blanks: tuple[Blank, ...] = blanks_among(text, self.tokens) if with_blanks else ()
        self.at = {blank.span.start: blank for blank in self.blanks if blank.kind != "empty"}
        self.empty = {blank.mark.start: blank for blank in self.blanks if blank.kind == "empty"}
        self.keys = [self._key(statement) for statement in self.statements]
        self._bags: dict[int, tuple[dict[str, float], float]] = {}
        owners = [statement.start for statement in self.statements]
        self.holding: dict[int, list[Blank]] = {}
        for blank in self.blanks:
            owner = max(0, bisect_left(owners, blank.mark.start + 1) - 1)
            self.holding.setdefault(owner, []).append(blank)

    def _key(self, statement: Statement) -> str:
        tokens = self.tokens
        return "\0".join(
            [
                "___"
                if tokens[i].text[:3] == "___" and is_blank(tokens[i].text)
                else _key(tokens[i])
                for i in statement.tokens
            ]
        )

    def whole(self, index: int) -> bool:
        """Whether the statement is nothing but a blank."""
        return is_blank(self.keys[index])

    def bag(self, index: int) -> tuple[dict[str, float], float]:
        """What the statement holds besides blanks, with how telling each is, and the sum."""
        known = self._bags.get(index)
        if known is None:
            known = self._bags[index] = self._count(self.statements[index])
        return known

    def _count(self, statement: Statement) -> tuple[dict[str, float], float]:
        bag: dict[str, float] = {}
        head: list[str] = []
        assigned = False
        for place in statement.tokens[:_MAX_PIECES]:
            token = self.tokens[place]
            if token.kind == "string":
                for word in _WORDS.findall(token.text[:_MAX_PIECES]):
                    if not is_blank(word):
                        bag[word] = bag.get(word, 0.0) + 0.5
                continue
            if token.text == "=" and token.depth == 0 and not assigned:
                assigned = True
                if not any(is_blank(text) for text in head):
                    bag["= " + "".join(head)] = 2.0
            if not assigned:
                head.append(token.text)
            if not is_blank(token.text):
                bag[token.text] = bag.get(token.text, 0.0) + _weight(token) / 3
        if not assigned and head and not is_blank(head[0]):
            bag["^ " + head[0]] = 0.4
        return bag, sum(bag.values())

    def units(self, index: int, expand: bool) -> list[Unit]:
        """The statement's tokens; with `expand`, strings in pieces."""
        result: list[Unit] = []
        for place in self.statements[index].tokens:
            token = self.tokens[place]
            if token.kind == "string" and expand and len(token.text) <= _MAX_PIECES:
                result.extend(self._pieces(token))
                continue
            blank = self.at.get(token.start) if token.kind == "name" else None
            result.append(
                Unit(
                    "___" if token.kind == "name" and is_blank(token.text) else _key(token),
                    token.depth,
                    token.start,
                    token.end,
                    _weight(token),
                    blank.index if blank else -1,
                )
            )
            empty = self.empty.get(token.start)
            if empty is not None:
                span = empty.span
                result.append(Unit("", 0, span.start, span.start, 0.0, empty.index))
        return result

    def _pieces(self, token: Token) -> Iterator[Unit]:
        for match in _PIECES.finditer(token.text):
            start, end = token.start + match.start(), token.start + match.end()
            key, weight = match.group(), 0.5
            if is_blank(key):
                key = "___"
            elif key.isspace():
                key, weight = " ", 0.1
            elif key in "\"'" or (match.start() == 0 and key.isalpha() and len(key) <= 2):
                key, weight = '"', 0.3
            blank = self.at.get(start)
            yield Unit(key, token.depth, start, end, weight, blank.index if blank else -1)


def _key(token: Token) -> str:
    if token.kind != "string":
        return token.text
    opening = _QUOTES.match(token.text)
    if opening is None:
        return '"' + token.text
    inner = token.text[opening.end() :]
    return '"' + inner.removesuffix(opening.group(1))


def _weight(token: Token) -> float:
    if token.kind == "name":
        return 0.9 if token.text in KEYWORDS else 3.0
    if token.kind == "op":
        return 0.6 if token.text == "=" else 0.3
    return 2.0


@lru_cache(maxsize=32)
def _sample(text: str) -> _Side:
    return _Side(text, with_blanks=True)


def blanks_of(sample: str) -> tuple[Blank, ...]:
    """The sample's blanks, in the order of what `match` answers."""
    return _sample(sample).blanks


def match(sample: str, other: str) -> tuple[Place | None, ...]:
    """For each blank of the sample, its place in the other text; null where there is none."""
    left = _sample(sample)
    if not left.blanks:
        return ()
    right = _Side(other, with_blanks=False)
    pairs = _pair(left, right)
    result: list[Place | None] = [None] * len(left.blanks)
    budget = _BUDGET
    for index, blanks in left.holding.items():
        partner = pairs.get(index)
        if partner is None:
            continue
        first, last = (right.statements[number] for number in partner)
        statement = Span(first.start, last.end)
        if left.whole(index):
            result[blanks[0].index] = Place(statement, statement)
            continue
        expand = any(blank.kind == "string" for blank in blanks)
        units, others = left.units(index, expand), right.units(partner[0], expand)
        spans, cost = within(units, others, other, budget)
        budget -= cost
        _by_keyword(blanks, units, others, spans)
        for number, span in spans.items():
            result[number] = Place(span, statement)
    return tuple(result)


def counterparts(one: str, other: str) -> tuple[tuple[Span, Span | None], ...]:
    """For each statement of a text, in order, what it became in another; null where nothing."""
    left, right = _Side(one, with_blanks=False), _Side(other, with_blanks=False)
    pairs = _pair(left, right)
    found: list[tuple[Span, Span | None]] = []
    for index, statement in enumerate(left.statements):
        own = None
        if index in pairs:
            first, last = (right.statements[number] for number in pairs[index])
            own = Span(first.start, last.end)
        found.append((Span(statement.start, statement.end), own))
    return tuple(found)


def _by_keyword(
    blanks: Sequence[Blank], units: Sequence[Unit], others: Sequence[Unit], spans: dict[int, Span]
) -> None:
    """Sets right the arguments whose keywords are in another order than in the sample."""
    keywords = {
        blank.index: blank.call.keyword
        for blank in blanks
        if blank.kind == "argument" and blank.call and blank.call.keyword
    }
    if not keywords:
        return
    values = keyword_values(others)
    wanted: dict[int, Span] = {}
    for unit in units:
        value = values.get((keywords.get(unit.blank) or "", unit.depth))
        if value:
            wanted[unit.blank] = value
    kept = [span for index, span in spans.items() if index not in wanted and len(span)]
    if not any(span.overlaps(value) for span in kept for value in wanted.values()):
        spans.update(wanted)


# Statements


def _pair(left: _Side, right: _Side) -> dict[int, tuple[int, int]]:
    """For statements of the sample, the first and last of the other text that they became."""
    found: dict[int, int] = {}
    low, high_left, high_right = 0, len(left.keys), len(right.keys)
    while low < high_left and low < high_right and _fits(left, low, right, low):
        found[low] = low
        low += 1
    while (
        high_left > low and high_right > low and _fits(left, high_left - 1, right, high_right - 1)
    ):
        high_left -= 1
        high_right -= 1
        found[high_left] = high_right
    start_left = start_right = low
    for anchor_left, anchor_right in (
        *_anchors(left, right, low, high_left, high_right),
        (high_left, high_right),
    ):
        _stretch(left, right, (start_left, anchor_left), (start_right, anchor_right), found)
        if anchor_left < high_left:
            found[anchor_left] = anchor_right
        start_left, start_right = anchor_left + 1, anchor_right + 1
    moved = _moved(left, right, found)
    taken = {*found.values(), *moved.values()}
    pairs = {i: (j, j) for i, j in (*found.items(), *moved.items())}
    return pairs | _wholes(left, right, found, taken)


def _fits(left: _Side, i: int, right: _Side, j: int) -> bool:
    """Whether one is the other with its blanks filled or still open; cheap and strict."""
    mine, theirs = left.keys[i], right.keys[j]
    if mine == theirs:
        return True
    if i not in left.holding or left.whole(i) or left.bag(i)[1] < 0.8:
        return False
    parts = mine.split("___")
    if len(parts) < 2:
        return all(blank.kind == "empty" for blank in left.holding[i]) and theirs.startswith(mine)
    return (
        len(theirs) > len(parts[0]) + len(parts[-1])
        and theirs.startswith(parts[0])
        and theirs.endswith(parts[-1])
    )


def _anchors(
    left: _Side, right: _Side, low: int, high_left: int, high_right: int
) -> list[tuple[int, int]]:
    """Statements that each side has once and alike, the longest run in the same order of both."""
    mine = _once(left.keys, low, high_left)
    theirs = _once(right.keys, low, high_right)
    both = sorted(
        (place, theirs[key]) for key, place in mine.items() if key in theirs and place >= 0
    )
    both = [pair for pair in both if pair[1] >= 0 and not left.whole(pair[0])]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(both):
        at = bisect_left(tails, place)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(place)
            ends.append(number)
        else:
            tails[at] = place
            ends[at] = number
    chain: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(both[number])
        number = before[number]
    return chain[::-1]


def _once(keys: Sequence[str], start: int, end: int) -> dict[str, int]:
    """The place of each key; -1 for those that come more than once."""
    places: dict[str, int] = {}
    for place in range(start, end):
        places[keys[place]] = -1 if keys[place] in places else place
    return places


def _likeness(left: _Side, i: int, right: _Side, j: int) -> float:
    """How much the other's statement may be the sample's with its blanks filled."""
    if left.keys[i] == right.keys[j]:
        return _IDENTICAL
    mine, total = left.bag(i)
    theirs, total_theirs = right.bag(j)
    if len(theirs) < len(mine):
        common = sum(min(weight, mine.get(key, 0.0)) for key, weight in theirs.items())
    else:
        common = sum(min(weight, theirs.get(key, 0.0)) for key, weight in mine.items())
    dice = 2 * common / (total + total_theirs) if total + total_theirs else 0.0
    if i not in left.holding or not total:
        return dice
    return (0.8 * common / total + 0.2 * dice) * (total / (total + 0.3))


def _stretch(
    left: _Side,
    right: _Side,
    rows: tuple[int, int],
    columns: tuple[int, int],
    found: dict[int, int],
) -> None:
    """Matches a stretch of statements in order, for the greatest sum of likeness."""
    count, width = rows[1] - rows[0], columns[1] - columns[0]
    if not count or not width or count > _MAX_ROWS or width > 10 * _MAX_ROWS:
        return
    reach = width if count * width <= _MAX_CELLS else max(4, _MAX_CELLS // (2 * count))
    best = [0.0] * (width + 1)
    steps: list[tuple[int, bytearray]] = []
    for row in range(count):
        middle = row * width // count
        start, end = max(0, middle - reach), min(width, middle + reach + 1)
        above, best = best, best[:]
        moves = bytearray(end - start)
        for column in range(start, end):
            likeness = _likeness(left, rows[0] + row, right, columns[0] + column)
            value, move = above[column + 1], 0
            if best[column] > value:
                value, move = best[column], 1
            if likeness >= _ENOUGH and above[column] + likeness > value:
                value, move = above[column] + likeness, 2
            best[column + 1] = value
            moves[column - start] = move
        for column in range(end, width):
            best[column + 1] = max(best[column + 1], best[end])
        steps.append((start, moves))
    row, column = count - 1, width - 1
    while row >= 0 and column >= 0:
        start, moves = steps[row]
        if column < start:
            row -= 1
        elif column >= start + len(moves):
            column -= 1
        elif moves[column - start] == 2:
            found[rows[0] + row] = columns[0] + column
            row, column = row - 1, column - 1
        elif moves[column - start] == 1:
            column -= 1
        else:
            row -= 1


def _moved(left: _Side, right: _Side, found: dict[int, int]) -> dict[int, int]:
    """Statements that are out of order, where they are plainly the same."""
    taken = set(found.values())
    mine = [i for i in left.holding if i not in found and not left.whole(i)][:30]
    if not mine:
        return {}
    theirs = [j for j in range(len(right.keys)) if j not in taken][:60]
    likely = sorted(
        ((_likeness(left, i, right, j), -i, -j) for i in mine for j in theirs), reverse=True
    )
    moved: dict[int, int] = {}
    for likeness, i, j in likely:
        if likeness >= _SURE and -i not in moved and -j not in taken:
            moved[-i] = -j
            taken.add(-j)
    return moved


def _wholes(
    left: _Side, right: _Side, found: dict[int, int], taken: set[int]
) -> dict[int, tuple[int, int]]:
    """What blanks that are whole statements became: what else stands between their neighbours.

    Of several runs of statements it is the longest. Several blanks share it, the last takes what
    is left over.
    """
    result: dict[int, tuple[int, int]] = {}
    order = sorted(found)
    for group in _groups(i for i in left.holding if left.whole(i) and i not in found):
        at = bisect_left(order, group[0])
        low = found[order[at - 1]] + 1 if at else 0
        high = found[order[at]] if at < len(order) else len(right.keys)
        near = range(low, min(high, low + _REACH))
        free = _groups(j for j in near if j not in taken)
        run = max(free, key=len, default=list[int]())
        for number, i in enumerate(group[: len(run)]):
            last = run[-1] if number == len(group) - 1 else run[number]
            result[i] = (run[number], last)
            taken.update(range(run[number], last + 1))
    return result


def _groups(numbers: Iterable[int]) -> list[list[int]]:
    """Runs of numbers that follow each other."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups
