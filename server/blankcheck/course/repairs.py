"""Repairs of an exercise that cannot run as it is written: the smallest that may help.

Pure: what is missing is read from the chapter's text and from how a trial run failed; whether a
repair helps, a run decides (`blankcheck.repairing`). A repair only ever changes what has run before
the learner's code, in this order: imports, what earlier exercises made, a stray character where a
name belongs, a data set that cannot be downloaded, a file of weights that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from blankcheck.course import offline, weights
from blankcheck.course.blanks import is_blank
from blankcheck.course.cases import Case
from blankcheck.course.names import Names, names, parse
from blankcheck.course.rules_code import USUAL_IMPORTS
from blankcheck.course.syntax import find_fault
from blankcheck.course.text import Lines, Span
from blankcheck.course.units import Unit, filled

_STRAY = re.compile(r"([ \t]*)([^\w\s'\"#(\[{]{1,3})[ \t]*=(?!=).*")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_MOST_NAMES = 20
"""Names that are looked for in one go."""


@dataclass(frozen=True)
class Failure:
    """How a run of pre-exercise code and solution ended too early."""

    part: Literal["pre_exercise_code", "solution"]
    message: str
    span: Span | None = None
    """The code at fault, in the text of that part as it was run."""


@dataclass(frozen=True)
class Weights:
    """A file of weights, and the expression for the network whose state it gets."""

    load: weights.Load
    source: str


@dataclass(frozen=True)
class Draft:
    """An exercise with repairs, not verified yet."""

    case: Case
    imports: tuple[str, ...] = ()
    taken: tuple[tuple[int, bool], ...] = ()
    """Earlier units by their index, and whether the solution is taken over too."""
    stray: tuple[Span, str] | None = None
    """The stray characters in the pre-exercise code, and the name that belongs there."""
    data_sets: tuple[str, ...] = ()
    weights: tuple[Weights, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is repaired."""
        return self != Draft(self.case)

    @property
    def pre_exercise_code(self) -> str:
        """The pre-exercise code with the repairs."""
        return self._code(weights=True)

    @property
    def without_weights(self) -> str:
        """The same, up to the weights."""
        return self._code(weights=False)

    def _code(self, *, weights: bool) -> str:
        if not self.changed:
            return self.case.own
        body = self.body
        blocks = [imports_block(self.imports), *map(offline.stand_in, self.data_sets)]
        earlier = self.taken_blocks()
        if earlier:
            blocks.append(earlier)
        # Steps share their pre-exercise code: then the earlier step's solution goes after it.
        own = self.case.own
        shared = body.strip() and any(
            self.case.earlier[index].exercise.text("pre_exercise_code") == own
            for index, _ in self.taken
        )
        if not shared:
            blocks.append(body)
        text = ""
        for block in blocks:
            text += block if not text or not block.strip() else f"\n{block}"
            text += "" if not text or text.endswith("\n") else "\n"
        return text + (self.weights_block(text) if weights else "")

    @property
    def body(self) -> str:
        """The exercise's own pre-exercise code."""
        text = self.case.own
        if self.stray is not None:
            span, name = self.stray
            text = text[: span.start] + name + text[span.end :]
        return text

    def taken_blocks(self) -> str:
        """The code of earlier exercises that is taken over, in their order."""
        seen: list[str] = []
        for index, solution in sorted(self.taken, reverse=True):
            unit = self.case.earlier[index]
            pre = _readable(unit)
            for text in (pre, unit.exercise.text("solution") if solution else ""):
                if text.strip() and text not in seen:
                    seen.append(text if text.endswith("\n") else f"{text}\n")
        return "\n".join(seen)

    def weights_block(self, before: str) -> str:
        """The code that makes the files of weights, after the code `before`."""
        gap = "\n" if self.weights and before.strip() else ""
        return gap + "".join(
            weights.saved(item.source, item.load.file, before) for item in self.weights
        )


def begin(case: Case) -> Draft:
    """The draft with every repair whose need is seen without a run; it may be unchanged."""
    return _certain(Draft(case))


