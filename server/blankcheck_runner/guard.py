"""The guard: a small process above the host, for what a host that is killed cannot do any more.

It starts as the host and forks it before there is anything else. Then it waits: lets the host go
on if somebody stops it, and once it has ended, ends every process that is left, those that left
the session too, and removes their files. Only the host's heir is spared (see `succession`), which
is guarded from then on. Told to terminate, it kills the host first. Only Linux has what that takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import types
from typing import NoReturn

from blankcheck_runner import limits, processes, scratch
from blankcheck_runner.succession import Will


def stand() -> Will | None:
    """Goes on as the host, in another process, which this one guards. What a next host needs to
    know; null where there can be none."""
    if sys.platform != "linux":
        return None
    limits.adopt_orphans()
    guard = os.getpid()
    will = Will.make()
    host = os.fork()
    if host == 0:
        limits.die_with_parent(guard, signal.SIGTERM)
        return will
    watch(host, will)


def watch(host: int, will: Will) -> NoReturn:
    """Guards a host, a child of this process."""
    # The server is to see the host's end, whatever the guard does.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    terminated = False

    def kill(number: int, frame: types.FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        with contextlib.suppress(OSError):
            os.kill(host, signal.SIGKILL)

    signal.signal(signal.SIGTERM, kill)
    while True:
        code = _end_of(host)
        heir = None if terminated else will.heir(host)
        _clear_away(heir)
        scratch.remove_of(host)
        if heir is None:
            os._exit(code)
        host = heir
        with contextlib.suppress(OSError):
            os.kill(host, signal.SIGCONT)


def _end_of(host: int) -> int:
    """Waits for a host's end, and lets it go on if it is stopped: its exit status."""
    while True:
        try:
            pid, status = os.waitpid(host, os.WUNTRACED)
        except ChildProcessError:
            return 1
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)


def _clear_away(heir: int | None) -> None:
    """Ends all that a host left but its heir."""
    while left := [child for child in processes.children("self") if child != heir]:
        for child in left:
            processes.kill_tree(child)
        for child in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
