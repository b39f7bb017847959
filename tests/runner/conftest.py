"""One host for each way of starting workers, shared by the tests of a session."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blankcheck.runner.process import HostRunner


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["fork", "spare"])
async def runner(request: pytest.FixtureRequest) -> AsyncIterator[HostRunner]:
    """For tests that leave the host as it was."""
    shared = HostRunner(sys.executable, {"BLANKCHECK_START": request.param})
    assert (await shared.info()).start == request.param
    yield shared
    await shared.close()
