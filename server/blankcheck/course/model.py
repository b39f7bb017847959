"""What a chapter is once it is read: exercises, their parts, and where each stands in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from blankcheck.course.text import Lines, Span

Severity = Literal["error", "warning", "information", "hint"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a chapter, for its author."""

    code: str
    """A stable slug under `author/`."""
    severity: Severity
    message: str
    span: Span


@dataclass(frozen=True)
class Code:
    """The code of one fence."""

    path: str | None
    """What an `@@path` line before the fence says, or null."""
    info: str
    """The fence's info string, such as `{python}`."""
    text: str
    """The code. For a fence that is not indented, `span.of(chapter)` to the letter."""
    span: Span
    """The code in the chapter, without its fences; line n of `text` is line n of this span."""

    def in_chapter(self, chapter: str, part: Span) -> Span:
        """Where a part of `text` stands in the chapter's text."""
        raw = self.span.of(chapter)
        if raw == self.text:
            return Span(self.span.start + part.start, self.span.start + part.end)
        # An indented fence: the same lines, each with some indentation taken off.
        own, given = Lines(self.text), Lines(raw)

        def moved(offset: int) -> int:
            line, column = own.position(offset)
            cut = len(given.span(line)) - len(own.span(line))
            return self.span.start + given.offset(line, column + cut)

        return Span(moved(part.start), moved(part.end))


@dataclass(frozen=True)
class Item:
    """One instruction, option, hint or feedback: an item of a list, or a paragraph that is none."""

    text: str
    """Its Markdown, without the list marker; its lines end with a line feed, outdented."""
    span: Span
    """From its marker to its last character."""
    marker: str = ""
    """What it was listed with, such as `-` or `2)`; empty for a paragraph."""
    correct: bool = False
    """Whether it is the option in brackets of a multiple choice; `text` is without them."""

    @property
    def number(self) -> int | None:
        """Its number in a numbered list, or null."""
        digits = self.marker[:-1]
        return int(digits) if digits else None


@dataclass(frozen=True)
class Section:
    """What follows one directive, such as `@hint`."""

    name: str
    """The directive's name in the new style: `instructions`, `sample_code` …

    It is `possible_answers` for `options`, `feedbacks` for `feedback`, and `assignment` for the
    free Markdown above them all.
    """
    span: Span
    """From the directive to the end of its body."""
    body: Span
    """What follows the directive's line."""
    text: str
    """The body, stripped of blank lines around it; its lines end with a line feed."""
    items: tuple[Item, ...] = ()
    """For prose: its items in order."""
    files: tuple[Code, ...] = ()
    """For code: its fences in order; without one, whatever text stands in its place."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter, or one step of an iterative exercise."""

    title: str
    """Empty for a step without one."""
    key: str
    """Always text; empty where the chapter gives none."""
    type: str
    xp: int
    lang: str
    """`python`, `r`, `sql`, `shell` …; from the attributes, else from the fences; else empty."""
    span: Span
    heading: Span
    """The title's line in the text (without a title, the first line)."""
    attributes_span: Span
    """What gives the attributes: the YAML, or else the old style's line; without any, empty."""
    assignment: Section | None
    """The free Markdown between the attributes and the first directive."""
    sections: Mapping[str, Section] = field(default_factory=dict[str, Section])
    """By name; where a name occurs twice, the first that is not empty."""
    shared: Mapping[str, Section] = field(default_factory=dict[str, Section])
    """For a step: the exercise's own sections, which stand where the step has none."""
    attributes: Mapping[str, object] = field(default_factory=dict[str, object])
    """As written: every value is text, or a list or mapping of text."""
    steps: tuple[Exercise, ...] = ()
    not_runnable: str | None = None
    """Why this cannot be run here, as one sentence to a learner; null if it can."""

    def section(self, name: str) -> Section | None:
        """A section that has something in it; for a step, else the exercise's."""
        own = self.sections.get(name)
        if own is not None and own.text:
            return own
        shared = self.shared.get(name)
        return shared if shared is not None and shared.text else own

    def code(self, name: str) -> Code | None:
        """The fence of a section that is the Python code (the first one of several), or null."""
        section = self.section(name)
        if section is None or not section.files:
            return None
        filled = [file for file in section.files if file.text.strip()] or list(section.files)
        python = [file for file in filled if (file.path or ".py").endswith(".py")]
        return (python or filled)[0]

    def text(self, name: str) -> str:
        """The text of that code; empty where there is none."""
        code = self.code(name)
        return "" if code is None else code.text

    def items(self, name: str) -> tuple[Item, ...]:
        """The items of a prose section; empty if it is not there."""
        section = self.section(name)
        return section.items if section else ()


@dataclass(frozen=True)
class Chapter:
    """A chapter as read, with everything that is wrong with it."""

    text: str
    title: str
    description: str
    front_matter: Mapping[str, object]
    front_span: Span
    """The front matter's lines; empty without one."""
    exercises: tuple[Exercise, ...]
    problems: tuple[Problem, ...]
    device: str | None = None
    """The name under which its code finds the device that it runs on; empty: under none; null: the
    chapter does not say."""
