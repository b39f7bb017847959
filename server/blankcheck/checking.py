"""A check from text to result. The order is a promise: blanks, then syntax, then run, then SCT."""
from __future__ import annotations

from collections.abc import Callable

from blankcheck.courses import Target
from blankcheck.result import Feedback, Result
from blankcheck.runner import Runner


def inspect(target: Target, submission: str) -> tuple[Feedback, ...]:
    """What can be said without running: unfilled blanks, else syntax errors. Pure; fast enough per keystroke."""
    raise NotImplementedError


async def check(target: Target, submission: str, file: str, runner: Runner) -> Result:
    """Checks a submission: `inspect` first, and only what passes that is run and judged."""
    raise NotImplementedError


async def run(
    target: Target,
    submission: str,
    file: str,
    runner: Runner,
    on_output: Callable[[str], None] | None = None,
) -> Result:
    """Runs a submission without judging it."""
    raise NotImplementedError
