"""Inputs to try functions, classes and networks on: those that the solution uses, others like
them, and where it uses none, ones that suit the names of the parameters."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from typing import Any, cast

from blankcheck_runner.judge import chance
from blankcheck_runner.judge.statements import Program, Unit
from blankcheck_runner.judge.task import Probe, Process
from blankcheck_runner.observation import ModuleValue, TensorFacts, TensorSummary, facts
from blankcheck_runner.observation.revival import revivable
from blankcheck_runner.observation.standins import attach

Call = tuple[list[Any], dict[str, Any]]
"""Positional and keyword arguments."""
MOST_CALLS = 6
_MOST_GUESSES = 60
_SECONDS = 3.0
_KEEPING = """\
import copy as __copy
__calls = []
def __kept(value):
    if type(value) in (list, tuple):
        return type(value)(__kept(item) for item in value)
    if hasattr(value, "is_leaf") and not value.is_leaf:
        return value.detach().clone().requires_grad_(True)
    try:
        return __copy.deepcopy(value)
    except Exception:
        return value
def __keep(key, args, words):
    if len(__calls) < 24:
        __calls.append([key, [__kept(item) for item in args],
                        {name: __kept(item) for name, item in words.items()}])
"""
_FUNCTION = """\
__called = {name}
def {name}(*args, **words):
    __keep("", args, words)
    return __called(*args, **words)
"""
_CLASS = """\
__class, __plain = {name}, {{}}
def __recorder(key, method):
    def record(self, *args, **words):
        __keep(key, args, words)
        return method(self, *args, **words)
    return record
for __key, __item in list(vars(__class).items()):
    if type(__item) is type(__recorder):
        __plain[__key] = __item
        setattr(__class, __key, __recorder(__key, __item))
try:
    exec(compile({text!r}, "<later>", "exec"), globals())
finally:
    for __key, __item in __plain.items():
        setattr(__class, __key, __item)
"""


def recorded(
    name: str, unit: Unit, solution: Program, reference: Process, *, methods: bool = False
) -> list[tuple[str, Call]]:
    """The calls of `name` that the rest of the solution makes; with `methods`, those of the class's
    own methods, each with the method's name."""
    found: list[tuple[str, Call]] = []
    through = {name}
    for later in solution.units[unit.index + 1 :]:
        if not through & later.reads:
            continue
        through |= set(later.assigns) - later.loops
        if later.defines:
            continue
        if methods:
            probe = Probe("__calls", None, _KEEPING + _CLASS.format(name=name, text=later.text))
        else:
            probe = Probe(later.text, "__calls", _KEEPING + _FUNCTION.format(name=name))
        answer = reference.probe(_within(probe))
        made = cast(object, answer.value)
        if answer.raised is not None or not isinstance(made, list):
            continue
        for key, arguments, words in cast("list[Any]", made):
            if revivable(arguments) and revivable(words):
                found.append((key, (arguments, words)))
        if len(found) >= MOST_CALLS * (4 if methods else 1):
            break
    return found


def _within(probe: Probe) -> Probe:
    return Probe(probe.code, probe.name, probe.setup, probe.bindings, _SECONDS)


def variants(call: Call) -> list[Call]:
    """Calls like this one: other numbers of the same kind, lists with an item more or fewer."""
    found: list[Call] = []
    for change in (_other_numbers, _longer, _shorter):
        changed = cast("Call", (change(call[0], 0, True), change(call[1], 20, True)))
        if repr(changed) != repr(call):
            found.append(changed)
    return found


def _inner(value: Any, place: int, change: Any) -> Any:
    kind = cast("type[Any]", type(value))
    if kind in (list, tuple):
        items = enumerate(cast("list[Any]", value))
        changed = [change(item, place + number) for number, item in items]
        return cast("Any", changed if kind is list else tuple(changed))
    if kind is dict:
        pairs = enumerate(cast("dict[Any, Any]", value).items())
        return {key: change(item, place + number) for number, (key, item) in pairs}
    return value


