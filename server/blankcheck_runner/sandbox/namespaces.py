"""Namespaces: processes, files, network and shared memory of their own for a program's workers.

A program (a zygote or a spare) moves there before it imports anything:

    outer   waits for the others, and ends the way the worker ended
      └─ first of the new PID namespace; reaps orphans; at its end everything in there ends
           └─ the worker goes on: `enter` returns in it

In there all files are read-only but the scratch directories; `/tmp`, `/run` and `/dev/shm` are
empty ones. The network is cut off later, for each lesson (`cut_off`), since some are allowed it.
The worker keeps the privileges that this needs, which are none outside, until it gives them up.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from blankcheck_runner.sandbox import privileges, system

_NEW_MOUNTS, _NEW_USER, _NEW_PIDS = 0x00020000, 0x10000000, 0x20000000
_NEW_NETWORK, _NEW_IPC = 0x40000000, 0x08000000
_NO_SUID, _NO_DEVICES, _NO_EXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_CWD, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 1
_DEATH_SIGNAL = 1
_MACHINES = ("x86_64", "aarch64")
_EMPTIED = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # what other programs listen and leave files in
_SHARED_MEMORY = "/dev/shm"
_STATUS = struct.Struct("=i")
_FORBIDDING = (
    ("user/max_user_namespaces", "0", "user.max_user_namespaces is 0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts them"),
)


def missing(scratch: str, needed: Iterable[str]) -> str | None:
    """Why `enter` would fail here, found by trying it in a process for that; null if it works."""
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        return "not known on this system"
    needed = list(needed)
    reading, writing = os.pipe()
    trial = os.fork()
    if trial == 0:
        os.close(reading)
        with contextlib.suppress(BaseException):
            os.write(writing, _try(scratch, needed).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(trial, 0)
    return None if answer == "ok" else _forbidden() or answer or "it did not end well"


def enter(scratch: str, needed: Iterable[str]) -> None:
    """Goes on in new namespaces, in another process. Raises OSError.

    `scratch`: what stays writable. `needed`: what must stay visible.
    """
    needed = list(needed)
    _separate()
    reading, writing = os.pipe()
    first = os.fork()
    if first:
        _outlast(first, reading)
    os.close(reading)
    _arrange(scratch, needed)
    worker = os.fork()
    if worker:
        _be_first(worker, writing)
    os.close(writing)
    with contextlib.suppress(OSError):
        system.prctl(_DEATH_SIGNAL, signal.SIGKILL)


def cut_off() -> None:
    """Leaves the network, and shared memory that has names. Raises OSError."""
    system.unshare(_NEW_NETWORK | _NEW_IPC)


def _try(scratch: str, needed: list[str]) -> str:
    try:
        _separate()
        first = os.fork()
        if first == 0:
            status = 1
            try:
                _arrange(scratch, needed)
                cut_off()
                privileges.give_up()
                status = 0
            except OSError as error:
                status = error.errno or 1
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    except OSError as error:
        return os.strerror(error.errno or 0)
    return "ok" if status == 0 else os.strerror(status)


def _forbidden() -> str | None:
    """The setting of this machine that forbids them, where one does."""
    for name, value, said in _FORBIDDING:
        with contextlib.suppress(OSError):
            if Path("/proc/sys", name).read_text().strip() == value:
                return said
    return None


def _separate() -> None:
    user, group = os.geteuid(), os.getegid()
    system.unshare(_NEW_USER | _NEW_PIDS | _NEW_MOUNTS | _NEW_IPC)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _arrange(scratch: str, needed: list[str]) -> None:
    """Sets up the files, as the first process of the namespaces."""
    system.mount(None, "/", None, _RECURSIVE | _PRIVATE)
    place = os.open(scratch, os.O_PATH | os.O_DIRECTORY)
    names = _name_service()
    for folder in _EMPTIED:
        if _can_be_emptied(folder, needed):
            system.mount("tmpfs", folder, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=1777")
    for path, content in names.items():
        if not Path(path).exists():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(content)
    Path(scratch).mkdir(parents=True, exist_ok=True)
    system.mount(f"/proc/self/fd/{place}", scratch, None, _BIND)
    os.close(place)
    _set_attributes("/", _AT_RECURSIVE, setting=_READ_ONLY)
    _set_attributes(scratch, 0, clearing=_READ_ONLY)
    if _can_be_emptied(_SHARED_MEMORY, needed):
        _set_attributes(_SHARED_MEMORY, 0, clearing=_READ_ONLY)
    # In a container this may be forbidden. The old one then shows more than it should, but it is
    # of use, and what matters in it is ruled elsewhere.
    with contextlib.suppress(OSError):
        system.mount("proc", "/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)


def _can_be_emptied(folder: str, needed: list[str]) -> bool:
    if not stat.S_ISDIR(_mode(folder)) or Path(folder).resolve() != Path(folder):
        return False
    return not any(Path(path).is_relative_to(folder) for path in needed)


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0


def _name_service() -> dict[str, bytes]:
    """The file that names name servers, if it is a link to where nothing will be left."""
    try:
        path = Path("/etc/resolv.conf").resolve()
        return {str(path): path.read_bytes()}
    except OSError:
        return {}


def _set_attributes(path: str, flags: int, *, setting: int = 0, clearing: int = 0) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", setting, clearing, 0, 0), 32)
    name = ctypes.create_string_buffer(os.fsencode(path))
    system.call(_MOUNT_SETATTR, _AT_CWD, name, flags, attributes, 32)


def _outlast(first: int, reading: int) -> NoReturn:
    """The outer process: waits for the end of the others, and ends as the worker did."""
    _close_all_but(reading)
    status = os.read(reading, _STATUS.size)
    os.waitpid(first, 0)
    code = _STATUS.unpack(status)[0] if len(status) == _STATUS.size else -signal.SIGKILL
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def _be_first(worker: int, writing: int) -> NoReturn:
    """The first process of the namespaces: reaps whoever ends, until the worker has."""
    _close_all_but(writing)
    privileges.give_up()
    system.prctl(_DEATH_SIGNAL, signal.SIGKILL)
    while True:
        pid, status = os.wait()
        if pid == worker:
            os.write(writing, _STATUS.pack(os.waitstatus_to_exitcode(status)))
            os._exit(0)


def _close_all_but(descriptor: int) -> None:
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, 4096)
