"""Words that compare values, outputs and errors, and those that go to a variable."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge.code import code_of, has_value, under
from blankcheck_runner.judge.equality import difference
from blankcheck_runner.judge.messages import short
from blankcheck_runner.judge.state import Part, SctError, Source, Span, State
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Observed, Probe
from blankcheck_runner.observation import describe

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
    expected = _expected_value(state, running, override)
    found = running.observe(state, "student")
    subject = _subject(state, expr_code, name)
    shown = {"sol_eval": short(expected), "stu_eval": short(found.value), "name": name or ""}
    if found.raised is not None:
        detail = f": {found.raised.message}" if found.raised.message else ""
        own = f"Working out {subject} raised {found.raised.type}{detail}."
        message = error_msg
        if name is not None and found.raised.type == "NameError":
            own = f"`{name}` is not defined by this code; assign it."
            message = undefined_msg
        values = {**shown, "stu_eval": found.raised.type}
        raise state.fail("sct/value", own, message or incorrect_msg, values=values)
    expected, mine = _converted(state, expected), _converted(state, found.value)
    if func is not None:
        if not _accepts(func, expected, mine):
            own = f"{_sentence(subject)} is not what is asked for; compare with the instructions."
            raise state.fail("sct/value", own, incorrect_msg, values=shown)
        return
    differs = difference(expected, mine)
    if differs is not None:
        own = _sentence(differs.about(subject))
        whole = dataclasses.replace(state, expand=False)
        raise whole.fail(differs.code, own, incorrect_msg, values=shown)


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


@word("check_object")
def check_object(
    state: State,
    index: str,
    missing_msg: str | None = None,
    expand_msg: str | None = None,
    typestr: str | None = None,
) -> State:
    """Goes to a variable."""
    if not isinstance(index, str):
        raise SctError("`check_object` takes a variable's name, such as `check_object('x')`.")
    session = state.session
    if session.ask("reference", Probe(index)).raised is not None:
        raise SctError(f"`check_object('{index}')`: the solution does not define `{index}`.")
    if session.ask("student", Probe(index)).raised is not None:
        own = f"There is no variable `{index}`; assign it."
        values = {"index": index, "name": index, "typestr": typestr or "variable"}
        raise state.fail("sct/missing", own, missing_msg, values=values)
    node, span = assignment(session.submission, index)
    theirs, _ = assignment(session.solution, index)
    return dataclasses.replace(state, expand=state.expand).to(
        Part((node,) if node is not None else (), code=index, span=span),
        Part((theirs,) if theirs is not None else (), code=index),
        f"`{index}`",
    )


@word("check_df")
def check_df(
    state: State,
    index: str,
    missing_msg: str | None = None,
    not_instance_msg: str | None = None,
    expand_msg: str | None = None,
) -> State:
    """Goes to a variable that holds a pandas DataFrame."""
    at = check_object(state, index, missing_msg)
    if _class_of(at, "student") != "DataFrame":
        own = f"`{index}` is not a DataFrame; make it one."
        raise at.fail("sct/type", own, not_instance_msg, values={"name": index})
    return at


@word("is_instance")
def is_instance(state: State, inst: Any, not_instance_msg: str | None = None) -> None:
    """The value is an instance of a class, or of one of several."""
    wanted = cast("tuple[Any, ...]", inst if isinstance(inst, tuple) else (inst,))
    if not all(isinstance(each, type) for each in wanted):
        raise SctError("`is_instance` takes a class, such as `is_instance(torch.Tensor)`.")
    if not _is_a(state, "reference", wanted):
        raise SctError(f"`is_instance`: the solution's value is no {wanted[0].__name__}.")
    if not _is_a(state, "student", wanted):
        value = Running().observe(state, "student").value
        names = " or ".join(each.__name__ for each in wanted)
        own = (
            f"{_sentence(_subject(state))} is {describe(value)}, but it should be of type {names}."
        )
        plain = dataclasses.replace(state, expand=False)
        raise plain.fail("sct/type", own, not_instance_msg, values={"inst": names})


@word("check_keys", "check_column")
def check_keys(
    state: State, key: Any, missing_msg: str | None = None, expand_msg: str | None = None
) -> State:
    """Goes to what a dictionary or table holds under a key."""
    sides = [
        dataclasses.replace(part, code=f"({code_of(part)})[{key!r}]", facts={})
        for part in (state.student, state.solution)
    ]
    below = state.to(sides[0], sides[1], f"{_subject(state)} under {key!r}")
    if Running().observe(below, "reference").raised is not None:
        raise SctError(f"`check_keys({key!r})`: the solution's value has no such key.")
    if Running().observe(below, "student").raised is not None:
        own = f"{_sentence(_subject(state))} has no key {key!r}; add it."
        plain = dataclasses.replace(state, expand=False)
        raise plain.fail("sct/missing", own, missing_msg, values={"key": key})
    return below


@word("has_key")
def has_key(state: State, key: Any, msg: str | None = None) -> None:
    """The dictionary or table holds something under a key."""
    check_keys(state, key, msg)


@word("has_equal_key", "has_equal_column")
def has_equal_key(
    state: State, key: Any, missing_msg: str | None = None, incorrect_msg: str | None = None
) -> None:
    """What the dictionary or table holds under a key is the solution's."""
    has_equal_value(check_keys(state, key, missing_msg), incorrect_msg)


