"""How a debug session is begun, as the client is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"
RIGHT = HEADER + "total = max(2 + 3, 5)\nprint(total)\n"
WRONG = HEADER + "total = max(2 + 4, 5)\nprint(total)\n"


async def test_a_debug_session_gets_the_code_and_nothing_that_gives_the_answer_away(
    client: Client,
) -> None:
    uri = client.open("a.py", WRONG)
    start = await client.request("blankcheck/debug", {"textDocument": {"uri": uri, "version": 1}})
    assert start["version"] == 1
    assert start["stopAt"] is None
    plan = start["plan"]
    assert plan["submission"] == WRONG
    assert plan["file"].endswith("a.py")
    assert plan["pre_exercise_code"].strip() == "start = 2"
    assert plan["placed"]["device"] == "cpu"
    assert plan["placed"]["environment"]["CUDA_VISIBLE_DEVICES"] == ""
    for secret in ("start + 3", "has_equal_value", "Well added"):
        assert secret not in json.dumps(start)


async def test_each_open_blank_comes_with_its_line_and_message(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    start = await client.request("blankcheck/debug", {"textDocument": {"uri": uri}})
    blanks = [(item["line"], item["message"]) for item in start["plan"]["blanks"]]
    assert blanks == [
        (2, "Fill in this argument of max."),
        (3, "Fill in this argument of print."),
    ]


async def test_code_that_cannot_be_read_is_told_with_its_line(client: Client) -> None:
    uri = client.open("a.py", f"{HEADER}x = 1\ntotal = (\n")
    refusal = await client.refusal("blankcheck/debug", {"textDocument": {"uri": uri}})
    assert refusal.code == -32011
    assert "Line 3: " in str(refusal)


async def test_a_failure_is_debugged_at_the_statement_that_the_check_found(client: Client) -> None:
    uri = client.open("a.py", WRONG)
    params = {"textDocument": {"uri": uri}, "failure": True}
    assert "Check the exercise first" in str(await client.refusal("blankcheck/debug", params))
    assert (await client.check(uri))["verdict"] == "failed"
    assert (await client.request("blankcheck/debug", params))["stopAt"] == 1


async def test_what_has_passed_has_no_failure(client: Client) -> None:
    uri = client.open("a.py", RIGHT)
    assert (await client.check(uri))["verdict"] == "passed"
    params = {"textDocument": {"uri": uri}, "failure": True}
    assert "passed" in str(await client.refusal("blankcheck/debug", params))


async def test_nothing_is_debugged_without_trust(editor: Client) -> None:
    uri = editor.open("a.py", RIGHT)
    refusal = await editor.refusal("blankcheck/debug", {"textDocument": {"uri": uri}})
    assert refusal.code == -32012


async def actions(client: Client, uri: str, line: int, found: list[Any]) -> list[Any]:
    place = {"line": line, "character": 0}
    return await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": found},
        },
    )


async def test_what_a_check_found_has_a_quick_fix_into_the_debugger(raw: Client) -> None:
    await raw.initialize(clientCommands=True)
    uri = raw.open("a.py", WRONG)
    await raw.diagnostics(uri, 1)
    assert await actions(raw, uri, 1, []) == []
    assert (await raw.check(uri))["verdict"] == "failed"
    published = raw.messages[::-1]
    found = next(
        m["params"]["diagnostics"] for m in published if "diagnostics" in m.get("params", {})
    )
    (fix,) = await actions(raw, uri, 1, found)
    assert (fix["title"], fix["kind"]) == ("Debug This Failure", "quickfix")
    assert [item["code"] for item in fix["diagnostics"]] == ["sct/value"]
    command, (subject, line) = fix["command"]["command"], fix["command"]["arguments"]
    assert (command, subject, line) == ("blankcheck.debugFailure", uri, 1)
    assert await actions(raw, uri, 2, found) == []
    params = {"textDocument": {"uri": uri}, "failure": line}
    assert (await raw.request("blankcheck/debug", params))["stopAt"] == line
    refusal = await raw.refusal("blankcheck/debug", {**params, "failure": 2})
    assert "nothing at fault on line 3" in str(refusal)
    assert (await raw.refusal("blankcheck/debug", {**params, "failure": "x"})).code == -32602
    raw.edit(uri, {"text": RIGHT})
    assert await actions(raw, uri, 1, []) == []


async def test_who_has_no_debugger_is_offered_none(client: Client) -> None:
    uri = client.open("a.py", WRONG)
    assert (await client.check(uri))["verdict"] == "failed"
    titles = [item["title"] for item in await actions(client, uri, 1, [])]
    assert "Blankcheck: Check" in titles
    assert not [title for title in titles if "Debug" in title]


async def test_what_runs_on_another_machine_is_not_debugged_here(raw: Client) -> None:
    await raw.initialize(runnerCommand="ssh gpu-box")
    uri = raw.open("a.py", RIGHT)
    refusal = await raw.refusal("blankcheck/debug", {"textDocument": {"uri": uri}})
    assert refusal.code == -32011
    assert "blankcheck.runner.command" in str(refusal)
    assert "Remote-SSH" in str(refusal)


async def test_a_device_that_is_not_there_is_told_as_by_a_check(raw: Client) -> None:
    await raw.initialize(device="cuda:7")
    uri = raw.open("a.py", RIGHT)
    refusal = await raw.refusal("blankcheck/debug", {"textDocument": {"uri": uri}})
    assert refusal.code == -32010
    assert "CUDA cannot be used here" in str(refusal) or "no cuda:7 here" in str(refusal)
