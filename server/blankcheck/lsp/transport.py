"""Messages on a byte stream: reading them without trusting them, and the stream over stdin.

pygls has readers of its own, but they answer nothing to what is no message, and their thread keeps
the process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
from typing import BinaryIO

MAX_MESSAGE = 64 * 2**20
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*([0-9]{1,12})[ \t]*", re.IGNORECASE)


class BrokenStream(Exception):
    """Bytes that are no message; what follows them cannot be read."""


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """The body of the next message, or null at the end. Raises BrokenStream."""
    length: int | None = None
    try:
        while True:
            line = await reader.readline()
            if not line:
                return None
            if line.strip():
                match = _LENGTH.fullmatch(line.strip())
                length = int(match[1]) if match else length
            elif length is not None:
                break
        if length > MAX_MESSAGE:
            raise BrokenStream(f"a message of {length} bytes is over the limit")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
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
