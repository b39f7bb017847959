"""Reads a chapter: DataCamp's course Markdown, in its new, its old and its mixed style.

`read` never raises. A part that is not as it should be is read as well as it can be, and becomes a
problem for the author. What is judged about a chapter's content is in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from blankcheck.course import kinds
from blankcheck.course.heads import Head, Heads, Notes, text_of
from blankcheck.course.model import Chapter, Exercise, Section
from blankcheck.course.sections import (
    ATTRIBUTES,
    Mark,
    loose_lines,
    marks,
    section,
)
from blankcheck.course.structure import CODE, Layout, front_matter, layout
from blankcheck.course.text import Lines, Span

_XP = re.compile(r"[0-9]{1,6}")
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands in a text for bytes that are none of it."""


def read(text: str) -> Chapter:
    """Reads a chapter. Spans are offsets into `text` as it was given."""
    return _Reader(text).chapter()


def read_part(text: str) -> tuple[Chapter, bool]:
    """Reads what may be the beginning of a chapter: it, and whether it stays so whatever follows.

    It does not if a code block is still open at its end.
    """
    reader = _Reader(text)
    return reader.chapter(), all(fence.decided for fence in reader.page.fences.values())


class _Block(NamedTuple):
    """The lines of one section: its mark, and the line after its last."""

    mark: Mark
    after: int


