"""What is run before anybody asks, where nothing can be run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from tests.lsp.conftest import SAMPLE

from blankcheck.lsp.document_store import DocumentStore
from blankcheck.lsp.session import Session
from blankcheck.lsp.settings import Settings
from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.launch import Launcher


class Unreachable:
    """A runner that cannot be reached, and counts who tries."""

    def __init__(self) -> None:
        self.tried = 0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def fail(*args: Any) -> Any:
            self.tried += 1
            raise RunnerUnavailable("gpu-box does not answer.")

        return fail

    async def close(self) -> None:
        """Nothing is there to be ended."""


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Unreachable:
    runner = Unreachable()

    def made(launcher: Launcher) -> Unreachable:
        return runner

    monkeypatch.setattr("blankcheck.runner.process.HostRunner", made)
    return runner


async def type_on(session: Session, uri: str, versions: range) -> None:
    """Types, and waits each time until all that follows from it is done."""
    documents: DocumentStore = session.documents
    for version in versions:
        text = SAMPLE + f"# {version}\n"
        documents.change(uri, version, [types.TextDocumentContentChangeWholeDocument(text)])
        while left := session.background._tasks:  # pyright: ignore[reportPrivateUsage]
            await asyncio.wait(left)


async def test_who_types_does_not_try_an_unreachable_runner_with_each_key_press(
    runner: Unreachable, workspace: Path
) -> None:
    session = Session(lambda method, params: None)
    session.configure(Settings(trusted=True))
    uri = (workspace / "a.py").as_uri()
    session.documents.open(types.TextDocumentItem(uri, "python", 1, SAMPLE))
    await type_on(session, uri, range(2, 4))
    tried = runner.tried
    assert tried
    await type_on(session, uri, range(4, 7))
    assert runner.tried == tried
    # With other settings it may be another one.
    session.configure(Settings(trusted=True, runner_command="ssh other-box"))
    await type_on(session, uri, range(7, 8))
    assert runner.tried > tried
    await session.end()
