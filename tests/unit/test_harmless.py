"""Text of others on its way to the editor."""

from __future__ import annotations

import json

import pytest

from blankcheck.lsp.harmless import LONGEST, fenced, harmless, inline, title
from blankcheck_runner.debugging.shown import shown

EVIL = "a\u202eb\x1b[2Jc\x00d\ud800"
SHOWN = "a\\u202eb\\x1b[2Jc\\x00d\\ud800"


def test_all_text_of_a_message_is_made_harmless_wherever_it_stands() -> None:
    message = {"result": [{"title": EVIL, "children": ({"label": EVIL},)}], "error": None, "n": 1}
    assert harmless(message) == {
        "result": [{"title": SHOWN, "children": [{"label": SHOWN}]}],
        "error": None,
        "n": 1,
    }


def test_code_and_names_stay_as_they_are() -> None:
    edit = {"newText": "x = '\u202e'\r\n", "uri": "file:///a\u200bb.py", "text": "\t\x0c"}
    assert harmless({"params": edit}) == {"params": edit}


def test_a_huge_line_is_cut() -> None:
    shown = harmless({"markdown": "x" * 100_000_000})["markdown"]
    assert len(shown) == LONGEST and shown.endswith("…")


@pytest.mark.parametrize(
    "link",
    ["[x](command:a.b)", "[x](COMMAND:a)", "[x]( file:///etc)", "[x](https://a.b)", "[](vscode:a)"],
)
def test_no_message_holds_a_link(link: str) -> None:
    shown = harmless({"message": f"See {link}."})["message"]
    assert "](" not in shown
    assert json.dumps(shown)


def test_links_are_kept_in_markdown_alone() -> None:
    told = {"problem": "[x](command:a)", "label": "[x](command:a)", "markdown": "[x](https://a.b)"}
    assert harmless(told) == {
        "problem": "[x] (command:a)",
        "label": "[x] (command:a)",
        "markdown": "[x](https://a.b)",
    }


def test_what_a_debugged_program_says_is_made_harmless_too() -> None:
    output = {"event": "output", "body": {"output": f"{EVIL}\r50%\n", "category": "stdout"}}
    assert shown(output)["body"]["output"] == f"{SHOWN}\n50%\n"
    variables = {"variables": [{"name": "a", "value": EVIL, "evaluateName": EVIL}]}
    assert shown({"body": variables})["body"]["variables"] == [
        {"name": "a", "value": SHOWN, "evaluateName": EVIL}
    ]
    assert len(shown({"body": {"text": "x" * 10**7}})["body"]["text"]) == 100_001
    assert shown({"body": {"source": {"path": "/a\u200bb.py"}}, "seq": 1, "ok": None}) == {
        "body": {"source": {"path": "/a\u200bb.py"}},
        "seq": 1,
        "ok": None,
    }


def test_code_in_a_message_is_no_link() -> None:
    said = "`layers[0](x)` has shape (2, 3)."
    assert harmless({"message": said})["message"] == said


def test_a_title_is_one_short_line() -> None:
    assert title("a\n\tb") == "a b"
    assert len(title("x" * 1_000_000)) == 200


def test_a_title_shows_no_icon_of_the_editors() -> None:
    assert title("$(pass-filled) Passed $(sync~spin)") == "$ (pass-filled) Passed $ (sync~spin)"
    assert title("Costs $5 (or more)") == "Costs $5 (or more)"


def test_code_cannot_end_its_block() -> None:
    block = fenced("a\n```\n[x](command:y)\n````")
    assert block.startswith("`````python\n") and block.endswith("\n`````")
    assert fenced("a") == "```python\na\n```"


def test_words_in_markdown_are_no_markdown() -> None:
    assert inline("a <img> [x](y) `z` *b*") == "a \\<img\\> \\[x\\](y) \\`z\\` \\*b\\*"
    assert inline("a tensor of shape (1, 4), float32") == "a tensor of shape (1, 4), float32"
