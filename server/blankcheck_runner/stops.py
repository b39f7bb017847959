"""Why a run did not come to its end: time, a limit, or the end of its process. Words for people."""

from __future__ import annotations

import errno
import re
import signal
from dataclasses import dataclass
from typing import Literal

from blankcheck_runner import limits, wire
from blankcheck_runner.crash import Crash
from blankcheck_runner.explain.cuda import OUT_OF_MEMORY

_ALLOCATION = re.compile(r"can't allocate memory|not enough memory|Unable to allocate|bad_alloc")
_NUMBER = re.compile(r"\[(Errno|WinError) \d+\]")
"""How the message of a system's error begins."""
_CUT_OFF = re.compile(
    r"unexpected pos \d+ vs \d+|PytorchStreamWriter failed writing"
    r"|(?<!\d)\d+ requested and \d+ written"
)
"""How PyTorch and NumPy say that less of a file was written than they wanted."""
_NO_MEMORY = (f"[Errno {errno.ENOMEM}]", "[WinError 8]", "[WinError 1455]")
_SIGNALS = {
    signal.SIGSEGV: "crashed: it touched memory that is not its own (segmentation fault)",
    signal.SIGABRT: "was aborted by a library it called",
    signal.SIGFPE: "crashed in an arithmetic error in a library it called",
    signal.SIGILL: "crashed: this processor does not know an instruction of a library it called",
}
if hasattr(signal, "SIGKILL"):
    _SIGNALS[signal.SIGBUS] = "crashed: it touched memory that is not there (bus error)"
    _SIGNALS[signal.SIGKILL] = "was killed from outside; often that means the memory ran out"


@dataclass(frozen=True)
class Stop:
    """An end of a run that is neither its own nor an exception."""

    verdict: Literal["error", "timeout", "limit"]
    code: Literal["run/timeout", "run/limit", "run/crash"]
    message: str
    """To the learner, about their code."""
    reason: str
    """What happened, for a sentence about somebody else's code: `it …`."""
    from_outside: bool = False
    """Whether somebody else may have ended it, so that it is worth another try."""


def timed_out(seconds: float) -> Stop:
    """The time limit."""
    return Stop(
        "timeout",
        "run/timeout",
        f"Your code was still running after {seconds:g} seconds and was stopped. "
        "Look for a loop that never ends, or for more work than the exercise needs.",
        f"did not finish within {seconds:g} seconds",
    )


def flooded() -> Stop:
    """The output limit."""
    size = limits.MAX_OUTPUT // 2**20
    return Stop(
        "limit",
        "run/limit",
        f"Your code printed more than {size} MB and was stopped. "
        "Look for a loop that prints without an end.",
        f"printed more than {size} MB",
    )


def too_many_processes() -> Stop:
    """The process limit."""
    return Stop(
        "limit",
        "run/limit",
        f"Your code started more than {limits.MAX_PROCESSES} processes and was stopped. "
        "Start fewer, for example with a smaller num_workers.",
        f"started more than {limits.MAX_PROCESSES} processes",
    )


def out_of_memory(memory: int) -> Stop:
    """The memory limit."""
    size = f"{memory / 2**30:g} GB" if memory >= 2**30 else f"{memory / 2**20:.0f} MB"
    return Stop(
        "limit",
        "run/limit",
        f"Your code needs more memory than the {size} that a check gives it. "
        "Look for a tensor that is much larger than the exercise needs, or one that keeps growing.",
        f"needs more memory than the {size} that a check gives it",
    )


def limit_reached(crash: Crash, memory: int) -> Stop | None:
    """The limit that an exception says was reached; null if it says no such thing."""
    if crash.base == "MemoryError" or (
        crash.base == "RuntimeError" and _ALLOCATION.search(crash.message)
    ):
        return out_of_memory(memory)
    if crash.base == "RuntimeError" and "can't start new thread" in crash.message:
        return _too_many_threads()
    if crash.base in ("RuntimeError", "OSError") and _CUT_OFF.search(crash.message):
        return _cut_off()
    if crash.base != "OSError" or not (told := _NUMBER.match(crash.message)):
        return None
    if told[0] in _NO_MEMORY:
        return out_of_memory(memory)
    if told[0] == f"[Errno {errno.EFBIG}]":
        return _too_large_a_file()
    return _too_many_files() if told[0] == f"[Errno {errno.EMFILE}]" else None


