"""System calls that Python has no function for. Linux only; the callers see to that."""

from __future__ import annotations

import ctypes
import functools
import os


def call(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """Makes a system call by number. Raises OSError."""
    return _checked(_library().syscall(ctypes.c_long(number), *map(_word, arguments)))


def prctl(option: int, *values: int | ctypes.Array[ctypes.c_char]) -> int:
    """Sets something of this process. Raises OSError."""
    padded = [*values, 0, 0, 0, 0][:4]
    return _checked(_library().prctl(ctypes.c_int(option), *map(_word, padded)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mounts a file system, or changes a mount. Raises OSError."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    source_, target_, kind_, data_ = texts
    _checked(_library().mount(source_, target_, kind_, ctypes.c_ulong(flags), data_))


def unshare(flags: int) -> None:
    """Moves this process to namespaces of its own. Raises OSError."""
    _checked(_library().unshare(ctypes.c_int(flags)))


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _word(value: int | ctypes.Array[ctypes.c_char] | None) -> object:
    if isinstance(value, int):
        return ctypes.c_ulong(value & (2**64 - 1))
    return value


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
