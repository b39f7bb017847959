"""What was printed, compared by value: numbers as numbers, words as words, spacing left aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from blankcheck_runner.judge.task import Printed

_TOKEN = re.compile(
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?j?)|[^\W\d_][\w]*|_\w*|[^\s,]"
)
_ASIDE = re.compile(
    r",?\s*(?:grad_fn=<[^>]*>|requires_grad=True|device='[^']*'|dtype=torch\.\w+)(?=[,)])"
)
"""What torch adds to a tensor's text that says nothing of its values."""
_SIZE = re.compile(r"torch\.Size\(\[([^\]]*)\]\)")
_BRACKETS = {"⟨": "([", "⟩": ")]"}
"""What a size is printed in as a tuple or a list."""


@dataclass(frozen=True)
class Line:
    """One line of output that is not empty, and the statement that printed it."""

    text: str
    line: int | None
    """The statement's first line."""


def lines_of(prints: Sequence[Printed]) -> list[Line]:
    """The lines of output in order; a line that several statements wrote is the first one's."""
    lines: list[Line] = []
    open_line: Line | None = None
    for printed in prints:
        for piece in printed.text.splitlines(keepends=True):
            if open_line is None:
                open_line = Line("", printed.line)
            open_line = Line(open_line.text + piece, open_line.line)
            if piece.endswith(("\n", "\r")):
                lines.append(open_line)
                open_line = None
    if open_line is not None:
        lines.append(open_line)
    return [line for line in lines if line.text.strip()]


def tokens(text: str) -> list[str]:
    """The numbers, words and signs of a text."""
    text = _SIZE.sub(r"⟨\1⟩", _ASIDE.sub("", text))
    return [match[0] for match in _TOKEN.finditer(text)]


def same(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether two token rows say the same."""
    return len(expected) == len(found) and first_difference(expected, found) is None


def first_difference(expected: Sequence[str], found: Sequence[str]) -> int | None:
    """The place of the first token that differs, or where one row ends; null if there is none."""
    for place, (one, other) in enumerate(zip(expected, found, strict=False)):
        if one != other and not _near(one, other) and not _size(one, other):
            return place
    return None if len(expected) == len(found) else min(len(expected), len(found))


def find(expected: Sequence[str], lines: Sequence[Line], start: int) -> tuple[int, int] | None:
    """Where from `start` on whole lines say what is expected: the first such run, as a range."""
    if not expected:
        return None
    for first in range(start, len(lines)):
        found: list[str] = []
        for last in range(first, len(lines)):
            found += tokens(lines[last].text)
            if len(found) >= len(expected) and says(expected, found):
                return first, last + 1
            if len(found) > len(expected) + _LABEL:
                break
    return None


_ROUNDED = 4
"""Digits after the point from which on a number counts as rounded by printing."""
_LABEL = 12
"""Words that a learner may print before a value to say what it is."""


def says(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether a row says what is expected, with or without words around it that name it."""
    plain = _unwrapped(expected)
    if plain and says(plain, found):
        return True
    extra = len(found) - len(expected)
    if not 0 <= extra <= _LABEL:
        return False
    value = any(_number(token) is not None for token in expected)
    for label in range(extra, -1, -1):
        before, after = found[:label], found[label + len(expected) :]
        if after and not value:
            return False
        if _words(before, after) and same(expected, found[label : label + len(expected)]):
            return True
    return False


def _unwrapped(row: Sequence[str]) -> list[str]:
    """A row without `tensor(…)` around its numbers, as `.item()` and `.tolist()` give them; empty
    where there is none. The other way round, `.item()` may be what the task is about."""
    plain: list[str] = []
    depth, opened = 0, list[int]()
    for place, token in enumerate(row):
        if token == "(":
            depth += 1
            if place and row[place - 1] == "tensor":
                plain.pop()
                opened.append(depth)
                continue
        elif token == ")":
            depth -= 1
            if opened and opened[-1] == depth + 1:
                opened.pop()
                continue
        plain.append(token)
    return plain if len(plain) < len(row) else []


def _words(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether what stands around a value only says what it is."""
    if any(_number(token) is not None for token in (*before, *after)):
        return False
    if before and not (before[0][:1].isalpha() and before[-1] not in "([{"):
        return False
    return not after or after[0][:1].isalpha() or after[0] in (".", "!", "%", "°", "€", "$")


def _size(one: str, other: str) -> bool:
    return other in _BRACKETS.get(one, ()) or one in _BRACKETS.get(other, ())


def alike(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether two rows have the same words and as many numbers in the same places."""
    return len(expected) == len(found) and all(
        one == other or (_number(one) is not None and _number(other) is not None)
        for one, other in zip(expected, found, strict=True)
    )


def _number(token: str) -> float | None:
    try:
        return float(token.rstrip("j"))
    except ValueError:
        return None


def _decimals(token: str) -> int:
    mantissa, _, exponent = token.lower().rstrip("j").partition("e")
    _, _, fraction = mantissa.partition(".")
    return len(fraction) - int(exponent or 0)


def _near(one: str, other: str) -> bool:
    left, right = _number(one), _number(other)
    if left is None or right is None or one.endswith("j") != other.endswith("j"):
        return False
    if left == right or (left != left and right != right):
        return True
    if "." not in one and "." not in other:
        return False
    apart, digits = abs(left - right), max(_decimals(one), _decimals(other))
    # As many digits as torch prints: the last may be rounded either way.
    if digits >= _ROUNDED and apart <= 1.01 * 10.0**-digits:
        return True
    # More digits than torch prints.
    if _ROUNDED <= _decimals(one) < _decimals(other) and apart <= 0.51 * 10.0 ** -_decimals(one):
        return True
    return apart <= 2e-6 * max(abs(left), abs(right))
