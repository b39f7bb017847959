"""Dimensions that an operation runs along, and softmax where a loss applies it itself."""

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

_ALONG = words(
    "sum mean std var prod max min amax amin argmax argmin softmax log_softmax Softmax "
    "LogSoftmax cumsum cat concat stack hstack vstack norm all any median sort topk "
)
_DIM_SECOND = frozenset({"cat", "concat", "stack", "sort"})
_SOFTMAX = frozenset({"softmax", "log_softmax", "Softmax", "LogSoftmax", "softmin", "Softmin"})
_DIMS = (0, 1, -1, 2)


def softmax_dim_missing(evidence: Evidence) -> Told | None:
    """Softmax without `dim`, where the solution says which one."""
    for statement in evidence.own:
        if not evidence.reaches(statement):
            break
        for node in calls(statement):
            if last(node) not in _SOFTMAX or _dim(evidence, node) is not None:
                continue
            fixed = any(_mends(evidence, statement, node, dim) for dim in _DIMS)
            fixed = fixed or _mends_where_used(evidence, statement)
            if fixed or (evidence.crash is not None and _failed_at(evidence, statement)):
                return Told(
                    "softmax-dim-missing",
                    f"{evidence.text(node.func) or 'Softmax'} is not told its dimension. It makes "
                    "numbers along one dimension add up to 1: say which, with `dim`.",
                    node,
                )
    return None


def _mends_where_used(evidence: Evidence, made: ast.stmt) -> bool:
    """Whether the softmax that a statement makes gives what is expected with a dimension, in a
    statement that uses it."""
    match made:
        case ast.Assign(targets=[target], value=ast.Call()):
            name = ast.unparse(target)
        case _:
            return False
    for statement in evidence.suspects:
        for node in calls(statement):
            if ast.unparse(node.func) != name or len(node.args) != 1:
                continue
            method = ast.Attribute(node.args[0], "softmax", ast.Load())
            for dim in _DIMS:
                new = ast.parse(str(dim), mode="eval").body
                if evidence.mends(statement, node, ast.Call(method, [new], [])):
                    return True
    return False


def _failed_at(evidence: Evidence, statement: ast.stmt) -> bool:
    """Whether the crash happened in a statement, for want of an argument."""
    crash = evidence.crash
    frame = evidence.context.frame if crash is not None else None
    if crash is None or frame is None or crash.base != "TypeError":
        return False
    return statement.lineno <= frame.line <= (statement.end_lineno or statement.lineno)


def wrong_dim(evidence: Evidence) -> Told | None:
    """An operation along another dimension than the one that gives what is expected."""
    for statement in evidence.suspects:
        for node in calls(statement):
            if last(node) not in _ALONG:
                continue
            at = _dim(evidence, node)
            if any(_mends(evidence, statement, node, dim) for dim in _DIMS):
                if at is None and last(node) in _SOFTMAX:
                    continue
                return Told("wrong-dim", _wrong(evidence, node, at), at or node)
            if at is not None and evidence.mends(statement, node, _without_dim(evidence, node)):
                return Told("wrong-dim", _wrong(evidence, node, at), at)
    return None


def _wrong(evidence: Evidence, node: ast.Call, at: ast.expr | None) -> str:
    name = f"`{last(node)}`"
    if at is None:
        return (
            f"{name} works on all elements at once here. Say with `dim` along which dimension it "
            "is to work: what is asked for keeps the others."
        )
    data = _data(evidence, node)
    shape = evidence.shape(data) if data is not None else None
    told = f" of shape {shape}" if shape else ""
    if last(node) in ("cat", "concat", "stack", "hstack", "vstack"):
        return (
            f"{name} joins along the dimension that `dim` names, and here that is another one than "
            "is asked for. Which size should grow: that of the rows or of the columns?"
        )
    return (
        f"{name} works along the dimension that `dim` names, and here{told} that is another one "
        "than is asked for. `dim=0` goes down the rows, one result for each column; `dim=1` goes "
        "along the columns, one result for each row."
    )


def _data(evidence: Evidence, node: ast.Call) -> ast.expr | None:
    if _is_method(evidence, node):
        return receiver(node)
    return node.args[0] if node.args and not last(node)[:1].isupper() else None


def _is_method(evidence: Evidence, node: ast.Call) -> bool:
    held = receiver(node)
    if held is None:
        return False
    full = evidence.names.of(node.func) or ""
    return not full.startswith(("torch.", "numpy."))


def _place(evidence: Evidence, node: ast.Call) -> int:
    """The place of `dim` among the positional arguments."""
    if last(node)[:1].isupper():
        return 0
    return 0 if _is_method(evidence, node) else 1


