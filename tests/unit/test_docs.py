"""What the pages say of commands, settings, scripts and files is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from blankcheck.cli import COMMANDS
from blankcheck.course.reader import read
from blankcheck.linting import chapter_problems

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "exercises/README.md")
)
PACKAGE: Any = json.loads((ROOT / "package.json").read_text("utf-8"))
COURSES = (ROOT / "docs/courses.md").read_text("utf-8")
EXAMPLE, STEP = re.findall(r"(?ms)^````markdown\n(.*?)^````$", COURSES)


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def settings() -> set[str]:
    return set(PACKAGE["contributes"]["configuration"]["properties"])


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?s)```.*?```", "", text(page))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES)
def test_commands_scripts_and_settings_that_are_named_exist(page: str) -> None:
    said = text(page)
    commands = re.findall(r"(?:`|\$ |/)blankcheck ([a-z]+)\b", said)
    assert set(commands) <= set(COMMANDS)
    scripts = re.findall(r"npm run ([\w:-]+)", said)
    assert set(scripts) <= set(PACKAGE["scripts"])
    named = re.findall(r"`(blankcheck(?:\.\w+)+)`", said)
    ours = {command["command"] for command in PACKAGE["contributes"]["commands"]}
    servers = {"blankcheck.server", *re.findall(r'"(blankcheck\.\w+)"', protocol())}
    assert set(named) <= {*settings(), *ours, *servers}


def protocol() -> str:
    return (ROOT / "server/blankcheck/lsp/protocol.py").read_text("utf-8")


def test_the_readme_has_every_setting() -> None:
    table = re.findall(r"(?m)^\| (`blankcheck\..*?) \|", text("README.md"))
    assert set(re.findall(r"`(blankcheck[\w.]+)`", " ".join(table))) == settings()


def test_the_readme_has_every_page() -> None:
    pages = {page for page in PAGES if re.fullmatch(r"docs/[\w-]+\.md", page)}
    assert pages <= set(re.findall(r"\]\((docs/[\w-]+\.md)\)", text("README.md")))


def test_the_map_has_every_module() -> None:
    words = set(re.findall(r"\w+", text("ARCHITECTURE.md")))
    folders = ("blankcheck", "blankcheck/course", "blankcheck/runner", "blankcheck/lsp")
    modules = {
        file.stem
        for folder in (*folders, "blankcheck_runner")
        for file in (ROOT / "server" / folder).glob("*.py")
        if not file.stem.startswith("__")
    }
    assert modules - words == set()


def test_the_chapter_that_is_shown_to_authors_is_right() -> None:
    chapter = read(EXAMPLE)
    assert [(item.code, item.message) for item in chapter_problems(chapter)] == []
    (exercise,) = chapter.exercises
    assert exercise.not_runnable is None


def test_the_step_that_is_shown_to_authors_is_one() -> None:
    iterative = EXAMPLE.replace("NormalExercise", "BulletExercise")
    head = iterative[: iterative.index("`@instructions`")]
    setup = iterative[iterative.index("`@pre_exercise_code`") : iterative.index("`@sample_code`")]
    code = EXAMPLE[EXAMPLE.index("`@sample_code`") :]
    (exercise,) = read(
        f"{head}{setup}{STEP}\n{code}\n{STEP.replace('27b', '27c')}\n{code}"
    ).exercises
    assert [step.not_runnable for step in exercise.steps] == [None, None]
    assert [step.xp for step in exercise.steps] == [50, 50]
    assert all(step.code("pre_exercise_code") for step in exercise.steps)
