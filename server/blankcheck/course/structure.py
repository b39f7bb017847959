"""The lines of a chapter, and what each is to its structure: separator, directive, fence, text.

Everything that is between the fences of a code block is text, whatever it looks like. A fence
that is never closed would swallow the rest of the chapter, so it ends where structure goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, NamedTuple

from blankcheck.course.text import Lines, Span

Kind = Literal[
    "blank", "text", "heading", "separator", "break", "directive", "path", "fence", "code", "close"
]

CODE = ("pre_exercise_code", "sample_code", "solution", "sct", "pre_challenge_code", "code")
"""The sections that hold code."""
_PROSE_FENCES = ("", "md", "markdown", "rmarkdown", "text", "txt")
"""Info strings of code blocks that may show what a chapter looks like."""
_DIRECTIVE = re.compile(r"`[ \t]*@([A-Za-z_]\w*)[ \t]*`", re.ASCII)
_OLD_DIRECTIVE = re.compile(
    r"\*{3}[ \t]*=[ \t]*([A-Za-z_]\w*)(?:[ \t]*:[ \t]*(.*)|[ \t].*)?", re.ASCII
)
_PATH = re.compile(r"`@@([^`]+)`")
_SEPARATOR = re.compile(r"---(?:[ \t]+(?=[A-Za-z_]\w*:)(.*))?", re.ASCII)
_DASHES = re.compile(r"---[^\r\n]*")
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)|(##)([^#\s].*)")
_FENCE = re.compile(r"(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:(`{3,})([^`]*)|(~{3,})(.*))")
_LONGEST = 12
"""Longer fences count as this long, which bounds how often a line is looked at."""


class Line(NamedTuple):
    """One line of a chapter."""

    kind: Kind
    start: int
    end: int
    """Where its text ends; the line end follows."""
    next: int
    """Where the next line starts."""
    value: str = ""
    """A directive's name, a path, a heading's title, a fence's info string, an old-style header."""
    level: int = 0
    """A heading's level; a fence's indentation in characters."""
    given: str = ""
    """What an old-style directive gives on its own line: `NormalExercise` in `=type1: Normal…`."""

    @property
    def span(self) -> Span:
        """The line without its line end."""
        return Span(self.start, self.end)


@dataclass(frozen=True)
class Fence:
    """A code block: `opening` is a line's index, and the code is the lines up to `closing`."""

    opening: int
    closing: int
    """The closing line, or for a fence that is not closed the first line that is outside it."""
    closed: bool
    decided: bool = True
    """Whether it ends there whatever text may follow."""

    @property
    def after(self) -> int:
        """The first line after the block."""
        return self.closing + 1 if self.closed else self.closing


@dataclass(frozen=True)
class Layout:
    """A chapter's lines, and its code blocks by the line that opens them."""

    text: str
    lines: tuple[Line, ...]
    fences: dict[int, Fence]

    def span(self, first: int, after: int) -> Span:
        """The lines from `first` up to `after`, without blank lines at the end."""
        while after > first and self.lines[after - 1].kind == "blank":
            after -= 1
        if after > first:
            return Span(self.lines[first].start, self.lines[after - 1].end)
        at = self.lines[first].start if first < len(self.lines) else len(self.text)
        return Span(at, at)

    def first_line(self, span: Span) -> Span:
        """The first line of a span that starts with a line's start."""
        line = self.lines[bisect_right(self.lines, span.start, key=lambda line: line.start) - 1]
        return Span(span.start, max(span.start, min(line.end, span.end)))

    def skip_blank(self, line: int, after: int) -> int:
        """The first line from `line` on that is not blank, or `after`."""
        while line < after and self.lines[line].kind == "blank":
            line += 1
        return line


def layout(text: str, lines: Lines, first: int = 0) -> Layout:
    """Lays out `text` from line `first` on; the lines before it count as text."""
    raw = [_line(text, lines, number) for number in range(len(lines))]
    for number in range(first):
        raw[number] = raw[number]._replace(kind="text")
    marks = {
        number: mark for number in range(first, len(raw)) if (mark := _fence(text, raw[number]))
    }
    fences: dict[int, Fence] = {}
    hopeless: dict[str, int] = {}
    number = first
    while number < len(raw):
        mark = marks.get(number)
        if mark is None:
            number += 1
            continue
        fence = _block(number, mark, marks, raw, hopeless)
        fences[number] = fence
        raw[number] = raw[number]._replace(kind="fence", value=mark.info, level=mark.indent)
        for inside in range(number + 1, fence.closing):
            raw[inside] = raw[inside]._replace(kind="code")
        if fence.closed:
            raw[fence.closing] = raw[fence.closing]._replace(kind="close")
        number = fence.after
    return Layout(text, tuple(raw), fences)