def _other_numbers(value: Any, place: int, _outer: bool = False) -> Any:
    kind = cast("type[Any]", type(value))
    if kind is int:
        return value + 1 + place % 2
    if kind is float:
        return value * 1.5 + (0.25 if value >= 0 else -0.25)
    if kind.__module__.startswith("torch") and kind.__name__ in ("Tensor", "Parameter"):
        return _other_tensor(value, place)
    return _inner(value, place, _other_numbers)


def _longer(value: Any, place: int, outer: bool = False) -> Any:
    kind = cast("type[Any]", type(value))
    if kind is list and not outer and value:
        items = cast("list[Any]", value)
        return [*items, _other_numbers(items[0], 1)]
    return _inner(value, place, _longer) if outer else value


def _shorter(value: Any, place: int, outer: bool = False) -> Any:
    kind = cast("type[Any]", type(value))
    if kind is list and not outer and len(value) > 1:
        return cast("list[Any]", value)[:-1]
    return _inner(value, place, _shorter) if outer else value


def _other_tensor(tensor: Any, place: int) -> Any:
    """Numbers below and above zero, of the same shape and dtype."""
    import torch

    if tensor.is_quantized or tensor.is_sparse or tensor.is_complex():
        return tensor
    if not tensor.is_floating_point():
        return tensor.flip(0) if tensor.dim() else tensor
    own = torch.Generator().manual_seed(chance.SEEDS[1] + place)
    drawn = torch.randn(tensor.shape, generator=own) * 2
    return drawn.to(tensor.dtype).requires_grad_(tensor.requires_grad)


# Guesses

_KINDS: tuple[tuple[str, str], ...] = (
    (r"text|word|name|string|sentence|message|line|title|^s$|char|letter", "texts"),
    (r"numbers|values|items|list|lst|data$|xs|nums|scores|prices|temps|array|seq", "lists"),
    (r"dict|mapping|counts|table", "tables"),
    (r"^(n|k|i|j|m|idx|index|count|size|num\w*|length|epochs?|seed|year|age)$", "whole"),
    (r"^(in|out|hidden)_|_(size|dim|features|channels|classes)$", "whole"),
    (r"rate|alpha|slope|price|ratio|factor|celsius|temp|radius|width|height", "real"),
    (r"^(x|y|z|t|a|b|v|w)$|tensor|input|batch|image|logits|pred|target|weight|matrix", "tensors"),
    (r"flag|is_|verbose|training", "truth"),
)
_ANNOTATED = {
    "int": "whole",
    "float": "real",
    "str": "texts",
    "bool": "truth",
    "list": "lists",
    "dict": "tables",
    "Tensor": "tensors",
}


