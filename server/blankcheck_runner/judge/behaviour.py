"""Whether two things that are called do the same: tried on inputs like those of the solution."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge import chance
from blankcheck_runner.judge.equality import Difference, difference
from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.judge.task import Observed, Probe, Process
from blankcheck_runner.observation.revival import revivable

_MOST_CALLS = 6
_RECORDING = """\
import copy as __copy
__calls, __called = [], {name}
def {name}(*args, **words):
    __calls.append((list(__copy.deepcopy(args)), __copy.deepcopy(words)))
    return __called(*args, **words)
"""


@dataclass(frozen=True)
class Trial:
    """What came of trying."""

    calls: int = 0
    """How many calls say something."""
    told: Difference | None = None
    """The first difference."""


def tried(name: str, unit: Unit, solution: Program, student: Process, reference: Process) -> Trial:
    """Calls what `name` holds in both processes, with inputs like those that the solution calls it
    with. The learner's process only ever sees inputs, never what should come out."""
    calls = 0
    for inputs in _inputs(name, unit, solution, reference):
        for arguments, words in ((_varied(inputs[0]), _varied(inputs[1])), inputs):
            bindings = {"__args": arguments, "__words": words}
            code = f"{name}(*__args, **__words)"
            probe = Probe(code, None, chance.seeding(chance.SEEDS[0]), bindings)
            wanted = reference.probe(probe)
            if wanted.raised is not None:
                continue  # such inputs do not suit it
            told = _apart(wanted, student.probe(probe))
            if told is not None:
                return Trial(calls, told)
            calls += 1
            break
    return Trial(calls)


def _apart(wanted: Observed, found: Observed) -> Difference | None:
    if found.raised is not None:
        return Difference("sct/value", f"fails with {found.raised.type} when it is called")
    told = difference(wanted.value, found.value)
    if told is not None:
        return Difference(told.code, told.phrase, ("the result", *told.path))
    if wanted.output.split() != found.output.split():
        return Difference("sct/output", "prints something else than expected when it is called")
    return None


def _inputs(
    name: str, unit: Unit, solution: Program, reference: Process
) -> list[tuple[list[Any], dict[str, Any]]]:
    """Arguments like those of the solution's own calls, with other numbers in float tensors."""
    found: list[tuple[list[Any], dict[str, Any]]] = []
    for later in solution.units[unit.index + 1 :]:
        calls = any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
            for node in ast.walk(later.node)
        )
        if not calls:
            continue
        setup = _RECORDING.format(name=name)
        answer = reference.probe(Probe(later.text, "__calls", setup))
        calls_made = cast(object, answer.value)
        if answer.raised is not None or not isinstance(calls_made, list):
            continue
        for item in cast("list[Any]", calls_made)[:_MOST_CALLS]:
            arguments, words = item
            if revivable(arguments) and revivable(words):
                found.append((arguments, words))
        if len(found) >= _MOST_CALLS:
            break
    return found[:_MOST_CALLS]


def _varied(value: Any, place: int = 0) -> Any:
    """The same with other numbers in its float tensors, below and above zero."""
    kind = cast("type[Any]", type(value))
    if kind is list:
        return [_varied(item, number) for number, item in enumerate(value)]
    if kind is dict:
        pairs = enumerate(cast("dict[Any, Any]", value).items(), 20)
        return {key: _varied(item, number) for number, (key, item) in pairs}
    if kind.__module__.startswith("torch") and kind.__name__ in ("Tensor", "Parameter"):
        return _other_numbers(value, place)
    return value


def _other_numbers(tensor: Any, place: int) -> Any:
    import torch

    if not tensor.is_floating_point() or tensor.is_quantized or tensor.is_sparse:
        return tensor
    own = torch.Generator().manual_seed(chance.SEEDS[1] + place)
    drawn = torch.randn(tensor.shape, generator=own) * 2
    return drawn.to(tensor.dtype).requires_grad_(tensor.requires_grad)
