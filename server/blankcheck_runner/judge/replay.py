"""A statement of the solution, computed again in the reference from the learner's own values."""

from __future__ import annotations

from typing import Any

from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.judge.task import Probe, Process
from blankcheck_runner.observation.revival import REVIVING, revivable


class CannotTell(Exception):
    """A statement that cannot be computed again from the learner's values."""


class Replay:
    """The reference process with some names bound to the learner's values."""

    def __init__(self, solution: Program, reference: Process) -> None:
        self.solution = solution
        self.reference = reference
        self.own: dict[str, Any] = {}
        """The learner's values of names, where they are not the reference's."""

    def tainted(self, unit: Unit, name: str | None = None) -> bool:
        """Whether a statement's result rests on a learner's value that is not the reference's."""
        try:
            _, used = self._needed(unit, unit.reads)
        except CannotTell:
            return any(read in self.own for read in unit.reads if read != name)
        return any(read in self.own for read in used)

    def again(self, unit: Unit, reads: frozenset[str]) -> tuple[str, dict[str, Any]]:
        """The setup and the bindings with which code that reads `reads` runs in the place of a
        statement."""
        statements, used = self._needed(unit, reads)
        bindings = {name: self.own[name] for name in sorted(used & self.own.keys())}
        if not all(map(revivable, bindings.values())):
            raise CannotTell
        setup = [REVIVING.format(name=name) for name in bindings]
        setup += [one.text for one in statements]
        return "\n".join(setup), bindings

    def value(self, unit: Unit, name: str, text: str | None = None) -> Any:
        """What a name holds after a statement, or after `text` in its place."""
        reads, code = _as_read(unit, text)
        setup, bindings = self.again(unit, reads)
        answer = self.reference.probe(Probe(code, name, setup, bindings))
        if answer.raised is not None:
            raise CannotTell
        return answer.value

    def output(self, unit: Unit, text: str | None = None) -> str:
        """What a statement prints, or `text` in its place."""
        reads, code = _as_read(unit, text)
        setup, bindings = self.again(unit, reads)
        answer = self.reference.probe(Probe(code + "\nNone", None, setup, bindings))
        if answer.raised is not None:
            raise CannotTell
        return answer.output

    def _needed(self, unit: Unit, reads: frozenset[str]) -> tuple[list[Unit], frozenset[str]]:
        """The earlier statements that are run again for one, and the names that stand for
        themselves: what they hold at the end is what they held at the statement."""

        def settled(name: str) -> bool:
            writers = self.solution.writers(name)
            return not writers or writers[-1].index < unit.index

        names = self.solution.read | reads
        fixed = frozenset(filter(settled, names))
        again = self.solution.slice_for(reads, unit.index, fixed)
        used = reads.union(*(one.reads for one in again))
        for name in used - fixed:
            made = any(name in one.assigns or name in one.loops for one in again)
            first = not self.solution.writers(name, unit.index)
            makes = first and (name in unit.assigns or name in unit.loops)
            if not made and not makes:
                # It was given, and later statements have changed it: its old state is gone.
                raise CannotTell
        return again, used & fixed


def _as_read(unit: Unit, text: str | None) -> tuple[frozenset[str], str]:
    if text is None:
        return unit.reads, unit.text
    return Program(text).read, text
