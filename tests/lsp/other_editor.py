"""An editor that knows LSP and nothing of Blankcheck: it talks over TCP, and shows what it is told.

Everything that a person would see is kept: messages, progress, diagnostics and the text itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {"versionSupport": True, "codeDescriptionSupport": True},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "codeLens": {"refreshSupport": True},
    },
}


class OtherEditor:
    """One connection. `answers` says which action the person chooses, by its title."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self.answers: set[str] = set()
        self.capabilities: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.diagnostics: dict[str, tuple[int | None, list[dict[str, Any]]]] = {}
        self.messages: list[tuple[int, str]] = []
        self.questions: list[str] = []
        self.log: list[str] = []
        self.progress: list[dict[str, Any]] = []
        self.refreshed = 0
        self.unknown: set[str] = set()
        self.reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while header := await self._reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"Content-Length: (\d+)", header)
                assert length
                message = json.loads(await self._reader.readexactly(int(length[1])))
                async with self._changed:
                    self._take(message)
                    self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._waiting.pop(message["id"]).set_result(message)
        elif "id" in message:
            result = self._requested(message["method"], message.get("params") or {})
            self._send(id=message["id"], result=result)
        else:
            self._notified(message["method"], message.get("params") or {})

    def _requested(self, method: str, params: dict[str, Any]) -> Any:
        if method == "window/showMessageRequest":
            self.questions.append(params["message"])
            chosen = [item for item in params["actions"] if item["title"] in self.answers]
            return chosen[0] if chosen else None
        if method == "workspace/applyEdit":
            for change in params["edit"]["documentChanges"]:
                document = change["textDocument"]
                assert document["version"] == self.versions[document["uri"]]
                (edit,) = change["edits"]
                self.write(document["uri"], edit["newText"])
            return {"applied": True}
        if method == "workspace/codeLens/refresh":
            self.refreshed += 1
        elif method not in ("window/workDoneProgress/create", "client/registerCapability"):
            self.unknown.add(method)
        return None

    def _notified(self, method: str, params: dict[str, Any]) -> None:
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params.get("version"), params["diagnostics"]
        elif method == "window/showMessage":
            self.messages.append((params["type"], params["message"]))
        elif method == "window/logMessage":
            self.log.append(params["message"])
        elif method == "$/progress":
            self.progress.append(params)
        else:
            self.unknown.add(method)

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any) -> None:
        self._send(method=method, params=params)

    def ask(self, method: str, params: Any) -> asyncio.Future[Any]:
        """Sends a request; what is awaited is the whole answer."""
        number = len(self._waiting) + 1 + max(self._waiting, default=0)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        self._send(id=number, method=method, params=params)
        return answer

    async def request(self, method: str, params: Any) -> Any:
        answer = await asyncio.wait_for(self.ask(method, params), 60)
        assert "error" not in answer, answer
        return answer["result"]

    async def until(self, seen: Callable[[], bool]) -> None:
        """Waits until the person sees something."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(seen), 60)

    async def start(self, folder: Path, **options: Any) -> None:
        params = {
            "processId": os.getpid(),
            "rootUri": folder.as_uri(),
            "workspaceFolders": [{"uri": folder.as_uri(), "name": "w"}],
            "capabilities": CAPABILITIES,
            "initializationOptions": options,
        }
        self.capabilities = (await self.request("initialize", params))["capabilities"]
        self.notify("initialized", {})

    def open(self, uri: str, text: str) -> None:
        self.texts[uri], self.versions[uri] = text, 1
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def write(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        changes = [{"text": text}]
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    async def lenses(self, uri: str) -> dict[str, dict[str, Any]]:
        """The commands above the code, by what is read there."""
        found = await self.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
        return {lens["command"]["title"]: lens["command"] for lens in found}

    async def actions(self, uri: str, only: list[str] | None = None) -> dict[str, dict[str, Any]]:
        """The code actions at the first line of code."""
        here = {"line": 1, "character": 0}
        context = {"diagnostics": [], **({} if only is None else {"only": only})}
        params = {
            "textDocument": {"uri": uri},
            "range": {"start": here, "end": here},
            "context": context,
        }
        found = await self.request("textDocument/codeAction", params)
        return {action["title"]: action for action in found}

    async def click(self, command: dict[str, Any], **more: Any) -> Any:
        """Has the server run a command that it said it runs."""
        assert command["command"] in self.capabilities["executeCommandProvider"]["commands"]
        params = {"command": command["command"], "arguments": command["arguments"], **more}
        return await self.request("workspace/executeCommand", params)

    async def close(self) -> None:
        self.reading.cancel()
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def codes(self, uri: str) -> list[str]:
        return [item["code"] for item in self.diagnostics.get(uri, (0, []))[1]]


@asynccontextmanager
async def other_editor(python: str, data: Path) -> AsyncGenerator[OtherEditor]:
    """A server on a port, and the editor on it; both are gone afterwards."""
    environment = {**os.environ, "BLANKCHECK_DATA_DIR": str(data), "BLANKCHECK_PYTHON": python}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blankcheck", "serve", "--tcp", "127.0.0.1:0",
        stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    assert process.stderr
    line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
    said = re.fullmatch(r"Listening on (.*):(\d+)\s*", line)
    assert said, line
    editor = OtherEditor(*await asyncio.open_connection(said[1], int(said[2]), limit=2**26))
    try:
        yield editor
        await editor.request("shutdown", None)
        editor.notify("exit", None)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)
        await editor.close()
