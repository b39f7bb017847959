"""Processes whose end is waited for."""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Iterable
from contextlib import suppress


class Watched:
    """Processes that are there now. Waits for the event of their ends, not for a while."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._left: dict[int, int] = {}
        for pid in pids:
            with suppress(ProcessLookupError):
                self._left[os.pidfd_open(pid)] = pid

    def __len__(self) -> int:
        return len(self._left)

    async def gone(self, seconds: float = 10.0) -> None:
        """Waits until all have ended, for so long at most."""
        deadline = time.monotonic() + seconds
        poll = select.poll()
        for descriptor in self._left:
            poll.register(descriptor, select.POLLIN)
        while self._left:
            left = max(0.0, deadline - time.monotonic())
            ended = await asyncio.to_thread(poll.poll, 1000 * left)
            assert ended, f"still alive: {sorted(self._left.values())}"
            for descriptor, _ in ended:
                poll.unregister(descriptor)
                os.close(descriptor)
                del self._left[descriptor]
