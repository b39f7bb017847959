"""What the judge gets and what it gives: the seam between the judge and the processes around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from blankcheck_runner.wire import Feedback


@dataclass(frozen=True)
class Printed:
    """What one top-level statement wrote to standard output, in order of time."""

    text: str
    line: int | None
    """The statement's first line in its code, from 1; null where it is not known."""


@dataclass(frozen=True)
class Task:
    """One submission to be judged. Source texts as they are; all positions are into them."""

    sct: str
    solution: str
    submission: str
    pre_exercise_code: str
    submission_prints: tuple[Printed, ...] = ()
    solution_prints: tuple[Printed, ...] = ()

    @property
    def submission_output(self) -> str:
        """All that the submission wrote to standard output."""
        return "".join(printed.text for printed in self.submission_prints)

    @property
    def solution_output(self) -> str:
        """All that the solution wrote to standard output."""
        return "".join(printed.text for printed in self.solution_prints)


@dataclass(frozen=True)
class Raised:
    """An expression that raised when it was evaluated."""

    type: str
    message: str


class Process(Protocol):
    """A process whose code has run and that can still be asked for values."""

    def names(self) -> frozenset[str]:
        """The global names that it has now and did not have before its code ran, plus those that
        were assigned anew."""
        ...

    def evaluate(self, expression: str) -> Any | Raised:
        """The value of an expression in its global namespace, rebuilt from an observation.

        The learner's process is only ever asked for expressions that stand in the submission,
        or that the SCT names for it; never for the solution's text.
        """
        ...


@dataclass(frozen=True)
class Judgement:
    """The judge's answer."""

    verdict: Literal["passed", "failed", "broken"]
    feedback: tuple[Feedback, ...] = ()
    """For `passed`: the success message, if there is one, with severity `information` and code
    `sct/success`. For `broken`: what is wrong with the SCT, `part="sct"`."""


class Judge(Protocol):
    """`blankcheck_runner.judge.engine.judge` has this form."""

    def __call__(self, task: Task, student: Process, reference: Process) -> Judgement:
        """Evaluates the task's SCT; never raises for what an SCT or a submission does."""
        ...