class _Reader:
    """One reading of one chapter; gathers problems as it goes."""

    def __init__(self, text: str) -> None:
        lines = Lines(text)
        self.text = text
        self.front = front_matter(text, lines)
        self.page: Layout = layout(text, lines, self.front.body if self.front else 0)
        self.front_span = (
            self.page.span(self.front.first, self.front.after) if self.front else Span(0, 0)
        )
        self.notes = Notes()
        self.problem = self.notes.problem
        self.heads = Heads(self.page, self.notes)

    def chapter(self) -> Chapter:
        """Reads the chapter."""
        matter = self._front_matter()
        for fence in self.page.fences.values():
            if not fence.closed:
                self.problem(
                    "unclosed-fence",
                    "error",
                    "This code block is never closed: end it with a line that holds only the "
                    "same backticks.",
                    self.page.lines[fence.opening].span,
                )
        unreadable = self.text.find(_UNREADABLE)
        if unreadable >= 0:
            self.problem(
                "encoding",
                "warning",
                "Here is something that is no text: save the chapter as UTF-8, and write this "
                "character anew.",
                Span(unreadable, unreadable + 1),
            )
        exercises = self._exercises()
        if not exercises:
            self.problem(
                "no-exercises",
                "warning",
                "This chapter has no exercise: begin one with a `---` line and a `## Title`.",
                self.page.span(len(self.page.lines), len(self.page.lines)),
            )
        title, description = matter.get("title"), matter.get("description")
        return Chapter(
            self.text,
            title if isinstance(title, str) else "",
            description if isinstance(description, str) else "",
            matter,
            self.front_span,
            exercises,
            tuple(sorted(self.notes.problems, key=lambda problem: problem.span)),
            kinds.device_name(matter.get("device")),
        )

    def _front_matter(self) -> Mapping[str, object]:
        front = self.front
        if front is None:
            self.problem(
                "no-front-matter",
                "warning",
                "This chapter has no front matter: begin it with a `---` line, a `title: …` and a "
                "`description: …`, and another `---` line.",
                Span(0, 0),
            )
            return {}
        if not front.closed:
            self.problem(
                "front-matter-open",
                "error",
                "The front matter is never closed: end it with a `---` line.",
                self.page.lines[front.opening].span,
            )
        return self.heads.yaml(self.front_span, "front matter")

    def _exercises(self) -> tuple[Exercise, ...]:
        lines = self.page.lines
        exercises: list[Exercise] = []
        first = self.front.body if self.front else 0
        inline: int | None = None
        number = first
        while number <= len(lines):
            if number == len(lines) or lines[number].kind == "separator":
                exercise = self._exercise(first, number, inline)
                if exercise is not None:
                    exercises.append(exercise)
                if number < len(lines):
                    inline = number if lines[number].value else None
                    first = number + 1
            fence = self.page.fences.get(number)
            number = fence.after if fence else number + 1
        return tuple(exercises)

    def _exercise(self, first: int, after: int, inline: int | None) -> Exercise | None:
        """The exercise in these lines, or null if they hold none."""
        page = self.page
        start = page.skip_blank(first, after)
        if start == after and inline is None:
            return None
        head = self.heads.read(start, after, inline, 2)
        known = kinds.meant(text_of(head.values.get("type")))
        begun = list(marks(page, head.body, after, known in kinds.ITERATIVE))
        top = page.lines[start if inline is None else inline].span
        title = top if head.heading is None else page.lines[head.heading].span
        titled = head.heading is not None and page.lines[head.heading].level == 2
        if not titled and head.span is None and not any(mark.name for mark in begun):
            self.problem(
                "stray-text",
                "warning",
                "This text belongs to no exercise: give it a `## Title` and attributes, or "
                "remove it.",
                top,
            )
            return None
        self._unknown(begun)
        begun = [mark for mark in begun if mark.name]
        cut = next((n for n, mark in enumerate(begun) if mark.name == "step"), len(begun))
        end = begun[cut].line if cut < len(begun) else after
        own = _blocks(begun[:cut], end)
        self._old_attributes(head, [block for block in own if block.mark.number is None])
        if head.span is None:
            self.problem(
                "no-attributes",
                "error",
                "This exercise has no attributes: write a `yaml` code block with `type`, `key` and "
                "`xp` below its title.",
                title,
            )
        span = page.span(start if inline is None else inline, after)
        plain = [block for block in own if block.mark.number is None]
        exercise = self._unit(head, plain, own[0].mark.line if own else end, span, None)
        steps = [
            *self._numbered([block for block in own if block.mark.number is not None], exercise),
            *self._steps(begun[cut:], after, exercise),
        ]
        return _with_steps(exercise, tuple(steps))

    def _unknown(self, begun: Sequence[Mark]) -> None:
        for mark in begun:
            span = self.page.lines[mark.line].span
            if mark.meant:
                message = f"`{mark.written}` is not a directive: did you mean `{mark.meant}`?"
                self.problem("unknown-directive", "error", message, span)
            elif not mark.name:
                message = (
                    f"`{mark.written}` is not a directive, so it is read as text: use one such as "
                    "`@instructions`, or write it within a sentence."
                )
                self.problem("unknown-directive", "information", message, span)

    def _old_attributes(self, head: Head, own: Sequence[_Block]) -> None:
        """Adds the attributes that the old style gives in sections, such as `*** =type2`."""
        for block in own:
            if block.mark.name in ATTRIBUTES:
                line = self.page.lines[block.mark.line]
                body = self.page.span(block.mark.line + 1, block.after)
                value = line.given or body.of(self.text).strip()
                head.values = {block.mark.name: value, **head.values}
                head.span = head.span or line.span

    def _unit(
        self,
        head: Head,
        own: Sequence[_Block],
        assignment_end: int,
        span: Span,
        exercise: Exercise | None,
    ) -> Exercise:
        """An exercise without its steps, or a step of `exercise`."""
        page = self.page
        sections = self._sections(own)
        first = page.first_line(span)
        heading = first if head.heading is None else page.lines[head.heading].span
        title = text_of(head.values.get("title"))
        if head.heading is not None:
            title = page.lines[head.heading].value
        type_ = text_of(head.values.get("type"))
        if exercise is not None and not type_:
            type_ = kinds.step_type(exercise.type)
        assignment: Section | None = None
        if head.body < assignment_end:
            assignment = section(page, "assignment", head.body, head.body, assignment_end)
        if assignment is None or not assignment.text:
            named = (sections.get(name) for name in ("assignment", "context", "question"))
            assignment = next((found for found in named if found and found.text), None)
        lang = kinds.language(text_of(head.values.get("lang") or head.values.get("language")))
        return Exercise(
            title=title,
            key=text_of(head.values.get("key")),
            type=type_,
            xp=_xp(head.values.get("xp"), type_),
            lang=lang or _fence_language(sections, ("sample_code", "solution")),
            span=span,
            heading=heading,
            attributes_span=head.span or Span(heading.end, heading.end),
            assignment=assignment,
            sections=sections,
            shared=exercise.sections if exercise else {},
            attributes=head.values,
        )

    def _sections(self, own: Sequence[_Block]) -> dict[str, Section]:
        found: dict[str, Section] = {}
        for block in own:
            name, line = block.mark.name, block.mark.line
            if name in ATTRIBUTES:
                continue
            new = section(self.page, name, line, line + 1, block.after)
            before = found.get(name)
            if before is not None:
                self.problem(
                    "duplicate-section",
                    "warning",
                    f"`{block.mark.written}` is given twice, and only the first that is not empty "
                    "counts: join the two.",
                    self.page.lines[line].span,
                )
            if before is None or (new.text and not _filled(before)):
                found[name] = new
            loose = loose_lines(self.page, line + 1, block.after) if name in CODE else []
            if loose:
                self.problem(
                    "text-outside-fence",
                    "warning",
                    "This text is outside the code block and does not count: move it into the "
                    "block, or remove it."
                    if any(number in self.page.fences for number in range(line + 1, block.after))
                    else "This code is not in a code block: put a line of ```{python} above it "
                    "and a line of ``` below it.",
                    self.page.span(loose[0], loose[-1] + 1),
                )
        return found

    def _steps(self, begun: Sequence[Mark], after: int, exercise: Exercise) -> list[Exercise]:
        """The steps that `***` or `@step` begin."""
        page = self.page
        steps: list[Exercise] = []
        starts = [n for n, mark in enumerate(begun) if mark.name == "step"]
        for which, at in enumerate(starts):
            last = starts[which + 1] if which + 1 < len(starts) else len(begun)
            end = begun[last].line if last < len(begun) else after
            first = page.skip_blank(begun[at].line + 1, end)
            head = self.heads.read(first, end, None, 6)
            own = _blocks(begun[at + 1 : last], end)
            own = [block for block in own if block.mark.line >= head.body]
            if head.span is None and head.heading is None and not own:
                continue
            self._old_attributes(head, own)
            span = page.span(first, end)
            steps.append(self._unit(head, own, own[0].mark.line if own else end, span, exercise))
        return steps

    def _numbered(self, own: Sequence[_Block], exercise: Exercise) -> list[Exercise]:
        """The steps of the old style, whose sections carry a number."""
        steps: list[Exercise] = []
        by_number: dict[int, list[_Block]] = {}
        for block in own:
            by_number.setdefault(block.mark.number or 0, []).append(block)
        for _, mine in sorted(by_number.items()):
            head = Head(body=mine[0].mark.line)
            self._old_attributes(head, mine)
            spans = [self.page.span(block.mark.line, block.after) for block in mine]
            span = Span(spans[0].start, spans[-1].end)
            steps.append(self._unit(head, mine, head.body, span, exercise))
        return steps


