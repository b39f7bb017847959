"""Whether two things that are called do the same: tried on inputs like those of the solution.

The learner's process only ever sees inputs, never what should come out.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, cast

from blankcheck_runner.judge import chance, inputs
from blankcheck_runner.judge.equality import Difference, difference, unchecked
from blankcheck_runner.judge.inputs import Call
from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.judge.task import Observed, Probe, Process
from blankcheck_runner.observation import InstanceValue, ModuleValue

_HARNESS = """\
import contextlib as __contextlib, io as __io, itertools as __itertools, zlib as __zlib
def __run(function, args, words, seeding={seeding!r}):
    exec(compile(seeding, "<seed>", "exec"), globals())
    output = __io.StringIO()
    try:
        with __contextlib.redirect_stdout(output):
            value = function(*args, **words)
            if hasattr(value, "__next__"):
                value = list(__itertools.islice(value, 100))
        return [True, value, output.getvalue(), ""]
    except Exception as error:
        return [False, type(error).__name__, output.getvalue(), str(error)[:200]]
def __settle(network, by_name):
    import sys
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(network, torch.nn.Module):
        return
    network.eval()
    for place, (name, parameter) in enumerate(network.named_parameters()):
        seed = __zlib.crc32(name.encode()) if by_name else place
        own = torch.Generator().manual_seed(seed)
        drawn = torch.randn(parameter.shape, generator=own)
        parameter.data = drawn.to(parameter)
"""
_ASIDE = frozenset({"__init__", "__new__", "__repr__", "__str__", "__del__", "__init_subclass__"})


@dataclass(frozen=True)
class Trial:
    """What came of trying."""

    calls: int = 0
    """How many calls say something."""
    told: Difference | None = None
    """The first difference."""
    part: str = ""
    """The method at fault, or a layer or attribute that its constructor makes otherwise."""
    call: str = ""
    """The call as text, where it is short."""


def networks_tried(
    name: str, wanted: ModuleValue, found: ModuleValue, student: Process, reference: Process
) -> Trial:
    """Gives two networks of different build the same parameters and the same batches."""
    if not _built_alike(wanted, found) or wanted.training != found.training:
        return Trial()
    for call in inputs.network_inputs(wanted):
        rows = [
            _results(name, [call], process, f"__settle({name}, False)")
            for process in (reference, student)
        ]
        if all(rows) and rows[0][0][0]:
            return Trial(1, apart(rows[0][0], rows[1][0]))
    return Trial()


def tried(name: str, unit: Unit, solution: Program, student: Process, reference: Process) -> Trial:
    """Calls what `name` holds in both processes."""
    used = inputs.recorded(name, unit, solution, reference)[: inputs.MOST_CALLS]
    if not used:
        return _tried_on_guesses(name, unit, solution, student, reference)
    calls = [call for _, call in used]
    others = [other for call in calls for other in inputs.variants(call)]
    count = 0
    for call, wanted, found in _both(name, [*others, *calls], student, reference):
        told = apart(wanted, found)
        if told is not None and not (any(call is other for other in others) and _late(found)):
            return Trial(count, told, call=_text(name, call))
        count += told is None and unchecked(wanted[1]) is None
    return Trial(count)


def _text(name: str, call: Call) -> str:
    """A call as a learner would write it, where it is short; else nothing."""
    words = [f"{key}={item!r}" for key, item in call[1].items()]
    text = f"{name}({', '.join([*map(repr, call[0]), *words])})"
    return text if len(text) < 50 and "tensor" not in text and "\n" not in text else ""


def _late(found: Sequence[Any]) -> bool:
    return not found[0] and found[1] == "TimeoutError"


def _tried_on_guesses(
    name: str, unit: Unit, solution: Program, student: Process, reference: Process
) -> Trial:
    if not isinstance(unit.node, ast.FunctionDef):
        return Trial()
    given = solution.read
    count, failed = 0, None
    tries = _both(name, inputs.guesses(unit.node.args, reference, given), student, reference)
    for place, (call, wanted, found) in enumerate(tries):
        told = apart(wanted, found)
        if told is not None and found[0]:
            return Trial(count, told, call=_text(name, call))
        if told is not None:
            failed = failed or told  # such input may be nothing that the function is for
            continue
        more = _both(name, inputs.variants(call), student, reference)
        for other, one, two in more:
            told = apart(one, two)
            if told is not None and two[0]:
                return Trial(count, told, call=_text(name, other))
        if unchecked(wanted[1]) is not None:
            continue
        count += 1
        if count >= 2 or place > 8:
            break
    return Trial(count, None if count else failed)


def _both(
    name: str, calls: list[Call], student: Process, reference: Process
) -> list[tuple[Call, list[Any], list[Any]]]:
    """What both processes make of the calls; those that do not suit the solution's are left out."""
    wanted = _results(name, calls, reference)
    suits = [(call, row) for call, row in zip(calls, wanted, strict=False) if row[0]]
    found = _results(name, [call for call, _ in suits], student)
    if len(found) < len(suits):  # one call ended the process or took too long: each by itself
        found = [_alone(name, call, student) for call, _ in suits[: inputs.MOST_CALLS]]
    return [(call, row, other) for (call, row), other in zip(suits, found, strict=False)]


