"""What a misconception may be told from: both texts side by side, and values, where a process
can be asked for them.

After a crash there is no process to ask; then there are the texts and the crash's testimony.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from blankcheck_runner.explain.context import Context
from blankcheck_runner.judge.equality import Difference, difference
from blankcheck_runner.judge.misconceptions.trees import (
    assigned,
    flat,
    header,
    paired,
    plain,
    replaced,
)
from blankcheck_runner.judge.names import Names
from blankcheck_runner.judge.state import Source, Span
from blankcheck_runner.judge.task import Observed, Probe, Process
from blankcheck_runner.testimony import Crash
from blankcheck_runner.wire import Feedback

_LOOKED_UP = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
MAX_PROBES = 60
MAX_STATEMENTS = 300


@dataclass(frozen=True)
class Told:
    """A misconception that was found."""

    code: str
    """Without the `torch/` in front."""
    message: str
    at: ast.AST | Span | None = None
    """What to mark in the submission; null where something is missing there."""
    missing: ast.AST | None = None
    """What is missing: the solution's statement."""
    certain: bool = False
    """Whether it is the cause even where it stands behind the place that was found at fault."""


@dataclass(frozen=True)
class Texts:
    """The program texts of an exercise and a submission to it."""

    submission: str
    solution: str
    pre_exercise_code: str


