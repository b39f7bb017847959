"""An exception in a good teacher's words: what was found, on which value, and what to try next.

Pure: works from the testimony of `blankcheck_runner.crash` and the text that was run. A table of
explainers, each for one kind of error, is asked in order; the first that knows speaks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from blankcheck_runner.crash import Crash
from blankcheck_runner.explain import (
    calls,
    dtypes,
    gradients,
    indexing,
    layers,
    losses,
    names,
    shapes,
    surroundings,
)
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.plain import one_line, plain
from blankcheck_runner.wire import Feedback

Explainer = Callable[[Context], Explanation | None]

EXPLAINERS: tuple[Explainer, ...] = (
    *surroundings.EXPLAINERS,
    *losses.EXPLAINERS,
    *layers.EXPLAINERS,
    *dtypes.EXPLAINERS,
    *gradients.EXPLAINERS,
    *shapes.EXPLAINERS,
    *calls.EXPLAINERS,
    *names.EXPLAINERS,
    *indexing.EXPLAINERS,
)
"""Asked in this order: where two could speak, the more telling comes first."""

MAX_MESSAGE = 700


def explain(crash: Crash, source: str) -> Feedback:
    """The feedback for a crash of `source`, with its range in `source`. Never raises."""
    context = Context(crash, source)
    if context.helper:
        return _in_helper(context)
    for explainer in EXPLAINERS:
        try:
            found = explainer(context)
        except Exception:
            # Testimony may contradict itself in any way; then another explainer, or the plain
            # last line of the traceback, must do.
            continue
        if found is not None:
            return _feedback(context, found)
    return _feedback(context, _generic(context))


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
    crash = context.crash
    last = one_line(crash.message, 400)
    message = f"{crash.type}: {last}" if last else crash.type
    where = ""
    if crash.folded and context.call:
        where = f" It was raised inside `{one_line(context.text(context.call.func), 40)}`."
    return Explanation(
        "exception", f"{message}{'' if message.endswith(('.', '!')) else '.'}{where}"
    )


def _in_helper(context: Context) -> Feedback:
    """An error inside the exercise's own code, that the learner's call led to."""
    crash = context.crash
    call = context.call
    name = one_line(context.helper, 60)
    message = (
        f"`{name}`, which the exercise provides, failed with what it was given: "
        f"{crash.type}: {one_line(crash.message, 300)}"
    )
    given = [
        f"`{text}` is {_kind(context, node)}"
        for node in (call.args if call else [])
        if context.value(node)
        and len(text := context.text(node)) <= 40
        and not isinstance(node, ast.Constant)
    ][:3]
    if given:
        message = f"{message.rstrip('.')}. {', '.join(given)}: check what you pass."
    return _feedback(context, Explanation("exception", message))


def _kind(context: Context, node: ast.expr) -> str:
    from blankcheck_runner.explain import words

    return words.kind(context.value(node))
