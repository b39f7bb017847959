"""What a repair is to people: words for author and learner, a place, and the edits to write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from blankcheck.course import offline
from blankcheck.course.model import Chapter, Code
from blankcheck.course.repairs import Draft, imports_block
from blankcheck.course.text import Span, newline_of
from blankcheck.course.units import Part, Unit


@dataclass(frozen=True)
class Edit:
    """A part of the chapter's text, and what is to stand in its place."""

    span: Span
    text: str


@dataclass(frozen=True)
class Repair:
    """One thing that was put right."""

    code: str
    message: str
    """To the author: what is wrong, and what to write."""
    note: str
    """To the learner: part of a sentence on what was done."""
    span: Span
    """In the chapter: what is at fault."""
    title: str
    """What the edits do."""
    edits: tuple[Edit, ...]
    """What writes it into the chapter; empty where that has no one place."""


def repairs(draft: Draft) -> tuple[Repair, ...]:
    """What a draft puts right, in the order of the repairs."""
    site = Site(draft.case.chapter, draft.case.unit)
    return tuple(_described(draft, site))


class Site:
    """One exercise or step in its chapter."""

    def __init__(self, chapter: Chapter, unit: Unit) -> None:
        self._chapter = chapter
        self._unit = unit
        self._own = unit.exercise.code("pre_exercise_code")

    @property
    def whole(self) -> Span:
        """The exercise's title, for what has no place of its own."""
        return self._unit.exercise.heading

    def use(self, name: str) -> Span | None:
        """The first place where a name is read that nothing binds."""
        for part in (self._unit.pre, self._unit.solution, self._unit.sample):
            for use in part.names.unbound if part is not None else ():
                if part is not None and use.name == name:
                    return self._unit.place(part.code, use.node)
        return None

    def call(self, data_set: str) -> Span | None:
        """The first place where a data set is made."""
        parts: tuple[Part | None, ...] = (self._unit.pre, self._unit.solution)
        for part in parts:
            if part is None or part.tree is None:
                continue
            for call in offline.data_set_calls(part.tree):
                if call.name == data_set:
                    return self._unit.place(part.code, call.node.func)
        return None

    def mention(self, text: str) -> Span | None:
        """The first place where the solution, the sample code or the instructions say something."""
        for name in ("solution", "sample_code", "instructions"):
            section = self._unit.exercise.section(name)
            at = -1 if section is None else section.body.of(self._chapter.text).find(text)
            if section is not None and at >= 0:
                return Span(section.body.start + at, section.body.start + at + len(text))
        return None

    def in_own(self, part: Span) -> Span:
        """A part of the pre-exercise code."""
        return self.whole if self._own is None else self._own.in_chapter(self._chapter.text, part)

    def at(self, part: Span, text: str) -> tuple[Edit, ...]:
        """Replaces a part of the pre-exercise code within a line."""
        return (Edit(self.in_own(part), text),) if self._own is not None else ()

    def at_start(self, block: str) -> tuple[Edit, ...]:
        """Puts lines before the pre-exercise code."""
        own = self._own
        if own is None:
            return self._new_section(block)
        gap = "\n" if own.text.strip() else ""
        return self._insert(own, own.span.start, block + gap)

    def at_end(self, block: str) -> tuple[Edit, ...]:
        """Puts lines after the pre-exercise code."""
        own = self._own
        if own is None:
            return self._new_section(block)
        return self._insert(own, own.span.end, block)

    def _insert(self, own: Code, offset: int, lines: str) -> tuple[Edit, ...]:
        text = self._chapter.text
        line_start = offset == 0 or text[offset - 1] in "\r\n"
        if own.span.of(text) != own.text or not line_start:
            return ()  # an indented fence, or none at all
        return (Edit(Span(offset, offset), self._ended(lines)),)

    def _new_section(self, block: str) -> tuple[Edit, ...]:
        for name in ("sample_code", "solution", "sct"):
            section = self._unit.exercise.sections.get(name)
            if section is None:
                continue
            old = section.span.of(self._chapter.text).startswith("*")
            directive = "*** =pre_exercise_code" if old else "`@pre_exercise_code`"
            offset = section.span.start
            lines = f"{directive}\n```{{python}}\n{block}```\n\n"
            return (Edit(Span(offset, offset), self._ended(lines)),)
        return ()

    def _ended(self, lines: str) -> str:
        """Lines that end as the chapter's do."""
        return lines.replace("\n", newline_of(self._chapter.text))