def _too_many_threads() -> Stop:
    return Stop(
        "limit",
        "run/limit",
        "Your code started more threads than a check gives it room for. "
        "Start fewer at once, and end each with join().",
        "started more threads than a check gives it room for",
    )


def _too_large_a_file() -> Stop:
    size = limits.MAX_FILE // 2**20
    return Stop(
        "limit",
        "run/limit",
        f"Your code asked for a file, or for shared memory, of more than the {size} MB that a "
        "check gives it. Write less, or into several files.",
        f"asked for a file, or for shared memory, of more than {size} MB",
    )


def _cut_off() -> Stop:
    size = limits.MAX_FILE // 2**20
    return Stop(
        "limit",
        "run/limit",
        f"A file could not be written to its end. A check gives each one room for {size} MB, as "
        "far as the disk has it. Write less, or into several files.",
        f"could not write a file to its end, for which a check gives {size} MB at most",
    )


def _too_many_files() -> Stop:
    return Stop(
        "limit",
        "run/limit",
        f"Your code had more than the {limits.MAX_FILES} files open at once that a check gives it. "
        "Close each one when you are done with it: open it by `with`.",
        f"had more than {limits.MAX_FILES} files open at once",
    )


def is_card_full(crash: Crash) -> bool:
    """Whether an exception says that a graphics card's memory ran out."""
    return crash.base == "RuntimeError" and OUT_OF_MEMORY.search(crash.message) is not None


def meddled() -> Stop:
    """The code broke what runs it, such as a built-in function."""
    return _crashed("changed Python itself in a way that keeps it from being followed")


def unanswering() -> Stop:
    """The code ran, and left its process unable to say what it did."""
    reason = "left Python in a state in which nothing can be asked of it"
    message = (
        f"Your code {reason}. Look for something that replaces a built-in function or module, "
        "or for a thread that keeps running."
    )
    return Stop("error", "run/crash", message, reason)


def uncopied() -> Stop:
    """The code moved its folder away, put something else there, or left far too much in it."""
    return _crashed("left its folder in a state in which it cannot be copied")


def killed_others() -> Stop:
    """The code killed what it was started from, or somebody did while it ran."""
    reason = "ended other processes, those that run it among them"
    message = (
        "The processes that run your code were killed while it ran, twice. If your code kills "
        "processes, take that out; otherwise try again."
    )
    return Stop("error", "run/crash", message, reason)


def ended(code: int | None, output_end: str, limit: wire.Limits) -> Stop:
    """The process ended, or cannot be talked to, before its code was done."""
    if code is None:
        return _crashed("closed its line to the checker and cannot be followed any further")
    if code >= 0:
        return _crashed(f"ended its own process (exit code {code}), as os._exit() does")
    if hasattr(signal, "SIGXCPU") and -code == signal.SIGXCPU:
        return Stop(
            "limit",
            "run/limit",
            "Your code used more processor time than a check gives it and was stopped. "
            "Look for a loop that never ends, or for work in many threads at once.",
            "used more processor time than a check gives it",
        )
    if -code == signal.SIGABRT and "bad_alloc" in output_end:
        return out_of_memory(limit.memory)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return _crashed(f"was ended by signal {-code}")
    known = _SIGNALS.get(signal.Signals(-code))
    return _crashed(
        f"{known} ({name})" if known else f"was ended by the signal {name}",
        from_outside=from_outside(code),
    )


def from_outside(code: int) -> bool:
    """Whether a process that ended with this exit code may have been ended by somebody else."""
    return -code in (getattr(signal, "SIGKILL", None), signal.SIGTERM)


def _crashed(reason: str, *, from_outside: bool = False) -> Stop:
    next_step = " Try again, with smaller tensors if it makes large ones." if from_outside else ""
    return Stop(
        "error",
        "run/crash",
        f"Your code {reason}.{next_step} The line that ran last is marked.",
        reason,
        from_outside,
    )
