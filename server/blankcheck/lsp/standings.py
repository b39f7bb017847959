"""How far the learner is, as the editor shows it: kept on disk, and told when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from blankcheck import learning
from blankcheck.courses import Target
from blankcheck.lsp import protocol
from blankcheck.lsp.background import THREADS
from blankcheck.progress import Kind, Progress, Standing, Unit

T = TypeVar("T")


class Standings:
    """The learner's standing with each exercise. `send` notifies the client, `warn` the person."""

    def __init__(self, send: Callable[[str, Any], None], warn: Callable[[str], None]) -> None:
        self.progress = Progress()
        """Where they are kept."""
        self.known: Mapping[Unit, Standing] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called when they have changed, so that what shows them is asked for again."""
        self._send = send
        self._warn = warn
        self._said: str | None = None
        """What was last told of progress that cannot be kept."""
        self._keeper = ThreadPoolExecutor(1, f"{THREADS}-progress")

    def of(self, target: Target) -> Standing:
        """The learner's standing with an exercise."""
        return self.known.get(learning.unit_of(target), Standing())

    async def record(
        self, target: Target, kind: Kind, verdict: str | None = None, text: str | None = None
    ) -> None:
        """Records what the learner did, and tells the client."""
        attempt = learning.attempt(target, kind, verdict, text)
        await self._kept(self.progress.add, attempt)
        await self.load()
        self._send(
            protocol.PROGRESS_CHANGED,
            {
                "chapter": target.file.resolve().as_uri(),
                "key": target.key,
                "step": target.step,
                "state": learning.exercise_state(target, self.known),
            },
        )

    async def load(self) -> None:
        """Reads how far the learner is."""
        before = self.known
        self.known = await self._kept(self.progress.standings)
        said, self._said = self._said, self.progress.message
        if self._said is not None and self._said != said:
            self._warn(self._said)
        if self.known != before:
            self.on_change()

    async def _kept(self, work: Callable[..., T], *args: Any) -> T:
        """Does what the store may keep waiting for, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._keeper, work, *args)

    def end(self) -> None:
        """Nothing is read or recorded after it."""
        self._keeper.shutdown(wait=False, cancel_futures=True)
