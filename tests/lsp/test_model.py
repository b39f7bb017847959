"""Whatever a client does in whatever order, and whatever dies below: the server against a model.

The model says of each check which answers it may get, and of each document what must be shown for
it at last. `npm run fuzz` runs the long form; `BLANKCHECK_MODEL` says how many courses of events.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]
)
from tests.lsp.conftest import ServerError
from tests.lsp.watching import Watched

from blankcheck_runner.processes import children, descendants

if TYPE_CHECKING:
    from conftest import Client

COUNT = int(os.environ.get("BLANKCHECK_MODEL", "10"))
HEADER = "# blankcheck: course/sums.md#add01\n"
CANCELLED, MODIFIED, NOT_OPEN, UNAVAILABLE = -32800, -32801, -32011, -32010


@dataclass(frozen=True)
class Kind:
    """A text, with what is said of it as it stands, what a check says, and what is then shown."""

    text: str
    live: frozenset[str]
    verdict: str | None
    checked: frozenset[str]


def kind(text: str, live: str = "", verdict: str | None = None, checked: str = "") -> Kind:
    return Kind(
        HEADER + text, frozenset(live.split()), verdict, frozenset((live + " " + checked).split())
    )


KINDS = {
    "right": kind("total = max(2 + 3, 5)\nprint(total)\n", verdict="passed"),
    "wrong": kind("total = 6\nprint(total)\n", verdict="failed", checked="sct/value"),
    "blank": kind("total = ___\n", "blank/unfilled", "incomplete"),
    "syntax": kind("total = (5\n", "syntax/bracket", "error"),
    "raises": kind("total = 1 / 0\n", verdict="error", checked="run/value"),
    "endless": kind("total = 5\nwhile True:\n    pass\n"),
}
DOCUMENTS = st.sampled_from(["a.py", "b.py"])
TEXTS = st.sampled_from(sorted(KINDS))


@dataclass
class Shown:
    """A document that is open."""

    uri: str
    kind: Kind
    version: int
    stale: bool = False
    checked: bool = False
    """Whether a check of this version has given a verdict."""


@dataclass
class Asked:
    """A check that was asked for."""

    id: int
    document: Shown | None
    version: int
    verdict: str | None
    errors: set[int] = field(default_factory=set[int])
    """What it may be answered with instead of its verdict."""
    kills: int = 0
    """How many kills its run may have met with; it gets over one."""
    given_up: bool = False
    """Whether it was cancelled, or its document closed."""
    replaced: bool = False
    """Whether a later check of its document has taken over."""
    done: bool = False

    @property
    def ends(self) -> bool:
        """Whether an answer has to come."""
        return self.verdict is not None or self.document is None or self.given_up or self.replaced


class Model(RuleBasedStateMachine):
    """One course of events, on documents of its own."""

    def __init__(
        self, client: Client, run: Callable[[Coroutine[Any, Any, Any]], Any], number: int
    ) -> None:
        super().__init__()
        self.client = client
        self.run = run
        self.number = number
        self.kills = False
        self.killed = 0
        """How many kills below it the server may not know of yet."""
        self.documents: dict[str, Shown] = {}
        self.closed: set[str] = set()
        self.versions: dict[str, int] = {}
        self.asked: list[Asked] = []

    @initialize(kills=st.sampled_from([False, False, True]))
    def begin(self, kills: bool) -> None:
        """Decides whether anything is killed in it, which takes time."""
        self.kills = kills

    def pending(self, document: Shown) -> list[Asked]:
        return [asked for asked in self.asked if asked.document is document and not asked.done]

    def version(self, name: str, by: int) -> int:
        self.versions[name] = self.versions.get(name, 0) + by
        return self.versions[name]

    @rule(name=DOCUMENTS, text=TEXTS)
    def open(self, name: str, text: str) -> None:
        """Opens a document, or sends one anew that is open."""
        if name in self.documents:
            self._give_up(self.documents[name])
        version = self.version(name, 1)
        uri = self.client.open(f"m{self.number}{name}", KINDS[text].text, version=version)
        self.documents[name] = Shown(uri, KINDS[text], version)

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), text=TEXTS, by=st.integers(1, 3), whole=st.booleans())
    def change(self, data: st.DataObject, text: str, by: int, whole: bool) -> None:
        """Edits a document: all of it, or what follows its first line."""
        name = data.draw(st.sampled_from(sorted(self.documents)))
        document = self.documents[name]
        self._edit(document, self.version(name, by), text, whole)
        if document.stale and not whole:
            return
        for asked in self.pending(document):
            asked.errors.add(MODIFIED)
        document.kind, document.version = KINDS[text], self.versions[name]
        document.stale = document.checked = False

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), text=TEXTS)
    def change_too_late(self, data: st.DataObject, text: str) -> None:
        """Sends an edit of a version that was before."""
        document = self.documents[data.draw(st.sampled_from(sorted(self.documents)))]
        self._edit(document, document.version, text, False)
        document.stale = True

    def _edit(self, document: Shown, version: int, text: str, whole: bool) -> None:
        new = KINDS[text].text
        change: dict[str, Any] = {"text": new if whole else new.removeprefix(HEADER)}
        if not whole:
            end = {"line": 10_000, "character": 0}
            change["range"] = {"start": {"line": 1, "character": 0}, "end": end}
        params = {"uri": document.uri, "version": version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": params, "contentChanges": [change]}
        )

    @rule(name=DOCUMENTS)
    def close(self, name: str) -> None:
        """Closes a document."""
        document = self.documents.pop(name, None)
        if document is not None:
            self._give_up(document)
            self.client.notify("textDocument/didClose", {"textDocument": {"uri": document.uri}})
            self.closed.add(document.uri)

    @rule(name=DOCUMENTS, old=st.sampled_from([None, 0, 0, 1]))
    def check(self, name: str, old: int | None) -> None:
        """Checks a document, of this version or another, or whichever."""
        document = self.documents.get(name)
        uri = document.uri if document else self.client.uri(f"m{self.number}nowhere.py")
        params: dict[str, Any] = {"uri": uri}
        version = document.version if document else 0
        if old is not None:
            params["version"] = version - old
        id = self.client.ask("blankcheck/check", {"textDocument": params})
        if document is None:
            asked = Asked(id, None, 0, None, {NOT_OPEN})
        elif document.stale or old:
            asked = Asked(id, None, version, None, {MODIFIED})
        else:
            for before in self.pending(document):
                before.errors.add(MODIFIED)
                before.replaced = True
            asked = Asked(id, document, version, document.kind.verdict, kills=self.killed)
        self.asked.append(asked)

    @precondition(lambda self: any(not asked.done for asked in self.asked))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancels a check, which may be done already."""
        asked = data.draw(st.sampled_from([asked for asked in self.asked if not asked.done]))
        self.client.notify("$/cancelRequest", {"id": asked.id})
        asked.errors.add(CANCELLED)
        asked.given_up = True

    @rule()
    def settle(self) -> None:
        """Waits for every answer that has to come."""
        for asked in self.asked:
            if not asked.done and asked.ends:
                self._answer(asked)

    @precondition(lambda self: self.kills)
    @rule(host=st.booleans())
    def kill(self, host: bool) -> None:
        """Kills the host, or the guard above it."""
        self.run(self.client.request("blankcheck/info", {}))
        victims = children(self.client.process.pid)
        if host:
            victims = [child for pid in victims for child in children(pid)]
        self.killed += 1
        for asked in self.asked:
            asked.kills += not asked.done
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _give_up(self, document: Shown) -> None:
        for asked in self.pending(document):
            asked.errors.add(MODIFIED)
            asked.given_up = True

    def _answer(self, asked: Asked) -> None:
        message = self.run(
            self.client.wait(lambda m: m.get("id") == asked.id and "method" not in m)
        )
        asked.done = True
        if "error" in message:
            code = message["error"]["code"]
            allowed = asked.errors | ({UNAVAILABLE} if asked.kills > 1 else set[int]())
            assert code in allowed, (message["error"], asked)
            return
        result = message["result"]
        said = [item["message"] for item in result["feedback"]]
        assert result["verdict"] == asked.verdict, (result["verdict"], said, asked.id)
        assert result["version"] == asked.version
        document = asked.document
        if document is not None and document.version == asked.version:
            document.checked = True
        if not asked.kills and result["seconds"]:
            self.killed = 0

    def teardown(self) -> None:
        """All is answered once, the last text is the one that is told of, nothing is left."""
        for asked in self.asked:
            if not asked.done and not asked.verdict:
                self.client.notify("$/cancelRequest", {"id": asked.id})
                asked.errors.add(CANCELLED)
                asked.given_up = True
        self.settle()
        for document in self.documents.values():
            params = {"textDocument": {"uri": document.uri}}
            self.run(self.client.request("textDocument/codeLens", params))
            last = self.published(document.uri)
            assert last["version"] == document.version
            expected = document.kind.checked if document.checked else document.kind.live
            assert {item["code"] for item in last["diagnostics"]} == expected, (last, document)
        for name in list(self.documents):
            self.close(name)
        nowhere = {"textDocument": {"uri": self.client.uri("nowhere.py")}}
        self.run(self.client.request("textDocument/codeLens", nowhere))
        for uri in self.closed:
            assert self.published(uri)["diagnostics"] == []
        for asked in self.asked:
            answers = [m for m in self.client.messages if m.get("id") == asked.id]
            assert len([m for m in answers if "method" not in m]) == 1
        if self.killed:
            self._get_over()
        self.client.messages.clear()

    def _get_over(self) -> None:
        """Has the server find out what was killed: the next course is not to meet with it."""
        uri = self.client.open(f"m{self.number}last.py", KINDS["right"].text)
        for _ in range(3):
            with suppress(ServerError):
                self.run(self.client.check(uri))
                break
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def published(self, uri: str) -> dict[str, Any]:
        return [
            message["params"]
            for message in self.client.messages
            if message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == uri
        ][-1]


Connect = Callable[..., AbstractAsyncContextManager["Client"]]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.timeout(3600 if COUNT > 10 else 240)
def test_the_server_does_as_the_model(connect: Connect, workspace: Path) -> None:
    loop = asyncio.new_event_loop()
    numbers = itertools.count()
    connection = connect(workspace)

    async def begin() -> Client:
        client = await connection.__aenter__()
        await client.initialize(timeLimit=120)
        return client

    def made() -> Model:
        return Model(client, loop.run_until_complete, next(numbers))

    client = loop.run_until_complete(begin())
    try:
        run_state_machine_as_test(
            made,  # pyright: ignore[reportArgumentType]
            settings=settings(
                max_examples=COUNT,
                phases=[Phase.generate],
                print_blob=True,
                report_multiple_bugs=False,
                stateful_step_count=25,
                derandomize="BLANKCHECK_MODEL" not in os.environ,
                database=None,
                suppress_health_check=tuple(HealthCheck),  # pyright: ignore[reportArgumentType]
            ),
        )
        left = Watched(descendants(client.process.pid))
        assert loop.run_until_complete(client.stop()) == 0
        loop.run_until_complete(left.gone())
    finally:
        loop.run_until_complete(connection.__aexit__(None, None, None))
        loop.close()
