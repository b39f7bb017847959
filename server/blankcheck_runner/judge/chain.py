"""Chains of checks, as an SCT writes them: `Ex().a().b()`, `Ex() >> a() >> b()`, `F().a()`.

A chain with a state runs each word at once. A chain without one (a word on its own, or after `F()`)
waits until it is given to another word, which runs it on its own state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge.messages import nearest
from blankcheck_runner.judge.state import SctError, Session, State
from blankcheck_runner.judge.table import WORDS, Word

SCT_FILE = "<sct>"


@dataclass(frozen=True)
class Step:
    """One word in a chain, with its arguments."""

    word: Word
    args: tuple[Any, ...]
    keywords: dict[str, Any]
    line: int | None
    """Where the SCT says so."""


class Chain:
    """Words one after the other. With a state, what is appended is run at once."""

    def __init__(self, steps: tuple[Step, ...] = (), state: State | None = None) -> None:
        self._steps = steps
        self._state = state

    def __getattr__(self, name: str) -> Callable[..., Chain]:
        if name.startswith("__"):
            raise AttributeError(name)
        return maker(find(name), self)

    def __rshift__(self, other: object) -> Chain:
        if isinstance(other, Chain) and other._state is None:
            return self._and(other._steps)
        if isinstance(other, Chain):
            raise SctError("What follows `>>` already ran; leave out its `Ex()`.")
        raise SctError("Only a check can follow `>>`, such as `>> has_equal_value()`.")

    def _and(self, steps: tuple[Step, ...]) -> Chain:
        if self._state is None:
            return Chain(self._steps + steps)
        return Chain((), run_steps(steps, self._state))

    def append(self, step: Step) -> Chain:
        """The chain with one more word."""
        return self._and((step,))

    @property
    def waiting(self) -> bool:
        """Whether it has no state, so that it has not run."""
        return self._state is None

    def run(self, state: State) -> State:
        """Runs a waiting chain on a state."""
        return run_steps(self._steps, state)


def find(name: str) -> Word:
    """The word of that name. Raises SctError with the nearest one."""
    if name not in WORDS:
        raise SctError(f"There is no check `{name}`{nearest(name, WORDS) or '.'}")
    return WORDS[name]


def maker(word: Word, chain: Chain | None = None) -> Callable[..., Chain]:
    """The function of that name in an SCT: appends the word to a chain."""

    def make(*args: Any, **keywords: Any) -> Chain:
        try:
            word.signature.bind(None, *args, **keywords)
        except TypeError as error:
            parameters = list(word.signature.parameters)[1:]
            known = ", ".join(parameters)
            takes = f"its arguments are: {known}" if known else "it takes no arguments"
            for name in keywords:
                if name not in parameters and (near := nearest(name, parameters)):
                    raise SctError(f"`{word.name}` takes no `{name}`{near}") from None
            raise SctError(
                f"`{word.name}` cannot be called like this ({error}); {takes}."
            ) from None
        return (chain or Chain()).append(Step(word, args, keywords, _sct_line()))

    make.__name__ = word.name
    return make


def run_steps(steps: tuple[Step, ...], state: State) -> State:
    """The state after the steps."""
    for step in steps:
        state.session.checked |= step.word.checks
        try:
            state = step.word.function(state, *step.args, **step.keywords) or state
        except SctError as error:
            if error.line is None:
                error.line = step.line
            raise
    return state


def run(state: State, tests: object) -> None:
    """Runs what was given to a word as its tests: a chain, a function or lambda that makes chains
    or checks by itself, a list of these, or nothing."""
    if tests is None:
        return
    if isinstance(tests, Chain):
        if tests.waiting:
            tests.run(state)
        return
    if isinstance(tests, (list, tuple, set)):
        for test in cast("list[object]", tests):
            run(state, test)
        return
    if callable(tests):
        session = state.session
        session.current.append(state)
        try:
            run(state, tests())
        finally:
            session.current.pop()
        return
    raise SctError(
        f"A check is expected here, such as `has_equal_value()`, not {type(tests).__name__}."
    )


def run_statement(session: Session, value: object) -> None:
    """What a statement of the SCT does with its value: words that stand alone are run."""
    items = cast("list[object]", value if isinstance(value, (list, tuple)) else [value])
    if any(isinstance(item, Chain) for item in items):
        run(session.current[-1], items)


def _sct_line() -> int | None:
    """The line of the SCT that is running."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if frame.f_code.co_filename == SCT_FILE:
            return frame.f_lineno
        frame = frame.f_back
    return None
