"""The calls of a training step: missing, out of order, or where they run too seldom."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.judge.misconceptions.trees import (
    calls,
    expressions,
    last,
    receiver,
)

_STEPS = ("zero_grad", "backward", "step")
_MISSING = {
    "zero_grad": (
        "The gradients are never set back to zero, and each `backward()` adds to what is there. "
        "Clear them once for each step, before the next gradients are computed."
    ),
    "backward": (
        "No gradients are computed: `backward()` is what works them out, from the loss back to "
        "the parameters. Until it has run, every `.grad` is None."
    ),
    "step": (
        "The gradients are computed but never used: nothing changes the parameters until the "
        "optimizer takes a step."
    ),
}


@dataclass(frozen=True)
class Step:
    """A call of a training step."""

    kind: str
    node: ast.AST
    statement: ast.stmt
    depth: int
    """In how many loops it is."""


def _steps(body: list[ast.stmt], depth: int = 0) -> list[Step]:
    """The training calls of a program, in order."""
    found: list[Step] = []
    for statement in body:
        for node in calls(statement):
            kind = _kind(node)
            if kind is not None:
                found.append(Step(kind, node, statement, depth))
        match statement:
            case ast.Assign(targets=[ast.Attribute(attr="grad")], value=ast.Constant(value=None)):
                found.append(Step("zero_grad", statement, statement, depth))
            case _:
                pass
        looping = isinstance(statement, ast.For | ast.While)
        for block in ("body", "orelse", "finalbody"):
            found += _steps(getattr(statement, block, []), depth + looping)
    return found


def _kind(call: ast.Call) -> str | None:
    name, held = last(call), receiver(call)
    if held is None:
        return None
    text = ast.unparse(held)
    if name == "zero_":
        return "zero_grad" if text.endswith(".grad") else None
    if name == "step" and ("sched" in text.lower() or text.endswith("lr")):
        return None
    return name if name in _STEPS else None


def missing(evidence: Evidence) -> Told | None:
    """A call of the training step that the solution makes and the submission nowhere does."""
    if evidence.crash is not None:
        return None
    own = {step.kind for step in _steps(evidence.submission.tree.body)}
    named = {node.attr for node in _named(evidence)}
    steps = _steps(evidence.solution.tree.body)
    # Without gradients, nothing else of a training step has any sense.
    for step in sorted(steps, key=lambda step: step.kind != "backward"):
        if (
            step.kind in own
            or step.kind in named
            or (step.kind == "zero_grad" and "zero_" in named)
        ):
            continue
        if step.kind == "step" and _steps_by_hand(evidence):
            continue
        code = f"{step.kind.replace('_', '-')}-missing"
        read = _read_gradient(evidence) if step.kind == "backward" else None
        return Told(code, _MISSING[step.kind], read, step.node, certain=not own)
    return None


def _named(evidence: Evidence) -> list[ast.Attribute]:
    """Methods that are named and not called, as statements of their own."""
    return [
        statement.value
        for statement in evidence.own
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Attribute)
    ]


def _steps_by_hand(evidence: Evidence) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "grad"
        for statement in evidence.own
        for node in ast.walk(statement)
    )


def _read_gradient(evidence: Evidence) -> ast.expr | None:
    """Where the submission reads a gradient that was not computed."""
    for statement in evidence.own:
        for node in expressions(statement):
            if isinstance(node, ast.Attribute) and node.attr == "grad":
                return node
    return None


def _grad_is_none(evidence: Evidence) -> ast.expr | None:
    if evidence.crash is None or "NoneType" not in evidence.crash.message:
        return None
    for node in evidence.context.expressions:
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            return node
    statement = evidence.context.frame
    line = statement.line if statement is not None else 0
    for own in evidence.own:
        if own.lineno == line:
            for node in expressions(own):
                if isinstance(node, ast.Attribute) and node.attr == "grad":
                    return node
    return None


def backward_missing(evidence: Evidence) -> Told | None:
    """A crash over a gradient that is None, in a text that never calls `backward`."""
    node = _grad_is_none(evidence)
    if node is None or any(
        step.kind == "backward" for step in _steps(evidence.submission.tree.body)
    ):
        return None
    if any(item.attr == "backward" for item in _named(evidence)):
        return None
    text = evidence.text(node) or "The gradient"
    return Told(
        "backward-missing",
        f"{text} is None: there are no gradients until `backward()` has run on what is computed "
        "from it.",
        node,
    )


def order(evidence: Evidence) -> Told | None:
    """The calls of a training step in an order in which they do not work."""
    own = _steps(evidence.submission.tree.body)
    theirs = _steps(evidence.solution.tree.body)
    seldom = _outside(own, theirs)
    if seldom is not None:
        return seldom
    kinds = [step.kind for step in own]
    if sorted(kinds) != sorted(_STEPS) or sorted(step.kind for step in theirs) != sorted(_STEPS):
        return None
    if len({step.depth for step in own}) != 1:
        return None
    if not _wrong(kinds) or _wrong([step.kind for step in theirs]):
        return None
    by_kind = {step.kind: step for step in own}
    backward, zero, step = (by_kind[kind] for kind in ("backward", "zero_grad", "step"))
    if kinds.index("backward") < kinds.index("zero_grad") < kinds.index("step"):
        return Told(
            "training-order",
            "The gradients are cleared after `backward()` computed them and before the step uses "
            "them, so the step has nothing to go by. Clear them before `backward()`.",
            zero.node,
        )
    return Told(
        "training-order",
        f"The optimizer takes its step (line {evidence.line(step.node)}) before `backward()` has "
        "computed this round's gradients. First the gradients, then the step.",
        backward.node,
    )


def _wrong(kinds: list[str]) -> bool:
    """Whether, going round and round, the step does not follow on `backward`."""
    at = kinds.index("backward")
    return kinds[(at + 1) % 3] != "step"


def _outside(own: list[Step], theirs: list[Step]) -> Told | None:
    """A call that belongs into the loop, after it."""
    for kind in _STEPS:
        mine = [step for step in own if step.kind == kind]
        wanted = [step for step in theirs if step.kind == kind]
        if len(mine) == len(wanted) == 1 and mine[0].depth < wanted[0].depth:
            return Told(
                "zero-grad-missing" if kind == "zero_grad" else "training-order",
                f"`{kind}()` stands outside of the loop, so it runs only once. Every round of the "
                "loop needs its own.",
                mine[0].node,
                certain=True,
            )
    return None


RULES = (backward_missing, order, missing)
