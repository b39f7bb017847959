"""The host's hold on a worker: its channel, its output, its place, its end, and what it forks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from blankcheck_runner import processes, wire
from blankcheck_runner.channel import AsyncChannel, ChannelClosed, Ends, HostSide, read_position
from blankcheck_runner.output import Output
from blankcheck_runner.stops import from_outside

FORK_SECONDS = 3.0
"""A worker that does not fork within this is taken for hung."""
_RESUME_SECONDS = 0.1
_EXIT_SECONDS = 1.0
_CHUNK = 2**16
_MOST_UNKNOWN = 1000
"""Ends of children that this host has not heard of: only code of others tells of more."""
_NONSENSE = (KeyError, TypeError, ValueError, OverflowError)
"""What comes of taking numbers and names from a message that makes no sense."""


T = TypeVar("T")


class WorkerDied(Exception):
    """The worker ended, or its channel is of no use any more."""


class WorkerFailed(Exception):
    """The worker could not do what it was asked; the message says why."""


class Swarming(Exception):
    """A worker, the argument, has more processes below it than it may."""


class Hold:
    """The host's hold on one worker."""

    def __init__(
        self, pid: int, ends: HostSide, output: Output, parent: Hold | None = None
    ) -> None:
        self.pid = pid
        self.outer = pid
        """The process that ends when the worker has: another one if it went to namespaces."""
        self.output = output
        self.exited: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """The exit code, negative for a signal; null if it ended and nobody knows how."""
        self.on_output: Callable[[str], None] | None = None
        """Told of what is printed and kept, as it comes."""
        self.lost: Callable[[], None] | None = None if parent is None else parent.lost
        """Called if somebody else kills the worker, or one that was forked from it."""
        self._killed = False
        self._parent = parent
        self._forked: dict[int, Hold] = {}
        self._ended_early: dict[int, int] = {}
        """How children ended that were not heard of yet, by the id that the worker knows."""
        self._channel = AsyncChannel(ends.control)
        self._pipe = ends.output
        self._position = ends.position
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._abandoned: set[int] = set()
        """What nobody waits for any more, and may still be answered."""
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

    async def confirm(self) -> None:
        """Has the worker, and all that it was forked from, say that it is there. Raises WorkerDied
        or asyncio.TimeoutError.

        What was killed says nothing more, though the rest of its end may take a while."""
        hold: Hold | None = self
        while hold is not None:
            with contextlib.suppress(WorkerFailed):
                await answered(hold.ask("ready"), FORK_SECONDS, hold)
            hold = hold._parent

    async def fork(self, output: int) -> Hold:
        """Another worker in this one's state. Raises WorkerDied if this one does not answer;
        it is killed then."""
        ends = Ends()
        try:
            processes.resume(self.pid)
            asking = self.ask("fork", ends.worker_side())
            inner = int((await answered(asking, FORK_SECONDS, self))["pid"])
            pid = self._child(inner)
        except (asyncio.TimeoutError, WorkerFailed, *_NONSENSE):
            ends.close()
            self.kill()
            raise WorkerDied from None
        except BaseException:
            ends.close()
            raise
        ends.close_worker_side()
        child = Hold(pid, ends.host_side, Output(output), self)
        self._forked[inner] = child
        child.exited.add_done_callback(lambda _: self._forked.pop(inner, None))
        if inner in self._ended_early:
            child.note_exit(self._ended_early.pop(inner))
        elif self._gone:
            child.note_exit(None)
        return child

    def _child(self, inner: int) -> int:
        """The process that the worker forked. It may know it by another id; and what it says is
        not taken for granted, since that process will be signalled."""
        if sys.platform != "linux":
            return inner
        found = processes.from_inside(self.pid, inner)
        if found is None:
            raise ValueError("no such child")
        return found

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
            if not answer.done() or answer.cancelled():
                self._abandoned.add(number)
        error = message.get("error")
        if isinstance(error, str):
            raise WorkerFailed(error)
        return message

    def position(self) -> tuple[wire.Part, int] | None:
        """The part and the line (from 1) of the statement that runs, as the worker wrote it."""
        if self._position >= 0:
            self._last = read_position(self._position)
        return self._last

    def may_have_begun(self, part: wire.Part) -> bool:
        """Whether code of a part has begun to run: as its position says, or makes no sense of,
        since code has written there."""
        position = self.position()
        if position is not None:
            return position[0] == part
        return self._position < 0 or os.fstat(self._position).st_size > 0

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
        if self.exited.done():
            return
        self.exited.set_result(code)
        if code is not None and from_outside(code) and not self._killed and self.lost is not None:
            self.lost()

    async def exit_code(self) -> int | None:
        """How it ended, once its channel is closed; null if that does not become known."""
        with contextlib.suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.exited), _EXIT_SECONDS)
        return None

    def kill(self) -> None:
        """Ends the worker with all its descendants, and lets go of it."""
        if not self.exited.done():
            self._killed = self._killed or not processes.is_ending(self.pid)
            processes.kill_tree(self.pid)
            if self.outer != self.pid:
                processes.resume(self.outer)  # stopped, it would never end
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
                # What is there already is received without a pause, and a flood never ends.
                await asyncio.sleep(0)
        except (ChannelClosed, RecursionError, *_NONSENSE):
            # What a learner's code may have written into the channel ends the talk, nothing else.
            pass
        self._let_go()

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("op") == "exited":
            self._child_ended(int(message["pid"]), int(message["status"]))
            return
        number = message["id"]
        answer = self._answers.get(number)
        if answer is None:
            # Only code of others answers what was not asked.
            self._abandoned.remove(number)
        elif not answer.done():
            # All that was printed before the answer was sent is in the pipe by now.
            self.drain()
            answer.set_result(message)

    def _child_ended(self, pid: int, code: int) -> None:
        child = self._forked.get(pid)
        if child is not None:
            child.note_exit(code)
        elif len(self._ended_early) < _MOST_UNKNOWN:
            self._ended_early[pid] = code
        else:
            raise ValueError("too many children")


async def answered(
    asking: Coroutine[Any, Any, T], seconds: float, *holds: Hold, most: int | None = None
) -> T:
    """What workers answer. Meanwhile those of `holds` that somebody stops are let go on, and one
    that starts more than `most` processes is ended. Raises asyncio.TimeoutError, Swarming, and what
    `asking` raises."""
    task = asyncio.create_task(asking)
    deadline = time.monotonic() + seconds
    try:
        while True:
            left = deadline - time.monotonic()
            await asyncio.wait({task}, timeout=max(0.0, min(left, _RESUME_SECONDS)))
            if task.done():
                return task.result()
            if left <= 0:
                raise asyncio.TimeoutError
            for hold in holds:
                processes.resume(hold.pid)
                if most is not None and len(processes.descendants(hold.pid)) > most:
                    hold.kill()
                    raise Swarming(hold)
    finally:
        await give_up(task)


async def give_up(task: asyncio.Task[Any]) -> None:
    """Cancels a task and waits for its end, however it ends."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # seen; it does not matter any more
