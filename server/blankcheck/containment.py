"""How well code is contained on this machine, in words: for the doctor and the editor."""

from __future__ import annotations

from dataclasses import dataclass

from blankcheck.result import DOCS
from blankcheck_runner.wire import HostInfo

_CLOSED: dict[str, str] = {
    "full": "files, network and other processes are closed off; time and memory are limited",
    "landlock": "files and network are closed off; time and memory are limited",
    "limits": "time and memory are limited; files and network are open to the code",
    "none": "only time and output are limited; all else is open to the code",
}
_ADVICE: dict[str, str] = {
    "landlock": (
        "Code can still see which programs you run, and with what command lines, and talk to those "
        "that listen on a socket with a name: run only courses and code of people you trust."
    ),
    "limits": "Run only courses and code of people you trust.",
    "none": "Run only courses and code of people you trust.",
}
_PAGE = f"{DOCS}/containment.md"


@dataclass(frozen=True)
class Containment:
    """What the code of courses and learners is kept from here."""

    level: str
    """`full`, `landlock`, `limits` or `none`."""
    told: str
    """What that closes off."""
    advice: str | None
    """What is missing, and what to do; null at the highest level."""


def containment(info: HostInfo) -> Containment:
    """What a host found out about its machine, for people."""
    level = info.sandbox
    told = f"{level}: {_CLOSED.get(level, _CLOSED['none'])}"
    if level == "full":
        return Containment(level, told, None)
    reason = (
        "BLANKCHECK_SANDBOX lowers the level: remove that variable to have more."
        if info.sandbox_missing is None
        else f"Why not more: {info.sandbox_missing.rstrip('.')}."
    )
    advice = _ADVICE.get(level, _ADVICE["none"])
    return Containment(level, told, f"{advice} {reason} See {_PAGE}")
