"""The runner host as a subprocess: started when needed, restarted when it dies, ended with us.

The host runs in the learner's interpreter, which may be reached through a launcher command. What
this module knows of it are the frames of `blankcheck_runner.wire`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blankcheck.runner import RunnerUnavailable
from blankcheck_runner import trace, wire
from blankcheck_runner.wire import DeviceInfo, Expression, HostInfo, Lesson, Limits, Report, Request

START_SECONDS = 150.0
"""For the first import of torch on a slow disk."""
_CANCEL_SECONDS = 2.0
_CLOSE_SECONDS = 1.5
_TAIL = 20
_BOOT = (
    "import sys\n"
    "if sys.version_info < (3, 10):\n"
    "    sys.exit('Python %d.%d is too old, 3.10 is needed' % sys.version_info[:2])\n"
    "folder = sys.argv[1]\n"
    "sys.path.insert(0, folder)\n"
    "import blankcheck_runner\n"
    "sys.path.remove(folder)\n"
    "from blankcheck_runner.host import main\n"
    "main()\n"
)


class HostRunner:
    """A `Runner` with one host in the given interpreter."""

    def __init__(
        self,
        python: str | Sequence[str] = sys.executable,
        environment: Mapping[str, str] | None = None,
        device: str = "auto",
    ) -> None:
        """`python`: the interpreter, or a command that ends in one."""
        self.device = device
        self._python = [python] if isinstance(python, str) else list(python)
        self._environment = environment
        self._begun: asyncio.Task[_Host] | None = None
        """The start of the host, under way or done. Whoever waits for it may give up waiting."""
        self._ids = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The host's process; null while there is none."""
        host = _host_of(self._begun)
        return None if host is None else host.pid

    async def info(self) -> HostInfo:
        """What the host is. Starts it if need be."""
        return (await self._ready()).info

    async def devices(self) -> DeviceInfo:
        """Which devices there are."""
        number = next(self._ids)
        message = {"type": "devices", "id": number, "device": self.device}
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
        """Ends the host and every process below it."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.cancel()
            await asyncio.wait({begun})
            host = _host_of(begun)
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
        for last in (False, True):
            host = await self._ready()
            try:
                return await host.ask(number, message, on_output)
            except _HostDied as error:
                if last:
                    raise RunnerUnavailable(str(error)) from None
        raise AssertionError

    async def _ready(self) -> _Host:
        begun = self._begun
        if begun is None or (begun.done() and ((host := _host_of(begun)) is None or host.dead)):
            begun = self._begun = asyncio.create_task(self._begin(begun))
            begun.add_done_callback(_host_of)  # a failure that nobody waits for is no news
        await asyncio.wait({begun})
        if begun.cancelled():
            raise RunnerUnavailable("The runner was ended meanwhile. Try again.")
        return begun.result()

    async def _begin(self, before: asyncio.Task[_Host] | None) -> _Host:
        dead = _host_of(before)
        if dead is not None:
            await dead.close()
        return await _Host.start(self._python, self._environment)


def _host_of(begun: asyncio.Task[_Host] | None) -> _Host | None:
    """The host that has started, if it has."""
    if begun is None or not begun.done() or begun.cancelled() or begun.exception() is not None:
        return None
    return begun.result()


class _HostDied(Exception):
    """The host ended while it had something to do."""


class _Host:
    """One host process and the talk with it."""

    def __init__(self, process: asyncio.subprocess.Process, command: str) -> None:
        self.info = HostInfo(0, "", "", "fork", None)
        self._process = process
        self._command = command
        self._said: deque[str] = deque(maxlen=_TAIL)
        """The last lines of its standard error."""
        self._hello: asyncio.Future[HostInfo] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Future[Report | DeviceInfo | None]] = {}
        """Null is for a request that was cancelled."""
        self._outputs: dict[int, Callable[[str], None]] = {}
        self._unable = ""
        self._listening = asyncio.create_task(self._listen())
        self._logging = asyncio.create_task(self._log())

    @classmethod
    async def start(cls, python: Sequence[str], environment: Mapping[str, str] | None) -> _Host:
        """Starts a host and waits until it can run code. Raises RunnerUnavailable."""
        folder = str(Path(wire.__file__).resolve().parent.parent)
        command = " ".join(python)
        try:
            process = await asyncio.create_subprocess_exec(
                *python,
                *("-I", "-B", "-c", _BOOT, folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **(environment or {})},
                start_new_session=os.name == "posix",
            )
        except (OSError, ValueError) as error:
            raise RunnerUnavailable(
                f"The Python interpreter `{command}` cannot be started: "
                f"{getattr(error, 'strerror', None) or error}. "
                "Choose another one in the settings."
            ) from None
        host = cls(process, command)
        try:
            host.info = await asyncio.wait_for(asyncio.shield(host._hello), START_SECONDS)
        except asyncio.TimeoutError:
            await host.close()
            raise RunnerUnavailable(
                f"`{command}` did not get ready within {START_SECONDS:g} seconds. "
                "Try again, or choose another interpreter in the settings."
            ) from None
        except _HostDied as error:
            await host.close()
            raise RunnerUnavailable(str(error)) from None
        except BaseException:
            await host.close()
            raise
        return host

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def dead(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self._listening.done()

    async def ask(
        self, number: int, message: Mapping[str, Any], on_output: Callable[[str], None] | None
    ) -> Report | DeviceInfo:
        """The answer. Raises _HostDied, or RunnerUnavailable if the host cannot run anything."""
        if self.dead:
            raise _HostDied(self._obituary())
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Report | DeviceInfo | None] = loop.create_future()
        self._answers[number] = answer
        if on_output is not None:
            self._outputs[number] = on_output
        try:
            await self._send(message)
            told = await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._outputs.pop(number, None)
            await self._cancel(number, answer)
            raise
        finally:
            self._answers.pop(number, None)
            self._outputs.pop(number, None)
        if told is None:
            raise _HostDied("the host gave up the request")
        return told

    async def close(self) -> None:
        """Ends it; by force if it does not end by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_SECONDS)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        for task in (self._listening, self._logging):
            task.cancel()
        await asyncio.wait({self._listening, self._logging})
        if self._hello.done() and not self._hello.cancelled():
            self._hello.exception()

    async def _cancel(self, number: int, answer: asyncio.Future[Any]) -> None:
        """Has the request's processes killed, and waits until they are."""
        with contextlib.suppress(_HostDied, asyncio.TimeoutError, asyncio.CancelledError):
            await self._send({"type": "cancel", "id": number})
            await asyncio.wait_for(asyncio.shield(answer), _CANCEL_SECONDS)

    async def _send(self, message: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(wire.encode(message))
            await stdin.drain()
        except (ConnectionError, RuntimeError):
            raise _HostDied(self._obituary()) from None

    async def _listen(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, wire.FrameError, ConnectionError):
            while True:
                body, blob = wire.lengths(await stdout.readexactly(wire.HEADER.size))
                message = wire.decode(await stdout.readexactly(body))
                await stdout.readexactly(blob)
                self._take(message)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._logging), 1.0)
            await asyncio.wait_for(self._process.wait(), 1.0)
        died = _HostDied(self._obituary())
        for future in (self._hello, *self._answers.values()):
            if not future.done():
                future.set_exception(died)

    def _take(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "hello":
            self._greeted(HostInfo(**{k: v for k, v in message.items() if k != "type"}))
        elif kind == "unable":
            self._unable = str(message["message"])
        elif kind == "output":
            show = self._outputs.get(message["id"])
            if show is not None:
                show(message["text"])
        elif kind == "report":
            report = wire.report_from_json(message["report"])
            self._settle(report.id, report)
        elif kind == "devices":
            self._settle(message["id"], DeviceInfo(**message["info"]))
        elif kind == "cancelled":
            self._settle(message["id"], None)
        elif kind in ("failed", "refused"):
            answer = self._answers.get(message["id"])
            if answer is not None and not answer.done():
                text = str(message["message"])
                if kind == "failed":
                    text = f"The code could not be run: {text}. Try again."
                answer.set_exception(RunnerUnavailable(text))

    def _greeted(self, info: HostInfo) -> None:
        if self._hello.done():
            return
        if info.protocol == wire.PROTOCOL:
            self._hello.set_result(info)
        else:
            text = "The runner is of another version than the server. Restart the server."
            self._hello.set_exception(_HostDied(text))

    def _settle(self, number: int, told: Report | DeviceInfo | None) -> None:
        answer = self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result(told)

    async def _log(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while piece := await stderr.read(4096):
            text = piece.decode("utf-8", "replace")
            self._said.extend(text.splitlines())
            if trace.ON:
                sys.stderr.write(text)

    def _obituary(self) -> str:
        """Why it is not there any more, for the person."""
        if self._unable:
            return f"`{self._command}` cannot run code: {self._unable}"
        said = "\n".join(line for line in self._said if line.strip())
        code = self._process.returncode
        how = "ended" if code is None else f"ended with status {code}"
        if not said:
            return f"`{self._command}` {how} unexpectedly. Try again."
        return f"`{self._command}` {how} unexpectedly. It said:\n{said}"
