"""Exercises on another machine, as the editor sees it. A script stands for the way there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.runner.standin import install

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


async def test_a_first_check_says_what_it_waits_for(raw: Client) -> None:
    """For its turn, then for Python; then the code runs, and there is nothing more to say."""
    busy = raw.workspace / "busy"
    busy.touch()
    program = install(raw.workspace, "srun")
    folder = str(raw.workspace / "work")
    await raw.initialize(
        runnerCommand=[program, "--gres=gpu:1"], runnerPython=bare_python(), runnerFolder=folder
    )
    uri = raw.open("a.py", HEADER + "total = 5\nwhile True:\n    pass\n")
    asked = raw.ask("blankcheck/check", {"textDocument": {"uri": uri}, "workDoneToken": "t"})

    def progress(message: dict[str, Any]) -> dict[str, Any]:
        return message["params"]["value"] if message.get("method") == "$/progress" else {}

    await raw.wait(lambda m: progress(m).get("message", "").startswith("waiting for its turn: "))
    busy.unlink()
    await raw.wait(lambda m: progress(m).get("message", "").startswith("starting Python"))
    await raw.wait(lambda m: progress(m) == {"kind": "report", "message": ""})
    raw.notify("$/cancelRequest", {"id": asked})
    await raw.wait(lambda m: m.get("id") == asked)


async def test_a_machine_without_python_is_told(raw: Client) -> None:
    await initialize(raw, "plain", "no-such-python")
    uri = raw.open("a.py", HEADER + "total = 5\n")
    refusal = await raw.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32010
    assert "blankcheck.runner.python" in str(refusal)
