"""Words that compare values, outputs and errors, and those that go to a variable."""

from __future__ import annotations

import ast
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge import datasets
from blankcheck_runner.judge.assigned import assignment
from blankcheck_runner.judge.code import code_of, has_value, under
from blankcheck_runner.judge.equality import difference
from blankcheck_runner.judge.located import is_located
from blankcheck_runner.judge.messages import short
from blankcheck_runner.judge.state import SctError, Source, State
from blankcheck_runner.judge.statements import Program
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Observed, Probe

_NOT_GIVEN: Any = object()


@dataclass(frozen=True)
class Running:
    """How the part that a state is at is run."""

    extra_env: Mapping[str, Any] | None = None
    context_vals: Sequence[Any] | None = None
    pre_code: str | None = None
    expr_code: str | None = None
    name: str | None = None
    copy: bool = True

    def observe(self, state: State, side: str) -> Observed:
        """What comes of running it on one side."""
        part = state.side(side)
        code = code_of(part)
        if self.expr_code is not None:
            code = self.expr_code.replace("__focus__", f"({code})")
        bindings = {**part.bindings, **_context(state, side, self.context_vals or (), {})}
        bindings |= self.extra_env or {}
        missing = {name: text for name, text in part.defaults.items() if name not in bindings}
        setup = "".join(f"{name} = {text}\n" for name, text in missing.items())
        setup += part.setup + (self.pre_code or "")
        code, name = under(part.headers, code, self.name)
        session = state.session
        if not self.copy:
            session.lasting[side] += f"{code}\n"
            code, name = name or "None", None
        return session.ask(side, Probe(code, name, setup, bindings))

    def expected(self, state: State, word_name: str) -> Observed:
        """What comes of it in the solution; there it has to work."""
        try:
            found = self.observe(state, "reference")
        except SyntaxError as error:
            raise SctError(f"`{word_name}`: the code is not valid Python ({error.msg}).") from None
        return found


@word("has_equal_value")
def has_equal_value(
    state: State,
    incorrect_msg: str | None = None,
    error_msg: str | None = None,
    undefined_msg: str | None = None,
    append: bool | None = None,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    pre_code: str | None = None,
    expr_code: str | None = None,
    name: str | None = None,
    copy: bool = True,
    func: Callable[[Any, Any], Any] | None = None,
    override: Any = _NOT_GIVEN,
    expand_msg: str | None = None,
) -> None:
    """The part's value, or that of a variable after it has run, is the solution's."""
    running = Running(extra_env, context_vals, pre_code, expr_code, name, copy)
    theirs = _expected_value(state, running, override)
    found = running.observe(state, "student")
    subject = subject_of(state, expr_code, name)

    def shown() -> dict[str, str]:  # writing tensors out takes its time, and is seldom needed
        return {"sol_eval": short(theirs), "stu_eval": short(found.value), "name": name or ""}

    if found.raised is not None:
        detail = f": {found.raised.message}" if found.raised.message else ""
        own = f"Working out {subject} raised {found.raised.type}{detail}."
        message = error_msg
        if name is not None and found.raised.type == "NameError":
            own = f"`{name}` is not defined by this code; assign it."
            message = undefined_msg
        values = {**shown(), "stu_eval": found.raised.type}
        message = message or incorrect_msg
        raise state.fail("sct/value", own, message, values=values, located=False)
    expected, mine = _converted(state, theirs), _converted(state, found.value)
    if func is not None and _accepts(func, expected, mine):
        return
    code = expr_code if expr_code is not None else code_of(state.solution)
    about = is_located(code, name, state.session.task.solution)
    differs = difference(expected, mine, check_device=about)
    if differs is None and func is None:
        return
    if func is None and override is _NOT_GIVEN:

        def ask(code: str) -> tuple[Observed, Observed]:
            focus = expr_code or "__focus__"
            asking = dataclasses.replace(running, expr_code=code.replace("__focus__", focus))
            return asking.observe(state, "reference"), asking.observe(state, "student")

        given = datasets.tried(theirs, found.value, Program(state.session.task.solution), ask)
        if given.calls:
            return
        differs = given.told or differs
    if expr_code is not None and state.span() is None:
        state = _at_variable(state, expr_code)
    code, own = "sct/value", f"{subject} is not what is asked for; compare with the instructions."
    if differs is not None:
        code, own = differs.code, differs.about(subject)
    raise state.fail(code, sentence(own), incorrect_msg, values=shown(), located=False)


