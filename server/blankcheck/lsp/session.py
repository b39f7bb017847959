"""What one client and one server share, put together: documents, settings, the runner, progress.

Everything here runs on the event loop; what reads the disk or takes long goes through a thread, and
what runs code through the runner.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from lsprotocol import types

from blankcheck.lsp.background import Background
from blankcheck.lsp.document_store import DocumentStore
from blankcheck.lsp.execution import Execution
from blankcheck.lsp.prefetch import Prefetch
from blankcheck.lsp.runner_provider import RunnerProvider
from blankcheck.lsp.settings import Settings
from blankcheck.lsp.standings import Standings

log = logging.getLogger(__name__)


class Session:
    """The state of a server. `send` notifies the client."""

    def __init__(
        self,
        send: Callable[[str, Any], None],
        python: str | None = None,
    ) -> None:
        self._send = send
        self.background = Background()
        settings = Settings(interpreter=python)
        self.runners = RunnerProvider(settings, self.background, self._warn)
        self.standings = Standings(send, self._warn)
        self.documents = DocumentStore(send, self.background)
        self.prefetch = Prefetch(self.documents, self.runners, self.background)
        self.execution = Execution(
            send, self.documents, self.runners, self.standings, self.background
        )
        self.documents.on_read = self.prefetch.for_chapter
        self.documents.on_view = self.prefetch.for_submission

    @property
    def settings(self) -> Settings:
        """What the client has set."""
        return self.runners.settings

    def configure(self, settings: Settings) -> None:
        """Takes over settings."""
        if settings != self.settings:
            self.runners.configure(settings)
            self.prefetch.begin_anew()

    def _warn(self, text: str) -> None:
        """Tells the person something that cannot wait for an answer."""
        log.warning(text)
        self._send(
            types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(types.MessageType.Warning, text)
        )

    async def end(self) -> None:
        """Ends what is under way, and every process. The session cannot be used after it."""
        self.documents.end()
        self.prefetch.end()
        await self.runners.end()
        await self.background.end()
        self.standings.end()
