"""The runner host: talks to the server, and keeps the processes below it. Never imports torch.

Its channel to the server is what were descriptors 0 and 1 at the start; nothing else can write
there. The server says `request`, `devices`, `place`, `cancel`; the host says `hello` once it can
run code, `output` while a run prints, `note` with news for a person, `report`, `refused` (there is
no such device), `failed` or `cancelled` for each request, and `devices` or `place`. A server on
another machine says by `files` what data a request needs; the host says `lacking` for what it does
not have, gets it in `piece`s, and is asked again. It answers `ping` by `pong`. When its input ends,
or nothing comes for as long as a `ping` said, everything below it ends, and then it does.

A host that takes the place of one that was killed (see `succession`) writes `wire.SUCCESSION`
first, passes over what was for the other one until it reads the same, and greets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any, BinaryIO, Literal

from blankcheck_runner import guard, limits, processes, trace, wire
from blankcheck_runner.cargo import Cargo, CargoFault, Lacking, cache_folder
from blankcheck_runner.devices import CPU, Choice, NoDevice
from blankcheck_runner.places import Place, Places
from blankcheck_runner.programs import StartFailed
from blankcheck_runner.runs import HostFault
from blankcheck_runner.sandbox import privileges
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.start import ForkStarter, SpareStarter, Starter, Succession
from blankcheck_runner.succession import Inheritance, Will

_COALESCE = 0.03
"""Seconds for which output is gathered before it is sent."""
_SWEEP_SECONDS = 0.05
_LEAVE_SECONDS = 0.015
"""After an answer, before its processes are ended: that takes the cores for as long as it takes the
server to show the answer."""
_LOST = (
    "A process that runs exercises was killed from outside, perhaps because memory ran out. "
    "Another one takes its place."
)
LAST_SECONDS = 1.8
"""For a tidy end once the server is gone."""


class Host:
    """The one host of this process."""

    def __init__(self, reading: int, writing: int, succession: Succession | None) -> None:
        """`succession`: what it has in common with an heir, where there can be one."""
        self._reading = reading
        self._writing = writing
        self._succession = succession
        self._successor = succession is not None and succession.inherited is not None
        self._writer = ThreadPoolExecutor(1, "server")
        left = None if succession is None else succession.inherited
        self._scratch = Scratch(None if left is None else left.scratch)
        self._cargo = Cargo(cache_folder())
        self._places = Places(self._scratch, self._make_starter)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._sweeping: asyncio.TimerHandle | None = None
        self._patience: float | None = None
        """Seconds for which the server may be silent, once it has said so."""
        self._waiting: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serves until the server is gone."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with contextlib.suppress(NotImplementedError, AttributeError, RuntimeError):
                loop.add_signal_handler(getattr(signal, name), self._end)
        with contextlib.suppress(NotImplementedError, AttributeError):
            # Whoever ends may have been an adopted orphan, or leave some.
            loop.add_signal_handler(signal.SIGCHLD, self._sweep_soon)
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        ending = asyncio.create_task(self._ended.wait())
        greeting = asyncio.create_task(self._greet())
        await asyncio.wait({ending})
        greeting.cancel()
        await asyncio.wait({greeting})
        for task in list(self._running.values()):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())
        await self._places.close()
        self._sweep()
        await self._scratch.close()
        await asyncio.to_thread(self._cargo.close)
        self._writer.shutdown(wait=False, cancel_futures=True)

    def _make_starter(self, choice: Choice) -> Starter:
        # Any device's would do; the processor's is always there.
        succession = self._succession if choice is CPU else None
        return make_starter(self._scratch.root, choice, self._lost, succession)

    def _end(self) -> None:
        """Ends, as told; for the heir, if it is the guard's end that tells it."""
        succession = self._succession
        if succession is not None and os.getppid() != succession.guard:
            succession.due = True
        self._ended.set()

    async def _greet(self) -> None:
        starter = self._places.cpu.starter
        if self._successor:
            self._resume_guard()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._writer, _write_all, self._writing, wire.SUCCESSION)
            self._lost()
        try:
            await starter.prepare()
        except (StartFailed, OSError) as error:  # the system, too, may have no process left
            await self._send({"type": "unable", "message": str(error)})
            self._ended.set()
            return
        versions = starter.versions
        info = wire.HostInfo(
            protocol=wire.PROTOCOL,
            python=platform.python_version(),
            executable=sys.executable,
            machine=platform.node(),
            guard=0 if self._succession is None else self._succession.guard,
            start=starter.kind,
            torch=versions["torch"],
            torch_error=versions["torch_error"],
            sandbox=versions["sandbox"],
            sandbox_missing=versions["sandbox_missing"],
        )
        await self._send({"type": "hello", **asdict(info)})
        await starter.renew()

    def _resume_guard(self) -> None:
        """Lets the guard go on, should somebody have stopped it: it has to do with each end."""
        if self._succession is not None and os.getppid() == self._succession.guard:
            processes.resume(self._succession.guard)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reads frames, in a thread: any kind of descriptor will do for it."""
        stream = os.fdopen(self._reading, "rb")
        with contextlib.suppress(OSError, RuntimeError), _complaint():
            if self._successor:
                _skip(stream, wire.SUCCESSION)
            while True:
                header = stream.read(wire.SEALED_HEADER.size)
                if len(header) < wire.SEALED_HEADER.size:
                    break
                size, _ = wire.sealed_lengths(header)
                message, blob = wire.unseal(header, stream.read(size))
                if message.get("type") == "piece":
                    self._cargo.take(message["digest"], message["at"], blob, last=message["last"])
                loop.call_soon_threadsafe(self._take, message)
        # Nobody is there any more: this ends in any case, and then all below it does.
        self._resume_guard()
        last = threading.Timer(LAST_SECONDS, os._exit, (1,))
        last.daemon = True
        last.start()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended.set)

    def _take(self, message: Mapping[str, Any]) -> None:
        if self._ended.is_set():
            return  # it is asked of the next one
        if message.get("type") == "request":
            request = wire.request_from_json(message["request"])
            self._begin(request.id, self._answer(request, message.get("files")))
        elif message.get("type") == "devices":
            self._tell(message["id"], self._devices(message["device"]))
        elif message.get("type") == "place":
            request = wire.request_from_json(message["request"])
            self._tell(request.id, self._placed(request))
        elif message.get("type") == "cancel":
            task = self._running.get(message["id"])
            if task is not None:
                task.cancel()
            else:
                # It may be one that waits for its data; those that were answered are past caring.
                self._spawn({"type": "cancelled", "id": message["id"]})
        elif message.get("type") == "ping":
            self._patience = message["patience"]
            self._spawn({"type": "pong"})
        if self._waiting is not None:
            self._waiting.cancel()
        if self._patience is not None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(self._patience, self._ended.set)

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        task = self._running[number] = asyncio.create_task(work)

        def answer(task: asyncio.Task[None]) -> None:
            if task.cancelled():  # before its first step, so that it has answered nothing
                self._running.pop(number, None)
                self._spawn({"type": "cancelled", "id": number})

        task.add_done_callback(answer)

    async def _devices(self, requested: str) -> dict[str, Any]:
        """Which devices there are."""
        return {"type": "devices", "info": asdict(await self._places.info(requested))}

    async def _placed(self, request: wire.Request) -> dict[str, Any]:
        """Where a submission would be run."""
        try:
            choice = await self._places.choice(request)
        except NoDevice as error:
            return {"type": "refused", "message": str(error)}
        placed = wire.Placed(choice.name, choice.kind, choice.environment)
        return {"type": "place", "place": asdict(placed)}

    def _tell(self, number: int, work: Coroutine[Any, Any, dict[str, Any]]) -> None:
        """Answers with what is found out, unless nobody wants to know any more."""

        async def answer() -> None:
            told: dict[str, Any]
            try:
                told = await work
            except asyncio.CancelledError:
                told = {"type": "cancelled"}
            finally:
                self._running.pop(number, None)
            await self._send({**told, "id": number})

        self._begin(number, answer())

    async def _answer(self, request: wire.Request, files: object = None) -> None:
        number = request.id
        trace.mark(number, f"host: {request.mode} came")
        printed = _Printed(number, self._send)
        answer: dict[str, Any]
        rest: list[Mapping[str, Any]] = []
        place: Place | None = None
        try:
            if files is not None:
                folder = await asyncio.to_thread(self._cargo.folder, files)
                request = replace(request, lesson=replace(request.lesson, data=folder))
            place = await self._places.of(request)
            report = await place.answer(request, printed.add)
            rest = await printed.rest()
            answer = {"type": "report", "report": wire.report_to_json(report)}
        except asyncio.CancelledError:
            if place is not None:
                place.lessons.clear_away()
                await place.lessons.settle()
            answer = {"type": "cancelled", "id": number}
        except NoDevice as error:
            answer = {"type": "refused", "id": number, "message": str(error)}
        except Lacking as error:
            answer = {"type": "lacking", "id": number, "digests": error.digests}
        except (HostFault, CargoFault) as error:
            answer = {"type": "failed", "id": number, "message": str(error)}
        except Exception as error:
            # Whatever it was, somebody waits for an answer.
            traceback.print_exc()
            message = f"something went wrong inside the runner ({type(error).__name__})"
            answer = {"type": "failed", "id": number, "message": message}
        finally:
            self._running.pop(number, None)
        await self._send(*rest, answer)
        trace.mark(number, "host: answered")
        if place is not None:
            if answer["type"] == "report":
                place.look_ahead(request)
                await asyncio.sleep(_LEAVE_SECONDS)
            place.lessons.clear_away()
        self._sweep_soon()
        if place is not None:
            await place.starter.renew()

    def _sweep_soon(self) -> None:
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        known = self._places.known()
        left = known is None or processes.sweep_orphans(known)
        for place in self._places.all:
            for reaper, worker in place.starter.reapers():
                left = processes.kill_others(reaper, worker) or left
        if left:
            self._sweep_soon()

    def _lost(self) -> None:
        self._spawn({"type": "note", "message": _LOST})

    async def _send(self, *messages: Mapping[str, Any]) -> None:
        """Sends messages, all in one turn of the thread that writes."""
        if messages[-1]["type"] == "cancelled" and self._succession and self._succession.due:
            return  # it is asked anew
        data = b"".join(map(wire.seal, messages))
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, RuntimeError):
            await loop.run_in_executor(self._writer, _write_all, self._writing, data)

    def _spawn(self, message: Mapping[str, Any]) -> None:
        """Sends a message without waiting for it."""
        sending = asyncio.create_task(self._send(message))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)


class _Printed:
    """Output of a request on its way to the server, gathered a little."""

    def __init__(
        self, number: int, send: Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]
    ) -> None:
        self._number = number
        self._send = send
        self._texts: list[str] = []
        self._sending: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """Takes what was printed."""
        self._texts.append(text)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_later())

    async def rest(self) -> list[Mapping[str, Any]]:
        """What is left, as messages to send."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait({self._sending})
        return self._gathered()

    async def _send_later(self) -> None:
        await asyncio.sleep(_COALESCE)
        for message in self._gathered():
            await asyncio.shield(self._send(message))

    def _gathered(self) -> list[Mapping[str, Any]]:
        text, self._texts = "".join(self._texts), []
        return [{"type": "output", "id": self._number, "text": text}] if text else []


