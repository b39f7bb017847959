"""Activations and losses: left out, applied twice, or their class taken for the function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from blankcheck_runner.judge.misconceptions.evidence import (
    Evidence,
    Told,
)
from blankcheck_runner.judge.misconceptions.trees import (
    assigned,
    calls,
    expressions,
    flat,
    last,
    receiver,
    replaced,
    words,
)
from blankcheck_runner.judge.state import Source
from blankcheck_runner.observation.standins import ClassValue

FUNCTIONS = words(
    "relu relu6 leaky_relu prelu elu selu celu gelu silu mish softplus sigmoid tanh hardtanh "
    "logsigmoid softmax log_softmax relu_ sigmoid_ tanh_"
)
CLASSES = words(
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Softplus Sigmoid Tanh Hardtanh "
    "LogSigmoid Softmax LogSoftmax Hardsigmoid Hardswish"
)
_LAYERS = frozenset({"Dropout", "Flatten", "MaxPool2d", "AvgPool2d", "BatchNorm1d", "BatchNorm2d"})


def argument(evidence: Evidence, node: ast.AST, *, solution: bool = False) -> ast.expr | None:
    """What an activation is applied to; null for anything but the call of one."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Call):
        return node.args[0] if last(node.func) in CLASSES and node.args else None
    made = evidence.made(ast.unparse(node.func), solution=solution)
    if isinstance(made, ast.Call) and last(made) in CLASSES:
        return node.args[0] if node.args else None
    if last(node) not in FUNCTIONS:
        return None
    held = receiver(node)
    names = evidence.solution_names if solution else evidence.names
    full = names.of(node.func) or ""
    if node.args and (held is None or full.startswith("torch.") or _of_self(node.func)):
        return node.args[0]
    return held


def _of_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"


def not_activated(evidence: Evidence) -> Told | None:
    """A raw value where an activated one is wanted."""
    for statement in evidence.suspects:
        partner = evidence.partner(statement)
        if partner is not None and (told := _stripped(evidence, statement, partner)):
            return told
        for node in expressions(statement):
            if isinstance(node, ast.Name) and (told := _raw(evidence, statement, node)):
                return told
    return None


def _stripped(evidence: Evidence, statement: ast.stmt, partner: ast.stmt) -> Told | None:
    """Whether a statement is the solution's but for an activation."""
    text = evidence.code(statement)
    for node in expressions(partner):
        inner = argument(evidence, node, solution=True)
        if inner is None or argument(evidence, inner, solution=True) is not None:
            continue
        if evidence.code(replaced(partner, node, inner), evidence.solution_names) != text:
            continue
        code = evidence.code(inner, evidence.solution_names)
        at = next((own for own in expressions(statement) if evidence.code(own) == code), None)
        if not evidence.judged or evidence.told(statement) or not evidence.at_top(statement):
            return Told("not-activated", _left_out(evidence, statement, at), at or statement)
    return None


def _left_out(evidence: Evidence, statement: ast.stmt, at: ast.AST | None) -> str:
    names = sorted(assigned(statement))
    subject = f"`{names[0]}` gets" if len(names) == 1 else "This passes on"
    text = (evidence.text(at) if at is not None else "") or "the values"
    return (
        f"{subject} {text} as it is: the activation is missing. Apply the activation "
        "function that the instructions name, and go on with what it gives."
    )


def _raw(evidence: Evidence, statement: ast.stmt, node: ast.Name) -> Told | None:
    """Whether a name stands there that was activated into another one, which is wanted."""
    for maker in flat(evidence.submission.tree.body):
        match maker:
            case ast.Assign(targets=[ast.Name(id=activated)], value=value):
                inner = argument(evidence, value)
            case _:
                continue
        if maker is statement or not isinstance(inner, ast.Name) or inner.id != node.id:
            continue
        if "softmax" in ast.unparse(value).lower():
            continue  # scores and probabilities: not what is called raw
        if activated != node.id and evidence.mends(
            statement, node, ast.Name(activated, ast.Load())
        ):
            return Told(
                "not-activated",
                f"`{node.id}` is the raw value, from before the activation on line "
                f"{evidence.line(maker)}. Go on with the name that holds the activated one.",
                node,
            )
    return None


def activated_twice(evidence: Evidence) -> Told | None:
    """An activation of what is activated already."""
    for statement in evidence.suspects:
        for node in calls(statement):
            inner = argument(evidence, node)
            if inner is None or not _activated(evidence, inner):
                continue
            if evidence.mends(statement, node, inner):
                return Told(
                    "activated-twice",
                    f"{evidence.text(inner) or 'What goes in here'} is activated already, and "
                    "is activated once more here. Apply the activation once.",
                    node,
                )
    return None


