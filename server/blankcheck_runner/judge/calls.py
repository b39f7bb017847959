"""Words about calls: which functions are called, and with what."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge import signature as signatures
from blankcheck_runner.judge.code import statements_code
from blankcheck_runner.judge.messages import nearest, ordinal
from blankcheck_runner.judge.names import Names, same
from blankcheck_runner.judge.parts import part_of
from blankcheck_runner.judge.places import pinpoint
from blankcheck_runner.judge.places import same as same_code
from blankcheck_runner.judge.state import (
    Part,
    SctError,
    Session,
    Span,
    State,
    exercise_names,
)
from blankcheck_runner.judge.syntax import dump
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Probe

Form = signatures.Form
CALLED = "__called__"


@dataclass(frozen=True)
class Arguments:
    """A call's arguments by parameter, or by place where the function's form is not known."""

    by_key: dict[Any, ast.expr]
    order: tuple[Any, ...]
    """The keys of positional parameters, in order."""

    def get(self, key: Any) -> ast.expr | None:
        """The argument for a parameter: its name, its place, or `('args', 0)`."""
        if isinstance(key, int) and key not in self.by_key:
            key = self.order[key] if 0 <= key < len(self.order) else None
        return self.by_key.get(key)


@word("check_function")
def check_function(
    state: State,
    name: str,
    index: Any = 0,
    missing_msg: str | None = None,
    params_not_matched_msg: str | None = None,
    expand_msg: str | None = None,
    signature: Any = True,
) -> State:
    """Goes to the `index`-th call of a function, by its full name: `torch.nn.functional.relu`."""
    theirs = find_calls(state, "reference", name)
    if not isinstance(index, int) or not 0 <= index < len(theirs):
        raise SctError(_not_in_solution(state, name, index, len(theirs)))
    mine = find_calls(state, "student", name)
    values = {"name": name, "index": ordinal(index)}
    if index >= len(mine):
        own, span = _missing_call(state, name, len(mine))
        raise state.fail(
            "sct/missing", own, missing_msg, values=values, span=span, missing=theirs[index]
        )
    call = mine[index]
    if len(mine) > len(theirs):
        call = next((other for other in mine if dump(other) == dump(theirs[index])), call)
    which = f"the {ordinal(index)} call of `{name}`" if len(theirs) > 1 else f"the call of `{name}`"
    below = _at_call(state, name, call, theirs[index], signature, which, expand_msg)
    if below is None:
        own = f"The arguments of `{name}` do not fit its parameters; look at how it is called."
        span = state.session.submission.span((call,))
        raise state.fail("sct/call", own, params_not_matched_msg, span=span, values=values)
    return below


def other_call(state: State, at: State, call: ast.Call, signature: Any) -> State | None:
    """The state for another of the learner's calls than the one that `at` is at."""
    name = at.solution.facts["function"]
    theirs = cast(ast.Call, at.solution.nodes[0])
    return _at_call(state, name, call, theirs, signature, at.where[-1])


def _at_call(
    state: State,
    name: str,
    mine: ast.Call,
    theirs: ast.Call,
    signature: Any,
    where: str,
    lead: str | None = None,
) -> State | None:
    sides = bound(state, mine, theirs, signature)
    if sides is None:
        return None
    span = state.session.submission.span((mine,))
    facts = {"function": name}
    return state.to(
        Part((mine,), parts={"args": sides[0]}, facts=facts, span=span),
        Part((theirs,), parts={"args": sides[1]}, facts=facts),
        where,
        lead,
    )


@word("check_args")
def check_args(
    state: State, name: Any, missing_msg: str | None = None, expand_msg: str | None = None
) -> State:
    """Goes to an argument of a call, or to a parameter of a definition: by name, by place, or as
    `['args', 0]` and `['kwargs', 'name']`."""
    theirs = state.solution.parts.get("args")
    if not isinstance(theirs, Arguments):
        return part_of(state, "args", name, missing_msg, expand_msg)
    mine = cast(Arguments, state.student.parts["args"])
    function = state.solution.facts["function"]
    key = _key(name, function)
    expected, found = theirs.get(key), mine.get(key)
    if expected is None:
        known = ", ".join(f"`{each}`" for each in theirs.by_key if isinstance(each, str))
        raise SctError(
            f"`check_args({name!r})`: the solution's call of `{function}` has no such argument"
            + (f"; it has {known}." if known else ".")
        )
    label = argument_label(name)
    if found is None:
        own = f"`{function}` is called without {label}; add it."
        raise state.fail("sct/call", own, missing_msg, values={"name": name}, located=False)
    span = state.session.submission.span((found,))
    where = f"{label} of `{function}`"
    return state.to(Part((found,), span=span), Part((expected,)), where, expand_msg)