def further(draft: Draft, failure: Failure) -> Draft | None:
    """The draft with the repair that may help against a failure; null if there is none."""
    found = _named(draft, failure) or _data_set(draft, failure) or _weights(draft, failure)
    return None if found is None else _certain(found)


def downloads(case: Case) -> bool:
    """Whether a data set is downloaded for which there is a stand-in."""
    return any(call.downloads for text in (case.own, case.solution) for call in _calls(text))


def still_downloads(draft: Draft) -> bool:
    """Whether code before the learner's, or the solution, still downloads a data set."""
    texts = (draft.pre_exercise_code, draft.case.solution)
    return any(
        call.downloads and call.name not in draft.data_sets
        for text in texts
        for call in _calls(text)
    )


@dataclass(frozen=True)
class Follower:
    """The solution with the loading of weights that it leaves out although the learner is asked
    for it."""

    file: str
    solution: str


def follower(case: Case) -> Follower | None:
    """The follower of a solution that leaves something out; null if it does not."""
    active = {load.file for load in weights.loads(case.solution)}
    for load in _asked(case):
        if load.file not in active:
            text = weights.following(case.solution, load)
            return None if text is None else Follower(load.file, text)
    return None


def files_asked_for(case: Case) -> frozenset[str]:
    """The files of weights that the learner may load."""
    return frozenset(load.file for load in _asked(case))


# What is certain


def _certain(draft: Draft) -> Draft:
    for _ in range(_MOST_NAMES):
        found = _stray(draft) or _missing_name(draft)
        if found is None:
            return draft
        draft = found
    return draft


def _stray(draft: Draft) -> Draft | None:
    """A line such as `` ` = value `` where exactly one name is missing in the rest."""
    text = draft.case.own
    if draft.stray is not None:
        return None
    found = _stray_in(text, draft.case.unit, draft.case.earlier)
    return None if found is None else replace(draft, stray=found)


def _stray_in(text: str, unit: Unit, earlier: Sequence[Unit]) -> tuple[Span, str] | None:
    fault = find_fault(text)
    if fault is None or unit.pre is None or unit.unsure:
        return None
    lines = Lines(text)
    line = lines.span(lines.line_of(fault.span.start))
    match = _STRAY.fullmatch(line.of(text))
    if match is None:
        return None
    uses = [*unit.pre.names.unbound, *(unit.solution.names.unbound if unit.solution else ())]
    case = Case(unit.chapter, earlier, unit)
    missing = {use.name for use in uses if _import(case, use.name) is None}
    if len(missing) != 1:
        return None
    name = missing.pop()
    start = line.start + match.start(2)
    span = Span(start, start + len(match[2]))
    mended = text[: span.start] + name + text[span.end :]
    return None if find_fault(mended) is not None else (span, name)


def _missing_name(draft: Draft) -> Draft | None:
    """A name that is read before anything binds it, if there is something that binds it."""
    for name in _unbound(draft):
        found = _provided(draft, name)
        if found is not None:
            return found
    return None


def _unbound(draft: Draft) -> list[str]:
    pre, solution = _both(draft)
    if pre is None or pre.opaque or solution is None or solution.opaque:
        return []
    uses = [use for found in (pre, solution) for use in found.unbound if not use.late]
    return list(dict.fromkeys(use.name for use in uses))[:_MOST_NAMES]


def _both(draft: Draft) -> tuple[Names | None, Names | None]:
    before, after = parse(draft.pre_exercise_code), parse(draft.case.solution)
    pre = None if before is None else names(before)
    given = frozenset(pre.bound) if pre is not None else frozenset[str]()
    return pre, None if after is None else names(after, given)


