"""Finding what a learner has still to fill in, in code that need not parse.

A blank is a run of three or more underscores that stands alone as a name, anywhere but in a
comment, or the empty right-hand side of an assignment. One pass over the tokens finds both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from blankcheck.course.text import Span
from blankcheck.course.tokens import (
    COMPOUND,
    Statement,
    Token,
    callee_span,
    closes,
    ends_operand,
    scan,
    statements,
    words,
)

BlankKind = Literal[
    "argument",
    "callee",
    "attribute",
    "target",
    "keyword",
    "import",
    "statement",
    "string",
    "value",
    "empty",
]


@dataclass(frozen=True)
class Call:
    """The call that a blank stands in."""

    callee: str
    """What is called, as the code spells it: `torch.matmul`."""
    span: Span
    """The callee in the code."""
    position: int | None
    """Which argument, counted from 0; null after `*` or for a keyword."""
    keyword: str | None
    """The keyword's name, or null."""


@dataclass(frozen=True)
class Blank:
    """One place that is to be filled in."""

    index: int
    """Counted from 0 in the order of the text."""
    span: Span
    """The underscores. Of an empty right-hand side: the white space after the `=`, often none."""
    kind: BlankKind
    """`argument`: the whole of one; `string`: in a string's text or an f-string's field;
    `statement`: the whole of one; `value`: part of another expression, or the whole of a
    right-hand side."""
    mark: Span
    """Where an editor shows it: never empty. Of an empty right-hand side, with its `=`."""
    call: Call | None = None
    """The innermost call around it, if it stands among the arguments."""


_RUN = re.compile(r"_{3,}")
_WHOLE_RUN = re.compile(r"_{3,}\Z")
_WORD = re.compile(r"\\(?:[^_]|(?=_))|\w+")
_SPACE = re.compile(r"[ \t\f]*")
_ASSIGNS = words("= += -= *= /= //= %= **= @= &= |= ^= <<= >>=")
_CANDIDATE = re.compile(r"___|=[ \t\f]*(?:[\r\n;#\\]|\Z)")
_LONGEST_CALLEE = 200


def is_blank(text: str) -> bool:
    """Whether `text` as a whole is written as a blank."""
    return _WHOLE_RUN.match(text) is not None


@lru_cache(maxsize=16)
def find_blanks(code: str) -> tuple[Blank, ...]:
    """The blanks of `code` in order. Never raises; takes time linear in the code.

    Several who look at the same code ask one after the other.
    """
    if not _CANDIDATE.search(code):
        return ()
    return blanks_among(code, scan(code))


def blanks_among(code: str, tokens: Sequence[Token]) -> tuple[Blank, ...]:
    """The blanks of `code`, whose tokens are given."""
    found: list[Blank] = []

    def add(start: int, end: int, kind: BlankKind, mark: Span | None, call: Call | None) -> None:
        span = Span(start, end)
        found.append(Blank(len(found), span, kind, mark or span, call))

    calls = _Calls(code, tokens)
    for statement in statements(tokens):
        shape: _Shape | None = None
        for place, index in enumerate(statement.tokens):
            token = tokens[index]
            calls.pass_by(index)
            if token.kind == "name" and _RUN.match(token.text):
                if is_blank(token.text) and _stands_alone(code, token.start, token.end):
                    shape = shape or _Shape(tokens, statement)
                    kind = _kind(tokens, statement, place, shape, calls)
                    call = calls.around(index)
                    if call and kind == "keyword":
                        call = replace(call, position=None)
                    add(token.start, token.end, kind, None, call)
            elif token.kind == "string" and "___" in token.text:
                for start, end in string_blanks(token):
                    add(start, end, "string", None, calls.around(index))
            elif (
                token.kind == "op"
                and token.depth == 0
                and token.text in _ASSIGNS
                and place == len(statement.tokens) - 1
                and place > 0
            ):
                match = _SPACE.match(code, token.end)
                end = match.end() if match else token.end
                add(token.end, end, "empty", Span(token.start, end), None)
    return tuple(found)


def string_blanks(token: Token) -> list[tuple[int, int]]:
    """The offsets of the blanks in a string's text. An escape such as `\\n` is no letter."""
    return [
        (token.start + match.start(), token.start + match.end())
        for match in _WORD.finditer(token.text)
        if is_blank(match.group())
    ]


def _stands_alone(code: str, start: int, end: int) -> bool:
    """Whether no character beside a name makes it a part of a longer one.

    The tokens follow `\\w`; an identifier may hold more (combining marks).
    """
    before, after = code[max(0, start - 1) : start], code[end : end + 1]
    return not (("a" + before).isidentifier() and before) and not (
        ("a" + after).isidentifier() and after
    )


