"""Words that combine checks, and those that say something about the evaluation as a whole."""

from __future__ import annotations

import dataclasses
from typing import Any

from blankcheck_runner.judge.chain import run
from blankcheck_runner.judge.state import Failed, SctError, State
from blankcheck_runner.judge.table import word
from blankcheck_runner.judge.task import Raised
from blankcheck_runner.wire import Feedback

MOST_MESSAGES = 3
"""Mistakes told at once, if an author asks for more than the first."""


@word("multi", checks=False)
def multi(state: State, *tests: Any) -> None:
    """Runs each chain on the same state."""
    for test in tests:
        run(state, test)


@word("check_correct", "test_correct", checks=False)
def check_correct(state: State, check: Any, diagnose: Any = None) -> None:
    """Passes where `check` does; else what `diagnose` finds is told, as it is more exact."""
    try:
        run(state, check)
    except Failed as failed:
        run(state, diagnose)
        raise failed from None


@word("check_or", "test_or", checks=False)
def check_or(state: State, *tests: Any) -> None:
    """Passes where one of the chains does; else the first one's failure is told."""
    first: Failed | None = None
    for test in tests:
        try:
            run(state, test)
            return
        except Failed as failed:
            first = first or failed
    if first is None:
        raise SctError("`check_or` needs checks to choose from, such as `has_code('a')`.")
    raise first


@word("check_not", "test_not", checks=False)
def check_not(state: State, *tests: Any, msg: str | None = None) -> None:
    """Passes where each of the chains fails."""
    for test in tests:
        try:
            run(state, test)
        except Failed:
            continue
        own = "Something is here that should not be; read the instructions again."
        raise state.fail("sct/structure", own, msg)


@word("fail")
def fail(state: State, msg: str = "") -> None:
    """Fails."""
    own = "Your submission is not right yet; read the instructions again."
    raise state.fail("sct/structure", own, msg)


@word("success_msg", checks=False)
def success_msg(state: State, message: Any) -> None:
    """What is said when everything passed."""
    if not isinstance(message, str):
        raise SctError("`success_msg` takes a text, such as `success_msg('Well done!')`.")
    state.session.success = message


@word("allow_errors", checks=False)
def allow_errors(state: State) -> None:
    """A submission that raised is judged like any other."""
    state.session.errors_allowed = True


@word("has_no_error", "test_no_error")
def has_no_error(state: State, incorrect_msg: str | None = None) -> None:
    """The submission raised no exception."""
    raised = state.session.task.submission_raised
    if raised is not None:
        own = raised_feedback(raised).message
        raise state.fail("run/exception", own, incorrect_msg, values={"error": raised.message})


def raised_feedback(raised: Raised) -> Feedback:
    """What is told of a submission that raised."""
    detail = f": {raised.message}" if raised.message else ""
    return Feedback("run/exception", f"Your code raised {raised.type}{detail}.")


@word("disable_highlighting", checks=False)
def disable_highlighting(state: State) -> State:
    """What fails from here on points nowhere."""
    return dataclasses.replace(state, highlighting=False)


@word("set_converter", checks=False)
def set_converter(state: State, key: str, fundef: Any) -> None:
    """Values of the class named `key` are passed through a function before they are compared."""
    if not callable(fundef):
        raise SctError("`set_converter` takes a function as `fundef`, such as `lambda x: x.shape`.")
    state.session.converters[key] = fundef


@word("check_solution")
def check_solution(state: State, messages: int = 1) -> None:
    """Compares with the solution, statement by statement: what an SCT that checks nothing gets.

    `messages`: how many mistakes are told at once, 1 to 3; what follows from one is never another.
    """
    from blankcheck_runner.judge import derived

    if type(messages) is not int or not 1 <= messages <= MOST_MESSAGES:
        raise SctError(
            "`check_solution` takes the number of mistakes to tell at once, from 1 to "
            f"{MOST_MESSAGES}, such as `check_solution(messages=2)`."
        )
    session = state.session
    found = derived.derive(
        session.task, session.processes["student"], session.processes["reference"]
    )
    session.notes += [item for item in found if item.severity != "error"]
    wrong = [item for item in found if item.severity == "error"]
    if wrong:
        raise Failed(wrong[0], more=tuple(wrong[1:messages]))
