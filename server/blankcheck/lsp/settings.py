"""The settings, as a client sends them at the start and when they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True)
class Settings:
    """The settings that the client sends, as `initializationOptions` and when they change."""

    trusted: bool = False
    interpreter: str | None = None
    """The learner's interpreter; null: the one that the server runs on."""
    runner_command: str | tuple[str, ...] = ""
    """What starts a program on the machine where the exercises run; empty: they run here."""
    runner_python: str = ""
    """The interpreter there; empty: `python3`."""
    runner_folder: str = ""
    """The folder there to work in; empty: the usual ones."""
    time_limit: float = 10.0
    device: str = "auto"
    pictures: bool = False
    """Whether the client shows the images in a hover's Markdown."""
    client_commands: bool = False
    """Whether the client has the commands of the lenses itself, and shows icons in their titles."""


def read_settings(data: object, before: Settings) -> Settings:
    """Settings from what the client sent. What is missing or wrong stays as it was before."""
    if not isinstance(data, Mapping):
        return before
    values: Mapping[str, object] = data  # pyright: ignore[reportUnknownVariableType]
    trusted = values.get("trusted")
    interpreter = values.get("interpreter", before.interpreter)
    limit = values.get("timeLimit")
    device = values.get("device")
    command = values.get("runnerCommand", before.runner_command)
    python = values.get("runnerPython", before.runner_python)
    folder = values.get("runnerFolder", before.runner_folder)
    pictures = values.get("pictures")
    commands = values.get("clientCommands")
    sound = isinstance(limit, (int, float)) and not isinstance(limit, bool) and 0 < limit <= 3600
    return Settings(
        trusted=trusted if isinstance(trusted, bool) else before.trusted,
        interpreter=interpreter if isinstance(interpreter, str) and interpreter else None,
        runner_command=_words(command),
        runner_python=python if isinstance(python, str) else "",
        runner_folder=folder if isinstance(folder, str) else "",
        time_limit=float(limit) if sound and isinstance(limit, (int, float)) else before.time_limit,
        device=device if isinstance(device, str) and device else before.device,
        pictures=pictures if isinstance(pictures, bool) else before.pictures,
        client_commands=commands if isinstance(commands, bool) else before.client_commands,
    )


def _words(value: object) -> str | tuple[str, ...]:
    """A command, in words or as one would type it."""
    if isinstance(value, str):
        return value.strip()
    words = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else ()
    return tuple(word for word in words if isinstance(word, str))
