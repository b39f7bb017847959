"""Where the host runs: `Launcher`, and the one for the learner's interpreter on this machine.

A launcher starts a process whose stdin and stdout become the channel to the host, sees to it that
the host is at the other end, and puts into words why it is not there any more.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from blankcheck.runner import RunnerUnavailable
from blankcheck_runner import wire

_TAIL = 8192
_LINES = 20
_BOOT = (
    "import sys\n"
    "if sys.version_info < (3, 10):\n"
    "    sys.exit('Python %d.%d is too old: 3.10 or newer is needed. '\n"
    "             'Choose another interpreter in the settings.' % sys.version_info[:2])\n"
    "folder = sys.argv[1]\n"
    "sys.path.insert(0, folder)\n"
    "import blankcheck_runner\n"
    "sys.path.remove(folder)\n"
    "from blankcheck_runner.host import main\n"
    "main()\n"
)


class Launcher(Protocol):
    """A way to have a host. Each of its processes is ended by the end of its input."""

    title: str
    """What it starts, as one would type it."""
    remote: bool
    """Whether the host is somewhere that cannot read the files of this machine."""
    silence: float
    """Seconds without a word after which a host that has not yet greeted is given up."""
    beat: float
    """Seconds between two questions whether the host is still there; zero: its pipes say so."""

    def tell(self, text: str, /) -> None:
        """Tells the person what happens on the way to the host."""
        ...

    async def start(self) -> asyncio.subprocess.Process:
        """Starts it, with pipes for all three streams. Raises RunnerUnavailable."""
        ...

    async def open(self, process: asyncio.subprocess.Process, heard: Heard) -> None:
        """Brings the host to the other end of the pipes, so that frames can be exchanged.

        Raises RunnerUnavailable if that cannot be, EOFError or ConnectionError if it went away.
        """
        ...

    def stage(self, heard: Heard) -> str:
        """What is done on the way to a host that has not yet greeted, in a few words."""
        ...

    def question(self, heard: Heard) -> str | None:
        """What to tell the person if it waits for an answer that nobody gives; else null."""
        ...

    def mute(self, heard: Heard) -> str | None:
        """What to tell the person after `silence`; null if that is no wonder."""
        ...

    def obituary(self, code: int | None, heard: Heard) -> str:
        """Why it ended, for the person."""
        ...


class Heard:
    """What came from a launcher beside the frames."""

    def __init__(self) -> None:
        self.opened = False
        """Whether the host is at the other end."""
        self.answered = False
        """Whether something of ours has answered there."""
        self.shown_bytes = bytearray()
        """What came on its standard output before anything of ours."""
        self.at = time.monotonic()
        """When the last of it came."""
        self._said = ""

    def note(self) -> None:
        """Something has come."""
        self.at = time.monotonic()

    def say(self, text: str) -> None:
        """Takes a piece of its standard error."""
        self._said = (self._said + text)[-_TAIL:]
        self.note()

    @property
    def said(self) -> str:
        """The last lines of its standard error."""
        lines = [line for line in self._said.splitlines() if line.strip()]
        return "\n".join(lines[-_LINES:])

    @property
    def shown(self) -> str:
        """What came on its standard output before anything of ours."""
        return self.shown_bytes[-_TAIL:].decode("utf-8", "replace")


class LocalLauncher:
    """Starts the host in an interpreter of this machine."""

    remote = False
    beat = 0.0
    silence = 150.0
    """For the first import of torch on a slow disk."""

    def __init__(
        self, python: str | Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """`python`: the interpreter, or a command that ends in one."""
        self._python = [python] if isinstance(python, str) else list(python)
        self._environment = environment
        self.title = " ".join(self._python)

    def tell(self, text: str, /) -> None:
        """There is no way on which something could happen."""

    async def start(self) -> asyncio.subprocess.Process:
        """Starts the interpreter with the package of this machine."""
        folder = str(Path(wire.__file__).resolve().parent.parent)
        command = (*self._python, "-I", "-B", "-c", _BOOT, folder)
        try:
            return await start_process(command, self._environment)
        except (OSError, ValueError) as error:
            raise RunnerUnavailable(
                f"The Python interpreter `{self.title}` cannot be started: {reason(error)}. "
                "Choose another one in the settings."
            ) from None

    async def open(self, process: asyncio.subprocess.Process, heard: Heard) -> None:
        """It is there at once."""

    def stage(self, heard: Heard) -> str:
        """Says what takes long."""
        return "starting Python, with PyTorch if it is there"

    def question(self, heard: Heard) -> str | None:
        """It asks nothing."""
        return None

    def mute(self, heard: Heard) -> str | None:
        """Says that it does not get ready."""
        return (
            f"`{self.title}` did not get ready within {self.silence:g} seconds. "
            "Try again, or choose another interpreter in the settings."
        )

    def obituary(self, code: int | None, heard: Heard) -> str:
        """Why it ended."""
        how = "ended" if code is None else f"ended with status {code}"
        if not heard.said:
            return f"`{self.title}` {how} unexpectedly. Try again."
        if "Unknown option: -I" in heard.said:  # Python 2
            return (
                f"`{self.title}` is too old: Python 3.10 or newer is needed. Choose another "
                "interpreter in the settings."
            )
        return f"`{self.title}` {how} unexpectedly. It said:\n{heard.said}"


async def start_process(
    command: Sequence[str], environment: Mapping[str, str] | None
) -> asyncio.subprocess.Process:
    """A process with pipes, in a session of its own: there is no terminal that it could ask."""
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=os.name == "posix",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def reason(error: OSError | ValueError) -> str:
    """What the system says, without its number."""
    return getattr(error, "strerror", None) or str(error)
