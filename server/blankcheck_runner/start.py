"""Starting workers, and the host's hold on each: its channel, its output, its place, its end.

`Starter` is the one interface. `ForkStarter` forks a warm zygote; `SpareStarter`, for systems that
cannot fork, keeps single-use processes ready. A worker of either has run nothing yet, and obeys
the same messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from blankcheck_runner import processes, wire
from blankcheck_runner.channel import AsyncChannel, ChannelClosed, pair
from blankcheck_runner.output import Output
from blankcheck_runner.worker import PARTS, POSITION

FORK_SECONDS = 3.0
"""A zygote that does not fork within this is taken for hung."""
READY_SECONDS = 120.0
"""For the import of torch, on a slow disk."""
SPARES = 2
"""Kept ready: a check takes two."""
_ATTEMPTS = SPARES + 2
_EXIT_SECONDS = 1.0
_LOG = 20_000
_CHUNK = 2**16
_BOOT = (
    "import sys\n"
    "folder, control, position, parent, start = sys.argv[1:]\n"
    "sys.path[:] = [folder] + [place for place in sys.path if place]\n"
    "import blankcheck_runner\n"
    "del sys.path[0]\n"
    "sys.argv = ['']\n"
    "from blankcheck_runner.worker import main\n"
    "main(int(control), int(position), int(parent), start)\n"
)


class WorkerDied(Exception):
    """The worker ended, or its channel is of no use any more."""


class WorkerFailed(Exception):
    """The worker could not do what it was asked; the message says why."""


class StartFailed(Exception):
    """No worker can be had; the message says why."""


class Hold:
    """The host's hold on one worker."""

    def __init__(self, pid: int, ends: Ends, output: Output, parent: Hold | None = None) -> None:
        self.pid = pid
        self.output = output
        self.exited: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """The exit code, negative for a signal; null if it ended and nobody knows how."""
        self.on_output: Callable[[str], None] | None = None
        """Told of what is printed and kept, as it comes."""
        self._parent = parent
        self._forked: dict[int, Hold] = {}
        self._ended_early: dict[int, int] = {}
        """How children ended that were not heard of yet, by pid."""
        self._channel = AsyncChannel(ends.control)
        self._pipe = ends.output
        self._position = ends.position
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._gone = False
        self._last: tuple[wire.Part, int] | None = None
        os.set_blocking(self._pipe, False)
        asyncio.get_running_loop().add_reader(self._pipe, self.drain)
        self._reading = asyncio.create_task(self._read())

    @property
    def gone(self) -> bool:
        """Whether the worker cannot be talked to any more."""
        return self._gone

    @property
    def orphaned(self) -> bool:
        """Whether what it was forked from is gone, so that its end is no fault of its own."""
        return self._parent is not None and (self._parent.gone or self._parent.orphaned)

    async def fork(self, output: int) -> Hold:
        """Another worker in this one's state. Raises WorkerDied if this one does not answer;
        it is killed then."""
        ends = Ends()
        try:
            processes.resume(self.pid)
            asking = self.ask("fork", ends.worker_side())
            pid = int((await asyncio.wait_for(asking, FORK_SECONDS))["pid"])
        except (asyncio.TimeoutError, WorkerFailed):
            ends.close()
            self.kill()
            raise WorkerDied from None
        except BaseException:
            ends.close()
            raise
        ends.close_worker_side()
        child = Hold(pid, ends, Output(output), self)
        self._forked[pid] = child
        child.exited.add_done_callback(lambda _: self._forked.pop(pid, None))
        if pid in self._ended_early:
            child.note_exit(self._ended_early.pop(pid))
        elif self._gone:
            child.note_exit(None)
        return child

    async def ask(
        self, op: str, descriptors: Sequence[int] = (), **fields: Any
    ) -> Mapping[str, Any]:
        """Sends a message and awaits its answer. Raises WorkerDied or WorkerFailed."""
        if self._gone:
            raise WorkerDied
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            try:
                await self._channel.send({"op": op, "id": number, **fields}, b"", descriptors)
            except ChannelClosed:
                raise WorkerDied from None
            message = await answer
        finally:
            self._answers.pop(number, None)
        error = message.get("error")
        if isinstance(error, str):
            raise WorkerFailed(error)
        return message

    def position(self) -> tuple[wire.Part, int] | None:
        """The part and the line (from 1) of the statement that runs, as the worker wrote it."""
        if self._position >= 0:
            data = os.pread(self._position, POSITION.size, 0)
            if len(data) == POSITION.size:
                number, line = POSITION.unpack(data)
                known = 1 <= number <= len(PARTS) and line
                self._last = (PARTS[number - 1], line) if known else None
        return self._last

    def drain(self) -> None:
        """Takes what was printed so far."""
        if self._pipe < 0:
            return
        for _ in range(64):  # a flood must not keep the loop from its other work
            try:
                data = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._close_pipe()
                return
            shown = self.output.add(data)
            if shown and self.on_output is not None:
                self.on_output(shown)

    def note_exit(self, code: int | None) -> None:
        """Settles how the worker ended."""
        if not self.exited.done():
            self.exited.set_result(code)

    async def exit_code(self) -> int | None:
        """How it ended, once its channel is closed; null if that does not become known."""
        with contextlib.suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.exited), _EXIT_SECONDS)
        return None

    def kill(self) -> None:
        """Ends the worker with all its descendants, and lets go of it."""
        if not self.exited.done():
            processes.kill_tree(self.pid)
        self.drain()
        self._close_pipe()
        self._reading.cancel()
        self._let_go()

    def _let_go(self) -> None:
        if self._gone:
            return
        self._gone = True
        self.position()
        self._channel.close()
        os.close(self._position)
        self._position = -1
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerDied())
        for child in list(self._forked.values()):
            # Nobody can tell any more how these end.
            child.kill()
            child.note_exit(None)

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    async def _read(self) -> None:
        try:
            while True:
                self._take((await self._channel.receive()).message)
        except (ChannelClosed, wire.FrameError, KeyError, TypeError):
            # What a learner's code may have written into the channel ends the talk, nothing else.
            pass
        self._let_go()

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("op") == "exited":
            self._child_ended(int(message["pid"]), int(message["status"]))
            return
        answer = self._answers.get(message["id"])
        if answer is not None and not answer.done():
            # All that was printed before the answer was sent is in the pipe by now.
            self.drain()
            answer.set_result(message)

    def _child_ended(self, pid: int, code: int) -> None:
        child = self._forked.get(pid)
        if child is None:
            self._ended_early[pid] = code
        else:
            child.note_exit(code)


