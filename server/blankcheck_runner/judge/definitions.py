"""Functions and classes that the submission defines: tried out, and blamed where they part."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from blankcheck_runner.judge import behaviour
from blankcheck_runner.judge.places import pinpoint, same, span_of
from blankcheck_runner.judge.statements import Span, Unit
from blankcheck_runner.observation import ClassValue, Opaque

if TYPE_CHECKING:
    from blankcheck_runner.judge.derived import Derivation


def check(derivation: Derivation, name: str, unit: Unit, value: Any) -> bool:
    """Compares what the solution defines with what the submission has by that name; whether a
    mistake was told."""
    own = derivation.submission.last_assignment(name)
    if own is None or same(_bare(own.node), _bare(unit.node)):
        return False
    trying = behaviour.class_tried if isinstance(value, ClassValue) else behaviour.tried
    trial = trying(name, unit, derivation.solution, derivation.student, derivation.reference)
    if trial.told is not None:
        derivation.replay.own[name] = Opaque("class" if isinstance(value, ClassValue) else "")
        subject = f"`{trial.part}` of `{name}`" if trial.part in _methods(unit) else f"`{name}`"
        told = trial.told.about(f"`{trial.call}`" if trial.call else subject)
        span = _place(derivation, own, unit, trial.part)
        derivation.add(trial.told.code, told, span)
        return True
    if isinstance(value, ClassValue) and trial.calls:
        derivation.proven.add(name)
    if not trial.calls:
        noun = "class" if isinstance(value, ClassValue) else "function"
        derivation.not_checked(f"What the {noun} `{name}` does", derivation.target(name))
    return False


def _bare(node: ast.stmt) -> ast.AST:
    """A definition without its docstring."""
    body = list(getattr(node, "body", []))
    if len(body) > 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return ast.Module(body[1:], [])
    return ast.Module(body, []) if not isinstance(node, ast.FunctionDef | ast.ClassDef) else node


def _methods(unit: Unit) -> dict[str, ast.FunctionDef]:
    body = unit.node.body if isinstance(unit.node, ast.ClassDef) else []
    return {item.name: item for item in body if isinstance(item, ast.FunctionDef)}


def _place(derivation: Derivation, own: Unit, unit: Unit, part: str) -> Span:
    """Where the learner's definition parts from the solution's: in the method at fault, or where
    its constructor makes the layer or attribute at fault."""
    mine, theirs = _methods(own), _methods(unit)
    setting = _setting(own.node, part)
    if part in mine and part in theirs and not same(mine[part], theirs[part]):
        return span_of(derivation.submission, pinpoint(theirs[part], mine[part]))
    if setting is not None:
        wanted = _setting(unit.node, part)
        place = pinpoint(wanted.value, setting.value) if wanted else setting
        return span_of(derivation.submission, place)
    for name, method in theirs.items():
        if name in mine and not same(mine[name], method):
            return span_of(derivation.submission, pinpoint(method, mine[name]))
    return span_of(derivation.submission, pinpoint(unit.node, own.node))


def _setting(node: ast.AST, part: str) -> ast.Assign | None:
    """The statement in a class that sets the attribute `part`."""
    for item in ast.walk(node):
        if isinstance(item, ast.Assign):
            for target in item.targets:
                if isinstance(target, ast.Attribute) and target.attr == part:
                    return item
    return None
