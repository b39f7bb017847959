"""One host process and the talk with it: requests there, answers, output and news back.

It may be cut off at any moment, by the host's end or on the way. Then whoever waits for an answer
gets HostDied, and may ask again: of the host that took the other one's place at the same end, or,
where there is none, of another link.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from blankcheck.runner import RunnerUnavailable, trouble
from blankcheck.runner.launch import Heard, Launcher
from blankcheck.runner.supplies import Supplies
from blankcheck_runner import trace, wire
from blankcheck_runner.wire import DeviceInfo, HostInfo, Placed, Report

log = logging.getLogger(__name__)
_Answer = Report | DeviceInfo | Placed
_CANCEL_SECONDS = 2.0
_CLOSE_SECONDS = 1.5
_LOOK_SECONDS = 0.5
_BEATS = 6
"""Without a word from the host, after which it is given up."""
_PATIENCE = 4
"""How much longer than that the host waits for a word from here."""
_CHUNK = 2**16
_QUESTION_SECONDS = 2.0
"""Without another word, after which something that reads like a question is one."""


class HostDied(Exception):
    """The host ended while it had something to do."""

    def __init__(self, why: str, *, replaced: bool = False) -> None:
        """`replaced`: whether another one has taken its place at the other end."""
        super().__init__(why)
        self.replaced = replaced


class Link:
    """One host process and the talk with it."""

    def __init__(
        self, process: asyncio.subprocess.Process, launcher: Launcher, heard: Heard
    ) -> None:
        self.info = HostInfo(0, "", "", "fork", None)
        self._process = process
        self._launcher = launcher
        self._heard = heard
        self._hello: asyncio.Future[HostInfo] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Future[_Answer | None]] = {}
        """Null is for a request that was cancelled."""
        self._outputs: dict[int, Callable[[str], None]] = {}
        self._supplies = Supplies(self._send) if launcher.remote else None
        self._announced = False
        self._beating: asyncio.Task[None] | None = None
        self._fault = ""
        """Why nothing more can come of it, where that is known."""
        self._leaving = False
        """Whether it has given up what it was asked, as it does on its way out."""
        self._logging = asyncio.create_task(self._log())
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, launcher: Launcher, heard: Heard) -> Link:
        """Starts a host and waits until it can run code. Raises RunnerUnavailable."""
        host = cls(await launcher.start(), launcher, heard)
        try:
            await host._greeting()
        except HostDied as error:
            await host.close()
            raise RunnerUnavailable(str(error)) from None
        except BaseException:
            await host.close()
            raise
        return host

    @property
    def pid(self) -> int:
        """The process that the others end with: the one that was started, while it lives."""
        if self._process.returncode is None or self._launcher.remote:
            return self._process.pid
        return self.info.guard

    @property
    def greeted(self) -> bool:
        """Whether it can run code; not so while another one takes its place."""
        return self._hello.done()

    @property
    def dead(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self._listening.done() or self._leaving

    async def ask(
        self, number: int, message: Mapping[str, Any], on_output: Callable[[str], None] | None
    ) -> _Answer:
        """The answer. Raises HostDied, or RunnerUnavailable if the host cannot run anything."""
        if self.dead:
            raise HostDied(self.obituary())
        if not self._hello.done():
            await self._greeting()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Answer | None] = loop.create_future()
        self._answers[number] = answer
        if on_output is not None:
            self._outputs[number] = on_output
        try:
            if self._supplies is not None:
                message = await self._supplies.packed(number, message)
            await self._send(message)
            told = await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._outputs.pop(number, None)
            self._end_supply(number)
            await self._cancel(number, answer)
            raise
        finally:
            self._answers.pop(number, None)
            self._outputs.pop(number, None)
            self._end_supply(number)
        if told is None:
            self._leaving = True
            raise HostDied("the host gave up the request")
        return told

    def announce(self, why: str) -> None:
        """Tells the person, once, that this host is lost and its work is done again."""
        if not self._announced:
            self._announced = True
            self._launcher.tell(f"{why}\nConnecting again; what was under way begins anew.")

    async def close(self) -> None:
        """Ends it; by force if it does not end by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if os.name == "posix":
            with contextlib.suppress(OSError):
                if self.pid > 0:  # what guards the host may have changed, and may be stopped
                    os.kill(self.pid, signal.SIGCONT)
        for end in (self._process.terminate, self._process.kill):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), _CLOSE_SECONDS)
                break
            with contextlib.suppress(ProcessLookupError):
                end()
        await self._process.wait()
        # What guards the host may be another process by now; its pipes tell of its end.
        await asyncio.wait({self._listening}, timeout=_CLOSE_SECONDS)
        tasks = {self._listening, self._logging}
        if self._beating is not None:
            tasks.add(self._beating)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if self._hello.done() and not self._hello.cancelled():
            self._hello.exception()

    async def _greeting(self) -> None:
        """Waits until it can run code. Raises HostDied or RunnerUnavailable."""
        heard, launcher = self._heard, self._launcher
        while not self._hello.done():
            await asyncio.wait({self._hello}, timeout=_LOOK_SECONDS)
            quiet = time.monotonic() - heard.at
            problem = None
            if quiet > launcher.silence:
                problem = launcher.mute(heard)
            elif quiet > _QUESTION_SECONDS and not heard.opened:
                problem = launcher.question(heard)
            if problem is not None and not self._hello.done():
                raise RunnerUnavailable(problem)
        through = launcher.title if launcher.remote else None
        self.info = replace(self._hello.result(), through=through)

    async def _cancel(self, number: int, answer: asyncio.Future[Any]) -> None:
        """Has the request's processes killed, and waits until they are."""
        with contextlib.suppress(HostDied, asyncio.TimeoutError, asyncio.CancelledError):
            await self._send({"type": "cancel", "id": number})
            await asyncio.wait_for(asyncio.shield(answer), _CANCEL_SECONDS)

    async def _send(self, message: Mapping[str, Any], blob: bytes = b"") -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(wire.seal(message, blob))
            await stdin.drain()
            if blob:
                self._heard.note()  # a slow line is none that is broken
        except (ConnectionError, RuntimeError):
            # Nobody reads there any more. It is dead, though its own end tells so a moment later.
            self._leaving = True
            raise HostDied(self.obituary()) from None

    async def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            await self._launcher.open(self._process, self._heard)
            self._heard.opened = True
            self._heard.note()
            frames = wire.Frames()
            while piece := await stdout.read(_CHUNK):
                self._heard.note()
                for message in frames.add(piece):
                    if message is None:
                        self._go_on()
                    else:
                        self._take(message)
        except RunnerUnavailable as error:
            self._give_up(str(error))
        except wire.FrameError:
            self._give_up(trouble.damaged(self._launcher.title))
        except (EOFError, ConnectionError):
            pass
        finally:
            await self._bury()

    async def _bury(self) -> None:
        """Tells everybody who waits for it that it is dead, as soon as it is known of what."""
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._logging), 1.0)
                await asyncio.wait_for(self._process.wait(), 1.0)
        finally:
            died = HostDied(self.obituary())
            for future in (self._hello, *self._answers.values()):
                if not future.done():
                    future.set_exception(died)

    def _go_on(self) -> None:
        """Goes on with a host that has taken the place of one that was killed."""
        if self._hello.done():
            self._hello = asyncio.get_running_loop().create_future()
        died = HostDied("The runner was killed.", replaced=True)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(died)
        if self._supplies is not None:
            self._supplies = Supplies(self._send)
        if self._process.stdin is not None:
            self._process.stdin.write(wire.SUCCESSION)

    def _give_up(self, fault: str) -> None:
        """Ends it for a reason that is known."""
        self._fault = fault
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _beat(self, seconds: float) -> None:
        """Asks again and again whether it is still there: a line may break without a word."""
        patience = seconds * _BEATS
        ping = wire.seal({"type": "ping", "patience": patience * _PATIENCE})
        stdin = self._process.stdin
        assert stdin is not None
        while time.monotonic() - self._heard.at <= patience:
            if not stdin.is_closing():
                stdin.write(ping)
            await asyncio.sleep(seconds)
        self._give_up(trouble.silent(self._launcher.title, patience))

    def _take(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "hello":
                self._greeted(HostInfo(**{k: v for k, v in message.items() if k != "type"}))
            case "unable":
                self._fault = f"`{self._launcher.title}` cannot run code: {message['message']}"
            case "note":
                log.warning(message["message"])
            case "output":
                show = self._outputs.get(message["id"])
                if show is not None:
                    show(message["text"])
            case "report":
                report = wire.report_from_json(message["report"])
                self._settle(report.id, report)
            case "devices":
                self._settle(message["id"], DeviceInfo(**message["info"]))
            case "place":
                self._settle(message["id"], Placed(**message["place"]))
            case "lacking":
                if self._supplies is not None:
                    number = message["id"]
                    self._supplies.send(number, message["digests"], partial(self._fail, number))
            case "cancelled":
                self._settle(message["id"], None)
            case "failed":
                why = f"The code could not be run: {message['message']}. Try again."
                self._fail(message["id"], why)
            case "refused":
                self._fail(message["id"], str(message["message"]))
            case _:
                pass

    def _end_supply(self, number: int) -> None:
        if self._supplies is not None:
            self._supplies.end(number)

    def _greeted(self, info: HostInfo) -> None:
        if self._hello.done():
            return
        if info.protocol == wire.PROTOCOL:
            self._hello.set_result(info)
            if self._launcher.beat:
                self._beating = asyncio.create_task(self._beat(self._launcher.beat))
        else:
            text = "The runner is of another version than the server. Restart the server."
            self._hello.set_exception(HostDied(text))

    def _settle(self, number: int, told: _Answer | None) -> None:
        answer = self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result(told)

    def _fail(self, number: int, why: str) -> None:
        answer = self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_exception(RunnerUnavailable(why))

    async def _log(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while piece := await stderr.read(4096):
            text = piece.decode("utf-8", "replace")
            self._heard.say(text)
            if trace.ON:
                sys.stderr.write(text)

    def obituary(self) -> str:
        """Why it is not there any more, for the person."""
        return self._fault or self._launcher.obituary(self._process.returncode, self._heard)
