"""Thousands of messages that no client would send: the server stays alive, and right.

Whatever is a request gets its answer, whatever is wrong with it.

`npm run fuzz` sends 20,000; `BLANKCHECK_MUTATIONS` and `BLANKCHECK_SEED` say how many and which.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from conftest import Client

COUNT = int(os.environ.get("BLANKCHECK_MUTATIONS", "1500"))
SEED = int(os.environ.get("BLANKCHECK_SEED", "1"))
BATCH = 250
HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"


Message = dict[str, Any]

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**53, -(2**63), 1.5, 1e308, "", " ", "\x00", "\ud800", "😀",
    "file:///", "file://host/share/a.py", "untitled:a", "%", "a" * 5_000, [], [None], {}, {"": {}},
    [[[[[]]]]], {"uri": "x"}, "\u2028", "../..", "NaN",
)  # fmt: skip
ODD_METHODS = (
    "", "$/", "$/cancelRequest", "$/setTrace", "$/unknown", "blankcheck/", "blankcheck/check",
    "textDocument/didChange", "textDocument/didOpen", "textDocument/didClose", "initialize",
    "initialized", "workspace/didChangeConfiguration", "window/workDoneProgress/cancel",
    "textDocument/hover", "blankcheck/trust", "workspace/executeCommand", "\x00", "😀",
)  # fmt: skip
ENDINGS = {"shutdown", "exit"}
QUESTIONS = {"workspace/executeCommand"}
"""Those that may wait for the answer of a person."""
PADDING = b"\r\n" * 40
"""What a message with too great a length may take in at the end."""


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def encode(message: Any) -> bytes:
    return frame(json.dumps(message).encode())


def mutated(session: Sequence[Message], rng: random.Random) -> bytes:
    """One mutation of one message of the session; empty for one that could end the server."""
    message = copy.deepcopy(rng.choice(session))
    kind = rng.choice(KINDS)
    return kind(message, rng)


def _value(message: Message, rng: random.Random) -> bytes:
    """Something in it is replaced by something odd, left out, or doubled."""
    places = list(_places(message))
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        holder, key = rng.choice(places)
        what = rng.random()
        try:
            if what < 0.6:
                holder[key] = copy.deepcopy(rng.choice(ODD_VALUES))
            elif what < 0.85:
                del holder[key]
            elif isinstance(holder, list):
                items = cast("list[Any]", holder)
                items.append(copy.deepcopy(items[key]))
            else:
                holder[f"{key}{key}"] = holder[key]
        except (KeyError, IndexError):
            pass
    return _harmless(message)


def _method(message: Message, rng: random.Random) -> bytes:
    """Params of one method go to another."""
    message["method"] = rng.choice(ODD_METHODS)
    return _harmless(message)


def _id(message: Message, rng: random.Random) -> bytes:
    """Ids that are odd or taken; an answer to nothing; a request without params."""
    what = rng.randrange(4)
    if what == 0:
        message["id"] = rng.choice((*ODD_VALUES, 1, 2, 3))
    elif what == 1:
        message.pop("params", None)
    elif what == 2:
        return encode({"jsonrpc": "2.0", "id": rng.choice(ODD_VALUES), "result": None})
    else:
        error = rng.choice(({"code": 1, "message": "m"}, *ODD_VALUES))
        return encode({"jsonrpc": "2.0", "id": rng.choice(ODD_VALUES), "error": error})
    return _harmless(message)


def _body(message: Message, rng: random.Random) -> bytes:
    """The body's bytes are changed, the frame is right."""
    body = bytearray(json.dumps(message).encode())
    for _ in range(rng.choice((1, 1, 3, 20))):
        place = rng.randrange(len(body))
        what = rng.randrange(4)
        if what == 0:
            body[place] = rng.randrange(256)
        elif what == 1:
            del body[place : place + rng.randrange(1, 9)]
        elif what == 2:
            body[place:place] = rng.randbytes(rng.randrange(1, 9))
        else:
            body[place:place] = body[place : place + 40]
        if not body:
            break
    return b"" if _ends(bytes(body)) else frame(bytes(body))


