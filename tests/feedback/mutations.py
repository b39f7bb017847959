"""Mutants of a solution: one small thing wrong in each, as a slip of the hand would leave it.

Each has to fail, or to compute the same as the solution, which is found out here by running both,
and not by asking the judge.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import os
import types
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from tests.feedback.corpus import solution

from blankcheck import checking
from blankcheck.course.align import align
from blankcheck.course.text import Lines
from blankcheck.courses import Target
from blankcheck.result import Result
from blankcheck.runner import Runner
from blankcheck_runner.wire import Limits

SEEDS = (11, 12)

OTHER_FUNCTIONS = {
    "matmul": "mul",
    "zeros": "ones",
    "ones": "zeros",
    "randn": "rand",
    "arange": "linspace",
    "mean": "sum",
    "sum": "mean",
    "argmax": "argmin",
    "max": "min",
    "std": "var",
    "abs": "neg",
    "cat": "stack",
    "stack": "cat",
    "squeeze": "unsqueeze",
    "long": "int",
    "float": "double",
    "relu": "sigmoid",
    "ReLU": "Sigmoid",
    "LeakyReLU": "ELU",
    "Softmax": "LogSoftmax",
    "MSELoss": "L1Loss",
    "CrossEntropyLoss": "NLLLoss",
    "BCEWithLogitsLoss": "BCELoss",
    "SGD": "Adam",
    "Adam": "SGD",
    "MaxPool2d": "AvgPool2d",
    "train": "eval",
    "eval": "train",
    "no_grad": "enable_grad",
    "zero_": "exp_",
    "values": "keys",
    "len": "sum",
}
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Div: "*",
    ast.MatMult: "*",
    ast.Pow: "*",
    ast.Gt: "<",
    ast.Lt: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
}


LIMITS = Limits(seconds=5.0)
"""Some mutants never end."""

EQUAL = {
    ("function-sct", "line 4, swapped: counts.get(word, 0) + 1 → 1 + counts.get(word, 0)"),
}
"""Mutants inside functions that compute the same, which running both does not show."""


@dataclass(frozen=True)
class Mutant:
    """A solution with one thing changed."""

    kind: str
    what: str
    """The change, for people: `hidden_1 → hidden_2`."""
    text: str
    line: int
    """Where, from 0."""

    @property
    def id(self) -> str:
        """Names it within its exercise."""
        return f"line {self.line + 1}, {self.kind}: {self.what}"


def open_blanks(target: Target) -> Iterator[tuple[int, str]]:
    """For each blank of the sample, the solution with that one left open."""
    sample = target.unit.code("sample_code")
    text = solution(target)
    if sample is None:
        return
    for index, answer in enumerate(align(sample.text, text)):
        if answer is not None:
            yield index, f"{text[: answer.span.start]}___{text[answer.span.end :]}"


def mutants(target: Target) -> tuple[Mutant, ...]:
    """All mutants of an exercise's solution, in the order of its text."""
    text = solution(target)
    source = _Source(text)
    found: list[Mutant] = []
    for start, end, kind, new in (*_deletions(source), *_changes(source, _kinds(target))):
        old = text[start:end]
        line = text.count("\n", 0, start)
        what = _brief(old) if kind == "deleted" else f"{_brief(old)} → {_brief(new)}"
        found.append(Mutant(kind, what, text[:start] + new + text[end:], line))
    unique = {mutant.text: mutant for mutant in reversed(found)}
    return tuple(
        sorted(unique.values(), key=lambda mutant: (mutant.line, mutant.kind, mutant.what))
    )


@dataclass(frozen=True)
class Tried:
    """A mutant, and what came of it."""

    key: str
    mutant: Mutant
    result: Result
    fate: Literal["refused", "equal", "accepted"]
    """`accepted`: it passed, and is not known to compute the same as the solution."""

    @property
    def id(self) -> str:
        """Names it among the mutants of all exercises."""
        return f"{self.key}: {self.mutant.id}"

    @property
    def placed(self) -> bool:
        """Whether what was refused was told on the line that was changed; beside a deleted one."""
        first = self.result.feedback[0] if self.result.feedback else None
        if first is None:
            return False
        line = Lines(self.mutant.text).line_of(first.span.start)
        return abs(line - self.mutant.line) <= (1 if self.mutant.kind == "deleted" else 0)