def _line(text: str, lines: Lines, number: int) -> Line:
    """One line, taken as if it stood outside any fence."""
    start = lines.starts[number]
    after = lines.starts[number + 1] if number + 1 < len(lines) else len(text)
    content = text[start:after]
    end = start + len(content.rstrip("\r\n"))
    if number == 0:
        content = content.removeprefix("\ufeff")
    indented = content.startswith(("    ", "\t", " \t", "  \t", "   \t"))
    content = content.strip()
    if not content:
        return Line("blank", start, end, after)
    mark = "" if indented and content[0] in "-*#" else content[0]
    if mark == "`" and (match := _DIRECTIVE.fullmatch(content)):
        return Line("directive", start, end, after, match[1])
    if mark == "`" and (match := _PATH.fullmatch(content)):
        return Line("path", start, end, after, match[1].strip())
    if mark == "-" and (match := _SEPARATOR.fullmatch(content)):
        return Line("separator", start, end, after, match[1] or "")
    if mark == "*" and content == "***":
        return Line("break", start, end, after)
    if mark == "*" and (match := _OLD_DIRECTIVE.fullmatch(content)):
        return Line("directive", start, end, after, match[1], given=match[2] or "")
    if mark == "#" and (match := _HEADING.fullmatch(content)):
        title = (match[2] or match[4]).strip()
        bare = title.rstrip("#")
        if bare != title and (not bare or bare[-1] in " \t"):
            title = bare.rstrip()
        return Line("heading", start, end, after, title, len(match[1] or match[3]))
    return Line("text", start, end, after)


class _Mark(NamedTuple):
    """A line that may open or close a fence."""

    character: str
    length: int
    info: str
    indent: int
    listed: bool
    """Whether it stands on the line of a list marker, where it can only open."""


def _fence(text: str, line: Line) -> _Mark | None:
    if line.kind != "text":
        return None
    content = text[line.start : line.end]
    stripped = content.strip("\ufeff \t")
    if "```" not in stripped and "~~~" not in stripped:
        return None
    match = _FENCE.fullmatch(stripped)
    if match is None:
        return None
    run, info = (match[1], match[2]) if match[1] else (match[3], match[4])
    indent = content.index(run)
    listed = match.start(1 if match[1] else 3) > 0
    return _Mark(run[0], min(len(run), _LONGEST), info.strip(), indent, listed)


def _block(
    opening: int, mark: _Mark, marks: dict[int, _Mark], raw: list[Line], hopeless: dict[str, int]
) -> Fence:
    """The code block that `opening` begins.

    The next bare fence closes it. A fence with an info string cannot, and is text. But if this
    block is code, and there is structure in between, then it was left open, and structure ends it.
    """
    structure: int | None = None
    code = _is_code(opening, mark, raw)
    fence = mark.character * mark.length
    search = hopeless.get(fence, len(raw)) > opening
    number = opening + 1
    while number < len(raw):
        if raw[number].kind in ("separator", "break", "directive"):
            structure = number if structure is None else structure
        if structure is not None and not search:
            break
        other = marks.get(number)
        if other and other.character == mark.character and other.length >= mark.length:
            if not other.info and not other.listed:
                return Fence(opening, number, True)
            if structure is not None and code:
                return Fence(opening, structure, False)
        number += 1
    else:
        hopeless[fence] = min(opening, hopeless.get(fence, opening))
    return Fence(opening, len(raw) if structure is None else structure, False, decided=False)


def _is_code(opening: int, mark: _Mark, raw: list[Line]) -> bool:
    """Whether a block holds code or attributes, in which a directive makes no sense."""
    if mark.info.strip("{}").lower() not in _PROSE_FENCES:
        return True
    before = opening - 1
    while before > 0 and raw[before].kind == "blank":
        before -= 1
    if before < 0 or raw[before].kind not in ("directive", "path"):
        return False
    return raw[before].kind == "path" or raw[before].value.rstrip("0123456789") in CODE


def separators(text: str, lines: Lines, first: int) -> list[int]:
    """The lines from `first` on that separate exercises, unless they are in a code block."""
    start = lines.starts[first] if first < len(lines) else len(text)
    found = (lines.line_of(match.start()) for match in _DASHES.finditer(text, start))
    return [number for number in found if _line(text, lines, number).kind == "separator"]


@dataclass(frozen=True)
class FrontMatter:
    """The YAML that a chapter begins with, in lines of its text."""

    opening: int
    first: int
    after: int
    """The line after the YAML: the one that closes it, if `closed`."""
    closed: bool
    body: int
    """Where the exercises start; the closing line itself where it is an exercise's header too."""


def front_matter(text: str, lines: Lines) -> FrontMatter | None:
    """The front matter between `---` lines, or null for a chapter that has none."""
    opening = 0
    while (line := _line(text, lines, opening)).kind == "blank":
        opening += 1
        if opening == len(lines):
            return None
    if line.kind != "separator" or line.value:
        return None
    empty = True
    after = opening + 1
    while after < len(lines):
        line = _line(text, lines, after)
        if line.kind == "separator":
            if empty:
                return None
            return FrontMatter(opening, opening + 1, after, True, after + (not line.value))
        exercise = line.kind == "directive" or (line.kind == "heading" and line.level == 2)
        if exercise or _fence(text, line):
            # An exercise begins before anything closes: either the closing line is missing, or
            # there is no front matter and the first `---` only separates.
            break
        empty = empty and line.kind == "blank"
        after += 1
    return None if empty else FrontMatter(opening, opening + 1, after, False, after)