class Evidence:
    """One failed submission."""

    def __init__(
        self,
        texts: Texts,
        feedback: Feedback,
        *,
        student: Process | None = None,
        reference: Process | None = None,
        crash: Crash | None = None,
    ) -> None:
        self.feedback = feedback
        self.submission = Source(texts.submission)
        self.solution = Source(texts.solution)
        self.given = Source(texts.pre_exercise_code)
        self.names = Names((self.given.tree, self.submission.tree))
        self.solution_names = Names((self.given.tree, self.solution.tree))
        self.crash = crash
        self._student = student
        self._reference = reference
        self._probes = MAX_PROBES
        self._answers: dict[tuple[bool, str], Observed] = {}

    # Statements

    @cached_property
    def own(self) -> list[ast.stmt]:
        """The submission's statements, those in blocks as well, in order."""
        return list(flat(self.submission.tree.body))[:MAX_STATEMENTS]

    @cached_property
    def theirs(self) -> list[ast.stmt]:
        """The solution's statements."""
        return list(flat(self.solution.tree.body))[:MAX_STATEMENTS]

    @cached_property
    def pairs(self) -> list[tuple[ast.stmt | None, ast.stmt | None]]:
        """The solution's statements beside what they are in the submission, in no order; null where
        a statement has none of the other side."""
        return paired(
            self.theirs,
            self.own,
            [self.code(node, self.solution_names) for node in self.theirs],
            [self.code(node, self.names) for node in self.own],
        )

    @cached_property
    def suspects(self) -> list[ast.stmt]:
        """The submission's statements that are not the solution's, up to the place at fault."""
        known = {self.code(node, self.solution_names) for node in self.theirs}
        return [
            node
            for node in self.own
            if self.reaches(node) and self.code(node, self.names) not in known
        ]

    def partner(self, own: ast.stmt) -> ast.stmt | None:
        """The solution's statement for one of the submission's."""
        return next((one for one, other in self.pairs if other is own), None)

    def counterpart(self, statement: ast.stmt) -> ast.stmt | None:
        """The submission's statement for one of the solution's."""
        return next((other for one, other in self.pairs if one is statement), None)

    def reaches(self, node: ast.AST) -> bool:
        """Whether a node stands at the place at fault or before it, so that it may be the cause."""
        span = self.submission.span((node,))
        return span is None or self.within_reach(span[0])

    @property
    def size(self) -> int:
        """The length of the submission."""
        return len(self.submission.text)

    def within_reach(self, start: int) -> bool:
        """Whether a place in the submission is not behind the statement at fault."""
        return self._last is None or self._top(start) <= self._last

    @cached_property
    def _last(self) -> int | None:
        """The number of the top-level statement at fault; null where no place is known."""
        places = [] if self.feedback.start is None else [self.feedback.start]
        if self.crash is not None:
            places += [frame.start for frame in self.crash.frames[:1]]
        for theirs, own in self.pairs if self.feedback.expected_start is not None else ():
            if theirs is not None and own is not None and self._is_expected(theirs):
                places.append(self.submission.positions.offset(own.lineno, own.col_offset))
        return max(map(self._top, places), default=None)

    def _is_expected(self, theirs: ast.stmt) -> bool:
        start = self.solution.positions.offset(theirs.lineno, theirs.col_offset)
        return start == self.feedback.expected_start

    def _top(self, place: int) -> int:
        """How many of the top-level statements begin at a place or before it."""
        return bisect_right(self._starts, place)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the submission's top-level statements begin, in their order."""
        spans = [self.submission.span((node,)) for node in self.submission.tree.body]
        return [span[0] for span in spans if span is not None]

    def same_statement(self, one: int, other: int) -> bool:
        """Whether two places are in one statement of the submission."""
        return self._statement_at(one) is self._statement_at(other)

    def _statement_at(self, place: int) -> ast.stmt | None:
        held = None
        for node in self.own:
            span = self.submission.span((node,))
            if span is not None and span[0] <= place <= span[1]:
                held = node
        return held

    def before(self, missing: ast.AST) -> int | None:
        """The end of what stands before something that is missing: the last of the submission's
        statements that is the counterpart of one before it in the solution."""
        at = getattr(missing, "lineno", 0)
        last = None
        for theirs, own in self.pairs:
            if theirs is None or own is None or theirs.lineno >= at:
                continue
            end = self.mark(own)
            last = end[1] if end is not None and (last is None or end[1] > last) else last
        return last

    def mark(self, node: ast.AST) -> Span | None:
        """The range of a node; of a statement with a block, only of its first line."""
        span = self.submission.span((node,))
        if span is None or header(node) is node:
            return span
        end = self.submission.text.find("\n", span[0])
        return span[0], min(span[1], end if end >= 0 else span[1])

    def would_be(self, held: ast.expr, result: ast.expr) -> bool:
        """Whether `held` would be what is expected, were it what `result` gives."""
        wanted = self.value(held, expected=True)
        own, better = self.value(held), self.value(result)
        if wanted is None or own is None or better is None:
            return False
        return _equal(wanted, better) and not _equal(wanted, own)

    def at_top(self, node: ast.stmt) -> bool:
        """Whether a statement is run once: in no loop and no definition."""
        return node in self.submission.tree.body or any(
            node in held.body for held in self.submission.tree.body if isinstance(held, ast.With)
        )

    def code(self, node: ast.AST, names: Names | None = None) -> str:
        """A statement or expression of the submission in plain form."""
        return plain(node, names or self.names)

    # Values

    @property
    def judged(self) -> bool:
        """Whether there are processes to ask."""
        return self._student is not None and self._reference is not None

    def value(self, code: str | ast.AST, *, expected: bool = False) -> Observed | None:
        """What code gives for the learner, or (`expected`) a name or its attribute for the
        solution; null where nothing can be asked or it raises.

        Nothing else, as the solution's process is the judge's: a submission's code never runs
        there."""
        text = code if isinstance(code, str) else ast.unparse(code)
        if expected and not _LOOKED_UP.fullmatch(text):
            return None
        return self._value(text, expected=expected)

    def _value(self, text: str, *, expected: bool) -> Observed | None:
        process = self._reference if expected else self._student
        key = expected, text
        if process is None:
            return None
        if key not in self._answers:
            if self._probes <= 0:
                return None
            self._probes -= 1
            self._answers[key] = process.probe(Probe(text, seconds=2.0))
        answer = self._answers[key]
        return answer if answer.raised is None else None

    def shape(self, node: ast.AST) -> tuple[int, ...] | None:
        """The shape of the learner's tensor that stands there."""
        if self.crash is not None:
            known = self.context.value(node)
            return known.shape if known is not None else None
        answer = self.value(node)
        shape = None if answer is None else getattr(answer.value, "shape", None)
        return None if shape is None else tuple(shape)

    @cached_property
    def context(self) -> Context:
        """The crash in its text."""
        assert self.crash is not None
        return Context(self.crash, self.submission.text)

    def result(self, statement: ast.stmt) -> ast.expr | None:
        """What a statement computes: the value that it assigns, or that it prints."""
        match statement:
            case ast.Assign(targets=[ast.Name()], value=value):
                return value
            case ast.Assign(targets=[ast.Attribute()], value=value):
                return value
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[value])):
                return value
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                return value
            case _:
                return None

    def expected(self, statement: ast.stmt) -> Observed | None:
        """The value that a statement of the submission should have."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                if self._assigned_once(name):
                    return self.value(name, expected=True)
            case _:
                pass
        partner = self.partner(statement)
        wanted = None if partner is None else self.result(partner)
        # The solution's own, so that it may be anything.
        return None if wanted is None else self._value(ast.unparse(wanted), expected=True)

    def _assigned_once(self, name: str) -> bool:
        for program in (self.own, self.theirs):
            if sum(name in assigned(node) for node in program) != 1:
                return False
        return True

    def told(self, statement: ast.stmt) -> Difference | None:
        """How the value of a statement differs from what is expected; null where that is not
        known."""
        found = self.result(statement)
        wanted = self.expected(statement)
        actual = None if found is None or not self.at_top(statement) else self.value(found)
        if wanted is None or actual is None:
            return None
        return difference(wanted.value, actual.value, check_mode=True)

    def mends(self, statement: ast.stmt, node: ast.AST, new: ast.expr) -> bool:
        """Whether a statement is right once `node` in it is replaced: then it gives the expected
        value, or is the solution's own, and gave another one before."""
        mended = replaced(statement, node, new)
        result = self.result(mended)
        own = self.result(statement)
        if self.judged and self.at_top(statement) and result is not None and own is not None:
            wanted, better = self.expected(statement), self.value(result)
            if wanted is not None and better is not None:
                before = self.value(own)
                return _equal(wanted, better) and (before is None or not _equal(wanted, before))
        text = self.code(mended, self.names)
        return any(text == self.code(other, self.solution_names) for other in self.theirs)

    # Texts

    def text(self, node: ast.AST, most: int = 40) -> str:
        """The code of a node, in back quotes; the empty text where it is too long to read."""
        span = self.submission.span((node,))
        code = " ".join(self.submission.text[slice(*span)].split()) if span else ast.unparse(node)
        return f"`{code}`" if len(code) <= most else ""

    def line(self, node: ast.AST) -> int:
        """The line, from 1, that a node of the submission starts on."""
        return getattr(node, "lineno", 1)

    def made(self, target: str, *, solution: bool = False) -> ast.expr | None:
        """What a name, or `self.name`, was last given in a program or in what was given before."""
        program = self.theirs if solution else self.own
        for statement in reversed([*flat(self.given.tree.body), *program]):
            if isinstance(statement, ast.Assign) and any(
                ast.unparse(each) == target for each in statement.targets
            ):
                return statement.value
        return None


def _equal(wanted: Observed, found: Observed) -> bool:
    return difference(wanted.value, found.value, check_mode=True) is None
