"""What the server says of open documents without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
SAMPLE = HEADER + "total = max(___, 5)\nprint(___)\n"


def at(line: int, start: int, end: int) -> dict[str, Any]:
    """A range on one line."""
    return {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": end},
    }


def codes(diagnostics: list[dict[str, Any]]) -> list[str]:
    return [diagnostic["code"] for diagnostic in diagnostics]


async def test_blanks_are_marked_with_their_instruction(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    first, second = await client.diagnostics(uri, 1)
    assert first["range"] == at(1, 12, 15)
    assert second["range"] == at(2, 6, 9)
    assert first["code"] == "blank/unfilled"
    assert first["severity"] == 3
    assert first["source"] == "blankcheck"
    assert first["codeDescription"]["href"].endswith("docs/diagnostics.md#blankunfilled")
    (related,) = first["relatedInformation"]
    assert related["message"] == "Add 2 and 3 and store the result in `total`."
    chapter = (client.workspace / "course/sums.md").read_text("utf-8").splitlines()
    line = related["location"]["range"]["start"]["line"]
    assert chapter[line] == "- Add 2 and 3 and store the result in `total`."


async def test_columns_are_utf16_units(editor: Client) -> None:
    uri = editor.open("a.py", HEADER + 'print("😀é", ___)\n')
    (found,) = await editor.diagnostics(uri, 1)
    assert found["range"] == at(1, 13, 16)


async def test_lines_may_end_in_crlf(editor: Client) -> None:
    uri = editor.open("a.py", SAMPLE.replace("\n", "\r\n"))
    first, second = await editor.diagnostics(uri, 1)
    assert first["range"] == at(1, 12, 15)
    assert second["range"] == at(2, 6, 9)


async def test_edits_are_applied_by_the_lines_of_lsp(editor: Client) -> None:
    # U+2028 and a form feed end a line for str.splitlines, but not in LSP.
    uri = editor.open("a.py", HEADER + 'a = "\u2028\x0c"\nb = 1\n')
    version = editor.edit(uri, {"range": at(2, 4, 5), "text": "___"})
    (found,) = await editor.diagnostics(uri, version)
    assert found["range"] == at(2, 4, 7)


async def test_several_edits_at_once_are_applied_in_order(editor: Client) -> None:
    uri = editor.open("a.py", HEADER + "😀 = 1\n")
    version = editor.edit(
        uri,
        {"range": at(1, 0, 2), "text": "total"},
        {"range": at(1, 8, 9), "text": "___"},
    )
    (found,) = await editor.diagnostics(uri, version)
    assert found["range"] == at(1, 8, 11)


async def test_positions_past_an_end_are_clipped(editor: Client) -> None:
    uri = editor.open("a.py", HEADER + "x = 1")
    far = {"line": 2**31 - 1, "character": 2**31 - 1}
    version = editor.edit(uri, {"range": {"start": far, "end": far}, "text": "\ny = ___"})
    (found,) = await editor.diagnostics(uri, version)
    assert found["range"] == at(2, 4, 7)
    version = editor.edit(uri, {"range": at(1, 4, 999), "text": "___"})
    assert len(await editor.diagnostics(uri, version)) == 2


async def test_syntax_is_told_once_no_blank_is_left(editor: Client) -> None:
    uri = editor.open("a.py", HEADER + "total = max(2 + 3, 5\nprint(___)\n")
    assert codes(await editor.diagnostics(uri, 1)) == ["blank/unfilled"]
    version = editor.edit(uri, {"range": at(2, 6, 9), "text": "total"})
    (found,) = await editor.diagnostics(uri, version)
    assert found["code"] == "syntax/bracket"
    assert found["severity"] == 1
    assert found["range"] == at(1, 11, 12)
    version = editor.edit(uri, {"range": at(1, 20, 20), "text": ")"})
    assert await editor.diagnostics(uri, version) == []


def many(count: int) -> str:
    """A chapter of that many exercises, each without a hint."""
    head = "---\ntitle: Many\ndescription: Of them.\n---\n"
    return head + "".join(
        f"\n---\n\n## Make number {n}\n\n```yaml\ntype: NormalExercise\nkey: k{n}\nxp: 100\n```\n\n"
        f"`@instructions`\n- Make `x{n}`.\n\n`@sample_code`\n```{{python}}\nx{n} = ___\n```\n\n"
        f"`@solution`\n```{{python}}\nx{n} = max({', '.join(map(str, range(60)))})\n```\n\n"
        f'`@sct`\n```{{python}}\nEx().check_object("x{n}")\nsuccess_msg("Yes.")\n```\n'
        for n in range(count)
    )


async def test_a_large_chapter_keeps_nobody_waiting_for_its_findings(editor: Client) -> None:
    count = 250
    text = many(count)
    uri = editor.open("large.md", text, "markdown")
    listed = await editor.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert len(listed) == count
    last = text.splitlines().index(f"## Make number {count - 1}")
    assert listed[-1]["selectionRange"]["start"]["line"] == last
    assert len(await editor.diagnostics(uri, 1)) < count
    # An edit amid the first look: what is said at last is said of the new text, once and whole.
    first = text.splitlines().index("`@instructions`")
    version = editor.edit(uri, {"range": at(first, 0, 0), "text": "Two lines\nmore.\n"})
    message = await editor.wait(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["version"] == version
            and codes(m["params"]["diagnostics"]).count("author/empty-hint") == count
        )
    )
    shown = message["params"]["diagnostics"]
    assert shown[-1]["range"]["start"]["line"] == last + 2


async def test_a_document_that_is_closed_has_no_diagnostics(editor: Client) -> None:
    uri = editor.open("a.py", SAMPLE)
    await editor.diagnostics(uri, 1)
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await editor.diagnostics(uri, None) == []


async def test_other_documents_are_left_alone(editor: Client) -> None:
    others = [
        editor.open("plain.py", "x = ___\n"),
        editor.open("README.md", "# Title\n\n___\n", "markdown"),
    ]
    uri = editor.open("a.py", SAMPLE)
    await editor.diagnostics(uri, 1)
    for other in others:
        assert await editor.request("textDocument/codeLens", {"textDocument": {"uri": other}}) == []
    published = [m for m in editor.messages if m.get("method", "").endswith("publishDiagnostics")]
    assert {message["params"]["uri"] for message in published} == {uri}


async def test_an_exercise_that_is_not_there_is_told(client: Client) -> None:
    uri = client.open("a.py", "# blankcheck: course/sums.md#nothing\nx = ___\n")
    (found,) = await client.diagnostics(uri, 1)
    assert found["code"] == "author/no-exercise"
    assert "Add two numbers" in found["message"]
    refusal = await client.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32011


async def test_a_chapter_that_is_corrected_on_disk_is_taken_up(client: Client) -> None:
    uri = client.open("a.py", "# blankcheck: course/sums.md#later\nx = ___\n")
    await client.diagnostics(uri, 1)
    since = len(client.messages)
    chapter = client.workspace / "course/sums.md"
    chapter.write_text(chapter.read_text("utf-8").replace("key: add01", "key: later"), "utf-8")
    change = {"uri": chapter.as_uri(), "type": 2}
    client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    message = await client.wait(lambda m: m.get("method", "").endswith("Diagnostics"), since)
    assert codes(message["params"]["diagnostics"]) == ["blank/unfilled"]
    # Whoever lists the courses lists them again.
    await client.wait(lambda m: m.get("method") == "blankcheck/coursesChanged", since)


async def test_an_edit_out_of_order_stops_checks_until_the_whole_text_comes(client: Client) -> None:
    uri = client.open("a.py", SAMPLE, version=5)
    client.versions[uri] = 2
    client.edit(uri, {"range": at(1, 0, 5), "text": "late"})
    refusal = await client.refusal("blankcheck/check", {"textDocument": {"uri": uri}})
    assert refusal.code == -32801
    client.versions[uri] = 6
    client.edit(uri, {"text": SAMPLE})
    assert (await client.check(uri))["verdict"] == "incomplete"


async def test_a_request_for_another_version_is_refused(client: Client) -> None:
    uri = client.open("a.py", SAMPLE, version=3)
    asked = {"textDocument": {"uri": uri, "version": 2}}
    assert (await client.refusal("blankcheck/check", asked)).code == -32801
    assert (await client.refusal("blankcheck/blanks", asked)).code == -32801


async def test_the_server_asks_to_be_told_of_chapters(editor: Client) -> None:
    asked = await editor.wait(lambda m: m.get("method") == "client/registerCapability")
    (registration,) = asked["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeWatchedFiles"
    globs = [watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]]
    assert "**/*.md" in globs


async def test_the_outline_of_a_chapter(editor: Client) -> None:
    text = (editor.workspace / "course/sums.md").read_text("utf-8")
    uri = editor.open("course/sums.md", text, "markdown")
    asked = {"textDocument": {"uri": uri}}
    symbols = await editor.request("textDocument/documentSymbol", asked)
    assert [s["name"] for s in symbols] == ["Add two numbers", "A broken exercise", "A question"]
    parts = [part["name"] for part in symbols[0]["children"]]
    assert parts[:2] == ["instructions", "hint"]
    lines = text.splitlines()
    assert lines[symbols[0]["selectionRange"]["start"]["line"]] == "## Add two numbers"
    folds = await editor.request("textDocument/foldingRange", asked)
    starts: set[str] = {lines[fold["startLine"]] for fold in folds}
    assert {"`@solution`", "`@sct`"} <= starts


async def test_the_problems_of_a_chapter_are_told_to_its_author(editor: Client) -> None:
    text = (editor.workspace / "course/sums.md").read_text("utf-8")
    uri = editor.open("course/sums.md", text.replace("key: broken01", "key: add01"), "markdown")
    # The rules look at a part of a chapter at a time.
    message = await editor.wait(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == uri
            and "author/duplicate-key" in codes(m["params"]["diagnostics"])
        )
    )
    found = message["params"]["diagnostics"]
    (duplicate,) = [d for d in found if d["code"] == "author/duplicate-key"]
    lines = text.replace("key: broken01", "key: add01").splitlines()
    assert lines[duplicate["range"]["start"]["line"]] == "key: add01"


async def test_the_lenses_stand_above_the_code(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    commands = [lens["command"]["command"] for lens in lenses]
    assert commands == ["blankcheck.check", "blankcheck.run", "blankcheck.hint", "blankcheck.reset"]
    assert {lens["range"]["start"]["line"] for lens in lenses} == {1}
    assert all(lens["command"]["arguments"] == [uri] for lens in lenses)


async def test_the_blanks_are_listed_as_they_are_filled(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    asked = {"textDocument": {"uri": uri}}
    listed = await client.request("blankcheck/blanks", asked)
    assert [(b["index"], b["range"]) for b in listed["blanks"]] == [
        (0, at(1, 12, 15)),
        (1, at(2, 6, 9)),
    ]
    client.edit(uri, {"range": at(1, 12, 15), "text": "2 + 3"})
    listed = await client.request("blankcheck/blanks", asked)
    assert listed["version"] == 2
    assert [blank["index"] for blank in listed["blanks"]] == [1]


async def test_the_hint_costs_and_is_told_once_it_is_taken(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    document = {"textDocument": {"uri": uri}}
    hover = {**document, "position": {"line": 1, "character": 13}}
    before = (await client.request("textDocument/hover", hover))["contents"]["value"]
    assert "Add 2 and 3" in before
    assert "plus sign" not in before
    asked = await client.request("blankcheck/hint", document)
    assert asked == {"available": True, "taken": False, "cost": 30, "markdown": None}
    taken = await client.request("blankcheck/hint", {**document, "take": True})
    assert taken["taken"] and taken["cost"] == 0
    assert "plus sign" in taken["markdown"]
    after = (await client.request("textDocument/hover", hover))["contents"]["value"]
    assert "Use the plus sign." in after
    assert "Use `print`." not in after
    assert "start + 3" not in before + after


async def test_the_solution_costs_and_is_an_edit_once_it_is_taken(client: Client) -> None:
    uri = client.open("a.py", SAMPLE)
    document = {"textDocument": {"uri": uri}}
    asked = await client.request("blankcheck/solution", document)
    assert asked == {"available": True, "cost": 100, "edit": None}
    await client.request("blankcheck/hint", {**document, "take": True})
    assert (await client.request("blankcheck/solution", document))["cost"] == 70
    taken = await client.request("blankcheck/solution", {**document, "take": True})
    assert taken["edit"]["text"] == HEADER + "total = max(start + 3, 5)\nprint(total)\n"
    assert taken["edit"]["version"] == 1
    assert taken["edit"]["range"]["start"] == {"line": 0, "character": 0}
    assert (await client.request("blankcheck/solution", document))["cost"] == 0


async def test_an_exercise_without_a_solution_offers_none(client: Client) -> None:
    uri = client.open("a.py", "# blankcheck: course/sums.md#choice01\n")
    document = {"textDocument": {"uri": uri}}
    asked = await client.request("blankcheck/solution", {**document, "take": True})
    assert asked == {"available": False, "cost": 0, "edit": None}


async def test_instructions_never_hold_the_answer(client: Client) -> None:
    chapter = (client.workspace / "course/sums.md").as_uri()
    asked = {"chapter": chapter, "exercise": "1"}
    told = await client.request("blankcheck/instructions", asked)
    assert told["key"] == "add01"
    assert told["title"] == "Add two numbers"
    assert "Python adds." in told["markdown"]
    assert "- Print `total`." in told["markdown"]
    for secret in ("start + 3", "Ex()", "plus sign", "pre_exercise"):
        assert secret not in told["markdown"]
    options = await client.request("blankcheck/instructions", {**asked, "exercise": "choice01"})
    assert "- This one\n- That one" in options["markdown"]


async def test_reset_is_an_edit_back_to_the_sample(client: Client) -> None:
    text = HEADER + "total = 7\n"
    uri = client.open("a.py", text)
    edit = await client.request("blankcheck/reset", {"textDocument": {"uri": uri}})
    assert edit["text"] == SAMPLE
    assert edit["version"] == 1
    assert edit["range"]["start"] == {"line": 0, "character": 0}
    assert edit["range"]["end"] == {"line": 2, "character": 0}


async def test_starting_an_exercise_writes_its_file_once(client: Client) -> None:
    chapter = (client.workspace / "course/sums.md").as_uri()
    asked = {"chapter": chapter, "exercise": "add01"}
    first = await client.request("blankcheck/start", asked)
    file = client.workspace / "blankcheck/course/sums/01-add-two-numbers.py"
    assert first["created"] and first["uri"] == file.as_uri()
    assert file.read_text("utf-8") == SAMPLE
    file.write_text("mine", "utf-8")
    second = await client.request("blankcheck/start", asked)
    assert second == {"uri": first["uri"], "created": False}
    assert file.read_text("utf-8") == "mine"
    changed = await client.wait(lambda m: m.get("method") == "blankcheck/progressChanged")
    assert changed["params"] == {
        "chapter": chapter,
        "key": "add01",
        "step": None,
        "state": "started",
    }
    refusal = await client.refusal("blankcheck/start", {**asked, "exercise": "choice01"})
    assert refusal.code == -32011
    assert "nothing to run" in str(refusal)


async def test_the_tree_lists_the_built_in_course_and_the_folders(client: Client) -> None:
    tree = await client.request("blankcheck/courses", {})
    builtin, own = tree["courses"]
    assert builtin["builtin"] and not own["builtin"]
    (chapter,) = own["chapters"]
    assert chapter["title"] == "Small sums"
    exercises = chapter["exercises"]
    assert [exercise["number"] for exercise in exercises] == [1, 2, 3]
    assert [exercise["runnable"] for exercise in exercises] == [True, True, False]
    assert "choosing an option" in exercises[2]["reason"]
    assert {exercise["state"] for exercise in exercises} == {"new"}


async def test_a_submission_finds_its_chapter_above_it(editor: Client, tmp_path: Path) -> None:
    deep = editor.open("somewhere/else/a.py", SAMPLE)
    assert codes(await editor.diagnostics(deep, 1)) == ["blank/unfilled", "blank/unfilled"]


async def test_of_more_than_an_editor_shows_the_worst_are_sent(editor: Client) -> None:
    blanks = editor.open("a.py", HEADER + "print(___)\n" * 1_100)
    assert len(await editor.diagnostics(blanks, 1)) == 1_000
    exercise = "## One\n\n```yaml\ntype: NormalExercise\nkey: k{}\n```\n\nDo it.\n\n---\n\n"
    front = "---\ntitle: Many\n---\n\n"
    chapter = front + "".join(exercise.format(at) for at in range(1_100))
    uri = editor.open("course/many.md", chapter, "markdown")
    # Each exercise has a hint and what is worse; the rules look at a part of them at a time.
    sent = await editor.wait(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == uri
            and len(m["params"]["diagnostics"]) == 1_000
            and all(item["severity"] < 4 for item in m["params"]["diagnostics"])
        )
    )
    places = [item["range"]["start"]["line"] for item in sent["params"]["diagnostics"]]
    assert places == sorted(places)
