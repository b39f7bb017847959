"""The least that a pygls server can do: it keeps documents, and publishes one diagnostic each."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


def _publish(ls: LanguageServer, uri: str) -> None:
    document = ls.workspace.get_text_document(uri)
    place = types.Range(types.Position(0, 0), types.Position(0, 1))
    found = [types.Diagnostic(place, f"{len(document.source)} characters")]
    ls.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(uri, found, document.version)
    )


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: LanguageServer, params: types.DidOpenTextDocumentParams) -> None:
    """Publishes."""
    _publish(ls, params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: LanguageServer, params: types.DidChangeTextDocumentParams) -> None:
    """Publishes."""
    _publish(ls, params.text_document.uri)


if __name__ == "__main__":
    server.start_io()
