"""What a worker may use and how it ends: limits, death signal, adoption of orphans.

Each function does what the system can and is silent about the rest, so that verdicts are the same
everywhere; the host's deadline and its watch over processes and output hold in any case.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import signal
import sys
import time
from pathlib import Path

from blankcheck_runner.wire import Limits

try:
    import resource
except ImportError:  # Windows
    resource = None

MAX_FILE = 2**28
"""Bytes that a worker may write to one file."""
MAX_FILES = 512
"""Descriptors that a worker may have open."""
MAX_PROCESSES = 64
"""Processes that a submission may have at once, itself not counted."""
MAX_OUTPUT = 2**24
"""Bytes of output after which a submission is stopped; far more than is kept."""

_MORE_CPU = 2
"""Seconds of processor time."""
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def limit_self(limits: Limits, device: str = "cpu") -> None:
    """Limits this process, and with it what it starts, to what a submission may use.

    `device`: what it runs on, by its name in here."""
    if resource is None:
        return
    # Beyond what it took to get here, which for a spare is the import of torch.
    cpu = math.ceil(time.process_time() + limits.seconds * (os.cpu_count() or 1)) + _MORE_CPU
    wanted = [
        (resource.RLIMIT_CORE, 0, 0),
        # The signal says why it ends; who does not heed that is killed.
        (resource.RLIMIT_CPU, cpu, cpu + _MORE_CPU),
        (resource.RLIMIT_FSIZE, MAX_FILE, MAX_FILE),
        (resource.RLIMIT_NOFILE, MAX_FILES, MAX_FILES),
    ]
    own = _address_space()
    # CUDA reserves far more addresses than it uses, so no budget of addresses fits it. The host
    # watches over the memory of such processes.
    if own is not None and device != "cuda":
        wanted.append((resource.RLIMIT_AS, own + limits.memory, own + limits.memory))
    for kind, soft, hard in wanted:
        there = resource.getrlimit(kind)[1]
        most = hard if there == resource.RLIM_INFINITY else min(hard, there)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (min(soft, most), most))


def die_with_parent(parent: int, number: int = int(getattr(signal, "SIGKILL", 0))) -> None:
    """Sends this process a signal when `parent`, which must be its parent, ends (where the system
    can)."""
    _prctl(_PR_SET_PDEATHSIG, number)
    if sys.platform == "linux" and os.getppid() != parent:
        os._exit(1)


def end_before_others() -> None:
    """Has the system end this process, and what it forks, before others when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def adopt_orphans(*, adopt: bool = True) -> None:
    """Makes this process the parent of descendants whose own parent ends (where the system can)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _address_space() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
