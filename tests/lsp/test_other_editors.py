"""What Blankcheck is in an editor that has no extension of ours: plain LSP, over TCP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.conftest import HEADER, RIGHT, SAMPLE, WRONG, Client, bare_python
from tests.lsp.other_editor import OtherEditor, other_editor

ENDLESS = HEADER + "total = 5\nwhile True:\n    pass\n"
INFO, WARNING, ERROR = 3, 2, 1


@pytest.fixture
async def stranger(workspace: Path) -> AsyncGenerator[OtherEditor]:
    """An editor whose settings say that the workspace is trusted."""
    async with other_editor(bare_python(), workspace / "data") as editor:
        await editor.start(workspace, trusted=True)
        yield editor
        assert editor.unknown <= {"blankcheck/progressChanged", "blankcheck/output"}


@pytest.fixture
def uri(workspace: Path) -> str:
    return (workspace / "a.py").as_uri()


async def test_check_is_a_lens_that_the_server_runs(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, WRONG)
    lenses = await stranger.lenses(uri)
    assert list(lenses) == ["Check", "Run", "Hint", "Reset"]
    assert stranger.messages == []
    result = await stranger.click(lenses["Check"])
    assert result["verdict"] == "failed"
    assert stranger.codes(uri) == ["sct/value"]
    ((kind, said),) = stranger.messages
    assert kind == WARNING
    assert said.startswith("Not right yet: line 2: ")
    stranger.write(uri, RIGHT)
    await stranger.click(lenses["Check"])
    assert stranger.codes(uri) == []
    assert stranger.messages[1:] == [(INFO, "Passed: Well added.")]
    asked = 0
    while "Passed: 100 of 100 XP" not in await stranger.lenses(uri):
        await stranger.until(lambda asked=asked: stranger.refreshed > asked)
        asked = stranger.refreshed


async def test_check_is_a_code_action(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, SAMPLE)
    actions = await stranger.actions(uri)
    assert list(actions) == [f"Blankcheck: {name}" for name in ("Check", "Run", "Hint", "Reset")]
    assert await stranger.actions(uri, ["source"]) == actions
    assert await stranger.actions(uri, ["quickfix"]) == {}
    await stranger.click(actions["Blankcheck: Check"]["command"])
    assert stranger.messages == [(INFO, "2 blanks are left to fill in.")]
    assert stranger.codes(uri) == ["blank/unfilled"] * 2


async def test_typing_shows_diagnostics_and_no_message(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, SAMPLE)
    await stranger.until(lambda: stranger.codes(uri) == ["blank/unfilled"] * 2)
    stranger.write(uri, HEADER + "total = (\n")
    await stranger.until(lambda: stranger.codes(uri) == ["syntax/bracket"])
    assert stranger.messages == []
    other = uri.replace("a.py", "other.py")
    stranger.open(other, "print(1)\n")
    assert await stranger.lenses(other) == {}
    assert await stranger.actions(other) == {}


async def test_the_first_line_tells_what_the_exercise_asks_for(
    stranger: OtherEditor, uri: str
) -> None:
    stranger.open(uri, SAMPLE)
    params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}}
    said = (await stranger.request("textDocument/hover", params))["contents"]["value"]
    assert said.startswith("# Add two numbers")
    assert "Add 2 and 3" in said
    assert "start + 3" not in said
    assert "plus sign" not in said


async def test_run_shows_what_was_printed(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, HEADER + "print('first')\nprint('second')\n")
    run = (await stranger.lenses(uri))["Run"]
    await stranger.click(run)
    assert stranger.messages == [(INFO, "It ran to its end. It printed:\nfirst\nsecond")]
    stranger.write(uri, HEADER + "for i in range(500):\n    print(i)\n")
    await stranger.click(run)
    said = stranger.messages[1][1]
    assert said.startswith("It ran to its end. It printed more than fits here")
    assert len(said.splitlines()) < 25
    assert [text.splitlines()[-1] for text in stranger.log] == ["499"]


async def test_what_takes_long_is_told_and_can_be_cancelled(
    stranger: OtherEditor, uri: str
) -> None:
    stranger.open(uri, ENDLESS)
    check = (await stranger.lenses(uri))["Check"]
    answer = stranger.ask("workspace/executeCommand", check)
    await stranger.until(lambda: len(stranger.progress) >= 1)
    begun = stranger.progress[0]
    begun["value"].pop("message", None)  # the host may still be starting
    assert begun["value"] == {"kind": "begin", "title": "Checking", "cancellable": True}
    stranger.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
    assert (await answer)["error"]["code"] == -32800
    kinds = [item["value"]["kind"] for item in stranger.progress]
    assert [kind for kind in kinds if kind != "report"] == ["begin", "end"]
    assert stranger.messages == []
    token = {"workDoneToken": "mine"}
    answer = stranger.ask("workspace/executeCommand", {**check, **token})
    await stranger.until(lambda: stranger.progress[-1]["value"]["kind"] == "begin")
    assert stranger.progress[-1]["token"] == "mine"
    stranger.notify("window/workDoneProgress/cancel", {"token": "mine"})
    assert (await answer)["error"]["code"] == -32800


async def test_a_hint_is_shown_once_its_cost_is_agreed_to(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, SAMPLE)
    hint = (await stranger.lenses(uri))["Hint"]
    await stranger.click(hint)
    assert stranger.questions == ["The hint costs 30 XP."]
    assert stranger.messages == []
    stranger.answers = {"Take Hint"}
    await stranger.click(hint)
    await stranger.click(hint)
    assert len(stranger.questions) == 2
    assert [kind for kind, _ in stranger.messages] == [INFO, INFO]
    assert "plus sign" in stranger.messages[0][1]


async def test_reset_is_an_edit_that_the_editor_makes(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, WRONG)
    reset = (await stranger.lenses(uri))["Reset"]
    await stranger.click(reset)
    assert stranger.texts[uri] == WRONG
    stranger.answers = {"Reset"}
    await stranger.click(reset)
    assert stranger.texts[uri] == SAMPLE
    assert stranger.messages == []


async def test_what_cannot_be_done_is_a_message(stranger: OtherEditor, uri: str) -> None:
    stranger.open(uri, "# blankcheck: course/sums.md#gone01\nx = 1\n")
    command = {"command": "blankcheck.check", "arguments": [uri]}
    assert await stranger.click(command) is None
    ((kind, said),) = stranger.messages
    assert kind == ERROR
    assert "gone01" in said
    answer = await stranger.ask("workspace/executeCommand", {"command": "blankcheck.sudo"})
    assert answer["error"]["code"] == -32602
    answer = await stranger.ask("workspace/executeCommand", {**command, "arguments": [1]})
    assert answer["error"]["code"] == -32602


async def test_without_trust_it_is_said_how_to_give_it(workspace: Path, uri: str) -> None:
    async with other_editor(bare_python(), workspace / "data") as editor:
        await editor.start(workspace)
        editor.open(uri, RIGHT)
        await editor.click((await editor.lenses(uri))["Check"])
        ((kind, said),) = editor.messages
        assert kind == ERROR
        assert '{"trusted": true}' in said


async def test_a_client_with_its_own_commands_keeps_them(raw: Client) -> None:
    result = await raw.initialize(clientCommands=True)
    assert "executeCommandProvider" not in result["capabilities"]
    uri = raw.open("a.py", SAMPLE)
    lenses = await raw.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lenses[0]["command"]["title"] == "$(check) Check"
    here = {"line": 1, "character": 0}
    params: dict[str, Any] = {
        "textDocument": {"uri": uri},
        "range": {"start": here, "end": here},
        "context": {"diagnostics": []},
    }
    assert await raw.request("textDocument/codeAction", params) == []
