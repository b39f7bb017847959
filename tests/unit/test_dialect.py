"""What pygls does by itself, put right."""

from __future__ import annotations

from lsprotocol import types

from blankcheck.lsp.server import make_server


async def test_what_notifications_came_to_is_forgotten() -> None:
    protocol = make_server(None).protocol
    protocol.initialized = True
    document = types.TextDocumentIdentifier("file:///none.py")
    for _ in range(3):
        notification = types.DidCloseTextDocumentNotification(
            types.DidCloseTextDocumentParams(document)
        )
        protocol.handle_message(notification)
    assert protocol._request_futures == {}  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
