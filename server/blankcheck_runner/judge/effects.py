"""Calls that a solution makes for their effect: the submission is to make them too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from blankcheck_runner.judge import chance
from blankcheck_runner.judge.equality import unchecked
from blankcheck_runner.judge.places import called, counterpart, same
from blankcheck_runner.judge.statements import Program, Span, Unit
from blankcheck_runner.judge.task import Probe
from blankcheck_runner.observation import ImportedModule, ModuleValue, facts

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation


def check(derivation: Derivation, unit: Unit) -> None:
    """Compares a statement that is only a call with the submission's calls of that name."""
    if not isinstance(unit.node, ast.Expr) or not isinstance(unit.node.value, ast.Call):
        return
    call = unit.node.value
    name = called(call)
    if name is None or name == "print":
        return
    own = [node for node in _calls(derivation) if called(node) == name]
    root, _, method = name.rpartition(".")
    if method == "backward" and root:
        if not _backwards(derivation.submission):
            _missing(derivation, unit, name, "the gradients are never computed")
    elif method in ("train", "eval") and root:
        if not own and not _mode_set_otherwise(derivation, root, method):
            _no_mode(derivation, unit, name)
    elif not own:
        if not (chance.seeds(unit) and _drawn_alike(derivation, unit)):
            _missing(derivation, unit, name)
    else:
        _arguments(derivation, unit, call, own)


def gradients(derivation: Derivation) -> None:
    """Compares the gradients of tensors that the solution computes, or whose `.grad` it touches. A
    gradient that is zero and one that is not there are alike."""
    if derivation.wrong:
        return  # the gradient follows from what is told already
    for name, unit in _touched(derivation):
        probe = Probe(f"{name}.grad")
        wanted, found = derivation.reference.probe(probe), derivation.student.probe(probe)
        if wanted.raised is not None or found.raised is not None:
            continue
        if _is_zero(wanted.value) and _is_zero(found.value):
            continue
        told = derivation.apart(wanted.value, found.value)
        if told is None:
            continue
        if _is_zero(wanted.value):
            message = f"`{name}.grad` still holds a gradient at the end, expected zeros."
        else:
            message = told.about(f"`{name}.grad`")
        span = derivation.after(unit)
        own = counterpart(derivation.submission, unit)
        if own is not None and not same(own.node, unit.node):
            span = derivation.submission.span(own.node)
        for call in ast.walk(unit.node):
            if isinstance(call, ast.Call) and (dotted := called(call)) is not None:
                span = uncalled(derivation, dotted) or span
        often = [_backwards(program) for program in (derivation.submission, derivation.solution)]
        if len(often[0]) > len(often[1]):
            span = derivation.submission.span(often[0][-1])
        derivation.add(told.code, message, span)


def _touched(derivation: Derivation) -> Iterator[tuple[str, Unit]]:
    """Names whose gradient the solution changes, with the last statement that does."""
    last: dict[str, Unit] = {}
    for unit in derivation.solution.units:
        for node in ast.walk(unit.node):
            if isinstance(node, ast.Call) and _is_backward(node):
                last |= dict.fromkeys(_learning(derivation), unit)
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(value=ast.Name(id=name), attr="grad"), attr=method
                    )
                ) if method.endswith("_"):
                    last[name] = unit
                case ast.Attribute(
                    value=ast.Name(id=name), attr="grad", ctx=ast.Store() | ast.Del()
                ):
                    last[name] = unit
                case _:
                    continue
    yield from last.items()


def _learning(derivation: Derivation) -> Iterator[str]:
    """The names of tensors that gradients are kept for."""
    solution = derivation.solution
    for name in sorted(solution.read.union(*(unit.writes for unit in solution.units))):
        value = derivation.teacher(name).value
        if hasattr(value, "detach") and value.requires_grad and facts(value).leaf:
            yield name


def _backwards(program: Program) -> list[ast.Call]:
    nodes = (node for unit in program.units for node in ast.walk(unit.node))
    return [node for node in nodes if isinstance(node, ast.Call) and _is_backward(node)]


