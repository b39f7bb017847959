"""Whether this process has anything to do with a graphics card: then it must not be forked."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from blankcheck_runner import devices

_CHOSEN = os.environ.get(devices.CHOSEN, "cpu")


def holds_driver() -> bool:
    """Whether CUDA was asked for anything in this process, be it only how many cards there are."""
    if _CHOSEN == "cpu":
        return False  # it sees no card, whatever it asks
    with contextlib.suppress(Exception):  # the code that was run may have broken it
        if sys.modules["torch"].cuda.is_initialized():
            return True
    return devices.holds_driver(_open_files())


def _open_files() -> list[str]:
    found: list[str] = []
    with contextlib.suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(descriptor.readlink()))
    return found
