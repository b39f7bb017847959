"""A client that only writes, waits and takes the time, so that it adds next to nothing itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

Message = dict[str, Any]


class Client:
    """One server process, spoken to over stdio."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        log: IO[bytes] | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if log is None else log,
            env={**os.environ, **(environment or {})},
        )
        self._ids = 0
        self._versions: dict[str, int] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def read(self) -> Message:
        stdout = self._process.stdout
        assert stdout
        length = 0
        while line := stdout.readline().strip():
            if line.lower().startswith(b"content-length"):
                length = int(line.split(b":")[1])
        if not length:
            raise EOFError("the server has ended")
        return json.loads(stdout.read(length))

    def until(self, wanted: Callable[[Message], bool]) -> Message:
        while not wanted(message := self.read()):
            if "id" in message and "method" in message:
                self.send(id=message["id"], result=None)
        return message

    def ask(self, method: str, params: Any) -> int:
        self._ids += 1
        self.send(id=self._ids, method=method, params=params)
        return self._ids

    def answer(self, id: int) -> Any:
        message = self.until(lambda m: m.get("id") == id and "method" not in m)
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message["result"]

    def request(self, method: str, params: Any) -> Any:
        return self.answer(self.ask(method, params))

    def initialize(self, workspace: Path, trusted: bool) -> None:
        self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None,
                "capabilities": {},
                "workspaceFolders": [{"uri": workspace.as_uri(), "name": "bench"}],
                "initializationOptions": {"trusted": trusted},
            },
        )
        self.send(method="initialized", params={})

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.send(method="textDocument/didOpen", params={"textDocument": document})

    def edit(self, uri: str, change: Message) -> None:
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        params = {"textDocument": document, "contentChanges": [change]}
        self.send(method="textDocument/didChange", params=params)

    def diagnostics(self, uri: str) -> list[Message]:
        """Waits for those of the present version."""
        message = self.until(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == uri
                and m["params"].get("version") == self._versions[uri]
            )
        )
        return message["params"]["diagnostics"]

    def stop(self) -> None:
        self.request("shutdown", None)
        self.send(method="exit")
        self._process.wait(20)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