@word("check_call")
def check_call(
    state: State, callstr: str, argstr: str | None = None, expand_msg: str | None = None
) -> State:
    """Goes to a call of the function that is defined there; the SCT writes it as `f(1, 2)`."""
    try:
        call = ast.parse(callstr.strip(), mode="eval").body
    except SyntaxError:
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise SctError(
            f"`check_call('{callstr}')`: write the call as `f(…)`, `f` being the function."
        )
    sides = [_called(part, call) for part in (state.student, state.solution)]
    shown = argstr or ast.unparse(call)[len(call.func.id) :]
    name = state.solution.facts.get("name")
    where = f"`{name}{shown}`" if name else f"the lambda function called with `{shown}`"
    return state.to(dataclasses.replace(sides[0], span=_parted(state)), sides[1], where, expand_msg)


def _parted(state: State) -> Span | None:
    """Where the learner's definition parts from the solution's: what a call of it gives is wrong
    because of that, as far as code tells."""
    mine, theirs = state.student.nodes[0], state.solution.nodes[0]
    place = pinpoint(theirs, mine)
    return (
        state.span()
        if place is mine or same_code(theirs, mine)
        else state.session.submission.span((place,))
    )


def _called(part: Part, call: ast.Call) -> Part:
    node = part.nodes[0] if len(part.nodes) == 1 else None
    code = ast.unparse(ast.Call(ast.Name(CALLED, ast.Load()), call.args, call.keywords))
    if isinstance(node, ast.Lambda):
        return Part((node,), code=code, setup=f"{CALLED} = {ast.unparse(node)}\n")
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return Part((node,), code=code, setup=f"{ast.unparse(node)}\n{CALLED} = {node.name}\n")
    raise SctError(
        "`check_call` follows `check_function_def('name')` or `check_lambda_function()`."
    )


def find_calls(state: State, side: str, name: str) -> list[ast.Call]:
    """The calls of a function in the part, in source order, outer ones first."""
    names = names_of(state.session, side)
    wanted = names_of(state.session, "reference").canonical(name)
    return [
        node
        for node in _calls_in(state.side(side).nodes)
        if same(names.of(node.func), wanted) or names.of(node.func) == name
    ]


def _calls_in(nodes: tuple[ast.AST, ...]) -> list[ast.Call]:
    """Calls in source order: those outside of definitions first."""
    found: list[ast.Call] = []
    later: list[ast.AST] = []

    def visit(node: ast.AST, entered: bool) -> None:
        if isinstance(node, ast.Call):
            found.append(node)
        if not entered and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            later.append(node)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, False)

    for node in nodes:
        visit(node, False)
    while later:
        visit(later.pop(0), True)
    return found


def names_of(session: Session, side: str) -> Names:
    """What the names of one side's program stand for."""
    if side not in session.names:
        given, submission, solution = (
            session.pre_exercise_code,
            session.submission,
            session.solution,
        )
        session.names[side] = (
            Names((given.tree, submission.tree))
            if side == "student"
            else exercise_names(given.text, solution.text)
        )
    return session.names[side]


def bound(
    state: State, mine: ast.Call, theirs: ast.Call, signature: Any = True
) -> tuple[Arguments, Arguments] | None:
    """The arguments of two calls of one function, by parameter; null where the learner's do not fit
    a signature that the SCT gives."""
    if signature is True:
        forms = _forms(state, "reference", theirs)
    elif signature is None or signature is False:
        forms = []
    else:
        forms = _given(signature)
    expected = _bind_first(forms, theirs)
    found = _bind_first(forms, mine)
    if expected is not None and found is None and signature is True:
        found = _bind_first(_forms(state, "student", mine), mine)
    if expected is not None and found is not None:
        return found, expected
    if forms and signature is not True:
        if expected is None:
            raise SctError("The signature that is given does not fit the solution's own call.")
        return None
    return _by_place(mine), _by_place(theirs)


def _forms(state: State, side: str, call: ast.Call) -> list[Form]:
    """How the called function can be called, as the process that has it says."""
    part = state.side(side)
    code = f"{signatures.PROBED}({statements_code((call.func,))})"
    probe = Probe(code, setup=part.setup, bindings=part.bindings)
    observed = state.session.ask(side, probe)
    found: Any = observed.value
    if observed.raised is not None or not isinstance(found, list):
        return _defined(state, side, call)
    return [form for form in cast("list[Any]", found) if signatures.is_form(form)]


