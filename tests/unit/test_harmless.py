"""Text of others on its way to the editor."""

from __future__ import annotations

import json

import pytest

from blankcheck.lsp.harmless import LONGEST, fenced, harmless, inline, title

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


def test_code_in_a_message_is_no_link() -> None:
    said = "`layers[0](x)` has shape (2, 3)."
    assert harmless({"message": said})["message"] == said


def test_a_title_is_one_short_line() -> None:
    assert title("a\n\tb") == "a b"
    assert len(title("x" * 1_000_000)) == 200


def test_code_cannot_end_its_block() -> None:
    block = fenced("a\n```\n[x](command:y)\n````")
    assert block.startswith("`````python\n") and block.endswith("\n`````")
    assert fenced("a") == "```python\na\n```"


def test_words_in_markdown_are_no_markdown() -> None:
    assert inline("a <img> [x](y) `z` *b*") == "a \\<img\\> \\[x\\](y) \\`z\\` \\*b\\*"
    assert inline("a tensor of shape (1, 4), float32") == "a tensor of shape (1, 4), float32"
