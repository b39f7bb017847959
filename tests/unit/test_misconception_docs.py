"""Each misconception has a page that its diagnostic links to, and no page is of anything else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from blankcheck.result import help_uri

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "misconceptions"
RULES = ROOT / "server" / "blankcheck_runner" / "judge" / "misconceptions"


def codes() -> set[str]:
    """The codes that the rules tell."""
    found = {"zero-grad-missing", "backward-missing", "step-missing"}  # made from a call's name
    for file in RULES.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Told":
                first = node.args[0]
                found |= {
                    str(item.value)
                    for item in ast.walk(first)
                    if isinstance(item, ast.Constant)
                    and re.fullmatch(r"[a-z-]{5,}", str(item.value))
                }
    return found


def test_every_misconception_has_a_page_and_every_page_a_misconception() -> None:
    pages = {file.stem for file in PAGES.glob("*.md")}
    assert len(pages) == 21
    assert codes() == pages


def test_diagnostics_link_to_the_page() -> None:
    for file in PAGES.glob("*.md"):
        uri = help_uri(f"torch/{file.stem}")
        assert uri.endswith(f"docs/misconceptions/{file.name}")
        assert file.read_text("utf-8").startswith(f"# torch/{file.stem}\n")


def test_the_page_of_all_codes_links_to_each() -> None:
    listed = re.findall(
        r"\(misconceptions/([\w-]+)\.md\)", (ROOT / "docs/diagnostics.md").read_text()
    )
    assert sorted(listed) == sorted(file.stem for file in PAGES.glob("*.md"))
