"""The old style's words (`test_object`, `test_function` …) in terms of the new one's."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from blankcheck_runner.judge import calls, values, variables
from blankcheck_runner.judge.state import Failed, SctError, State
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Probe
from blankcheck_runner.judge.text import has_equal_ast, has_import, has_printout


@word("test_object")
def test_object(
    state: State,
    name: str,
    eq_condition: str = "equal",
    eq_fun: Callable[[Any, Any], Any] | None = None,
    do_eval: bool = True,
    undefined_msg: str | None = None,
    incorrect_msg: str | None = None,
) -> None:
    """A variable is there and has the solution's value."""
    at = variables.check_object(state, name, undefined_msg)
    if do_eval:
        values.has_equal_value(at, incorrect_msg, func=eq_fun)


@word("test_data_frame")
def test_data_frame(
    state: State,
    name: str,
    columns: Sequence[str] | None = None,
    undefined_msg: str | None = None,
    not_data_frame_msg: str | None = None,
    undefined_cols_msg: str | None = None,
    incorrect_msg: str | None = None,
) -> None:
    """A DataFrame has the solution's columns."""
    at = variables.check_df(state, name, undefined_msg, not_data_frame_msg)
    if columns is None:
        columns = _asked(state, f"list({name}.columns)")
    for column in columns:
        variables.has_equal_key(at, column, undefined_cols_msg, incorrect_msg)


@word("test_dictionary")
def test_dictionary(
    state: State,
    name: str,
    keys: Sequence[Any] | None = None,
    undefined_msg: str | None = None,
    not_dictionary_msg: str | None = None,
    key_missing_msg: str | None = None,
    incorrect_value_msg: str | None = None,
) -> None:
    """A dictionary has the solution's keys with its values."""
    at = variables.check_object(state, name, undefined_msg)
    variables.is_instance(at, dict, not_dictionary_msg)
    if keys is None:
        keys = _asked(state, f"list({name})")
    for key in keys:
        variables.has_equal_key(at, key, key_missing_msg, incorrect_value_msg)


@word("test_numpy_array")
def test_numpy_array(
    state: State,
    name: str,
    undefined_msg: str | None = None,
    not_array_msg: str | None = None,
    incorrect_msg: str | None = None,
) -> None:
    """A variable holds the solution's numpy array."""
    import numpy

    at = variables.check_object(state, name, undefined_msg)
    variables.is_instance(at, numpy.ndarray, not_array_msg)
    values.has_equal_value(at, incorrect_msg)


@word("test_import")
def test_import(
    state: State,
    name: str,
    same_as: bool = True,
    not_imported_msg: str | None = None,
    incorrect_as_msg: str | None = None,
) -> None:
    """A module is imported under the solution's name."""
    has_import(state, name, same_as, not_imported_msg, incorrect_as_msg)


