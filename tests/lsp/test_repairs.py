"""What a chapter's author is told of the repairs that learners get, and how they are written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Client

CHAPTER = """\
---
title: Roots
---

## The root of nine

```yaml
type: NormalExercise
key: root01
xp: 100
```

Take a root.

`@instructions`
- Print the root of `side`.

`@pre_exercise_code`
```{python}
side = math.pow(3, 2)
```

`@sample_code`
```{python}
import math
print(___)
```

`@solution`
```{python}
import math
print(math.sqrt(side))
```
"""
LINE = CHAPTER[: CHAPTER.index("side = math")].count("\n")


async def repaired(client: Client, uri: str) -> list[dict[str, Any]]:
    """The diagnostics of repairs, once they are there."""
    message = await client.wait(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == uri
            and any(item["code"] == "author/missing-import" for item in m["params"]["diagnostics"])
        )
    )
    found = message["params"]["diagnostics"]
    repairs = [item for item in found if item["code"] == "author/missing-import"]
    places = [item["range"]["start"] for item in repairs]
    # One fault is told once: not as a name that is undefined as well.
    assert [item["code"] for item in found if item["range"]["start"] in places] == [
        "author/missing-import"
    ]
    return repairs


async def fixes(client: Client, uri: str, line: int) -> list[dict[str, Any]]:
    place = {"line": line, "character": 0}
    return await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        },
    )


async def test_a_repair_is_told_to_the_author_with_a_fix_that_writes_it(client: Client) -> None:
    uri = client.open("course/roots.md", CHAPTER, "markdown")
    (found,) = await repaired(client, uri)
    assert found["severity"] == 2
    assert found["range"] == {
        "start": {"line": LINE, "character": 7},
        "end": {"line": LINE, "character": 11},
    }
    (fix,) = await fixes(client, uri, LINE)
    assert fix["kind"] == "quickfix"
    assert "import math" in fix["title"]
    (edit,) = fix["edit"]["changes"][uri]
    assert edit["newText"] == "import math\n\n"
    assert edit["range"]["start"] == edit["range"]["end"] == {"line": LINE, "character": 0}
    assert await fixes(client, uri, LINE + 5) == []


async def test_an_edit_takes_the_fixes_back(client: Client) -> None:
    uri = client.open("course/roots.md", CHAPTER, "markdown")
    await repaired(client, uri)
    version = client.edit(uri, {"text": CHAPTER.replace("side = math", "import math\nside = math")})
    assert all(
        item["code"] != "author/missing-import" for item in await client.diagnostics(uri, version)
    )
    assert await fixes(client, uri, LINE + 1) == []


async def test_nothing_is_run_for_a_chapter_of_a_workspace_that_is_not_trusted(
    editor: Client,
) -> None:
    uri = editor.open("course/roots.md", CHAPTER, "markdown")
    found = await editor.diagnostics(uri, 1)
    assert all(item["code"] != "author/missing-import" for item in found)
    assert await fixes(editor, uri, LINE) == []


async def test_a_learner_is_told_in_one_quiet_line(client: Client) -> None:
    (client.workspace / "course/roots.md").write_text(CHAPTER, "utf-8")
    text = "# blankcheck: course/roots.md#root01\nimport math\nprint(math.sqrt(side))\n"
    result = await client.check(client.open("a.py", text))
    assert result["verdict"] == "passed"
    (line,) = result["feedback"]
    assert (line["code"], line["severity"]) == ("author/repaired", "information")
    assert "`math` is imported first" in line["message"]