@contextlib.contextmanager
def _complaint() -> Generator[None]:
    """Says on the way out that the line is damaged."""
    try:
        yield
    except wire.FrameError as error:
        print(f"What came from the server is damaged: {error}.", file=sys.stderr, flush=True)


def make_starter(
    scratch: str,
    choice: Choice,
    lost: Callable[[], None],
    succession: Succession | None = None,
) -> Starter:
    """The way of starting workers that suits the system, or that `BLANKCHECK_START` chooses.

    `scratch`: the directory that all their scratch directories are in. `choice`: their device.
    `lost` is called for each process that somebody else kills. `succession`: what the host has in
    common with its heir, if it comes from there.
    """
    chosen = os.environ.get("BLANKCHECK_START") or _suitable()
    if chosen == "fork":
        return ForkStarter(scratch, choice.environment, lost, succession)
    return SpareStarter(scratch, choice.environment, lost)


def _suitable() -> Literal["fork", "spare"]:
    return "fork" if sys.platform == "linux" else "spare"


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _skip(stream: BinaryIO, mark: bytes) -> None:
    """Reads until the mark has come, or the end."""
    seen = b""
    while not seen.endswith(mark):
        byte = stream.read(1)
        if not byte:
            return
        seen = seen[-len(mark) :] + byte


def main(inheritance: str = "") -> None:
    """Takes descriptors 0 and 1 for the channel, before anything can print, and serves.

    `inheritance`: what the host had whose place this one takes, as its heir writes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # This process has the person's environment, and solutions: not for the code below it.
    privileges.keep_to_itself()
    left: Inheritance | None = None
    if inheritance:
        left = Inheritance(**json.loads(inheritance))
        will = Will(left.will)
        limits.die_with_parent(left.guard, signal.SIGTERM)
    else:
        will = guard.stand()
    # The heir gets these as they are here.
    reading, writing, complaining = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    limits.adopt_orphans()
    succession = None
    if will is not None:
        streams = (reading, writing, complaining)
        succession = Succession(os.getppid(), will, streams, left)
    asyncio.run(_serve(reading, writing, succession))
    # The thread that reads may still wait for the server.
    os._exit(0)


async def _serve(reading: int, writing: int, succession: Succession | None) -> None:
    await Host(reading, writing, succession).run()
