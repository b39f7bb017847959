"""Methods that are named but not called, results that are dropped, and modes that are not set."""

from __future__ import annotations

import ast

from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.judge.misconceptions.trees import (
    calls,
    expressions,
    last,
    receiver,
    words,
)
from blankcheck_runner.observation.standins import FunctionValue

_METHODS = words(
    "train eval zero_grad backward step zero_ parameters named_parameters state_dict item mean "
    "sum std var max min abs argmax argmin numpy tolist size dim float long int double values "
    "items keys cuda cpu detach clone flatten squeeze requires_grad_ no_grad numel sqrt exp log"
)
_DROPPED = words(
    "to cuda cpu float double half long int bool type detach view reshape squeeze unsqueeze "
    "permute transpose flatten clone t contiguous"
)


def method_not_called(evidence: Evidence) -> Told | None:
    """A method that is named where its effect or its result is wanted."""
    for statement in evidence.own:
        match statement:
            case ast.Expr(value=ast.Attribute() as node) if _is_method(evidence, node):
                return Told(
                    "method-not-called",
                    f"{evidence.text(node) or 'This'} only names the method: nothing happens. To "
                    "call it, put parentheses after its name.",
                    node,
                    certain=_is_called_there(evidence, node),
                )
            case _:
                pass
    for statement in _where_it_failed(evidence):
        called = {id(node.func) for node in calls(statement)}
        inside = {
            id(node.value) for node in expressions(statement) if isinstance(node, ast.Attribute)
        }
        for node in expressions(statement):
            if not isinstance(node, ast.Attribute) or id(node) in called or id(node) in inside:
                continue
            if _is_method(evidence, node) and _is_called_there(evidence, node):
                return Told(
                    "method-not-called",
                    f"{evidence.text(node) or 'This'} is the method itself, not what it gives. To "
                    "call it, put parentheses after its name.",
                    node,
                )
    return None


def _where_it_failed(evidence: Evidence) -> list[ast.stmt]:
    if evidence.crash is None:
        return evidence.suspects
    frame = evidence.context.frame
    line = frame.line if frame is not None else 0
    own = [node for node in evidence.suspects if not isinstance(node, ast.Assign)]
    return [
        node
        for node in evidence.suspects
        if node.lineno <= line <= (getattr(node, "end_lineno", 0) or node.lineno) or node in own
    ]


def _is_method(evidence: Evidence, node: ast.Attribute) -> bool:
    if evidence.crash is not None:
        known = evidence.context.value(node)
        if known is not None:
            return known.kind == "function"
    else:
        answer = evidence.value(node)
        if answer is not None:
            return isinstance(answer.value, FunctionValue)
    return node.attr in _METHODS


def _is_called_there(evidence: Evidence, node: ast.Attribute) -> bool:
    """Whether the solution calls a method of that name."""
    return any(
        last(call) == node.attr for statement in evidence.theirs for call in calls(statement)
    )


def to_discarded(evidence: Evidence) -> Told | None:
    """`x.to(device)` as a statement: the new tensor is dropped."""
    for statement in evidence.own:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=held)) as node):
                if last(node) in _DROPPED and _dropped(evidence, statement, node, held):
                    return Told(
                        "to-discarded",
                        f"`{last(node)}` makes a new tensor and leaves "
                        f"{evidence.text(held) or 'the old one'} as it is; its result is dropped "
                        "here. Give it a name, such as the old one.",
                        node,
                        certain=evidence.judged,
                    )
            case _:
                continue
    return None


def _dropped(evidence: Evidence, statement: ast.stmt, node: ast.Call, held: ast.expr) -> bool:
    if not evidence.judged:
        return evidence.shape(held) is not None and statement in evidence.suspects
    return evidence.would_be(held, node)


# Modes


