"""The `blankcheck` command, and `python -m blankcheck`: what is quick to start and to end."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> int:
    """Runs the command line, and gives its exit status."""
    signal.signal(signal.SIGINT, _leave)
    from blankcheck.cli import INTERRUPTED
    from blankcheck.cli import main as command

    status = command()
    if status == INTERRUPTED:
        # What was read of a huge course is not taken apart first: that takes a second.
        os._exit(status)
    return status


def _leave(number: int, frame: object) -> NoReturn:
    """Ends a command that has begun nothing yet, before there is `INTERRUPTED`."""
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
