"""The printed part of a derived check: what each statement prints, compared by value."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankcheck_runner.judge import chance, printed, reasons
from blankcheck_runner.judge.equality import Difference
from blankcheck_runner.judge.places import called, pinpoint, span_of, swapped
from blankcheck_runner.judge.replay import CannotTell
from blankcheck_runner.judge.statements import Span, Unit
from blankcheck_runner.judge.task import Probe, Process

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation


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
                return agrees(printed.tokens(self.derivation.replay.output(unit, text)))
            except CannotTell:
                return False

        return reasons.suspected(self.derivation, unit, reads)

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
            if derivation.replay.tainted(unit):
                try:
                    text = derivation.replay.output(unit)
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
            message, span = self._not_printed(unit)
            derivation.add("sct/output", message, span, unit if span[0] == span[1] else None)
            return at
        line = self.lines[at].line
        end = next(
            (i for i in range(at, len(self.lines)) if self.lines[i].line != line), len(self.lines)
        )
        self._one(unit, row, self.lines[at:end])
        return end

    def _not_printed(self, unit: Unit) -> tuple[str, Span]:
        """What is told of output that is not there, and where: at an expression that stands alone,
        as in a notebook, or where what is to be printed is kept under a name."""
        derivation = self.derivation
        call = _print_call(unit.node)
        shown = [ast.dump(item) for item in call.args] if call is not None else []
        kept: ast.stmt | None = None
        for own in derivation.submission.units:
            match own.node:
                case ast.Expr(value=ast.Constant() | ast.Await() | ast.Yield()):
                    continue
                case ast.Expr(value=value) if ast.dump(value) in shown or not isinstance(
                    value, ast.Call
                ):
                    span = derivation.submission.span(value)
                    text = derivation.submission.text[slice(*span)]
                    name = f"`{text}`" if len(text) < 40 and "\n" not in text else "This"
                    return f"{name} alone shows nothing in a script: print it.", span
                case ast.Assign(value=value) if ast.dump(value) in shown:
                    kept = own.node
                case _:
                    continue
        if kept is not None:
            message = "This is to be printed, and is only kept under a name."
            return message, derivation.submission.span(kept)
        known = [
            item.id
            for item in (call.args if call is not None else [])
            if isinstance(item, ast.Name) and item.id in derivation.student.names()
        ]
        message = "Something that the exercise asks for is not printed here."
        if known:
            message = f"`{known[0]}` is not printed: add a `print()` for it."
        return message, derivation.after(unit)

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
            setup, bindings = derivation.replay.again(unit, unit.reads)
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
            derivation.add("sct/output", message, None)
            return
        cause = derivation.cause(unit, own)
        if self._arguments_told(unit, own, cause):
            return
        tokens = printed.tokens(text)
        place = printed.first_difference(row, tokens) or 0
        message = "Less is printed here than is expected."
        if place < len(tokens):
            message = f"This prints `{tokens[place]}` where something else is expected."
            if len(tokens) < len(row) and printed.same(row[-len(tokens) :], tokens):
                message = "The value is right; the text that belongs before it is not printed."
        part = pinpoint(unit.node, own.node)
        call = _print_call(own.node)
        if part is own.node and call is not None and len(call.args) == 1:
            part = call.args[0]
        derivation.add("sct/output", message, cause or span_of(derivation.submission, part))

    def _arguments_told(self, unit: Unit, own: Unit, cause: Span | None) -> bool:
        """Tells the first printed argument that differs; whether there is one."""
        derivation = self.derivation
        wanted, found = _print_call(unit.node), _print_call(own.node)
        if wanted is None or found is None or len(wanted.args) != len(found.args):
            return False
        for one, other in zip(wanted.args, found.args, strict=True):
            told = self._argument(unit, one, other)
            if told is not None:
                place = other if swapped(one, other) else pinpoint(one, other)
                line = f" in line {own.line}" if cause else ""
                message = told.about(f"the value printed{line}" if cause else "the printed value")
                span = cause or derivation.submission.span(place)
                derivation.add(told.code, message, span)
                return True
        return False

    def _argument(self, unit: Unit, wanted: ast.expr, found: ast.expr) -> Difference | None:
        """How a printed argument differs; null if it does not, or it cannot be told."""
        derivation = self.derivation
        code = derivation.solution.text[slice(*derivation.solution.span(wanted))]
        try:
            setup, bindings = derivation.replay.again(unit, unit.reads)
        except CannotTell:
            return None
        one = derivation.reference.probe(Probe(code, None, setup, bindings))
        text = derivation.submission.text[slice(*derivation.submission.span(found))]
        other = derivation.student.probe(Probe(text))
        if one.raised is not None or other.raised is not None:
            return None
        return derivation.apart(one.value, other.value)


def _print_call(node: ast.AST) -> ast.Call | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return node.value if called(node.value) == "print" else None
    return None
