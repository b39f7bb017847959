"""A host at a level, with something around it to steal and spoil."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.adversarial.corpus import HERE, Bench

SECONDS = 4.0
"""The time limit of a run, which some cases use up."""


@contextlib.asynccontextmanager
async def bench(level: str) -> AsyncGenerator[Bench]:
    """A host at a level."""
    with tempfile.TemporaryDirectory() as around:
        made = Bench(HERE / "chapter.md", level, "fork", Path(around), SECONDS)
        try:
            await made.prepare()
            yield made
        finally:
            await made.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def highest() -> AsyncIterator[Bench]:
    """For one file: what another has left warm in the host would count."""
    async with bench("full") as made:
        yield made


@pytest_asyncio.fixture(
    scope="session", loop_scope="session", params=["landlock", "limits", "none"]
)
async def lower(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with bench(request.param) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def unprotected() -> AsyncIterator[Bench]:
    """Where code may do to other processes what it likes."""
    async with bench("limits") as made:
        yield made
