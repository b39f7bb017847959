"""The check that is derived from the solution, for an SCT that checks nothing.

The solution is taken statement by statement. What each should give is computed here, in the judge,
from the learner's own earlier values, so a mistake is told once, where it was made, and what only
follows from it is not counted again. Only results count: names that are only a step on the way may
be missing or called otherwise, and printed text is compared by its numbers and words.

A value that depends on the random state is compared by its kind and by how it is drawn. Where the
solution itself is suspect (it never reads a name that it made), both readings are accepted.
"""

from __future__ import annotations

import ast
import difflib
import re
from typing import Any

from blankcheck_runner.judge import (
    behaviour,
    datasets,
    definitions,
    effects,
    files,
    outputs,
    reasons,
    trained,
)
from blankcheck_runner.judge.equality import Difference, difference, unchecked
from blankcheck_runner.judge.located import located
from blankcheck_runner.judge.places import (
    assignment,
    called,
    counterpart,
    parts,
    pinpoint,
    same,
    span_of,
    swapped,
)
from blankcheck_runner.judge.replay import CannotTell, Replay
from blankcheck_runner.judge.statements import Program, Span, Unit, value_of
from blankcheck_runner.judge.task import Observed, Probe, Process, Task
from blankcheck_runner.observation import (
    ClassValue,
    FunctionValue,
    ImportedModule,
    ModuleValue,
    Opaque,
    OptimizerValue,
)
from blankcheck_runner.wire import Feedback

_GRADIENTS = re.compile(r"requires_grad|backward|\.grad\b|no_grad|detach")


def derive(task: Task, student: Process, reference: Process) -> tuple[Feedback, ...]:
    """What is wrong with the submission, the earliest cause first; empty if nothing is. What could
    not be checked, and notes for the author, are in it with severity `information`."""
    return Derivation(task, student, reference).run()