def _provided(draft: Draft, name: str) -> Draft | None:
    """The draft with a name bound: by an import, else by what an earlier exercise ran."""
    statement = _import(draft.case, name)
    if statement is not None:
        if statement in draft.imports:
            return None
        return replace(draft, imports=(*draft.imports, statement))
    for part in ("pre", "solution"):
        for index, unit in enumerate(draft.case.earlier):
            code = unit.pre if part == "pre" else unit.solution
            if code is None or name not in code.names.bound:
                continue
            if find_fault(_readable(unit)) is not None:
                continue
            taken = (index, part == "solution")
            if taken in draft.taken or (index, True) in draft.taken:
                continue
            rest = tuple(item for item in draft.taken if item[0] != index)
            return replace(draft, taken=(*rest, taken))
    return None


def _import(case: Case, name: str) -> str | None:
    """The statement that imports a name: the exercise's own, an earlier one's, or the usual one."""
    own = (case.unit.sample, case.unit.solution)
    earlier = ((unit.sample, unit.solution, unit.pre) for unit in case.earlier)
    for parts in (own, *earlier):
        for part in parts:
            statement = part.names.imports.get(name) if part is not None else None
            if statement is not None and not _has_blank(statement):
                return statement
    return USUAL_IMPORTS.get(name)


def _has_blank(statement: str) -> bool:
    return any(is_blank(word) for word in re.findall(r"\w+", statement))


# What a run tells


def _named(draft: Draft, failure: Failure) -> Draft | None:
    said = _UNDEFINED.search(failure.message)
    name = said[1] if said is not None else ""
    if not name and failure.span is not None:
        text = (
            draft.pre_exercise_code if failure.part == "pre_exercise_code" else draft.case.solution
        )
        word = failure.span.of(text)
        pre, solution = _both(draft)
        uses = [use for found in (pre, solution) if found is not None for use in found.unbound]
        name = word if any(use.name == word for use in uses) else ""
    return _provided(draft, name) if name else None


def _data_set(draft: Draft, failure: Failure) -> Draft | None:
    """A stand-in for the data set that the code at fault makes."""
    text = draft.pre_exercise_code if failure.part == "pre_exercise_code" else draft.case.solution
    lines = Lines(text)
    for call in _calls(text):
        if call.name in draft.data_sets:
            continue
        first, last = call.node.lineno - 1, (call.node.end_lineno or call.node.lineno) - 1
        whole = Span(lines.span(first).start, lines.span(last).end)
        if failure.span is None or whole.overlaps(failure.span):
            return replace(draft, data_sets=(*draft.data_sets, call.name))
    return None


def _calls(text: str) -> tuple[offline.DataSetCall, ...]:
    tree = parse(text)
    return () if tree is None else tuple(offline.data_set_calls(tree))


def _weights(draft: Draft, failure: Failure) -> Draft | None:
    """A file of weights that the code at fault loads; made otherwise, if it was made already."""
    if failure.part != "solution":
        return None
    before = draft.without_weights
    for load in _asked(draft.case):
        made = [item for item in draft.weights if item.load.file == load.file]
        if not made and load.file not in failure.message:
            continue
        left = weights.sources(load, before, draft.case.solution)
        if made:
            left = left[left.index(made[0].source) + 1 :] if made[0].source in left else ()
        if left:
            others = tuple(item for item in draft.weights if item not in made)
            return replace(draft, weights=(*others, Weights(load, left[0])))
    return None


def _asked(case: Case) -> tuple[weights.Load, ...]:
    """The weights that the solution loads, or that the learner is asked to load."""
    sample = filled(case.unit.exercise.code("sample_code"))
    prose = "\n".join(item.text for item in case.unit.exercise.items("instructions"))
    found: dict[str, weights.Load] = {}
    for load in (
        *weights.loads(case.solution),
        *weights.left_out(case.solution),
        *weights.asked_for(sample.text if sample is not None else "", prose),
    ):
        found.setdefault(load.file, load)
    return tuple(found.values())


def imports_block(statements: Sequence[str]) -> str:
    """The imports, one a line."""
    return "".join(f"{statement}\n" for statement in statements)


def _readable(unit: Unit) -> str:
    """An earlier unit's pre-exercise code, with a stray character put right."""
    text = unit.exercise.text("pre_exercise_code")
    found = _stray_in(text, unit, ())
    return text if found is None else text[: found[0].start] + found[1] + text[found[0].end :]