def _blocks(begun: Sequence[Mark], after: int) -> list[_Block]:
    ends = [*(mark.line for mark in begun[1:]), after]
    return [_Block(mark, end) for mark, end in zip(begun, ends, strict=False)]


def _filled(given: Section) -> bool:
    """Whether a section has something in it; a fence around nothing is nothing."""
    return any(code.text.strip() for code in given.files) or bool(given.items)


def _xp(value: object, type_: str) -> int:
    text = text_of(value)
    return int(text) if _XP.fullmatch(text) else kinds.xp(type_)


def _fence_language(sections: Mapping[str, Section], names: Sequence[str]) -> str:
    """The language that the code blocks of these sections name."""
    for name in names:
        for code in sections[name].files if name in sections else ():
            language = kinds.language(code.info)
            if language:
                return language
    return ""


def _with_steps(exercise: Exercise, steps: tuple[Exercise, ...]) -> Exercise:
    """The exercise with its steps, and with the reason why it cannot be run if there is one."""
    # Pre-exercise code and SCT come last: in shell and SQL courses they are Python all the same.
    lang = (
        exercise.lang
        or next((step.lang for step in steps if step.lang), "")
        or _fence_language(exercise.sections, ("pre_exercise_code", "sct"))
    )
    exercise = replace(exercise, lang=lang)
    judged = tuple(
        replace(
            step,
            lang=step.lang or lang,
            not_runnable=kinds.not_runnable(step.type, step.lang or lang, _has_code(step)),
        )
        for step in steps
    )
    has_code = _has_code(exercise) or any(map(_has_code, judged))
    reason = kinds.not_runnable(exercise.type, exercise.lang, has_code)
    if reason is None and judged and all(step.not_runnable for step in judged):
        reason = judged[0].not_runnable
    return replace(exercise, steps=judged, not_runnable=reason)


def _has_code(unit: Exercise) -> bool:
    return any(
        code is not None and code.text.strip()
        for code in map(unit.code, ("sample_code", "solution", "sct"))
    )
