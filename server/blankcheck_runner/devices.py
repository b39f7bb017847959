"""Which device an exercise runs on: the choice, and why CUDA is not there when it is not.

Pure: from what was asked for, what `device_probe` found and the environment to the device, the
environment of the processes that run on it, and words for people. All that the rest of the project
knows of devices goes through here, so that two graphics cards can be put in its place by a test.

A device has two names: `cuda:1` outside, to people, and `cuda` in the process that runs on it,
which sees no other card. Numbers are PyTorch's; what an inherited CUDA_VISIBLE_DEVICES hides stays
hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from blankcheck_runner.wire import DEVICE, DeviceInfo, Lesson

VISIBLE = "CUDA_VISIBLE_DEVICES"
CHOSEN = "BLANKCHECK_DEVICE"
"""Tells a process its device, by the name that it has in there."""
_BLOCKING = "CUDA_LAUNCH_BLOCKING"
_INSTALL = "https://pytorch.org/get-started/locally/"
_USES = re.compile(r"\b(?:cuda|accelerator|mps|set_default_device)\b")
_TOO_OLD = re.compile(r"driver on your system is too old(?: \(found version (\d+)\))?")
_UNSUPPORTED = re.compile(
    r"(\S[^\n]*?) with CUDA capability (sm_\d+) is not compatible|no kernel image is available"
)

Kind = Literal["cpu", "cuda", "mps"]


class NoDevice(Exception):
    """What was asked for is not there, or is no device; the message says what to do."""


@dataclass(frozen=True)
class Gpu:
    """A graphics card as PyTorch sees it."""

    name: str
    memory: int
    """Bytes."""

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.name}, {self.memory / 2**30:.0f} GB"


@dataclass(frozen=True)
class Driver:
    """What is known of the graphics driver without PyTorch."""

    present: bool = False
    """Whether it is loaded: its device files are there."""
    plugged: bool = False
    """Whether the machine has a card that it is for."""
    version: str | None = None
    cards: tuple[str, ...] = ()
    """The names of all cards, hidden ones too, as far as the driver tells them."""
    forbidden: str | None = None
    """A device file that this user may not open."""


@dataclass(frozen=True)
class Torch:
    """What PyTorch says, in a process of its own."""

    version: str | None = None
    """Null where it does not import."""
    cuda: str | None = None
    """The version of CUDA (or ROCm) that it is built for; null: for the CPU only."""
    gpus: tuple[Gpu, ...] = ()
    """Those that can be used, in its order."""
    said: str = ""
    """What it warned of or failed with, looking for them."""
    mps: bool = False
    mps_built: bool = False


@dataclass(frozen=True)
class Found:
    """What a probe found."""

    driver: Driver = field(default_factory=Driver)
    torch: Torch = field(default_factory=Torch)
    system: str = "linux"
    """As `sys.platform`."""


@dataclass(frozen=True)
class Choice:
    """The device that something runs on."""

    name: str
    """`cpu`, `cuda:N` or `mps`."""
    kind: Kind
    """Its name in the process that runs on it."""
    environment: Mapping[str, str]
    """What that process must find in its environment from its start."""
    label: str = ""
    """What it is, for people; empty for the CPU."""


CPU = Choice("cpu", "cpu", {VISIBLE: "", CHOSEN: "cpu"})
"""With the cards hidden: autograd starts threads for each that it sees, and such a process could
not be forked."""


def needs_look(requested: str, lesson: Lesson, submission: str) -> bool:
    """Whether it takes a look at the devices to say where this runs. `auto` leaves an exercise that
    has nothing to do with them on the CPU, where a check is quick."""
    if requested != "auto":
        return requested != "cpu"
    texts = (lesson.pre_exercise_code, lesson.solution, submission)
    return bool(lesson.device) or any(_USES.search(text) for text in texts)


def choose(requested: str, found: Found, environment: Mapping[str, str]) -> Choice:
    """The device that a request for one comes to. Raises NoDevice."""
    if not DEVICE.fullmatch(requested):
        raise NoDevice(
            f"“{requested[:40]}” is not a device. Set the device to auto, cpu, cuda, cuda:N (such "
            "as cuda:0) or mps."
        )
    gpus = found.torch.gpus
    if requested == "auto":
        if gpus:
            return _cuda(0, found, environment)
        return _mps() if found.torch.mps else CPU
    if requested == "cpu":
        return CPU
    if requested == "mps":
        if not found.torch.mps:
            raise NoDevice(f"{_no_mps(found)} {_ELSE}")
        return _mps()
    if not gpus:
        raise NoDevice(f"CUDA cannot be used here: {' '.join(why_no_cuda(found, environment))}")
    number = int(requested.partition(":")[2] or 0)
    if number >= len(gpus):
        there = ", ".join(f"cuda:{n} ({gpu.name})" for n, gpu in enumerate(gpus))
        hidden = f" {VISIBLE} hides the others." if len(found.driver.cards) > len(gpus) else ""
        raise NoDevice(
            f"There is no cuda:{number} here. There is {there}.{hidden} Set the device to one "
            "that is there, or to auto."
        )
    return _cuda(number, found, environment)


_ELSE = "Set the device to auto or cpu to run on the processor."


def _cuda(number: int, found: Found, environment: Mapping[str, str]) -> Choice:
    inherited = environment.get(VISIBLE)
    entry = str(number)
    if inherited is not None:
        # What cannot be told apart is left as it was: never more than that.
        entries = [entry.strip() for entry in inherited.split(",")]
        entry = entries[number] if number < len(entries) else inherited
    return Choice(
        f"cuda:{number}",
        "cuda",
        {
            VISIBLE: entry,
            CHOSEN: "cuda",
            # An error is then raised on the line that made it, not on a later one.
            _BLOCKING: environment.get(_BLOCKING, "1"),
        },
        found.torch.gpus[number].label,
    )


def _mps() -> Choice:
    return Choice("mps", "mps", {CHOSEN: "mps"}, "the Mac's graphics processor")


def _no_mps(found: Found) -> str:
    if found.system != "darwin":
        return "mps is the graphics processor of a Mac, and this is none."
    if not found.torch.mps_built:
        return f"This PyTorch ({found.torch.version}) is built without mps."
    return "mps needs a Mac with Apple silicon and macOS 14 or newer."


def why_no_cuda(found: Found, environment: Mapping[str, str]) -> tuple[str, str]:
    """Why there is no CUDA device, and what to do about it (or to do instead)."""
    driver, torch = found.driver, found.torch
    visible = environment.get(VISIBLE)
    if torch.version is None:
        said = f"cannot be imported ({torch.said})" if torch.said else "is not installed"
        return f"PyTorch {said}.", "Install it in the interpreter that runs the exercises."
    if found.system == "darwin":
        return "a Mac has none.", "Set the device to mps, auto or cpu."
    if torch.cuda is None and (driver.present or driver.plugged):
        return (
            f"this PyTorch ({torch.version}) is built for the CPU only.",
            f"Install one with CUDA: {_INSTALL} has the command.",
        )
    if not driver.present and not driver.plugged:
        return "this machine has no NVIDIA graphics card.", _ELSE
    if not driver.present:
        return (
            "the machine has an NVIDIA card, but its driver is not loaded.",
            "Install the driver and restart, until nvidia-smi lists the card; start a container "
            "with --gpus all.",
        )
    if visible is not None and visible.strip() in ("", "-1", "NoDevFiles", "none", "void"):
        return (
            f"the environment hides every card ({VISIBLE} is “{visible}”).",
            "Unset that variable where the editor is started, or name a card in it.",
        )
    if driver.forbidden is not None:
        return (
            f"this user may not open {driver.forbidden}.",
            f"Have an administrator add you to the group that owns it (ls -l {driver.forbidden}), "
            "and log in anew.",
        )
    old = _TOO_OLD.search(torch.said)
    if old is not None:
        has = f"{_cuda_version(old[1])}" if old[1] else "an older version"
        return (
            f"the NVIDIA driver is too old: it is for CUDA {has}, and this PyTorch "
            f"({torch.version}) needs {torch.cuda}.",
            f"Update the driver, or install a PyTorch for that version: {_INSTALL} has the "
            "commands.",
        )
    unsupported = _UNSUPPORTED.search(torch.said)
    if unsupported is not None:
        card = f"{unsupported[1]} ({unsupported[2]})" if unsupported[1] else "this card"
        return (
            f"this PyTorch ({torch.version}) is not built for {card}.",
            f"Install one that is: {_INSTALL} has older ones under “Previous versions”.",
        )
    if visible is not None and driver.cards:
        count = "1 card" if len(driver.cards) == 1 else f"{len(driver.cards)} cards"
        if not torch.said:
            return (
                f"the environment hides every card ({VISIBLE} is “{visible}”, and there "
                f"{'is' if len(driver.cards) == 1 else 'are'} {count}).",
                "Correct that variable where the editor is started, or unset it.",
            )
    said = f" PyTorch says: {torch.said}" if torch.said else ""
    return (
        f"the driver does not answer.{said}",
        "See whether nvidia-smi lists the card; after an update of the driver, restart the "
        "machine.",
    )


def _cuda_version(number: str) -> str:
    """`12040` as `12.4`."""
    value = int(number)
    return f"{value // 1000}.{value % 1000 // 10}"


def info(requested: str, found: Found, environment: Mapping[str, str]) -> DeviceInfo:
    """All that there is to say of the devices, for people."""
    try:
        choice = choose(requested, found, environment)
        name, label, problem = choice.name, choice.label, None
    except NoDevice as error:
        name, label, problem = None, "", str(error)
    torch, driver = found.torch, found.driver
    built = f"CUDA {torch.cuda}" if torch.cuda else "the CPU only"
    lines = [
        f"Device asked for: {requested}",
        f"Device used: {_used(name, label)}"
        if problem is None
        else f"Device used: none. {problem}",
        f"PyTorch: {torch.version}, built for {built}" if torch.version else "PyTorch: none",
        f"NVIDIA driver: {driver.version or ('loaded' if driver.present else 'none')}",
    ]
    lines += [f"cuda:{n}: {gpu.label}" for n, gpu in enumerate(torch.gpus)]
    if not torch.gpus:
        lines.append(f"No CUDA: {' '.join(why_no_cuda(found, environment))}")
    if torch.mps:
        lines.append("mps: the Mac's graphics processor")
    if VISIBLE in environment:
        lines.append(f"{VISIBLE}: “{environment[VISIBLE]}”")
    if torch.said:
        lines.append(f"PyTorch says: {torch.said}")
    advice = None
    if not torch.gpus and (driver.present or driver.plugged):
        advice = " ".join(why_no_cuda(found, environment))
    return DeviceInfo(requested, name, label, problem, advice, "\n".join(lines))


def _used(name: str | None, label: str) -> str:
    return f"{name} ({label})" if label else f"{name}"


def found_from_json(data: Mapping[str, Any]) -> Found:
    """What `asdict` wrote."""
    torch = dict(data["torch"])
    gpus = tuple(Gpu(**gpu) for gpu in torch.pop("gpus"))
    driver = dict(data["driver"])
    cards = tuple(driver.pop("cards"))
    return Found(Driver(cards=cards, **driver), Torch(gpus=gpus, **torch), data["system"])


def holds_driver(targets: list[str]) -> bool:
    """Whether a process, by what its descriptors are open on, has asked the graphics driver for
    something: CUDA cannot be used in what is forked from it then."""
    return any(re.match(r"/dev/(?:nvidia|dxg|kfd)", target) for target in targets)
