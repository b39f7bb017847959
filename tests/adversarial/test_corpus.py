"""Hostile submissions get their verdict, leave nothing behind, and change nothing for the next.

All of them at the highest level that this machine gives, a few at the lower ones; all at all levels
are run by `npm run adversarial`.
"""

from __future__ import annotations

import sys

import pytest
from tests.adversarial.corpus import CASES, HERE, Bench, Case, cases

ALL = cases(CASES)
LONG = {
    *("delete-modules", "kill-own-group", "memory-children", "memory-slow", "patch-json"),
    *("patch-select-and-signal", "proc-own-memory", "scratch-many-files", "text-endless-str"),
}
"""These take seconds whatever the time limit is; of each kind another one is in the short form."""
EVERYWHERE = (
    *("channel-forged-report", "frames-search", "fork-bomb-orphaned"),
    *("text-markdown", "works-pool"),
)
"""At each level."""
OTHERS = ("proc-parent-memory", "kill-siblings")

in_one_loop = pytest.mark.asyncio(loop_scope="session")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for what is left")


def test_the_corpus_is_as_large_as_it_has_to_be() -> None:
    assert len(ALL) >= 90
    assert len({case.intent for case in ALL}) == len(ALL)


@in_one_loop
@pytest.mark.parametrize(
    "case", [case for case in ALL if case.name not in LONG], ids=lambda case: case.name
)
async def test_at_the_highest_level(case: Case, highest: Bench) -> None:
    if not case.runs_at(highest.level):
        pytest.skip(f"this machine contains code only as far as {highest.level}")
    assert (await highest.attempt(case)).faults == []


@in_one_loop
@pytest.mark.parametrize(
    "case", [case for case in ALL if case.name in EVERYWHERE], ids=lambda case: case.name
)
async def test_at_each_lower_level(case: Case, lower: Bench) -> None:
    if not case.runs_at(lower.level):
        pytest.skip(f"it is not contained at the level {lower.level}")
    assert (await lower.attempt(case)).faults == []


@in_one_loop
@pytest.mark.parametrize("lower", ["landlock"], indirect=True)
@pytest.mark.parametrize(
    "case", [case for case in ALL if case.name in OTHERS], ids=lambda case: case.name
)
async def test_other_programs_without_namespaces(case: Case, lower: Bench) -> None:
    if not case.runs_at(lower.level):
        pytest.skip(f"this machine contains code only as far as {lower.level}")
    assert (await lower.attempt(case)).faults == []


def test_the_docs_tell_what_each_case_came_to() -> None:
    told = (HERE.parents[1] / "docs" / "containment.md").read_text("utf-8")
    assert [case.name for case in ALL if f"`{case.name}`" not in told] == []