class Ends:
    """What connects host and worker: a channel, an output pipe, a file with its position."""

    def __init__(self) -> None:
        self.control, self.worker_control = pair()
        self.output, self.worker_output = os.pipe()
        self.position = _unnamed_file()

    def worker_side(self) -> tuple[int, int, int]:
        """The descriptors for the worker."""
        return self.worker_control.fileno(), self.worker_output, self.position

    def close_worker_side(self) -> None:
        """Closes here what the worker holds now."""
        self.worker_control.close()
        os.close(self.worker_output)

    def close(self) -> None:
        """Closes everything, when no worker came of it."""
        self.close_worker_side()
        self.control.close()
        os.close(self.output)
        os.close(self.position)


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

    async def close(self) -> None:
        """Ends everything."""
        ...


class ForkStarter:
    """Forks workers from a zygote, and starts a new zygote when that one is gone or hangs."""

    kind: Literal["fork", "spare"] = "fork"

    def __init__(self) -> None:
        self.versions: Mapping[str, Any] = {}
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
            zygote = await _Program.start(self.kind)
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
        return set() if self._zygote is None else {self._zygote.hold.pid}

    async def close(self) -> None:
        """Ends the zygote and all workers."""
        if self._zygote is not None:
            await self._zygote.close()


class SpareStarter:
    """Keeps warm processes ready, each for one use."""

    kind: Literal["fork", "spare"] = "spare"

    def __init__(self) -> None:
        self.versions: Mapping[str, Any] = {}
        self._ready: deque[_Program] = deque()
        self._used: dict[int, _Program] = {}
        self._filling: asyncio.Task[None] | None = None
        self._more = asyncio.Event()

    async def prepare(self) -> None:
        """Sees to it that one spare at least is ready."""
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
                filling.result()

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
        return {program.hold.pid for program in programs}

    async def close(self) -> None:
        """Ends the spares and all workers."""
        if self._filling is not None:
            self._filling.cancel()
            with contextlib.suppress(asyncio.CancelledError, StartFailed):
                await self._filling
        for program in [*self._ready, *self._used.values()]:
            await program.close()

    def _use(self, program: _Program) -> None:
        pid = program.hold.pid
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
        program = await _Program.start(self.kind)
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
        self._process = process
        self._waiting = asyncio.create_task(self._wait())

    @classmethod
    async def start(cls, kind: str) -> _Program:
        """Starts one; it warms up by itself."""
        ends = Ends()
        control, output, position = ends.worker_side()
        folder = str(Path(__file__).resolve().parent.parent)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-s", "-B", "-c", _BOOT),
                *(folder, str(control), str(position), str(os.getpid()), kind),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(control, position),
                start_new_session=True,
                env=_environment(),
                cwd=tempfile.gettempdir(),
            )
        except BaseException:
            ends.close()
            raise
        ends.close_worker_side()
        return cls(process, Hold(process.pid, ends, Output(_LOG)))

    async def ready(self) -> Mapping[str, Any]:
        """Waits until it is warm. Raises StartFailed."""
        try:
            return await asyncio.wait_for(self.hold.ask("ready"), READY_SECONDS)
        except asyncio.TimeoutError:
            raise StartFailed("Python did not get ready in time") from None
        except WorkerDied:
            self.hold.drain()
            said = self.hold.output.text().strip()[-2000:]
            raise StartFailed(f"Python ended while it was starting: {said}") from None

    async def close(self) -> None:
        """Ends it."""
        self.hold.kill()
        await self._waiting

    async def _wait(self) -> None:
        self.hold.note_exit(await self._process.wait())


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("position")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


_KEPT = ("PATH", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_KEPT_GROUPS = ("LC_", "CUDA_", "NVIDIA_", "TORCH_", "PYTORCH_", "HF_")


def _environment() -> dict[str, str]:
    """What course code sees of the environment: nothing of the person's but what torch needs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_GROUPS)
    }
    return {
        **kept,
        "HOME": tempfile.gettempdir(),
        "PYTHONHASHSEED": "0",  # sets of strings come in the same order for student and reference
        "PYTHONUTF8": "1",
        "PYTHONBREAKPOINT": "0",
        "PYTHONSAFEPATH": "1",
    }
