"""What the judge gets and what it gives: the seam between the judge and the processes around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from blankcheck_runner.wire import Feedback


@dataclass(frozen=True)
class Printed:
    """What one top-level statement wrote to standard output, in order of time."""

    text: str
    line: int | None
    """The statement's first line in its code, from 1; null where it is not known."""


@dataclass(frozen=True)
class Raised:
    """An exception, as testimony."""

    type: str
    """The class's name, such as `ValueError`."""
    message: str


@dataclass(frozen=True)
class Task:
    """One submission to be judged. Source texts as they are; all positions are into them."""

    sct: str
    solution: str
    submission: str
    pre_exercise_code: str
    submission_prints: tuple[Printed, ...] = ()
    solution_prints: tuple[Printed, ...] = ()
    submission_raised: Raised | None = None
    """Set only where the SCT allows errors: else a submission that raised is never judged."""

    @property
    def submission_output(self) -> str:
        """All that the submission wrote to standard output."""
        return "".join(printed.text for printed in self.submission_prints)

    @property
    def solution_output(self) -> str:
        """All that the solution wrote to standard output."""
        return "".join(printed.text for printed in self.solution_prints)


def task_from_json(data: Mapping[str, Any]) -> Task:
    """The task that `asdict` wrote."""
    raised = data["submission_raised"]
    fields: dict[str, Any] = {
        **data,
        "submission_prints": tuple(Printed(**item) for item in data["submission_prints"]),
        "solution_prints": tuple(Printed(**item) for item in data["solution_prints"]),
        "submission_raised": None if raised is None else Raised(**raised),
    }
    return Task(**fields)


@dataclass(frozen=True)
class Probe:
    """A question to a process: run this as if in a copy of your namespace, and say what came."""

    code: str
    """An expression or statements. For the learner's process: taken from the submission's own
    source, or named by the SCT for it; never the solution's text."""
    name: str | None = None
    """The value wanted is this name's after the code has run; null: the value of `code`, whose
    last statement is then an expression (otherwise the value is null)."""
    setup: str = ""
    """Statements that run first; what they print does not count."""
    bindings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Names bound before `setup`, with plain values that `observation.observe` can carry."""
    seconds: float = 5.0


@dataclass(frozen=True)
class Observed:
    """The answer to a probe."""

    value: Any = None
    """As `observation.rebuild` gives it: a plain value, a tensor, or a stand-in (`Opaque`)."""
    output: str = ""
    raised: Raised | None = None


class Process(Protocol):
    """A process whose code has run and that can still be asked for values."""

    def names(self) -> frozenset[str]:
        """The global names that its code made or assigned anew, beyond the pre-exercise code's."""
        ...

    def probe(self, probe: Probe) -> Observed:
        """Answers a probe. What the probed code changes is not seen by later probes, as far as the
        system can fork. Never raises for what the probed code does."""
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
