"""Words that go to a part of the syntax: a loop, its body, a function, its parameters."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

from blankcheck_runner.judge.messages import nearest, ordinal
from blankcheck_runner.judge.state import Part, SctError, State
from blankcheck_runner.judge.syntax import KINDS, Kind, outermost
from blankcheck_runner.judge.table import word
from blankcheck_runner.observation.describing import article

_NAMED = {"function_def": "define it with `def`", "class_def": "define it with `class`"}
_PARTS = {
    "test": "the condition",
    "body": "the body",
    "orelse": "the `else` part",
    "iter": "the iterable",
    "ifs": "the `if` part",
    "key": "the key",
    "value": "the value",
    "args": "the parameter",
    "context": "the context",
    "handlers": "the `except` part",
    "finalbody": "the `finally` part",
    "bases": "the base class",
}


def _zoom(kind: Kind, node: ast.AST, span: tuple[int, int] | None) -> Part:
    return dataclasses.replace(kind.split(node), nodes=(node,), span=span)


def _goes_to(name: str, kind: Kind) -> Callable[..., State]:
    def go(
        state: State,
        index: Any = 0,
        missing_msg: str | None = None,
        expand_msg: str | None = None,
    ) -> State:
        theirs = outermost(state.solution.nodes, kind.types)
        if not isinstance(index, int) or not -len(theirs) <= index < len(theirs):
            number = f"{len(theirs)} {kind.noun}{'' if len(theirs) == 1 else 's'}"
            raise SctError(
                f"`check_{name}({index!r})`: the solution has {number} there; count them from 0."
            )
        mine = outermost(state.student.nodes, kind.types)
        if not -len(mine) <= index < len(mine):
            which = article(kind.noun) if len(theirs) == 1 else f"{len(theirs)} {kind.noun}s"
            own = f"There should be {which} here; {'write it' if not mine else 'one is missing'}."
            values = {"typestr": kind.noun}
            raise state.fail(
                "sct/structure", own, missing_msg, values=values, missing=theirs[index]
            )
        where = f"the {kind.noun}" if len(theirs) == 1 else f"the {ordinal(index)} {kind.noun}"
        span = state.session.submission.span((mine[index],))
        sides = _zoom(kind, mine[index], span), _zoom(kind, theirs[index], None)
        return state.to(*sides, where, expand_msg)

    return go


def _goes_by_name(kind_name: str, kind: Kind) -> Callable[..., State]:
    def go(
        state: State,
        name: str,
        index: int = 0,
        missing_msg: str | None = None,
        expand_msg: str | None = None,
    ) -> State:
        theirs = _definition(state.solution, kind, name)
        if theirs is None:
            raise SctError(
                f"`check_{kind_name}('{name}')`: the solution defines no such {kind.noun}."
            )
        mine = _definition(state.student, kind, name)
        if mine is None:
            own = f"There is no {kind.noun} `{name}`; {_NAMED[kind_name]}."
            values = {"name": name}
            raise state.fail("sct/missing", own, missing_msg, values=values, missing=theirs)
        span = state.session.submission.span((mine,))
        where = f"{'the class' if kind_name == 'class_def' else 'the function'} `{name}`"
        sides = _zoom(kind, mine, span), _zoom(kind, theirs, None)
        return state.to(*sides, where, expand_msg)

    return go


def _definition(part: Part, kind: Kind, name: str) -> ast.AST | None:
    """The last definition of that name, as it is the one that counts."""
    named = [
        node for node in outermost(part.nodes, kind.types) if getattr(node, "name", "") == name
    ]
    return named[-1] if named else None


def part_of(
    state: State,
    name: str,
    index: Any = None,
    missing_msg: str | None = None,
    expand_msg: str | None = None,
) -> State:
    """Goes to a part of what the state is at; of several ones to the one named by `index`."""
    if name not in state.solution.parts:
        known = ", ".join(f"`check_{key}`" for key in state.solution.parts) or "no parts"
        raise SctError(f"`check_{name}` does not fit here; what it follows has {known}.")
    label = _label(name, index)
    theirs = _chosen(state.solution.parts[name], index)
    if theirs is None or (not theirs.nodes and theirs.code is None):
        raise SctError(f"`check_{name}`: the solution does not have {label} there.")
    mine = _chosen(state.student.parts.get(name), index)
    if mine is None or (not mine.nodes and mine.code is None):
        own = f"{label[:1].upper()}{label[1:]} is missing here; add it."
        raise state.fail("sct/structure", own, missing_msg, values={"part": name})
    span = state.session.submission.span(mine.nodes)
    return state.to(
        dataclasses.replace(mine, span=span),
        theirs,
        f"{label} of {state.where[-1]}" if state.where else label,
        expand_msg,
    )


def _label(name: str, index: Any) -> str:
    if index is None:
        return _PARTS[name]
    if (name, index) == ("handlers", "all"):
        return "an `except` for any exception"
    noun = _PARTS[name].removeprefix("the ")
    return f"the {ordinal(index)} {noun}" if isinstance(index, int) else f"the {noun} `{index}`"


def _chosen(found: Any, index: Any) -> Part | None:
    if found is None or isinstance(found, Part):
        return found
    if isinstance(found, Mapping):
        key = tuple(cast("list[Any]", index)) if isinstance(index, list) else index
        return cast("Mapping[Any, Part]", found).get(key)
    items = cast("tuple[Part, ...]", found)
    place = index or 0
    return items[place] if isinstance(place, int) and place < len(items) else None


def _single(name: str) -> Callable[..., State]:
    def go(state: State, missing_msg: str | None = None, expand_msg: str | None = None) -> State:
        return part_of(state, name, None, missing_msg, expand_msg)

    return go


def _indexed(name: str) -> Callable[..., State]:
    def go(
        state: State,
        index: Any = 0,
        missing_msg: str | None = None,
        expand_msg: str | None = None,
    ) -> State:
        return part_of(state, name, index, missing_msg, expand_msg)

    return go


for _name, _kind in KINDS.items():
    _go = _goes_by_name if _name in _NAMED else _goes_to
    word(f"check_{_name}")(_go(_name, _kind))
for _name in ("test", "body", "orelse", "iter", "key", "value", "finalbody"):
    word(f"check_{_name}")(_single(_name))
for _name in ("ifs", "handlers", "context", "bases"):
    word(f"check_{_name}")(_indexed(_name))


@word("check_node")
def check_node(state: State, name: str, index: int = 0, missing_msg: str | None = None) -> State:
    """Goes to a syntax node by its class in Python's `ast`."""
    kind = getattr(ast, name, None)
    if not (isinstance(kind, type) and issubclass(kind, ast.AST)):
        raise SctError(f"`check_node('{name}')`: `ast` has no such node{nearest(name, dir(ast))}")
    node = Kind(f"`{name}` node", (kind,), lambda _: Part())
    return _goes_to("node", node)(state, index, missing_msg)