@word("test_object_accessed")
def test_object_accessed(
    state: State, name: str, times: int = 1, not_accessed_msg: str | None = None
) -> None:
    """A variable, or an attribute of one, is used at least so many times."""
    names = calls.names_of(state.session, "student")
    wanted = names.canonical(name)
    found = 0
    pending: list[ast.AST] = list(state.student.nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            full = names.of(node) or ""
            found += full == wanted or full.startswith(f"{wanted}.")
            while isinstance(node, ast.Attribute):
                node = node.value
        pending += ast.iter_child_nodes(node)
    if found < times:
        own = f"`{name}` is not used here; use it."
        if found:
            own = f"`{name}` is used {found} time{'' if found == 1 else 's'} here, not {times}."
        raise state.fail("sct/structure", own, not_accessed_msg, values={"name": name})


@word("test_mc", "has_chosen")
def has_chosen(state: State, correct: Any, msgs: Sequence[str] | None = None) -> None:
    """The right option of a multiple choice was chosen; each option has its message."""
    asked = state.session.ask("student", Probe("selected_option"))
    chosen = asked.value
    texts = list(msgs or ())
    if not isinstance(correct, int) or (texts and not 1 <= correct <= len(texts)):
        raise SctError(
            "`has_chosen(1, [...])`: the right option's number, from 1, and a message each."
        )
    if chosen != correct or isinstance(chosen, bool):
        given = isinstance(chosen, int) and 1 <= chosen <= len(texts)
        own = "That is not the right option; try another one."
        raise state.fail("sct/value", own, texts[chosen - 1] if given else None)
    if texts:
        state.session.success = texts[correct - 1]


@word("test_function")
def test_function(
    state: State,
    name: str,
    index: int = 1,
    args: Sequence[int] | None = None,
    keywords: Sequence[str] | None = None,
    eq_condition: str = "equal",
    do_eval: bool | None = True,
    not_called_msg: str | None = None,
    args_not_specified_msg: str | None = None,
    incorrect_msg: str | None = None,
    add_more: bool = False,
    highlight: bool = True,
) -> None:
    """A function is called with the solution's arguments."""
    if name == "print" and args is None and keywords is None and do_eval:
        printing = calls.find_calls(state, "reference", "print")
        if len(printing) >= index and len(printing[index - 1].args) == 1:
            has_printout(state, index - 1, incorrect_msg or not_called_msg)
            return
    theirs = calls.find_calls(state, "reference", name)
    asked: list[Any] = []
    if 0 < index <= len(theirs):
        call = theirs[index - 1]
        asked += range(len(call.args)) if args is None else args
        asked += [each.arg for each in call.keywords] if keywords is None else keywords
    _test_call(
        state, name, index, asked, [do_eval] * len(asked), True, not_called_msg,
        args_not_specified_msg, [incorrect_msg] * len(asked),
    )  # fmt: skip


@word("test_function_v2")
def test_function_v2(
    state: State,
    name: str,
    index: int = 1,
    params: Sequence[str] = (),
    signature: Any = None,
    eq_condition: str = "equal",
    do_eval: bool | Sequence[bool | None] | None = True,
    not_called_msg: str | None = None,
    params_not_matched_msg: str | None = None,
    params_not_specified_msg: str | Sequence[str | None] | None = None,
    incorrect_msg: str | Sequence[str | None] | None = None,
    add_more: bool = False,
    highlight: bool = True,
) -> None:
    """A function is called with the solution's arguments for these parameters."""
    if not isinstance(params, (list, tuple)):
        raise SctError("`test_function_v2` takes a list as `params`, such as `params=['x']`.")
    evaluated = _each(do_eval, len(params), "do_eval")
    missing = _each(params_not_specified_msg, len(params), "params_not_specified_msg")
    incorrect = _each(incorrect_msg, len(params), "incorrect_msg")
    _test_call(
        state, name, index, params, evaluated, True if signature is None else signature,
        not_called_msg, missing, incorrect, params_not_matched_msg,
    )  # fmt: skip


def _test_call(
    state: State,
    name: str,
    index: int,
    params: Sequence[Any],
    do_eval: Sequence[bool | None],
    signature: Any,
    not_called_msg: str | None,
    missing_msg: Any,
    incorrect_msg: Sequence[str | None],
    not_matched_msg: str | None = None,
) -> None:
    """Any of the learner's calls will do; what is told is the failure of the one in its place."""
    own = calls.check_function(
        state, name, index - 1, not_called_msg, not_matched_msg, None, signature
    )
    missing = _each(missing_msg, len(params), "args_not_specified_msg")

    def compare(at: State) -> None:
        for param, evaluate, absent, wrong in zip(
            params, do_eval, missing, incorrect_msg, strict=True
        ):
            argument = calls.check_args(at, param, absent)
            if evaluate:
                values.has_equal_value(argument, wrong)
            elif evaluate is not None:
                has_equal_ast(argument, wrong)

    try:
        compare(own)
    except Failed as failed:
        for call in calls.find_calls(state, "student", name):
            if call is own.student.nodes[0]:
                continue
            other = calls.other_call(state, own, call, signature)
            if other is not None and _passes(compare, other):
                return
        raise failed from None


def _asked(state: State, code: str) -> list[Any]:
    """A list that the solution's process gives."""
    found = state.session.ask("reference", Probe(code)).value
    if not isinstance(found, list):
        raise SctError(f"`{code}` does not give a list in the solution.")
    return cast("list[Any]", found)


def _passes(compare: Callable[[State], None], state: State) -> bool:
    try:
        compare(state)
    except Failed:
        return False
    return True


def _each(given: Any, count: int, name: str) -> list[Any]:
    """One value for each parameter, from a list or one for all."""
    if isinstance(given, (list, tuple)):
        items = list(cast("list[Any]", given))
        if len(items) != count:
            raise SctError(
                f"`{name}` needs one entry for each parameter: {count}, not {len(items)}."
            )
        return items
    return [given] * count


@word("test_expression_result")
def test_expression_result(
    state: State,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    incorrect_msg: str | None = None,
    eq_condition: str = "equal",
    expr_code: str | None = None,
    pre_code: str | None = None,
    keep_objs_in_env: Any = None,
    error_msg: str | None = None,
    func: Callable[[Any, Any], Any] | None = None,
    name: str | None = None,
    highlight: bool | None = None,
) -> None:
    """The part's value is the solution's."""
    values.has_equal_value(
        state, incorrect_msg, error_msg, None, None, extra_env, context_vals, pre_code, expr_code,
        name, True, func,
    )  # fmt: skip


@word("test_expression_output")
def test_expression_output(
    state: State,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    incorrect_msg: str | None = None,
    eq_condition: str = "equal",
    expr_code: str | None = None,
    pre_code: str | None = None,
    keep_objs_in_env: Any = None,
    error_msg: str | None = None,
    func: Callable[[Any, Any], Any] | None = None,
) -> None:
    """What the part prints is what the solution's prints."""
    values.has_equal_output(
        state, incorrect_msg, error_msg, None, None, extra_env, context_vals, pre_code, expr_code,
        None, True, func,
    )  # fmt: skip


@word("test_expression_error")
def test_expression_error(
    state: State,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    incorrect_msg: str | None = None,
    eq_condition: str = "equal",
    expr_code: str | None = None,
    pre_code: str | None = None,
    keep_objs_in_env: Any = None,
    no_error_msg: str | None = None,
) -> None:
    """The part raises what the solution's raises."""
    values.has_equal_error(
        state, incorrect_msg, no_error_msg, None, None, extra_env, context_vals, pre_code, expr_code
    )


@word("test_object_after_expression")
def test_object_after_expression(
    state: State,
    name: str,
    extra_env: Mapping[str, Any] | None = None,
    context_vals: Sequence[Any] | None = None,
    undefined_msg: str | None = None,
    incorrect_msg: str | None = None,
    eq_condition: str = "equal",
    expr_code: str | None = None,
    pre_code: str | None = None,
    keep_objs_in_env: Any = None,
) -> None:
    """A variable has the solution's value after the part has run."""
    values.has_equal_value(
        state, incorrect_msg, None, undefined_msg, None, extra_env, context_vals, pre_code,
        expr_code, name,
    )  # fmt: skip
