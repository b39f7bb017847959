"""Where a submission's variables stand in its text, and where those places are after edits."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from blankcheck.course.names import names, parse
from blankcheck.course.text import Lines, Span


@dataclass(frozen=True)
class Variable:
    """One place where a name of the module stands, outside of any function that has its own."""

    name: str
    span: Span
    first: int
    """The first line, from 0, of the top-level statement that it stands in."""
    last: int
    compound: bool
    """Whether that statement holds others, such as a loop."""
    binds: bool
    """Whether the name gets a value here."""


def variables(text: str) -> tuple[Variable, ...]:
    """The variables of a code in the order of the text; empty if it does not parse."""
    tree = parse(text)
    if tree is None:
        return ()
    lines, found = Lines(text), names(tree)
    statements: dict[int, tuple[int, int, bool]] = {}
    for statement in tree.body:
        decorators = [node.lineno for node in getattr(statement, "decorator_list", [])]
        first = min([statement.lineno, *decorators]) - 1
        last = (statement.end_lineno or statement.lineno) - 1
        place = first, last, hasattr(statement, "body")
        statements.update((line, place) for line in range(first, last + 1))
    places: dict[Span, Variable] = {}
    for node, binds in [
        *((use.node, False) for use in found.reads),
        *((node, True) for node in found.bindings),  # `x += 1` reads and binds: it counts as this
    ]:
        line = node.lineno - 1
        start = lines.offset_from_utf8(line, node.col_offset)
        span = Span(start, start + len(node.id))
        if span.of(text) == node.id and line in statements:
            places[span] = Variable(node.id, span, *statements[line], binds)
    return tuple(places[span] for span in sorted(places))


def unedited(before: Lines, after: Lines) -> Mapping[int, int]:
    """The lines of a text that another one still has: where they were, by where they are."""
    old = [before.span(line).of(before.text) for line in range(len(before))]
    new = [after.span(line).of(after.text) for line in range(len(after))]
    # Most edits are in one place. What is equal before and after it need not be searched, which
    # takes long among lines that are much alike.
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    most -= head
    tail = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    inner, shift = len(new) - tail, len(old) - len(new)
    matcher = difflib.SequenceMatcher(None, old[head : inner + shift], new[head:inner], False)
    found = {line: line for line in range(head)}
    for block in matcher.get_matching_blocks():
        found.update((head + block.b + at, head + block.a + at) for at in range(block.size))
    found.update((line, line + shift) for line in range(inner, len(new)))
    return found
