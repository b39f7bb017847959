"""What a chapter is once it is read: exercises, their parts, and where each stands in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from blankcheck.course.text import Span

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


@dataclass(frozen=True)
class Item:
    """One instruction, option, hint or feedback: an item of a list, or a paragraph that is none."""

    text: str
    """Its Markdown, without the list marker."""
    span: Span


@dataclass(frozen=True)
class Section:
    """What follows one directive, such as `@hint`."""

    name: str
    """The directive's name in the new style: `instructions`, `sample_code` …"""
    span: Span
    """From the directive to the end of its body."""
    body: Span
    """What follows the directive's line."""
    text: str
    """The body, stripped of blank lines around it."""
    items: tuple[Item, ...] = ()
    """For prose: its items in order."""
    files: tuple[Code, ...] = ()
    """For code: its fences in order."""


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
    """The title in the text (for a step without one, its first line)."""
    assignment: Section | None
    """The free Markdown between the attributes and the first directive."""
    sections: Mapping[str, Section] = field(default_factory=dict[str, Section])
    """By name; where a name occurs twice, the first that is not empty."""
    attributes: Mapping[str, object] = field(default_factory=dict[str, object])
    steps: tuple[Exercise, ...] = ()
    not_runnable: str | None = None
    """Why this cannot be run here, as one sentence to a learner; null if it can."""

    def code(self, name: str) -> Code | None:
        """The first fence of a section (the first Python one of several), or null."""
        section = self.sections.get(name)
        if section is None or not section.files:
            return None
        python = [file for file in section.files if file.path is not None and file.path.endswith(".py")]
        return (python or list(section.files))[0]

    def items(self, name: str) -> tuple[Item, ...]:
        """The items of a prose section; empty if it is not there."""
        section = self.sections.get(name)
        return section.items if section else ()


@dataclass(frozen=True)
class Chapter:
    """A chapter as read, with everything that is wrong with it."""

    text: str
    title: str
    description: str
    front_matter: Mapping[str, object]
    exercises: tuple[Exercise, ...]
    problems: tuple[Problem, ...]
