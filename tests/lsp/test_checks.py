"""Checking and running through the real server and a real runner."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"
RIGHT = HEADER + "total = max(2 + 3, 5)\nprint(total)\n"
WRONG = HEADER + "total = max(2 + 4, 5)\nprint(total)\n"
PYTHON = getattr(sys, "_base_executable", sys.executable)
"""One that need not have torch, so that its host starts at once."""
ENDLESS = HEADER + "total = 5\nwhile True:\n    pass\n"

Connect = Callable[..., AbstractAsyncContextManager["Client"]]


def published(client: Client, uri: str, since: int = 0) -> list[dict[str, Any]]:
    """What was published for a document."""
    return [
        message["params"]
        for message in client.messages[since:]
        if message.get("method") == "textDocument/publishDiagnostics"
        and message["params"]["uri"] == uri
    ]


async def begun(client: Client, token: str) -> None:
    """Waits until the progress of a check has begun."""
    await client.wait(
        lambda m: (
            m.get("method") == "$/progress"
            and m["params"]["token"] == token
            and m["params"]["value"]["kind"] == "begin"
        )
    )


def ask(client: Client, method: str, uri: str, token: str) -> int:
    return client.ask(method, {"textDocument": {"uri": uri}, "workDoneToken": token})


async def test_a_right_answer_passes_and_is_remembered(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    result = await client.check(uri)
    assert result["verdict"] == "passed"
    assert result["exercise"] == "add01"
    assert result["output"] == "5\n"
    assert result["version"] == 1
    assert [item["message"] for item in result["feedback"]] == ["Well added."]
    changed = await client.wait(lambda m: m.get("method") == "blankcheck/progressChanged")
    assert changed["params"]["state"] == "passed"
    await client.wait(lambda m: m.get("method") == "workspace/codeLens/refresh")
    assert published(client, uri)[-1]["diagnostics"] == []
    lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lenses[-1]["command"]["title"].endswith("Passed: 100 of 100 XP")
    tree = await client.request("blankcheck/courses", {})
    exercise = tree["courses"][-1]["chapters"][0]["exercises"][0]
    assert (exercise["state"], exercise["earned"]) == ("passed", 100)


async def test_a_wrong_answer_is_marked_until_the_next_edit(client: Client) -> None:
    uri = client.open("a.py", WRONG)
    result = await client.check(uri)
    assert result["verdict"] == "failed"
    (feedback,) = result["feedback"]
    assert feedback["blank"] == 0
    (shown,) = published(client, uri)[-1]["diagnostics"]
    assert published(client, uri)[-1]["version"] == 1
    assert shown["code"] == feedback["code"] == "sct/value"
    assert shown["range"] == feedback["range"]
    assert shown["range"]["start"]["line"] == 1
    assert shown["severity"] == 1
    assert shown["relatedInformation"][0]["message"].startswith("Add 2 and 3")
    version = client.edit(uri, {"text": WRONG + "\n"})
    assert await client.diagnostics(uri, version) == []


async def test_blanks_and_syntax_are_told_and_nothing_runs(client: Client) -> None:
    uri = client.open("a.py", HEADER + "print('ran')\ntotal = ___\n")
    result = await client.check(uri)
    assert (result["verdict"], result["output"]) == ("incomplete", "")
    client.edit(uri, {"text": HEADER + "print('ran')\ntotal = (\n"})
    result = await client.check(uri)
    assert (result["verdict"], result["output"]) == ("error", "")
    assert [item["code"] for item in result["feedback"]] == ["syntax/bracket"]
    assert len(published(client, uri)[-1]["diagnostics"]) == 1


async def test_an_exception_is_told_on_its_line(client: Client) -> None:
    uri = client.open("a.py", HEADER + "print('before')\ntotal = 1 / 0\n")
    result = await client.check(uri)
    assert result["verdict"] == "error"
    assert result["output"] == "before\n"
    assert result["feedback"][0]["range"]["start"]["line"] == 2
    assert result["feedback"][0]["code"].startswith("run/")


async def test_a_broken_exercise_is_not_the_learners_fault(client: Client) -> None:
    uri = client.open("a.py", "# blankcheck: course/sums.md#broken01\nx = 1\n")
    result = await client.check(uri)
    assert result["verdict"] == "broken"
    (feedback,) = result["feedback"]
    chapter = (client.workspace / "course/sums.md").read_text("utf-8").splitlines()
    line = chapter.index("y = 1 / 0")
    assert f"line {line + 1} of sums.md" in feedback["message"]
    (place,) = feedback["related"]
    assert place["range"]["start"]["line"] == line
    tree = await client.request("blankcheck/courses", {})
    assert tree["courses"][-1]["chapters"][0]["exercises"][1]["state"] != "passed"


async def test_the_time_limit_is_a_setting(client: Client) -> None:
    settings = {"blankcheck": {"timeLimit": 0.5}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    uri = client.open("a.py", ENDLESS)
    result = await client.check(uri)
    assert result["verdict"] == "timeout"


async def test_running_shows_output_as_it_comes(client: Client) -> None:
    text = HEADER + "import time\nprint('first', flush=True)\ntime.sleep(1.5)\nprint('second')\n"
    uri = client.open("a.py", text)
    id = ask(client, "blankcheck/run", uri, "t")
    output = await client.wait(lambda m: m.get("method") == "blankcheck/output")
    assert output["params"] == {"uri": uri, "text": "first\n"}
    assert not any(message.get("id") == id for message in client.messages)
    result = await client.answer(id)
    assert result["verdict"] == "passed"
    assert result["output"] == "first\nsecond\n"
    kinds = [
        message["params"]["value"]["kind"]
        for message in client.messages
        if message.get("method") == "$/progress"
    ]
    assert [kind for kind in kinds if kind != "report"] == ["begin", "end"]


async def test_a_check_can_be_cancelled(client: Client) -> None:
    uri = client.open("a.py", ENDLESS)
    id = ask(client, "blankcheck/check", uri, "t")
    await begun(client, "t")
    client.notify("$/cancelRequest", {"id": id})
    answer = await client.wait(lambda m: m.get("id") == id)
    assert answer["error"]["code"] == -32800
    client.edit(uri, {"text": RIGHT})
    assert (await client.check(uri))["verdict"] == "passed"


async def test_a_newer_check_takes_over(client: Client) -> None:
    uri = client.open("a.py", ENDLESS)
    first = ask(client, "blankcheck/check", uri, "t")
    await begun(client, "t")
    client.edit(uri, {"text": RIGHT})
    assert (await client.check(uri))["verdict"] == "passed"
    answer = await client.wait(lambda m: m.get("id") == first)
    assert answer["error"]["code"] == -32801


async def test_a_late_result_is_not_shown_for_a_newer_text(client: Client) -> None:
    uri = client.open("a.py", HEADER + "import time\ntime.sleep(1.5)\ntotal = 9\nprint(9)\n")
    id = ask(client, "blankcheck/check", uri, "t")
    await begun(client, "t")
    version = client.edit(uri, {"text": SAMPLE})
    result = await client.answer(id)
    assert (result["verdict"], result["version"]) == ("failed", 1)
    await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    last = published(client, uri)[-1]
    assert last["version"] == version
    assert {diagnostic["code"] for diagnostic in last["diagnostics"]} == {"blank/unfilled"}


async def test_two_files_are_checked_side_by_side(client: Client) -> None:
    slow = client.open("slow.py", ENDLESS)
    id = ask(client, "blankcheck/check", slow, "t")
    await begun(client, "t")
    quick = client.open("quick.py", RIGHT)
    assert (await client.check(quick))["verdict"] == "passed"
    assert not any(message.get("id") == id for message in client.messages)
    client.notify("textDocument/didClose", {"textDocument": {"uri": slow}})
    answer = await client.wait(lambda m: m.get("id") == id)
    assert answer["error"]["code"] == -32801


async def test_nothing_runs_before_the_workspace_is_trusted(raw: Client) -> None:
    await raw.initialize(trusted=False)
    uri = raw.open("a.py", RIGHT)
    asked = {"textDocument": {"uri": uri}}
    assert (await raw.refusal("blankcheck/check", asked)).code == -32012
    assert (await raw.refusal("blankcheck/run", asked)).code == -32012
    assert (await raw.request("blankcheck/info", {}))["runner"] is None
    raw.notify("blankcheck/trust", {"trusted": True})
    assert (await raw.check(uri))["verdict"] == "passed"


async def test_an_interpreter_that_is_not_there_is_told(raw: Client) -> None:
    await raw.initialize(interpreter="/nowhere/python")
    uri = raw.open("a.py", RIGHT)
    refusal = await raw.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32010
    assert "/nowhere/python" in str(refusal)
    info = await raw.request("blankcheck/info", {})
    assert info["runner"] is None
    assert "/nowhere/python" in info["message"]
    settings = {"blankcheck": {"interpreter": getattr(sys, "_base_executable", sys.executable)}}
    raw.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert (await raw.check(uri))["verdict"] == "passed"


async def test_how_code_is_contained_is_told(raw: Client) -> None:
    await raw.initialize(interpreter=PYTHON)
    sandbox = (await raw.request("blankcheck/info", {}))["runner"]["sandbox"]
    assert sandbox["told"].startswith(f"{sandbox['level']}: ")
    assert (sandbox["advice"] is None) == (sandbox["level"] == "full")


async def test_a_containment_that_was_lowered_is_told_as_that(raw: Client, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nBLANKCHECK_SANDBOX=none exec "{PYTHON}" "$@"\n')
    python.chmod(0o755)
    await raw.initialize(interpreter=str(python))
    sandbox = (await raw.request("blankcheck/info", {}))["runner"]["sandbox"]
    assert sandbox["level"] == "none"
    assert sandbox["told"] == "none: only time and output are limited; all else is open to the code"
    assert "BLANKCHECK_SANDBOX" in sandbox["advice"]


async def test_a_device_that_is_not_there_is_told_and_another_can_be_set(raw: Client) -> None:
    await raw.initialize(device="cuda:99")
    uri = raw.open("a.py", RIGHT)
    refusal = await raw.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32010
    found = await raw.request("blankcheck/devices", {})
    assert found["device"] is None
    assert found["problem"] == str(refusal)
    assert "CUDA" in found["problem"] or "no cuda:99" in found["problem"]
    assert "Blankcheck" in found["text"] and found["problem"] in found["text"]
    settings = {"blankcheck": {"device": "cpu"}}
    raw.notify("workspace/didChangeConfiguration", {"settings": settings})
    result = await raw.check(uri)
    assert (result["verdict"], result["device"]) == ("passed", "cpu")
    assert (await raw.request("blankcheck/devices", {}))["device"] == "cpu"


async def test_a_hover_tells_the_kind_of_value_and_never_the_value(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    await client.check(uri)  # the description was asked for at opening, so it is there by now
    client.edit(uri, {"text": SAMPLE})
    hover = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 13}}
    told = (await client.request("textDocument/hover", hover))["contents"]["value"]
    assert "Expected here: a whole number." in told
    # The instruction is beside the message already; what only the hover says comes before it.
    assert told.index("Expected here") < told.index("Add 2 and 3")
    assert "start" not in told


async def test_an_exercise_with_tensors(connect: Connect, workspace: Path) -> None:
    chapter = (workspace / "course/sums.md").read_text("utf-8")
    chapter = chapter.replace("start = 2", "import torch\nstart = torch.ones(1, 4)")
    chapter = chapter.replace("total = max(start + 3, 5)", "total = torch.add(start, 3)")
    chapter = chapter.replace("total = max(___, 5)", "total = torch.add(start, ___)")
    (workspace / "course/sums.md").write_text(chapter, "utf-8")
    async with connect(workspace, sys.executable) as client:
        await client.initialize()
        uri = client.open("a.py", HEADER + "total = torch.add(start, 4)\nprint(total)\n")
        result = await client.check(uri)
        assert result["verdict"] == "failed"
        assert result["feedback"][0]["blank"] == 0
        client.edit(uri, {"text": HEADER + "total = 3 + start\nprint(total)\n"})
        assert (await client.check(uri))["verdict"] == "passed"
