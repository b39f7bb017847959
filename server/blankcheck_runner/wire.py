"""The messages that the language server and the runner share: plain data, framed on a byte stream.

A frame is two big-endian 32-bit lengths, a JSON object and a blob of raw bytes (tensor data, or a
piece of a course's data file). Between server and host it is *sealed*: checksums go before it, as
what is in between may be any command. This is the only module that both sides import for their
talk. Standard library only.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

PROTOCOL = 2
"""Raised when a message changes its meaning; server and host compare it in the host's `hello`."""

HEADER = struct.Struct("!II")
SEALED_HEADER = struct.Struct("!IIII")
SUCCESSION = bytes(range(0xE0, 0x100))
"""Written by a host that takes the place of one that was killed, before anything else, as the other
one may have stopped within a frame; and by the server, once it has seen it. A host's frames, ASCII
but for 16 bytes each, never hold it."""
MAX_JSON = 32 * 2**20
MAX_BLOB = 64 * 2**20

Part = Literal["submission", "pre_exercise_code", "solution", "sct"]
"""The text that a piece of feedback points into."""

DEVICE = re.compile(r"auto|cpu|mps|cuda(?::[0-9]{1,3})?")
"""What may be asked for as the device."""

Outcome = Literal["passed", "incomplete", "failed", "error", "timeout", "limit", "broken"]


class FrameError(ValueError):
    """Bytes that are no frame, or a frame over the limits: the channel cannot be used further."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 10.0
    """Wall-clock time for the submission; pre-exercise code and solution get as much each."""
    output: int = 200_000
    """Characters of output that are kept, half of them the head and half the tail."""
    memory: int = 3 * 2**30
    """Bytes of address space above what the process has when it starts (where the system can)."""


@dataclass(frozen=True)
class Lesson:
    """An exercise as the runner knows it. The host hands each process only the parts it may see."""

    pre_exercise_code: str = ""
    solution: str = ""
    sct: str = ""
    data: str | None = None
    """A folder whose content is copied into the scratch directory that the code runs in."""
    seed: int = 0
    network: bool = False
    """Whether its code may use the network."""
    device: str = ""
    """The name under which its code finds the device that it runs on; empty: under none."""


@dataclass(frozen=True)
class Expression:
    """A place in the solution that the editor wants described, never shown."""

    start: int
    """First code point in the solution."""
    end: int
    want: Literal["kind", "signature"] = "kind"
    """`kind`: what sort of value stands there; `signature`: how the callee that stands there is
    called."""


@dataclass(frozen=True)
class Request:
    """One run or check of a submission, or (`describe`) a look at what its blanks stand for, or
    (`prepare`) what makes the lesson's next check quick."""

    id: int
    mode: Literal["run", "check", "describe", "prepare"]
    lesson: Lesson
    submission: str = ""
    file: str = "<submission>"
    """The file name that tracebacks show for the submission."""
    limits: Limits = Limits()
    expressions: tuple[Expression, ...] = ()
    """For `describe`."""
    device: str = "auto"
    """The device that is asked for, as `DEVICE` has it; below the host the one that it comes to, by
    its name in the process that runs on it."""


@dataclass(frozen=True)
class Placed:
    """Where a submission would be run: what a process must find in its environment from its start
    to have that device, and no other."""

    device: str
    """`cpu`, `cuda:N` or `mps`."""
    kind: str
    """Its name in that process."""
    environment: Mapping[str, str]


@dataclass(frozen=True)
class OpenBlank:
    """A blank that is left in a submission that is debugged."""

    line: int
    """From 1."""
    message: str
    """What belongs there, as the learner is told."""


@dataclass(frozen=True)
class DebugPlan:
    """An exercise as the process knows it that is debugged. It gets there through the editor."""

    submission: str
    file: str
    """The learner's file, which breakpoints are set in."""
    pre_exercise_code: str
    data: str | None
    seed: int
    device: str
    """As in a lesson."""
    placed: Placed
    """Where it runs, as a check does."""
    blanks: tuple[OpenBlank, ...]


