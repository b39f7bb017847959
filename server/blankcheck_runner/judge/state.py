"""Where a chain of checks stands: the part of the submission, the same part of the solution."""

from __future__ import annotations

import ast
import dataclasses
import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blankcheck_runner.judge.names import Names
from blankcheck_runner.judge.task import Observed, Probe, Process, Task
from blankcheck_runner.positions import Positions
from blankcheck_runner.wire import Feedback

Span = tuple[int, int]


class Failed(Exception):
    """A check that the submission does not pass."""

    def __init__(
        self, feedback: Feedback, *, authored: bool = False, more: tuple[Feedback, ...] = ()
    ) -> None:
        super().__init__(feedback.message)
        self.feedback = feedback
        self.authored = authored
        """Whether the message is the author's own."""
        self.more = more
        """Mistakes that have nothing to do with the first, where the author asks for them."""


class SctError(Exception):
    """The SCT itself is at fault: what is wrong, and what to write instead."""

    line: int | None = None
    """The SCT's line, where it is known better than from the traceback."""


class Source:
    """A program's text with its tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.positions = Positions(text)
        self.error: SyntaxError | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.tree = ast.parse(text)
        except SyntaxError as error:
            self.tree, self.error = ast.Module([], []), error
        except (ValueError, RecursionError, MemoryError) as error:
            self.tree, self.error = ast.Module([], []), SyntaxError(str(error))

    def span(self, nodes: Sequence[ast.AST]) -> Span | None:
        """From the first node's start to the last one's end; null where no node has a place."""
        placed: list[Any] = [node for node in nodes if hasattr(node, "lineno")]
        if not placed:
            return None
        first, last = placed[0], placed[-1]
        decorators = getattr(first, "decorator_list", None) or [first]
        start = self.positions.offset(min(first.lineno, decorators[0].lineno), first.col_offset)
        return start, self.positions.offset(last.end_lineno, last.end_col_offset)


@functools.lru_cache(8)
def exercise_source(text: str) -> Source:
    """A part of the exercise, read once: a rehearsal reads it for all checks that follow."""
    return Source(text)


@functools.lru_cache(8)
def exercise_names(pre_exercise_code: str, solution: str) -> Names:
    """What names stand for in the exercise's code, likewise."""
    parts = (pre_exercise_code, solution)
    return Names(exercise_source(part).tree for part in parts)


