"""One host for each way of starting workers, shared by the tests of a session."""

from __future__ import annotations

import sys
import venv
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blankcheck.runner.process import HostRunner


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter without any package. Spare processes of it are ready at once, while torch
    keeps each of them busy for seconds."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forking() -> AsyncIterator[HostRunner]:
    """Its workers are forked, with torch."""
    async for runner in _started("fork", sys.executable):
        yield runner


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bare_spares(bare_python: str) -> AsyncIterator[HostRunner]:
    """Its workers are spare processes, without torch."""
    async for runner in _started("spare", bare_python):
        yield runner


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def torch_spares() -> AsyncIterator[HostRunner]:
    """Its workers are spare processes, with torch."""
    async for runner in _started("spare", sys.executable):
        yield runner


@pytest.fixture(scope="session", params=["forking", "bare_spares"], ids=["fork", "spare"])
def runner(request: pytest.FixtureRequest) -> HostRunner:
    """For tests that need no torch, and leave the host as it was."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session", params=["forking", "torch_spares"], ids=["fork", "spare"])
def torch_runner(request: pytest.FixtureRequest) -> HostRunner:
    """For tests that need torch, and leave the host as it was."""
    return request.getfixturevalue(request.param)


@pytest_asyncio.fixture(params=["fork", "spare"], loop_scope="session")
async def fresh(request: pytest.FixtureRequest, bare_python: str) -> AsyncIterator[HostRunner]:
    """A runner of the test's own, whose host has not been started."""
    runner = HostRunner(bare_python, {"BLANKCHECK_START": request.param})
    yield runner
    await runner.close()


async def _started(start: str, python: str) -> AsyncIterator[HostRunner]:
    runner = HostRunner(python, {"BLANKCHECK_START": start})
    assert (await runner.info()).start == start
    yield runner
    await runner.close()
