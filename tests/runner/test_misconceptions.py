"""The examples of the misconceptions' pages, run and judged; and where rules have to be silent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Lesson, Limits, Report

PAGES = sorted((Path(__file__).parents[2] / "docs" / "misconceptions").glob("*.md"))


@pytest.fixture
def host(forking: HostRunner) -> HostRunner:
    return forking


def examples(page: Path) -> tuple[str, str]:
    """A page's wrong example and its right one."""
    wrong, right = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return wrong, right


async def check(host: HostRunner, solution: str, submission: str, **lesson: Any) -> Report:
    return await host.check(Lesson(solution=solution, **lesson), submission, "answer.py", Limits())


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
class TestPages:
    async def test_the_wrong_example_is_told_as_what_the_page_is_about(
        self, page: Path, host: HostRunner
    ) -> None:
        wrong, right = examples(page)
        report = await check(host, right, wrong)
        assert report.verdict in ("failed", "error")
        assert report.feedback[0].code == f"torch/{page.stem}", report.feedback[0]

    async def test_the_right_example_passes_and_is_told_nothing(
        self, page: Path, host: HostRunner
    ) -> None:
        _, right = examples(page)
        report = await check(host, right, right)
        assert report.verdict == "passed"
        assert not any(item.code.startswith("torch/") for item in report.feedback)


GIVEN = """import torch
from torch import nn
x = torch.tensor([[-1.0, 2.0]])
w_1 = torch.tensor([[1.0, 2.0], [0.5, -1.0]])
w_2 = torch.tensor([[1.0], [3.0]])
relu = nn.ReLU()
"""
TWO_LAYERS = """hidden = torch.matmul(x, w_1)
activated = relu(hidden)
output = torch.matmul(activated, w_2)
"""


@pytest.mark.asyncio(loop_scope="session")
class TestEvidence:
    async def told(self, host: HostRunner, submission: str, sct: str = "") -> tuple[str, str]:
        """The code, and the text that is marked."""
        report = await check(host, TWO_LAYERS, submission, pre_exercise_code=GIVEN, sct=sct)
        assert report.verdict in ("failed", "error")
        first = report.feedback[0]
        return first.code, submission[first.start : first.end]

    async def test_a_raw_value_is_told_where_it_is_used(self, host: HostRunner) -> None:
        submission = TWO_LAYERS.replace("torch.matmul(activated", "torch.matmul(hidden")
        assert await self.told(host, submission) == ("torch/not-activated", "hidden")

    async def test_names_and_forms_of_the_learners_own_do_not_matter(
        self, host: HostRunner
    ) -> None:
        submission = "h = x @ w_1\na = torch.nn.functional.relu(h)\noutput = h @ w_2\n"
        assert await self.told(host, submission) == ("torch/not-activated", "h")

    async def test_a_class_is_told_where_it_was_made_not_where_it_failed(
        self, host: HostRunner
    ) -> None:
        submission = TWO_LAYERS.replace("relu(hidden)", "nn.ReLU(hidden)")
        assert await self.told(host, submission) == ("torch/class-not-instance", "nn.ReLU(hidden)")

    async def test_another_mistake_is_not_taken_for_a_known_one(self, host: HostRunner) -> None:
        submission = TWO_LAYERS.replace("relu(hidden)", "relu(hidden + 1)")
        assert (await self.told(host, submission))[0] == "sct/value"

    async def test_the_earliest_cause_is_told_not_a_later_misconception(
        self, host: HostRunner
    ) -> None:
        submission = TWO_LAYERS.replace("(x, w_1)", "(x, w_1) * 2").replace(
            "torch.matmul(activated", "torch.matmul(hidden"
        )
        code, text = await self.told(host, submission)
        assert (code, submission.count("\n", 0, submission.index(text))) == ("sct/value", 0)

    async def test_an_authors_message_stays_and_gets_the_code(self, host: HostRunner) -> None:
        sct = 'Ex().check_object("output").has_equal_value(incorrect_msg="Look at `output`.")'
        submission = TWO_LAYERS.replace("torch.matmul(activated", "torch.matmul(hidden")
        report = await check(host, TWO_LAYERS, submission, pre_exercise_code=GIVEN, sct=sct)
        first = report.feedback[0]
        assert (first.code, first.message) == ("torch/not-activated", "Look at `output`.")
        assert submission[first.start : first.end] == "hidden"

    async def test_an_authors_message_about_another_statement_is_left_alone(
        self, host: HostRunner
    ) -> None:
        sct = 'Ex().check_object("output").has_equal_value(incorrect_msg="Look at `output`.")'
        submission = TWO_LAYERS.replace("relu(hidden)", "hidden")
        report = await check(host, TWO_LAYERS, submission, pre_exercise_code=GIVEN, sct=sct)
        assert (report.feedback[0].code, report.feedback[0].message) == (
            "sct/value",
            "Look at `output`.",
        )

    async def test_nothing_of_the_solution_is_given_away(self, host: HostRunner) -> None:
        solution = "secret_name = torch.sigmoid(x)\nresult = secret_name + 1\n"
        submission = "secret_name = x\nresult = secret_name + 1\n"
        report = await check(host, solution, submission, pre_exercise_code=GIVEN)
        assert report.feedback[0].code == "torch/not-activated"
        assert "sigmoid" not in report.feedback[0].message
