"""What requests need of this machine's files, sent to a host that cannot read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from blankcheck.runner.parcels import Packer, Parcel

_TIMES = 3
"""That the data of one request are sent."""


@dataclass
class _Order:
    """A request with the files that it needs."""

    message: Mapping[str, Any]
    parcels: tuple[Parcel, ...]
    times: int = 0
    sending: asyncio.Task[None] | None = None


class Supplies:
    """The data of one host's requests. `send` sends a message with a blob to it."""

    def __init__(self, send: Callable[[Mapping[str, Any], bytes], Awaitable[None]]) -> None:
        self._send = send
        self._packer = Packer()
        self._orders: dict[int, _Order] = {}
        self._turn = asyncio.Lock()
        self._sent: dict[str, float] = {}
        """When the file of a digest was last sent."""

    async def packed(self, number: int, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """A request's message, with the names and digests of files in place of their folder.

        Raises RunnerUnavailable.
        """
        request = message.get("request", {})
        folder = request.get("lesson", {}).get("data")
        if folder is None:
            return message
        parcels = await asyncio.to_thread(self._packer.pack, folder)
        message = {
            **message,
            "request": {**request, "lesson": {**request["lesson"], "data": None}},
            "files": [(parcel.name, parcel.digest, parcel.size) for parcel in parcels],
        }
        self._orders[number] = _Order(message, parcels)
        return message

    def send(self, number: int, digests: Collection[str], fail: Callable[[str], None]) -> None:
        """Sends the files that the host lacks for a request, and the request again.

        `fail` is told, for the person, why that cannot be.
        """
        order = self._orders.get(number)
        if order is None:
            return
        if order.times == _TIMES:
            fail("The exercise's data do not stay on the machine where it runs. Try again.")
            return

        def sent(sending: asyncio.Task[None]) -> None:
            error = None if sending.cancelled() else sending.exception()
            if isinstance(error, OSError):
                fail(f"The exercise's data cannot be read: {error}. Try again.")

        order.times += 1
        order.sending = asyncio.create_task(self._supply(digests, order))
        order.sending.add_done_callback(sent)

    def end(self, number: int) -> None:
        """The request is done with."""
        order = self._orders.pop(number, None)
        if order is not None and order.sending is not None:
            order.sending.cancel()

    async def _supply(self, digests: Collection[str], order: _Order) -> None:
        asked = time.monotonic()
        async with self._turn:
            # What another request lacked has come meanwhile.
            wanted = {digest for digest in digests if self._sent.get(digest, 0.0) < asked}
            for parcel in order.parcels:
                if parcel.digest in wanted:
                    wanted.discard(parcel.digest)
                    for message, piece in parcel.pieces():
                        await self._send(message, piece)
                    self._sent[parcel.digest] = time.monotonic()
        await self._send(order.message, b"")
