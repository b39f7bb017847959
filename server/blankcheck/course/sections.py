"""The sections of an exercise: which directives there are, and what stands under each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from blankcheck.course import prose
from blankcheck.course.model import Code, Section
from blankcheck.course.structure import CODE, Fence, Layout
from blankcheck.course.text import Span, with_line_feeds

ATTRIBUTES = ("type", "key", "xp", "title", "lang", "skills", "video_link", "video_hls")
"""What the old style may give in a section of its own, `*** =type2`."""
_PROSE = (
    "instructions",
    "hint",
    "possible_answers",
    "feedbacks",
    "question",
    "assignment",
    "context",
    "projector_key",
    "variables",
    "distractors",
)
_OTHER_NAMES = {"options": "possible_answers", "feedback": "feedbacks"}
_DIRECTIVES = (*CODE, *_PROSE, *_OTHER_NAMES, "step")
_NUMBERED = re.compile(r"([a-z_]+)(\d{1,4})", re.ASCII)


class Mark(NamedTuple):
    """A line that begins a section or a step."""

    line: int
    name: str
    """The section's name, or `step`; empty for a directive that is unknown."""
    number: int | None = None
    """The step that an old-style name such as `=instructions2` is for."""
    written: str = ""
    meant: str = ""
    """For a misspelt directive: the one that it is read as."""


def marks(page: Layout, first: int, after: int, iterative: bool) -> Iterator[Mark]:
    """The lines from `first` up to `after` that begin something, fences left out."""
    number = first
    while number < after:
        line = page.lines[number]
        if line.kind == "directive":
            yield _directive(page, number)
        elif line.kind == "break" and _begins_step(page, number, after, iterative):
            yield Mark(number, "step")
        fence = page.fences.get(number)
        number = fence.after if fence else number + 1


def _directive(page: Layout, number: int) -> Mark:
    line = page.lines[number]
    name = line.value.lower()
    old = page.text[line.start : line.end].lstrip("\ufeff \t").startswith("*")
    known = (*_DIRECTIVES, *ATTRIBUTES) if old else _DIRECTIVES
    if name in known:
        return Mark(number, _OTHER_NAMES.get(name, name), None, line.value)
    match = _NUMBERED.fullmatch(name)
    if match and match[1] == "code":
        return Mark(number, name, None, line.value)
    if match and match[1] in known:
        name = match[1]
        return Mark(number, _OTHER_NAMES.get(name, name), int(match[2]), line.value)
    swapped = [other for other in known if sorted(other) == sorted(name[:40])]
    close = swapped or get_close_matches(name[:40], known, 1, 0.8)
    if not close:
        return Mark(number, "", None, line.value)
    return Mark(number, _OTHER_NAMES.get(close[0], close[0]), None, line.value, close[0])


def _begins_step(page: Layout, number: int, after: int, iterative: bool) -> bool:
    """Whether `***` separates steps, and is not just a rule drawn in the text."""
    follows = page.skip_blank(number + 1, after)
    if follows == after:
        return iterative
    if page.lines[follows].kind == "heading":
        if iterative:
            return True
        follows = page.skip_blank(follows + 1, after)
    if is_yaml(page, follows):
        return True
    return iterative and page.lines[follows].kind in ("directive", "break")


def is_yaml(page: Layout, number: int) -> bool:
    """Whether a YAML block starts on this line."""
    fence = number in page.fences
    return fence and page.lines[number].value.strip("{}").strip().lower() in ("yaml", "yml")


def section(page: Layout, name: str, start: int, first: int, after: int) -> Section:
    """The section that starts on line `start` and has the lines from `first` up to `after`."""
    body = page.span(first, after)
    begin = page.lines[start].start if start < first else body.start
    if start < first and len(body) == 0:
        # Nothing follows the directive: the body is the empty end of its line.
        body = Span(page.lines[start].end, page.lines[start].end)
    shown = with_line_feeds(page.span(page.skip_blank(first, after), after).of(page.text))
    files: tuple[Code, ...] = ()
    items: tuple[prose.Item, ...] = ()
    if name in CODE or _is_numbered_code(name):
        files = _files(page, first, after)
    else:
        items = prose.items(page, first, after, options=name == "possible_answers")
    return Section(name, Span(begin, body.end), body, shown, items, files)


def _is_numbered_code(name: str) -> bool:
    return name.startswith("code") and name != "code"


def loose_lines(page: Layout, first: int, after: int) -> list[int]:
    """The lines of a code section that are in no code block."""
    loose: list[int] = []
    number = first
    while number < after:
        fence = page.fences.get(number)
        if fence is None and page.lines[number].kind not in ("blank", "path"):
            loose.append(number)
        number = fence.after if fence else number + 1
    return loose


def _files(page: Layout, first: int, after: int) -> tuple[Code, ...]:
    files: list[Code] = []
    path: str | None = None
    number = first
    while number < after:
        line = page.lines[number]
        fence = page.fences.get(number)
        if line.kind == "path":
            path = line.value
        if fence is not None:
            files.append(_code(page, fence, path))
            path = None
        number = fence.after if fence else number + 1
    loose = loose_lines(page, first, after)
    if loose and not any(file.text.strip() for file in files):
        span = page.span(loose[0], loose[-1] + 1)
        return (Code(path, "", span.of(page.text), span),)
    return tuple(files)


def fence_span(page: Layout, fence: Fence) -> Span:
    """The code between the fences."""
    opening = page.lines[fence.opening]
    if fence.closed:
        return Span(opening.next, page.lines[fence.closing].start)
    span = page.span(fence.opening + 1, fence.closing)
    return span if len(span) else Span(opening.end, opening.end)


def _code(page: Layout, fence: Fence, path: str | None) -> Code:
    span = fence_span(page, fence)
    text = span.of(page.text)
    opening = page.lines[fence.opening]
    if opening.level:
        closing = fence.closing
        text = "".join(
            _outdented(page.text[line.start : min(line.next, span.end)], opening.level)
            for line in page.lines[fence.opening + 1 : closing]
        )
    return Code(path, opening.value, text, span)


def _outdented(line: str, width: int) -> str:
    """The line without the indentation that its fence has."""
    cut = 0
    while cut < width and cut < len(line) and line[cut] in " \t":
        cut += 1
    return line[cut:]
