"""Exercises on another machine, as the editor sees it. A script stands for the way there."""

from __future__ import annotations

import sys
from pathlib import Path

from .conftest import HEADER, RIGHT, Client, bare_python

AWKWARD = Path(__file__).parents[1] / "runner" / "awkward.py"


async def initialize(client: Client, way: str, python: str = "") -> None:
    folder = client.workspace
    await client.initialize(
        runnerCommand=[sys.executable, str(AWKWARD), way, str(folder)],
        runnerPython=python or bare_python(),
        runnerFolder=str(folder / "work"),
    )


async def test_a_check_runs_where_the_setting_says(raw: Client) -> None:
    await initialize(raw, "plain")
    uri = raw.open("a.py", RIGHT)
    assert (await raw.check(uri))["verdict"] == "passed"
    runner = (await raw.request("blankcheck/info", {}))["runner"]
    assert "awkward.py plain" in runner["through"]
    assert runner["machine"]
    assert (raw.workspace / "work" / "runner").is_dir()


async def test_a_lost_connection_is_told_at_once_and_the_check_still_answers(raw: Client) -> None:
    await initialize(raw, "drop")
    uri = raw.open("a.py", RIGHT)
    await raw.check(uri)
    raw.edit(uri, {"text": RIGHT + "# MISHAP\n"})
    asked = raw.ask("blankcheck/check", {"textDocument": {"uri": uri}})
    shown = await raw.wait(lambda message: message.get("method") == "window/showMessage")
    assert "was lost" in shown["params"]["message"]
    assert (await raw.answer(asked))["verdict"] == "passed"


async def test_a_machine_without_python_is_told(raw: Client) -> None:
    await initialize(raw, "plain", "no-such-python")
    uri = raw.open("a.py", HEADER + "total = 5\n")
    refusal = await raw.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32010
    assert "blankcheck.runner.python" in str(refusal)