def _alone(name: str, call: Call, process: Process) -> list[Any]:
    rows = _results(name, [call], process)
    return rows[0] if rows else [False, "TimeoutError", "", ""]


def _results(name: str, calls: list[Call], process: Process, setup: str = "") -> list[list[Any]]:
    code = f"[__run({name}, *call) for call in __calls]"
    jobs = [[arguments, words] for arguments, words in calls]
    answer = process.probe(Probe(code, None, _harness() + setup, {"__calls": jobs}))
    return _rows(answer)


def _harness() -> str:
    return _HARNESS.format(seeding=chance.seeding(chance.SEEDS[0]))


def _rows(answer: Observed) -> list[list[Any]]:
    """The rows of an answer, which is the learner's testimony, with what is no row left out."""
    value = cast(object, answer.value)
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    if all(type(row) is list and len(row) == 4 for row in rows):
        return rows
    return []


def apart(wanted: Sequence[Any], found: Sequence[Any]) -> Difference | None:
    """How the result of a call differs."""
    if not found[0]:
        if not wanted[0]:
            return None
        return Difference("sct/value", f"fails with {found[1]} when it is called")
    if not wanted[0]:
        return None
    told = difference(wanted[1], found[1])
    if told is not None:
        return Difference(told.code, told.phrase, ("the result", *told.path))
    if str(wanted[2]).split() != str(found[2]).split():
        return Difference("sct/output", "prints something else than expected when it is called")
    return None


# Classes


def class_tried(
    name: str, unit: Unit, solution: Program, student: Process, reference: Process
) -> Trial:
    """Makes objects of a class in both processes with the same arguments, and tries their methods
    one after the other; networks get the same parameters first."""
    node = unit.node
    if not isinstance(node, ast.ClassDef):
        return Trial()
    methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    used = inputs.recorded(name, unit, solution, reference, methods=True)
    made = [call for key, call in used if key == "__init__"]
    if not made and "__init__" in methods:
        made = inputs.guesses(methods["__init__"].args, reference, solution.read, method=True)
    count = 0
    for call in _distinct(made or [([], {})]):
        wanted = _object(name, call, [], reference)
        if not wanted:
            continue
        found = _object(name, call, [], student) or [[False, "TimeoutError", "", ""]]
        if not found[0][0]:
            return Trial(count, _failing(found[0][1]), "__init__")
        made_value, own_value = wanted[0][1], found[0][1]
        told = _objects_apart(made_value, own_value, node, solution)
        if told is not None and not _built_alike(made_value, own_value):
            part = told.path[0].split("`")[1] if told.path and "`" in told.path[0] else "__init__"
            return Trial(count, told, part)
        count += 1
        jobs = [job for job in used if job[0] not in _ASIDE]
        jobs += _guessed(methods, jobs, made_value, reference, solution)
        trial = _methods(name, call, jobs, (made_value, own_value), student, reference)
        if trial.told is not None:
            return trial
        if told is not None and not trial.calls:
            return Trial(0, told, "__init__")
        count += trial.calls
        if count > 3:
            break
    return Trial(count)