def _is_backward(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "backward"


def _drawn_alike(derivation: Derivation, unit: Unit) -> bool:
    """Whether all that is made after a random state is set is as it should be without that."""
    made = {name for one in derivation.solution.units[unit.index :] for name in one.assigns}
    pairs = [(derivation.teacher(name), derivation.learner(name)) for name in made]
    known = [pair for pair in pairs if all(side.raised is None for side in pair)]
    return bool(known) and all(
        derivation.apart(wanted.value, found.value) is None for wanted, found in known
    )


def _is_zero(value: Any) -> bool:
    if value is None:
        return True
    return hasattr(value, "count_nonzero") and not bool(value.count_nonzero())


def _calls(derivation: Derivation) -> Iterator[ast.Call]:
    for unit in derivation.submission.units:
        for node in ast.walk(unit.node):
            if isinstance(node, ast.Call):
                yield node


def _mode_set_otherwise(derivation: Derivation, root: str, method: str) -> bool:
    """Whether `.train(False)` stands for `.eval()`, or a chained call sets the mode."""
    for node in _calls(derivation):
        if called(node) == f"{root}.train" and (node.args or node.keywords):
            return True
        match node.func:
            case ast.Attribute(attr=attr, value=ast.Call()) if attr == method:
                return True  # `Net().eval()`, or `model.to(device).train()`
            case _:
                continue
    return False


def _no_mode(derivation: Derivation, unit: Unit, name: str) -> None:
    root, _, method = name.rpartition(".")
    named = uncalled(derivation, name)
    message = f"`{root}` is never put in {method} mode"
    message += ": call the method, with parentheses." if named else "."
    derivation.modes.add(root)
    derivation.add("sct/missing", message, named or derivation.after(unit), unit)


def _missing(derivation: Derivation, unit: Unit, name: str, why: str = "") -> None:
    """Tells that a call is missing; without a reason, only where nothing else would show it."""
    root = name.partition(".")[0]
    if not why and derivation.learner(root).raised is not None:
        return  # a name on the way, which the learner may call otherwise
    if not why and _covered(derivation, unit, name):
        return
    named = uncalled(derivation, name)
    why = why or "something that the exercise asks for is not done"
    message = f"A call is missing here: {why}."
    if named:
        message = "This only names the function: call it, with parentheses."
    derivation.add("sct/missing", message, named or derivation.after(unit), unit)


def _covered(derivation: Derivation, unit: Unit, name: str) -> bool:
    """Whether what a call changes shows in values that are compared anyway."""
    found = [derivation.teacher(changed).value for changed in unit.changes]
    compared = [value for value in found if not isinstance(value, ImportedModule)]
    if not compared or any(unchecked(value) for value in compared):
        return False
    if len(compared) < len(found) or any(isinstance(value, ModuleValue) for value in compared):
        # What a library's function does is not seen; of a network, only parameters, buffers, mode.
        return name.endswith(("_", ".load_state_dict"))
    return True


def uncalled(derivation: Derivation, name: str) -> Span | None:
    """Where the submission names what is to be called, without calling it."""
    for unit in derivation.submission.units:
        match unit.node:
            case ast.Expr(value=ast.Attribute() | ast.Name() as named):
                if ast.unparse(named) == name:
                    return derivation.submission.span(named)
            case _:
                continue
    return None


def _arguments(derivation: Derivation, unit: Unit, call: ast.Call, own: list[ast.Call]) -> None:
    """Compares the arguments, where there is one call that is meant."""
    if any(same(node, call) for node in own) or len(own) != 1:
        return
    (found,) = own
    if len(found.args) != len(call.args) or found.keywords or call.keywords:
        return
    for wanted, other in zip(call.args, found.args, strict=True):
        if same(wanted, other):
            continue
        start, end = derivation.submission.span(other)
        one = derivation.reference.probe(Probe(ast.unparse(wanted)))
        two = derivation.student.probe(Probe(derivation.submission.text[start:end]))
        if one.raised is not None or two.raised is not None:
            continue
        told = derivation.apart(one.value, two.value, weights=False, mode=False)
        if told is not None and chance.seeds(unit):
            message = "This sets the random state to another seed than the one asked for."
            derivation.add(told.code, message, (start, end))
            return
        if told is not None:
            derivation.add(told.code, told.about("this argument"), (start, end))
            return
