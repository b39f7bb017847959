"""Landlock: which files this process and what it starts may reach, and that they reach no one else.

The kernel's rights grew with its versions ("ABI"): each version is asked only for what it knows.
Restrictions stack, each can only take away. Access by name is what is ruled, when a file is opened;
a descriptor that is open stays usable.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from blankcheck_runner.sandbox import system

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
_REMOVE_DIR = 1 << 4
_REMOVE_FILE = 1 << 5
_MAKE_CHAR = 1 << 6
_MAKE_DIR = 1 << 7
_MAKE_REG = 1 << 8
_MAKE_SOCK = 1 << 9
_MAKE_FIFO = 1 << 10
_MAKE_BLOCK = 1 << 11
_MAKE_SYM = 1 << 12
_REFER = 1 << 13
_TRUNCATE = 1 << 14
_IOCTL_DEVICE = 1 << 15
_RESOLVE_SOCKET = 1 << 16
"""Connecting to a socket that has a name and was made by others."""

READ = EXECUTE | READ_FILE | READ_DIR
USE = READ_FILE | WRITE_FILE | _TRUNCATE | _IOCTL_DEVICE
"""A device."""
SHARE = READ_FILE | WRITE_FILE | _TRUNCATE | _MAKE_REG | _REMOVE_FILE
"""A directory for shared memory: what is in it is not to be listed."""
OWN = (_RESOLVE_SOCKET << 1) - 1 & ~(_MAKE_CHAR | _MAKE_BLOCK)
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEVICE

_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


@dataclass(frozen=True)
class Rule:
    """What may be done with a file, or with what is below a directory."""

    path: str
    rights: int


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none."""
    try:
        return system.call(_CREATE, None, 0, _VERSION)
    except (OSError, AttributeError):
        return 0


def restrict(rules: Iterable[Rule], *, network: bool) -> None:
    """Takes everything from this process but what the rules allow. Raises OSError."""
    known = version()
    rights = (1 << _known_rights(known)) - 1
    tcp = _TCP if known >= 4 and not network else 0
    scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if known >= 6 else 0
    fields = struct.pack("=QQQ", rights, tcp, scoped)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = system.call(_CREATE, ctypes.create_string_buffer(fields, 24), size, 0)
    try:
        for rule in rules:
            # A path that is not there needs no rule.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _add(ruleset, rule, rights)
        system.prctl(_NO_NEW_PRIVILEGES, 1)
        system.call(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, rule: Rule, known: int) -> None:
    descriptor = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = rule.rights & known
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        attributes = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        system.call(_ADD, ruleset, _PATH_BENEATH, attributes, 0)
    finally:
        os.close(descriptor)


def _known_rights(known: int) -> int:
    """How many of the rights a version knows."""
    return (
        17 if known >= 9 else 16 if known >= 5 else 15 if known >= 3 else 14 if known == 2 else 13
    )
