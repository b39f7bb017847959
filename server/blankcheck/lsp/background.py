"""What goes on beside the messages: tasks that nobody waits for, threads for what takes long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

THREADS = "blankcheck"
"""What the names of the server's threads begin with."""
END_SECONDS = 1.5
"""How long what is left to do is waited for at the end."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class Background:
    """The tasks and threads of one session."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lookers = ThreadPoolExecutor(2, f"{THREADS}-look")

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Does some work in the background; a failure is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something failed in the background", exc_info=error)

    async def aside(self, work: Callable[..., T], *args: Any) -> T:
        """Does what may take long in a thread, of which there are few: what is typed into a huge
        document keeps neither the loop nor the progress waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._lookers, work, *args)

    async def end(self) -> None:
        """Waits a while for what is left to do. No thread is begun after it."""
        self._lookers.shutdown(wait=False, cancel_futures=True)
        left = self._tasks - {asyncio.current_task()}
        if left:
            await asyncio.wait(left, timeout=END_SECONDS)
