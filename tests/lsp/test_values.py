"""What hovers and inlay hints say of variables after a run or check."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.conftest import HEADER, RIGHT, Client

from blankcheck.learning import unit_of
from blankcheck.lsp.documents import SubmissionView
from blankcheck.lsp.handlers import inlay_hints, show_hover
from blankcheck.lsp.server import make_server
from blankcheck.values import Values
from blankcheck_runner.wire import Seen

Connect = Callable[..., AbstractAsyncContextManager[Client]]
TENSORS = HEADER + "rows = grid * 2\ntotal = rows.sum(0)\nprint(total)\n"


async def hover(client: Client, uri: str, line: int, character: int) -> str | None:
    place = {"line": line, "character": character}
    params = {"textDocument": {"uri": uri}, "position": place}
    found = await client.request("textDocument/hover", params)
    return None if found is None else found["contents"]["value"]


async def hints(client: Client, uri: str, first: int = 0, last: int = 99) -> dict[int, str]:
    """The inlay hints, by line."""
    where = {
        "start": {"line": first, "character": 0},
        "end": {"line": last, "character": 0},
    }
    params = {"textDocument": {"uri": uri}, "range": where}
    found: list[dict[str, Any]] = await client.request("textDocument/inlayHint", params)
    return {hint["position"]["line"]: hint["label"] for hint in found}


async def refreshed(client: Client) -> None:
    await client.wait(lambda m: m.get("method") == "workspace/inlayHint/refresh")


async def test_a_plain_value_is_told_after_a_run(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    assert await hover(client, uri, 1, 2) is None
    await client.request("blankcheck/run", {"textDocument": {"uri": uri}})
    await refreshed(client)
    said = await hover(client, uri, 1, 2)
    assert said == "In the last run: `total` was of type `int`\n\n```text\n5\n```"
    assert await hover(client, uri, 2, 8) == said
    assert await hover(client, uri, 1, 9) is None
    assert await hints(client, uri) == {}


async def test_values_follow_their_statement_and_go_with_it(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    await client.check(uri)
    client.edit(uri, {"text": RIGHT.replace("total = ", "# more\ntotal = ")})
    said = await hover(client, uri, 2, 2)
    assert said is not None
    assert said.startswith("In the last run, before your latest edits: `total`")
    client.edit(uri, {"text": RIGHT.replace("2 + 3", "2 + 4")})
    assert await hover(client, uri, 1, 2) is None
    assert await hover(client, uri, 2, 8) is not None


async def test_what_did_not_run_leaves_what_was_seen(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    await client.check(uri)
    client.edit(uri, {"text": RIGHT + "x = ___\n"})
    assert (await client.check(uri))["verdict"] == "incomplete"
    assert await hover(client, uri, 1, 2) is not None


async def test_another_exercise_does_not_show_them(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    await client.check(uri)
    client.edit(uri, {"text": RIGHT.replace("#add01", "#broken01")})
    assert await hover(client, uri, 1, 2) is None
    client.edit(uri, {"text": RIGHT})
    assert await hover(client, uri, 1, 2) is not None


async def test_a_value_cannot_write_markdown_of_its_own(client: Client) -> None:
    text = HEADER + "total = '```\\n[here](http://evil)'\n"
    uri = client.open("a.py", text)
    await client.check(uri)
    said = await hover(client, uri, 1, 2)
    assert said is not None
    assert said.count("```") == 2
    assert said.endswith("\n```")


async def test_a_mistake_is_explained_and_the_value_told(client: Client) -> None:
    uri = client.open("a.py", HEADER + "total = max(2 + 4, 5)\nprint(total)\n")
    (feedback,) = (await client.check(uri))["feedback"]
    place = feedback["range"]["start"]
    said = await hover(client, uri, place["line"], place["character"])
    assert said is not None
    assert "Add 2 and 3" in said


async def test_what_was_edited_while_it_ran_shows_what_still_stands(client: Client) -> None:
    text = HEADER + "import time\ntotal = 5\ntime.sleep(1)\nmore = total\n"
    uri = client.open("a.py", text)
    check = {"textDocument": {"uri": uri}, "workDoneToken": "t"}
    asked = client.ask("blankcheck/check", check)
    await client.wait(lambda m: m.get("method") == "$/progress")
    client.edit(uri, {"text": text.replace("total = 5", "\ntotal = 5").replace("more =", "less =")})
    assert (await client.answer(asked))["version"] == 1
    said = await hover(client, uri, 3, 0)
    assert said is not None
    assert said.startswith("In the last run, before your latest edits: `total`")
    assert await hover(client, uri, 2, 0) is None
    assert await hover(client, uri, 5, 0) is None
    client.edit(uri, {"text": text})
    said = await hover(client, uri, 4, 0)
    assert said is not None
    assert said.startswith("In the last run: `more`")


async def test_what_is_asked_of_a_text_is_answered_of_it_whatever_is_typed_meanwhile(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(None)
    session, uri = server.session, (workspace / "a.py").as_uri()
    session.documents.folders = lambda: ()
    session.documents.open(types.TextDocumentItem(uri, "python", 1, TENSORS))
    document = await session.documents.viewed(uri)
    assert document is not None
    assert isinstance(document.view, SubmissionView)
    seen = (Seen("rows", 0, "Tensor", "", shape=(2, 3), dtype="float32", device="cpu"),)
    document.values = unit_of(document.view.target), Values(TENSORS, seen)

    async def typed_meanwhile(work: Callable[..., Any], *args: Any) -> Any:
        whole = types.TextDocumentContentChangeWholeDocument("x")
        session.documents.change(uri, document.version + 1, [whole])
        return work(*args)

    place, name = types.Position(1, 1), types.TextDocumentIdentifier(uri)
    everything = types.Range(types.Position(0, 0), types.Position(9, 0))
    for ask in (
        lambda: inlay_hints(server, types.InlayHintParams(name, everything)),
        lambda: show_hover(server, types.HoverParams(name, place)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(session.background, "aside", typed_meanwhile)
            answer = await ask()
        assert "(2, 3)" in str(answer)
        whole = types.TextDocumentContentChangeWholeDocument(TENSORS)
        session.documents.change(uri, document.version + 1, [whole])
        await session.documents.view(document)
    await session.end()


@pytest.fixture
async def torch(connect: Connect, workspace: Path) -> AsyncGenerator[Client]:
    """A client whose exercise has tensors, and that shows pictures."""
    chapter = (workspace / "course/sums.md").read_text("utf-8")
    chapter = chapter.replace(
        "start = 2", "import torch\nstart = 2\ngrid = torch.arange(6.).reshape(2, 3)"
    )
    (workspace / "course/sums.md").write_text(chapter, "utf-8")
    async with connect(workspace, sys.executable) as client:
        await client.initialize(pictures=True)
        yield client


async def test_tensors_are_told_drawn_and_their_shapes_hinted(torch: Client) -> None:
    client, uri = torch, torch.open("a.py", TENSORS)
    await client.check(uri)
    said = await hover(client, uri, 1, 0)
    assert said is not None
    told, numbers, drawn = said.split("\n\n")
    assert told == "In the last run: `rows` was a tensor (2, 3), float32, cpu"
    assert numbers == "0 to 10: `0, 2, 4, 6, 8, 10`"
    assert re.fullmatch(
        r"!\[rows: heat map of 2 rows and 3 columns from 0 to 10, brighter is more\]"
        r"\(data:image/png;base64,[\w+/=]+\)",
        drawn,
    )
    assert len(said) < 50_000
    given = await hover(client, uri, 1, 8)
    assert given is not None
    assert "`grid` was a tensor (2, 3)" in given
    assert await hints(client, uri) == {1: ": (2, 3)", 2: ": (3,)"}
    assert await hints(client, uri, 2, 3) == {2: ": (3,)"}
    client.edit(uri, {"text": TENSORS.replace("sum(0)", "sum(1)")})
    assert await hints(client, uri) == {1: ": (2, 3)"}
    client.notify(
        "workspace/didChangeConfiguration", {"settings": {"blankcheck": {"pictures": False}}}
    )
    plain = await hover(client, uri, 1, 0)
    assert plain is not None
    assert "data:" not in plain