def _shape(message: Message, rng: random.Random) -> bytes:
    """JSON that is no message."""
    shapes: tuple[Any, ...] = (
        [], [message] if message["method"] not in ENDINGS else [], [[]], 1, "text", None,
        {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "method": "x"}, {"id": 1},
        {"jsonrpc": "2.0", "id": 1}, {"jsonrpc": "2.0", "method": 7, "id": 1},
        {"jsonrpc": "2.0", "method": "blankcheck/check", "id": 5, "params": []},
    )  # fmt: skip
    return encode(rng.choice(shapes))


def _deep(message: Message, rng: random.Random) -> bytes:
    """Brackets, many."""
    count = rng.choice((50, 900, 5_000))
    return frame(rng.choice((b"[" * count, b"[" * count + b"]" * count, b'{"a":' * count)))


def _headers(message: Message, rng: random.Random) -> bytes:
    """A frame that is odd, and still can be told from the next."""
    if "id" in message:
        message["id"] = "odd"  # whether it is read depends on the frame
    body = json.dumps(message).encode()
    length = len(body)
    return rng.choice(
        (
            b"content-length: %d\r\n\r\n%s" % (length, body),
            b"Content-Length:%d\n\n%s" % (length, body),
            b"X-Odd: 1\r\nContent-Length: %d\r\nContent-Type: odd\r\n\r\n%s" % (length, body),
            b"Content-Length: 7\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
            b"\r\n\r\n\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
            b"Content-Length: -5\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
            b"garbage without a colon\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
            b"\xff\xfe\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
            b"Content-Length: 0\r\n\r\n",
            b"Content-Length: %d\r\n\r\n%s" % (length // 2, body[: length // 2]),
            b"Content-Length: %d\r\n\r\n%s" % (length // 2, body),
            b"Content-Length: %d\r\n\r\n%s"
            % (length + rng.randrange(1, len(PADDING)), body + PADDING),
            b"Content-Length: %s\r\n\r\n%s" % (rng.choice((b"", b"-1", b"x", b"1.5")), body),
            b"Content-Type: odd\r\n\r\n%s" % body,
            body,
            body + b"\r\n\r\n",
        )
    )


KINDS: tuple[Callable[[Message, random.Random], bytes], ...] = (
    _value, _value, _value, _value, _method, _id, _body, _body, _shape, _deep, _headers,
)  # fmt: skip


def request_in(data: bytes) -> int | str | None:
    """The id of the request that a frame holds, if it is one that is to be answered under it."""
    header, _, body = data.partition(b"\r\n\r\n")
    if header != b"Content-Length: %d" % len(body):
        return None
    try:
        message: Any = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    fields = cast("dict[str, Any]", message)
    id, method = fields.get("id"), fields.get("method")
    if not isinstance(id, (int, str)) or isinstance(id, bool) or id == "odd":
        return None
    asks = fields.get("jsonrpc") == "2.0" and isinstance(method, str) and method not in QUESTIONS
    return id if asks else None


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a message, as what holds it and the key there."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))  # pyright: ignore[reportUnknownArgumentType]
    found: list[tuple[Any, Any]] = [(value, key) for key in keys]
    for key in keys:
        inner = cast("Any", value[key])
        if isinstance(inner, (dict, list)):
            found += _places(inner)
    return found


def _harmless(message: Message) -> bytes:
    body = json.dumps(message).encode()
    return b"" if _ends(body) else frame(body)


def _ends(body: bytes) -> bool:
    """Whether it asks the server to end, as it may."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and str(message.get("method")) in ENDINGS  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]


def recorded(client: Client) -> list[dict[str, Any]]:
    """What an ordinary client says, on a document of its own, without a check that runs."""
    uri = client.uri("fuzzed.py")
    chapter = client.uri("course/sums.md")
    document = {"uri": uri}
    here = {"textDocument": document, "position": {"line": 1, "character": 13}}
    change = {"range": {"start": here["position"], "end": here["position"]}, "text": "x"}
    opened = {"uri": uri, "languageId": "python", "version": 1, "text": SAMPLE}
    markdown = {"uri": chapter, "languageId": "markdown", "version": 1, "text": "## A\n```yaml\n"}
    versioned = {"uri": uri, "version": 2}
    settings = {"settings": {"blankcheck": {"timeLimit": 10, "interpreter": ""}}}
    folders: Any = {"event": {"added": [], "removed": []}}
    said: list[tuple[str, Any, bool]] = [
        ("textDocument/didOpen", {"textDocument": opened}, False),
        ("textDocument/didOpen", {"textDocument": markdown}, False),
        ("textDocument/didChange", {"textDocument": versioned, "contentChanges": [change]}, False),
        ("textDocument/didChange", {"textDocument": versioned, "contentChanges": [opened]}, False),
        ("textDocument/didSave", {"textDocument": document}, False),
        ("textDocument/didClose", {"textDocument": document}, False),
        ("textDocument/hover", here, True),
        ("textDocument/codeLens", {"textDocument": document}, True),
        ("textDocument/documentSymbol", {"textDocument": {"uri": chapter}}, True),
        ("textDocument/foldingRange", {"textDocument": {"uri": chapter}}, True),
        ("blankcheck/check", {"textDocument": document, "workDoneToken": "t"}, True),
        ("blankcheck/run", {"textDocument": versioned}, True),
        ("blankcheck/blanks", {"textDocument": document}, True),
        ("blankcheck/reset", {"textDocument": document}, True),
        ("blankcheck/hint", {"textDocument": document, "take": False}, True),
        ("blankcheck/solution", {"textDocument": document, "take": False}, True),
        ("blankcheck/instructions", {"chapter": chapter, "exercise": "1"}, True),
        ("blankcheck/courses", {}, True),
        ("$/cancelRequest", {"id": 3}, False),
        ("workspace/didChangeConfiguration", settings, False),
        ("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}]}, False),
        ("workspace/didChangeWorkspaceFolders", folders, False),
        ("initialized", {}, False),
    ]
    return [
        {"jsonrpc": "2.0", "method": method, "params": params, **({"id": n} if asked else {})}
        for n, (method, params, asked) in enumerate(said, 1_000_000)
    ]


async def right(client: Client) -> None:
    """Asserts that an ordinary exercise is told as ever."""
    uri = client.uri("own.py")
    client.versions[uri] = client.versions.get(uri, 0) + 1
    version = client.versions[uri]
    document = {"uri": uri, "languageId": "python", "version": version, "text": SAMPLE}
    client.notify("textDocument/didOpen", {"textDocument": document})
    listed = await client.request("blankcheck/blanks", {"textDocument": {"uri": uri}})
    assert [blank["range"]["start"]["line"] for blank in listed["blanks"]] == [1, 2]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def answers(client: Client) -> Counter[int | str]:
    """How often each id was answered, as far as is known."""
    return Counter(m["id"] for m in client.messages if "method" not in m)


@pytest.mark.timeout(3600 if COUNT > 5000 else 240)
async def test_mutated_messages_leave_the_server_alive_and_right(client: Client) -> None:
    session = recorded(client)
    rng = random.Random(SEED)
    client.ids = 5_000_000
    sent = 0
    asked = Counter[int | str]()
    answered = Counter[int | str]()
    while sent < COUNT:
        batch: list[bytes] = []
        while len(batch) < BATCH:
            batch.append(mutated(session, rng) or b"\r\n")
        sent += len(batch)
        asked.update(id for data in batch if (id := request_in(data)) is not None)
        client.write(b"".join(batch))
        assert client.process.stdin
        await asyncio.wait_for(client.process.stdin.drain(), 60)
        try:
            await right(client)
        except Exception:
            Path(client.workspace / "batch").write_bytes(b"".join(batch))
            raise AssertionError(
                f"not right after {sent} mutations of seed {SEED}: {client.workspace / 'batch'}"
            ) from None
        assert not any(m.get("method") == "window/showMessage" for m in client.messages)
        answered += answers(client)
        client.messages.clear()
    print(f"{sent} mutations, {asked.total()} of them requests")
    with suppress(asyncio.TimeoutError):
        async with client.arrived:
            everything = client.arrived.wait_for(lambda: asked <= answered + answers(client))
            await asyncio.wait_for(everything, 60)
    assert not asked - answered - answers(client), f"never answered, of seed {SEED}"
    assert await client.stop() == 0
