"""What is no ordinary message, and how a server ends."""

from __future__ import annotations

import asyncio
import os
import re
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
ENDLESS = HEADER + "total = 5\nwhile True:\n    pass\n"


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def alive(client: Client) -> bool:
    """Whether the server still answers."""
    tree = await client.request("blankcheck/courses", {})
    return bool(tree["courses"])


async def refused(client: Client, since: int) -> dict[str, Any]:
    """The error that answers what was no request."""
    message = await client.wait(lambda m: "error" in m and m.get("id") is None, since)
    return message["error"]


async def test_an_unknown_method_is_an_error(client: Client) -> None:
    assert (await client.refusal("blankcheck/nothing", {})).code == -32601
    assert await alive(client)


async def test_positions_are_utf16_whatever_the_client_prefers(raw: Client) -> None:
    result = await raw.initialize()
    assert result["capabilities"].get("positionEncoding", "utf-16") == "utf-16"


async def test_a_second_initialize_is_refused_and_loses_nothing(client: Client) -> None:
    uri = client.open("a.py", HEADER + "x = ___\n")
    refusal = await client.refusal("initialize", {"processId": None, "capabilities": {}})
    assert refusal.code == -32600
    assert (await client.check(uri))["verdict"] == "incomplete"


async def test_requests_before_initialize_are_refused(raw: Client) -> None:
    assert (await raw.refusal("blankcheck/courses", {})).code == -32002
    await raw.initialize()
    assert await alive(raw)


async def test_requests_after_shutdown_are_refused(client: Client) -> None:
    await client.request("shutdown", None)
    assert (await client.refusal("blankcheck/courses", {})).code == -32600
    client.notify("exit", None)
    assert await asyncio.wait_for(client.process.wait(), 20) == 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("blankcheck/check", None),
        ("blankcheck/check", {"textDocument": {"uri": 7}}),
        ("blankcheck/check", {"textDocument": {"uri": "file:///a.py", "version": "1"}}),
        ("blankcheck/start", {"chapter": "file:///a.md"}),
        ("textDocument/hover", {"textDocument": 3}),
    ],
)
async def test_wrong_params_are_an_error(client: Client, method: str, params: Any) -> None:
    refusal = await client.refusal(method, params)
    assert refusal.code == -32602
    assert "Traceback" not in str(refusal.error)
    assert await alive(client)


async def test_a_document_that_is_not_open_is_an_error(client: Client) -> None:
    asked = {"textDocument": {"uri": "file:///nowhere.py"}}
    assert (await client.refusal("blankcheck/check", asked)).code == -32011
    hover = {**asked, "position": {"line": 0, "character": 0}}
    assert await client.request("textDocument/hover", hover) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'{"id": 1}', -32600),
    ],
)
async def test_what_is_no_message_is_answered(client: Client, body: bytes, code: int) -> None:
    since = len(client.messages)
    client.write(frame(body))
    assert (await refused(client, since))["code"] == code
    assert await alive(client)


async def test_messages_may_come_in_pieces_and_together(client: Client) -> None:
    body = b'{"jsonrpc": "2.0", "id": 901, "method": "blankcheck/courses", "params": {}}'
    other = body.replace(b"901", b"902")
    data = frame(body) + frame(other)
    for place in range(0, len(data), 7):
        client.write(data[place : place + 7])
        assert client.process.stdin
        await client.process.stdin.drain()
    assert await client.answer(901) == await client.answer(902)


async def test_nothing_pops_up(client: Client) -> None:
    client.write(frame(b"{"))
    await client.refusal("blankcheck/check", None)
    client.notify("textDocument/didChange", {"textDocument": {"uri": "file:///x", "version": 2}})
    await alive(client)
    assert not any(m.get("method") == "window/showMessage" for m in client.messages)


async def test_exit_without_shutdown_is_status_1(client: Client) -> None:
    client.notify("exit", None)
    assert await asyncio.wait_for(client.process.wait(), 20) == 1


async def test_shutdown_and_exit_is_status_0(client: Client) -> None:
    assert await client.stop() == 0


def descendants(pid: int) -> set[int]:
    """The processes below one, as /proc shows them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "status").read_text("utf-8", "replace")
            except OSError:
                continue
            match = re.search(r"^PPid:\s*(\d+)", status, re.MULTILINE)
            if match:
                parents[int(entry.name)] = int(match[1])
    below: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level} - below
        below |= level
    return below


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", ["eof", "exit", "kill"])
async def test_every_process_is_gone_with_the_server(client: Client, end: str) -> None:
    uri = client.open("a.py", ENDLESS)
    client.ask("blankcheck/check", {"textDocument": {"uri": uri}, "workDoneToken": "t"})
    await client.wait(lambda m: m.get("method") == "$/progress")
    await client.request("blankcheck/info", {})  # the runner is up
    children = descendants(client.process.pid)
    assert len(children) >= 2
    watched = {os.pidfd_open(pid): pid for pid in children}
    assert client.process.stdin
    if end == "eof":
        client.process.stdin.close()
    elif end == "exit":
        client.notify("exit", None)
    else:
        client.process.kill()
    await asyncio.wait_for(client.process.wait(), 20)
    poll = select.poll()
    for descriptor in watched:
        poll.register(descriptor, select.POLLIN)
    left = dict(watched)
    while left:
        ended = await asyncio.to_thread(poll.poll, 5000)
        assert ended, f"still alive: {sorted(left.values())}"
        for descriptor, _ in ended:
            poll.unregister(descriptor)
            os.close(descriptor)
            del left[descriptor]


async def test_a_server_on_tcp(workspace: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blankcheck", "serve", "--tcp", "127.0.0.1:0",
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "BLANKCHECK_DATA_DIR": str(workspace / "data")},
    )  # fmt: skip
    assert process.stderr
    said = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(said.rsplit(":", 1)[1]))
    writer.write(
        frame(
            b'{"jsonrpc": "2.0", "id": 1, "method": "initialize",'
            b' "params": {"processId": null, "rootUri": null, "capabilities": {}}}'
        )
    )
    header = await asyncio.wait_for(reader.readline(), 30)
    assert header.startswith(b"Content-Length")
    writer.close()
    await writer.wait_closed()
    assert await asyncio.wait_for(process.wait(), 20) == 0
