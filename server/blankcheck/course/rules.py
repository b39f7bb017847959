"""What an author should put right in a chapter, as far as it can be told without running it.

How a chapter is built is the reader's business (`Chapter.problems`). The rules look at what it
says: the attributes here, the code in `rules_code`, the SCT in `rules_sct`, the wording against the
code in `rules_text`. A rule speaks only when it is sure, since a false alarm costs more than a
mistake that is missed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from blankcheck.course import kinds
from blankcheck.course.model import Chapter, Exercise, Problem
from blankcheck.course.text import Span
from blankcheck.course.units import problem, units

if TYPE_CHECKING:
    from blankcheck.course.rules_code import Missing

_XP = re.compile(r"[0-9]{1,6}")
_PLACEHOLDER = "chapter description goes here"


def findings(chapter: Chapter) -> tuple[Problem, ...]:
    """What the rules find, in the order of the text; the reader's problems are not repeated."""
    each = [(of_exercise(chapter, exercise), 0) for exercise in chapter.exercises]
    return in_order([*of_front_matter(chapter), *joined(each)])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the text."""
    return tuple(sorted(problems, key=lambda item: (item.span, item.code, item.message)))


@dataclass(frozen=True)
class Named:
    """A key or a title, which no other exercise should have."""

    name: str
    said: str
    """What a message calls the exercise or step that has it."""
    span: Span


@dataclass(frozen=True)
class Found:
    """What the rules find in an exercise by itself, and what they need to know of it for others."""

    problems: tuple[Problem, ...]
    missing: tuple[Missing, ...]
    bound: Mapping[str, str]
    """The names that its code binds, each with the title of what binds it."""
    keys: tuple[Named, ...]
    title: Named
    elsewhere: Mapping[str, Problem]
    """What is run elsewhere only, by what it is: to be told once."""


def of_exercise(chapter: Chapter, exercise: Exercise) -> Found:
    """What the rules find in one exercise, whatever else the chapter holds."""
    # Only authors need these; a learner's server starts sooner without.
    from blankcheck.course import rules_code, rules_sct, rules_text

    read = list(units(chapter, exercise))
    problems = [*_attributes(chapter, exercise), *_missing_solutions(exercise)]
    missing: list[Missing] = []
    for item in rules_code.findings(read):
        if isinstance(item, rules_code.Missing):
            missing.append(item)
        else:
            problems.append(item)
    problems += rules_sct.findings(read)
    problems += rules_text.findings(read)
    bound: dict[str, str] = {}
    for unit in read:
        for name in unit.bound():
            bound.setdefault(name, unit.exercise.title)
    keys = tuple(
        Named(
            unit.key,
            unit.title or exercise.title,
            _attribute(chapter, unit.attributes_span, "key"),
        )
        for unit in (exercise, *exercise.steps)
        if unit.key
    )
    title = Named(exercise.title.casefold(), exercise.title, exercise.heading)
    elsewhere = dict(_elsewhere(chapter, exercise))
    return Found(tuple(problems), tuple(missing), bound, keys, title, elsewhere)


def joined(each: Iterable[tuple[Found, int]]) -> Iterator[Problem]:
    """What is found in a chapter's exercises, given in order, each with what its offsets lack."""
    bound: dict[str, str] = {}
    keys: dict[str, str] = {}
    titles: set[str] = set()
    elsewhere: set[str] = set()
    for found, start in each:
        own = [*found.problems, *_duplicates(found, keys, titles)]
        own += [item for what, item in found.elsewhere.items() if what not in elsewhere]
        elsewhere |= found.elsewhere.keys()
        for item in found.missing:
            title = bound.get(item.name)
            own.append(item.problem if title is None else item.after(title))
        yield from (moved(item, start) for item in own) if start else own
        for name, title in found.bound.items():
            bound.setdefault(name, title)


def moved(problem: Problem, by: int) -> Problem:
    """The problem in a text that has so many code points more in front of it."""
    return replace(problem, span=problem.span.moved(by))


def _attribute(chapter: Chapter, span: Span, name: str) -> Span:
    """The line of an attribute; in the old style the whole line; without it, what is there."""
    text = span.of(chapter.text)
    match = re.search(rf"(?:\A|(?<=[\r\n]))[ \t]*({name}[ \t]*:[^\r\n]*)", text) or re.search(
        rf"\b({name}:[ \t]*[^ \t\r\n]*)", text
    )
    if match is None:
        return span
    return Span(span.start + match.start(1), span.start + match.end(1))


def of_front_matter(chapter: Chapter) -> Iterator[Problem]:
    """What the rules find in what stands above the exercises."""
    if not chapter.front_matter:
        return
    first = Span(0, len(chapter.text[: chapter.front_span.end].splitlines()[0]))
    if not chapter.title:
        yield problem(
            "chapter-title",
            "warning",
            "This chapter has no title: add a line `title: …` to its front matter.",
            first,
        )
    device = chapter.front_matter.get("device")
    if device is not None and kinds.device_name(device) is None:
        yield problem(
            "device",
            "warning",
            "`device` says under which name the code finds the device that it runs on: write `true`"
            " (for `device`), or a name.",
            _attribute(chapter, chapter.front_span, "device"),
        )
    if chapter.description.strip().rstrip(".").lower() == _PLACEHOLDER:
        yield problem(
            "description",
            "information",
            "The description is still the template's: say in a sentence what this chapter teaches.",
            _attribute(chapter, chapter.front_span, "description"),
        )


