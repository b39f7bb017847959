"""The host on another machine, reached through a command such as `ssh gpu-box`.

The command is followed by `python3 -I -m code -q`: a Python that takes lines of code from its
input. These words mean the same to a program that is given them one by one (`docker exec`) and to a
remote shell that gets them in one line (`ssh`), which no `-c` with code does. The first line is
`blankcheck_runner.arrival`; it says whether that machine has this version of the runner, gets it
if not, and becomes the host.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import io
import json
import os
import re
import secrets
import shlex
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from blankcheck.runner import RunnerUnavailable, trouble
from blankcheck.runner.launch import (
    Heard,
    Launcher,
    LocalLauncher,
    reason,
    start_process,
)
from blankcheck_runner import arrival, wire

PYTHON = "python3"
_SHOWN = 2**18
"""Bytes on its standard output that are looked through for the first word of ours."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_SAFE = re.compile(r"[\w@%+=:,./~-]+")
_SHELLS = {"ssh", "rsh", "mosh", "gcloud"}
"""Programs that hand what follows to a shell at the other end."""

_NOT_ON_A_TERMINAL = (
    "import os, sys; _ = (os.isatty(0) or os.isatty(1)) and "
    '(sys.stdout.write("\\n{mark}" + \'{{"trouble": "terminal"}}\\n\'), '
    "sys.stdout.flush(), os._exit(1))\n"
)
_ON_ANY_PYTHON = """
import sys
if sys.version_info < (3, 10):
    sys.stdout.write("\\n{mark}")
    sys.stdout.write('{{"trouble": "old", "detail": "%d.%d.%d"}}\\n' % sys.version_info[:3])
    sys.stdout.flush()
    sys.exit(1)
exec({code!a}, {{"__name__": "arrival"}})
"""


class CommandLauncher:
    """Starts the host at the other end of a command."""

    remote = True
    silence = 120.0
    beat = 5.0

    def __init__(
        self,
        command: str | Sequence[str],
        python: str = "",
        folder: str = "",
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`command`: what starts a program there, in words or as one would type it. `python`: the
        interpreter there. `folder`: where it is to work and to keep things; empty: the person's
        cache and the system's temporary folder. `tell`: how to reach the person."""
        self._problem = ""
        self._command = [] if isinstance(command, str) else list(command)
        if isinstance(command, str):
            try:
                self._command = shlex.split(command, posix=os.name == "posix")
            except ValueError as error:
                self._problem = f" ({error})"
        self._python = python or PYTHON
        self._folder = folder
        self.tell = tell
        self.title = command if isinstance(command, str) else shlex.join(command)

    async def start(self) -> asyncio.subprocess.Process:
        """Starts the command."""
        if not self._command:
            raise RunnerUnavailable(
                f"`{self.title}` is no command{self._problem}. "
                "Look at the setting blankcheck.runner.command."
            )
        words = (self._quoted(self._python), "-I", "-B", "-m", "code", "-q")
        # A question goes to the terminal, which a session of its own does not have, or to a window.
        environment = {"SSH_ASKPASS_REQUIRE": "never", "DISPLAY": ""}
        try:
            return await start_process((*self._command, *words), environment)
        except (OSError, ValueError) as error:
            raise RunnerUnavailable(
                f"`{self._command[0]}` cannot be started: {reason(error)}. "
                "Look at the setting blankcheck.runner.command."
            ) from None

    async def open(self, process: asyncio.subprocess.Process, heard: Heard) -> None:
        """Has the runner arrive."""
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        mark = f"blankcheck-{secrets.token_hex(8)} "
        digest, data = package()
        stdin.write(_first_lines(mark, digest, self._folder))
        while True:
            await stdin.drain()
            try:
                word = await _word(stdout, b"\n" + mark.encode(), heard)
            except ValueError:
                raise RunnerUnavailable(trouble.damaged(self.title)) from None
            if "trouble" in word:
                detail = str(word.get("detail", ""))
                raise RunnerUnavailable(
                    trouble.told(self.title, self._python, str(word["trouble"]), detail)
                )
            if word.get("have") is False:
                stdin.write(struct.pack("!I", len(data)) + data)
            if word.get("ready"):
                return

    def stage(self, heard: Heard) -> str:
        """Says what is waited for."""
        if heard.answered:
            return f"starting Python through {self.title}"
        if trouble.queued(heard.said):
            return f"waiting for its turn: {self.title}"
        return f"connecting: {self.title}"

    def question(self, heard: Heard) -> str | None:
        """Says that it wants to know something, where it does; only a login may."""
        return None if heard.answered else trouble.asks(self.title, heard.said, heard.shown)

    def mute(self, heard: Heard) -> str | None:
        """Says that nothing comes, unless it waits for its turn and says so."""
        if trouble.queued(heard.said):
            return None
        return trouble.mute(self.title, self._python, self.silence, heard.said, heard.shown)

    def obituary(self, code: int | None, heard: Heard) -> str:
        """Why it ended."""
        if heard.opened:
            return trouble.went_away(self.title, code, heard.said)
        return trouble.never_began(self.title, self._python, code, heard.said, heard.shown)

    def _quoted(self, word: str) -> str:
        """A word, as it reaches the other end unchanged."""
        if Path(self._command[0]).stem not in _SHELLS or _SAFE.fullmatch(word):
            return word
        return shlex.quote(word)


async def _word(stdout: asyncio.StreamReader, mark: bytes, heard: Heard) -> Mapping[str, Any]:
    """The next word of ours. What comes before it is somebody else's.

    Raises EOFError when it does not come any more, ValueError when it is damaged.
    """
    shown = heard.shown_bytes
    while not shown.endswith(mark):
        byte = await stdout.read(1)
        if not byte or len(shown) > _SHOWN:
            raise EOFError
        shown += byte
        heard.note()
    del shown[-len(mark) :]
    heard.answered = True
    word = json.loads(await stdout.readline())
    return cast("Mapping[str, Any]", word)


def _first_lines(mark: str, digest: str, folder: str) -> bytes:
    """Code that has the runner arrive; or says that it cannot, on a terminal or an old Python.

    A terminal would not take the long line, so a short one goes before.
    """
    arriving = Path(arrival.__file__).read_text("utf-8")
    arriving += f"\narrive({mark!r}, {digest!r}, {folder!r})\n"
    code = _ON_ANY_PYTHON.format(mark=mark, code=arriving)
    line = base64.b64encode(code.encode()).decode()
    return (
        _NOT_ON_A_TERMINAL.format(mark=mark)
        + f'exec(__import__("base64").b64decode("{line}").decode(), {{}})\n'
    ).encode()


@functools.cache
def package() -> tuple[str, bytes]:
    """The runner as it travels: its digest, and an archive that is the same for the same files."""
    folder = Path(wire.__file__).resolve().parent.parent
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in arrival.files_of(folder):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            archive.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
    return arrival.digest_of(folder), data.getvalue()


def choose(
    here: str,
    command: str | Sequence[str] = "",
    there: str = "",
    folder: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> Launcher:
    """The launcher for the interpreter `here`, or, with a command, for the one `there`."""
    return CommandLauncher(command, there, folder, tell) if command else LocalLauncher(here)
