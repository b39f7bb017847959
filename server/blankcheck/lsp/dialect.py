"""pygls as this server needs it: every request gets an answer, and no error becomes a pop-up.

Documents are kept by the session, since pygls counts lines as Python does and takes any version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    LanguageServerProtocol,
    default_converter,
    lsp_method,
)

from blankcheck import __version__
from blankcheck.lsp.convert import to_path
from blankcheck.lsp.harmless import harmless
from blankcheck.lsp.protocol import COMMANDS, INVALID_PARAMS, INVALID_REQUEST
from blankcheck.lsp.session import Session

log = logging.getLogger(__name__)

NOT_INITIALIZED = -32002
PARSE_ERROR = -32700
INTERNAL_ERROR = -32603


def make_converter() -> Any:
    """pygls' converter, except that the params of our own messages stay plain data."""
    converter = default_converter()
    for kind in (JsonRPCRequestMessage, JsonRPCNotification):
        converter.register_structure_hook(kind, _plain)
    return converter


def _plain(data: dict[str, Any], kind: Any) -> Any:
    rest = {} if kind is JsonRPCNotification else {"id": data["id"]}
    return kind(method=data["method"], jsonrpc=data["jsonrpc"], params=data.get("params"), **rest)


class Dialect(LanguageServerProtocol):
    """LSP as this server speaks it."""

    initialized = False
    commands: Sequence[str] = COMMANDS
    """Those that the client leaves to the server."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._asked: set[int | str] = set()
        """The ids of our own requests that the client has not answered."""

    def refuse(self, id: Any, code: int, message: str) -> None:
        """Answers a request (or, with the id null, what should have been one) with an error.

        pygls leaves the null out, without which it is no answer.
        """
        error = {"code": code, "message": message}
        self._send_data(harmless({"jsonrpc": self.VERSION, "id": id, "error": error}))

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Reads a message; one that has not the shape of its method is answered so."""
        if "jsonrpc" not in data:
            return data
        id = data["id"] if _is_id(data.get("id")) else None
        if "id" in data and _only_notifies(data.get("method")):
            # pygls would take it for the notification, and never answer.
            self.refuse(id, INVALID_REQUEST, f"{data['method']} is a notification, without an id.")
            raise JsonRpcException(f"{data['method']} with an id")
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and "id" in data:
                self.refuse(id, INVALID_PARAMS, f"Invalid params of {data['method']}.")
            raise error

    def handle_message(self, message: Any) -> None:
        """Handles a message, or says why not."""
        if not hasattr(message, "jsonrpc"):
            self.refuse(None, INVALID_REQUEST, "This is not a JSON-RPC message.")
        elif not hasattr(message, "method"):
            # An answer, which is never answered: two who did that would never stop.
            if getattr(message, "id", None) in self._asked:
                self._asked.discard(message.id)
                super().handle_message(message)
            else:
                log.warning("The client answered what was not asked")
        elif not _is_id(getattr(message, "id", 0)):
            self.refuse(None, INVALID_REQUEST, "The id of a message is a number or a text.")
        elif not isinstance(message.method, str):
            self.refuse(
                getattr(message, "id", None), INVALID_REQUEST, "The name of a method is a text."
            )
        elif message.jsonrpc != self.VERSION:
            self.refuse(
                getattr(message, "id", None), INVALID_REQUEST, "The version of JSON-RPC is 2.0."
            )
        elif self._shutdown and hasattr(message, "id"):
            self.refuse(message.id, INVALID_REQUEST, "The server is shutting down.")
        else:
            super().handle_message(message)

    def send_request(
        self,
        method: str,
        params: Any = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Sends a request to the client."""
        msg_id = str(uuid4()) if msg_id is None else msg_id
        self._asked.add(msg_id)
        return super().send_request(method, params, callback, msg_id)

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        if msg_id in self._request_futures:
            # The one that has it goes on, and can still be cancelled by it.
            self.refuse(msg_id, INVALID_REQUEST, "A request with this id is under way.")
        elif method_name == types.INITIALIZE and self.initialized:
            self.refuse(msg_id, INVALID_REQUEST, "The server is initialized already.")
        elif method_name != types.INITIALIZE and not self.initialized:
            self.refuse(msg_id, NOT_INITIALIZED, "The server is not initialized yet.")
        else:
            self.initialized = True
            super()._handle_request(msg_id, method_name, params)

    def _handle_notification(self, method_name: str, params: Any) -> None:
        if method_name == types.CANCEL_REQUEST and not _is_id(getattr(params, "id", None)):
            log.error("What is to be cancelled has no id")
        elif self.initialized or method_name == types.EXIT:
            super()._handle_notification(method_name, params)

    def _execute_handler(self, msg_id: Any, *args: Any, **kwargs: Any) -> None:
        """Forgets what notifications came to: pygls would keep it, for each key press."""
        super()._execute_handler(msg_id, *args, **kwargs)
        futures: dict[Any, Any] = self._request_futures
        for known in [id for id, future in futures.items() if future.done()]:
            del futures[known]

    def _send_response(
        self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None
    ) -> None:
        """Sends an answer. What went wrong inside is for the log, not for the client."""
        if error is not None and error.code == INTERNAL_ERROR:
            log.error("%s\n%s", error.message, _traceback(error))
            message = "Something went wrong inside Blankcheck. The output says more."
            error = types.ResponseError(INTERNAL_ERROR, message)
        super()._send_response(msg_id, result, error)

    def _serialize_message(self, data: Any) -> dict[str, Any]:
        """A message as plain data, which does nothing to the editor that shows it."""
        return harmless(super()._serialize_message(data))

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Positions are in UTF-16 units for every client, as every client must know them.

        Commands are announced only to a client that has none of its own: another one could not
        register them any more.
        """
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = [types.PositionEncodingKind.Utf16]
        result = yield from super().lsp_initialize(params)
        result.capabilities.execute_command_provider = (
            types.ExecuteCommandOptions(self.commands, work_done_progress=True)
            if self.commands
            else None
        )
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """Takes no further requests, while what is under way is given up and all else ends."""
        self._shutdown = True
        own = self.msg_id
        yield self._handler(types.SHUTDOWN), args, None
        for id, future in list(self._request_futures.items()):
            if id != own:
                future.cancel()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """Ends the talk. What is still to be answered is, on the way out."""
        yield from ()
        raise SystemExit(0 if self._shutdown else 1)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(
        self, params: types.ExecuteCommandParams
    ) -> Generator[Any, Any, Any]:
        """Hands the request on as it is, with its token for progress."""
        return (yield self._handler(types.WORKSPACE_EXECUTE_COMMAND), (params,), None)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Any:
        """Leaves the document to the session."""
        yield self._handler(types.TEXT_DOCUMENT_DID_OPEN), (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Any:
        """Leaves the document to the session."""
        yield self._handler(types.TEXT_DOCUMENT_DID_CHANGE), (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Any:
        """Leaves the document to the session."""
        yield self._handler(types.TEXT_DOCUMENT_DID_CLOSE), (params,), None

    def _handler(self, method: str) -> Any:
        return self.fm.features[method]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class Server(LanguageServer):
    """pygls' server with a session. What goes wrong is logged, and never pops up."""

    protocol: Dialect  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, python: str | None) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "blankcheck",
            __version__,
            protocol_cls=Dialect,
            converter_factory=make_converter,
        )
        self.session = Session(self.protocol.notify, python)
        self.session.documents.folders = self.folders
        self.on_client: Callable[[int | None], None] = lambda process: None
        """Called with the client's process, once it has said it."""

    def folders(self) -> list[Path]:
        """The workspace's folders on disk."""
        uris = [folder.uri for folder in self.workspace.folders.values()]
        if not uris and self.workspace.root_uri:
            uris = [self.workspace.root_uri]
        return [path for uri in uris if (path := to_path(uri)) is not None]

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Logs what pygls would show to the person."""
        log.error("%s: %s", getattr(source, "__name__", source), error)


def _is_id(id: Any) -> bool:
    return isinstance(id, (int, str)) and not isinstance(id, bool)


def _traceback(error: types.ResponseError) -> str:
    data = error.data
    lines = data.get("traceback", []) if isinstance(data, dict) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return "".join(str(line) for line in lines)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _only_notifies(method: Any) -> bool:
    known = cast("dict[Any, tuple[type | None, ...]]", types.METHOD_TO_TYPES)
    return isinstance(method, str) and method in known and known[method][1] is None
