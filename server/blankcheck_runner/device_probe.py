"""Looks for devices: the driver's files from here, PyTorch in a short-lived process of its own.

Who has asked CUDA for anything cannot fork for it any more, so that the host never does. The
process prints one line of JSON and ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blankcheck_runner.devices import Driver, Found, Gpu, Torch, found_from_json
from blankcheck_runner.plain import one_line

SECONDS = 90.0
"""For the import of torch and the start of the driver."""
_SMI_SECONDS = 10.0
_NVIDIA = "0x10de"
_BOOT = (
    "import sys\n"
    "sys.path.insert(0, sys.argv[1])\n"
    "import blankcheck_runner\n"
    "del sys.path[0]\n"
    "from blankcheck_runner.device_probe import main\n"
    "main()\n"
)


def driver(root: Path = Path("/")) -> Driver:
    """What the files of the system say, in no time."""
    devices = root / "dev"
    nodes = [devices / name for name in ("nvidiactl", "nvidia-uvm", "dxg", "kfd")]
    nodes += sorted(devices.glob("nvidia[0-9]*"))
    there = [node for node in nodes if node.exists()]
    closed = [node for node in there if not os.access(node, os.R_OK | os.W_OK)]
    present = any(node.name != "nvidia-uvm" for node in there)
    if sys.platform == "win32":
        present = (Path(os.environ.get("SYSTEMROOT", "")) / "System32" / "nvcuda.dll").exists()
    return Driver(
        present=present,
        plugged=present or _plugged(root),
        version=_version(root),
        cards=_cards(root),
        forbidden=str(closed[0]) if closed else None,
    )


def worth_asking() -> bool:
    """Whether there may be a device that PyTorch could use."""
    return sys.platform == "darwin" or driver().present


async def look() -> Found:
    """What there is. What does not answer in time is not there, and said so."""
    folder = str(Path(__file__).resolve().parent.parent)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-s", "-B", "-c", _BOOT, folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return _failed(f"{sys.executable} does not start ({error.strerror})")
    try:
        output, said = await asyncio.wait_for(process.communicate(), SECONDS)
    except asyncio.TimeoutError:
        return _failed(f"no answer within {SECONDS:g} seconds")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = output.decode("utf-8", "replace").splitlines()
    try:
        return found_from_json(json.loads(lines[-1]))
    except (IndexError, ValueError, KeyError, TypeError):
        end = said.decode("utf-8", "replace").strip().splitlines()
        return _failed(one_line(end[-1] if end else f"ended with status {process.returncode}", 300))


def main() -> None:
    """Prints what was found, as one line of JSON."""
    print(json.dumps(asdict(Found(_with_tool(driver()), torch_facts(), sys.platform))))


def torch_facts() -> Torch:
    """What PyTorch says. Starts the driver in this process."""
    try:
        import torch
    except ModuleNotFoundError as error:
        return Torch(said="" if error.name == "torch" else one_line(str(error), 300))
    except Exception as error:
        return Torch(said=one_line(f"{type(error).__name__}: {error}", 300))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        gpus, failure = _gpus(torch)
    said = [failure] if failure else []
    said += [str(warning.message) for warning in warned]
    mps: Any = getattr(torch.backends, "mps", None)
    version: Any = torch.version
    return Torch(
        version=str(torch.__version__),
        cuda=version.cuda or getattr(version, "hip", None),
        gpus=gpus,
        said=one_line(" ".join(said), 600),
        mps=mps is not None and bool(mps.is_available()),
        mps_built=mps is not None and bool(mps.is_built()),
    )


def _gpus(torch: Any) -> tuple[tuple[Gpu, ...], str]:
    """The cards that work, each tried: one that PyTorch has no code for is listed by the driver."""
    try:
        if not torch.cuda.is_available():
            if torch.version.cuda:
                torch.cuda.init()  # says why not
            return (), ""
        found: list[Gpu] = []
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            found.append(Gpu(str(properties.name), int(properties.total_memory)))
        return tuple(found), ""
    except Exception as error:
        return (), str(error)


def _with_tool(known: Driver) -> Driver:
    """The same with what `nvidia-smi` adds: the names of all cards, where the files lack them."""
    if not known.present or (known.cards and known.version):
        return known
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            query, capture_output=True, text=True, timeout=_SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return known
    rows = [line.rpartition(",") for line in done.stdout.splitlines() if "," in line]
    cards = tuple(name.strip() for name, _, _ in rows)
    version = rows[0][2].strip() if rows else None
    return Driver(
        known.present,
        known.plugged,
        known.version or version,
        known.cards or cards,
        known.forbidden,
    )


def _plugged(root: Path) -> bool:
    """Whether a card of NVIDIA's is on the bus: display controllers have class 03."""
    for device in (root / "sys/bus/pci/devices").glob("*"):
        try:
            if (device / "vendor").read_text().strip() == _NVIDIA and (
                device / "class"
            ).read_text().startswith("0x03"):
                return True
        except OSError:
            continue
    return False


def _version(root: Path) -> str | None:
    """The driver's version, from a line such as `NVRM version: NVIDIA … Module 550.54.14 …`."""
    try:
        line = (root / "proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return None
    numbers = [word for word in line.split() if word[:1].isdigit() and "." in word]
    return numbers[0] if numbers else None


def _cards(root: Path) -> tuple[str, ...]:
    names: list[str] = []
    for file in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        try:
            for line in file.read_text().splitlines():
                if line.startswith("Model:"):
                    names.append(line.partition(":")[2].strip())
        except OSError:
            continue
    return tuple(names)


def _failed(reason: str) -> Found:
    return Found(driver(), Torch(said=reason), sys.platform)