@dataclass(frozen=True)
class Feedback:
    """One message of a verdict."""

    code: str
    """A stable slug: `sct/value`, `run/exception` …"""
    message: str
    severity: Literal["error", "warning", "information", "hint"] = "error"
    part: Part = "submission"
    start: int | None = None
    """First code point of the range in `part`'s text; null: the whole of it is meant."""
    end: int | None = None
    expected_start: int | None = None
    """For something that is missing in the submission: its first code point in the solution."""
    expected_end: int | None = None


@dataclass(frozen=True)
class Seen:
    """What a name of the submission held at one time, as its process says."""

    name: str
    line: int
    """The first line, from 1, of the statement that it was seen after; 0: at the end of the run."""
    type: str
    """The class's name."""
    text: str = ""
    """A plain value as it is written, or a module's structure, a layer a line."""
    shape: tuple[int, ...] | None = None
    """Of a tensor or an array."""
    dtype: str = ""
    device: str = ""
    gradient: bool = False
    """Whether it requires a gradient."""
    low: float | None = None
    """The least of its finite values, if it is known."""
    high: float | None = None
    first: tuple[str, ...] = ()
    """The first of its values."""
    levels: str = ""
    """For a picture, where there are few enough values: a byte for each in base64, from 0 (`low`)
    to 254 (`high`); 255 where it is no finite number."""

    # As a hover and the debugger say it.

    @property
    def facts(self) -> str:
        """Shape, dtype and device: `(2, 3), float32, cpu`."""
        shape = "" if self.shape is None else str(self.shape)
        return ", ".join(fact for fact in (shape, self.dtype, self.device) if fact)

    @property
    def range(self) -> str:
        """`0 to 0.5`; empty if it is not known, or is that of one value."""
        if self.low is None or self.high is None or math.prod(self.shape or ()) == 1:
            return ""
        return f"{self.low:.4g} to {self.high:.4g}"

    @property
    def values(self) -> str:
        """The first values: `0.1, 0.5, …`."""
        more = len(self.first) < math.prod(self.shape or ())
        return ", ".join(self.first) + (", …" if self.first and more else "")


@dataclass(frozen=True)
class Report:
    """The runner's answer to a request."""

    id: int
    verdict: Outcome
    """For a run, `passed` says that it ran to its end."""
    feedback: tuple[Feedback, ...] = ()
    output: str = ""
    truncated: bool = False
    device: str = "cpu"
    """Where the submission ran: `cpu`, `cuda:N` or `mps`."""
    seconds: float = 0.0
    """Wall-clock time from the request's arrival at the host to its answer."""
    descriptions: tuple[str | None, ...] = ()
    """For `describe`: a phrase for each expression (`a tensor of shape (1, 4), float32`), or null
    where nothing is known. Never the expression's text or value."""
    seen: tuple[Seen, ...] = ()
    """For `run` and `check`: what the submission's names held, if its process lived to say so."""


@dataclass(frozen=True)
class HostInfo:
    """What the host says of itself in its `hello`."""

    protocol: int
    python: str
    """Version, such as `3.11.7`."""
    executable: str
    start: Literal["fork", "spare"]
    torch: str | None
    """Version; null where torch is not there or does not import (then `torch_error` says why)."""
    torch_error: str | None = None
    machine: str = ""
    """The name of the machine that it is on."""
    through: str | None = None
    """The command that leads there, as the server adds; null where it is the server's machine."""
    sandbox: str = "none"
    """How well code is contained: `none`, `limits`, `landlock`, `full`."""
    guard: int = 0
    """The process above it, by its number there."""
    sandbox_missing: str | None = None
    """What keeps it from being contained better."""


@dataclass(frozen=True)
class DeviceInfo:
    """What the host says of its devices."""

    requested: str
    device: str | None
    """What a request for it comes to: `cpu`, `cuda:N` or `mps`; null where it is not there."""
    label: str
    """What that is, such as `NVIDIA A100, 80 GB`; empty for the CPU."""
    problem: str | None
    """Why it is not there, and what to do."""
    advice: str | None
    """Why CUDA cannot be used although there is a card for it, and what to do."""
    text: str
    """All of it, in lines, for a report."""


def encode(message: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """One frame. Raises FrameError if it is over the limits."""
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=True).encode()
    if len(body) > MAX_JSON or len(blob) > MAX_BLOB:
        raise FrameError(f"frame of {len(body)} + {len(blob)} bytes is over the limit")
    return HEADER.pack(len(body), len(blob)) + body + blob


