"""The language server: its table of messages, and its life from the first byte to the last."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.io_ import StdoutWriter

from blankcheck.lsp import commands, handlers, protocol
from blankcheck.lsp.background import THREADS
from blankcheck.lsp.dialect import INTERNAL_ERROR, PARSE_ERROR, Server
from blankcheck.lsp.transport import BrokenStream, NoLength, read_in_background, read_message, watch

log = logging.getLogger(__name__)

_TABLE: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: handlers.initialize,
    types.INITIALIZED: handlers.initialized,
    types.SHUTDOWN: handlers.shutdown,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: handlers.did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: handlers.did_change_files,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: handlers.did_change_folders,
    types.TEXT_DOCUMENT_DID_OPEN: handlers.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: handlers.did_change,
    types.TEXT_DOCUMENT_DID_SAVE: handlers.did_save,
    types.TEXT_DOCUMENT_DID_CLOSE: handlers.did_close,
    types.TEXT_DOCUMENT_HOVER: handlers.show_hover,
    types.TEXT_DOCUMENT_INLAY_HINT: handlers.inlay_hints,
    types.TEXT_DOCUMENT_CODE_ACTION: handlers.code_actions,
    types.TEXT_DOCUMENT_CODE_LENS: handlers.code_lens,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: handlers.symbols,
    types.TEXT_DOCUMENT_FOLDING_RANGE: handlers.folds,
    types.WORKSPACE_EXECUTE_COMMAND: commands.execute,
    protocol.CHECK: handlers.check,
    protocol.RUN: handlers.run,
    protocol.COURSES: handlers.courses,
    protocol.START: handlers.start_exercise,
    protocol.HINT: handlers.take_hint,
    protocol.INSTRUCTIONS: handlers.instructions,
    protocol.SOLUTION: handlers.take_solution,
    protocol.RESET: handlers.reset,
    protocol.BLANKS: handlers.blanks,
    protocol.INFO: handlers.info,
    protocol.DEVICES: handlers.devices,
    protocol.DEBUG: handlers.debug,
    protocol.TRUST: handlers.trust,
}


def make_server(python: str | None = None) -> Server:
    """A server with every feature."""
    server = Server(python)
    for method, handler in _TABLE.items():
        server.feature(method)(handler)
    return server


def serve(address: tuple[str, int] | None = None, python: str | None = None) -> int:
    """Serves one client, over stdio or at an address, until it goes: the exit status.

    Nobody waits for a thread that still looks at a huge document, or for a store that is locked.
    """
    # A chapter is many small values without a cycle. Looking for cycles among them as often as
    # Python does by itself takes about as long as reading it.
    gc.set_threshold(50_000)
    # What is typed waits for a thread that looks at a huge chapter no longer than this, each time.
    sys.setswitchinterval(0.001)
    status = _serve(address, python)
    if any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        logging.shutdown()
        sys.stderr.flush()
        os._exit(status)
    return status


def _serve(address: tuple[str, int] | None, python: str | None) -> int:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs learners' code
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        if address is not None:
            asyncio.run(_serve_tcp(make_server(python), *address))
        else:
            asyncio.run(_serve_stdio(make_server(python), sys.stdin.buffer, _own_stdout()))
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else 0
    except OSError as error:
        print(f"blankcheck: cannot serve: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _own_stdout() -> BinaryIO:
    """Stdout for the protocol alone: whatever else is printed goes to stderr from now on."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return own


async def _serve_stdio(server: Server, source: BinaryIO, sink: BinaryIO) -> None:
    await _talk(server, read_in_background(source), StdoutWriter(sink))


async def _serve_tcp(server: Server, host: str, port: int) -> None:
    """Waits for one client; another one finds nobody."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    arrived = loop.create_future()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if arrived.done():
            writer.close()
        else:
            arrived.set_result((reader, writer))

    listener = await asyncio.start_server(connected, host, port)
    where = listener.sockets[0].getsockname()
    print(f"Listening on {where[0]}:{where[1]}", file=sys.stderr, flush=True)
    reader, writer = await arrived
    listener.close()
    try:
        await _talk(server, reader, writer)
    finally:
        writer.close()


async def _talk(server: Server, reader: asyncio.StreamReader, writer: Any) -> None:
    """Handles messages until the client is gone or says exit; then ends every process.

    Raises SystemExit with the status, except where the client is simply gone.
    """
    _end_on_signals()
    _end_with_client(server)
    server.protocol.set_writer(writer)
    try:
        while True:
            try:
                if (body := await read_message(reader)) is None:
                    break
                text = body.decode()
                message = json.loads(text, object_hook=server.protocol.structure_message)
            except NoLength:
                log.error("What the client sent has no Content-Length")
                server.protocol.refuse(None, PARSE_ERROR, "A message has no Content-Length.")
            except (ValueError, RecursionError) as error:
                log.error("What the client sent is not JSON: %s", error)
                server.protocol.refuse(None, PARSE_ERROR, "This is no JSON in UTF-8.")
            except (BrokenStream, ConnectionError):
                raise
            except Exception as error:
                log.error("What the client sent cannot be read: %s", error)
            else:
                _handle(server, message)
                # What was asked for begins before the next message is read: so it is of the text
                # that the client had when it asked.
                await asyncio.sleep(0)
    except BrokenStream as error:
        log.error("What the client sent is not LSP: %s. The server ends.", error)
        sys.exit(1)
    except (BrokenPipeError, ConnectionError, asyncio.CancelledError):
        pass
    finally:
        await server.session.end()


def _handle(server: Server, message: Any) -> None:
    """Handles a message; what nobody has foreseen in it ends neither the talk nor the wait."""
    try:
        server.protocol.handle_message(message)
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception:
        log.exception("A message could not be handled")
        id = getattr(message, "id", None)
        if hasattr(message, "method") and isinstance(id, (int, str)):
            server.protocol.refuse(id, INTERNAL_ERROR, "This message could not be handled.")


def _end_on_signals() -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            with suppress(NotImplementedError, AttributeError, ValueError, RuntimeError):
                loop.add_signal_handler(getattr(signal, name), task.cancel)


def _end_with_client(server: Server) -> None:
    """Ends when the client's process does, though somebody else holds our input open."""
    task = asyncio.current_task()

    def gone() -> None:
        if task is not None:
            task.cancel()

    def initialized(process: int | None) -> None:
        if process is not None:
            watch(process, gone)

    server.on_client = initialized