def _described(draft: Draft, site: Site) -> Iterator[Repair]:
    uses = {statement: site.use(_imported(statement)) for statement in draft.imports}
    # An import that only code of an earlier exercise needs is a part of taking that over.
    own = [statement for statement in draft.imports if uses[statement] or not draft.taken]
    if own:
        block = imports_block(own)
        shown = "; ".join(own)
        bound = [_imported(statement) for statement in own]
        first = next((place for place in uses.values() if place is not None), None)
        yield Repair(
            "author/missing-import",
            f"{_listed(bound)} {_is(bound)} used before the import, so this does not run as it is "
            f"written. Learners get the import first; write `{shown}` at the top of the "
            "pre-exercise code.",
            f"{_listed(bound)} {_is(bound)} imported first",
            first or site.whole,
            f"Write `{shown}` into the pre-exercise code",
            site.at_start(block),
        )
    if draft.taken:
        yield _taken(draft, site, [one for one in draft.imports if one not in own])
    if draft.stray is not None:
        span, name = draft.stray
        place = site.in_own(span)
        yield Repair(
            "author/stray-character",
            f"“{span.of(draft.case.own)}” stands where a name belongs, and only `{name}` is "
            f"missing in the rest. Learners get `{name} = …`; write it here.",
            f"`{name}` gets its value, which a typing mistake kept from it",
            place,
            f"Write `{name}` here",
            site.at(span, name),
        )
    for name in draft.data_sets:
        yield Repair(
            "author/offline-data",
            f"The data set {name} cannot be downloaded here. Learners get made-up images of the "
            "same shape and type; put the data into the folder `data` beside the chapter, or write "
            "the stand-in into the pre-exercise code.",
            f"made-up images of the same shape and type stand in for {name}, which cannot be "
            "downloaded",
            site.call(name) or site.whole,
            f"Write an offline stand-in for {name} into the pre-exercise code",
            site.at_start(offline.stand_in(name)),
        )
    for item in draft.weights:
        file = item.load.file
        yield Repair(
            "author/weight-file",
            f"The file `{file}` is not there. Learners get one with the state of `{item.source}`; "
            "put the file into the folder `data` beside the chapter, or save it in the "
            "pre-exercise code.",
            f"`{file}` is made from a network that has not been trained for it",
            site.mention(file) or site.whole,
            f"Save `{file}` in the pre-exercise code",
            site.at_end(replace(draft, weights=(item,)).weights_block(draft.without_weights)),
        )


def _taken(draft: Draft, site: Site, imports: Sequence[str]) -> Repair:
    from_units = [draft.case.earlier[index] for index, _ in sorted(draft.taken, reverse=True)]
    titles = list(dict.fromkeys(unit.whole.title[:80] for unit in from_units))
    named = _listed(titles, "“", "”")
    given = {name for unit in from_units for name in unit.bound()}
    own = draft.case.unit
    uses = [use for part in (own.pre, own.solution) if part for use in part.names.unbound]
    missing = list(dict.fromkeys(use.name for use in uses if use.name in given))
    what = _listed(missing[:3]) if len(missing) <= 3 else f"{_listed(missing[:1])} and others"
    what = what or "What this needs"
    block = draft.taken_blocks()
    if imports:
        block = f"{imports_block(imports)}\n{block}"
    is_step = own.exercise is not own.whole
    return Repair(
        "author/earlier-code",
        f"{what} {_is(missing)} defined in {named} only, so this does not run as it is written. "
        "Learners get what ran there; write it into the pre-exercise code here too.",
        f"you go on with the variables of {named}",
        next((place for name in missing if (place := site.use(name)) is not None), site.whole),
        f"Write what is needed of {named} into the pre-exercise code",
        () if is_step else site.at_start(block),
    )


def _imported(statement: str) -> str:
    """The name that an import binds."""
    return statement.split()[-1].partition(".")[0]


def _listed(items: Sequence[str], left: str = "`", right: str = "`") -> str:
    shown = [f"{left}{item}{right}" for item in items]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def _is(items: Sequence[str]) -> str:
    return "are" if len(items) > 1 else "is"
