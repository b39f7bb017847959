"""Words that go to a part of the syntax: a loop, its body, a function, its parameters."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner.judge.code import targets
from blankcheck_runner.judge.messages import nearest, ordinal
from blankcheck_runner.judge.state import Part, SctError, State
from blankcheck_runner.judge.table import word

CALLED = "__called__"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Kind:
    """A kind of syntax that a word goes to."""

    noun: str
    """As a learner calls it: `for loop`."""
    types: tuple[type[ast.AST], ...]
    split: Callable[[Any], Part]


def dump(node: ast.AST) -> str:
    """The node's structure, to compare by."""
    return ast.dump(node)


def outermost(nodes: Sequence[ast.AST], types: tuple[type[ast.AST], ...]) -> list[ast.AST]:
    """The nodes of the given types that are not inside another one of them, in source order: first
    those outside of definitions, then those within."""
    found: list[ast.AST] = []
    later: list[ast.AST] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, types):
            found.append(node)
        elif isinstance(node, _DEFINITIONS):
            later.append(node)
        else:
            for child in ast.iter_child_nodes(node):
                visit(child)

    for node in nodes:
        visit(node)
    while later:
        for child in ast.iter_child_nodes(later.pop(0)):
            visit(child)
    return found


def _block(nodes: Sequence[ast.AST], **more: Any) -> Part:
    return Part(tuple(nodes), **more)


def _if(node: ast.If) -> Part:
    return Part(
        parts={
            "test": _block([node.test]),
            "body": _block(node.body),
            "orelse": _block(node.orelse),
        }
    )


def _if_exp(node: ast.IfExp) -> Part:
    pieces = {"test": node.test, "body": node.body, "orelse": node.orelse}
    return Part(parts={name: _block([piece]) for name, piece in pieces.items()})


def _for(node: ast.For) -> Part:
    names = targets(node.target)
    return Part(
        parts={
            "iter": _block([node.iter]),
            "body": _block(node.body, names=names),
            "orelse": _block(node.orelse),
        },
        facts={"context": names},
    )


def _while(node: ast.While) -> Part:
    return Part(
        parts={
            "test": _block([node.test]),
            "body": _block(node.body),
            "orelse": _block(node.orelse),
        }
    )


def _comprehension(node: Any) -> Part:
    first = node.generators[0]
    names = tuple(name for each in node.generators for name in targets(each.target))
    parts: dict[str, Any] = {
        "iter": _block([first.iter]),
        "ifs": tuple(_block([test], names=names) for each in node.generators for test in each.ifs),
    }
    if isinstance(node, ast.DictComp):
        parts["key"] = _block([node.key], names=names)
        parts["value"] = _block([node.value], names=names)
    else:
        parts["body"] = _block([node.elt], names=names)
    return Part(parts=parts, facts={"context": names})


def _parameters(arguments: ast.arguments) -> dict[Any, Part]:
    """Parameters by position and by name; the starred ones as `*args` and `**kwargs`."""
    found: dict[Any, Part] = {}
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    pairs = list(zip(plain, [*defaults, *arguments.defaults], strict=True))
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    for place, (argument, default) in enumerate(pairs):
        part = _parameter(argument, default)
        found[place] = found[argument.arg] = part
    for name, argument in (("*args", arguments.vararg), ("**kwargs", arguments.kwarg)):
        if argument is not None:
            found[name] = _parameter(argument, None)
    return found


def _parameter(argument: ast.arg, default: ast.expr | None) -> Part:
    facts = {"name": argument.arg, "is_default": default is not None}
    return Part((default,) if default is not None else (argument,), facts=facts)


def _defaults(arguments: ast.arguments) -> dict[str, str]:
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(plain), reversed(arguments.defaults), strict=False))
    pairs += [
        (argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    ]
    return {argument.arg: ast.unparse(default) for argument, default in pairs}


def _names(arguments: ast.arguments) -> tuple[str, ...]:
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs]
    return tuple(argument.arg for argument in [*every, arguments.kwarg] if argument is not None)


def _function(node: Any) -> Part:
    names, defaults = _names(node.args), _defaults(node.args)
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    parameters = _parameters(node.args)
    return Part(
        parts={"args": parameters, "body": _block(body, names=names, defaults=defaults)},
        facts={
            "name": getattr(node, "name", None),
            "args": tuple(
                part.facts["name"] for key, part in parameters.items() if key != part.facts["name"]
            ),
            "context": names,
        },
    )


def _class(node: ast.ClassDef) -> Part:
    return Part(
        parts={"bases": tuple(_block([base]) for base in node.bases), "body": _block(node.body)},
        facts={"name": node.name},
    )


def _with(node: ast.With) -> Part:
    items = tuple(
        Part(
            (item.context_expr,),
            facts={"context": targets(item.optional_vars) if item.optional_vars else ()},
        )
        for item in node.items
    )
    names = tuple(name for item in items for name in item.facts["context"])
    header = f"with {', '.join(ast.unparse(item) for item in node.items)}:"
    return Part(
        parts={"context": items, "body": _block(node.body, headers=(header,))},
        facts={"context": names},
    )


