"""What each blank of the sample code stands for: its part of the solution, and its instruction.

What this finds in the solution stays inside the server; no word of it goes to the editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from blankcheck.course.blanks import Blank, is_blank
from blankcheck.course.matching import blanks_of, match
from blankcheck.course.model import Item
from blankcheck.course.text import Span
from blankcheck.course.tokens import (
    KEYWORDS,
    Statement,
    Token,
    callee_span,
    closes,
    scan,
    statements,
    words,
)


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
        _answer(blank, place.span, tokens, starts) if place else None
        for blank, place in zip(blanks_of(sample), match(sample, solution), strict=True)
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
        named = tokens[index].kind == "name" and tokens[index + 1].text == "="
        if named and value.end <= span.end and (blank.call is None or not blank.call.keyword):
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


# Instructions

_CODE = re.compile(r"`+([^`]+)`+")
_NAME = re.compile(r"[^\W\d]\w*|\d[\w.]*")
_WORD = re.compile(r"[^\W\d_]{3,}")
_PARTS = re.compile(r"[A-Z]?[^\W\dA-Z_]+|[A-Z]+(?![^\W\dA-Z_])|\d+")
_STOP = words(
    "the and with for this that are was you your our from into its let use using then have has "
    "one two three first second third code here get set all can will not which call called result "
    "store it put"
)
_MOST_ITEMS, _MOST_STATEMENTS, _LONGEST_ITEM = 50, 300, 4_000

_TARGET, _NAMED, _NUMBER, _IN_NAME, _IN_COMMENT = 3.0, 1.0, 0.5, 0.5, 0.4
_ASIDE = 0.3
"""What a paragraph beside a list weighs: it introduces the items, and is seldom one itself."""


def instruction_of(blank: Blank, sample: str, solution: str, items: Sequence[Item]) -> int | None:
    """The index of the instruction that a blank of the sample serves; null where nothing tells."""
    found = instructions(sample, solution, tuple(items))
    return found[blank.index] if blank.index < len(found) else None


@lru_cache(maxsize=64)
def instructions(sample: str, solution: str, items: tuple[Item, ...]) -> tuple[int | None, ...]:
    """The same for every blank of the sample.

    The evidence is what an instruction names in backticks (a name that the statement assigns
    weighs most), then its words, and among equals the order of the statements.
    """
    blanks = blanks_of(sample)
    if not items:
        return (None,) * len(blanks)
    tasks = _tasks(sample, solution)[:_MOST_STATEMENTS]
    asks = _asks(items[:_MOST_ITEMS], tasks)
    scores = [[_evidence(task, ask) for ask in asks] for task in tasks]
    if len(asks) == len(tasks):
        for number, row in enumerate(scores):
            row[number] += 0.3
    if len(asks) == 1:
        return (0,) * len(blanks)
    result: list[int | None] = [None] * len(blanks)
    for task, item in zip(tasks, _ordered(scores), strict=True):
        for blank in task.blanks:
            result[blank] = item
    return tuple(result)


@dataclass(frozen=True)
class _Task:
    """A statement of the sample that holds blanks, as far as an instruction may speak of it."""

    blanks: tuple[int, ...]
    targets: frozenset[str]
    names: frozenset[str]
    parts: frozenset[str]
    """The words that its names are made of."""
    comment: frozenset[str]
    """The words of the comment above it."""


@dataclass(frozen=True)
class _Ask:
    """What an instruction speaks of."""

    names: frozenset[str]
    words: frozenset[str]
    first: str
    weight: float


def _fold(name: str) -> str:
    """A name without what people get wrong in it: case, underscores, plurals."""
    return "".join(part.removesuffix("s") or part for part in name.lower().split("_"))


def _stem(word: str) -> str:
    word = word.lower()
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text) if word.lower() not in _STOP)


def _name_parts(names: Iterable[str]) -> frozenset[str]:
    """The words that names such as `load_state_dict` and `LeakyReLU` are made of."""
    return frozenset(
        _stem(part) for name in names for part in (*_PARTS.findall(name), name) if len(part) > 2
    )


def _tasks(sample: str, solution: str) -> list[_Task]:
    tokens = scan(sample)
    imported = _imported(scan(solution)) | _imported(tokens)
    answers = align(sample, solution)
    comments = _comments(sample, tokens)
    blanks = list(blanks_of(sample))
    tasks: list[_Task] = []
    taken = 0
    for statement in statements(tokens):
        mine: list[Blank] = []
        while taken < len(blanks) and blanks[taken].mark.start < statement.end:
            mine.append(blanks[taken])
            taken += 1
        if not mine:
            continue
        target, names = _names_of(tokens, statement)
        for blank in mine:
            answer = answers[blank.index]
            if answer is not None:
                there = _NAME.findall(answer.span.of(solution)[:_LONGEST_ITEM])
                names.update(there)
                if blank.kind in ("target", "statement"):
                    target.update(there[:1])
        names -= imported
        tasks.append(
            _Task(
                tuple(blank.index for blank in mine),
                frozenset(map(_fold, target)),
                frozenset(map(_fold, names)),
                _name_parts(names | target),
                comments.get(statement.start, frozenset()),
            )
        )
    return tasks


def _names_of(tokens: Sequence[Token], statement: Statement) -> tuple[set[str], set[str]]:
    """The names that a statement assigns, and the others that it holds; numbers are names too."""
    target: set[str] = set()
    names: set[str] = set()
    last = max((place for place in statement.tokens if _assigns(tokens[place])), default=-1)
    for place in statement.tokens:
        token = tokens[place]
        if token.kind == "string":
            names.update(_NAME.findall(token.text[:_LONGEST_ITEM]))
        elif token.kind in ("name", "number") and token.text not in KEYWORDS:
            (target if place < last else names).add(token.text)
    return {name for name in target if not is_blank(name)}, {
        name for name in names if not is_blank(name)
    }


def _assigns(token: Token) -> bool:
    return token.kind == "op" and token.text == "=" and token.depth == 0


def _imported(tokens: Sequence[Token]) -> set[str]:
    """The names that import statements bind: they tell nothing about a statement."""
    return {
        tokens[place].text
        for statement in statements(tokens)
        if tokens[statement.tokens[0]].text in ("import", "from")
        for place in statement.tokens
    }


def _comments(sample: str, tokens: Sequence[Token]) -> dict[int, frozenset[str]]:
    """For the start of each statement, the words of the comment above it or its neighbours above.

    A comment reaches down to the next empty line or comment.
    """
    result: dict[int, frozenset[str]] = {}
    current: frozenset[str] = frozenset()
    last = 0
    after_comment = False
    for token in tokens:
        if token.kind == "newline":
            continue
        between = sample[last : token.start]
        if between.count("\n") > 1 or between.count("\r") > 2:
            current = frozenset()
            after_comment = False
        if token.kind == "comment":
            stems = _stems(token.text[:_LONGEST_ITEM])
            current = current | stems if after_comment else stems
            after_comment = True
        else:
            result[token.start] = current
            after_comment = False
        last = token.end
    return result


def _asks(items: Sequence[Item], tasks: Sequence[_Task]) -> list[_Ask]:
    known = frozenset[str]().union(*(task.names | task.targets for task in tasks))
    listed = any(item.marker for item in items)
    asks: list[_Ask] = []
    for item in items:
        text = item.text[:_LONGEST_ITEM]
        names = {_fold(name) for code in _CODE.findall(text) for name in _NAME.findall(code)}
        near = {close for name in names - known for close in known if _near(name, close)}
        prose = _CODE.sub(lambda code: " " + " ".join(_PARTS.findall(code.group(1))) + " ", text)
        first = _WORD.search(prose)
        asks.append(
            _Ask(
                frozenset(names | near),
                _stems(prose),
                _stem(first.group()) if first else "",
                1.0 if item.marker or not listed else _ASIDE,
            )
        )
    return asks


def _near(name: str, other: str) -> bool:
    """Whether one may be a slip for the other: nearly the same letters, and the same digits."""
    if len(name) < 5 or abs(len(name) - len(other)) > 2:
        return False
    if [c for c in name if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    return SequenceMatcher(None, name, other, autojunk=False).ratio() >= 0.88


def _evidence(task: _Task, ask: _Ask) -> float:
    """How much speaks for the statement being what the instruction asks for."""
    score = _TARGET * len(task.targets & ask.names)
    for name in (task.names - task.targets) & ask.names:
        score += _NUMBER if name[0].isdigit() else _NAMED
    score += _IN_NAME * len(task.parts & ask.words)
    score += _IN_COMMENT * len(task.comment & ask.words)
    if ask.first == "print" and "print" not in task.parts:
        score -= 0.25
    return score * ask.weight


def _ordered(scores: Sequence[Sequence[float]]) -> list[int | None]:
    """The item of each statement: by evidence, and among equals in the order of the items."""
    if not scores:
        return []
    count = len(scores[0])
    best = [score - 0.02 * item for item, score in enumerate(scores[0])]
    origins: list[list[int]] = []
    for row in scores[1:]:
        origin: list[int] = []
        values: list[float] = []
        for item in range(count):
            value, at = max(
                (best[before] - _step(before, item), -before) for before in range(count)
            )
            values.append(value + row[item])
            origin.append(-at)
        origins.append(origin)
        best = values
    item = max(range(count), key=lambda number: (best[number], -number))
    path = [item]
    for origin in reversed(origins):
        item = origin[item]
        path.append(item)
    path.reverse()
    told = [max(row) > 0 for row in scores]
    result: list[int | None] = []
    for number, item in enumerate(path):
        if not told[number]:
            before = next((path[i] for i in range(number - 1, -1, -1) if told[i]), None)
            after = next((path[i] for i in range(number + 1, len(path)) if told[i]), None)
            result.append(before if before == after else None)
        else:
            result.append(item)
    return result


def _step(before: int, item: int) -> float:
    """What going from one item to another costs: little on, more back, never much."""
    return 0.02 * (item - before) if item >= before else 0.1 + 0.02 * (before - item)