def not_eval(evidence: Evidence) -> Told | None:
    """A network that is tested in train mode."""
    for statement in evidence.theirs:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=held, attr="eval"))):
                pass
            case _:
                continue
        root = ast.unparse(held)
        if evidence.crash is not None or _named(evidence, f"{root}.eval"):
            continue
        if _sets_eval(evidence, root):
            late = _too_late(evidence, root)
            if late is not None:
                return late
            continue
        mode = evidence.value(f"{root}.training")
        wanted = evidence.value(f"{root}.training", expected=True)
        if mode is None or wanted is None or mode.value is not True or wanted.value is not False:
            continue
        instead = evidence.counterpart(statement)
        trained = instead if instead is not None and _trains(instead, root) else None
        return Told(
            "not-eval",
            f"`{root}` is still in train mode when it is tested, where dropout and batch "
            "normalisation behave otherwise. Put it in evaluation mode first.",
            trained,
            statement,
        )
    return None


def _named(evidence: Evidence, text: str) -> bool:
    return any(
        isinstance(node, ast.Expr) and ast.unparse(node.value) == text for node in evidence.own
    )


def _too_late(evidence: Evidence, root: str) -> Told | None:
    """A network that is put in evaluation mode after it was used, and not before as it should."""
    own, theirs = (_order(program, root) for program in (evidence.own, evidence.theirs))
    if [kind for kind, _ in own] != ["use", "eval"]:
        return None
    if [kind for kind, _ in theirs] != ["eval", "use"]:
        return None
    used, late = own[0][1], own[1][1]
    return Told(
        "not-eval",
        f"`{root}` is put in evaluation mode only here, after it was used on line "
        f"{evidence.line(used)}. Set the mode first, then use the network.",
        late,
        certain=True,
    )


def _order(program: list[ast.stmt], root: str) -> list[tuple[str, ast.Call]]:
    """Where a network is put in evaluation mode and where it is used, in order."""
    found: list[tuple[str, ast.Call]] = []
    for statement in program:
        for node in calls(statement):
            text = ast.unparse(node.func)
            if text in (root, f"{root}.eval"):
                found.append(("use" if text == root else "eval", node))
    return found


def _sets_eval(evidence: Evidence, root: str) -> bool:
    return any(
        last(node) == "eval" and (held := receiver(node)) is not None and ast.unparse(held) == root
        for statement in evidence.own
        for node in calls(statement)
    )


def _trains(statement: ast.stmt, root: str) -> bool:
    return any(
        last(node) == "train" and (held := receiver(node)) is not None and ast.unparse(held) == root
        for node in calls(statement)
    )


def no_grad_missing(evidence: Evidence) -> Told | None:
    """Values with a graph behind them, where the solution computes without one."""
    if not _without_grad(evidence.theirs) or _without_grad(evidence.own):
        return None
    for statement in evidence.own:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case _:
                continue
        found = evidence.value(f"{name}.requires_grad")
        wanted = evidence.value(f"{name}.requires_grad", expected=True)
        if found is None or wanted is None or found.value is not True or wanted.value is not False:
            continue
        return Told(
            "no-grad-missing",
            f"`{name}` was computed with gradients being recorded, which costs memory and is not "
            "wanted here. Compute it in a block under `with torch.no_grad():`.",
            statement,
        )
    return None


def _without_grad(program: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id)
        in ("no_grad", "inference_mode", "set_grad_enabled", "detach", "data")
        for statement in program
        for node in ast.walk(statement)
    )


def leaf_in_place(evidence: Evidence) -> Told | None:
    """An in-place change of a leaf that records gradients."""
    crash = evidence.crash
    if crash is None or "leaf Variable that requires grad" not in crash.message:
        return None
    place = evidence.context.place
    node = evidence.context.node
    target = node.target if isinstance(node, ast.AugAssign) else None
    if isinstance(node, ast.Call) and (held := receiver(node)) is not None:
        target = held
    text = (evidence.text(target) if target is not None else "") or "This tensor"
    return Told(
        "leaf-in-place",
        f"{text} records gradients, and a tensor that does cannot be changed in place while "
        "everything is recorded. Make the change in a block under `with torch.no_grad():`.",
        place,
    )


RULES = (method_not_called, leaf_in_place, to_discarded, not_eval, no_grad_missing)
