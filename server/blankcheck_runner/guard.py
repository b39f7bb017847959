"""The guard: a small process above the host, for what a host that is killed cannot do any more.

It starts as the host and forks it before there is anything else. Then it waits: lets the host go
on if somebody stops it, and once it has ended, ends every process that is left, those that left
the session too, and removes their files. Told to terminate, it kills the host first. Only Linux
has what that takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import types

from blankcheck_runner import limits, processes, scratch


def stand() -> None:
    """Goes on as the host, in another process, which this one guards."""
    if sys.platform != "linux":
        return
    limits.adopt_orphans()
    guard = os.getpid()
    host = os.fork()
    if host == 0:
        limits.die_with_parent(guard, signal.SIGTERM)
        return
    # The server is to see the host's end, whatever the guard does.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)

    def kill(number: int, frame: types.FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.kill(host, signal.SIGKILL)

    signal.signal(signal.SIGTERM, kill)
    os._exit(_guarded(host))


def _guarded(host: int) -> int:
    """Watches the host: the exit status for both."""
    while True:
        pid, status = os.waitpid(host, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)
    while left := processes.children("self"):
        for child in left:
            processes.kill_tree(child)
        with contextlib.suppress(ChildProcessError):
            os.wait()
    scratch.remove_of(host)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