class Derivation:
    """One derived check under way: what the learner's names hold, and what was found so far."""

    def __init__(self, task: Task, student: Process, reference: Process) -> None:
        self.task = task
        self.student = student
        self.reference = reference
        self.solution = Program(task.solution)
        self.submission = Program(task.submission)
        self.replay = Replay(self.solution, reference)
        self.wrong: list[Feedback] = []
        self.notes: list[Feedback] = []
        self.modes: set[str] = set()
        """Names of whose train or eval mode something was told already."""
        self.proven: set[str] = set()
        """Classes of the submission whose objects do what the solution's do."""
        self.mistaken: set[str] = set()
        """Names of which a mistake was told."""
        self._gradients = _GRADIENTS.search(task.solution) is not None
        self._located = located(self.solution)
        self._private = {
            unit.node.name: behaviour.private(unit.node, self.solution)
            for unit in self.solution.units
            if isinstance(unit.node, ast.ClassDef)
        }
        self._seen: dict[tuple[int, str], Observed] = {}

    def run(self) -> tuple[Feedback, ...]:
        """The whole check."""
        self.solution.units = trained.spread(self)
        # All of the learner's names are looked at before their process is told any input.
        for name in sorted({name for unit in self.solution.units for name in unit.writes}):
            self.learner(name)
        self._given_names()
        for unit in self.solution.units:
            if not unit.imports:
                effects.check(self, unit)
                self._unit(unit)
        effects.gradients(self)
        files.check(self)
        outputs.Printing(self).check()
        wrong = sorted(self.wrong, key=lambda item: (item.start is None, item.start or 0))
        return (*wrong, *self.notes)

    def learner(self, name: str) -> Observed:
        """What a name holds in the learner's process."""
        return self._look(self.student, name)

    def teacher(self, name: str) -> Observed:
        """What a name holds after the solution."""
        return self._look(self.reference, name)

    def _look(self, process: Process, name: str) -> Observed:
        key = (id(process), name)
        if key not in self._seen:
            self._seen[key] = process.probe(Probe("", name))
        return self._seen[key]

    def apart(
        self,
        expected: Any,
        actual: Any,
        *,
        weights: bool = True,
        mode: bool = True,
        name: str | None = None,
    ) -> Difference | None:
        """How two values differ, as it matters here; `name`: the one that holds them."""
        if isinstance(expected, ModuleValue) and expected.type in self.proven:
            expected, actual = behaviour.flat(expected), behaviour.flat(actual)
        expected, actual = behaviour.visible(expected, actual, self._private)
        return difference(
            expected,
            actual,
            check_requires_grad=self._gradients,
            check_device=name in self._located,
            check_mode=mode,
            check_weights=weights,
        )

    # Names

    def _given_names(self) -> None:
        """Names that were given and that the solution only reads are left as they are."""
        made = {name for unit in self.solution.units for name in unit.writes}
        for name in sorted((self.solution.read - made) & self.student.names()):
            given, found = self.teacher(name), self.learner(name)
            if given.raised is not None or found.raised is not None:
                continue
            if isinstance(given.value, ImportedModule | FunctionValue | ClassValue):
                continue
            if self.apart(given.value, found.value) is not None:
                self.replay.own[name] = found.value
                phrase = "was given for this exercise and should stay as it was"
                self.tell(Difference("sct/value", phrase), name)

    def _unit(self, unit: Unit) -> None:
        """Compares the names that a statement is the last to write; one mistake is told of it."""

        def order(name: str) -> tuple[bool, int, str]:
            """Names that the learner's own statements make otherwise come first: what is wrong with
            the others may only follow from it."""
            first = self.solution.writers(name)[0].index
            return not parts(self.solution, self.submission, name), first, name

        told = False
        for name in sorted(unit.writes, key=order):
            writers = self.solution.writers(name)
            if writers[-1] is not unit:
                continue
            if all(name in one.loops for one in writers) and not self._read_after(name, unit):
                continue
            told = self._name(name, unit, quiet=told) or told

    def _read_after(self, name: str, unit: Unit) -> bool:
        return any(name in later.reads for later in self.solution.units[unit.index + 1 :])

    def _name(self, name: str, unit: Unit, *, quiet: bool) -> bool:
        """Compares a name; whether a mistake was told. Quietly: only notes what the learner has."""
        wanted, found = self.teacher(name), self.learner(name)
        if wanted.raised is not None or isinstance(wanted.value, ImportedModule):
            return False
        if found.raised is not None:
            return self._absent(name, unit)
        told = self.apart(wanted.value, found.value, name=name)
        if told is None:
            return self._unseen(name, unit, wanted.value)
        if self._follows(name, wanted.value, told) or self._changed_later(name, unit):
            return False
        self.replay.own[name] = found.value
        if quiet:
            return False
        expected = wanted.value
        if self.replay.tainted(unit, name):
            try:
                expected = self.replay.value(unit, name)
            except CannotTell:
                if not self.wrong:
                    self.not_checked(f"`{name}`", self.place(name))
                return False
            told = self.apart(expected, found.value, name=name)
        if told is None or reasons.does_the_same(self, name, unit, wanted.value, found.value):
            return False
        given = datasets.tried(
            wanted.value, found.value, self.solution, reasons.asking(self, name, unit)
        )
        if given.calls:
            del self.replay.own[name]
            return False
        told = given.told or told
        if reasons.suspected(
            self, unit, lambda text: reasons.reads_as(self, unit, name, text, found.value)
        ):
            return False
        told = reasons.by_chance(self, unit, name, expected, found.value, told)
        if told is not None:
            self.tell(told, name, unit)
        return told is not None

    def _follows(self, name: str, wanted: Any, told: Difference) -> bool:
        """Whether an optimizer only has other parameters because its module is another one."""
        made = self.solution.last_assignment(name)
        if not isinstance(wanted, OptimizerValue) or made is None or told.code != "sct/structure":
            return False
        return any(
            isinstance(self.teacher(read).value, ModuleValue)
            and self.apart(self.teacher(read).value, self.learner(read).value, weights=False)
            for read in made.reads
        )

    def _absent(self, name: str, unit: Unit) -> bool:
        """A name that the learner does not have: needed only if nothing is made from it."""
        if self.replay.tainted(unit, name):
            try:
                self.replay.own[name] = self.replay.value(unit, name)
            except CannotTell:
                self.replay.own[name] = Opaque("value")
        if self._read_after(name, unit) or name not in unit.assigns:
            return False
        expected = self.replay.own.get(name, self.teacher(name).value)
        taken = {made for one in self.solution.units for made in one.writes}
        made = sorted(self.student.names() - taken)
        holding = [
            other
            for other in made
            if self.learner(other).raised is None
            and self.apart(expected, self.learner(other).value) is None
        ]
        meant = holding or difflib.get_close_matches(name, made, 1, 0.75)
        message = f"`{name}` is not defined, and the exercise asks for it"
        span = self.after(unit)
        if meant:
            message += f"; did you mean it where you wrote `{meant[0]}`?"
            span = self.target(meant[0]) or span
        self.add("sct/missing", message if meant else f"{message}.", span, unit)
        return True

    def target(self, name: str) -> Span | None:
        """Where the learner's code assigns a name: the name itself."""
        own = self.submission.last_assignment(name)
        nodes = ast.walk(own.node) if own is not None else ()
        for node in nodes:
            if isinstance(node, ast.Name) and node.id == name:
                return self.submission.span(node)
        return None

    def _unseen(self, name: str, unit: Unit, value: Any) -> bool:
        """Looks into what comparing two equal values could not see; whether a mistake was told."""
        if unit.defines:
            return definitions.check(self, name, unit, value)
        if (noun := unchecked(value)) is not None and not self._read_after(name, unit):
            self.not_checked(f"`{name}` ({noun})", self.place(name))
        return False

    def _changed_later(self, name: str, unit: Unit) -> bool:
        """Whether a name that is only a step on the way was right when the learner's statement made
        it, and was changed in place after that: what was made from it is compared anyway."""
        own = self.submission.last_assignment(name)
        if own is None or not self._read_after(name, unit) or self.replay.tainted(unit, name):
            return False
        if unit is not self.solution.last_assignment(name):
            return False
        before = self.submission.slice_for(own.reads, own.index, frozenset())
        again = Probe(own.text, name, "\n".join(one.text for one in before))
        answer = self.student.probe(again)
        if answer.raised is not None:
            return False
        return self.apart(self.teacher(name).value, answer.value, name=name) is None

    # Telling

    def add(self, code: str, message: str, span: Span | None, missing: Unit | None = None) -> None:
        """Adds a mistake; `missing` is the solution's statement that the submission lacks."""
        message = message[:1].upper() + message[1:]
        start, end = span if span is not None else (None, None)
        first, last = (None, None) if missing is None else self.solution.span(missing.node)
        self.wrong.append(
            Feedback(code, message, start=start, end=end, expected_start=first, expected_end=last)
        )

    def tell(self, told: Difference, name: str, unit: Unit | None = None) -> None:
        """Tells how a name's value differs, at the learner's assignment of it."""
        if " mode" in told.phrase and name in self.modes:
            return
        self.mistaken.add(name)
        span = self._place_of(told, name)
        if unit is not None and self._operands_swapped(name, unit):
            phrase = told.phrase.partition(": the operands")[0] + ": the operands are swapped"
            told = Difference(told.code, phrase, told.path)
        missing = None
        if span is None and unit is not None:
            span, missing = self._changing(unit)
        self.add(told.code, told.about(f"`{name}`"), span, missing)

    def _changing(self, unit: Unit) -> tuple[Span, Unit | None]:
        """Where the submission changes, or fails to change, what a statement changes in place."""
        for own in reversed(self.submission.units):
            if getattr(own.node, "body", None) and type(own.node) is type(unit.node):
                return span_of(self.submission, pinpoint(unit.node, own.node)), None
        return self.after(unit), unit

    def _operands_swapped(self, name: str, unit: Unit) -> bool:
        own = self.submission.last_assignment(name)
        if own is None:
            return False
        wanted, found = value_of(unit.node, name), value_of(own.node, name)
        if wanted is None or found is None or not swapped(wanted, found):
            return False
        numbers = isinstance(found, ast.Call) and all(
            isinstance(item, ast.Constant) for item in found.args
        )
        return not numbers

    def not_checked(self, subject: str, span: Span | None) -> None:
        """Notes what could not be compared."""
        start, end = span if span is not None else (None, None)
        message = f"{subject} was not checked: it cannot be compared from here."
        self.notes.append(Feedback("sct/not-checked", message, "information", start=start, end=end))

    def _place_of(self, told: Difference, name: str) -> Span | None:
        layer = re.search(r"layer `(\w+)`", " ".join((*told.path[:1], told.phrase)))
        for own in reversed(self.submission.units):
            match own.node:
                case ast.Expr(value=ast.Call() as call) if " mode" in told.phrase:
                    if called(call) in (f"{name}.train", f"{name}.eval"):
                        return self.submission.span(call)
                case ast.Assign(targets=[target], value=value) if layer:
                    if ast.unparse(target) == f"{name}.{layer[1]}":
                        wanted = self._set_value(f"{name}.{layer[1]}")
                        part = target if wanted is None else pinpoint(wanted, value)
                        return self.submission.span(part)
                case _:
                    continue
        return self.place(name)

    def _set_value(self, target: str) -> ast.expr | None:
        """What the solution sets an attribute to."""
        for unit in reversed(self.solution.units):
            match unit.node:
                case ast.Assign(targets=[one], value=value) if ast.unparse(one) == target:
                    return value
                case _:
                    continue
        return None

    def place(self, name: str) -> Span | None:
        """The part of the learner's assignment of a name that is at fault, as far as is seen."""
        node = assignment(self.solution, self.submission, name)
        return None if node is None else span_of(self.submission, node)

    def cause(self, unit: Unit, own: Unit) -> Span | None:
        """Where a statement that is as the solution's, and still does not give what that gives, got
        it from: the one earlier statement that is another than the solution's."""
        if not same(unit.node, own.node):
            return None
        parted: list[Span] = []
        for earlier in self.solution.slice_for(unit.reads, unit.index, frozenset()):
            mine = counterpart(self.submission, earlier)
            if mine is None:
                match earlier.node:
                    case ast.Expr(value=ast.Call() as call) if (name := called(call)) is not None:
                        named = effects.uncalled(self, name)
                        parted += [] if named is None else [named]
                    case _:
                        continue
            elif not same(mine.node, earlier.node):
                parted.append(span_of(self.submission, pinpoint(earlier.node, mine.node)))
        return parted[0] if len(parted) == 1 else None

    def after(self, unit: Unit) -> Span:
        """The place where what a statement does is missing: the end of what comes before it."""
        for earlier in reversed(self.solution.units[: unit.index]):
            own = counterpart(self.submission, earlier)
            if own is not None:
                end = self.submission.span(own.node)[1]
                return end, end
        end = len(self.task.submission.rstrip()) if unit.index else 0
        return end, end
