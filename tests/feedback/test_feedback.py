"""The feedback corpus: wrong submissions never pass, right ones are never refused, and what a wrong
one is told stands where the mistake was made."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from tests.feedback.corpus import Case, all_cases, chapters, solution, targets
from tests.feedback.marking import Marked, known, marked

from blankcheck.runner.process import HostRunner

CASES = all_cases()
WRONG = [case for case in CASES if not case.right]
RIGHT = [case for case in CASES if case.right]
KNOWN = known()

pytestmark = pytest.mark.timeout(600)
"""The first test waits for all of the corpus."""
on_one_loop = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def marks(request: pytest.FixtureRequest, runner: HostRunner) -> dict[str, Marked]:
    """The cases of the tests that were chosen, checked side by side against one warm host."""
    chosen: dict[str, Case] = {}
    for item in request.session.items:
        if item.path == Path(__file__) and isinstance(item, pytest.Function):
            known = getattr(item, "callspec", None)
            cases = [known.params["case"]] if known and "case" in known.params else []
            if not known and "marks" in item.fixturenames:
                cases = CASES
            chosen |= {case.id: case for case in cases}
    found = await marked(tuple(chosen.values()), runner)
    return {item.case.id: item for item in found}


MISCONCEPTIONS = """
swapped-operands not-activated activated-twice class-not-instance wrong-dim softmax-dim-missing
softmax-before-cross-entropy zero-grad-missing backward-missing step-missing training-order
to-discarded not-eval no-grad-missing target-dtype unwanted-broadcast features-swapped
view-elements method-not-called leaf-in-place batch-dimension
"""


@pytest.mark.parametrize("slug", MISCONCEPTIONS.split())
def test_each_misconception_has_cases(slug: str) -> None:
    assert any(case.codes[0] == f"torch/{slug}" for case in WRONG)


def test_the_corpus_is_as_large_as_it_has_to_be() -> None:
    assert len(WRONG) >= 150
    assert len(RIGHT) >= 80
    assert len({case.id for case in CASES}) == len(CASES)
    for chapter in chapters():
        for target in targets(chapter).values():
            mine = [case for case in CASES if (case.chapter, case.key) == (chapter, target.key)]
            assert {case.right for case in mine} == {True, False}, target.key
            answer = solution(target).strip()
            assert all(case.submission.strip() != answer for case in mine), target.key


@on_one_loop
@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.id)
async def test_a_wrong_submission(case: Case, marks: dict[str, Marked]) -> None:
    found = marks[case.id]
    assert set(found.short) <= set(KNOWN.get(case.id, ())), told(found)
    assert len([item for item in found.result.feedback if item.severity == "error"]) == 1


@on_one_loop
@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.id)
async def test_a_right_submission(case: Case, marks: dict[str, Marked]) -> None:
    found = marks[case.id]
    assert set(found.short) <= set(KNOWN.get(case.id, ())), told(found)


@on_one_loop
async def test_no_wrong_submission_passes(marks: dict[str, Marked]) -> None:
    found = [marks[case.id] for case in WRONG]
    assert [item.case.id for item in found if "verdict" in item.short] == []


@on_one_loop
async def test_no_right_submission_is_refused(marks: dict[str, Marked]) -> None:
    found = [marks[case.id] for case in RIGHT]
    assert [item.case.id for item in found if item.short] == []


@on_one_loop
async def test_the_right_line_is_marked(marks: dict[str, Marked]) -> None:
    found = [marks[case.id] for case in WRONG]
    elsewhere = [item.case.id for item in found if {"line", "verdict"} & set(item.short)]
    assert len(elsewhere) <= 0.05 * len(found), elsewhere


@on_one_loop
async def test_a_right_submission_is_told_of_no_misconception(marks: dict[str, Marked]) -> None:
    found = [marks[case.id] for case in RIGHT]
    spoke = [
        (item.case.id, feedback.code)
        for item in found
        for feedback in item.result.feedback
        if feedback.code.startswith("torch/")
    ]
    assert spoke == []


def told(found: Marked) -> str:
    """What was said, beside what was to be said."""
    line = "?" if found.line is None else found.line + 1
    said = f"{found.first.code} on line {line}: {found.first.message}" if found.first else "nothing"
    lines = ", ".join(str(line + 1) for line in sorted(found.case.lines))
    wanted = f"{' or '.join(found.case.codes) or 'passed'} on line {lines}"
    return f"{found.result.verdict}, {said}\nexpected: {wanted}\n\n{found.case.submission}"
