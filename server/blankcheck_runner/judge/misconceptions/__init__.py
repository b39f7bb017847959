"""What people who learn PyTorch often take for something else: told where the evidence is there.

Asked only about a submission that failed, so a right one never hears of it. Each rule looks at the
texts and, where there are processes to ask, tries whether the learner's own statement gives what is
expected once the one mistake is mended; the rule that finds the earliest cause speaks. An author's
own message stays: then only code and range are made more exact, and only where both speak of the
same statement.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from blankcheck_runner.judge.misconceptions import (
    activations,
    dimensions,
    modes,
    operands,
    shapes,
    training,
)
from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Texts,
    Told,
)
from blankcheck_runner.judge.state import Span
from blankcheck_runner.judge.task import Process, Task
from blankcheck_runner.testimony import Crash
from blankcheck_runner.wire import Feedback

__all__ = ["RULES", "Texts", "explain_crash", "explain_failure"]

RULES: tuple[Callable[[Evidence], Told | None], ...] = (
    *modes.RULES,
    *training.RULES,
    *shapes.RULES,
    *activations.RULES,
    *dimensions.RULES,
    *operands.RULES,
)
"""Where two tell of the same place, the one that comes first speaks."""
MAX_STATEMENTS = 1_000
MAX_CHARACTERS = 50_000
"""What is longer than that was not written as an answer, and would take long to look at."""


def explain_failure(
    task: Task, student: Process, reference: Process, feedback: Feedback, *, authored: bool = False
) -> Feedback:
    """The feedback of a failed check, or what is known better. `authored`: its message is the
    author's own. Never raises."""
    texts = Texts(task.submission, task.solution, task.pre_exercise_code)
    if len(texts.submission) > MAX_CHARACTERS:
        return feedback
    try:
        evidence = Evidence(texts, feedback, student=student, reference=reference)
        return _explained(evidence, feedback, authored)
    except Exception:
        # Submissions may be built in any way; what was found without us is still right.
        return feedback


def explain_crash(texts: Texts, crash: Crash, feedback: Feedback) -> Feedback:
    """The explanation of a crash, or what is known better. Pure; never raises."""
    if len(texts.submission) > MAX_CHARACTERS:
        return feedback
    try:
        evidence = Evidence(texts, feedback, crash=crash)
        return _explained(evidence, feedback, False)
    except Exception:
        return feedback


def _explained(evidence: Evidence, feedback: Feedback, authored: bool) -> Feedback:
    if evidence.submission.error is not None or evidence.solution.error is not None:
        return feedback
    if len(evidence.submission.tree.body) > MAX_STATEMENTS:
        return feedback
    found: list[tuple[int, Feedback]] = []
    for rule in RULES:
        told = rule(evidence)
        if told is not None:
            made = _feedback(evidence, told)
            if made.start is None or evidence.within_reach(made.start) or told.certain:
                found.append((evidence.size if made.start is None else made.start, made))
    if not found:
        return feedback
    best = min(found, key=lambda item: item[0])[1]
    if not authored:
        return best
    placed = feedback.start is not None and best.start is not None
    if placed and not evidence.same_statement(feedback.start or 0, best.start or 0):
        return feedback
    return replace(best, message=feedback.message)


def _feedback(evidence: Evidence, told: Told) -> Feedback:
    span: Span | None = evidence.mark(told.at) if isinstance(told.at, ast.AST) else told.at
    start, end = span if span is not None else (None, None)
    first = last = None
    if told.missing is not None and span is None:
        first, last = evidence.solution.span((told.missing,)) or (None, None)
        start = end = evidence.before(told.missing)
    return Feedback(
        f"torch/{told.code}",
        told.message,
        start=start,
        end=end,
        expected_start=first,
        expected_end=last,
    )
