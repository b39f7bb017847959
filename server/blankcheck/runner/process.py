"""The runner host as a subprocess: started when needed, restarted when it dies, ended with us.

The host runs where a `Launcher` starts it; the talk with it is a `Link`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.launch import Heard, Launcher, LocalLauncher
from blankcheck.runner.link import HostDied, Link
from blankcheck_runner import wire
from blankcheck_runner.wire import (
    DeviceInfo,
    Expression,
    HostInfo,
    Lesson,
    Limits,
    Placed,
    Report,
    Request,
)

log = logging.getLogger(__name__)
_DEATHS = 3
"""Of hosts under one request, after which it is given up."""
_LOSSES = 2
"""Of those, with nothing in the host's place."""
_EACH_TIME = (
    "That was so each time that this was run: if the code, yours or the exercise's, ends other "
    "processes, take that out."
)
_ENDED = "The runner was ended meanwhile. Try again."


class HostRunner:
    """A `Runner` with one host in the given interpreter."""

    def __init__(
        self,
        launcher: Launcher | str | Sequence[str] = sys.executable,
        environment: Mapping[str, str] | None = None,
        device: str = "auto",
    ) -> None:
        """`launcher`: what starts the host; or the interpreter here that is to run it, or a command
        that ends in one, with what its environment has in addition."""
        if isinstance(launcher, (str, Sequence)):
            launcher = LocalLauncher(launcher, environment)
        self._launcher = launcher
        self.device = device
        self._begun: asyncio.Task[Link] | None = None
        """The start of the host, under way or done. Whoever waits for it may give up waiting."""
        self._heard = Heard()
        """From the host that was started last."""
        self._closed = False
        self._ids = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The host's process; null while there is none."""
        host = _link_of(self._begun)
        return None if host is None else host.pid

    @property
    def stage(self) -> str | None:
        """What is done while there is no host yet."""
        if self._begun is None or ((host := _link_of(self._begun)) is not None and host.greeted):
            return None
        if host is None and self._begun.done():
            return None
        return self._launcher.stage(self._heard)

    async def info(self) -> HostInfo:
        """What the host is. Starts it if need be."""
        return (await self._ready()).info

    async def devices(self) -> DeviceInfo:
        """Which devices there are."""
        number = next(self._ids)
        message = {"type": "devices", "id": number, "device": self.device}
        return await self._told(number, message)

    async def place(self, lesson: Lesson, submission: str) -> Placed:
        """Where a submission would be run."""
        number = next(self._ids)
        request = Request(number, "run", lesson, submission, device=self.device)
        message = {"type": "place", "id": number, "request": asdict(request)}
        return await self._told(number, message)

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits | None = None
    ) -> Report:
        """Runs a submission and judges it."""
        limits = limits or Limits()
        request = Request(
            next(self._ids), "check", lesson, submission, file, limits, device=self.device
        )
        return await self._ask(request)

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        """Runs a submission without a judgement."""
        limits = limits or Limits()
        request = Request(
            next(self._ids), "run", lesson, submission, file, limits, device=self.device
        )
        return await self._ask(request, on_output)

    async def describe(
        self, lesson: Lesson, expressions: Sequence[Expression]
    ) -> tuple[str | None, ...]:
        """A phrase for each place in the solution; null where nothing is known."""
        request = Request(
            next(self._ids),
            "describe",
            lesson,
            expressions=tuple(expressions),
            device=self.device,
        )
        return (await self._ask(request)).descriptions

    async def prepare(self, lesson: Lesson, limits: Limits | None = None) -> None:
        """Does ahead of need what the lesson's next check takes."""
        limits = limits or Limits()
        request = Request(next(self._ids), "prepare", lesson, limits=limits, device=self.device)
        await self._ask(request)

    async def close(self) -> None:
        """Ends the host and every process below it; whatever is asked of it now is refused."""
        self._closed = True
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.cancel()
            await asyncio.wait({begun})
            host = _link_of(begun)
            if host is not None:
                await host.close()

    async def _ask(
        self, request: Request, on_output: Callable[[str], None] | None = None
    ) -> Report:
        message = {"type": "request", "request": wire.request_to_json(request)}
        return await self._told(request.id, message, on_output)

    async def _told(
        self,
        number: int,
        message: Mapping[str, Any],
        on_output: Callable[[str], None] | None = None,
    ) -> Any:
        # A host that dies under a request takes nothing with it that a new one could not redo.
        died: list[HostDied] = []
        while True:
            host = await self._ready()
            try:
                return await host.ask(number, message, on_output)
            except HostDied as error:
                if self._closed:
                    raise RunnerUnavailable(_ENDED) from None
                died.append(error)
                if len(died) == _DEATHS or sum(not one.replaced for one in died) == _LOSSES:
                    raise RunnerUnavailable(self._given_up(error)) from None
                lost = "runner was killed"
                if not error.replaced:
                    host.announce(str(error))
                    lost = "connection was lost" if self._launcher.remote else "runner has ended"
                if on_output is not None:
                    on_output(f"\n[The {lost}. From the start again:]\n")

    def _given_up(self, error: HostDied) -> str:
        """Why a request is not tried again. Nobody can know which code it was, if it was code."""
        return str(error) if self._launcher.remote else f"{error} {_EACH_TIME}"

    async def _ready(self) -> Link:
        begun = self._begun
        if self._closed:
            # Perhaps nobody trusts the code any more that was to be run.
            raise RunnerUnavailable(_ENDED)
        if begun is None or (begun.done() and ((host := _link_of(begun)) is None or host.dead)):
            begun = self._begun = asyncio.create_task(self._begin(begun))
            begun.add_done_callback(_link_of)  # a failure that nobody waits for is no news
        await asyncio.wait({begun})
        if begun.cancelled():
            raise RunnerUnavailable(_ENDED)
        return begun.result()

    async def _begin(self, before: asyncio.Task[Link] | None) -> Link:
        dead = _link_of(before)
        if dead is not None:
            log.warning("The runner is started again. %s", dead.obituary())
            await dead.close()
        self._heard = Heard()
        return await Link.start(self._launcher, self._heard)


def _link_of(begun: asyncio.Task[Link] | None) -> Link | None:
    """The host that has started, if it has."""
    if begun is None or not begun.done() or begun.cancelled() or begun.exception() is not None:
        return None
    return begun.result()
