"""What works on this machine, and what to do about the rest."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import asdict, dataclass
from typing import Any

from blankcheck import __version__
from blankcheck.containment import containment
from blankcheck.courses import builtin_folder
from blankcheck.progress import Progress
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck_runner.wire import HostInfo


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    value: str
    advice: str | None = None
    """What to do, if something is wrong or could be better."""

    def to_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)


async def diagnose(runner: Runner) -> list[Finding]:
    """Looks at everything that exercises need. A missing device or sandbox is no fault."""
    findings = [Finding("blankcheck", True, f"{__version__}, on Python {_version()}")]
    findings.append(_editor())
    findings.append(_course())
    findings.append(_progress())
    try:
        info = await runner.info()
    except RunnerUnavailable as error:
        return [*findings, Finding("interpreter", False, "does not run", str(error))]
    findings.append(Finding("interpreter", True, f"{info.executable}, Python {info.python}"))
    if info.through is not None:
        findings.append(Finding("runner", True, f"on {info.machine}, through {info.through}"))
    findings.append(_torch(info))
    findings.append(_start(info))
    findings += await _devices(runner)
    found = containment(info)
    findings.append(Finding("sandbox", True, found.told, found.advice))
    return findings


def _version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


def _editor() -> Finding:
    if importlib.util.find_spec("pygls") is None:
        advice = "Install it for editors: pip install pygls. The command line works without it."
        return Finding("server", False, "pygls is not installed", advice)
    return Finding("server", True, "pygls is installed")


def _course() -> Finding:
    folder = builtin_folder()
    if folder is None:
        return Finding("course", False, "not there", "Install Blankcheck anew.")
    return Finding("course", True, str(folder))


def _progress() -> Finding:
    progress = Progress()
    progress.attempts()
    return Finding("progress", progress.message is None, str(progress.file), progress.message)


def _torch(info: HostInfo) -> Finding:
    if info.torch is not None:
        return Finding("torch", True, info.torch)
    how = (
        "Install it"
        if info.torch_error is None
        else "It is there, but does not import. Reinstall it"
    )
    again = "" if info.torch_error is None else "--force-reinstall "
    advice = (
        f"{how} in that interpreter: {info.executable} -m pip install {again}torch. Exercises that "
        "need no torch work without it."
    )
    return Finding("torch", False, info.torch_error or "not installed", advice)


def _start(info: HostInfo) -> Finding:
    value = "fork of a process that is warm" if info.start == "fork" else "spare process"
    return Finding("processes", True, value)


async def _devices(runner: Runner) -> list[Finding]:
    """The device that exercises run on, and the cards. That there is none is no fault, unless it
    was asked for."""
    told = await runner.devices()
    used = f"{told.device} ({told.label})" if told.label else str(told.device)
    if told.problem is not None:
        return [Finding("device", False, f"{told.requested} is not there", told.problem)]
    return [Finding("device", True, used, told.advice)]
