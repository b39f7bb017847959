"""What works on this machine, and what to do about the rest."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from blankcheck import __version__
from blankcheck.courses import builtin_folder
from blankcheck.progress import Progress
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck_runner.wire import HostInfo

CUDA_SECONDS = 60.0

_CUDA = """
import json, torch
names = []
if torch.cuda.is_available():
    names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
print(json.dumps({"built": torch.version.cuda, "devices": names}))
"""


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
    findings.append(_torch(info))
    findings.append(_start(info))
    if info.torch is not None:
        findings.append(await _cuda(info.executable))
    limits = "time, memory, output; files and network are not closed off yet"
    findings.append(Finding("sandbox", True, limits, "Run courses only of people you trust."))
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
    advice = (
        f"Install it in that interpreter: {info.executable} -m pip install torch. Exercises that "
        "need no torch work without it."
    )
    return Finding("torch", False, info.torch_error or "not installed", advice)


def _start(info: HostInfo) -> Finding:
    value = "fork of a process that has imported torch" if info.start == "fork" else "spare process"
    return Finding("processes", True, value)


async def _cuda(executable: str) -> Finding:
    """Asks in a process of its own: a process that has touched CUDA cannot be forked."""
    try:
        process = await asyncio.create_subprocess_exec(
            executable,
            "-c",
            _CUDA,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return Finding("cuda", True, "unknown", f"{executable} does not start ({error.strerror}).")
    try:
        output, _ = await asyncio.wait_for(process.communicate(), CUDA_SECONDS)
        data = json.loads(output)
    except (asyncio.TimeoutError, ValueError):
        return Finding("cuda", True, "unknown", "torch did not answer about CUDA.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if data["devices"]:
        return Finding("cuda", True, ", ".join(data["devices"]))
    if data["built"] is None:
        return Finding("cuda", True, "none: this torch is built for the CPU only")
    return Finding("cuda", True, f"none found; torch is built for CUDA {data['built']}")
