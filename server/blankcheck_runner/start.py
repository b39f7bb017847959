"""Starting workers.

`Starter` is the one interface. `ForkStarter` forks a warm zygote; `SpareStarter`, for systems that
cannot fork, keeps single-use processes ready. A worker of either has run nothing yet, and obeys
the same messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from blankcheck_runner import processes
from blankcheck_runner.hold import Hold, WorkerDied
from blankcheck_runner.output import Output
from blankcheck_runner.programs import Program, StartFailed
from blankcheck_runner.succession import Inheritance, Will

SPARES = 2
"""Kept ready: a check takes two."""
_ATTEMPTS = SPARES + 2


class Starter(Protocol):
    """Gives workers that have run nothing."""

    kind: Literal["fork", "spare"]
    """With `fork`, the workers can be forked in turn."""
    versions: Mapping[str, Any]
    """The answer of a worker to `ready`."""

    async def prepare(self) -> None:
        """Makes ready what workers come from. Raises StartFailed."""
        ...

    async def start(self, output: int) -> Hold:
        """A fresh worker; `output` characters of its output are kept. Raises StartFailed."""
        ...

    async def renew(self) -> None:
        """Replaces what was lost, if that takes long, before it is needed."""
        ...

    def known(self) -> set[int] | None:
        """The direct children of this process that belong here; null while one is being made."""
        ...

    def reapers(self) -> list[tuple[int, int]]:
        """The processes below that orphans go to, each with its one child that is none."""
        ...

    async def close(self) -> None:
        """Ends everything."""
        ...


@dataclass
class Succession:
    """What a host and its heir have in common."""

    guard: int
    will: Will
    streams: tuple[int, int, int]
    """Input and output of the channel to the server, and where complaints go."""
    inherited: Inheritance | None = None
    """What this host itself inherited."""
    due: bool = False
    """Whether the host makes way for the heir."""


class ForkStarter:
    """Forks workers from a zygote, which is split off from a stem.

    The stem imported torch, and does nothing else ever. If the zygote goes or hangs, another one
    is there at once. If the stem goes, the host's heir, which was split off it too, is the stem.
    If that is gone as well, the zygote carries on while a new stem warms up.
    """

    kind: Literal["fork", "spare"] = "fork"

    def __init__(
        self,
        scratch: str,
        environment: Mapping[str, str],
        lost: Callable[[], None],
        succession: Succession | None = None,
    ) -> None:
        """`environment`: what the workers get beside what is let through. `lost` is called if
        somebody else kills one. `succession`: what the host and its heir have in common, if its
        heir comes from here."""
        self.versions: Mapping[str, Any] = {}
        self._scratch = scratch
        self._environment = environment
        self._lost = lost
        self._succession = succession
        self._heir: Program | None = None
        self._stem: Program | None = None
        self._warming: asyncio.Task[Mapping[str, Any]] | None = None
        """Of the stem."""
        if succession is not None and succession.inherited is not None:
            self._keep_stem(Program.inherit(succession.inherited))
        self._zygote: Program | None = None
        self._preparing = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._births = _Births()

    async def prepare(self) -> None:
        """Makes a zygote if there is none."""
        async with self._preparing:
            if self._zygote is not None and not self._zygote.hold.gone:
                return
            await self._drop_zygote()
            for last in (False, True):
                await self._warm_stem()
                try:
                    await self._split_zygote()
                    return
                except WorkerDied:
                    if last:
                        raise StartFailed("the process that warmed up does not stay up") from None

    async def start(self, output: int) -> Hold:
        """Forks the zygote; replaces it and tries again if it does not answer."""
        for _ in range(2):
            await self.prepare()
            if self._zygote is not None:
                with contextlib.suppress(WorkerDied):
                    return await self._zygote.hold.fork(output)
        raise StartFailed("the process that others are forked from does not stay up")

    async def renew(self) -> None:
        """Starts a stem if there is none, and splits off an heir."""
        with contextlib.suppress(OSError, StartFailed, WorkerDied):
            await asyncio.shield(await self._begin_stem())
            await self._have_heir()

    def known(self) -> set[int] | None:
        """The stem, the heir and the zygote."""
        if self._births.count:
            return None
        programs = (self._stem, self._heir, self._zygote)
        return {program.pid for program in programs if program is not None}

    def reapers(self) -> list[tuple[int, int]]:
        """The first process of the zygote's namespaces, if it is in some of its own."""
        if self._zygote is None or self._zygote.reaper is None:
            return []
        return [(self._zygote.reaper, self._zygote.hold.pid)]

    async def close(self) -> None:
        """Ends stem, zygote and all workers; the heir too, unless its time has come."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait({self._warming})
        if self._succession is not None and not self._succession.due:
            await self._drop_heir()
        for program in (self._stem, self._zygote):
            if program is not None:
                await program.close()
        self._stem = self._zygote = None

    async def _begin_stem(self) -> asyncio.Task[Mapping[str, Any]]:
        """Starts a stem if there is none: the task that waits for it to be warm."""
        async with self._renewing:
            if self._stem is not None and self._stem.hold.gone:
                await self._stem.close()
                self._stem = None
            if self._stem is None and self._heir is not None:
                heir, self._heir = self._heir, None
                self._keep_stem(heir)
                try:
                    await heir.stand_in()
                except WorkerDied:
                    await heir.close()
                    self._stem = None
            if self._stem is None or self._warming is None:
                with self._births:
                    stem = await Program.start(self.kind, self._scratch, self._environment)
                    self._keep_stem(stem)
            assert self._warming is not None
            return self._warming

    def _keep_stem(self, stem: Program) -> None:
        self._stem = stem
        stem.hold.lost = self._lost
        self._warming = asyncio.create_task(stem.ready())
        self._warming.add_done_callback(_look_at)

    async def _have_heir(self) -> None:
        """Splits an heir off the stem, if none is there. Raises WorkerDied."""
        async with self._renewing:
            succession, stem = self._succession, self._stem
            if succession is None or succession.due or stem is None:
                return
            if self._heir is not None:
                if not self._heir.hold.gone:
                    return
                await self._drop_heir()
            with self._births:
                self._heir = await stem.heir(
                    succession.guard, succession.streams, succession.will.file
                )
            self._heir.hold.lost = self._lost
            succession.will.name(os.getpid(), self._heir.pid)

    async def _drop_heir(self) -> None:
        if self._heir is not None:
            await self._heir.close()
            self._heir = None

    async def _warm_stem(self) -> None:
        warming = await self._begin_stem()
        stem = self._stem
        try:
            self.versions = await asyncio.shield(warming)
        except StartFailed:
            if stem is not None:
                await stem.close()
            if self._stem is stem:
                self._stem = self._warming = None
            raise

    async def _split_zygote(self) -> None:
        assert self._stem is not None
        with self._births:
            zygote = self._zygote = await self._stem.split()
        zygote.hold.lost = self._lost
        try:
            await zygote.ready()
        except BaseException:
            await self._drop_zygote()
            raise

    async def _drop_zygote(self) -> None:
        if self._zygote is not None:
            await self._zygote.close()
            self._zygote = None


class SpareStarter:
    """Keeps warm processes ready, each for one use."""

    kind: Literal["fork", "spare"] = "spare"

    def __init__(
        self, scratch: str, environment: Mapping[str, str], lost: Callable[[], None]
    ) -> None:
        """`environment`: what the workers get beside what is let through. `lost` is called if
        somebody else kills one."""
        self.versions: Mapping[str, Any] = {}
        self._scratch = scratch
        self._environment = environment
        self._lost = lost
        self._ready: deque[Program] = deque()
        self._used: dict[int, Program] = {}
        """Those that are not ready: in use, or still warming up."""
        self._births = _Births()
        self._filling: asyncio.Task[None] | None = None
        self._more = asyncio.Event()

    async def prepare(self) -> None:
        """Sees to it that one spare at least is ready."""
        failed = False
        while not self._ready:
            self._more.clear()
            self._fill()
            more = asyncio.create_task(self._more.wait())
            filling = self._filling
            assert filling is not None
            try:
                await asyncio.wait({more, filling}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                more.cancel()
            if not self._ready and filling.done():
                # One may have been killed from outside; two in a row have a reason.
                if failed:
                    filling.result()
                failed = filling.cancelled() or filling.exception() is not None

    async def start(self, output: int) -> Hold:
        """Takes a spare and lets another one be made."""
        for _ in range(_ATTEMPTS):
            await self.prepare()
            spare = self._ready.popleft()
            self._use(spare)
            self._fill()
            if spare.hold.gone:
                await spare.close()
                continue
            processes.resume(spare.hold.pid)
            spare.hold.output = Output(output)
            return spare.hold
        raise StartFailed("the processes that are kept ready do not stay up")

    async def renew(self) -> None:
        """Starts spares for those that have ended."""
        for spare in [spare for spare in self._ready if spare.hold.gone]:
            self._ready.remove(spare)
            self._use(spare)
            await spare.close()
        self._fill()

    def known(self) -> set[int] | None:
        """The spares and the workers made of them."""
        if self._births.count:
            return None
        programs = [*self._ready, *self._used.values()]
        return {program.pid for program in programs}

    def reapers(self) -> list[tuple[int, int]]:
        """None: each worker adopts what it leaves, and takes it along when it ends."""
        return []

    async def close(self) -> None:
        """Ends the spares and all workers."""
        if self._filling is not None:
            self._filling.cancel()
            with contextlib.suppress(asyncio.CancelledError, StartFailed):
                await self._filling
        for program in [*self._ready, *self._used.values()]:
            await program.close()

    def _use(self, program: Program) -> None:
        pid = program.pid
        self._used[pid] = program
        program.hold.exited.add_done_callback(lambda _: self._used.pop(pid, None))

    def _fill(self) -> None:
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._make())
            self._filling.add_done_callback(_look_at)

    async def _make(self) -> None:
        while (missing := SPARES - len(self._ready)) > 0:
            # Side by side: a check that waits needs two.
            making = [asyncio.create_task(self._add()) for _ in range(missing)]
            try:
                await asyncio.gather(*making)
            except BaseException:
                for task in making:
                    task.cancel()
                await asyncio.wait(making)
                raise

    async def _add(self) -> None:
        with self._births:
            program = await Program.start(self.kind, self._scratch, self._environment)
            self._use(program)
        program.hold.lost = self._lost
        try:
            self.versions = await program.ready()
        except BaseException:
            await program.close()
            raise
        self._used.pop(program.pid, None)
        self._ready.append(program)
        self._more.set()


class _Births:
    """Processes that are being started: they are there, and their ids are not known yet."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


def _look_at(task: asyncio.Task[Any]) -> None:
    """Whoever needs a spare next tries again and is told; nobody else is."""
    if not task.cancelled():
        task.exception()
