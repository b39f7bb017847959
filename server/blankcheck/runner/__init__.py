"""The server's side of running: one `Runner` protocol, behind which the host process stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from blankcheck_runner.wire import Lesson, Limits, Report


class RunnerUnavailable(Exception):
    """The runner cannot start or stay up; the message says why and what to do, for the person."""


class Runner(Protocol):
    """Runs and checks submissions. Cancel by cancelling the awaiting task: the whole tree is killed."""

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits = ...
    ) -> Report:
        """Runs a submission and judges it. Raises RunnerUnavailable."""
        ...

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits = ...,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        """Runs a submission without a judgement; output also goes to `on_output` as it comes.

        Raises RunnerUnavailable.
        """
        ...

    async def close(self) -> None:
        """Ends the host and every process below it."""
        ...
