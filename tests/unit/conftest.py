"""What the unit tests share: judging a submission without any process around it."""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest

from blankcheck_runner.judge import engine
from blankcheck_runner.judge.task import Judgement, Printed, Raised, Task
from blankcheck_runner.probing import LocalProcess


def _executed(
    pre_exercise_code: str, code: str
) -> tuple[LocalProcess, tuple[Printed, ...], Raised | None]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(pre_exercise_code, namespace)
    before = dict(namespace)
    prints: list[Printed] = []
    raised: Raised | None = None
    for statement in ast.parse(code).body:
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output):
                exec(compile(ast.Module([statement], []), "<code>", "exec"), namespace)
        except Exception as error:
            raised = Raised(type(error).__name__, str(error))
            break
        finally:
            if output.getvalue():
                prints.append(Printed(output.getvalue(), statement.lineno))
    made = frozenset(
        name
        for name, value in namespace.items()
        if before.get(name, before) is not value and not name.startswith("__")
    )
    # Without forks, which are slow once torch is imported; they have tests of their own.
    return LocalProcess(namespace, made, may_fork=False), tuple(prints), raised


def _judge(sct: str, solution: str, submission: str, pre_exercise_code: str = "") -> Judgement:
    student, printed, raised = _executed(pre_exercise_code, submission)
    reference, solution_printed, _ = _executed(pre_exercise_code, solution)
    task = Task(
        sct, solution, submission, pre_exercise_code, printed, solution_printed, raised
    )  # fmt: skip
    return engine.judge(task, student, reference)


Judge = Callable[..., Judgement]


@pytest.fixture
def judge() -> Judge:
    """`judge(sct, solution, submission, pre_exercise_code="")`."""
    return _judge


class Marked:
    """A submission that fails, and the part of it that is marked."""

    def __init__(self, judgement: Judgement, submission: str) -> None:
        (feedback,) = judgement.feedback
        assert judgement.verdict == "failed", feedback.message
        self.code = feedback.code
        self.message = feedback.message
        whole = feedback.start is None or feedback.end is None
        self.text = None if whole else submission[feedback.start : feedback.end]


@pytest.fixture
def fails() -> Callable[..., Marked]:
    """As `judge`, for a submission that fails: its feedback and the text that is marked."""

    def fails(sct: str, solution: str, submission: str, pre_exercise_code: str = "") -> Marked:
        return Marked(_judge(sct, solution, submission, pre_exercise_code), submission)

    return fails
