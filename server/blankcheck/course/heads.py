"""What stands above an exercise's assignment: its title and its attributes, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from blankcheck.course import attributes
from blankcheck.course.model import Problem, Severity
from blankcheck.course.sections import fence_span, is_yaml
from blankcheck.course.structure import Layout
from blankcheck.course.text import Lines, Span


@dataclass
class Notes:
    """The problems that a reading has come upon."""

    problems: list[Problem] = field(default_factory=list[Problem])

    def problem(self, code: str, severity: Severity, message: str, span: Span) -> None:
        """Notes a problem."""
        self.problems.append(Problem(f"author/{code}", severity, message, span))


@dataclass
class Head:
    """A title and attributes as they were found."""

    heading: int | None = None
    values: dict[str, object] = field(default_factory=dict[str, object])
    span: Span | None = None
    """Where the attributes are."""
    body: int = 0
    """The line on which the assignment starts."""


def text_of(value: object) -> str:
    """An attribute as text; empty for one that is none."""
    return value.strip() if isinstance(value, str) else ""


class Heads:
    """Reads the heads of one chapter's exercises."""

    def __init__(self, page: Layout, notes: Notes) -> None:
        self.page = page
        self.text = page.text
        self.problem = notes.problem

    def read(self, start: int, after: int, inline: int | None, deepest: int) -> Head:
        """Reads title and attributes, and finds where the assignment starts."""
        page = self.page
        head = Head(body=start)
        if inline is not None:
            head.values = attributes.read_line(page.lines[inline].value)
            head.span = page.lines[inline].span
        limit = start
        while limit < after and page.lines[limit].kind not in ("directive", "break"):
            fence = page.fences.get(limit)
            limit = fence.after if fence else limit + 1
        limit = min(limit, after)
        at = start
        if not self._is_title(at, limit, deepest) and not (at < limit and is_yaml(page, at)):
            at = self._late_title(start, limit, deepest, inline is not None)
        for _ in range(2):
            if head.heading is None and self._is_title(at, limit, deepest):
                head.heading = at
                head.body = at = page.skip_blank(at + 1, limit)
            elif at < limit and is_yaml(page, at) and not head.body > at:
                self._yaml_block(head, at)
                head.body = at = page.skip_blank(page.fences[at].after, limit)
        return head

    def _is_title(self, number: int, limit: int, deepest: int) -> bool:
        line = self.page.lines[number] if number < limit else None
        return line is not None and line.kind == "heading" and line.level <= deepest

    def _late_title(self, start: int, limit: int, deepest: int, inline: bool) -> int:
        """The title or YAML below some stray text, or `start` if there is none."""
        page = self.page
        number = start
        while number < limit:
            if is_yaml(page, number) or (inline and self._is_title(number, limit, deepest)):
                break
            if self._is_title(number, limit, deepest) and is_yaml(
                page, page.skip_blank(number + 1, limit)
            ):
                break
            fence = page.fences.get(number)
            number = fence.after if fence else number + 1
        if number >= limit:
            return start
        if number > start:
            self.problem(
                "stray-text",
                "warning",
                "This text stands above the exercise's title and attributes: move it below them.",
                page.span(start, number),
            )
        return number

    def _yaml_block(self, head: Head, number: int) -> None:
        """Adds what a YAML block says to the attributes."""
        span = fence_span(self.page, self.page.fences[number])
        values = self.yaml(span, "attributes")
        twice = [name for name in values if name in head.values]
        if any(text_of(values[name]) != text_of(head.values[name]) for name in twice):
            self.problem(
                "attributes-twice",
                "warning",
                "This exercise gives attributes both after `---` and here, and they differ: keep "
                "these and leave the `---` alone on its line.",
                self.page.lines[number].span,
            )
        head.values = {**head.values, **values}
        head.span = span

    def yaml(self, span: Span, what: str) -> dict[str, object]:
        """The mapping in a span; what is wrong with it becomes a problem."""
        read = attributes.read(span.of(self.text))
        if read.error is not None:
            at = min(span.start + read.offset, span.end)
            line = next((s for s in self._lines_of(span) if s.start <= at <= s.end), span)
            self.problem(
                "yaml",
                "error",
                f"The {what} cannot be read as YAML, since {read.error}: write `name: value` "
                "lines, and put a value that holds a colon or a quote into quotes.",
                line,
            )
        return read.values

    def _lines_of(self, span: Span) -> list[Span]:
        lines = Lines(span.of(self.text))
        spans = [lines.span(number) for number in range(len(lines))]
        return [Span(span.start + line.start, span.start + line.end) for line in spans]
