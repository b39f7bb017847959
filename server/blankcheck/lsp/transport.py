"""Messages on a byte stream: reading them without trusting them, and the stream over stdin.

pygls has readers of its own, but they answer nothing to what is no message, and their thread keeps
the process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

MAX_MESSAGE = 64 * 2**20
_LENGTH = re.compile(rb"(?<![\w-])content-length[ \t]*:[ \t]*([0-9]+)$", re.IGNORECASE)
"""At the end of a line, which may begin with what was left of a message of another length."""


class BrokenStream(Exception):
    """Bytes that are no message; what follows them cannot be read."""


class NoLength(Exception):
    """A header that does not say how long its message is; the next one can be found."""


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """The body of the next message, or null at the end. Raises BrokenStream or NoLength."""
    length: int | None = None
    begun = False
    try:
        while True:
            line = await reader.readline()
            if not line and not begun:
                return None
            if not line.endswith(b"\n"):
                raise BrokenStream("it ends in the middle of a message")
            line = line.strip()
            if not line and begun:
                break
            if line:
                begun = True
                match = _LENGTH.search(line)
                length = int(match[1][:12]) if match else length
        if length is None:
            raise NoLength
        if length > MAX_MESSAGE:
            raise BrokenStream(f"a message is over the limit of {MAX_MESSAGE} bytes")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise BrokenStream("it ends in the middle of a message") from None
    except ValueError as error:  # a header line without an end
        raise BrokenStream(str(error)) from None


def read_in_background(source: BinaryIO) -> asyncio.StreamReader:
    """A reader of a blocking stream; its thread does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    descriptor = source.fileno()

    def pump() -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while data := os.read(descriptor, 2**16):
                loop.call_soon_threadsafe(reader.feed_data, data)
        with contextlib.suppress(RuntimeError):  # the loop may have ended before
            loop.call_soon_threadsafe(reader.feed_eof)

    threading.Thread(target=pump, name="stdin", daemon=True).start()
    return reader


def watch(process: int, gone: Callable[[], None]) -> Callable[[], None] | None:
    """Calls `gone` once a client's process has ended; what stops the watch, or null without one.

    Only an ancestor is watched: a number from outside of our container says nothing here.
    """
    if process not in _ancestors():
        return None
    loop = asyncio.get_running_loop()
    if not hasattr(os, "pidfd_open"):
        return _poll(loop, process, gone)
    try:
        descriptor = os.pidfd_open(process)
    except OSError:
        return None
    loop.add_reader(descriptor, lambda: (stop(), gone()))

    def stop() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)

    return stop


def _ancestors() -> set[int]:
    found = {os.getppid()}
    process = os.getppid()
    while sys.platform == "linux" and process > 1:
        try:
            status = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
            process = int(status.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
        found.add(process)
    return found


def _poll(
    loop: asyncio.AbstractEventLoop, process: int, gone: Callable[[], None]
) -> Callable[[], None]:
    """Our parent changes when it ends."""

    def look() -> None:
        nonlocal timer
        if os.getppid() == process:
            timer = loop.call_later(0.5, look)
        else:
            gone()

    timer = loop.call_later(0.5, look)
    return lambda: timer.cancel()
