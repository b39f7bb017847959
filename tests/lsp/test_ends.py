"""How a server ends: with which status, and with every process below it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.lsp.conftest import RIGHT, bare_python
from tests.lsp.watching import Watched

from blankcheck_runner.processes import children, descendants

if TYPE_CHECKING:
    from conftest import Client

ENDLESS = "# blankcheck: course/sums.md#add01\ntotal = 5\nwhile True:\n    pass\n"
SECONDS = 2.0
"""After the editor's end, within which every process is gone."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def frame(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def status(client: Client) -> int:
    """The exit status, once the server has ended by itself."""
    return await asyncio.wait_for(client.process.wait(), 20)


async def test_shutdown_and_exit_is_status_0(client: Client) -> None:
    assert await client.stop() == 0


async def test_exit_before_anything_else_is_status_1(raw: Client) -> None:
    raw.notify("exit", None)
    assert await status(raw) == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b'Content-Length: 100\r\n\r\n{"jsonrpc"', "ends in the middle"),
        (b"Content-Length: 70000000\r\n\r\n{", "over the limit"),
    ],
    ids=["cut off", "large"],
)
async def test_after_what_cannot_be_read_on_it_ends_with_status_1(sent: bytes, said: str) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blankcheck", "serve", "--stdio", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, log = await asyncio.wait_for(server.communicate(sent), 30)
    assert server.returncode == 1
    assert said in log.decode()
    assert "The server ends." in log.decode()


async def test_a_shutdown_ends_what_is_under_way(client: Client) -> None:
    uri = client.open("a.py", ENDLESS)
    check = client.ask("blankcheck/check", {"textDocument": {"uri": uri}})
    end = client.ask("shutdown", None)
    late = client.ask("blankcheck/courses", {})
    client.notify("textDocument/didOpen", {"textDocument": {"uri": uri}})
    client.notify("exit", None)
    assert await status(client) == 0
    await client.reader
    answers = {m["id"]: m for m in client.messages if "id" in m and "method" not in m}
    assert answers[late]["error"]["code"] == -32600
    assert end in answers or check in answers


@linux
@pytest.mark.alone
@pytest.mark.parametrize(("end", "code"), [("eof", 0), ("exit", 1), ("kill", -9), ("guard", -9)])
async def test_every_process_is_gone_with_the_server(client: Client, end: str, code: int) -> None:
    uri = client.open("a.py", ENDLESS)
    client.ask("blankcheck/check", {"textDocument": {"uri": uri}, "workDoneToken": "t"})
    await client.wait(lambda m: m.get("method") == "$/progress")
    await client.request("blankcheck/info", {})  # the runner is up
    below = Watched(descendants(client.process.pid))
    assert len(below) >= 2
    assert client.process.stdin
    if end == "eof":
        client.process.stdin.close()
    elif end == "exit":
        client.notify("exit", None)
    else:
        if end == "guard":  # is stopped, and has to do with the end all the same
            os.kill(children(client.process.pid)[0], signal.SIGSTOP)
        client.process.kill()
    begun = time.monotonic()
    assert await status(client) == code
    await below.gone(SECONDS - (time.monotonic() - begun))


CLIENT = """\
import json, os, subprocess, sys
workspace, uri, moment, right, endless = sys.argv[1:]
reading, writing = os.pipe()
server = subprocess.Popen(
    [sys.executable, "-m", "blankcheck", "serve", "--stdio"], stdin=reading, stdout=subprocess.PIPE
)
holder = subprocess.Popen(["sleep", "600"], pass_fds=[writing], stdout=subprocess.DEVNULL)
seen = b""
def say(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    os.write(writing, b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
def hear(what):
    global seen
    while what not in seen:
        seen += os.read(server.stdout.fileno(), 2**16)
def check(id, text):
    document = {"uri": uri, "languageId": "python", "version": id, "text": text}
    say(method="textDocument/didOpen", params={"textDocument": document})
    say(id=id, method="blankcheck/check",
        params={"textDocument": {"uri": uri}, "workDoneToken": f"token-{id}"})
say(id=1, method="initialize", params={
    "processId": os.getpid(), "rootUri": None, "capabilities": {},
    "workspaceFolders": [{"uri": workspace, "name": "w"}],
    "initializationOptions": {"trusted": True}})
say(method="initialized", params={})
if moment != "starting":
    check(2, right)
    hear(b"Well added")
check(3, endless)
hear(b"token-3")
print(server.pid, holder.pid, flush=True)
server.stdout.read()
"""


@linux
@pytest.mark.alone
@pytest.mark.parametrize("moment", ["starting", "checking"])
async def test_when_the_client_is_killed_every_process_goes(workspace: Path, moment: str) -> None:
    """Somebody else holds the server's input open, so that no end of it tells of the client's."""
    file = (workspace / "a.py").as_uri()
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, workspace.as_uri(), file, moment, RIGHT, ENDLESS,
        stdout=asyncio.subprocess.PIPE, limit=2**20,
        env={**os.environ, "BLANKCHECK_DATA_DIR": str(workspace / "data"),
             "BLANKCHECK_PYTHON": bare_python()},
    )  # fmt: skip
    assert client.stdout
    said = await asyncio.wait_for(client.stdout.readline(), 60)
    server, holder = map(int, said.split())
    try:
        left = Watched([server, *descendants(server)])
        assert len(left) >= (2 if moment == "starting" else 4)
        client.kill()
        await left.gone(SECONDS)
    finally:
        with suppress(ProcessLookupError):
            client.kill()
        os.kill(holder, signal.SIGKILL)
        await client.stdout.read()


async def test_a_server_on_tcp(workspace: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blankcheck", "serve", "--tcp", "127.0.0.1:0",
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "BLANKCHECK_DATA_DIR": str(workspace / "data")},
    )  # fmt: skip
    assert process.stderr
    said = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(said.rsplit(":", 1)[1]))
    params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    writer.write(frame({"id": 1, "method": "initialize", "params": params}))
    header = await asyncio.wait_for(reader.readline(), 30)
    assert header.startswith(b"Content-Length")
    writer.close()
    await writer.wait_closed()
    assert await asyncio.wait_for(process.wait(), 20) == 0
