"""Why a value may be another than the solution's and still be right: it does the same when it is
called, it was drawn alike, or the solution itself is suspect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankcheck_runner.judge import behaviour, chance, datasets, trained
from blankcheck_runner.judge.equality import Difference
from blankcheck_runner.judge.replay import CannotTell
from blankcheck_runner.judge.statements import Unit
from blankcheck_runner.judge.suspects import note, read_instead, suspects
from blankcheck_runner.judge.task import Observed, Probe, Raised
from blankcheck_runner.observation import (
    ClassValue,
    FunctionValue,
    InstanceValue,
    ModuleValue,
    Opaque,
)

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation

_CALLABLE = (ModuleValue, FunctionValue, ClassValue, InstanceValue, Opaque)


def does_the_same(derivation: Derivation, name: str, unit: Unit, wanted: Any, found: Any) -> bool:
    """Whether something that is called gives what the solution's gives."""
    if not isinstance(wanted, _CALLABLE) or not isinstance(found, _CALLABLE):
        return False
    if isinstance(wanted, ModuleValue) and isinstance(found, ModuleValue):
        built = derivation.apart(wanted, found, weights=False, mode=False)
        if built is None or built.code != "sct/structure":
            return False  # of one build: what differs is what was done with it
        trial = behaviour.networks_tried(
            name, wanted, found, derivation.student, derivation.reference
        )
        if trial.calls and trial.told is None:
            return _same_weights(derivation, name, wanted, found)
    changed = any(name in one.changes for one in derivation.solution.units)
    if changed and behaviour.shapes(wanted):
        return False  # what counts is how it was changed
    trial = behaviour.tried(
        name, unit, derivation.solution, derivation.student, derivation.reference
    )
    if trial.told is not None or not trial.calls:
        return False
    del derivation.replay.own[name]
    return True


def asking(derivation: Derivation, name: str, unit: Unit) -> datasets.Ask:
    """Asks for what is made of a name: as the statement makes it from the learner's values, and
    as the learner has it."""

    def ask(code: str) -> tuple[Observed, Observed]:
        code = code.replace("__focus__", name)
        setup, bindings = "", dict[str, Any]()
        if derivation.replay.tainted(unit, name):
            try:
                setup, bindings = derivation.replay.again(unit, unit.reads)
            except CannotTell:
                return Observed(raised=Raised("CannotTell", "")), Observed()
            setup += f"\n{unit.text}"
        again = Probe(code, None, setup, bindings)
        return derivation.reference.probe(again), derivation.student.probe(Probe(code))

    return ask


def _same_weights(
    derivation: Derivation, name: str, wanted: ModuleValue, found: ModuleValue
) -> bool:
    """Whether two networks of different build have the same parameters, or would under the same
    random state."""
    if derivation.apart(behaviour.flat(wanted), behaviour.flat(found)) is None:
        return True
    teacher = chance.draw_of(derivation.reference, derivation.solution, name)
    learner = chance.draw_of(derivation.student, derivation.submission, name)
    if teacher is None or learner is None:
        return False
    try:
        drawn = [behaviour.flat(side.at(chance.SEEDS[0])) for side in (teacher, learner)]
    except chance.Undrawn:
        return False
    return derivation.apart(drawn[0], drawn[1]) is None


def suspected(derivation: Derivation, unit: Unit, agrees: Callable[[str], bool]) -> bool:
    """Whether a statement of the learner's is right if the solution's is taken to read a name
    that the solution makes and then forgets."""
    for read, forgotten in suspects(derivation.solution, unit):
        if derivation.learner(forgotten).raised is not None:
            continue
        if agrees(read_instead(unit, read, forgotten)):
            derivation.notes.append(note(derivation.solution, unit, read, forgotten))
            return True
    return False


def reads_as(derivation: Derivation, unit: Unit, name: str, text: str, found: Any) -> bool:
    """Whether a value is what `text`, in the place of the solution's statement, gives."""
    try:
        return derivation.apart(derivation.replay.value(unit, name, text), found, name=name) is None
    except CannotTell:
        return False


def by_chance(
    derivation: Derivation, unit: Unit, name: str, expected: Any, found: Any, told: Difference
) -> Difference | None:
    """The difference that counts where a value depends on the random state."""
    try:
        setup, bindings = derivation.replay.again(unit, unit.reads)
        if not chance.depends(chance.Draw(derivation.reference, setup, unit.text, name, bindings)):
            return told
    except (CannotTell, chance.Undrawn):
        if derivation.apart(expected, found, weights=False) is None and trained.by_chance(
            derivation, unit
        ):
            derivation.not_checked(f"What `{name}` has learnt", derivation.place(name))
            return None
        return told
    rests_on = derivation.solution.slice_for(unit.reads, unit.index, frozenset())
    if derivation.mistaken & unit.reads.union(*(one.reads for one in rests_on)):
        return None  # what is random cannot be computed again to tell a second mistake
    kind = derivation.apart(expected, found, weights=False, name=name)
    if kind is not None and (kind.of_kind or isinstance(expected, ModuleValue)):
        return kind
    teacher = chance.draw_of(derivation.reference, derivation.solution, name)
    learner = chance.draw_of(derivation.student, derivation.submission, name)
    if teacher is None or learner is None:
        return told
    try:
        if chance.same_draw(teacher, learner):
            return None
        alone = chance.Draw(derivation.reference, "", unit.text, name, {})
        if len(derivation.solution.writers(name)) > 1 or not chance.depends(alone):
            return told
        if isinstance(expected, ModuleValue):
            return None
        if not chance.depends(learner):
            phrase = "is the same in every run, expected random values"
            return Difference("sct/value", phrase)
        if chance.drawn_alike(teacher, learner):
            return None
    except chance.Undrawn:
        derivation.not_checked(f"`{name}`", derivation.place(name))
        return None
    return Difference("sct/value", "is random, but drawn in another way than expected")
