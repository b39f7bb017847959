"""Tests that need a graphics card run where there is one; elsewhere it is said that none did."""

from __future__ import annotations

import asyncio
import os

import pytest

from blankcheck_runner import device_probe, devices

_NEEDS = "needs a CUDA device: "


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("cuda")]
    reason = _why_not() if needing else None
    if reason is not None:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=f"{_NEEDS}{reason}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # From the reports: where tests run in several processes, this one has collected none.
    reports: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    told = [str(report.longrepr).partition(_NEEDS)[2] for report in reports]
    reasons = [reason.rstrip("')") for reason in told if reason]
    if reasons:
        terminalreporter.write_line(
            f"{len(reasons)} cuda tests not run: {reasons[0]}. docs/cuda.md lists what they show.",
            yellow=True,
            bold=True,
        )
