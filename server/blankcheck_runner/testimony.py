"""What a process says of an exception: plain values, and their JSON form.

All of it may be forged by the submission, so `crash_from_json` trusts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from blankcheck_runner import described
from blankcheck_runner.described import Value

MAX_MESSAGE = 6000
MAX_FRAMES = 24
MAX_OPERANDS = 48
MAX_CALLS = 16
MAX_NAMES = 2500
MAX_FILES = 60


@dataclass(frozen=True)
class Frame:
    """One call in a text that is the course's or the learner's."""

    file: str
    function: str
    line: int
    """From 1."""
    start: int
    """The code points of the failing expression in `file`; before Python 3.11 of its statement."""
    end: int


@dataclass(frozen=True)
class Operand:
    """A name, attribute or constant in a failing expression, and what it stands for."""

    frame: int
    """Index in the crash's frames."""
    start: int
    end: int
    value: Value


@dataclass(frozen=True)
class LibraryCall:
    """A frame below the learner's innermost one: in a library."""

    function: str
    owner: Value | None = None
    """The layer whose method this is."""
    path: str = ""
    """Where `owner` is in the outermost layer of these calls: `features.0`; empty: it is that."""
    arguments: Mapping[str, Value] | None = None
    """Its arguments that are tensors, by name."""


@dataclass(frozen=True)
class Crash:
    """An exception, as its process tells it."""

    type: str
    base: str
    """The first of its classes that is built in."""
    message: str
    cause: str = ""
    """The exception at the root of the chain, if it is another one: `Type: message`."""
    frames: tuple[Frame, ...] = ()
    """Outermost first; the first is in the text that was run."""
    folded: int = 0
    """Library frames below the innermost of `frames`."""
    operands: tuple[Operand, ...] = ()
    calls: tuple[LibraryCall, ...] = ()
    """Library frames below the innermost of `frames` that tell something, outermost first."""
    scope: tuple[str, ...] = ()
    """The names that the innermost of `frames` could use."""
    missing: str = ""
    """The name that was not there (NameError, AttributeError, ImportError)."""
    owner: Value | None = None
    """What has no such attribute."""
    attributes: tuple[str, ...] = ()
    """What there is in place of `missing`: attributes, or modules that can be imported."""
    elsewhere: tuple[str, ...] = ()
    """Where a thing named `missing` is to be had: `nn.ReLU`."""
    path: str = ""
    """The file or folder that an OSError names."""
    folder: str = ""
    """The folder that was looked in, as the learner would name it; empty: the working directory."""
    files: tuple[str, ...] = ()
    """What is in that folder."""


def crash_to_json(crash: Crash) -> dict[str, Any]:
    """The crash as plain data."""
    return asdict(crash)


def crash_from_json(data: object) -> Crash:
    """The crash that `crash_to_json` wrote. What a hostile process wrote in its place is dropped
    or cut, field by field; never raises."""
    held = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    text, texts = described.text, described.texts
    frames = tuple(_frame(item) for item in described.sequence(held, "frames", MAX_FRAMES))
    return Crash(
        type=text(held, "type", described.MAX_NAME) or "Exception",
        base=text(held, "base", described.MAX_NAME) or "Exception",
        message=text(held, "message", MAX_MESSAGE),
        cause=text(held, "cause", MAX_MESSAGE),
        frames=frames,
        folded=described.number(held, "folded") or 0,
        operands=tuple(
            operand
            for item in described.sequence(held, "operands", 2 * MAX_OPERANDS)
            if (operand := _operand(item, len(frames)))
        ),
        calls=tuple(_call(item) for item in described.sequence(held, "calls", MAX_CALLS)),
        scope=texts(held, "scope", MAX_NAMES, described.MAX_NAME),
        missing=text(held, "missing", described.MAX_NAME),
        owner=described.value_from_json(held.get("owner")),
        attributes=texts(held, "attributes", MAX_NAMES, described.MAX_NAME),
        elsewhere=texts(held, "elsewhere", 20, 2 * described.MAX_NAME),
        path=text(held, "path", 500),
        folder=text(held, "folder", 500),
        files=texts(held, "files", MAX_FILES, 200),
    )


def _mapping(data: object) -> dict[str, Any]:
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _frame(data: object) -> Frame:
    held = _mapping(data)
    start = described.number(held, "start") or 0
    return Frame(
        file=described.text(held, "file", 4096),
        function=described.text(held, "function", 200),
        line=max(1, described.number(held, "line") or 1),
        start=start,
        end=max(start, described.number(held, "end") or 0),
    )


def _operand(data: object, frames: int) -> Operand | None:
    held = _mapping(data)
    frame, start, end = (described.number(held, key) for key in ("frame", "start", "end"))
    value = described.value_from_json(held.get("value"))
    if frame is None or start is None or end is None or value is None:
        return None
    return Operand(frame, start, end, value) if frame < frames and start <= end else None


def _call(data: object) -> LibraryCall:
    held = _mapping(data)
    arguments: dict[str, Value] = {}
    for name, item in list(_mapping(held.get("arguments")).items())[:8]:
        value = described.value_from_json(item)
        if isinstance(name, str) and value:  # pyright: ignore[reportUnnecessaryIsInstance]
            arguments[name[: described.MAX_NAME]] = value
    return LibraryCall(
        function=described.text(held, "function", 200),
        owner=described.value_from_json(held.get("owner")),
        path=described.text(held, "path", 200),
        arguments=arguments,
    )
