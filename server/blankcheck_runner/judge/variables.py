"""Words that go to a variable or to what it holds under a key, and those about its class."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any, cast

from blankcheck_runner.judge.assigned import assignment
from blankcheck_runner.judge.code import code_of
from blankcheck_runner.judge.state import Part, SctError, State
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Probe
from blankcheck_runner.judge.values import Running, has_equal_value, sentence, subject_of
from blankcheck_runner.observation import describe


@word("check_object")
def check_object(
    state: State,
    index: Any,
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
        own, span = f"There is no variable `{index}`; assign it.", None
        near = difflib.get_close_matches(index, session.processes["student"].names(), 1, 0.8)
        if near and near[0] not in session.processes["reference"].names():
            own = f"There is no variable `{index}`, but there is `{near[0]}`; check its spelling."
            span = assignment(session.submission, near[0])[1]
        values = {"index": index, "name": index, "typestr": typestr or "variable"}
        missing, _ = assignment(session.solution, index)
        raise state.fail("sct/missing", own, missing_msg, span=span, values=values, missing=missing)
    node, span = assignment(session.submission, index)
    theirs, _ = assignment(session.solution, index)
    return state.to(
        Part((node,) if node is not None else (), code=index, span=span),
        Part((theirs,) if theirs is not None else (), code=index),
        f"`{index}`",
        expand_msg,
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
    at = check_object(state, index, missing_msg, expand_msg)
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
            f"{sentence(subject_of(state))} is {describe(value)}, but it should be of type {names}."
        )
        values = {"inst": names}
        raise state.fail("sct/type", own, not_instance_msg, values=values, located=False)


@word("check_keys", "check_column")
def check_keys(
    state: State, key: Any, missing_msg: str | None = None, expand_msg: str | None = None
) -> State:
    """Goes to what a dictionary or table holds under a key."""
    sides = [
        dataclasses.replace(part, code=f"({code_of(part)})[{key!r}]", facts={})
        for part in (state.student, state.solution)
    ]
    below = state.to(sides[0], sides[1], f"{subject_of(state)} under {key!r}", expand_msg)
    if Running().observe(below, "reference").raised is not None:
        raise SctError(f"`check_keys({key!r})`: the solution's value has no such key.")
    if Running().observe(below, "student").raised is not None:
        own = f"{sentence(subject_of(state))} has no key {key!r}; add it."
        raise state.fail("sct/missing", own, missing_msg, values={"key": key}, located=False)
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
