"""The server's side of running: one `Runner` protocol, behind which the host process stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from blankcheck_runner.wire import (
    DeviceInfo,
    Expression,
    HostInfo,
    Lesson,
    Limits,
    Placed,
    Report,
)


class RunnerUnavailable(Exception):
    """The runner cannot start or stay up; the message says why and what to do, for the person."""


class Runner(Protocol):
    """Runs and checks submissions. Cancelling the awaiting task kills the whole process tree.

    Every method but `close` raises RunnerUnavailable when there is no host to be had. Calls may be
    made side by side; which of two checks of one document counts is the caller's affair.
    """

    device: str
    """The device that is asked for from now on, as `wire.DEVICE` has it. Where it is not there,
    whatever runs code raises RunnerUnavailable."""

    @property
    def stage(self) -> str | None:
        """What is done, in a few words, while there is no host yet; null when there is one, or when
        none is being started."""
        ...

    async def info(self) -> HostInfo:
        """What the host is: interpreter, torch, how it starts processes. Starts it if need be."""
        ...

    async def devices(self) -> DeviceInfo:
        """Which devices there are, and which one is used. May take some seconds."""
        ...

    async def place(self, lesson: Lesson, submission: str) -> Placed:
        """Where a submission would be run, and what that takes of a process."""
        ...

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits = ...
    ) -> Report:
        """Runs a submission and judges it."""
        ...

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits = ...,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        """Runs a submission without a judgement; output also goes to `on_output` as it comes."""
        ...

    async def describe(
        self, lesson: Lesson, expressions: Sequence[Expression]
    ) -> tuple[str | None, ...]:
        """A phrase for each place in the solution, from running it; null where nothing is known."""
        ...

    async def prepare(self, lesson: Lesson, limits: Limits = ...) -> None:
        """Does ahead of need what the lesson's next check with these limits takes."""
        ...

    async def close(self) -> None:
        """Ends the host and every process below it."""
        ...