def lengths(header: bytes) -> tuple[int, int]:
    """The two lengths of a frame's header. Raises FrameError if they are over the limits."""
    body, blob = HEADER.unpack(header)
    if body > MAX_JSON or blob > MAX_BLOB:
        raise FrameError(f"frame of {body} + {blob} bytes is over the limit")
    return body, blob


def seal(message: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """One frame for the line between server and host. Raises FrameError if over the limits."""
    frame = encode(message, blob)
    sums = zlib.crc32(frame[: HEADER.size]), zlib.crc32(frame[HEADER.size :])
    return struct.pack("!II", *sums) + frame


def sealed_lengths(header: bytes) -> tuple[int, int]:
    """How many bytes follow the header of a sealed frame, and the checksum that they must have.

    Raises FrameError for a header that is damaged or over the limits.
    """
    first, second, _, _ = SEALED_HEADER.unpack(header)
    own = header[-HEADER.size :]
    if zlib.crc32(own) != first:
        raise FrameError("a frame's header is damaged")
    return sum(lengths(own)), second


def unseal(header: bytes, rest: bytes) -> tuple[dict[str, Any], bytes]:
    """Message and blob of a sealed frame. Raises FrameError if they are damaged."""
    _, checksum = sealed_lengths(header)
    if zlib.crc32(rest) != checksum:
        raise FrameError("a frame is damaged")
    body, _ = lengths(header[-HEADER.size :])
    return decode(rest[:body]), rest[body:]


class Frames:
    """Takes the frames out of what comes from a host, piece by piece."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, piece: bytes) -> Iterator[dict[str, Any] | None]:
        """The messages that are whole with a next piece; null where another host begins.

        Raises FrameError.
        """
        known = max(0, len(self._data) - len(SUCCESSION) + 1)
        self._data += piece
        # First, since what was cut off before it reads like a damaged frame.
        while (at := self._data.find(SUCCESSION, known)) >= 0:
            del self._data[: at + len(SUCCESSION)]
            known = 0
            yield None
        while (message := self._whole()) is not None:
            yield message

    def _whole(self) -> dict[str, Any] | None:
        """The next message, if all of it is there."""
        if len(self._data) < SEALED_HEADER.size or self._breaks_off():
            return None
        header = bytes(self._data[: SEALED_HEADER.size])
        end = SEALED_HEADER.size + sealed_lengths(header)[0]
        if len(self._data) < end:
            return None
        message, _ = unseal(header, bytes(self._data[SEALED_HEADER.size : end]))
        del self._data[:end]
        return message

    def _breaks_off(self) -> bool:
        """Whether the sign of another host has come in part. No frame of a host ends like that."""
        return self._data[-1] >= SUCCESSION[0] and any(
            self._data.endswith(SUCCESSION[:size]) for size in range(1, len(SUCCESSION))
        )


def decode(body: bytes) -> dict[str, Any]:
    """The JSON object of a frame. Raises FrameError if it is none."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"frame is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise FrameError("frame is not a JSON object")
    return message  # pyright: ignore[reportUnknownVariableType]


def request_to_json(request: Request) -> dict[str, Any]:
    """The request as plain data."""
    return asdict(request)


def request_from_json(data: Mapping[str, Any]) -> Request:
    """The request that `request_to_json` wrote."""
    fields: dict[str, Any] = {
        **data,
        "lesson": Lesson(**data["lesson"]),
        "limits": Limits(**data["limits"]),
        "expressions": tuple(Expression(**item) for item in data["expressions"]),
    }
    return Request(**fields)


def report_to_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return asdict(report)


def report_from_json(data: Mapping[str, Any]) -> Report:
    """The report that `report_to_json` wrote."""
    fields: dict[str, Any] = {
        **data,
        "feedback": tuple(Feedback(**item) for item in data["feedback"]),
        "descriptions": tuple(data["descriptions"]),
        "seen": tuple(_seen_from_json(item) for item in data["seen"]),
    }
    return Report(**fields)


def _seen_from_json(data: Mapping[str, Any]) -> Seen:
    shape = data["shape"]
    fields: dict[str, Any] = {
        **data,
        "shape": None if shape is None else tuple(shape),
        "first": tuple(data["first"]),
    }
    return Seen(**fields)
