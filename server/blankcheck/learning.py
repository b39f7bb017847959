"""What a learner is shown of an exercise, and how far they are with it; for editor and terminal.

Never the SCT; the solution only to who asks for it, at its cost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from blankcheck.course.model import Exercise
from blankcheck.course.submission import Header, code_span, new_submission
from blankcheck.courses import CourseError, Target, course_name, sample_of
from blankcheck.progress import HINT_SHARE, Attempt, Kind, Standing, State, Unit, combine


def unit_of(target: Target, step: int | None = None) -> Unit:
    """What progress calls an exercise (or another of its steps)."""
    step = target.step if step is None else step
    return Unit(course_name(target), target.file.name, target.key, step)


def attempt(
    target: Target, kind: Kind, verdict: str | None = None, submission: str | None = None
) -> Attempt:
    """Something that the learner did with an exercise, to be recorded."""
    return Attempt(unit_of(target), kind, verdict, submission)


def unit_state(target: Target, standings: Mapping[Unit, Standing]) -> State:
    """How far the learner is with what the target asks for."""
    return standings.get(unit_of(target), Standing()).state


def exercise_state(target: Target, standings: Mapping[Unit, Standing]) -> State:
    """How far the learner is with the whole exercise: passed when every step is."""
    return combine(standings.get(unit, Standing()).state for unit in _units(target))


def earned(target: Target, standings: Mapping[Unit, Standing]) -> int:
    """The XP that the learner has for the whole exercise."""
    units = _units(target)
    known = [standings.get(unit, Standing()) for unit in units]
    share = sum(standing.share for standing in known if standing.state == "passed") / len(units)
    return round(target.exercise.xp * share)


def hint_cost(target: Target, standings: Mapping[Unit, Standing]) -> int:
    """The XP that taking the hint would cost now."""
    standing = standings.get(unit_of(target), Standing())
    if standing.hint or standing.state == "passed":
        return 0
    parts = max(1, len(target.exercise.steps))
    return round(target.exercise.xp * min(HINT_SHARE, standing.share) / parts)


def solution_cost(target: Target, standings: Mapping[Unit, Standing]) -> int:
    """The XP that seeing the solution would cost now."""
    standing = standings.get(unit_of(target), Standing())
    if standing.state == "passed":
        return 0
    return round(target.exercise.xp * standing.share / max(1, len(target.exercise.steps)))


def solution(target: Target) -> str | None:
    """The solution's code, or null if there is none."""
    code = target.unit.code("solution")
    return code.text if code is not None and code.text.strip() else None


def hint(target: Target) -> str | None:
    """The hint as Markdown, or null if there is none."""
    section = target.unit.section("hint")
    return section.text if section is not None and section.text.strip() else None


def instructions(target: Target) -> str:
    """Title, assignment and instructions as Markdown; of several steps, those of the one."""
    exercise, unit = target.exercise, target.unit
    parts = [f"# {exercise.title}"]
    for owner in (exercise, unit) if unit is not exercise else (exercise,):
        if owner is unit and unit is not exercise:
            parts.append(f"## {unit.title or f'Step {target.step}'}")
        if owner.assignment is not None and owner.assignment.text.strip():
            parts.append(owner.assignment.text)
    if unit.not_runnable is not None:
        parts.append(f"*{unit.not_runnable}*")
    asked = _own(unit, "instructions") or _own(exercise, "instructions")
    if asked:
        parts += ["## Instructions", asked]
    options = unit.items("possible_answers")
    if options:
        parts += ["## Possible answers", "\n".join(f"- {item.text}" for item in options)]
    return "\n\n".join(parts) + "\n"


def reset_text(target: Target, submission: str) -> str:
    """The submission as it was at the start; its first line, which names the exercise, stays."""
    return with_code(target, submission, sample_of(target))


def with_code(target: Target, submission: str, code: str) -> str:
    """The submission with other code; its first line, which names the exercise, stays."""
    body = code_span(submission)
    first = submission[: body.start]
    if not first:
        header = Header(target.file.resolve().as_posix(), target.key, target.step)
        return new_submission(header, code)
    first = first if first.endswith(("\n", "\r")) else f"{first}\n"
    return first + (code if not code or code.endswith(("\n", "\r")) else f"{code}\n")


def back_up(file: Path) -> Path:
    """Keeps a copy of a file beside it, under a name that is not taken: its path."""
    try:
        data = file.read_bytes()
        for number in range(1, 1000):
            backup = file.with_name(f"{file.name}.{number}.bak")
            try:
                with backup.open("xb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                return backup
            except FileExistsError:
                continue
    except OSError as error:
        raise CourseError(
            f"{file} cannot be copied ({error.strerror}), so it was left as it is."
        ) from None
    raise CourseError(f"There are 999 backups of {file}. Delete some, then try again.")


def _units(target: Target) -> list[Unit]:
    if target.exercise.steps:
        return [unit_of(target, step) for step in range(1, len(target.exercise.steps) + 1)]
    return [unit_of(target)]


def _own(exercise: Exercise, name: str) -> str:
    section = exercise.sections.get(name)
    return section.text if section is not None and section.text.strip() else ""