def _built_alike(wanted: Any, found: Any) -> bool:
    """Whether two networks have parameters of the same shapes in the same order, however they are
    put into layers: then what they compute decides."""
    sizes = [list(shapes(side).values()) for side in (wanted, found)]
    return bool(sizes[0]) and sizes[0] == sizes[1]


def _failing(kind: Any) -> Difference:
    return Difference("sct/value", f"fails with {kind} when an object is made")


def _distinct(calls: list[Call]) -> list[Call]:
    found: dict[str, Call] = {}
    for call in calls:
        found.setdefault(repr(call), call)
    return list(found.values())[:8]


def _objects_apart(
    wanted: Any, found: Any, node: ast.ClassDef, solution: Program
) -> Difference | None:
    wanted, found = visible(wanted, found, {node.name: private(node, solution)})
    return difference(wanted, found, check_mode=True)


def private(node: ast.ClassDef, solution: Program) -> frozenset[str]:
    """Attributes that only a class's own methods read: how it keeps them is its own affair."""
    inside = {id(item) for item in ast.walk(node)}
    read = {
        item.attr
        for item in ast.walk(node)
        if isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Load)
    }
    outside = {
        item.attr
        for unit in solution.units
        for item in ast.walk(unit.node)
        if isinstance(item, ast.Attribute) and id(item) not in inside
    }
    return frozenset(read - outside)


