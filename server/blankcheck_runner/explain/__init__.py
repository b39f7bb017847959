"""An exception in a good teacher's words: what was found, on which value, and what to try next.

Pure: works from the testimony of a crash and the text that was run. A table of
explainers, each for one kind of error, is asked in order; the first that knows speaks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from blankcheck_runner.explain import (
    arguments,
    arranging,
    calls,
    cuda,
    dtypes,
    gradients,
    indexing,
    layers,
    losses,
    names,
    networks,
    shapes,
    surroundings,
    words,
)
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.plain import one_line, plain
from blankcheck_runner.testimony import Crash
from blankcheck_runner.wire import Feedback

Explainer = Callable[[Context], Explanation | None]

EXPLAINERS: tuple[Explainer, ...] = (
    *cuda.EXPLAINERS,
    *surroundings.EXPLAINERS,
    *losses.EXPLAINERS,
    *layers.EXPLAINERS,
    *networks.EXPLAINERS,
    *dtypes.EXPLAINERS,
    *gradients.EXPLAINERS,
    *shapes.EXPLAINERS,
    *arranging.EXPLAINERS,
    *calls.EXPLAINERS,
    *arguments.EXPLAINERS,
    *names.EXPLAINERS,
    *indexing.EXPLAINERS,
)
"""Asked in this order: where two could speak, the more telling comes first."""

_WITHOUT_SOURCE: tuple[Explainer, ...] = (
    *cuda.EXPLAINERS,
    *surroundings.EXPLAINERS,
    *losses.EXPLAINERS,
    *layers.EXPLAINERS,
    *dtypes.EXPLAINERS,
)
"""Those that can speak from library frames alone, for errors outside the learner's text."""

MAX_MESSAGE = 700


def explain(crash: Crash, source: str) -> Feedback:
    """The feedback for a crash of `source`, with its range in `source`. Never raises."""
    context = Context(crash, source)
    try:
        return _explained(context)
    except Exception:
        # Expressions nested beyond all reason, say; the learner still gets Python's own words.
        return _feedback(context, _in_pythons_words(crash, ""))


def _explained(context: Context) -> Feedback:
    if context.helper:
        return _in_helper(context)
    for explainer in EXPLAINERS:
        found = _ask(explainer, context)
        if found is not None:
            return _feedback(context, replace(found, message=words.capital(found.message)))
    return _feedback(context, _generic(context))


def _ask(explainer: Explainer, context: Context) -> Explanation | None:
    try:
        return explainer(context)
    except Exception:
        # Testimony may contradict itself in any way; then another explainer, or the plain last
        # line of the traceback, must do.
        return None


def _feedback(context: Context, found: Explanation) -> Feedback:
    start, end = _range(context, found.at)
    return Feedback(
        code=f"run/{found.code}", message=plain(found.message, MAX_MESSAGE), start=start, end=end
    )


def _range(context: Context, at: ast.AST | tuple[int, int] | None) -> tuple[int | None, int | None]:
    """The range at fault, inside the source; without its line's indentation."""
    size = len(context.source)
    if isinstance(at, ast.AST):
        at = context.span(at)
    at = at or context.place
    if at is None:
        return None, None
    start = max(0, min(at[0], size))
    return start, max(start, min(at[1], size))


def _generic(context: Context) -> Explanation:
    """What Python says, for all that no explainer knows."""
    where = ""
    if context.crash.folded and context.call:
        where = f" It was raised inside `{one_line(context.text(context.call.func), 40)}`."
    return _in_pythons_words(context.crash, where)


def _in_pythons_words(crash: Crash, where: str) -> Explanation:
    last = one_line(crash.message, 400)
    message = f"{crash.type}: {last}" if last else crash.type
    end = "" if message.endswith((".", "!")) else "."
    return Explanation("exception", f"{message}{end}{where}")


def _in_helper(context: Context) -> Feedback:
    """An error inside the exercise's own code, that the learner's call led to."""
    crash, name = context.crash, one_line(context.helper, 60)
    inside = Context(crash, context.source, blind=True)
    for explainer in _WITHOUT_SOURCE:
        found = _ask(explainer, inside)
        if found is not None:
            told = found.message
            if told[1:2].islower() or told[1:2] == " ":
                told = told[:1].lower() + told[1:]
            message = f"Inside `{name}`, which the exercise provides: {told}"
            return _feedback(context, Explanation(found.code, message))
    last = one_line(crash.message, 300).rstrip(".")
    message = f"`{name}`, which the exercise provides, failed with {crash.type}: {last}."
    given = [
        f"`{text}` is {words.kind(context.value(node))}"
        for node in (context.call.args if context.call else [])
        if context.value(node)
        and len(text := context.text(node)) <= 40
        and not isinstance(node, ast.Constant)
    ][:3]
    if given:
        message += f" {', '.join(given)}: check what you pass."
    return _feedback(context, Explanation("exception", message))
