"""A small language client that talks plain JSON to a real server process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.chapters import SUMS

CHAPTER = f"""{SUMS}
---

## A question

```yaml
type: PureMultipleChoiceExercise
key: choice01
xp: 50
```

Which?

`@possible_answers`
- [This one]
- That one
"""


HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"
RIGHT = HEADER + "total = max(2 + 3, 5)\nprint(total)\n"
WRONG = HEADER + "total = max(2 + 4, 5)\nprint(total)\n"


class ServerError(Exception):
    """An error that the server answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.error = error


class Client:
    """One connection. Every message that came is kept, in order."""

    def __init__(self, process: asyncio.subprocess.Process, workspace: Path) -> None:
        self.process = process
        self.workspace = workspace
        self.messages: list[dict[str, Any]] = []
        self.arrived = asyncio.Condition()
        self.ids = 0
        self.versions: dict[str, int] = {}
        self.reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while header := await self.process.stdout.readline():
            if header.lower().startswith(b"content-length"):
                length = int(header.split(b":")[1])
                while (await self.process.stdout.readline()).strip():
                    pass
                message = json.loads(await self.process.stdout.readexactly(length))
                async with self.arrived:
                    self.messages.append(message)
                    self.arrived.notify_all()

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any) -> None:
        self.send(method=method, params=params)

    def ask(self, method: str, params: Any) -> int:
        self.ids += 1
        self.send(id=self.ids, method=method, params=params)
        return self.ids

    async def wait(
        self, wanted: Callable[[dict[str, Any]], bool], since: int = 0
    ) -> dict[str, Any]:
        """The first message, counted from `since`, that is wanted."""
        async with self.arrived:
            await asyncio.wait_for(
                self.arrived.wait_for(lambda: any(wanted(m) for m in self.messages[since:])), 60
            )
        return next(m for m in self.messages[since:] if wanted(m))

    async def answer(self, id: int) -> Any:
        message = await self.wait(lambda m: m.get("id") == id and "method" not in m)
        if "error" in message:
            raise ServerError(message["error"])
        return message["result"]

    async def request(self, method: str, params: Any) -> Any:
        return await self.answer(self.ask(method, params))

    async def refusal(self, method: str, params: Any) -> ServerError:
        """The error that a request is answered with."""
        try:
            result = await self.request(method, params)
        except ServerError as error:
            return error
        raise AssertionError(f"{method} was answered with {result}")

    def uri(self, name: str) -> str:
        return (self.workspace / name).as_uri()

    def open(self, name: str, text: str, language: str = "python", version: int = 1) -> str:
        uri = self.uri(name)
        self.versions[uri] = version
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def edit(self, uri: str, *changes: dict[str, Any]) -> int:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)}
        )
        return self.versions[uri]

    async def diagnostics(self, uri: str, version: int | None) -> list[dict[str, Any]]:
        """The diagnostics that are published for a version of a document."""
        message = await self.wait(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == uri
                and m["params"].get("version") == version
            )
        )
        return message["params"]["diagnostics"]

    async def check(self, uri: str) -> Any:
        return await self.request("blankcheck/check", {"textDocument": {"uri": uri}})

    async def initialize(self, **options: Any) -> Any:
        result = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8", "utf-16"]},
                    "workspace": {
                        "codeLens": {"refreshSupport": True},
                        "inlayHint": {"refreshSupport": True},
                        "didChangeWatchedFiles": {"dynamicRegistration": True},
                    },
                },
                "workspaceFolders": [{"uri": self.workspace.as_uri(), "name": "w"}],
                "rootUri": None,
                "initializationOptions": {"trusted": True, **options},
            },
        )
        self.notify("initialized", {})
        return result

    async def stop(self) -> int:
        await self.request("shutdown", None)
        self.notify("exit", None)
        return await asyncio.wait_for(self.process.wait(), 20)


def bare_python() -> str:
    """An interpreter that need not have torch, so that its host starts at once."""
    return str(getattr(sys, "_base_executable", sys.executable))


@asynccontextmanager
async def connection(workspace: Path, python: str | None = None) -> AsyncGenerator[Client]:
    """A server process with a client; both are gone afterwards."""
    environment = {
        **os.environ,
        "BLANKCHECK_DATA_DIR": str(workspace / "data"),
        "BLANKCHECK_PYTHON": python or bare_python(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blankcheck", "serve", "--stdio",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment,
        limit=2**26,
    )  # fmt: skip
    client = Client(process, workspace)
    try:
        yield client
    finally:
        if process.returncode is None:
            assert process.stdin
            process.stdin.close()
            await asyncio.wait_for(process.wait(), 20)
        await client.reader


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with a small course."""
    course = tmp_path / "course"
    course.mkdir()
    (course / "sums.md").write_text(CHAPTER, "utf-8")
    return tmp_path


@pytest.fixture
def connect() -> Callable[..., AbstractAsyncContextManager[Client]]:
    """Makes further connections."""
    return connection


@pytest.fixture
async def raw(workspace: Path) -> AsyncGenerator[Client]:
    """A client that has said nothing yet."""
    async with connection(workspace) as client:
        yield client


@pytest.fixture
async def editor(raw: Client) -> Client:
    """A client whose workspace is not trusted, so that nothing is run."""
    await raw.initialize(trusted=False)
    return raw


@pytest.fixture
async def client(raw: Client) -> Client:
    """A client of a trusted workspace."""
    await raw.initialize()
    return raw
