"""The old style's words for parts of the syntax (`test_if_else`, `test_for_loop` …)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from blankcheck_runner.judge import calls, parts, values
from blankcheck_runner.judge.chain import run
from blankcheck_runner.judge.state import SctError, State
from blankcheck_runner.judge.table import WORDS, word

Tests = Any
"""A chain, a function, a list of them, or null."""


@word("test_if_else", "test_if_exp")
def test_if_else(
    state: State,
    index: int = 1,
    test: Tests = None,
    body: Tests = None,
    orelse: Tests = None,
    expand_message: bool = True,
) -> None:
    """The parts of an `if` statement pass their tests."""
    _test_parts(_go("if_else", state, index), test=test, body=body, orelse=orelse)


@word("test_for_loop")
def test_for_loop(
    state: State,
    index: int = 1,
    for_iter: Tests = None,
    body: Tests = None,
    orelse: Tests = None,
    expand_message: bool = True,
) -> None:
    """The parts of a `for` loop pass their tests."""
    _test_parts(_go("for_loop", state, index), iter=for_iter, body=body, orelse=orelse)


@word("test_while_loop")
def test_while_loop(
    state: State,
    index: int = 1,
    test: Tests = None,
    body: Tests = None,
    orelse: Tests = None,
    expand_message: bool = True,
) -> None:
    """The parts of a `while` loop pass their tests."""
    _test_parts(_go("while", state, index), test=test, body=body, orelse=orelse)


def _test_comprehension(kind: str) -> Callable[..., None]:
    def test(
        state: State,
        index: int = 1,
        not_called_msg: str | None = None,
        comp_iter: Tests = None,
        iter_vars_names: bool = False,
        incorrect_iter_vars_msg: str | None = None,
        body: Tests = None,
        key: Tests = None,
        value: Tests = None,
        ifs: Sequence[Tests] | None = None,
        insufficient_ifs_msg: str | None = None,
        expand_message: bool = True,
    ) -> None:
        at = _go(kind, state, index, not_called_msg)
        _test_parts(at, iter=comp_iter)
        parts.has_context(at, incorrect_iter_vars_msg, iter_vars_names)
        _test_parts(at, body=body, key=key, value=value)
        if ifs is not None:
            parts.has_equal_part_len(at, "ifs", insufficient_ifs_msg)
            for place, each in enumerate(ifs):
                run(parts.part_of(at, "ifs", place), each)

    return test


for _kind in ("list_comp", "generator_exp", "dict_comp"):
    word(f"test_{_kind}")(_test_comprehension(_kind))


@word("test_with")
def test_with(
    state: State,
    index: int = 1,
    context_vals: bool = False,
    context_tests: Sequence[Tests] | None = None,
    body: Tests = None,
    undefined_msg: str | None = None,
    context_vals_len_msg: str | None = None,
    context_vals_msg: str | None = None,
    expand_message: bool = True,
) -> None:
    """The parts of a `with` statement pass their tests."""
    at = _go("with", state, index, undefined_msg)
    if context_vals:
        parts.has_context(at, context_vals_msg or context_vals_len_msg, exact_names=True)
    if context_tests is not None:
        parts.has_equal_part_len(at, "context", context_vals_len_msg)
        for place, each in enumerate(context_tests):
            run(parts.part_of(at, "context", place), each)
    _test_parts(at, body=body)


@word("test_try_except")
def test_try_except(
    state: State,
    index: int = 1,
    not_called_msg: str | None = None,
    body: Tests = None,
    handlers: Mapping[str, Tests] | None = None,
    except_missing_msg: str | None = None,
    orelse: Tests = None,
    orelse_missing_msg: str | None = None,
    finalbody: Tests = None,
    finalbody_missing_msg: str | None = None,
    expand_message: bool = True,
) -> None:
    """The parts of a `try` statement pass their tests."""
    at = _go("try_except", state, index, not_called_msg)
    _test_parts(at, body=body)
    for name, each in (handlers or {}).items():
        run(parts.part_of(at, "handlers", name, except_missing_msg), each)
    for name, each, missing in (
        ("orelse", orelse, orelse_missing_msg),
        ("finalbody", finalbody, finalbody_missing_msg),
    ):
        if each is not None:
            run(parts.part_of(at, name, None, missing), each)


@word("test_function_definition")
def test_function_definition(
    state: State,
    name: str,
    arg_names: bool = True,
    arg_defaults: bool = True,
    body: Tests = None,
    results: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    errors: Sequence[Any] | None = None,
    not_called_msg: str | None = None,
    nb_args_msg: str | None = None,
    other_args_msg: str | None = None,
    arg_names_msg: str | None = None,
    arg_defaults_msg: str | None = None,
    wrong_result_msg: str | None = None,
    wrong_output_msg: str | None = None,
    no_error_msg: str | None = None,
    wrong_error_msg: str | None = None,
    expand_message: bool = True,
) -> None:
    """A function is defined with the solution's parameters and does what the solution's does."""
    at = WORDS["check_function_def"].function(state, name, 0, not_called_msg)
    _test_definition(at, arg_names, arg_defaults, nb_args_msg, arg_names_msg, arg_defaults_msg)
    _test_parts(at, body=body)
    _test_calls(at, results, values.has_equal_value, wrong_result_msg, None)
    _test_calls(at, outputs, values.has_equal_output, wrong_output_msg, None)
    _test_calls(at, errors, values.has_equal_error, wrong_error_msg, no_error_msg)


@word("test_lambda_function")
def test_lambda_function(
    state: State,
    index: int = 1,
    arg_names: bool = True,
    arg_defaults: bool = True,
    body: Tests = None,
    results: Sequence[Any] | None = None,
    errors: Sequence[Any] | None = None,
    not_called_msg: str | None = None,
    nb_args_msg: str | None = None,
    arg_names_msg: str | None = None,
    arg_defaults_msg: str | None = None,
    wrong_result_msg: str | None = None,
    no_error_msg: str | None = None,
    expand_message: bool = True,
) -> None:
    """A lambda function has the solution's parameters and does what the solution's does."""
    at = _go("lambda_function", state, index, not_called_msg)
    _test_definition(at, arg_names, arg_defaults, nb_args_msg, arg_names_msg, arg_defaults_msg)
    _test_parts(at, body=body)
    _test_calls(at, results, values.has_equal_value, wrong_result_msg, None)
    _test_calls(at, errors, values.has_equal_error, None, no_error_msg)


def _go(kind: str, state: State, index: int, missing_msg: str | None = None) -> State:
    """Goes to a kind of syntax; the old style counts from 1."""
    return WORDS[f"check_{kind}"].function(state, index - 1, missing_msg)


def _test_parts(state: State, **tests: Tests) -> None:
    for name, each in tests.items():
        if each is not None:
            run(parts.part_of(state, name), each)


def _test_definition(
    state: State,
    names: bool,
    defaults: bool,
    number_msg: str | None,
    names_msg: str | None,
    defaults_msg: str | None,
) -> None:
    """The parameters of a definition: how many, their names, their default values."""
    parts.has_equal_part_len(state, "args", number_msg)
    for key, theirs in state.solution.parts["args"].items():
        if theirs.facts["name"] == key:
            continue
        at = parts.part_of(state, "args", key, number_msg)
        if names:
            parts.has_equal_part(at, "name", names_msg)
        if defaults and isinstance(key, int):
            parts.has_equal_part(at, "is_default", defaults_msg)
            if theirs.facts["is_default"]:
                values.has_equal_value(at, defaults_msg)


def _test_calls(
    state: State,
    arguments: Sequence[Any] | None,
    check: Callable[..., None],
    wrong_msg: str | None,
    error_msg: str | None,
) -> None:
    for each in arguments or ():
        check(calls.check_call(state, _written(each)), wrong_msg, error_msg)


def _written(arguments: Any) -> str:
    """A call given by its arguments: `f(1, 2)`, `[1, 2]` or `{'args': …, 'kwargs': …}`."""
    if isinstance(arguments, str):
        return arguments
    keywords: dict[str, Any] = {}
    if isinstance(arguments, dict):
        both = cast("dict[str, Any]", arguments)
        arguments, keywords = both.get("args", ()), both.get("kwargs", {})
    if not isinstance(arguments, (list, tuple)):
        raise SctError("The calls to try are lists of arguments, such as `[[1, 2], [3, 4]]`.")
    pieces = [repr(each) for each in cast("list[Any]", arguments)]
    pieces += [f"{name}={value!r}" for name, value in keywords.items()]
    code = f"f({', '.join(pieces)})"
    try:
        ast.parse(code)
    except SyntaxError:
        raise SctError(
            "An argument of the calls to try cannot be written as code; give the call as a text, "
            "such as `'f(torch.ones(2))'`."
        ) from None
    return code
