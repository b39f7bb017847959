"""The page about the vocabulary names every word there is."""

from __future__ import annotations

import re
from pathlib import Path

from blankcheck_runner.judge import engine, table

PAGE = Path(__file__).parents[2] / "docs" / "sct.md"


def test_every_word_is_on_the_page() -> None:
    modules = {module.__name__ for module in engine.VOCABULARY}
    assert {word.function.__module__ for word in table.WORDS.values()} == modules
    named = set(re.findall(r"\w+", PAGE.read_text(encoding="utf-8")))
    assert {word for word in table.WORDS if word not in named} == set()


def test_every_word_on_the_page_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:check|has|test)_\w+)", text))
    assert named - set(table.WORDS) == set()
