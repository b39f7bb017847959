"""The heir: a process that takes the host's place when the host is killed, or what guards it.

It is split off the stem, so it costs little memory and has torch imported already. It holds the
channel to the server, and waits. When its own channel closes, the host is gone. It then forks once
more: the child is the next host's stem, and the process itself becomes that host. Where the guard
is gone too, it becomes the guard instead, and a child the host. (A host is above its stem, and a
guard above its host, since orphans go to those above.)

The environment of the person, which the next host works in as well, is nothing that code of others
may see. So it is in a file that is read only where no such code will run: the *will*.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from blankcheck_runner import limits, processes
from blankcheck_runner.channel import Ends, close_all, unnamed_file
from blankcheck_runner.scratch import new_folder, remove

_LINE = struct.Struct("!qq")
_HANDOVER = 0.0005
_BOOT = (
    "import sys\n"
    "folder, inheritance = sys.argv[1:]\n"
    "sys.path.insert(0, folder)\n"
    "import blankcheck_runner\n"
    "sys.path.remove(folder)\n"
    "sys.argv = ['']\n"
    "from blankcheck_runner.host import main\n"
    "main(inheritance)\n"
)


class Will:
    """Who is to follow, and the surroundings that hosts work in. In a file that all of them share,
    as each may end at any moment."""

    def __init__(self, file: int) -> None:
        self.file = file

    @classmethod
    def make(cls) -> Will:
        """One with the surroundings of this process."""
        will = cls(unnamed_file())
        will.name(0, 0)
        surroundings = {"folder": str(Path.cwd()), "environment": dict(os.environ)}
        os.pwrite(will.file, json.dumps(surroundings).encode(), _LINE.size)
        return will

    def name(self, host: int, heir: int) -> None:
        """Notes which process is the host, and which one follows; 0 if none."""
        os.pwrite(self.file, _LINE.pack(host, heir), 0)

    def heir(self, ended: int) -> int | None:
        """The child of this process that follows a host that has ended."""
        line = _LINE.unpack(os.pread(self.file, _LINE.size, 0))
        below = processes.children("self")
        return next((pid for pid in line if pid != ended and pid in below), None)

    def surroundings(self) -> dict[str, Any]:
        """The folder that hosts work in, and their environment."""
        size = os.fstat(self.file).st_size - _LINE.size
        return json.loads(os.pread(self.file, size, _LINE.size))


@dataclass(frozen=True)
class Claim:
    """What an heir waits with."""

    guard: int
    host: int
    streams: tuple[int, ...]
    """The host's standard input, output and error."""
    will: Will

    def give_up(self) -> None:
        """Closes all that it holds."""
        close_all((*self.streams, self.will.file))


@dataclass(frozen=True)
class Inheritance:
    """What a host finds that took the place of another one."""

    guard: int
    will: int
    stem: int
    """The process that is its stem already."""
    control: int
    output: int
    position: int
    scratch: str
    """The directory for all scratch directories."""


@dataclass(frozen=True)
class NextStem:
    """What the stem of the next host goes on with."""

    descriptors: tuple[int, int, int]
    scratch: str
    """The directory that all scratch directories are in."""


def succeed(claim: Claim, scratch: str) -> NextStem:
    """Takes the place of a host that is gone. Returns only in the child that is the next stem.

    `scratch`: where that host had its scratch directories.
    """
    while os.getppid() == claim.host:
        time.sleep(_HANDOVER)
    tempfile.tempdir = str(Path(scratch).parent)
    guard = os.getppid()
    if guard != claim.guard:
        guard = os.getpid()
        limits.adopt_orphans()
        if host := os.fork():
            from blankcheck_runner.guard import watch

            close_all(claim.streams)
            remove(Path(scratch))
            watch(host, claim.will)
    host = os.getpid()
    claim.will.name(host, 0)
    root = new_folder()
    ends = Ends()
    stem = os.fork()
    if stem == 0:
        claim.give_up()
        ends.close_host_side()
        os.setsid()
        limits.adopt_orphans(adopt=False)
        limits.die_with_parent(host)
        control = ends.worker_control.detach()
        return NextStem((control, ends.worker_output, ends.position), root)
    ends.close_worker_side()
    control = ends.control.detach()
    inheritance = Inheritance(
        guard, claim.will.file, stem, control, ends.output, ends.position, root
    )
    _become_host(claim, inheritance)


def _become_host(claim: Claim, inheritance: Inheritance) -> NoReturn:
    surroundings = claim.will.surroundings()
    os.chdir(surroundings["folder"])
    for number, descriptor in enumerate(claim.streams):
        os.dup2(descriptor, number)
    for descriptor in (
        inheritance.will,
        inheritance.control,
        inheritance.output,
        inheritance.position,
    ):
        os.set_inheritable(descriptor, True)
    folder = str(Path(__file__).resolve().parent.parent)
    command = [sys.executable, "-I", "-B", "-c", _BOOT, folder, json.dumps(asdict(inheritance))]
    os.execve(sys.executable, command, surroundings["environment"])