def _defined(state: State, side: str, call: ast.Call) -> list[Form]:
    """The form of a function that is defined in the program but cannot be reached from outside."""
    tree = (state.session.submission if side == "student" else state.session.solution).tree
    if isinstance(call.func, ast.Name):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == call.func.id:
                form = signatures.parse(f"({ast.unparse(node.args)})")
                return [] if form is None else [form]
    return []


def _given(signature: Any) -> list[Form]:
    """The forms that an SCT gives; that of a method also without its `self`."""
    given = _given_forms(signature)
    return given + [form[1:] for form in given if form and form[0][0] == "self"]


def _given_forms(signature: Any) -> list[Form]:
    if isinstance(signature, inspect.Signature):
        return [signatures.form_of(signature)]
    if callable(signature):
        return signatures.forms(signature)
    if isinstance(signature, list):
        return cast("list[Form]", signature)
    raise SctError("`signature` is True, False, `sig_from_params(…)` or `sig_from_obj(…)`.")


def _bind_first(forms: list[Form], call: ast.Call) -> Arguments | None:
    given = _arguments(call)
    for form in forms:
        found = None if given is None else signatures.bind(form, *given)
        if found is not None:
            order = [name for name, kind, _ in form if kind == "positional"]
            starred = next((name for name, kind, _ in form if kind == "args"), "")
            rest = [(starred, place) for place in range(len(given[0] if given else ()))]
            return Arguments(found, (*order, *rest))
    return None


def _by_place(call: ast.Call) -> Arguments:
    positional, keywords = _arguments(call) or (call.args, {})
    by_key: dict[Any, ast.expr] = {**dict(enumerate(positional)), **keywords}
    return Arguments(by_key, tuple(by_key))


def _arguments(call: ast.Call) -> tuple[list[ast.expr], dict[str, ast.expr]] | None:
    """Positional and keyword arguments; null where they are not all written out."""
    positional: list[ast.expr] = []
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            if not isinstance(argument.value, (ast.List, ast.Tuple)):
                return None
            positional += argument.value.elts
        else:
            positional.append(argument)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return None if len(keywords) < len(call.keywords) else (positional, keywords)


def _key(name: Any, function: str) -> Any:
    if isinstance(name, (list, tuple)):
        return tuple(cast("list[Any]", name))
    return signatures.ALIASES.get((function, name), name)


def argument_label(name: Any) -> str:
    """An argument in words."""
    if isinstance(name, (list, tuple)):
        name = cast("list[Any]", name)[-1]
    return f"the {ordinal(name)} argument" if isinstance(name, int) else f"the argument `{name}`"


def _missing_call(state: State, name: str, count: int) -> tuple[str, Span | None]:
    """What is said where a call is missing, and the place where it is only named."""
    if count:
        times = f"{count} time{'' if count == 1 else 's'}"
        span = _shown_only(state) if name == "print" else None
        return f"`{name}` is called {times} here; call it once more.", span
    names = names_of(state.session, "student")
    wanted = names_of(state.session, "reference").canonical(name)
    for top in state.student.nodes:
        for node in ast.walk(top):
            if isinstance(node, (ast.Name, ast.Attribute)) and same(names.of(node), wanted):
                own = f"`{name}` is named here but not called; put parentheses after it."
                return own, state.session.submission.span((node,))
    return f"`{name}` is not called here; call it.", None


def _shown_only(state: State) -> Span | None:
    """Where an expression stands alone that the solution prints: that shows it in a notebook."""
    printed = [dump(item) for call in find_calls(state, "reference", "print") for item in call.args]
    for statement in state.session.submission.tree.body:
        if isinstance(statement, ast.Expr) and dump(statement.value) in printed:
            return state.session.submission.span((statement.value,))
    return None


def _not_in_solution(state: State, name: str, index: int, count: int) -> str:
    if count:
        return (
            f"`check_function('{name}', {index!r})`: the solution calls it {count} "
            f"time{'' if count == 1 else 's'}; count from 0."
        )
    names = names_of(state.session, "reference")
    called = [
        full
        for call in _calls_in(state.solution.nodes)
        if (full := names.of(call.func)) is not None
    ]
    listed = ", ".join(f"`{each}`" for each in dict.fromkeys(called)) or "nothing"
    return (
        f"`check_function('{name}')`: the solution does not call it there"
        f"{nearest(name, called) or '.'} It calls {listed}; give the full name, as in `numpy.mean`."
    )


def sig_from_params(*parameters: inspect.Parameter) -> list[Form]:
    """A signature for `check_function`, from its parameters."""
    return [signatures.form_of(inspect.Signature(parameters))]


def sig_from_obj(function: Any) -> list[Form]:
    """A signature for `check_function`, from a function."""
    return signatures.forms(function)
