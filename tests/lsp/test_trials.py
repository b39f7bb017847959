"""What a chapter's author is told, while writing, of what comes out when its exercises are run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

CHECK = 'Ex().check_object("total").has_equal_value()'
EXERCISE = f"""
## Add two numbers

```yaml
type: NormalExercise
key: add01
xp: 100
```

Python adds.

`@instructions`
- Add 2 and 3 and store the result in `total`.
- Print `total`.

`@hint`
- Use the plus sign.
- Use `print`.

`@sample_code`
```{{python}}
total = 2 + ___
print(___)
```

`@solution`
```{{python}}
total = 2 + 3
print(total)
```

`@sct`
```{{python}}
{CHECK}
success_msg("Well added.")
```
"""
OTHER = EXERCISE.replace("add01", "add02").replace("Add two", "Add other")
FRONT = "---\ntitle: Sums\ndescription: Of numbers.\n---\n"
WRONG = FRONT + EXERCISE + "\n---\n" + OTHER.replace(CHECK, 'Ex().has_output("9")')


async def told(client: Client, uri: str, codes: set[str]) -> list[dict[str, Any]]:
    """The diagnostics of a chapter, once these codes are among them, and no others."""
    message = await client.wait(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == uri
            and {item["code"] for item in m["params"]["diagnostics"]} == codes
        )
    )
    return message["params"]["diagnostics"]


def save(client: Client, uri: str) -> None:
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})


async def linted(client: Client, name: str) -> list[dict[str, Any]]:
    linting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blankcheck", "lint", name, "--format", "json"),
        stdout=asyncio.subprocess.PIPE,
        cwd=client.workspace,
        env={**os.environ, "BLANKCHECK_PYTHON": getattr(sys, "_base_executable", sys.executable)},
    )
    output, _ = await linting.communicate()
    return json.loads(output)


async def test_the_editor_tells_what_the_terminal_tells(client: Client) -> None:
    text = WRONG.replace(CHECK, CHECK.replace("value()", 'value(incorect_msg="No.")'))
    (client.workspace / "course/mine.md").write_text(text, "utf-8")
    uri = client.open("course/mine.md", text, "markdown")
    shown = await told(client, uri, {"author/sct", "author/solution-fails"})
    found = await linted(client, "course/mine.md")
    assert [(item["code"], item["message"], item["range"]) for item in shown] == [
        (item["code"], item["message"], item["range"]) for item in found
    ]
    assert "did you mean `incorrect_msg`?" in shown[0]["message"]


async def test_what_came_out_stays_with_its_exercise_until_that_is_edited(client: Client) -> None:
    uri = client.open("course/mine.md", WRONG, "markdown")
    (before,) = await told(client, uri, {"author/solution-fails"})
    # Something above it is edited, and it moves along, before anything is saved.
    version = client.edit(uri, {"text": WRONG.replace("Python adds.", "Python adds.\n\nSo.", 1)})
    (after,) = await client.diagnostics(uri, version)
    assert after["message"] == before["message"]
    assert after["range"]["start"]["line"] == before["range"]["start"]["line"] + 2
    # It is edited itself: nothing is said of it before it is tried anew.
    half = WRONG.replace('has_output("9")', 'has_output("5")')
    assert await client.diagnostics(uri, client.edit(uri, {"text": half})) == []
    still = WRONG.replace('has_output("9")', 'has_output("8")')
    assert await client.diagnostics(uri, client.edit(uri, {"text": still})) == []
    save(client, uri)
    await told(client, uri, {"author/solution-fails"})


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")
async def test_data_that_no_exercise_gets_are_told_on_the_first_line(editor: Client) -> None:
    data = editor.workspace / "course/data"
    data.symlink_to(editor.workspace)
    uri = editor.open("course/mine.md", WRONG, "markdown")
    (shown,) = await told(editor, uri, {"author/data-left-out"})
    assert shown["message"].startswith("`data` is a link that leads out of the course's folder")
    assert shown["range"] == {
        "start": {"line": 0, "character": 0},
        "end": {"line": 0, "character": 3},
    }
    data.unlink()
    save(editor, uri)
    await told(editor, uri, set())


async def test_nothing_is_tried_where_nothing_is_trusted(editor: Client) -> None:
    uri = editor.open("course/mine.md", WRONG, "markdown")
    assert await editor.diagnostics(uri, 1) == []


async def test_a_repair_is_told_once_however_it_was_found(client: Client) -> None:
    setup = "`@pre_exercise_code`\n```{python}\nside = math.pow(3, 2)\n```\n\n`@sample_code`"
    text = WRONG.replace("`@sample_code`", setup, 1).replace(
        "total = 2", "import math\ntotal = 2", 2
    )
    uri = client.open("course/mine.md", text, "markdown")
    shown = await told(client, uri, {"author/missing-import", "author/solution-fails"})
    assert len(shown) == 2