def guesses(
    arguments: ast.arguments, reference: Process, given: frozenset[str], *, method: bool = False
) -> list[Call]:
    """Calls that suit a function's parameters, the likeliest first."""
    parameters = [*arguments.posonlyargs, *arguments.args][1 if method else 0 :]
    needed = parameters[: len(parameters) - len(arguments.defaults)]
    choices = [_choices(parameter, reference, given) for parameter in needed]
    words = {
        parameter.arg: _choices(parameter, reference, given)[0]
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    alike = [list(row) for row in zip(*choices, strict=False)] if choices else []
    mixed = [list(row) for row in itertools.islice(itertools.product(*choices), _MOST_GUESSES)]
    rows = [(row, words) for row in (*alike, *mixed)][:_MOST_GUESSES]
    if not rows or len(needed) == len(parameters):
        return rows
    # Of parameters that may be left out, other values than the usual ones.
    extra = [_like(default) for default in arguments.defaults]
    if any(value is None for value in extra):
        return rows
    return [one for row, _ in rows for one in ((row, words), ([*row, *extra], words))]


def _like(default: ast.expr) -> Any:
    match default:
        case ast.Constant(value=bool() as value):
            return not value
        case ast.Constant(value=int() | float() as value):
            return value + 2
        case ast.Constant(value=str() as value):
            return value or "a"
        case _:
            return None


def _choices(parameter: ast.arg, reference: Process, given: frozenset[str]) -> list[Any]:
    found: list[Any] = []
    if parameter.arg in given:
        answer = reference.probe(Probe("", parameter.arg))
        if answer.raised is None and revivable(answer.value):
            found.append(answer.value)
    sorts = _sorts(parameter.annotation, parameter.arg)
    return found + [item for sort in sorts for item in _samples(sort)]


def _sorts(annotation: ast.expr | None, name: str) -> list[str]:
    """Kinds of value, the likeliest for this parameter first."""
    order = ["tensors", "whole", "real", "lists", "texts", "tables", "truth"]
    if "torch" not in sys.modules:
        order.remove("tensors")
    likely: list[str] = []
    if annotation is not None:
        text = ast.unparse(annotation).partition("[")[0].rpartition(".")[2]
        likely = [_ANNOTATED[text]] if text in _ANNOTATED else []
        if likely:
            return likely
    likely += [sort for pattern, sort in _KINDS if re.search(pattern, name)]
    return list(dict.fromkeys(sort for sort in (*likely, *order) if sort in order))


def _samples(sort: str) -> list[Any]:
    if sort == "tensors":
        import torch

        own = torch.Generator().manual_seed(chance.SEEDS[0])
        return [torch.randn(3, 4, generator=own), torch.randn(4, generator=own)]
    samples: dict[str, list[Any]] = {
        "whole": [3, 6],
        "real": [2.5, 0.5],
        "texts": ["a bb a Ccc", "level"],
        "lists": [[3, 1, 2, 3], [2.5, -1.0, 4.0], ["b", "a", "b"]],
        "tables": [{"a": 3, "b": 1}],
        "truth": [True],
    }
    return samples[sort]


def network_inputs(network: ModuleValue) -> list[Call]:
    """Batches that may suit a network, by its first layer that says what it takes."""
    import torch

    own = torch.Generator().manual_seed(chance.SEEDS[0])
    device = _device(network)

    def drawn(*shape: int) -> Call:
        return [_on(device, torch.randn(shape, generator=own))], {}

    for layer in _layers(network):
        config = layer.config
        if isinstance(size := config.get("in_features"), int):
            square = int(size**0.5)
            shapes = [(3, size)]
            if square * square == size:
                shapes += [(3, 1, square, square), (3, square, square)]
            if size % 3 == 0 and (square := int((size // 3) ** 0.5)) ** 2 * 3 == size:
                shapes += [(3, 3, square, square)]
            return [drawn(*shape) for shape in shapes]
        if isinstance(size := config.get("in_channels"), int):
            sides = (28, 32, 8, 16, 64, 224)
            if "1d" in layer.type:
                return [drawn(2, size, side) for side in sides]
            return [drawn(2, size, side, side) for side in sides]
        if isinstance(size := config.get("num_embeddings"), int):
            return [([_on(device, torch.arange(6).reshape(2, 3) % size)], {})]
        if isinstance(size := config.get("input_size"), int):
            return [drawn(3, 5, size)]
    return [drawn(3, 4), drawn(2, 3, 8, 8)]


def _device(network: ModuleValue) -> str:
    """Where a network's parameters are."""
    for layer in (network, *_layers(network)):
        for parameter in layer.parameters.values():
            if parameter is not None:
                summary = isinstance(parameter, TensorSummary)
                return parameter.device if summary else facts(parameter).device
    return "cpu"


def _on(device: str, tensor: Any) -> Any:
    """A tensor that is bound on a device, in a process that has it."""
    attach(tensor, TensorFacts(device))
    return tensor


def _layers(network: ModuleValue) -> list[ModuleValue]:
    found: list[ModuleValue] = []
    for child in network.children.values():
        if isinstance(child, ModuleValue):
            found += [child, *_layers(child)]
    return found