@word("has_equal_output")
def has_equal_output(
    state: State,
    incorrect_msg: str | None = None,
    error_msg: str | None = None,
    undefined_msg: str | None = None,
    append: bool | None = None,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    pre_code: str | None = None,
    expr_code: str | None = None,
    name: str | None = None,
    copy: bool = True,
    func: Callable[[Any, Any], Any] | None = None,
    override: Any = _NOT_GIVEN,
    expand_msg: str | None = None,
) -> None:
    """What the part prints when it runs is what the solution's prints."""
    running = Running(extra_env, context_vals, pre_code, expr_code, name, copy)
    if override is _NOT_GIVEN:
        theirs = running.expected(state, "has_equal_output")
        if theirs.raised is not None:
            raise SctError(_raises("has_equal_output", theirs))
        expected = theirs.output
    else:
        expected = str(override)
    found = running.observe(state, "student")
    shown = {"sol_eval": short(expected.strip()), "stu_eval": short(found.output.strip())}
    if found.raised is not None:
        detail = f": {found.raised.message}" if found.raised.message else ""
        own = f"Running it raised {found.raised.type}{detail}."
        raise state.fail("sct/output", own, error_msg or incorrect_msg, values=shown)
    equal = (
        _accepts(func, expected, found.output) if func else _lines(expected) == _lines(found.output)
    )
    if not equal:
        printed = f"prints {shown['stu_eval']}" if found.output.strip() else "prints nothing"
        own = f"This {printed}, which is not what is asked for."
        raise state.fail("sct/output", own, incorrect_msg, values=shown)


@word("has_equal_error")
def has_equal_error(
    state: State,
    incorrect_msg: str | None = None,
    error_msg: str | None = None,
    undefined_msg: str | None = None,
    append: bool | None = None,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    pre_code: str | None = None,
    expr_code: str | None = None,
    name: str | None = None,
    copy: bool = True,
    func: Callable[[Any, Any], Any] | None = None,
    override: Any = _NOT_GIVEN,
    expand_msg: str | None = None,
) -> None:
    """Running the part raises the exception that the solution's raises."""
    running = Running(extra_env, context_vals, pre_code, expr_code, name, copy)
    theirs = running.expected(state, "has_equal_error").raised
    if theirs is None:
        raise SctError("`has_equal_error`: the solution raises nothing there.")
    mine = running.observe(state, "student").raised
    shown = {"sol_eval": theirs.type, "stu_eval": mine.type if mine else "no exception"}
    if mine is None:
        own = "This should raise an exception, but it does not."
        raise state.fail("sct/value", own, error_msg or incorrect_msg, values=shown)
    if mine.type != theirs.type:
        own = f"This raises {mine.type}, but another exception is asked for."
        raise state.fail("sct/value", own, incorrect_msg, values=shown)
    raises = any(isinstance(n, ast.Raise) for node in state.solution.nodes for n in ast.walk(node))
    if raises and mine.message.split() != theirs.message.split():
        own = f"This raises {mine.type} with another message than the one asked for."
        raise state.fail("sct/value", own, incorrect_msg, values=shown)


@word("set_context", checks=False)
def set_context(state: State, *args: Any, **kwargs: Any) -> State:
    """Gives values to the context's names (loop variables, parameters), in order or by the names
    that the solution has for them."""
    if args and kwargs:
        raise SctError("`set_context` takes values in order or by name, not both.")
    sides = {
        side: dataclasses.replace(
            state.side(side),
            bindings={**state.side(side).bindings, **_context(state, side, args, kwargs)},
        )
        for side in ("reference", "student")
    }
    return dataclasses.replace(state, student=sides["student"], solution=sides["reference"])


@word("set_env", checks=False)
def set_env(state: State, **kwargs: Any) -> State:
    """Gives values to names before anything is run."""
    sides = [
        dataclasses.replace(part, bindings={**part.bindings, **kwargs})
        for part in (state.student, state.solution)
    ]
    return dataclasses.replace(state, student=sides[0], solution=sides[1])