@word("has_equal_part")
def has_equal_part(state: State, name: str, msg: str | None = None, var: str = "") -> None:
    """A plain fact of the part (`name`, `is_default`) is the solution's."""
    if name not in state.solution.facts:
        known = ", ".join(f"`{each}`" for each in state.solution.facts) or "none"
        raise SctError(f"`has_equal_part('{name}')` does not fit here; the facts are: {known}.")
    if state.student.facts.get(name) != state.solution.facts[name]:
        own = {
            "name": "This has another name than the one asked for.",
            "is_default": "Only one of yours and the expected one has a default value.",
        }.get(name, f"The `{name}` is not the one asked for.")
        raise state.fail("sct/structure", own, msg, values={"name": name})


@word("has_equal_part_len")
def has_equal_part_len(state: State, name: str, unequal_msg: str | None = None) -> None:
    """As many of these parts as in the solution: `args`, `ifs`, `handlers`, `context`."""
    lengths = [_length(part, name) for part in (state.student, state.solution)]
    if lengths[1] is None:
        raise SctError(f"`has_equal_part_len('{name}')` does not fit here.")
    if lengths[0] != lengths[1]:
        noun = {"args": "parameters", "ifs": "`if` parts"}.get(name, name)
        own = f"The number of {noun} is {lengths[0]}, expected {lengths[1]}."
        shown = {"stu_len": lengths[0], "sol_len": lengths[1]}
        raise state.fail("sct/structure", own, unequal_msg, values=shown)


@word("has_context")
def has_context(state: State, incorrect_msg: str | None = None, exact_names: bool = False) -> None:
    """As many loop variables (or other context names) as in the solution; or the very same ones."""
    mine, theirs = (
        part.facts.get("context", part.names) for part in (state.student, state.solution)
    )
    if len(mine) != len(theirs):
        own = f"There are {len(mine)} variables here, expected {len(theirs)}."
        raise state.fail("sct/structure", own, incorrect_msg)
    if exact_names and mine != theirs:
        own = "The variables have other names than the ones asked for."
        raise state.fail("sct/structure", own, incorrect_msg)


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


def assignment(source: Source, name: str) -> tuple[ast.AST | None, Span | None]:
    """What a variable was last given: the node and where it is. Assignments at the top level come
    before those in loops and the like; those in definitions do not count."""
    found: list[tuple[ast.AST, ast.AST]] = []
    nested: list[tuple[ast.AST, ast.AST]] = []
    for statement in source.tree.body:
        found += _given_in(statement, name)
        nested += [pair for inner in _inside(statement) for pair in _given_in(inner, name)]
    chosen = (found or nested or [None])[-1]
    if chosen is None:
        return None, None
    return chosen[0], source.span((chosen[1],))


