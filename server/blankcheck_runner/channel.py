"""What connects host, worker, student and judge: frames on a connected stream socket, and a file.

`Channel` blocks, with a deadline, for workers and the judge; `AsyncChannel` is the host's end.
Open sockets and descriptors can travel along with a frame (they are attached to its header), so
that the host can hand a worker the line to another one and stay out of their talk.
Standard library only.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import struct
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from blankcheck_runner import wire

MAX_DESCRIPTORS = 8
_CHUNK = 2**18
_POSITION = struct.Struct("!II")
"""What a worker writes at the start of its position file: number of the part, line; both from 1."""
_PARTS: tuple[wire.Part, ...] = ("pre_exercise_code", "submission", "solution", "sct")


class ChannelClosed(EOFError):
    """The other end is gone, or this end was closed."""


class Received(NamedTuple):
    """One frame as it came."""

    message: dict[str, Any]
    blob: bytes
    descriptors: tuple[int, ...] = ()
    """Descriptors that came along; the receiver owns them."""


class Channel:
    """One end of a connected stream socket, blocking. Not for use by two threads at once."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def fileno(self) -> int:
        """The socket's descriptor, for `select`."""
        return self._socket.fileno()

    def send(
        self,
        message: Mapping[str, Any],
        blob: bytes = b"",
        descriptors: Sequence[int] = (),
        timeout: float | None = None,
    ) -> None:
        """Sends one frame. Raises TimeoutError (the channel is then of no further use),
        ChannelClosed, or FrameError for a frame over the limits (nothing is sent then)."""
        data = memoryview(wire.encode(message, blob))
        deadline = _deadline(timeout)
        try:
            if descriptors:
                self._socket.settimeout(_left(deadline))
                data = data[_send_with(self._socket, data[: wire.HEADER.size], descriptors) :]
            while data:
                self._socket.settimeout(_left(deadline))
                data = data[self._socket.send(data[:_CHUNK]) :]
        except (BrokenPipeError, ConnectionError) as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, timeout: float | None = None, *, with_descriptors: bool = False) -> Received:
        """The next frame, and only if that is said the descriptors with it: the system closes
        others. Raises TimeoutError (the channel is then of no further use, as half a frame may
        have been read), ChannelClosed at its end, or FrameError."""
        deadline = _deadline(timeout)
        descriptors: list[int] = []
        try:
            wanted = descriptors if with_descriptors else None
            header = self._exactly(wire.HEADER.size, deadline, wanted)
            body, blob = wire.lengths(header)
            message = wire.decode(self._exactly(body, deadline))
            return Received(message, self._exactly(blob, deadline), tuple(descriptors))
        except BaseException:
            close_all(descriptors)
            raise

    def close(self) -> None:
        """Closes this end; the other one sees it."""
        self._socket.close()

    def _exactly(
        self, count: int, deadline: float | None, descriptors: list[int] | None = None
    ) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._socket.settimeout(_left(deadline))
            size = min(_CHUNK, count - len(data))
            try:
                if descriptors is None:
                    piece = self._socket.recv(size)
                else:
                    piece = _receive_with(self._socket, size, descriptors)
            except (ConnectionError, ValueError) as error:
                raise ChannelClosed(str(error)) from None
            if not piece:
                raise ChannelClosed("the other end closed the channel")
            data += piece
        return bytes(data)


class AsyncChannel:
    """The host's end of a channel: the same frames, without blocking its loop.

    One task may receive while others send; frames are sent whole, one after the other.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._sending = asyncio.Lock()

    async def send(
        self, message: Mapping[str, Any], blob: bytes = b"", descriptors: Sequence[int] = ()
    ) -> None:
        """Sends one frame. Raises ChannelClosed or FrameError."""
        data = memoryview(wire.encode(message, blob))
        async with self._sending:
            try:
                if descriptors:
                    data = data[await self._send_with(data[: wire.HEADER.size], descriptors) :]
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
            except OSError as error:
                raise ChannelClosed(str(error)) from None

    async def receive(self) -> Received:
        """The next frame; descriptors are not expected here. Raises ChannelClosed or FrameError."""
        body, blob = wire.lengths(await self._exactly(wire.HEADER.size))
        return Received(wire.decode(await self._exactly(body)), await self._exactly(blob))

    def close(self) -> None:
        """Closes this end; the other one sees it."""
        self._socket.close()

    async def _exactly(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < count:
            try:
                piece = await loop.sock_recv(self._socket, min(_CHUNK, count - len(data)))
            except (OSError, ValueError) as error:
                raise ChannelClosed(str(error)) from None
            if not piece:
                raise ChannelClosed("the other end closed the channel")
            data += piece
        return bytes(data)

    async def _send_with(self, data: memoryview, descriptors: Sequence[int]) -> int:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return _send_with(self._socket, data, descriptors)
            except BlockingIOError:
                writable = loop.create_future()
                loop.add_writer(self._socket.fileno(), _settle, writable)
                try:
                    await writable
                finally:
                    loop.remove_writer(self._socket.fileno())


class HostSide(NamedTuple):
    """What the host has of what connects it and a worker."""

    control: socket.socket
    output: int
    position: int


class Ends:
    """What connects host and worker: a channel, an output pipe, a file with its position."""

    def __init__(self) -> None:
        self.control, self.worker_control = pair()
        self.output, self.worker_output = os.pipe()
        self.position = unnamed_file()

    @property
    def host_side(self) -> HostSide:
        """What the host keeps."""
        return HostSide(self.control, self.output, self.position)

    def worker_side(self) -> tuple[int, int, int]:
        """The descriptors for the worker."""
        return self.worker_control.fileno(), self.worker_output, self.position

    def close_worker_side(self) -> None:
        """Closes here what the worker holds now."""
        self.worker_control.close()
        os.close(self.worker_output)

    def close_host_side(self) -> None:
        """Closes in a worker what is the host's. The position is for both."""
        self.control.close()
        os.close(self.output)

    def close(self) -> None:
        """Closes everything, when no worker came of it."""
        self.close_worker_side()
        self.close_host_side()
        os.close(self.position)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair()


def close_all(descriptors: Sequence[int]) -> None:
    """Closes descriptors that are no longer wanted."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def unnamed_file() -> int:
    """A file in memory, or one on disk that has no name any more."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("blankcheck")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def write_position(file: int, part: wire.Part, line: int) -> None:
    """Writes which line (from 1) of a part runs. What runs may have closed the file."""
    with contextlib.suppress(OSError):
        os.pwrite(file, _POSITION.pack(_PARTS.index(part) + 1, line), 0)


def read_position(file: int) -> tuple[wire.Part, int] | None:
    """What was written last; null if nothing was, or nothing that could be."""
    data = os.pread(file, _POSITION.size, 0)
    if len(data) < _POSITION.size:
        return None
    number: int
    line: int
    number, line = _POSITION.unpack(data)
    return (_PARTS[number - 1], line) if 1 <= number <= len(_PARTS) and line else None


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _send_with(end: socket.socket, data: memoryview, descriptors: Sequence[int]) -> int:
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
    return end.sendmsg([data], [rights])


def _receive_with(end: socket.socket, size: int, descriptors: list[int]) -> bytes:
    data, ancillary, _, _ = end.recvmsg(
        size, socket.CMSG_SPACE(MAX_DESCRIPTORS * 4), getattr(socket, "MSG_CMSG_CLOEXEC", 0)
    )
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received = array.array("i")
            received.frombytes(content[: len(content) - len(content) % received.itemsize])
            descriptors.extend(received)
    return data


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