def _attributes(chapter: Chapter, exercise: Exercise) -> Iterator[Problem]:
    yield from _title(exercise)
    if not exercise.attributes:
        return  # The reader has said so already.
    where = exercise.attributes_span if len(exercise.attributes_span) else exercise.heading
    if not exercise.key:
        yield problem(
            "missing-key",
            "warning",
            "This exercise has no key, so a learner's progress in it may be lost: add a line "
            "`key: …` with a name of its own.",
            where,
        )
    if not exercise.type:
        yield problem(
            "missing-type",
            "error",
            "This exercise has no type: add a line such as `type: NormalExercise`.",
            where,
        )
    if "xp" not in exercise.attributes:
        yield problem(
            "xp",
            "warning",
            f"This exercise does not say its points: add a line `xp: {exercise.xp}`.",
            where,
        )
    for unit in (exercise, *exercise.steps):
        yield from _values(chapter, unit)


def _title(exercise: Exercise) -> Iterator[Problem]:
    if not exercise.title:
        yield problem(
            "missing-title",
            "error",
            "This exercise has no title: begin it with a line `## Title`.",
            exercise.heading,
        )
    elif not 5 <= len(exercise.title) <= 50:
        yield problem(
            "title-length",
            "hint",
            "This title is not between 5 and 50 characters long: say in a few words what is done.",
            exercise.heading,
        )


def _values(chapter: Chapter, unit: Exercise) -> Iterator[Problem]:
    where = unit.attributes_span
    given = unit.attributes.get("xp")
    if given is not None and not (isinstance(given, str) and _XP.fullmatch(given.strip())):
        yield problem(
            "xp",
            "error",
            f"The points have to be a whole number: write a line such as `xp: {unit.xp}`.",
            _attribute(chapter, where, "xp"),
        )
    if not isinstance(unit.attributes.get("key", ""), str):
        yield problem(
            "key",
            "error",
            "The key has to be plain text: write a line such as `key: a1b2c3d4e5`.",
            _attribute(chapter, where, "key"),
        )
    limit = unit.attributes.get("time_limit")
    if limit is not None and (kinds.seconds(limit) or math.inf) > kinds.MAX_SECONDS:
        yield problem(
            "time-limit",
            "warning",
            "The time limit is a number of seconds, at most 600: write a line such as "
            "`time_limit: 60`.",
            _attribute(chapter, where, "time_limit"),
        )
    network = unit.attributes.get("network")
    if network is not None and kinds.truth(network) is None:
        yield problem(
            "network",
            "warning",
            "Whether the code reaches the network is said with `network: true`; without it, it "
            "does not.",
            _attribute(chapter, where, "network"),
        )
    if unit.type and unit.type not in kinds.TYPES:
        close = kinds.meant(unit.type)
        yield problem(
            "unknown-type",
            "error" if close else "warning",
            f"There is no exercise type `{unit.type[:60]}`: did you mean `{close}`?"
            if close
            else f"The exercise type `{unit.type[:60]}` is not known, so it cannot be run: use one "
            "such as `NormalExercise`.",
            _attribute(chapter, where, "type"),
        )


def _missing_solutions(exercise: Exercise) -> Iterator[Problem]:
    for unit in exercise.steps or (exercise,):
        here = kinds.meant(unit.type) in (*kinds.SINGLE, *kinds.ITERATIVE)
        if not here or kinds.elsewhere(unit.type, unit.lang):
            continue
        if not unit.text("solution").strip() and not unit.text("sct").strip():
            yield problem(
                "solution-missing",
                "error",
                "There is neither a solution nor an SCT, so nothing can be checked: write at least "
                "a solution, from which a check is derived.",
                unit.heading,
            )


def _elsewhere(chapter: Chapter, exercise: Exercise) -> Iterator[tuple[str, Problem]]:
    """What nothing is checked of but the form, though there is code to be checked."""
    for unit in (exercise,) if exercise.not_runnable else exercise.steps:
        what = kinds.elsewhere(unit.type, unit.lang)
        if what:
            name = "type" if what.startswith("of type") else "lang"
            where = unit.heading
            if name in unit.attributes:
                where = _attribute(chapter, unit.attributes_span, name)
            misspelt = name == "lang" and kinds.is_python_misspelt(unit.lang)
            yield (
                what,
                problem(
                    "unknown-language",
                    "error",
                    f"There is no language `{unit.lang[:30]}`: did you mean `python`?",
                    where,
                )
                if misspelt
                else problem(
                    "not-checked",
                    "information",
                    f"Exercises {what} cannot be run here. Of this one, and of any other {what} in "
                    "this chapter, only the form is checked, not the code or the SCT: try them "
                    "where they can be run.",
                    where,
                ),
            )


def _duplicates(found: Found, keys: dict[str, str], titles: set[str]) -> Iterator[Problem]:
    """Keys and titles that exercises before this one have; adds its own to them."""
    for key in found.keys:
        if key.name in keys:
            yield problem(
                "duplicate-key",
                "error",
                f"The key `{key.name[:60]}` is also that of “{keys[key.name]}”: give each "
                "exercise and each step a key of its own.",
                key.span,
            )
        keys.setdefault(key.name, key.said)
    title = found.title
    if title.name and title.name in titles:
        yield problem(
            "duplicate-title",
            "warning",
            f"Another exercise is called “{title.said[:80]}” too: give each a title of its own.",
            title.span,
        )
    titles.add(title.name)
