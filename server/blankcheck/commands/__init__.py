"""The commands of the command line, each a function of its options that gives the exit status."""

from __future__ import annotations

from blankcheck.terminal import warn

OK, NOT_PASSED, NOT_DONE = 0, 1, 2


def complain(message: str) -> int:
    """Says why something could not be done, and gives the status for it."""
    warn(message)
    return NOT_DONE
