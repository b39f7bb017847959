"""What happens while a check is under way, or before it has begun: the order of messages counts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.lsp.conftest import RIGHT
from tests.lsp.watching import Watched

from blankcheck_runner.processes import children, descendants

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
ENDLESS = HEADER + "total = 5\nwhile True:\n    pass\n"
CANCELLED, MODIFIED, UNAVAILABLE, UNTRUSTED = -32800, -32801, -32010, -32012


def ask(client: Client, uri: str, token: str | None = None) -> int:
    return client.ask("blankcheck/check", {"textDocument": {"uri": uri}, "workDoneToken": token})


async def begun(client: Client, token: str) -> None:
    """Waits until a check runs, and takes long."""
    await client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["token"] == token)


async def error_of(client: Client, id: int) -> int:
    """The code of the error that a request is answered with."""
    answer = await client.wait(lambda m: m.get("id") == id and "method" not in m)
    assert "error" in answer, answer
    return answer["error"]["code"]


async def endless(client: Client, name: str = "a.py") -> tuple[str, int]:
    """A document, and a check of it that runs and does not end by itself."""
    uri = client.open(name, RIGHT)
    await client.check(uri)  # the runner is up
    client.edit(uri, {"text": ENDLESS})
    id = ask(client, uri, name)
    await begun(client, name)
    return uri, id


async def test_a_check_is_of_the_text_that_was_there_when_it_was_asked_for(client: Client) -> None:
    edited, opened, closed = (client.open(name, RIGHT) for name in ("a.py", "b.py", "c.py"))
    ids = [ask(client, edited)]
    client.edit(edited, {"text": ENDLESS})
    ids.append(ask(client, opened))
    client.open("b.py", ENDLESS)
    ids.append(ask(client, closed))
    client.notify("textDocument/didClose", {"textDocument": {"uri": closed}})
    assert [await error_of(client, id) for id in ids] == [MODIFIED] * 3


async def test_of_checks_that_come_together_the_last_one_wins(client: Client) -> None:
    uri = client.open("a.py", ENDLESS)
    ids = [ask(client, uri) for _ in range(5)]
    last = ask(client, uri, "t")
    for id in ids:
        assert await error_of(client, id) == MODIFIED
    await begun(client, "t")
    client.notify("$/cancelRequest", {"id": last})
    assert await error_of(client, last) == CANCELLED


async def test_a_check_may_be_cancelled_at_once_and_asked_for_again(client: Client) -> None:
    uri = client.open("a.py", ENDLESS)
    ids: list[int] = []
    for _ in range(20):
        ids.append(ask(client, uri))
        client.notify("$/cancelRequest", {"id": ids[-1]})
    for id in ids:
        assert await error_of(client, id) in (CANCELLED, MODIFIED)
    client.edit(uri, {"text": RIGHT})
    assert (await client.check(uri))["verdict"] == "passed"


async def test_a_check_asked_for_while_the_one_before_is_being_cancelled(client: Client) -> None:
    uri, first = await endless(client)
    client.notify("$/cancelRequest", {"id": first})
    client.edit(uri, {"text": RIGHT})
    assert (await client.check(uri))["verdict"] == "passed"
    assert await error_of(client, first) in (CANCELLED, MODIFIED)


async def test_a_document_closed_and_opened_again_in_mid_check(client: Client) -> None:
    uri, id = await endless(client)
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.open("a.py", RIGHT)
    assert (await client.check(uri))["verdict"] == "passed"
    assert await error_of(client, id) == MODIFIED


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_another_interpreter_in_mid_check(client: Client) -> None:
    uri, id = await endless(client)
    before = Watched(descendants(client.process.pid))
    link = client.workspace / "python"
    link.symlink_to(str(getattr(sys, "_base_executable", sys.executable)))
    settings = {"blankcheck": {"interpreter": str(link)}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert await error_of(client, id) == UNAVAILABLE
    client.edit(uri, {"text": RIGHT})
    assert (await client.check(uri))["verdict"] == "passed"
    info = await client.request("blankcheck/info", {})
    assert info["runner"]["executable"] == str(link)
    assert len(before) >= 3
    await before.gone()
    assert len(children(client.process.pid)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_trust_withdrawn_in_mid_check(client: Client) -> None:
    uri, id = await endless(client)
    below = Watched(descendants(client.process.pid))
    client.notify("blankcheck/trust", {"trusted": False})
    assert await error_of(client, id) == UNAVAILABLE
    await below.gone()
    # At most one is left that has ended and is not reaped yet.
    await Watched(descendants(client.process.pid)).gone()
    assert (await client.refusal("blankcheck/check", {"textDocument": {"uri": uri}})).code == (
        UNTRUSTED
    )
