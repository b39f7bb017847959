"""Python code as tokens, also where it does not parse: a learner's text is broken most of the time.

`tokenize` of the standard library gives up at the first error, and `ast` with it. This scanner
never does: an unterminated string ends with its line, an unclosed bracket ends where the next
statement plainly begins, and it takes time linear in the text.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

TokenKind = Literal["name", "number", "string", "op", "comment", "newline"]


class Token(NamedTuple):
    """A token. Of an f-string, each stretch of its text is a `string` and each brace an `op`."""

    kind: TokenKind
    text: str
    start: int
    end: int
    parent: int
    """The index of the bracket around it, -1 for none; for a closing bracket, the one it closes."""
    depth: int
    """How many brackets stand around it; a bracket itself does not count."""
    field: bool
    """Whether it is code inside an f-string."""


def words(text: str) -> frozenset[str]:
    """A set of words, written as one text."""
    return frozenset(text.split())


KEYWORDS = frozenset(keyword.kwlist)
COMPOUND = words("if elif else for while with try except finally def class async")

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\f\ufeff]+|\\(?:\r\n|\n|\r))
    | (?P<newline>\r\n|\n|\r)
    | (?P<comment>\#[^\r\n]*)
    | (?P<quote>(?:[rRuUbBfFtT]|[bBfFtT][rR]|[rR][bBfFtT])?(?:\"{3}|'{3}|\"|'))
    | (?P<number>\.?\d(?:[\w.]|(?<=[eE])[+-](?=\d))*)
    | (?P<name>[^\W\d]\w*)
    | (?P<op>\*\*=|//=|>>=|<<=|\.\.\.|[-+*/%&|^@=!<>:]=|->|\*\*|//|<<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REST = {
    "'": re.compile(r"[^'\\\r\n]*(?:\\(?:\r\n|[\s\S])[^'\\\r\n]*)*'?"),
    '"': re.compile(r'[^"\\\r\n]*(?:\\(?:\r\n|[\s\S])[^"\\\r\n]*)*"?'),
    "'''": re.compile(r"[^'\\]*(?:(?:\\[\s\S]|'(?!''))[^'\\]*)*(?:''')?"),
    '"""': re.compile(r'[^"\\]*(?:(?:\\[\s\S]|"(?!""))[^"\\]*)*(?:""")?'),
}
_LITERAL = re.compile(r"[^'\"\\{}\r\n]+|\\(?:\r\n|[^{}])|\{\{|\}\}|\r\n|.", re.DOTALL)
_NAMED = re.compile(r"[ \t]*=(?!=)")
_STARTERS = words(
    "def class import return while try raise del global nonlocal assert pass break continue"
)
_CONTINUERS = words("and as else in is or")
_JOINERS = words("and as else for from if in is not or async await lambda yield")
_CLOSES = {")": "(", "]": "[", "}": "{"}
_SEARCH = 50
"""How many open brackets a closing one may look past for its own; keeps hostile text linear."""


class _String(NamedTuple):
    """An f-string that is open."""

    quote: str
    brackets: int
    """How many brackets were open where it began."""


