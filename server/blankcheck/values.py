"""What a submission's variables held in its last run or check, found by their places in the text.

The text may have been edited since: a value is told only where its statement still stands as it
was. Whoever ran it says what was there, so it is shown as it is told and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from blankcheck.course.text import Lines, Span
from blankcheck.course.variables import Variable, unedited, variables
from blankcheck_runner.wire import Seen

MAX_LINES = 3_000
"""Lines of a text beyond which no places are looked for."""


@dataclass(frozen=True)
class Shown:
    """A variable at a place of the text as it is now."""

    span: Span
    seen: Seen
    binds: bool
    latest: bool
    """Whether this is what it was at the end of the run; else what it was after its statement."""


class Values:
    """What was seen in one run of a text."""

    def __init__(self, text: str, seen: tuple[Seen, ...]) -> None:
        self.text = text
        self._lines = Lines(text)
        self._seen = {(item.name, item.line): item for item in seen}
        self._now: tuple[str, Mapping[int, int]] = text, {}

    # What follows is found out when it is looked at, not while a person waits for a verdict.

    @cached_property
    def _variables(self) -> Sequence[Variable]:
        return variables(self.text) if self._seen and len(self._lines) <= MAX_LINES else ()

    @cached_property
    def _binding(self) -> Mapping[str, set[int]]:
        """The first lines of the statements that bind a name."""
        binding: dict[str, set[int]] = {}
        for variable in self._variables:
            if variable.binds:
                binding.setdefault(variable.name, set()).add(variable.first)
        return binding

    def shown(self, lines: Lines, wanted: Span) -> Iterator[Shown]:
        """The variables whose value is known in a range of the text as it is now."""
        if not self._variables or len(lines) > MAX_LINES:
            return
        moved = self._moved(lines)
        first, last = lines.line_of(wanted.start), lines.line_of(wanted.end)
        here = {old: new for new, old in moved.items() if first <= new <= last}
        for variable in self._variables:
            line = self._lines.line_of(variable.span.start)
            if line not in here or not self._whole(variable, here[line] - line, moved):
                continue
            start = lines.starts[here[line]] + variable.span.start - self._lines.starts[line]
            seen, latest = self._value(variable)
            if seen is not None:
                span = Span(start, start + len(variable.span))
                yield Shown(span, seen, variable.binds, latest)

    def _moved(self, lines: Lines) -> Mapping[int, int]:
        if lines.text == self.text:
            return {line: line for line in range(len(lines))}
        text, moved = self._now
        if text != lines.text:
            moved = unedited(self._lines, lines)
            self._now = lines.text, moved
        return moved

    def _whole(self, variable: Variable, shift: int, moved: Mapping[int, int]) -> bool:
        """Whether the variable's statement stands as it was."""
        lines = range(variable.first, variable.last + 1)
        return all(moved.get(line + shift) == line for line in lines)

    def _value(self, variable: Variable) -> tuple[Seen | None, bool]:
        """What the variable was where it stands: after the statement that bound it last by then,
        and at the end of the run if none does later."""
        binding = self._binding.get(variable.name, set[int]())
        own = variable.first in binding and (variable.binds or variable.compound)
        before = max((line for line in binding if line < variable.first), default=None)
        line = variable.first if own else before
        if not binding or line == max(binding):
            return self._seen.get((variable.name, 0)), True
        return None if line is None else self._seen.get((variable.name, line + 1)), False
