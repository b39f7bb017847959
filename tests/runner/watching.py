"""Runs that are looked at while they run: what they print, and which processes they are."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from blankcheck.runner.process import HostRunner
from blankcheck_runner import processes
from blankcheck_runner.wire import Lesson, Limits

_Measure = TypeVar("_Measure")
_NAMESPACE = "print(__import__('os').readlink('/proc/self/ns/pid').strip('pid:[]'), flush=True); "


LEAVES_ONE = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
"""
"""Prints the id of a process that it leaves behind, in a session of its own."""


class Watched:
    """A run whose output is waited for."""

    def __init__(self, runner: HostRunner, code: str) -> None:
        self._runner = runner
        self._shown = ""
        self._more = asyncio.Event()
        self.task = asyncio.create_task(
            runner.run(Lesson(), _NAMESPACE + code, "answer.py", Limits(seconds=100), self._show)
        )

    def _show(self, text: str) -> None:
        self._shown += text
        self._more.set()

    async def processes(self, count: int) -> list[int]:
        """The first processes whose ids it prints. They may know themselves by other ids."""
        while self._shown.count("\n") < count + 1:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 30)
        namespace, *inner = self._shown.split()[: count + 1]
        return [_outside(host_of(self._runner), namespace, int(number)) for number in inner]


def host_of(runner: HostRunner) -> int:
    """The host's process: what the server started guards it."""
    guard = runner.pid
    assert guard is not None
    (host,) = processes.children(guard)
    return host


def descriptors(pid: int) -> int:
    """How many files a process has open; a host tells that to root alone, so for others none."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except PermissionError:
        return 0


def _outside(host: int, namespace: str, inner: int) -> int:
    """The process below the host that has an id inside a namespace of process ids."""
    for pid in processes.descendants(host):
        with contextlib.suppress(OSError):  # one of another run may end meanwhile
            status = Path(f"/proc/{pid}/status").read_text().splitlines()
            ids = next(line.split() for line in status if line.startswith("NSpid:"))
            if ids[-1] == str(inner) and namespace in str(Path(f"/proc/{pid}/ns/pid").readlink()):
                return pid
    raise AssertionError(f"there is no process {inner} in {namespace}")


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits for what comes by itself."""

    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), seconds)


async def steady(measure: Callable[[], _Measure], seconds: float = 0.5) -> _Measure:
    """What is measured, once it has not changed for a while."""
    value, since = measure(), time.monotonic()
    while time.monotonic() < since + seconds:
        await asyncio.sleep(0.01)
        if (now := measure()) != value:
            value, since = now, time.monotonic()
    return value


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody reaped yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
