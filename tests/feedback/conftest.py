"""One host for the whole ring."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from blankcheck.runner.process import HostRunner


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[HostRunner]:
    """For checks that leave the host as it was."""
    shared = HostRunner()
    yield shared
    await shared.close()