def _activated(evidence: Evidence, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        made = evidence.made(node.id)
        return made is not None and argument(evidence, made) is not None
    return argument(evidence, node) is not None


# Classes


def class_not_instance(evidence: Evidence) -> Told | None:
    """A class where an object of it is wanted."""
    for statement in evidence.own:
        if not evidence.reaches(statement):
            break
        told = (
            _kept(evidence, statement)
            or _applied(evidence, statement)
            or _in_sequential(evidence, statement)
        )
        if told is not None:
            return told
    return None


def _kept(evidence: Evidence, statement: ast.stmt) -> Told | None:
    """`relu = nn.ReLU`, then used like an object."""
    match statement:
        case ast.Assign(targets=[target], value=ast.Name() | ast.Attribute() as value):
            name = ast.unparse(target)
        case _:
            return None
    if not _is_class(evidence, value) or not _used_as_object(evidence, name, value):
        return None
    text = evidence.text(value) or "This"
    return Told(
        "class-not-instance",
        f"{text} is the class itself, the plan of an object, and `{name}` is used like an object. "
        "Make an object of the class, by calling it with parentheses, and keep that.",
        value,
    )


def _class_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_class(evidence: Evidence, node: ast.expr) -> bool:
    name = _class_name(node)
    if name in CLASSES or name in _LAYERS or (name.endswith("Loss") and name[:1].isupper()):
        return True
    if any(_defines(source, name) for source in (evidence.submission, evidence.given)):
        return isinstance(node, ast.Name)
    answer = evidence.value(node)
    return answer is not None and isinstance(answer.value, ClassValue)


def _defines(source: Source, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in source.tree.body)


def _used_as_object(evidence: Evidence, name: str, value: ast.expr) -> bool:
    """Whether a name is used as an object of the class is: called with data, or asked for what only
    an object has."""
    loss = _class_name(value).endswith("Loss")
    known = loss or _class_name(value) in CLASSES | _LAYERS
    for statement in evidence.own:
        for node in expressions(statement):
            match node:
                case ast.Call(func=func, args=args) if ast.unparse(func) == name and args:
                    if not known or any(_is_data(evidence, item) for item in args):
                        return True
                case ast.Attribute(value=held) if ast.unparse(held) == name:
                    if not known or node.attr in ("parameters", "to", "train", "eval"):
                        return True
                case _:
                    continue
    if evidence.crash is not None:
        return False
    expected = evidence.value(name, expected=True)
    return expected is not None and not isinstance(expected.value, ClassValue)


def _applied(evidence: Evidence, statement: ast.stmt) -> Told | None:
    """`nn.ReLU(x)`, `nn.CrossEntropyLoss(scores, labels)`."""
    for node in calls(statement):
        name = last(node)
        loss = name.endswith("Loss") and name[:1].isupper()
        if name not in CLASSES and not loss:
            continue
        full = evidence.names.of(node.func) or ""
        if not full.startswith("torch.nn.") and full != name:
            continue
        if not any(_is_data(evidence, item) for item in node.args) or (loss and len(node.args) < 2):
            continue
        text = evidence.text(node.func) or f"`{name}`"
        noun = "loss" if loss else "activation"
        return Told(
            "class-not-instance",
            f"{text} is a class: what you call it with are the settings of a new {noun}, not the "
            "values that it works on. Make the object first, then call that object with your "
            "values.",
            node,
        )
    return None


def _is_data(evidence: Evidence, node: ast.expr) -> bool:
    """Whether an argument is a tensor, as far as it can be known."""
    known = evidence.value(node) if evidence.judged else None
    if known is not None:
        return hasattr(known.value, "shape") and hasattr(known.value, "dtype")
    if evidence.crash is not None:
        seen = evidence.context.value(node)
        if seen is not None:
            return seen.kind == "tensor"
    if isinstance(node, ast.Name):
        made = evidence.made(node.id)
        return made is None or any(isinstance(inner, ast.Call) for inner in ast.walk(made))
    return isinstance(node, ast.Call | ast.BinOp) and any(
        isinstance(inner, ast.Name) for inner in ast.walk(node)
    )


def _in_sequential(evidence: Evidence, statement: ast.stmt) -> Told | None:
    """`nn.Sequential(nn.Linear(4, 8), nn.ReLU)`."""
    for node in calls(statement):
        if last(node) != "Sequential":
            continue
        for item in _classes_in(evidence, node):
            return Told(
                "class-not-instance",
                f"{evidence.text(item) or 'This'} is a class, and `Sequential` is made of layers, "
                "which are objects. Make one, by putting parentheses after the class.",
                item,
            )
    return None


def _classes_in(evidence: Evidence, call: ast.Call) -> Iterator[ast.expr]:
    for item in call.args:
        if isinstance(item, ast.Name | ast.Attribute) and _class_name(item) in CLASSES | _LAYERS:
            yield item


RULES = (class_not_instance, activated_twice, not_activated)
