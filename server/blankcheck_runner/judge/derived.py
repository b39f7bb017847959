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
from collections.abc import Callable, Mapping
from typing import Any, cast

from blankcheck_runner.judge import chance, printed
from blankcheck_runner.judge.equality import Difference, difference, unchecked
from blankcheck_runner.judge.pinpoint import pinpoint, swapped
from blankcheck_runner.judge.statements import Program, Span, Unit, value_of
from blankcheck_runner.judge.task import Observed, Probe, Process, Task
from blankcheck_runner.observation import (
    ClassValue,
    FunctionValue,
    ImportedModule,
    InstanceValue,
    ModuleValue,
    Opaque,
)
from blankcheck_runner.observation.revival import REVIVING, revivable
from blankcheck_runner.wire import Feedback

_MOST = 3
"""Mistakes told at once."""
_GRADIENTS = re.compile(r"requires_grad|backward|\.grad\b|no_grad|detach")


def derive(task: Task, student: Process, reference: Process) -> tuple[Feedback, ...]:
    """What is wrong with the submission, the earliest cause first; empty if nothing is. What could
    not be checked, and notes for the author, are in it with severity `information`."""
    return Derivation(task, student, reference).run()


class CannotTell(Exception):
    """A statement that cannot be computed again from the learner's values."""


