"""Where the time of a check goes: with `BLANKCHECK_TRACE=1` a line for each phase on stderr.

A line says the request, the time on the machine's monotonic clock in milliseconds (which server and
host share), how long it is since the line before, and what has just been done.
"""

from __future__ import annotations

import os
import sys
import time

ON = bool(os.environ.get("BLANKCHECK_TRACE"))
_last = time.monotonic()


def mark(number: int | str, phase: str) -> None:
    """Notes that a phase of a request is done."""
    global _last
    if not ON:
        return
    now = time.monotonic()
    line = f"trace {number} {now * 1000:.2f} +{(now - _last) * 1000:.2f} {phase}\n"
    _last = now
    sys.stderr.write(line)
    sys.stderr.flush()