def _try(node: Any) -> Part:
    handlers: dict[Any, Part] = {}
    for place, handler in enumerate(node.handlers):
        part = _block(handler.body, names=(handler.name,) if handler.name else ())
        part = dataclasses.replace(part, facts={"context": part.names})
        handlers[place] = part
        for name in _caught(handler.type):
            handlers.setdefault(name, part)
    return Part(
        parts={
            "body": _block(node.body),
            "handlers": handlers,
            "orelse": _block(node.orelse),
            "finalbody": _block(node.finalbody),
        }
    )


def _caught(node: ast.expr | None) -> Iterator[str]:
    """The names of the exceptions that a handler is for; `all` for a bare one."""
    if node is None:
        yield "all"
    elif isinstance(node, ast.Tuple):
        for item in node.elts:
            yield from _caught(item)
    else:
        yield ast.unparse(node).rpartition(".")[2]


_TRY: tuple[type[ast.AST], ...] = (ast.Try, *filter(None, [getattr(ast, "TryStar", None)]))
KINDS = {
    "if_else": Kind("if statement", (ast.If,), _if),
    "if_exp": Kind("conditional expression", (ast.IfExp,), _if_exp),
    "for_loop": Kind("for loop", (ast.For, ast.AsyncFor), _for),
    "while": Kind("while loop", (ast.While,), _while),
    "list_comp": Kind("list comprehension", (ast.ListComp,), _comprehension),
    "set_comp": Kind("set comprehension", (ast.SetComp,), _comprehension),
    "dict_comp": Kind("dictionary comprehension", (ast.DictComp,), _comprehension),
    "generator_exp": Kind("generator expression", (ast.GeneratorExp,), _comprehension),
    "lambda_function": Kind("lambda function", (ast.Lambda,), _function),
    "with": Kind("with statement", (ast.With, ast.AsyncWith), _with),
    "try_except": Kind("try statement", _TRY, _try),
    "function_def": Kind("function", (ast.FunctionDef, ast.AsyncFunctionDef), _function),
    "class_def": Kind("class", (ast.ClassDef,), _class),
}
_NAMED = {"function_def": "define it with `def`", "class_def": "define it with `class`"}
_PARTS = {
    "test": "the condition",
    "body": "the body",
    "orelse": "the `else` part",
    "iter": "what is looped over",
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
        index: int = 0,
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
            which = f"a {kind.noun}" if len(theirs) == 1 else f"{len(theirs)} {kind.noun}s"
            own = f"There should be {which} here; {'write it' if not mine else 'one is missing'}."
            raise state.fail("sct/structure", own, missing_msg, values={"typestr": kind.noun})
        where = f"the {kind.noun}" if len(theirs) == 1 else f"the {ordinal(index)} {kind.noun}"
        span = state.session.submission.span((mine[index],))
        return state.to(_zoom(kind, mine[index], span), _zoom(kind, theirs[index], None), where)

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
            raise state.fail("sct/missing", own, missing_msg, values={"name": name})
        span = state.session.submission.span((mine,))
        where = f"{'the class' if kind_name == 'class_def' else 'the function'} `{name}`"
        return state.to(_zoom(kind, mine, span), _zoom(kind, theirs, None), where)

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
) -> State:
    """Goes to a part of what the state is at; of several ones to the one named by `index`."""
    if name not in state.solution.parts:
        known = ", ".join(f"`check_{key}`" for key in state.solution.parts) or "no parts"
        raise SctError(f"`check_{name}` does not fit here; what it follows has {known}.")
    label = _PARTS[name] if index is None else f"{_PARTS[name]} `{index}`"
    theirs = _chosen(state.solution.parts[name], index)
    if theirs is None or (not theirs.nodes and theirs.code is None):
        raise SctError(f"`check_{name}`: the solution does not have {label} there.")
    mine = _chosen(state.student.parts.get(name), index)
    if mine is None or (not mine.nodes and mine.code is None):
        noun = _PARTS[name].removeprefix("the ")
        which = f"{noun} `{index}`" if isinstance(index, str) else noun
        own = f"The {which} is missing here; add it."
        raise state.fail("sct/structure", own, missing_msg, values={"part": name})
    span = state.session.submission.span(mine.nodes)
    return state.to(
        dataclasses.replace(mine, span=span),
        theirs,
        f"{label} of {state.where[-1]}" if state.where else label,
    )


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
        return part_of(state, name, None, missing_msg)

    return go


def _indexed(name: str) -> Callable[..., State]:
    def go(
        state: State,
        index: Any = 0,
        missing_msg: str | None = None,
        expand_msg: str | None = None,
    ) -> State:
        return part_of(state, name, index, missing_msg)

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