class Derivation:
    """One derived check under way: what the learner's names hold, and what was found so far."""

    def __init__(self, task: Task, student: Process, reference: Process) -> None:
        self.task = task
        self.student = student
        self.reference = reference
        self.solution = Program(task.solution)
        self.submission = Program(task.submission)
        self.own: dict[str, Any] = {}
        """The learner's values of names, where they are not the reference's."""
        self.wrong: list[tuple[int, Feedback]] = []
        self.notes: list[Feedback] = []
        self.gradients = _GRADIENTS.search(task.solution) is not None
        self._seen: dict[tuple[int, str], Observed] = {}

    def run(self) -> tuple[Feedback, ...]:
        """The whole check."""
        self._given_names()
        for unit in self.solution.units:
            if not unit.imports:
                self._unit(unit)
        Printing(self).check()
        wrong = [item for _, item in sorted(self.wrong, key=lambda pair: pair[0])]
        return (*wrong[:_MOST], *self.notes)

    # What is known of names

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

    def apart(self, expected: Any, actual: Any, *, weights: bool = True) -> Difference | None:
        """How two values differ, as it matters here."""
        return difference(
            expected,
            actual,
            check_requires_grad=self.gradients,
            check_mode=True,
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
            if self.apart(given.value, found.value) is None:
                continue
            self.own[name] = found.value
            self.tell(
                -1,
                Difference("sct/value", "was given for this exercise and should stay as it was"),
                name,
            )

    def _unit(self, unit: Unit) -> None:
        """Compares the names that a statement is the last to write."""
        self._effects(unit)
        for name in (*unit.assigns, *sorted((unit.loops | unit.changes) - set(unit.assigns))):
            writers = self.solution.writers(name)
            if writers[-1] is not unit:
                continue
            if all(name in writer.loops for writer in writers) and not self._read_after(name, unit):
                continue
            self._name(name, unit)

    def _read_after(self, name: str, unit: Unit) -> bool:
        return any(name in later.reads for later in self.solution.units[unit.index + 1 :])

    def _name(self, name: str, unit: Unit) -> None:
        wanted, found = self.teacher(name), self.learner(name)
        if wanted.raised is not None or isinstance(wanted.value, ImportedModule):
            return
        if found.raised is not None:
            self._absent(name, unit)
            return
        told = self.apart(wanted.value, found.value)
        if told is None:
            self._unseen(name, unit, wanted.value)
            return
        self.own[name] = found.value
        expected = wanted.value
        if self.tainted(unit, name):
            try:
                expected = self.value(unit, name)
            except CannotTell:
                if not self.wrong:
                    self.not_checked(f"`{name}`", self.place(name))
                return
            told = self.apart(expected, found.value)
            if told is None:
                return
        if self._behaves(name, unit, wanted.value, found.value):
            del self.own[name]
            return
        if self.suspected(unit, name, lambda text: self._reads_as(unit, name, text, found.value)):
            return
        told = self._chance(unit, name, expected, found.value, told)
        if told is not None:
            self.tell(unit.index, told, name, unit)

    def _absent(self, name: str, unit: Unit) -> None:
        """A name that the learner does not have: needed only if nothing is made from it."""
        if self.tainted(unit, name):
            try:
                self.own[name] = self.value(unit, name)
            except CannotTell:
                self.own[name] = Opaque("value")
        if self._read_after(name, unit) or name not in unit.assigns:
            return
        expected = self.own.get(name, self.teacher(name).value)
        taken = {made for one in self.solution.units for made in one.writes}
        made = sorted(self.student.names() - taken)
        phrase = "is not defined: the exercise asks for it"
        same = [
            other
            for other in made
            if self.learner(other).raised is None
            and self.apart(expected, self.learner(other).value) is None
        ]
        near = difflib.get_close_matches(name, made, 1, 0.75)
        if same or near:
            phrase += f"; did you mean it where you wrote `{(same or near)[0]}`?"
        span = self.after(unit)
        if same or near:
            span = self.place((same or near)[0])
        self.add(unit.index, "sct/missing", f"`{name}` {phrase}.".replace("?.", "?"), span)

    def _unseen(self, name: str, unit: Unit, value: Any) -> None:
        """Notes what comparing two equal values could not see."""
        if unit.defines:
            if not self._read_after(name, unit) and not self._same_text(name, unit):
                noun = "class" if isinstance(value, ClassValue) else "function"
                self.not_checked(f"What the {noun} `{name}` does", self.place(name))
        elif (noun := unchecked(value)) is not None:
            self.not_checked(f"`{name}` ({noun})", self.place(name))

    def _same_text(self, name: str, unit: Unit) -> bool:
        own = self.submission.last_assignment(name)
        return own is not None and ast.dump(own.node) == ast.dump(unit.node)

    # Computing from the learner's values

    def _known(self, before: int) -> Callable[[str], bool]:
        """Whether a name's value at a statement is the one that it holds at the end."""

        def known(name: str) -> bool:
            writers = self.solution.writers(name)
            return not writers or writers[-1].index < before

        return known

    def _needed(self, unit: Unit, reads: frozenset[str]) -> tuple[list[Unit], frozenset[str]]:
        """The earlier statements that are run again for one, and the names that are bound."""
        known = self._known(unit.index)
        names = {name for one in self.solution.units for name in one.reads} | reads
        fixed = frozenset(filter(known, names))
        again = self.solution.slice_for(reads, unit.index, fixed)
        used = reads.union(*(one.reads for one in again))
        for name in used - fixed:
            if not any(name in one.assigns or name in one.loops for one in again):
                # It was given, and later statements have changed it: its old state is gone.
                writers = self.solution.writers(name, unit.index)
                if name not in unit.assigns or writers:
                    raise CannotTell
        return again, used & fixed

    def tainted(self, unit: Unit, name: str | None = None) -> bool:
        """Whether a statement's result rests on a learner's value that is not the reference's."""
        try:
            _, used = self._needed(unit, unit.reads)
        except CannotTell:
            return any(read in self.own for read in unit.reads if read != name)
        return any(read in self.own for read in used)

    def again(self, unit: Unit, text: str, reads: frozenset[str]) -> tuple[str, dict[str, Any]]:
        """The setup and the bindings with which `text` runs in the place of a statement."""
        statements, used = self._needed(unit, reads)
        bindings = {name: self.own[name] for name in sorted(used & self.own.keys())}
        if not all(map(revivable, bindings.values())):
            raise CannotTell
        setup = [REVIVING.format(name=name) for name in bindings]
        setup += [one.text for one in statements]
        return "\n".join(setup), bindings

    def value(self, unit: Unit, name: str, text: str | None = None) -> Any:
        """What a name holds after a statement, computed from the learner's values."""
        reads, code = self._as_read(unit, text)
        setup, bindings = self.again(unit, code, reads)
        answer = self.reference.probe(Probe(code, name, setup, bindings))
        if answer.raised is not None:
            raise CannotTell
        return answer.value

    def output(self, unit: Unit, text: str | None = None) -> str:
        """What a statement prints, computed from the learner's values."""
        reads, code = self._as_read(unit, text)
        setup, bindings = self.again(unit, code, reads)
        answer = self.reference.probe(Probe(code + "\nNone", None, setup, bindings))
        if answer.raised is not None:
            raise CannotTell
        return answer.output

    def _as_read(self, unit: Unit, text: str | None) -> tuple[frozenset[str], str]:
        if text is None:
            return unit.reads, unit.text
        return Program(text).read, text

    # Why a value may differ and still be right

    def _behaves(self, name: str, unit: Unit, wanted: Any, found: Any) -> bool:
        """Whether something that is called does on like inputs what the solution's does."""
        callables = (ModuleValue, FunctionValue, ClassValue, InstanceValue, Opaque)
        if not isinstance(wanted, callables) or not isinstance(found, callables):
            return False
        calls = [
            (later, call)
            for later in self.solution.units[unit.index + 1 :]
            for call in ast.walk(later.node)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == name
        ]
        tried = 0
        for later, call in calls[:4]:
            if call.keywords or not call.args:
                continue
            inputs = [self._like(argument, later) for argument in call.args]
            if any(value is None for value in inputs):
                continue
            bindings = {f"__input_{place}": value for place, value in enumerate(inputs)}
            code = f"{name}({', '.join(bindings)})"
            one, other = (
                process.probe(Probe(code, None, chance.seeding(chance.SEEDS[0]), bindings))
                for process in (self.reference, self.student)
            )
            if one.raised is not None or other.raised is not None:
                return False
            if self.apart(one.value, other.value) is not None:
                return False
            tried += 1
        return tried > 0

    def _like(self, argument: ast.expr, unit: Unit) -> Any:
        """A value like the one that an argument has, but another; null where there is none."""
        text = ast.unparse(argument)
        answer = self.reference.probe(Probe(text, None))
        if answer.raised is not None:
            return None
        kind = cast("type[Any]", type(answer.value))
        if kind.__module__.startswith("torch") and kind.__name__ in ("Tensor", "Parameter"):
            if not answer.value.is_floating_point():
                return answer.value
            code = f"__import__('torch').randn_like({text}) * 2"
            drawn = self.reference.probe(Probe(code, None, chance.seeding(chance.SEEDS[1])))
            return None if drawn.raised is not None else drawn.value
        return answer.value if revivable(answer.value) else None

    def _reads_as(self, unit: Unit, name: str, text: str, found: Any) -> bool:
        try:
            return self.apart(self.value(unit, name, text), found) is None
        except CannotTell:
            return False

    def suspected(self, unit: Unit, name: str | None, agrees: Callable[[str], bool]) -> bool:
        """Whether a statement of the learner's is right if the solution's is taken to read a name
        that the solution makes and then forgets."""
        for read, forgotten in suspects(self.solution, unit):
            if self.learner(forgotten).raised is not None:
                continue
            tree = ast.parse(unit.text)
            text = ast.unparse(_Rename(read, forgotten).visit(tree))
            if agrees(text):
                self._note(unit, read, forgotten)
                return True
        return False

    def _note(self, unit: Unit, read: str, forgotten: str) -> None:
        places = [
            node for node in ast.walk(unit.node) if isinstance(node, ast.Name) and node.id == read
        ]
        start, end = self.solution.span(places[0] if places else unit.node)
        message = (
            f"The solution reads `{read}` here and never reads `{forgotten}`, which it made. "
            f"Submissions that read `{forgotten}` are accepted too; put right what is meant."
        )
        self.notes.append(
            Feedback("author/suspect-solution", message, "information", "solution", start, end)
        )

    def _chance(
        self, unit: Unit, name: str, expected: Any, found: Any, told: Difference
    ) -> Difference | None:
        """The difference that counts where a value depends on the random state."""
        try:
            setup, bindings = self.again(unit, unit.text, unit.reads)
            teacher = chance.Draw(self.reference, setup, unit.text, name, bindings)
            if not chance.depends(teacher):
                return told
            if (kind := self.apart(expected, found, weights=False)) is None:
                return None
            if kind.code != "sct/value" or isinstance(expected, ModuleValue):
                return kind
        except (CannotTell, chance.Undrawn):
            return told
        own = self.submission.last_assignment(name)
        if own is None:
            return told
        before = self.submission.slice_for(own.reads, own.index, frozenset())
        for setup in ("", "\n".join(one.text for one in before)):
            draw = chance.Draw(self.student, setup, own.text, name, {})
            try:
                if not chance.depends(draw):
                    continue
                if chance.drawn_alike(teacher, draw):
                    return None
                return Difference("sct/value", "is random, but drawn in another way than expected")
            except chance.Undrawn:
                continue
        return Difference("sct/value", "is the same in every run, expected random values")

    # Side effects

    def _effects(self, unit: Unit) -> None:
        """A call that stands alone is made for its effect: it is to be made here too, with the same
        arguments."""
        if not isinstance(unit.node, ast.Expr) or not isinstance(unit.node.value, ast.Call):
            return
        call = unit.node.value
        name = _called(call)
        if name is None or name == "print":
            return
        theirs = [
            node
            for node in ast.walk(ast.Module([one.node for one in self.submission.units], []))
            if isinstance(node, ast.Call)
        ]
        same = [node for node in theirs if _called(node) == name]
        if not same and name.rpartition(".")[2] in ("train", "eval"):
            root, _, mode = name.rpartition(".")
            other = any(_called(node) == f"{root}.train" and node.args for node in theirs)
            if not other:
                span = self._uncalled(name) or self.after(unit)
                message = f"`{root}` is never put in {mode} mode"
                message += ": call the method, with parentheses." if self._uncalled(name) else "."
                self.add(unit.index, "sct/missing", message, span)
            return
        if not same:
            root = name.partition(".")[0]
            if root in self.student.names() or not self.solution.writers(root):
                span = self._uncalled(name) or self.after(unit)
                if self._covered(unit):
                    return
                self.add(unit.index, "sct/missing", "A call that is needed here is missing.", span)
            return
        self._arguments(unit, call, same)

    def _covered(self, unit: Unit) -> bool:
        """Whether what a call changes shows in values that are compared."""
        compared = [self.teacher(name).value for name in unit.changes]
        return bool(compared) and not any(
            unchecked(value) or isinstance(value, ModuleValue) for value in compared
        )

    def _uncalled(self, name: str) -> Span | None:
        """Where the submission names a method without calling it."""
        for unit in self.submission.units:
            match unit.node:
                case ast.Expr(value=ast.Attribute() as named) if ast.unparse(named) == name:
                    return self.submission.span(named)
                case _:
                    continue
        return None

    def _arguments(self, unit: Unit, call: ast.Call, same: list[ast.Call]) -> None:
        if any(ast.dump(node) == ast.dump(call) for node in same) or len(same) != 1:
            return
        own = same[0]
        if len(own.args) != len(call.args) or own.keywords or call.keywords:
            return
        for wanted, found in zip(call.args, own.args, strict=True):
            if ast.dump(wanted) == ast.dump(found):
                continue
            text = self.submission.text[slice(*self.submission.span(found))]
            one = self.reference.probe(Probe(ast.unparse(wanted)))
            other = self.student.probe(Probe(text))
            if one.raised is not None or other.raised is not None:
                continue
            told = self.apart(one.value, other.value, weights=False)
            if told is not None:
                message = told.about("this argument")
                span = self.submission.span(found)
                self.add(unit.index, told.code, message[:1].upper() + message[1:], span)
                return

    # Telling

    def add(self, order: int, code: str, message: str, span: Span | None) -> None:
        """Adds a mistake."""
        start, end = span if span is not None else (None, None)
        self.wrong.append((order, Feedback(code, message, start=start, end=end)))

    def tell(self, order: int, told: Difference, name: str, unit: Unit | None = None) -> None:
        """Tells how a name's value differs, at the learner's assignment of it."""
        span = self._place_of(told, name, unit)
        self.add(order, told.code, told.about(f"`{name}`"), span)

    def not_checked(self, subject: str, span: Span | None) -> None:
        """Notes what could not be compared."""
        start, end = span if span is not None else (None, None)
        message = f"{subject} was not checked: it cannot be compared from here."
        self.notes.append(Feedback("sct/not-checked", message, "information", start=start, end=end))

    def _place_of(self, told: Difference, name: str, unit: Unit | None) -> Span | None:
        layer = re.fullmatch(r"layer `(\w+)`", told.path[0]) if told.path else None
        for own in reversed(self.submission.units):
            match own.node:
                case ast.Expr(value=ast.Call() as call) if " mode" in told.phrase:
                    if _called(call) in (f"{name}.train", f"{name}.eval"):
                        return self.submission.span(call)
                case ast.Assign(targets=[target], value=value) if layer:
                    if ast.unparse(target) == f"{name}.{layer[1]}":
                        wanted = self._set_value(f"{name}.{layer[1]}")
                        return self.submission.span(pinpoint(wanted, value))
                case _:
                    continue
        return self.place(name, unit)

    def _set_value(self, target: str) -> ast.expr | None:
        """What the solution sets an attribute to."""
        for unit in reversed(self.solution.units):
            match unit.node:
                case ast.Assign(targets=[one], value=value) if ast.unparse(one) == target:
                    return value
                case _:
                    continue
        return None

    def place(self, name: str, unit: Unit | None = None) -> Span | None:
        """The part of the learner's assignment of a name that is at fault, as far as is seen."""
        own = self.submission.last_assignment(name)
        if own is None:
            return None
        value = value_of(own.node, name)
        if value is None:
            return self.submission.span(own.node)
        wanted = value_of(unit.node, name) if unit is not None else None
        if wanted is not None and swapped(wanted, value):
            return self.submission.span(value)
        return self.submission.span(pinpoint(wanted, value))

    def after(self, unit: Unit) -> Span:
        """The place where a missing statement would stand."""
        for earlier in reversed(self.solution.units[: unit.index]):
            for name in earlier.assigns:
                own = self.submission.last_assignment(name)
                if own is not None:
                    end = self.submission.span(own.node)[1]
                    return end, end
        end = len(self.task.submission.rstrip())
        return end, end


class Printing:
    """The printed part of a derived check."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.lines = printed.lines_of(derivation.task.submission_prints)
        self.printing = list(dict.fromkeys(line.line for line in self.lines))
        """The first lines of the learner's statements that print, in order."""

    def check(self) -> None:
        """Compares each of the solution's statements that print with the learner's output."""
        wanted = self._wanted()
        everything = [token for _, row in wanted for token in row]
        if printed.same(
            everything, [token for line in self.lines for token in printed.tokens(line.text)]
        ):
            return
        if len(wanted) == len(self.printing):
            for (unit, row), line in zip(wanted, self.printing, strict=True):
                lines = [item for item in self.lines if item.line == line]
                self._one(unit, row, lines)
            return
        at = 0
        for place, (unit, row) in enumerate(wanted):
            found = printed.find(row, self.lines, at)
            if found is not None:
                at = found[1]
                continue
            at = self._missed(unit, row, at, [later for _, later in wanted[place + 1 :]])

    def _one(self, unit: Unit, row: list[str], lines: list[printed.Line]) -> None:
        """Compares the output of one statement with that of the learner's in its place."""
        text = "".join(item.text for item in lines)
        found = printed.tokens(text)
        if printed.says(row, found) or self._otherwise(
            unit, lambda other: printed.says(other, found)
        ):
            return
        if not self._chance(unit, row, text, lines[0].line):
            self._tell(unit, row, text, lines[0].line)

    def _otherwise(self, unit: Unit, agrees: Callable[[list[str]], bool]) -> bool:
        """Whether another reading of a suspect solution agrees."""

        def reads(text: str) -> bool:
            try:
                return agrees(printed.tokens(self.derivation.output(unit, text)))
            except CannotTell:
                return False

        return self.derivation.suspected(unit, None, reads)

    def _wanted(self) -> list[tuple[Unit, list[str]]]:
        """The solution's statements that print, with what they should print."""
        derivation = self.derivation
        texts: dict[int | None, str] = {}
        for item in derivation.task.solution_prints:
            texts[item.line] = texts.get(item.line, "") + item.text
        last = {unit.line: unit for unit in derivation.solution.units}
        wanted: list[tuple[Unit, list[str]]] = []
        for line, text in texts.items():
            unit = last.get(line or 0)
            if unit is None:
                continue
            if derivation.tainted(unit):
                try:
                    text = derivation.output(unit)
                except CannotTell:
                    if not derivation.wrong:
                        derivation.not_checked("What is printed", None)
                    continue
            row = printed.tokens(text)
            if row:
                wanted.append((unit, row))
        return wanted

    def _missed(self, unit: Unit, row: list[str], at: int, later: list[list[str]]) -> int:
        """Deals with output that is not there as it should be; where to go on looking."""
        derivation = self.derivation
        accepted: list[tuple[int, int]] = []

        def agrees(other: list[str]) -> bool:
            found = printed.find(other, self.lines, at)
            accepted.extend([] if found is None else [found])
            return found is not None

        if self._otherwise(unit, agrees):
            return accepted[0][1]
        ahead = [printed.find(other, self.lines, at) for other in later]
        if at >= len(self.lines) or any(found and found[0] == at for found in ahead):
            message = "Something that the exercise asks for is not printed."
            derivation.add(unit.index, "sct/output", message, derivation.after(unit))
            return at
        line = self.lines[at].line
        end = next(
            (i for i in range(at, len(self.lines)) if self.lines[i].line != line), len(self.lines)
        )
        self._one(unit, row, self.lines[at:end])
        return end

    def _own_unit(self, line: int | None) -> Unit | None:
        units = [unit for unit in self.derivation.submission.units if unit.line == line]
        return units[-1] if units else None

    def _chance(self, unit: Unit, row: list[str], text: str, line: int | None) -> bool:
        """Whether both print random values of the same look."""
        derivation = self.derivation
        if not printed.alike(row, printed.tokens(text)):
            return False
        own = self._own_unit(line)
        if own is None:
            return False
        try:
            setup, bindings = derivation.again(unit, unit.text, unit.reads)
        except CannotTell:
            return False
        pairs: tuple[tuple[Process, str, str, dict[str, Any]], ...] = (
            (derivation.reference, unit.text, setup, bindings),
            (derivation.student, own.text, "", {}),
        )
        for process, code, before, bound in pairs:
            outputs = {
                process.probe(
                    Probe(code + "\nNone", None, f"{chance.seeding(seed)}\n{before}", bound)
                ).output
                for seed in chance.SEEDS
            }
            if len(outputs) == 1:
                return False
        return True

    def _tell(self, unit: Unit, row: list[str], text: str, line: int | None) -> None:
        derivation = self.derivation
        own = self._own_unit(line)
        if own is None:
            message = "The output is not what is expected."
            derivation.add(unit.index, "sct/output", message, None)
            return
        pair = [_print_call(one.node) for one in (unit, own)]
        wanted, found = pair
        span = derivation.submission.span(own.node)
        if wanted is not None and found is not None and len(wanted.args) == len(found.args):
            for one, other in zip(wanted.args, found.args, strict=True):
                told = self._argument(unit, one, other)
                if told is not None:
                    place = other if swapped(one, other) else pinpoint(one, other)
                    message = told.about("the printed value")
                    derivation.add(
                        unit.index,
                        told.code,
                        message[:1].upper() + message[1:],
                        derivation.submission.span(place),
                    )
                    return
        if found is not None and len(found.args) == 1:
            span = derivation.submission.span(found.args[0])
        tokens = printed.tokens(text)
        place = printed.first_difference(row, tokens) or 0
        message = "Less is printed here than is expected."
        if place < len(tokens):
            message = f"This prints `{tokens[place]}` where something else is expected."
        derivation.add(unit.index, "sct/output", message, span)

    def _argument(self, unit: Unit, wanted: ast.expr, found: ast.expr) -> Difference | None:
        """How a printed argument differs; null if it does not, or it cannot be told."""
        derivation = self.derivation
        code = derivation.solution.text[slice(*derivation.solution.span(wanted))]
        try:
            setup, bindings = derivation.again(unit, code, unit.reads)
        except CannotTell:
            return None
        one = derivation.reference.probe(Probe(code, None, setup, bindings))
        text = derivation.submission.text[slice(*derivation.submission.span(found))]
        other = derivation.student.probe(Probe(text))
        if one.raised is not None or other.raised is not None:
            return None
        return derivation.apart(one.value, other.value)


def suspects(solution: Program, unit: Unit) -> list[tuple[str, str]]:
    """Pairs of a name that a statement reads and one, made before and never read, that may have
    been meant: the second is made from the first, or the two differ only in a number and the
    second has the number of what the statement makes."""
    pairs: list[tuple[str, str]] = []
    for earlier in reversed(solution.units[: unit.index]):
        if earlier.imports or earlier.defines:
            continue
        for name in earlier.assigns:
            if name in solution.read or len(solution.writers(name)) != 1:
                continue
            for read in sorted(unit.reads):
                if read in earlier.reads and read != name:
                    made_from = _is_variable(solution, read)
                    if made_from:
                        pairs.append((read, name))
                elif _numbered(read) == _numbered(name) and any(
                    _digits(target) == _digits(name) for target in unit.assigns
                ):
                    pairs.append((read, name))
    return pairs


def _is_variable(solution: Program, name: str) -> bool:
    """Whether a name is one of the solution's own values, not a function or a module it uses."""
    writers = solution.writers(name)
    if not writers or writers[0].imports or writers[0].defines:
        return False
    calls = (node for unit in solution.units for node in ast.walk(unit.node))
    return not any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in calls
    )


def _numbered(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _digits(name: str) -> str:
    return "".join(re.findall(r"\d+", name))


class _Rename(ast.NodeTransformer):
    """Reads another name."""

    def __init__(self, name: str, other: str) -> None:
        self._names: Mapping[str, str] = {name: other}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if isinstance(node.ctx, ast.Load):
            return ast.Name(self._names.get(node.id, node.id), ast.Load())
        return node


def _called(call: ast.Call) -> str | None:
    """What a call names, such as `model.train`; null for anything but a dotted name."""
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        node = node.value
    return ast.unparse(call.func) if isinstance(node, ast.Name) else None


def _print_call(node: ast.stmt) -> ast.Call | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return node.value if _called(node.value) == "print" else None
    return None