def _given_in(node: ast.AST, name: str) -> list[tuple[ast.AST, ast.AST]]:
    """The value's node (or the statement's), and the node to point at."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return [pair for target in targets for pair in _unpacked(target, value, name)]
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return _unpacked(target, value, name)
        case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
            return [(node, value)]
        case ast.FunctionDef(name=target) | ast.ClassDef(name=target) if target == name:
            return [(node, node)]
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return [(node, target)] if _names_it(target, name) else []
        case ast.With(items=items):
            return [
                (node, item.optional_vars)
                for item in items
                if item.optional_vars is not None and _names_it(item.optional_vars, name)
            ]
        case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
            return [(value, value)]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            named = [(each.asname or each.name).partition(".")[0] for each in aliases]
            return [(node, node)] if name in named else []
        case _:
            return []


def _unpacked(target: ast.AST, value: ast.AST, name: str) -> list[tuple[ast.AST, ast.AST]]:
    if isinstance(target, ast.Name):
        return [(value, value)] if target.id == name else []
    if isinstance(target, (ast.Tuple, ast.List)):
        pairs = list(target.elts)
        values: list[ast.AST] = [value] * len(pairs)
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(pairs):
            values = [*value.elts]
        return [
            found
            for element, given in zip(pairs, values, strict=True)
            for found in _unpacked(element, given, name)
        ]
    return []


def _names_it(target: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a statement, without what is in definitions."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _inside(child)


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


def _raises(name: str, found: Observed) -> str:
    raised = found.raised
    assert raised is not None
    return (
        f"`{name}`: running this part of the solution raises {raised.type} ({raised.message}); "
        "give the names that it needs values with `set_context` or `set_env`."
    )


def _accepts(func: Callable[[Any, Any], Any], expected: Any, found: Any) -> bool:
    """Whether the SCT's own comparison accepts the learner's value. It has to work on the
    solution's; where it does not on the learner's, that is another kind of value."""
    func(expected, expected)
    try:
        return bool(func(expected, found))
    except Exception:
        return False


def _converted(state: State, value: Any) -> Any:
    kind = type(value)
    module = getattr(value, "module", None) or kind.__module__
    name = getattr(value, "type", None) or kind.__qualname__
    for key in (f"{module}.{name}", str(name)):
        if key in state.session.converters:
            return state.session.converters[key](value)
    return value


def _class_of(state: State, side: str) -> str:
    value = Running().observe(state, side).value
    return getattr(value, "type", None) or type(value).__name__


def _is_a(state: State, side: str, wanted: tuple[type, ...]) -> bool:
    value = Running().observe(state, side).value
    if isinstance(value, wanted):
        return True
    if not type(value).__module__.startswith("blankcheck_runner."):
        return False
    code = code_of(state.side(side))
    classes = f"[(c.__module__, c.__qualname__) for c in type({code}).__mro__]"
    found = Running(expr_code=classes).observe(state, side).value
    listed = {(each.__module__, each.__qualname__) for each in wanted}
    return isinstance(found, list) and any(pair in listed for pair in cast("list[Any]", found))


def _length(part: Part, name: str) -> int | None:
    found = part.facts.get(name, part.parts.get(name))
    if isinstance(found, dict):
        return len({id(each) for each in cast("dict[Any, object]", found).values()})
    return len(cast("tuple[Any, ...]", found)) if isinstance(found, tuple) else None


def _subject(state: State, expr_code: str | None = None, name: str | None = None) -> str:
    """What a message speaks of."""
    if name is not None:
        return f"`{name}`"
    if expr_code is not None:
        return f"`{expr_code}`" if "__focus__" not in expr_code else "the value"
    return state.where[-1] if state.where else "the value"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.rstrip().splitlines()]