async def tried(target: Target, mutant: Mutant, runner: Runner) -> Tried:
    """Checks a mutant, and where it passes, runs it beside the solution."""
    result = await checking.check(target, mutant.text, "answer.py", runner, LIMITS)
    fate: Literal["refused", "equal", "accepted"] = "accepted"
    if result.verdict in ("failed", "error", "timeout", "limit"):
        fate = "refused"
    elif result.verdict == "passed" and (
        (target.key, mutant.id) in EQUAL or computes_the_same(target, mutant.text)
    ):
        fate = "equal"
    return Tried(target.key, mutant, result, fate)


def sample(found: Sequence[Mutant], count: int) -> list[Mutant]:
    """A few mutants, always the same, of as many kinds as there are and from all of the text."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in found:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    chosen: list[Mutant] = []
    queues = [_spread(queue) for queue in by_kind.values()]
    while len(chosen) < count and any(queues):
        chosen += [queue.pop() for queue in queues if queue][: count - len(chosen)]
    return chosen


def _spread(queue: list[Mutant]) -> list[Mutant]:
    """The same mutants, neighbours far apart."""
    return [mutant for offset in range(3) for mutant in queue[offset::3]]


def computes_the_same(target: Target, text: str) -> bool:
    """Whether code gives all names of the solution the same values, and prints the same."""
    for seed in SEEDS:
        wanted, printed = _run(target, solution(target), seed)
        try:
            found, said = _run(target, text, seed)
        except Exception:
            return False
        if said.split() != printed.split():
            return False
        if not all(name in found and _alike(value, found[name]) for name, value in wanted.items()):
            return False
    return True


class _Source:
    """A text with its tree, and the places of nodes in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.lines = text.splitlines()

    def at(self, line: int, column: int) -> int:
        before = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(before)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        end = self.at(node.end_lineno, node.end_col_offset)
        return self.at(node.lineno, node.col_offset), end

    def of(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.text[start:end]


_Change = tuple[int, int, str, str]


def _deletions(source: _Source) -> Iterator[_Change]:
    """Each statement alone deleted; `pass` where a block would be left empty."""
    for parent in ast.walk(source.tree):
        for field in ("body", "orelse", "finalbody"):
            block: Any = getattr(parent, field, None)
            if not isinstance(block, list):
                continue
            for statement in cast("list[ast.stmt]", block):
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    continue  # often made already, by the pre-exercise code
                start, end = source.span(statement)
                if len(cast("list[ast.stmt]", block)) == 1:
                    yield start, end, "deleted", "pass"
                else:
                    whole = source.text.rfind("\n", 0, start) + 1
                    yield whole, min(end + 1, len(source.text)), "deleted", ""


def _changes(source: _Source, kinds: dict[str, str]) -> Iterator[_Change]:
    """Every other mutation."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.BinOp):
            yield _swap(source, node.left, node.right)
            yield from _operator(source, node.op, node.left, node.right)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from _operator(source, node.ops[0], node.left, node.comparators[0])
        elif isinstance(node, ast.Call):
            if len(node.args) == 2:
                yield _swap(source, *node.args)
            yield from _function(source, node.func)
        elif isinstance(node, ast.Constant):
            start, end = source.span(node)
            other = _other_number(node.value)
            if other is not None and not _in_string(source, node):
                yield start, end, "number", other
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in kinds:
            others = [
                name
                for name, kind in kinds.items()
                if name != node.id and kind == kinds[node.id] and _made_before(source, name, node)
            ]
            if others:
                yield *source.span(node), "variable", others[-1]


def _swap(source: _Source, one: ast.expr, other: ast.expr) -> _Change:
    first, last = source.span(one), source.span(other)
    between = source.text[first[1] : last[0]]
    return first[0], last[1], "swapped", f"{source.of(other)}{between}{source.of(one)}"


def _operator(
    source: _Source, operator: ast.AST, left: ast.expr, right: ast.expr
) -> Iterator[_Change]:
    other = _OPERATORS.get(type(operator))
    start, end = source.span(left)[1], source.span(right)[0]
    if other is None:
        return
    between = source.text[start:end]
    stripped = between.strip("() ")
    yield start, end, "operator", between.replace(stripped, other, 1)


def _function(source: _Source, called: ast.expr) -> Iterator[_Change]:
    name = called.attr if isinstance(called, ast.Attribute) else ""
    if isinstance(called, ast.Name):
        name = called.id
    if name in OTHER_FUNCTIONS:
        _, end = source.span(called)
        yield end - len(name), end, "function", OTHER_FUNCTIONS[name]


def _other_number(value: object) -> str | None:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return str(value + 1)
    if isinstance(value, float):
        return str(value * 2) if value else "1.0"
    return None


def _in_string(source: _Source, node: ast.Constant) -> bool:
    """Whether a constant stands inside an f-string, whose inner places older Pythons get wrong."""
    return source.of(node).strip("_") == "" or not source.of(node)[0].isalnum()


def _made_before(source: _Source, name: str, use: ast.Name) -> bool:
    """Whether a name is there when another one is read: given, or assigned further above."""
    lines = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
    ]
    return not lines or min(lines) < use.lineno


def _kinds(target: Target) -> dict[str, str]:
    """What kind of value each name holds in the end, where it is one that can be mistaken."""
    names, _ = _run(target, solution(target), SEEDS[0], given=True)
    kinds = {name: _kind(value) for name, value in names.items()}
    return {name: kind for name, kind in kinds.items() if kind}


def _kind(value: Any) -> str:
    if type(value).__module__ == "torch" and hasattr(value, "shape"):
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, (list, dict)):
        return type(cast("object", value)).__name__
    return ""


def _run(
    target: Target, text: str, seed: int, *, given: bool = False
) -> tuple[dict[str, Any], str]:
    """The names that code makes (and, asked for, those that were given), and what it prints."""
    torch = _torch()

    before = target.unit.code("pre_exercise_code")
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    folder = target.data if target.data is not None and target.data.is_dir() else None
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(printed))
        if folder is not None:
            stack.callback(os.chdir, os.getcwd())  # noqa: PTH109
            os.chdir(folder)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(torch.random.fork_rng())
        torch.manual_seed(seed)
        exec(compile(before.text if before is not None else "", "<before>", "exec"), names)
        old = dict(names)
        exec(compile(text, "<code>", "exec"), names)
    made = {
        name: value
        for name, value in names.items()
        if not name.startswith("__")
        and not isinstance(value, types.ModuleType)
        and (given or name not in old or _mutable(value) or old[name] is not value)
    }
    return made, printed.getvalue()


@cache
def _torch() -> Any:
    """Imported late, for the tests that need none; one thread, since the host beside is busy."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    return torch


def _mutable(value: Any) -> bool:
    return not isinstance(value, (int, float, str, bool, type, types.FunctionType))


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are the same; false wherever that cannot be shown."""
    torch = _torch()

    if type(one) is not type(other) and not isinstance(one, type):
        return type(one).__qualname__ == type(other).__qualname__ and _parts_alike(one, other)
    if isinstance(one, torch.Tensor):
        one = cast("Any", one)
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if one.requires_grad != other.requires_grad:
            return False
        close = torch.allclose(one, other, rtol=1e-5, atol=1e-7, equal_nan=True)
        return close and (not one.is_leaf or _alike(one.grad, other.grad))
    if isinstance(one, (list, tuple)):
        mine, theirs = cast("list[Any]", one), cast("list[Any]", other)
        return len(mine) == len(theirs) and all(
            _alike(a, b) for a, b in zip(mine, theirs, strict=True)
        )
    if isinstance(one, dict):
        mine, theirs = cast("dict[Any, Any]", one), cast("dict[Any, Any]", other)
        return list(mine) == list(theirs) and all(_alike(mine[key], theirs[key]) for key in mine)
    if isinstance(one, (int, float, str, bool, type(None))):
        return bool(one == other)
    return _parts_alike(one, other)


def _parts_alike(one: Any, other: Any) -> bool:
    """The same for functions, classes and objects, by what they are made of."""
    torch = _torch()

    if isinstance(one, types.FunctionType):
        return _code(one.__code__) == _code(other.__code__)
    if isinstance(one, type):
        return _alike(_methods(cast("type[Any]", one)), _methods(other))
    if isinstance(one, torch.nn.Module):
        return (
            repr(one) == repr(other)
            and one.training == other.training
            and _alike(dict(one.state_dict()), dict(other.state_dict()))
        )
    if isinstance(one, torch.optim.Optimizer):
        return repr(one) == repr(other)
    if hasattr(one, "__dict__"):
        return _alike(one.__dict__, other.__dict__)
    return repr(one).split(" at 0x")[0] == repr(other).split(" at 0x")[0]


def _methods(kind: type[Any]) -> dict[str, Any]:
    members = dict(vars(kind))
    return {name: it for name, it in members.items() if isinstance(it, types.FunctionType)}


def _code(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(_code(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_varnames


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