@word("override", checks=False)
def override(state: State, solution: str) -> State:
    """Puts code in the place of the solution's part, to accept another answer."""
    source = Source(solution)
    if source.error is not None:
        raise SctError(f"`override`: this is not valid Python ({source.error.msg}).")
    nodes: tuple[ast.AST, ...] = (*source.tree.body,)
    mine = state.solution.nodes
    if len(nodes) == 1 and len(mine) == 1 and isinstance(mine[0], ast.expr):
        only = nodes[0]
        nodes = (only.value,) if isinstance(only, ast.Expr) else nodes
    part = dataclasses.replace(state.solution, nodes=nodes, code=None, parts={}, text=solution)
    return dataclasses.replace(state, solution=part)


def _context(
    state: State, side: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Values for the context's names on one side; names are those of the solution."""
    theirs, names = state.solution.names, state.side(side).names
    if len(args) > len(theirs):
        known = ", ".join(f"`{name}`" for name in theirs) or "none"
        raise SctError(f"`set_context` has {len(args)} values, but the names here are: {known}.")
    unknown = [name for name in kwargs if name not in theirs]
    if unknown:
        known = ", ".join(f"`{name}`" for name in theirs) or "none"
        raise SctError(f"`set_context`: `{unknown[0]}` is not one of the names here: {known}.")
    given = {**dict(zip(theirs, args, strict=False)), **kwargs}
    if len(names) < len(theirs) and given:
        own = f"There are {len(names)} variables here, expected {len(theirs)}."
        raise state.fail("sct/structure", own)
    return {mine: given[name] for mine, name in zip(names, theirs, strict=False) if name in given}


def _expected_value(state: State, running: Running, override: Any) -> Any:
    if override is not _NOT_GIVEN:
        return override
    found = running.expected(state, "has_equal_value")
    if found.raised is not None:
        raise SctError(_raises("has_equal_value", found))
    code = running.expr_code or code_of(state.solution)
    if running.name is None and found.value is None:
        if not has_value(code):
            raise SctError(
                "`has_equal_value` follows statements that have no value; name a variable to "
                "compare, as in `has_equal_value(name='x')`, or use `has_equal_output()`."
            )
        if code.lstrip().startswith("print("):
            raise SctError("`has_equal_value`: `print` has no value; use `has_equal_output`.")
    return found.value


def _at_variable(state: State, expression: str) -> State:
    """For an expression about one variable: the place where the submission assigns it."""
    names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    spans = [assignment(state.session.submission, name)[1] for name in names]
    found = [span for span in spans if span is not None]
    if len(found) != 1:
        return state
    return dataclasses.replace(state, student=dataclasses.replace(state.student, span=found[0]))


def _raises(name: str, found: Observed) -> str:
    raised = found.raised
    assert raised is not None
    return (
        f"`{name}`: running this part of the solution raises {raised.type} ({raised.message}); "
        "give the names that it needs values with `set_context` or `set_env`."
    )


def _accepts(func: Callable[[Any, Any], Any], expected: Any, found: Any) -> bool:
    """Whether the SCT's own comparison accepts the learner's value. It has to work on the
    solution's; where it does not on the learner's, that is another kind of value. A tensor without
    elements is broadcast to any other, and all of its none are equal: it is not accepted."""
    func(expected, expected)
    try:
        if _size(expected) != 0 and _size(found) == 0:
            return False
        return bool(func(expected, found))
    except Exception:
        return False


def _size(value: Any) -> int | None:
    """How many elements a tensor or array has; null for anything else."""
    shape = getattr(value, "shape", None)
    return math.prod(cast("tuple[int, ...]", shape)) if isinstance(shape, tuple) else None


def _converted(state: State, value: Any) -> Any:
    module = getattr(value, "module", None) or type(value).__module__
    name = getattr(value, "type", None) or type(value).__qualname__
    for key in (f"{module}.{name}", str(name)):
        if key in state.session.converters:
            return state.session.converters[key](value)
    return value


def subject_of(state: State, expr_code: str | None = None, name: str | None = None) -> str:
    """What a message speaks of."""
    if name is not None:
        return f"`{name}`"
    if expr_code is not None:
        return f"`{expr_code}`" if "__focus__" not in expr_code else "the value"
    return state.where[-1] if state.where else "the value"


def sentence(text: str) -> str:
    """The text with a capital in front."""
    return text[:1].upper() + text[1:]


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.rstrip().splitlines()]
