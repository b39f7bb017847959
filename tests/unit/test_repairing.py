"""The search for repairs, with a runner whose answers are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from blankcheck import checking, repairing
from blankcheck.courses import Target, find_exercise
from blankcheck.repairing import DOWNLOAD_SECONDS, MOST_RUNS, Repaired
from blankcheck_runner.wire import (
    DeviceInfo,
    Expression,
    Feedback,
    HostInfo,
    Lesson,
    Limits,
    Placed,
    Report,
)

DOWNLOADING = "from torchvision import datasets\ndigits = datasets.MNIST('d', download=True)"
PASSED = Report(1, "passed")


class Made:
    """A runner that answers as it is told to."""

    def __init__(self, answer: Callable[[Lesson, str, Limits], Report]) -> None:
        self._answer = answer
        self.device = "auto"
        self.stage: str | None = None
        self.runs = 0
        self.checks = 0

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        self.runs += 1
        return self._answer(lesson, submission, limits or Limits())

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits | None = None
    ) -> Report:
        self.checks += 1
        return self._answer(lesson, submission, limits or Limits())

    async def info(self) -> HostInfo:
        raise AssertionError

    async def devices(self) -> DeviceInfo:
        raise AssertionError

    async def place(self, lesson: Lesson, submission: str) -> Placed:
        return Placed("cpu", "cpu", {})

    async def describe(
        self, lesson: Lesson, expressions: Sequence[Expression]
    ) -> tuple[str | None, ...]:
        raise AssertionError

    async def prepare(self, lesson: Lesson, limits: Limits | None = None) -> None:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Target]:
    def made(earlier: str = "", **code: str) -> Target:
        def exercise(title: str, code: dict[str, str]) -> str:
            parts = (f"`@{name}`\n```{{python}}\n{text}\n```\n" for name, text in code.items())
            head = f"## {title}\n\n```yaml\ntype: NormalExercise\nkey: {title.lower()}\n```\n\n"
            return head + "\n".join(parts)

        file = tmp_path / "c.md"
        before = exercise("Before", {"pre_exercise_code": earlier, "solution": "print(1)"})
        file.write_text(f"{before}\n---\n\n{exercise('Asked', code)}", "utf-8")
        return find_exercise(file, "asked")

    return made


def broken(message: str) -> Report:
    fault = Feedback("author/pre-exercise-code", message, part="pre_exercise_code")
    return Report(1, "broken", (fault,))


async def look(target: Target, runner: Made) -> Repaired | None:
    return await repairing.repaired(target, checking.lesson(target), runner, Limits(seconds=10))


async def test_a_download_that_hangs_is_given_little_time(make: Callable[..., Target]) -> None:
    given: list[float] = []

    def answer(lesson: Lesson, submission: str, limits: Limits) -> Report:
        given.append(limits.seconds)
        if "OfflineMNIST" in lesson.pre_exercise_code:
            return PASSED
        return broken("This pre-exercise code did not finish within 4 seconds.")

    runner = Made(answer)
    target = make(pre_exercise_code=DOWNLOADING, solution="print(len(digits))")
    result = await checking.check(target, "print(len(digits))", "a.py", runner)
    assert result.verdict == "passed"
    assert given == [DOWNLOAD_SECONDS, 10, 10]
    assert runner.checks == 1


async def test_a_download_that_works_is_left_alone(make: Callable[..., Target]) -> None:
    runner = Made(lambda lesson, submission, limits: PASSED)
    target = make(pre_exercise_code=DOWNLOADING, solution="print(len(digits))")
    for _ in range(3):
        result = await checking.check(target, "print(len(digits))", "a.py", runner)
        assert result.feedback == ()
    assert (runner.runs, runner.checks) == (1, 3)


async def test_the_number_of_runs_is_bounded(make: Callable[..., Target]) -> None:
    names = ["MNIST", "FashionMNIST", "KMNIST", "USPS", "CIFAR10", "CIFAR100", "SVHN", "STL10"]
    code = "\n".join(["from torchvision.datasets import *", *(f"{n}('d')" for n in names)])
    code = code.replace("*", ", ".join(names))
    runner = Made(lambda lesson, submission, limits: broken("It fails."))
    assert await look(make(pre_exercise_code=code, solution="print(1)"), runner) is None
    assert runner.runs == MOST_RUNS


async def test_what_ran_out_of_time_is_looked_at_again(make: Callable[..., Target]) -> None:
    late = broken("This pre-exercise code did not finish within 10 seconds.")
    answers = [late, late, broken("raises NameError: name 'math' is not defined"), PASSED]
    runner = Made(lambda lesson, submission, limits: answers.pop(0))
    target = make(pre_exercise_code="x = math.pi", solution="import math\nprint(x)")
    assert await look(target, runner) is None
    found = await look(target, runner)
    assert found is not None
    assert found.pre_exercise_code.startswith("import math\n")


async def test_a_solution_that_is_meant_to_fail_is_left_to_fail(
    make: Callable[..., Target],
) -> None:
    error = Report(1, "error", (Feedback("run/name", "`x` is not defined.", start=6, end=7),))
    runner = Made(lambda lesson, submission, limits: error)
    target = make("x = 1", solution="print(x)", sct="Ex().has_equal_error()")
    assert await look(target, runner) is None
    assert runner.runs == 1


async def test_an_exercise_whose_check_comes_out_broken_is_looked_at(
    make: Callable[..., Target],
) -> None:
    def answer(lesson: Lesson, submission: str, limits: Limits) -> Report:
        if "x = 1" in lesson.pre_exercise_code:
            return PASSED
        return broken("raises NameError: name 'x' is not defined")

    runner = Made(answer)
    # What `exec` binds cannot be seen, so the text does not speak for a repair.
    target = make("x = 1", pre_exercise_code="exec('')\ny = x", solution="print(y)")
    result = await checking.check(target, "print(y)", "a.py", runner)
    assert (result.verdict, runner.checks) == ("passed", 2)
    (told,) = result.feedback
    assert (told.code, told.severity) == ("author/repaired", "information")
    assert "“Before”" in told.message
