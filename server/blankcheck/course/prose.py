"""Prose as a list: the instructions, hints, options and feedbacks of a section, one by one.

Authors write bullets, numbers or plain paragraphs, with code blocks at any indentation. A code
block belongs to the item above it, whatever its indentation.
"""

from __future__ import annotations

import re

from blankcheck.course.model import Item
from blankcheck.course.structure import Layout

_MARKER = re.compile(r"([-*+]|\d{1,9}[.)])(?:([ \t]+)|$)", re.ASCII)


def items(layout: Layout, first: int, after: int, *, options: bool = False) -> tuple[Item, ...]:
    """The items in the lines from `first` up to `after`."""
    found: list[Item] = []
    start: int | None = None
    depth = 0
    in_list = False
    blank_before = False
    number = first
    while number < after:
        line = layout.lines[number]
        if line.kind == "blank":
            blank_before = True
            number += 1
            continue
        content = layout.text[line.start : line.end]
        indent = _indent(content)
        marker = _MARKER.match(content.lstrip(" \t\ufeff"))
        inside = in_list and indent > depth + 1
        if start is None:
            begins = True
        elif marker and line.kind in ("text", "fence"):
            begins = not inside
        else:
            begins = blank_before and line.kind != "fence" and not inside
        if begins:
            if start is not None:
                found.append(_item(layout, start, number, options))
            start, depth, in_list = number, indent, marker is not None
        blank_before = False
        fence = layout.fences.get(number)
        number = min(fence.after, after) if fence else number + 1
    if start is not None:
        found.append(_item(layout, start, after, options))
    return tuple(found)


def _indent(content: str) -> int:
    content = content.removeprefix("\ufeff").expandtabs(4)
    return len(content) - len(content.lstrip(" "))


def _item(layout: Layout, first: int, after: int, options: bool) -> Item:
    """One item, with the blank lines after it left out."""
    span = layout.span(first, after)
    head = layout.text[span.start : layout.lines[first].end]
    blanks = len(head) - len(head.lstrip(" \t\ufeff"))
    span = type(span)(span.start + blanks, span.end)
    head = head[blanks:]
    match = _MARKER.match(head)
    marker = match[1] if match else ""
    width = match.end() if match else 0
    lines = [head[width:].rstrip()]
    for number in range(first + 1, after):
        line = layout.lines[number]
        if line.start >= span.end:
            break
        content = layout.text[line.start : min(line.end, span.end)]
        lines.append(_outdented(content, blanks + width))
    text = "\n".join(lines).strip("\n")
    correct = options and len(text) > 2 and text[0] == "[" and text[-1] == "]"
    return Item(text[1:-1].strip() if correct else text, span, marker, correct)


def _outdented(content: str, width: int) -> str:
    """The line without as much of its indentation as the list gives it."""
    if content.startswith("\t"):
        return content[1:] if width else content
    present = len(content) - len(content.lstrip(" "))
    return content[min(present, width) :].rstrip("\r\n")
