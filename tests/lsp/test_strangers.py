"""A stranger's course in a real server: whatever its texts hold, none of it acts on the editor."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from conftest import Client

EVIL = "T\u202egnorw\x1b[2J\x07 [go](command:workbench.action.terminal.new) <img src=x>"
CHAPTER = f"""---
title: "{EVIL.encode("unicode_escape").decode()}"
description: D\u202e
---

## {EVIL}

```yaml
type: NormalExercise
key: evil01
xp: 100
```

{EVIL} {"x" * 1_000_000}

`@instructions`
- {EVIL} `total`

`@hint`
{EVIL}

`@sample_code`
```{{python}}
total = ___
```

`@solution`
```{{python}}
total = 5
```

`@sct`
```{{python}}
Ex().check_object("total").has_equal_value(incorrect_msg={EVIL!r})
success_msg({EVIL!r})
```
"""
HEADER = "# blankcheck: course/evil.md#evil01\n"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LINK = re.compile(r"\]\(command:")
CRASH = f"class E(Exception): pass\nE.__name__ = {EVIL!r}\ntotal = 1\nraise E({EVIL!r} * 99)\n"


def texts(value: Any, member: str = "") -> list[tuple[str, str]]:
    """All text of a message, with the member that it is in."""
    if isinstance(value, str):
        return [(member, value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return [found for key, item in members.items() for found in texts(item, key)]
    if isinstance(value, list):
        return [found for item in cast("list[Any]", value) for found in texts(item, member)]
    return []


@pytest.fixture
def strange(workspace: Path) -> None:
    (workspace / "course" / "evil.md").write_text(CHAPTER, "utf-8", "surrogatepass")


@pytest.mark.usefixtures("strange")
async def test_nothing_that_a_course_or_a_submission_says_acts_on_the_editor(
    raw: Client,
) -> None:
    await raw.initialize()
    uri = raw.open("a.py", HEADER + "total = ___\n")
    document = {"textDocument": {"uri": uri}}
    at = {**document, "position": {"line": 1, "character": 9}}
    assert "\\u202e" in json.dumps(await raw.request("blankcheck/courses", {}))
    assert (await raw.request("blankcheck/instructions", document))["markdown"]
    assert (await raw.request("blankcheck/hint", {**document, "take": True}))["markdown"]
    assert await raw.request("textDocument/hover", at)
    assert (await raw.check(uri))["verdict"] == "incomplete"
    verdicts: list[str] = []
    for code in ("total = 4\n", "total = 5\n", CRASH):
        raw.edit(uri, {"text": HEADER + code})
        verdicts.append((await raw.check(uri))["verdict"])
    assert verdicts == ["failed", "passed", "error"]
    chapter = raw.open("course/evil.md", CHAPTER, "markdown")
    await raw.diagnostics(chapter, 1)
    await raw.request("textDocument/documentSymbol", {"textDocument": {"uri": chapter}})
    shown = [found for message in raw.messages for found in texts(message)]
    assert [found for found in shown if UNSAFE.search(found[1])] == []
    assert [text for member, text in shown if member == "message" and LINK.search(text)] == []
    assert max(len(text) for _, text in shown) <= 100_000
