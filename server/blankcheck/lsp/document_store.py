"""The documents that the client has open, in step with its edits and looked at after each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from blankcheck.course.text import Lines
from blankcheck.courses import Target
from blankcheck.lsp import protocol
from blankcheck.lsp.background import Background
from blankcheck.lsp.convert import changed, to_path
from blankcheck.lsp.diagnostics import diagnostics
from blankcheck.lsp.documents import (
    ChapterView,
    Document,
    LostView,
    SubmissionView,
    look_at,
    look_further,
)
from blankcheck.lsp.params import DocumentParams

log = logging.getLogger(__name__)
_FURTHER_SECONDS = 0.05
"""Before the rest of a large chapter is looked at: what is typed next, or what an editor asks when
it has opened a file, comes first."""


class DocumentStore:
    """The open documents, by their URI. `send` notifies the client."""

    def __init__(self, send: Callable[[str, Any], None], background: Background) -> None:
        self.folders: Callable[[], Sequence[Path]] = lambda: ()
        """Those of the workspace."""
        self.on_read: Callable[[Document], None] = lambda document: None
        """Called when a document was opened, or something around it has changed."""
        self.on_view: Callable[[Document], None] = lambda document: None
        """Called when a document was looked at."""
        self._send = send
        self._background = background
        self._documents: dict[str, Document] = {}

    def get(self, uri: str) -> Document | None:
        """The open document with this URI; null if there is none."""
        return self._documents.get(uri)

    def holds(self, document: Document) -> bool:
        """Whether a document is still open, and not opened anew since."""
        return self._documents.get(document.uri) is document

    def open(self, item: types.TextDocumentItem) -> None:
        """A document was opened (or sent anew)."""
        before = self._documents.get(item.uri)
        if before is not None:
            _drop(before)
        document = Document(
            item.uri, item.language_id, item.version, Lines(item.text), to_path(item.uri)
        )
        self._documents[item.uri] = document
        self._refresh(document)
        self.on_read(document)

    def change(
        self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]
    ) -> None:
        """A document was edited. An edit out of order cannot be applied; a whole text can."""
        document = self._documents.get(uri)
        if document is None:
            log.warning("An edit of a document that is not open was ignored: %s", uri)
            return
        whole = any(
            isinstance(change, types.TextDocumentContentChangeWholeDocument) for change in changes
        )
        if version <= document.version or (document.stale and not whole):
            document.stale = True
            return
        document.stale = False
        document.set_text(changed(document.lines, changes), version)
        self._refresh(document)

    def close(self, uri: str) -> None:
        """A document was closed: what was said of it is taken back."""
        document = self._documents.pop(uri, None)
        if document is not None:
            _drop(document)
            self._send(
                types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, types.PublishDiagnosticsParams(uri, [])
            )

    def refresh_all(self) -> None:
        """Looks at every document anew, since something around them has changed."""
        for document in self._documents.values():
            self._refresh(document)
            self.on_read(document)

    def end(self) -> None:
        """Ends what is under way for any document."""
        for document in self._documents.values():
            _drop(document)
        self._documents.clear()

    def requested(self, params: DocumentParams) -> Document:
        """The open document that a request is about, at the version that it is about."""
        document = self._documents.get(params.uri)
        if document is None:
            raise JsonRpcException("This file is not open.", protocol.NOT_AN_EXERCISE)
        if document.stale:
            raise JsonRpcException(
                "The editor and the server differ about this file's text. Close it and open it "
                "again.",
                protocol.CONTENT_MODIFIED,
            )
        if params.version is not None and params.version != document.version:
            raise JsonRpcException(
                "The text has changed meanwhile. Try it again.", protocol.CONTENT_MODIFIED
            )
        return document

    async def viewed(self, uri: str) -> Document | None:
        """The open document with this URI, once what is known of it is of its present text."""
        document = self._documents.get(uri)
        if document is not None:
            await self.view(document)
        return document

    async def view(self, document: Document) -> None:
        """Waits until what is known of a document is of its present text."""
        while document.viewed != document.version and document.refresh is not None:
            task = document.refresh
            await asyncio.wait([task], return_when=asyncio.FIRST_COMPLETED)
            if document.refresh is task:
                return

    async def target(self, document: Document) -> Target:
        """The exercise that a document is for; raises a JSON-RPC error if there is none."""
        await self.view(document)
        if not self.holds(document):
            raise JsonRpcException("The file was closed meanwhile.", protocol.CONTENT_MODIFIED)
        if isinstance(document.view, SubmissionView):
            return document.view.target
        message = (
            document.view.message
            if isinstance(document.view, LostView)
            else "This file is not an exercise. Open one that was begun with Start Exercise."
        )
        raise JsonRpcException(message, protocol.NOT_AN_EXERCISE)

    def publish(self, document: Document) -> None:
        """Sends a document's diagnostics, of the version that they are of."""
        self._send(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PublishDiagnosticsParams(document.uri, diagnostics(document), document.version),
        )

    def _refresh(self, document: Document) -> None:
        """Has a document looked at anew. One look at a time: a faster writer waits for none."""
        document.asked += 1
        document.viewed = None
        if document.refresh is None or document.refresh.done():
            document.refresh = self._background.spawn(self._look(document))

    async def _look(self, document: Document) -> None:
        while document.viewed != document.version:
            version, asked = document.version, document.asked
            view = await self._background.aside(look_at, document, self.folders())
            if document.asked == asked:
                had, document.view, document.viewed = document.view, view, version
                if view is not None or had is not None:
                    self.publish(document)
                if isinstance(view, ChapterView) and not view.complete:
                    self._background.spawn(self._look_further(document, view, asked))
                self.on_view(document)

    async def _look_further(self, document: Document, view: ChapterView, asked: int) -> None:
        """Adds what the rules find in a large chapter, unless it is edited meanwhile."""

        def outdated() -> bool:
            return document.asked != asked or not self.holds(document)

        await asyncio.sleep(_FURTHER_SECONDS)
        view = await self._background.aside(look_further, view, outdated)
        if not outdated():
            document.view = view
            self.publish(document)


def _drop(document: Document) -> None:
    for task in (document.refresh, document.work, document.trying):
        if task is not None:
            task.cancel()