def visible(wanted: Any, found: Any, classes: Mapping[str, frozenset[str]]) -> tuple[Any, Any]:
    """Two values without what does not count of objects of the exercise's own classes: attributes
    that are a class's own affair, and ones that the solution's objects do not have."""
    lists = (wanted, found)
    if all(type(side) is list for side in lists) and len(lists[0]) == len(lists[1]):
        pairs = [visible(*pair, classes) for pair in zip(*lists, strict=True)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    kept = classes.get(wanted.type) if isinstance(wanted, InstanceValue | ModuleValue) else None
    if kept is None:
        return wanted, found
    if isinstance(wanted, InstanceValue) and isinstance(found, InstanceValue):
        names = wanted.attributes.keys() - kept
        return _keeping(wanted, "attributes", names), _keeping(found, "attributes", names)
    if isinstance(wanted, ModuleValue) and isinstance(found, ModuleValue):
        names = wanted.config.keys() - kept
        return _keeping(wanted, "config", names), _keeping(found, "config", names)
    return wanted, found


def _keeping(value: Any, field: str, names: Set[str]) -> Any:
    own: Mapping[str, Any] = getattr(value, field)
    return replace(value, **{field: {key: own[key] for key in own if key in names}})


def _guessed(
    methods: dict[str, ast.FunctionDef],
    used: list[tuple[str, Call]],
    made: Any,
    reference: Process,
    solution: Program,
) -> list[tuple[str, Call]]:
    """Calls of the methods that the solution itself never calls."""
    known = {key for key, _ in used}
    jobs: list[tuple[str, Call]] = []
    for key, method in methods.items():
        if key in known or key in _ASIDE or method.decorator_list:
            continue
        if key == "forward" and isinstance(made, ModuleValue):
            jobs += [(key, call) for call in inputs.network_inputs(made)]
        elif key == "__getitem__":
            jobs += [(key, ([place], {})) for place in (0, 1, 2)]
        elif not key.startswith("__") or key in ("__call__", "__len__", "__iter__"):
            guesses = inputs.guesses(method.args, reference, solution.read, method=True)
            jobs += [(key, call) for call in guesses[:6]]
    return jobs


def _object(
    name: str, call: Call, jobs: list[tuple[str, Call]], process: Process, *, by_name: bool = True
) -> list[list[Any]]:
    """The object that a call makes, and what its methods give, as rows."""
    code = (
        f"__made = __run({name}, *__call)\n"
        "__object = __made[1]\n"
        f"if __made[0] and __jobs: __settle(__object, {by_name})\n"
        "def __method(key):\n"
        "    if key == 'forward': return __object\n"
        "    return lambda *args, **words: getattr(__object, key)(*args, **words)\n"
        "[__made, *(__run(__method(key), args, words) for key, args, words in __jobs"
        " if __made[0])]"
    )
    bindings = {
        "__call": [*call],
        "__jobs": [[key, arguments, words] for key, (arguments, words) in jobs],
    }
    rows = _rows(process.probe(Probe(code, None, _harness(), bindings)))
    return rows if rows and (rows[0][0] or not jobs) else []


def _methods(
    name: str,
    call: Call,
    jobs: list[tuple[str, Call]],
    made: tuple[Any, Any],
    student: Process,
    reference: Process,
) -> Trial:
    for key, used in list(jobs):
        jobs += [(key, other) for other in inputs.variants(used)]
    by_name = shapes(made[0]) == shapes(made[1])
    wanted = _object(name, call, jobs, reference, by_name=by_name)[1:]
    jobs = [job for job, row in zip(jobs, wanted, strict=False) if row[0]]
    if not jobs:
        return Trial()
    told = _chance_apart(name, call, jobs, student, reference)
    if told is not None:
        return Trial(0, told, "forward")
    # Again, without the calls that failed: they may have changed the object.
    wanted = _object(name, call, jobs, reference, by_name=by_name)[1:]
    found = _object(name, call, jobs, student, by_name=by_name)[1:]
    for place, ((key, call), row) in enumerate(zip(jobs, wanted, strict=False)):
        other = found[place] if place < len(found) else [False, "TimeoutError", "", ""]
        told = apart(row, other)
        if told is not None:
            return Trial(place, told, key, _text(key, call) if key != "forward" else "")
    return Trial(len(wanted))


def _chance_apart(
    name: str,
    call: Call,
    jobs: list[tuple[str, Call]],
    student: Process,
    reference: Process,
) -> Difference | None:
    """How a network in train mode differs in whether chance plays a part, as in dropout."""
    given = next((used for key, used in jobs if key == "forward"), None)
    if given is None:
        return None
    code = (
        f"__object = __run({name}, *__call)[1]\n"
        "__object.train()\n"
        "[__run(__object, *__given, seed) for seed in __seeds]"
    )
    seeds = [chance.seeding(seed) for seed in chance.SEEDS]
    bindings = {"__call": [*call], "__given": [*given], "__seeds": seeds}
    probe = Probe(code, None, _harness(), bindings)
    rows = [_rows(process.probe(probe)) for process in (reference, student)]
    if not all(len(side) == 2 and side[0][0] and side[1][0] for side in rows):
        return None
    wanted, found = (difference(side[0][1], side[1][1]) is not None for side in rows)
    if wanted == found:
        return None
    phrase = "is random in train mode, expected it not to be"
    if wanted:
        phrase = "gives the same every time in train mode, expected something random there"
    return Difference("sct/value", phrase, ("the result",))


def flat(value: Any) -> Any:
    """A network with all its parameters side by side, without its layers."""
    if not isinstance(value, ModuleValue):
        return value
    parameters = {str(place): item for place, item in enumerate(_parameters(value))}
    bare: dict[str, Any] = {"type": "", "config": {}, "extra": "", "buffers": {}, "children": {}}
    return replace(value, parameters=parameters, **bare)


def _parameters(value: ModuleValue) -> list[Any]:
    found = [item for item in value.parameters.values() if item is not None]
    for child in value.children.values():
        found += _parameters(child) if isinstance(child, ModuleValue) else []
    return found


def shapes(value: Any, prefix: str = "") -> dict[str, tuple[int, ...]]:
    """The shapes of a network's parameters by name."""
    found: dict[str, tuple[int, ...]] = {}
    if isinstance(value, ModuleValue):
        for key, item in value.parameters.items():
            if item is not None:
                found[f"{prefix}{key}"] = tuple(item.shape)
        for key, child in value.children.items():
            found |= shapes(child, f"{prefix}{key}.")
    return found