class _Scanner:
    """One pass over one text. Its lifetime is the call of `scan`."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.wary = -1
        """Up to here a bracket is known to stay open, so that every line out of place ends it."""
        self.tokens: list[Token] = []
        self.brackets: list[int] = []
        """The indices of the opening brackets that are open."""
        self.kinds: list[str] = []
        """Their characters; `F` for a brace that opens a replacement field."""
        self.strings: list[_String] = []
        self.specs: list[bool] = []
        """For each open field, whether its format spec has begun."""

    def add(self, kind: TokenKind, start: int, end: int, parent: int | None = None) -> None:
        brackets = self.brackets
        self.tokens.append(
            Token(
                kind,
                self.code[start:end],
                start,
                end,
                (brackets[-1] if brackets else -1) if parent is None else parent,
                len(brackets),
                bool(self.strings),
            )
        )

    def open(self, kind: str, start: int, end: int) -> None:
        self.add("op", start, end)
        self.brackets.append(len(self.tokens) - 1)
        self.kinds.append(kind)

    def close(self, position: int) -> None:
        """A closing bracket: closes its own, and what was left open inside of it."""
        wanted = _CLOSES[self.code[position]]
        for back in range(1, min(len(self.kinds), _SEARCH) + 1):
            kind = self.kinds[-back]
            if kind == wanted or (kind == "F" and wanted == "{"):
                opener = self.brackets[-back]
                del self.brackets[-back:], self.kinds[-back:]
                if kind == "F":
                    self.specs.pop()
                self.add("op", position, position + 1, opener)
                return
            if kind == "F":
                break
        self.add("op", position, position + 1)

    def drop_to(self, brackets: int) -> None:
        """Gives up every bracket opened after the first so many."""
        del self.brackets[brackets:], self.kinds[brackets:]

    def end_string(self) -> None:
        string = self.strings.pop()
        fields = self.kinds[string.brackets :].count("F")
        del self.specs[len(self.specs) - fields :]
        self.drop_to(string.brackets)

    def in_literal(self) -> bool:
        """Whether the text here is literal text of an f-string, not code."""
        if not self.strings:
            return False
        string = self.strings[-1]
        if len(self.brackets) == string.brackets:
            return True
        return self.kinds[-1] == "F" and self.specs[-1]

    def literal(self, start: int, position: int) -> int:
        """Literal text of an f-string, its token from `start`, up to a field or its own end."""
        code, quote = self.code, self.strings[-1].quote
        in_spec = len(self.brackets) > self.strings[-1].brackets
        while position < len(code):
            if code.startswith(quote, position):
                self.add("string", start, position + len(quote))
                self.end_string()
                return position + len(quote)
            character = code[position]
            if character in "\r\n" and len(quote) == 1:
                if start < position:
                    self.add("string", start, position)
                self.end_string()
                return position
            if character in "{}" and (in_spec or code[position + 1 : position + 2] != character):
                if start < position:
                    self.add("string", start, position)
                if character == "{":
                    self.open("F", position, position + 1)
                    self.specs.append(False)
                elif in_spec:
                    self.close(position)
                else:
                    start = position
                    position += 1
                    continue
                return position + 1
            match = _LITERAL.match(code, position)
            position = match.end() if match else position + 1
        if start < position:
            self.add("string", start, position)
        self.strings.clear()
        return position

    def operand_before(self) -> bool:
        """Whether the last token ends an operand, so that another one cannot follow it."""
        if not self.tokens:
            return False
        last = self.tokens[-1]
        if last.kind == "name":
            return last.text not in KEYWORDS or last.text in ("None", "True", "False")
        return last.kind in ("number", "string") or closes(last)

    def starts_statement(self, start: int, text: str, line: int, column: int) -> bool:
        """Whether a name that begins a line inside an open bracket plainly begins a statement."""
        if text in _STARTERS:
            return True
        if text in ("from", "with"):
            return self.tokens[-1].text != "yield"
        if start < self.wary and start - line <= column:
            return text not in _CONTINUERS
        if text in _JOINERS:
            return False
        if self.operand_before():
            return True
        return start - line <= column and _NAMED.match(self.code, start + len(text)) is not None

    def scan(self) -> list[Token]:
        code, tokens, match = self.code, self.tokens, _TOKEN.match
        position, end = 0, len(code)
        line_end = -1  # Of a line that ended inside brackets, if no token came since.
        line = column = 0
        fresh = True
        statement = (0, 0, 0)  # Its first token's number, place, and line.
        while True:
            if position >= end:
                if not self.brackets or self.wary >= end:
                    return tokens
                self.wary = end
                position, line = self.back_to(statement)
                line_end, fresh = -1, True
                continue
            if self.in_literal():
                position = self.literal(position, position)
                continue
            found = match(code, position)
            assert found is not None  # The last alternative takes any character.
            kind, start, position = found.lastgroup, position, found.end()
            if kind == "space":
                continue
            if kind == "newline":
                if self.strings and not self.goes_on(position):
                    while self.strings and len(self.strings[-1].quote) == 1:
                        self.end_string()
                if not self.brackets and not self.strings:
                    if tokens and tokens[-1].kind != "newline":
                        self.add("newline", start, position)
                    fresh = True
                elif line_end < 0:
                    line_end = start
                line = position
                continue
            if kind == "comment":
                self.add("comment", start, position)
                continue
            if line_end >= 0:
                name = found.group() if kind == "name" and not self.strings else ""
                if name and self.starts_statement(start, name, line, column):
                    if start >= self.wary:
                        # A bracket stayed open; an earlier line than this may have ended it.
                        self.wary = start + 1
                        position, line = self.back_to(statement)
                        line_end, fresh = -1, True
                        continue
                    self.drop_to(0)
                    self.add("newline", line_end, line_end)
                    fresh = True
                line_end = -1
            if fresh:
                fresh, column = False, start - line
                statement = (len(tokens), start, line)
            if kind == "quote":
                position = self.quote(start, position)
            elif kind == "op":
                position = self.operator(found.group(), start, position)
            else:
                self.add("name" if kind == "name" else "number", start, position)

    def back_to(self, statement: tuple[int, int, int]) -> tuple[int, int]:
        """Forgets what came since the statement began. Answers its place and line."""
        del self.tokens[statement[0] :]
        self.brackets.clear()
        self.kinds.clear()
        self.strings.clear()
        self.specs.clear()
        return statement[1], statement[2]

    def goes_on(self, position: int) -> bool:
        """Whether a field of an f-string in single quotes goes on in the next line."""
        last = self.tokens[-1]
        if last.kind == "op" and not closes(last):
            return True
        rest = _TOKEN.match(self.code, position)
        if rest and rest.lastgroup == "space":
            rest = _TOKEN.match(self.code, rest.end())
        return rest is not None and rest.group() in (")", "]", "}")

    def quote(self, start: int, position: int) -> int:
        opening = self.code[start:position]
        marks = opening.lstrip("rRuUbBfFtT")
        again = bool(self.strings) and opening == self.strings[-1].quote
        if again and self.operand_before():
            # Since Python 3.12 a string may begin in a field with the quote of the f-string
            # around it, but none can right after an operand: the field was left open.
            self.add("string", start, position)
            self.end_string()
            return position
        prefix = opening[: len(opening) - len(marks)].lower()
        if "f" in prefix or "t" in prefix:
            self.strings.append(_String(marks, len(self.brackets)))
            return self.literal(start, position)
        rest = _REST[marks].match(self.code, position)
        position = rest.end() if rest else position
        self.add("string", start, position)
        return position

    def operator(self, text: str, start: int, position: int) -> int:
        in_field = bool(self.kinds) and self.kinds[-1] == "F"
        if in_field and text[0] == ":":
            self.add("op", start, start + 1)
            self.specs[-1] = True
            return start + 1
        if text in "([{":
            self.open(text, start, position)
        elif text in ")]}":
            self.close(start)
        else:
            self.add("op", start, position)
        return position


def closes(token: Token) -> bool:
    """Whether the token is a closing bracket."""
    return token.kind == "op" and token.text in _CLOSES


@lru_cache(maxsize=2)
def scan(code: str) -> tuple[Token, ...]:
    """The tokens of `code`, comments and the ends of logical lines included.

    Kept for the two texts that are compared: of a submission, both blanks and places ask for them.
    """
    return tuple(_Scanner(code).scan())


class Statement(NamedTuple):
    """A simple statement, or the header of a compound one."""

    tokens: tuple[int, ...]
    """The indices of its tokens, without comments; never empty."""
    start: int
    end: int


def statements(tokens: Sequence[Token]) -> list[Statement]:
    """The statements in order, flat: the body of an `if` follows its header."""
    result: list[Statement] = []
    current: list[int] = []
    lambdas = 0

    def flush() -> None:
        if current:
            result.append(
                Statement(tuple(current), tokens[current[0]].start, tokens[current[-1]].end)
            )
            current.clear()

    for index, token in enumerate(tokens):
        if token.kind == "comment":
            continue
        if token.kind == "newline" or (token.text == ";" and token.depth == 0):
            flush()
            lambdas = 0
            continue
        current.append(index)
        if token.depth == 0:
            if token.text == "lambda":
                lambdas += 1
            elif token.text == ":" and token.kind == "op":
                if lambdas:
                    lambdas -= 1
                elif tokens[current[0]].text in COMPOUND:
                    flush()
    flush()
    return result


def callee_span(tokens: Sequence[Token], opener: int) -> tuple[int, int] | None:
    """The offsets of what is called by the parenthesis at `opener`; null if it calls nothing."""
    if tokens[opener].text != "(" or opener == 0:
        return None
    index = opener - 1
    last = tokens[index]
    if last.kind == "newline" or tokens[opener].parent != _outside(tokens, index):
        return None
    for _ in range(_SEARCH):
        token = tokens[index]
        if closes(token) and token.text != "}" and token.parent >= 0:
            index = token.parent
            if index == 0 or not ends_operand(tokens[index - 1]):
                break
            index -= 1
            continue
        if token.kind == "string":
            break
        if token.kind != "name" or token.text in KEYWORDS:
            return None
        if index >= 1 and tokens[index - 1].text in ("def", "class"):
            return None
        if index >= 2 and tokens[index - 1].text == "." and ends_operand(tokens[index - 2]):
            index -= 2
            continue
        break
    return tokens[index].start, last.end


def _outside(tokens: Sequence[Token], index: int) -> int:
    """The bracket around a token, where a closing bracket counts as outside of its own."""
    token = tokens[index]
    if closes(token) and token.parent >= 0:
        return tokens[token.parent].parent
    return token.parent


def ends_operand(token: Token) -> bool:
    """Whether an operand ends with the token, so that a bracket after it calls or subscripts."""
    if token.kind == "name":
        return token.text not in KEYWORDS
    return token.kind in ("string", "number") or closes(token)
