"""Workers that were not forked from a worker's state: started as programs, or split off from one.

Each is a direct child of the host, whatever it came from, and ends with the host.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

from blankcheck_runner import processes
from blankcheck_runner.channel import Ends, HostSide
from blankcheck_runner.hold import Hold, WorkerDied, WorkerFailed, answered
from blankcheck_runner.output import Output
from blankcheck_runner.sandbox import levels
from blankcheck_runner.succession import Inheritance

READY_SECONDS = 120.0
"""For the import of torch, on a slow disk."""
_SPLIT_SECONDS = 10.0
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
_KEPT = ("PATH", "LANG", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", levels.VARIABLE)
_KEPT_GROUPS = ("LC_", "CUDA_", "NVIDIA_", "PYTORCH_")


class StartFailed(Exception):
    """No worker can be had; the message says why."""


class Program:
    """One of them."""

    def __init__(self, pid: int, hold: Hold, end: Awaitable[int | None]) -> None:
        self.pid = pid
        """The host's child. The worker is another one, below it, if it went to namespaces."""
        self.hold = hold
        self.reaper: int | None = None
        """The process that orphans go to, if it is not the host."""
        self._waiting = asyncio.create_task(self._wait(end))

    @classmethod
    async def start(cls, kind: str, scratch: str, environment: Mapping[str, str]) -> Program:
        """Starts one; it warms up by itself. `environment`: what it gets in addition."""
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
        return cls(process.pid, Hold(process.pid, ends.host_side, Output(_LOG)), process.wait())

    @classmethod
    def inherit(cls, left: Inheritance) -> Program:
        """The stem that another host left."""
        control = socket.socket(fileno=left.control)
        hold = Hold(left.stem, HostSide(control, left.output, left.position), Output(_LOG))
        return cls(left.stem, hold, processes.end_of(left.stem))

    async def split(self) -> Program:
        """Another one that is as warm as this one, lives on without it, and goes to namespaces.
        Raises WorkerDied if this one cannot; it is killed then."""
        return await self._split("split")

    async def heir(self, guard: int, streams: tuple[int, ...], will: int) -> Program:
        """One that takes the place of this host when that ends, with these descriptors. Raises
        WorkerDied as `split` does."""
        return await self._split("heir", (*streams, will), guard=guard)

    async def stand_in(self) -> None:
        """Has the heir be an ordinary one. Raises WorkerDied."""
        try:
            await answered(self.hold.ask("stand_in"), _SPLIT_SECONDS, self.hold)
        except (asyncio.TimeoutError, WorkerFailed):
            raise WorkerDied from None

    async def _split(self, op: str, more: tuple[int, ...] = (), **fields: Any) -> Program:
        ends = Ends()
        try:
            descriptors = (*ends.worker_side(), *more)
            asking = self.hold.ask(op, descriptors, host=os.getpid(), **fields)
            pid = int((await answered(asking, _SPLIT_SECONDS, self.hold))["pid"])
        except (asyncio.TimeoutError, WorkerFailed):
            ends.close()
            self.hold.kill()
            raise WorkerDied from None
        except BaseException:
            ends.close()
            raise
        ends.close_worker_side()
        return Program(pid, Hold(pid, ends.host_side, Output(_LOG)), processes.end_of(pid))

    async def ready(self) -> Mapping[str, Any]:
        """Waits until it is warm. Raises StartFailed."""
        try:
            answer = await answered(self.hold.ask("ready"), READY_SECONDS, self.hold)
            if answer["separate"]:
                # It says by what id it knows itself.
                found = processes.from_inside(self.pid, answer["pid"])
                if found is None:
                    raise WorkerDied
                self.hold.pid = found
                self.reaper = next(iter(processes.children(self.pid)), None)
            return answer
        except asyncio.TimeoutError:
            raise StartFailed("Python did not get ready in time") from None
        except WorkerDied:
            self.hold.drain()
            said = self.hold.output.text().strip()[-2000:]
            raise StartFailed(f"Python ended while it was starting: {said}") from None

    async def close(self) -> None:
        """Ends it."""
        self.hold.kill()
        if self.pid != self.hold.pid and not self._waiting.done():
            processes.kill_tree(self.pid)
        await self._waiting

    async def _wait(self, end: Awaitable[int | None]) -> None:
        self.hold.note_exit(await end)


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
