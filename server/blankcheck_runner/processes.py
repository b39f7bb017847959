"""Trees of processes: who descends from whom, and ending all of them. For the host.

On Linux descendants are found through `/proc`, also those that left the session or the group.
Elsewhere the process group has to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

_ROUNDS = 20


def children(pid: int) -> list[int]:
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


def resume(pid: int) -> None:
    """Lets a process go on that somebody stopped."""
    with contextlib.suppress(OSError, IndexError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "T":
            _signal(pid, signal.SIGCONT)


def kill_tree(pid: int) -> None:
    """Kills a process, its group and all its descendants.

    They are stopped first, in rounds, so that one that forks cannot outrun this.
    """
    if sys.platform == "win32":
        _signal(pid, signal.SIGTERM)
        return
    stopped: set[int] = set()
    _signal(pid, signal.SIGSTOP)
    for _ in range(_ROUNDS):
        fresh = [child for child in descendants(pid) if child not in stopped]
        if not fresh:
            break
        for child in fresh:
            _signal(child, signal.SIGSTOP)
        stopped.update(fresh)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)
    for child in stopped:
        _signal(child, signal.SIGKILL)


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


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
