"""Starting workers.

`Starter` is the one interface. `ForkStarter` forks a warm zygote; `SpareStarter`, for systems that
cannot fork, keeps single-use processes ready. A worker of either has run nothing yet, and obeys
the same messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from blankcheck_runner import processes
from blankcheck_runner.hold import Ends, Hold, WorkerDied
from blankcheck_runner.output import Output
from blankcheck_runner.sandbox import levels

READY_SECONDS = 120.0
"""For the import of torch, on a slow disk."""
_RESUME_SECONDS = 0.5
SPARES = 2
"""Kept ready: a check takes two."""
_ATTEMPTS = SPARES + 2
_LOG = 20_000
_BOOT = (
    "import sys\n"
    "folder, control, position, parent, start, scratch = sys.argv[1:]\n"
    "sys.path[:] = [folder] + [place for place in sys.path if place]\n"
    "import blankcheck_runner\n"
    "del sys.path[0]\n"
    "sys.argv = ['']\n"
    "from blankcheck_runner.worker import main\n"
    "main(int(control), int(position), int(parent), start, scratch)\n"
)


class StartFailed(Exception):
    """No worker can be had; the message says why."""


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

    def known(self) -> set[int] | None:
        """The direct children of this process that belong here; null while one is being made."""
        ...

    def reapers(self) -> list[tuple[int, int]]:
        """The processes below that orphans go to, each with its one child that is none."""
        ...

    async def close(self) -> None:
        """Ends everything."""
        ...


class ForkStarter:
    """Forks workers from a zygote, and starts a new zygote when that one is gone or hangs."""

    kind: Literal["fork", "spare"] = "fork"

    def __init__(self, scratch: str, environment: Mapping[str, str]) -> None:
        """`environment`: what the workers get beside what `_environment` lets through."""
        self.versions: Mapping[str, Any] = {}
        self._scratch = scratch
        self._environment = environment
        self._zygote: _Program | None = None
        self._preparing = asyncio.Lock()

    async def prepare(self) -> None:
        """Starts the zygote if there is none."""
        async with self._preparing:
            if self._zygote is not None and not self._zygote.hold.gone:
                return
            if self._zygote is not None:
                await self._zygote.close()
                self._zygote = None
            zygote = await _Program.start(self.kind, self._scratch, self._environment)
            try:
                self.versions = await zygote.ready()
            except BaseException:
                await zygote.close()
                raise
            self._zygote = zygote

    async def start(self, output: int) -> Hold:
        """Forks the zygote; replaces it and tries again if it does not answer."""
        for _ in range(2):
            await self.prepare()
            if self._zygote is not None:
                with contextlib.suppress(WorkerDied):
                    return await self._zygote.hold.fork(output)
        raise StartFailed("the process that others are forked from does not stay up")

    def known(self) -> set[int] | None:
        """The zygote."""
        if self._preparing.locked():
            return None
        return set() if self._zygote is None else {self._zygote.pid}

    def reapers(self) -> list[tuple[int, int]]:
        """The first process of the zygote's namespaces, if it is in some of its own."""
        if self._zygote is None or self._zygote.reaper is None:
            return []
        return [(self._zygote.reaper, self._zygote.hold.pid)]

    async def close(self) -> None:
        """Ends the zygote and all workers."""
        if self._zygote is not None:
            await self._zygote.close()


class SpareStarter:
    """Keeps warm processes ready, each for one use."""

    kind: Literal["fork", "spare"] = "spare"

    def __init__(self, scratch: str, environment: Mapping[str, str]) -> None:
        """`environment`: what the workers get beside what `_environment` lets through."""
        self.versions: Mapping[str, Any] = {}
        self._scratch = scratch
        self._environment = environment
        self._ready: deque[_Program] = deque()
        self._used: dict[int, _Program] = {}
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
            self._fill()
            if spare.hold.gone:
                await spare.close()
                continue
            processes.resume(spare.hold.pid)
            spare.hold.output = Output(output)
            self._use(spare)
            return spare.hold
        raise StartFailed("the processes that are kept ready do not stay up")

    def known(self) -> set[int] | None:
        """The spares and the workers made of them."""
        if self._filling is not None and not self._filling.done():
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

    def _use(self, program: _Program) -> None:
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
        program = await _Program.start(self.kind, self._scratch, self._environment)
        try:
            self.versions = await program.ready()
        except BaseException:
            await program.close()
            raise
        self._ready.append(program)
        self._more.set()


def _look_at(task: asyncio.Task[None]) -> None:
    """Whoever needs a spare next tries again and is told; nobody else is."""
    if not task.cancelled():
        task.exception()


class _Program:
    """A worker that was started as a program, not forked."""

    def __init__(self, process: asyncio.subprocess.Process, hold: Hold) -> None:
        self.hold = hold
        self.pid = process.pid
        """Of the process that was started. The worker is another one if it went to namespaces."""
        self.reaper: int | None = None
        """The process that orphans go to, if it is not this one."""
        self._process = process
        self._waiting = asyncio.create_task(self._wait())

    @classmethod
    async def start(cls, kind: str, scratch: str, environment: Mapping[str, str]) -> _Program:
        """Starts one; it warms up by itself."""
        ends = Ends()
        control, output, position = ends.worker_side()
        folder = str(Path(__file__).resolve().parent.parent)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-s", "-B", "-c", _BOOT),
                *(folder, str(control), str(position), str(os.getpid()), kind, scratch),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(control, position),
                start_new_session=True,
                env={**_environment(scratch), **environment},
                cwd=scratch,
            )
        except BaseException:
            ends.close()
            raise
        ends.close_worker_side()
        return cls(process, Hold(process.pid, ends, Output(_LOG)))

    async def ready(self) -> Mapping[str, Any]:
        """Waits until it is warm. Raises StartFailed."""
        asking = asyncio.create_task(self.hold.ask("ready"))
        deadline = time.monotonic() + READY_SECONDS
        try:
            while not asking.done():
                if time.monotonic() > deadline:
                    raise StartFailed("Python did not get ready in time")
                await asyncio.wait({asking}, timeout=_RESUME_SECONDS)
                processes.resume(self.hold.pid)
            return self._settled(asking.result())
        except WorkerDied:
            self.hold.drain()
            said = self.hold.output.text().strip()[-2000:]
            raise StartFailed(f"Python ended while it was starting: {said}") from None
        finally:
            asking.cancel()

    async def close(self) -> None:
        """Ends it."""
        self.hold.kill()
        if self.pid != self.hold.pid and self._process.returncode is None:
            processes.kill_tree(self.pid)
        await self._waiting

    def _settled(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Finds the worker, which says by what id it knows itself."""
        if answer["separate"]:
            found = processes.from_inside(self.pid, answer["pid"])
            if found is None:
                raise WorkerDied
            self.hold.pid = found
            self.reaper = next(iter(processes.children(self.pid)), None)
        return answer

    async def _wait(self) -> None:
        self.hold.note_exit(await self._process.wait())


_KEPT = ("PATH", "LANG", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", levels.VARIABLE)
_KEPT_GROUPS = ("LC_", "CUDA_", "NVIDIA_", "PYTORCH_")


def _environment(scratch: str) -> dict[str, str]:
    """What course code sees of the environment: nothing of the person's but what torch needs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_GROUPS)
    }
    return {
        **kept,
        "HOME": scratch,
        "TMPDIR": scratch,
        "PYTHONHASHSEED": "0",  # sets of strings come in the same order for student and reference
        "PYTHONUTF8": "1",
        "PYTHONBREAKPOINT": "0",
        "PYTHONSAFEPATH": "1",
    }
