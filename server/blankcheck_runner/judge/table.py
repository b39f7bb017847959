"""The one table of the SCT vocabulary: a word's name and the function that does what it says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Word:
    """A word of the vocabulary."""

    name: str
    function: Callable[..., Any]
    """Takes a `State` and the word's own arguments; returns the state that the chain goes on with,
    or null for the same one. Raises `Failed` or `SctError`."""
    checks: bool
    """Whether it checks anything; `success_msg` and the like do not."""
    signature: inspect.Signature


WORDS: dict[str, Word] = {}


def word(*names: str, checks: bool = True) -> Callable[[Function], Function]:
    """Registers a function under one or more names."""

    def register(function: Function) -> Function:
        signature = inspect.signature(function)
        for name in names:
            WORDS[name] = Word(name, function, checks, signature)
        return function

    return register
