"""Tests that need a graphics card run where there is one; elsewhere it is said that none did."""

from __future__ import annotations

import asyncio
import os

import pytest

from blankcheck_runner import device_probe, devices

_NOT_RUN = pytest.StashKey[tuple[int, str]]()


def _why_not() -> str | None:
    """Why there is no card to test on; null if there is one."""
    found = (
        asyncio.run(device_probe.look())
        if device_probe.worth_asking()
        else devices.Found(device_probe.driver(), devices.Torch("there"))
    )
    if found.torch.gpus:
        return None
    return devices.why_no_cuda(found, os.environ)[0].rstrip(".")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("cuda")]
    reason = _why_not() if needing else None
    if reason is not None:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=f"needs a CUDA device: {reason}"))
        config.stash[_NOT_RUN] = (len(needing), reason)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    count, reason = config.stash.get(_NOT_RUN, (0, ""))
    if count:
        terminalreporter.write_line(
            f"{count} cuda tests not run: {reason}. docs/cuda.md lists what they show.",
            yellow=True,
            bold=True,
        )
