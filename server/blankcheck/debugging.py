"""What a debugger needs to know of an exercise: the plan of a debug session, and its start."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blankcheck import checking
from blankcheck.course.syntax import find_fault
from blankcheck.course.text import Lines
from blankcheck.courses import CourseError, Target, require_runnable
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner
from blankcheck_runner import wire
from blankcheck_runner.wire import DebugPlan, OpenBlank

_BOOT = (
    "import sys\n"
    "folder = sys.argv[1]\n"
    "sys.path.insert(0, folder)\n"
    "import blankcheck_runner\n"
    "sys.path.remove(folder)\n"
    "from blankcheck_runner.debugging.adapter import main\n"
    "main()\n"
)


def command(python: str | Sequence[str]) -> list[str]:
    """The command of the debug adapter, which speaks DAP on its stdin and stdout.

    `python`: the learner's interpreter, or a command that ends in one.
    """
    folder = str(Path(wire.__file__).resolve().parent.parent)
    start = [python] if isinstance(python, str) else list(python)
    return [*start, "-I", "-B", "-c", _BOOT, folder]


def open_blanks(target: Target, submission: str) -> tuple[OpenBlank, ...]:
    """The unfilled blanks of a submission that can be debugged.

    Raises CourseError with what to do if there is nothing to debug.
    """
    require_runnable(target)
    blanks = [item for item in checking.inspect(target, submission) if _is_blank(item.code)]
    lines = Lines(submission)
    fault = find_fault(submission)
    if fault is not None or _tree(submission) is None:
        # Code that cannot be read cannot be stepped through: its place is told instead.
        if blanks:
            line, message = lines.line_of(blanks[0].span.start), blanks[0].message
        elif fault is not None:
            line, message = lines.line_of(fault.span.start), fault.message
        else:
            line, message = 0, "This is not Python yet."
        raise CourseError(f"Line {line + 1}: {message} Then debug again.")
    return tuple(OpenBlank(lines.line_of(item.span.start) + 1, item.message) for item in blanks)


async def plan(
    target: Target, submission: str, file: str, runner: Runner, blanks: tuple[OpenBlank, ...]
) -> DebugPlan:
    """What the process that is debugged may know: nothing of the solution, the SCT or its values.

    `blanks`: those of `open_blanks`. Raises RunnerUnavailable if nothing can be run.
    """
    lesson = await checking.repaired_lesson(target, runner, submission)
    return DebugPlan(
        submission=submission,
        file=file,
        pre_exercise_code=lesson.pre_exercise_code,
        data=lesson.data,
        seed=lesson.seed,
        device=lesson.device,
        placed=await runner.place(lesson, submission),
        blanks=blanks,
    )


@dataclass(frozen=True)
class Failure:
    """Something that a check found at fault, which can be stopped at."""

    feedback: Feedback
    line: int
    """The line, from 0, of its statement."""


def failures(result: Result, submission: str) -> tuple[Failure, ...]:
    """What a check of a submission found at fault and has a place in its code."""
    if result.verdict not in ("failed", "error", "timeout", "limit"):
        return ()
    if (tree := _tree(submission)) is None:
        return ()
    lines = Lines(submission)
    found: list[Failure] = []
    for item in result.feedback:
        if item.severity == "error":
            statement = _statement(tree, lines.line_of(item.span.start) + 1)
            if statement is not None:
                found.append(Failure(item, statement.lineno - 1))
    return tuple(found)


def line_at_fault(result: Result, submission: str, line: int | None = None) -> int:
    """The line, from 0, of the statement that a check found at fault: of the first, or on a line.

    Raises CourseError where it found none.
    """
    if result.verdict == "passed":
        raise CourseError("The last check passed, so there is no failure to debug.")
    for failure in failures(result, submission):
        if line is None or failure.line == line:
            return failure.line
    raise CourseError(
        "What the last check found has no place in your code. Set a breakpoint where you want to "
        "look, then choose Debug."
        if line is None
        else f"The last check found nothing at fault on line {line + 1}. Check again, then debug."
    )


def _statement(tree: ast.Module, line: int) -> ast.stmt | None:
    """The innermost statement on a line, counted from 1."""
    found: ast.stmt | None = None
    for node in ast.walk(tree):  # from the outside to the inside
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            found = node
    return found


def _is_blank(code: str) -> bool:
    return code.startswith("blank/")


def _tree(submission: str) -> ast.Module | None:
    """Null if it does not parse."""
    try:
        return ast.parse(submission)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
