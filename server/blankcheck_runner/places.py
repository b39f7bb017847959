"""The places that requests are answered in: one for each device, with its own starter and lessons.

The processor's is there from the start. A graphics card's is made when the first exercise needs it:
its processes have that one card, and know it, from their start on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from blankcheck_runner import device_probe, devices
from blankcheck_runner.check import Checker
from blankcheck_runner.devices import CPU, Choice, Found
from blankcheck_runner.lessons import Lessons
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.start import Starter
from blankcheck_runner.wire import DeviceInfo, Report, Request


@dataclass(frozen=True)
class Place:
    """What runs on one device."""

    choice: Choice
    starter: Starter
    lessons: Lessons
    checker: Checker

    async def answer(self, request: Request, on_output: Callable[[str], None]) -> Report:
        """The report of a request, as `Checker.answer` gives it, with the device's name outside."""
        report = await self.checker.answer(self.inside(request), on_output)
        return report if report.device == "cpu" else replace(report, device=self.choice.name)

    def look_ahead(self, request: Request) -> None:
        """Forks what the next check of the request's lesson takes."""
        self.lessons.look_ahead(self.inside(request))

    def inside(self, request: Request) -> Request:
        """The request as the processes on this device get it."""
        return replace(request, device=self.choice.kind)


class Places:
    """The places of one host."""

    def __init__(
        self,
        scratch: Scratch,
        make_starter: Callable[[Choice], Starter],
        look: Callable[[], Awaitable[Found]] = device_probe.look,
        worth_asking: Callable[[], bool] = device_probe.worth_asking,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._scratch = scratch
        self._make_starter = make_starter
        self._look = look
        self._worth_asking = worth_asking
        self._environment = environment
        self._found: asyncio.Task[Found] | None = None
        """What a probe finds; it is asked once."""
        self._places: dict[str, Place] = {}
        self.cpu = self._place(CPU)

    async def of(self, request: Request) -> Place:
        """Where a request is answered. Raises NoDevice."""
        return self._place(await self.choice(request))

    async def choice(self, request: Request) -> Choice:
        """The device that a request is answered on. Raises NoDevice."""
        if not devices.needs_look(request.device, request.lesson, request.submission):
            return CPU
        if request.device == "auto" and not self._worth_asking():
            return CPU
        return devices.choose(request.device, await self._find(), self._environment)

    async def info(self, requested: str) -> DeviceInfo:
        """All that there is to say of the devices."""
        return devices.info(requested, await self._find(), self._environment)

    @property
    def all(self) -> list[Place]:
        """Those that were made."""
        return list(self._places.values())

    def known(self) -> set[int] | None:
        """The direct children of this process that belong here; null while one is being made."""
        found: set[int] = set()
        for place in self.all:
            known = place.starter.known()
            if known is None:
                return None
            found |= known
        # The probe is a child of its own.
        return None if self._found is not None and not self._found.done() else found

    async def close(self) -> None:
        """Ends everything."""
        if self._found is not None:
            self._found.cancel()
            await asyncio.wait({self._found})
        for place in self.all:
            await place.lessons.close()
            await place.starter.close()

    async def _find(self) -> Found:
        if self._found is None or self._found.cancelled():
            self._found = asyncio.create_task(self._ask())
        # Whoever gives up waiting does not take it from the others.
        return await asyncio.shield(self._found)

    async def _ask(self) -> Found:
        return await self._look()

    def _place(self, choice: Choice) -> Place:
        place = self._places.get(choice.name)
        if place is None:
            starter = self._make_starter(choice)
            lessons = Lessons(starter, self._scratch)
            place = Place(choice, starter, lessons, Checker(lessons))
            self._places[choice.name] = place
        return place
