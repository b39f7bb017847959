"""The host's hold on a worker whose code writes what it likes into its channel."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
import threading
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blankcheck_runner.channel import Ends
from blankcheck_runner.hold import Hold, WorkerDied
from blankcheck_runner.output import Output

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what is tested is POSIX's")


def frame(body: bytes) -> bytes:
    return struct.pack("!II", len(body), 0) + body


@pytest_asyncio.fixture
async def held() -> AsyncIterator[tuple[Hold, Ends]]:
    ends = Ends()
    hold = Hold(0, ends.host_side, Output(100))
    hold.note_exit(0)  # there is no process to end
    yield hold, ends
    hold.kill()
    ends.close_worker_side()


async def test_a_flood_of_messages_keeps_the_host_from_nothing(held: tuple[Hold, Ends]) -> None:
    _, ends = held
    flood = frame(b'{"op": "exited", "pid": 1, "status": 0}') * 1000
    enough = threading.Event()

    def write() -> None:
        with contextlib.suppress(OSError):
            while not enough.is_set():
                ends.worker_control.sendall(flood)

    writing = threading.Thread(target=write)
    writing.start()
    last = threading.Timer(5, enough.set)  # else nothing would end it
    last.start()
    try:
        for _ in range(100):
            await asyncio.sleep(0)
        assert not enough.is_set()
    finally:
        enough.set()
        last.cancel()
        await asyncio.to_thread(writing.join)


@pytest.mark.parametrize(
    "body",
    [
        b'{"op": "exited", "pid": Infinity, "status": 0}',
        b'{"op": "exited", "pid": null, "status": 0}',
        b'{"id": []}',
        b'{"id": 99}',
        b"[" * 100_000,
    ],
)
async def test_messages_that_make_no_sense_end_the_talk(
    body: bytes, held: tuple[Hold, Ends]
) -> None:
    hold, ends = held
    asking = asyncio.create_task(hold.ask("ready"))
    await asyncio.to_thread(ends.worker_control.sendall, frame(body))
    with pytest.raises(WorkerDied):
        await asyncio.wait_for(asking, 5)
    assert hold.gone


async def test_ends_of_children_that_nobody_knows_are_not_kept_without_end(
    held: tuple[Hold, Ends],
) -> None:
    hold, ends = held
    asking = asyncio.create_task(hold.ask("ready"))
    told = (b'{"op": "exited", "pid": %d, "status": 0}' % number for number in range(5000))
    with contextlib.suppress(OSError):  # the host has closed it by then
        await asyncio.to_thread(ends.worker_control.sendall, b"".join(map(frame, told)))
    with pytest.raises(WorkerDied):
        await asyncio.wait_for(asking, 5)