def _dim(evidence: Evidence, node: ast.Call) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg in ("dim", "axis"):
            return keyword.value
    place = _place(evidence, node)
    return node.args[place] if len(node.args) > place else None


def _mends(evidence: Evidence, statement: ast.stmt, node: ast.Call, dim: int) -> bool:
    at, new = _dim(evidence, node), ast.parse(str(dim), mode="eval").body
    if at is not None:
        if ast.unparse(at) == str(dim):
            return False
        return evidence.mends(statement, at, new)
    call = ast.Call(node.func, node.args, [*node.keywords, ast.keyword("dim", new)])
    return evidence.mends(statement, node, call)


def _without_dim(evidence: Evidence, node: ast.Call) -> ast.Call:
    at = _dim(evidence, node)
    kept = [item for item in node.keywords if item.value is not at and item.arg != "keepdim"]
    return ast.Call(node.func, [item for item in node.args if item is not at], kept)


# Softmax before the loss


def softmax_before_loss(evidence: Evidence) -> Told | None:
    """`CrossEntropyLoss` of probabilities: it takes raw scores, and applies softmax itself."""
    if any(_found(evidence, node, solution=True) for node in evidence.theirs):
        return None
    for statement in evidence.own:
        found = _found(evidence, statement, solution=False)
        if found is None:
            continue
        at, scores, given = found
        if not evidence.reaches(statement) or not _counts(evidence, statement, given, scores):
            continue
        return Told(
            "softmax-before-cross-entropy",
            "Cross entropy takes the raw scores (logits) and applies softmax itself; here it gets "
            "what softmax was applied to already. Hand it the scores as the network gives them.",
            at,
        )
    return None


def _counts(evidence: Evidence, statement: ast.stmt, given: ast.expr, scores: ast.expr) -> bool:
    """Whether taking softmax away is what is missing, as far as that can be tried."""
    if not evidence.judged or not evidence.at_top(statement):
        return True
    if evidence.mends(statement, given, scores):
        return True
    return evidence.expected(statement) is None


def _found(
    evidence: Evidence, statement: ast.stmt, *, solution: bool
) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """What to mark, the scores, and what the loss was given."""
    for node in calls(statement):
        if not node.args or not _is_cross_entropy(evidence, node, solution):
            continue
        given = node.args[0]
        scores = _scores(evidence, given, solution)
        if scores is not None:
            return given, scores, given
    return None


def _is_cross_entropy(evidence: Evidence, node: ast.Call, solution: bool) -> bool:
    if last(node) == "cross_entropy":
        return True
    if isinstance(node.func, ast.Call):
        return last(node.func) == "CrossEntropyLoss"
    made = evidence.made(ast.unparse(node.func), solution=solution)
    return isinstance(made, ast.Call) and last(made) == "CrossEntropyLoss"


def _scores(evidence: Evidence, given: ast.expr, solution: bool) -> ast.expr | None:
    """What softmax was applied to, for what a loss is given; null where it was not."""
    made: ast.expr | None = given
    if isinstance(given, ast.Name):
        made = evidence.made(given.id, solution=solution)
    if not isinstance(made, ast.Call):
        return None
    if last(made) == "softmax":
        names = evidence.solution_names if solution else evidence.names
        if (names.of(made.func) or "").startswith(("torch.", "softmax")) and made.args:
            return made.args[0]
        held = receiver(made)
        return held if held is not None else (made.args[0] if made.args else None)
    layer = made.func
    if not isinstance(layer, ast.Call):
        found = evidence.made(ast.unparse(layer), solution=solution)
        layer = found if found is not None else layer
    if isinstance(layer, ast.Call) and last(layer) == "Softmax" and made.args:
        return made.args[0]
    return None


def softmax_in_network(evidence: Evidence) -> Told | None:
    """A network that ends in softmax, whose output goes to cross entropy."""
    if any("Softmax" in ast.dump(node) for node in evidence.theirs):
        return None
    if not any(
        _is_cross_entropy(evidence, node, False)
        for statement in evidence.own
        for node in calls(statement)
    ):
        return None
    for statement in evidence.suspects:
        for node in expressions(statement):
            match node:
                case ast.Call(args=[*_, ast.Call() as end]) if last(node) == "Sequential":
                    if last(end) == "Softmax":
                        return Told(
                            "softmax-before-cross-entropy",
                            "The network ends in softmax, and its loss is cross entropy, which "
                            "applies softmax itself. Let the network give raw scores.",
                            end,
                        )
                case _:
                    continue
    return None


RULES = (softmax_before_loss, softmax_in_network, softmax_dim_missing, wrong_dim)