@word("check_edge")
def check_edge(
    state: State, name: str, index: int | None = 0, missing_msg: str | None = None
) -> State:
    """Goes to a field of the syntax node that the state is at."""
    sides = [_edge(part, name, index) for part in (state.student, state.solution)]
    if sides[1] is None:
        raise SctError(f"`check_edge('{name}')`: the solution has no such field there.")
    if sides[0] is None:
        own = f"The `{name}` part is missing here; add it."
        raise state.fail("sct/structure", own, missing_msg)
    span = state.session.submission.span(sides[0])
    return state.to(Part(sides[0], span=span), Part(sides[1]), f"the `{name}` part")


def _edge(part: Part, name: str, index: int | None) -> tuple[ast.AST, ...] | None:
    found = getattr(part.nodes[0], name, None) if len(part.nodes) == 1 else None
    if isinstance(found, list):
        items = cast("list[ast.AST]", found)
        if index is None:
            return tuple(items) or None
        return (items[index],) if -len(items) <= index < len(items) else None
    return (found,) if isinstance(found, ast.AST) else None


@word("has_equal_part")
def has_equal_part(state: State, name: str, msg: str | None = None, var: str = "") -> None:
    """A plain fact of the part (`name`, `is_default`) is the solution's."""
    if name not in state.solution.facts:
        known = ", ".join(f"`{each}`" for each in state.solution.facts) or "none"
        raise SctError(f"`has_equal_part('{name}')` does not fit here; the facts are: {known}.")
    if state.student.facts.get(name) != state.solution.facts[name]:
        own = {
            "name": "This has another name than the one asked for.",
            "is_default": "Only one of yours and the expected one has a default value.",
        }.get(name, f"The `{name}` is not the one asked for.")
        raise state.fail("sct/structure", own, msg, values={"name": name})


@word("has_equal_part_len")
def has_equal_part_len(state: State, name: str, unequal_msg: str | None = None) -> None:
    """As many of these parts as in the solution: `args`, `ifs`, `handlers`, `context`."""
    lengths = [_length(part, name) for part in (state.student, state.solution)]
    if lengths[1] is None:
        raise SctError(f"`has_equal_part_len('{name}')` does not fit here.")
    if lengths[0] != lengths[1]:
        noun = {"args": "parameters", "ifs": "`if` parts"}.get(name, name)
        own = f"The number of {noun} is {lengths[0]}, expected {lengths[1]}."
        shown = {"stu_len": lengths[0], "sol_len": lengths[1]}
        raise state.fail("sct/structure", own, unequal_msg, values=shown)


@word("has_context")
def has_context(state: State, incorrect_msg: str | None = None, exact_names: bool = False) -> None:
    """As many loop variables (or other context names) as in the solution; or the very same ones."""
    mine, theirs = (
        part.facts.get("context", part.names) for part in (state.student, state.solution)
    )
    if len(mine) != len(theirs):
        own = f"There are {len(mine)} variables here, expected {len(theirs)}."
        raise state.fail("sct/structure", own, incorrect_msg)
    if exact_names and mine != theirs:
        own = "The variables have other names than the ones asked for."
        raise state.fail("sct/structure", own, incorrect_msg)


def _length(part: Part, name: str) -> int | None:
    found = part.facts.get(name, part.parts.get(name))
    if isinstance(found, dict):
        return len({id(each) for each in cast("dict[Any, object]", found).values()})
    return len(cast("tuple[Any, ...]", found)) if isinstance(found, tuple) else None
