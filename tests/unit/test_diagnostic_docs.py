"""Every diagnostic links to a section of docs/diagnostics.md, so there has to be one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from blankcheck.result import help_uri

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"(?:blank|syntax|run|sct|torch|author)/[a-z][a-z-]+")
PREFIXES = {"Explanation": "run", "problem": "author", "_problem": "author"}


def codes() -> Iterator[str]:
    """The codes that the sources name: in full, or where one is made from its last part."""
    yield from ("author/pre-exercise-code", "author/solution")  # named by the part at fault
    for file in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if CODE.fullmatch(node.value):
                    yield node.value
            elif isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                if name in PREFIXES and isinstance(first, ast.Constant):
                    yield f"{PREFIXES[name]}/{first.value}"


def anchors() -> list[str]:
    """The anchors that GitHub makes of the page's headings."""
    page = (ROOT / "docs/diagnostics.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_every_code_has_its_section() -> None:
    there = set(anchors())
    found = set(codes())
    assert len(found) > 50
    assert sorted(code for code in found if help_uri(code).partition("#")[2] not in there) == []


def test_every_section_is_of_a_code_or_a_group() -> None:
    listed = {re.sub("/", "", code) for code in codes()}
    groups = {"diagnostics", "blank", "syntax", "run", "sct", "torch", "author"}
    assert sorted(set(anchors()) - listed - groups) == []


def test_no_section_is_there_twice() -> None:
    assert len(anchors()) == len(set(anchors()))
