"""Trees of processes: who descends from whom, and ending all of them. For the host.

On Linux descendants are found through `/proc`, also those that left the session or the group.
Elsewhere the process group has to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

_ROUNDS = 20
_POLL = 0.2
_EXITING = 4  # PF_EXITING, in the flags of /proc/PID/stat


def children(pid: int | Literal["self"]) -> list[int]:
    """The direct children of a process; empty where that cannot be known."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before their children."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def from_inside(pid: int, inner: int) -> int | None:
    """The process below `pid` that has the id `inner` in its own namespace; null if it is gone."""
    for process in descendants(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("NSpid:") and line.split()[-1] == str(inner):
                    return process
    return None


def memory(pid: int) -> int:
    """Bytes of main memory that a process and those below it hold, without what is of files; what
    they share counts for each."""
    kilobytes = 0
    for process in (pid, *descendants(pid)):
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    kilobytes += int(line.split()[1])
    return kilobytes * 1024


async def end_of(pid: int) -> int | None:
    """Waits for the end of a process that this one did not start itself: the exit code, negative
    for a signal; null if this one, not being its parent, does not learn it."""
    watch: int | None = None
    with contextlib.suppress(AttributeError, OSError):
        watch = os.pidfd_open(pid)
    try:
        while True:
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    return os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                if not _runs(pid):
                    return None
            await _readable(watch)
    finally:
        if watch is not None:
            os.close(watch)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return not is_ending(pid)


async def _readable(descriptor: int | None) -> None:
    if descriptor is None:
        await asyncio.sleep(_POLL)
        return
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)


def is_ending(pid: int) -> bool:
    """Whether a process has ended or is about to; false where that cannot be known."""
    if sys.platform != "linux":
        return False
    try:
        status = _status(pid)
    except OSError:
        return True
    return status[0] in "ZX" or bool(int(status[6]) & _EXITING)


def resume(pid: int) -> None:
    """Lets a process go on that somebody stopped."""
    with contextlib.suppress(OSError):
        if _status(pid)[0] == "T":
            _signal(pid, signal.SIGCONT)


def kill_tree(pid: int) -> None:
    """Kills a process, its group and all its descendants.

    They are stopped first, in rounds, so that one that forks cannot outrun this.
    """
    if sys.platform == "win32":
        _signal(pid, signal.SIGTERM)
        return
    stopped = _stop(lambda: [pid, *descendants(pid)])
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    for process in stopped:
        _signal(process, signal.SIGKILL)


def kill_others(reaper: int, known: int) -> bool:
    """Kills what is below a process that reaps orphans, but for the child `known` and what that
    one started. Whether there was anything."""
    stopped = _stop(lambda: _others(reaper, known))
    for process in stopped:
        _signal(process, signal.SIGKILL)
    return bool(stopped)


def sweep_orphans(known: Iterable[int]) -> bool:
    """Kills and reaps the children of this process that it did not start: adopted orphans.

    Whether some are left, as they take a moment to end.
    """
    own = set(known)
    left = False
    for child in children(os.getpid()):
        if child not in own:
            kill_tree(child)
            with contextlib.suppress(OSError):
                left = os.waitpid(child, os.WNOHANG)[0] == 0 or left
    return left


def _status(pid: int) -> list[str]:
    """What the system says of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _others(reaper: int, known: int) -> list[int]:
    strays = [child for child in children(reaper) if child != known]
    return [process for stray in strays for process in (stray, *descendants(stray))]


def _stop(find: Callable[[], list[int]]) -> set[int]:
    """Stops all processes that `find` finds, until it finds no more."""
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = [process for process in find() if process not in stopped]
        if not fresh:
            break
        for process in fresh:
            _signal(process, signal.SIGSTOP)
        stopped.update(fresh)
    return stopped


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
