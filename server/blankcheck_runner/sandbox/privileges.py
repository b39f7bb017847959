"""What processes of one person may do to each other: contained ones give up what they could do,
and ours keep to themselves.

Root's privileges open what Landlock closes: who holds them may read the memory maps and the
environment of any other process. In namespaces of its own a worker has such privileges whoever
runs it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys

from blankcheck_runner.sandbox import system

_CAPSET, _CAPABILITY_VERSION = {"x86_64": 126, "aarch64": 91}, 0x20080522
_DROP_BOUND, _NO_NEW_PRIVILEGES, _SET_DUMPABLE = 24, 38, 4


def give_up() -> None:
    """Gives up all privileges of this process, for good. Raises OSError."""
    system.prctl(_NO_NEW_PRIVILEGES, 1)
    for capability in range(64):
        with contextlib.suppress(OSError):
            system.prctl(_DROP_BOUND, capability)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0), 8)
    system.call(_CAPSET[os.uname().machine], header, ctypes.create_string_buffer(24))


def keep_to_itself(*, keep: bool = True) -> None:
    """Keeps other programs of the same person from reading or changing this process, where the
    system can; what it forks is kept too. Root's can all the same. Not to `keep` lets them again,
    as one has to that is to go to namespaces."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            system.prctl(_SET_DUMPABLE, int(not keep))