class _Calls:
    """Which call's which argument the tokens passed so far have come to."""

    def __init__(self, code: str, tokens: Sequence[Token]) -> None:
        self.code = code
        self.tokens = tokens
        self.callees: dict[int, Span | None] = {}
        self.commas: dict[int, int] = {}
        self.keywords: dict[int, str | None] = {}
        self.starred: set[int] = set()

    def pass_by(self, index: int) -> None:
        """Takes note of a token; they are to come in order."""
        token = self.tokens[index]
        parent = token.parent
        if parent < 0 or token.kind != "op" or closes(token):
            return
        if token.text == ",":
            self.commas[parent] = self.commas.get(parent, 0) + 1
            self.keywords[parent] = None
        elif token.text == "=" and self.tokens[index - 1].kind == "name":
            self.keywords[parent] = self.tokens[index - 1].text
        elif token.text in ("*", "**") and self.tokens[index - 1].text in ("(", ","):
            self.starred.add(parent)

    def callee(self, opener: int) -> Span | None:
        """What the bracket at `opener` calls; null if it is no call."""
        if opener < 0:
            return None
        if opener not in self.callees:
            offsets = callee_span(self.tokens, opener)
            self.callees[opener] = Span(*offsets) if offsets else None
        return self.callees[opener]

    def around(self, index: int) -> Call | None:
        """The innermost call around a token, at the argument come to."""
        opener = self.tokens[index].parent
        for _ in range(20):
            if opener < 0:
                return None
            span = self.callee(opener)
            if span is not None:
                keyword = self.keywords.get(opener)
                positional = keyword is None and opener not in self.starred
                return Call(
                    span.of(self.code)[:_LONGEST_CALLEE],
                    span,
                    self.commas.get(opener, 0) if positional else None,
                    keyword,
                )
            opener = self.tokens[opener].parent
        return None


class _Shape:
    """Where the parts of one statement meet."""

    def __init__(self, tokens: Sequence[Token], statement: Statement) -> None:
        self.first = tokens[statement.tokens[0]].text
        self.targets = 0
        """The place where what is bound ends: a colon, the last `=`, or the `in` of a `for`."""
        annotated = self.first in COMPOUND
        lambdas = 0
        for place, index in enumerate(statement.tokens):
            token = tokens[index]
            if token.depth or token.kind == "string":
                continue
            if token.text == "lambda":
                lambdas += 1
            elif token.text == ":":
                if lambdas:
                    lambdas -= 1
                elif not annotated and not self.targets:
                    annotated = True
                    self.targets = place
            elif token.text in _ASSIGNS and not lambdas and not annotated:
                self.targets = place
            elif token.text == "in" and "for" in (self.first, tokens[statement.tokens[1]].text):
                self.targets = self.targets or place


def _kind(
    tokens: Sequence[Token], statement: Statement, place: int, shape: _Shape, calls: _Calls
) -> BlankKind:
    """The kind of the blank that is the token at `place` in a statement."""
    indices = statement.tokens
    token = tokens[indices[place]]
    left = tokens[indices[place - 1]].text if place else ""
    right = tokens[indices[place + 1]].text if place + 1 < len(indices) else ""
    if token.field:
        return "string"
    if shape.first in ("import", "from"):
        return "import"
    if left == ".":
        return "attribute"
    if left in ("def", "class", "as", "for", "lambda") or right == ":=":
        return "target"
    if right == "(":
        return "callee"
    if not left and not right:
        return "statement"
    if token.parent >= 0 and calls.callee(token.parent):
        if right == "=" and left in ("(", ","):
            return "keyword"
        if left in ("*", "**"):
            left = tokens[indices[place - 2]].text
        return "argument" if left in ("(", ",", "=") and right in (")", ",", "") else "value"
    return "target" if _binds(tokens, indices, place, shape, left, right) else "value"


def _binds(
    tokens: Sequence[Token],
    indices: Sequence[int],
    place: int,
    shape: _Shape,
    left: str,
    right: str,
) -> bool:
    """Whether the name at `place`, between `left` and `right`, is given a value there."""
    opener = tokens[indices[place]].parent
    if shape.first == "def":
        return opener >= 0 and left in ("(", ",", "*", "**")
    if place >= shape.targets or left not in ("", ",", "(", "[", "*", "="):
        return False
    if right not in (",", ")", "]", ":", "in") and right not in _ASSIGNS:
        return False
    for _ in range(20):
        if opener < 0:
            return True
        before = tokens[opener - 1] if opener > indices[0] else None
        if before is not None and ends_operand(before):
            return False  # A subscript or a call, not a list of targets.
        opener = tokens[opener].parent
    return False