@dataclass(frozen=True)
class Part:
    """A part of one program: what a check looks at on one side."""

    nodes: tuple[ast.AST, ...] = ()
    """Statements, or one expression."""
    code: str | None = None
    """What is evaluated, where that is not the nodes' own text."""
    parts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The parts below it, by their names: a `Part`, a tuple or a dict of them."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Plain facts for `has_equal_part`."""
    names: tuple[str, ...] = ()
    """The names that `set_context` gives values to: a loop's variables, a function's parameters."""
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    """Code for those of these names that have a default."""
    bindings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Names that are bound before anything is evaluated here."""
    setup: str = ""
    """Statements that run before anything is evaluated here."""
    headers: tuple[str, ...] = ()
    """`with` lines that what is evaluated here runs under."""
    span: Span | None = None
    """Where to point; null: where the part above it is."""
    text: str | None = None
    """The text that `has_code` searches; null: that of the nodes."""

    def below(self, part: Part) -> Part:
        """A part below this one, in the same surroundings."""
        return dataclasses.replace(
            part,
            bindings={**self.bindings, **part.bindings},
            setup=self.setup + part.setup,
            headers=self.headers + part.headers,
            defaults={**self.defaults, **part.defaults},
            span=part.span or self.span,
        )


class Session:
    """What one evaluation of an SCT knows and remembers."""

    def __init__(self, task: Task, student: Process, reference: Process) -> None:
        self.task = task
        self.submission = Source(task.submission)
        self.solution = exercise_source(task.solution)
        self.pre_exercise_code = exercise_source(task.pre_exercise_code)
        self.processes = {"student": student, "reference": reference}
        self.lasting = {"student": "", "reference": ""}
        """Code whose effect lasts (`copy=False`): it runs again before each later probe."""
        self._answers: dict[tuple[str | None, ...], Observed] = {}
        self.names: dict[str, Names] = {}
        """What names stand for, on each side; see `calls.names_of`."""
        self.converters: dict[str, Callable[[Any], Any]] = {}
        self.success = ""
        self.notes: list[Feedback] = []
        """What is told beside the verdict: what was not checked, and notes for the author."""
        self.errors_allowed = False
        self.checked = False
        """Whether anything was checked at all."""
        self.current: list[State] = []
        """The states for which words without a chain are run, innermost last."""

    def root(self) -> State:
        """The state at the start of a chain."""
        return State(
            self,
            Part((*self.submission.tree.body,), text=self.task.submission),
            Part((*self.solution.tree.body,), text=self.task.solution),
        )

    def owns(self, node: ast.AST) -> bool:
        """Whether a node is one of the solution's, and not of code that an SCT has in its place."""
        return any(node is each for each in ast.walk(self.solution.tree))

    def ask(self, side: str, probe: Probe) -> Observed:
        """A process's answer; the same question is asked once."""
        if self.lasting[side]:
            probe = dataclasses.replace(probe, setup=self.lasting[side] + probe.setup)
        key = (side, probe.code, probe.name, probe.setup)
        if probe.bindings:
            return self.processes[side].probe(probe)
        if key not in self._answers:
            self._answers[key] = self.processes[side].probe(probe)
        return self._answers[key]


@dataclass(frozen=True)
class State:
    """A place in a chain of checks."""

    session: Session
    student: Part
    solution: Part
    where: tuple[str, ...] = ()
    """The way here in words, outermost first: `the body of the for loop`."""
    highlighting: bool = True
    lead: str | None = None
    """What the author wants in front of messages (`expand_msg`); null: our own `In …:`."""

    def to(self, student: Part, solution: Part, where: str = "", lead: str | None = None) -> State:
        """A state below this one."""
        return dataclasses.replace(
            self,
            student=self.student.below(student),
            solution=self.solution.below(solution),
            where=(*self.where, where) if where else self.where,
            lead=self.lead if lead is None else lead,
        )

    def side(self, side: str) -> Part:
        """The part on the side `student` or `reference`."""
        return self.student if side == "student" else self.solution

    def span(self) -> Span | None:
        """Where in the submission this state is."""
        return self.student.span

    def fail(
        self,
        code: str,
        own: str,
        message: str | None = None,
        *,
        span: Span | None = None,
        values: Mapping[str, Any] | None = None,
        located: bool = True,
        missing: ast.AST | None = None,
    ) -> Failed:
        """The failure to raise: the author's `message` where there is one, else our `own`, which
        says where in the code it speaks of (unless it already does: `located=False`). `missing` is
        what the solution has, and the submission has not."""
        from blankcheck_runner.judge.messages import author_text

        start, end = (span or self.span() or (None, None)) if self.highlighting else (None, None)
        wanted = None
        if self.highlighting and missing is not None and self.session.owns(missing):
            wanted = self.session.solution.span((missing,))
        first, last = wanted or (None, None)
        if message:
            own = author_text(message, values or {})
        if self.lead is not None:
            own = f"{author_text(self.lead, values or {})} {own}".strip()
        elif located and self.where and not message:
            own = f"In {self.where[-1]}: {own[:1].lower() if _plain(own) else own[:1]}{own[1:]}"
        feedback = Feedback(
            code, own, start=start, end=end, expected_start=first, expected_end=last
        )
        return Failed(feedback, authored=bool(message))


def _plain(sentence: str) -> bool:
    """Whether a sentence starts with an ordinary word, so that it can follow a colon."""
    return sentence[:1].isalpha() and not sentence[1:2].isupper()
