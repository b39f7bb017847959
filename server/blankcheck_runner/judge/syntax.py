"""The parts of Python's syntax, as the words of an SCT name them."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from blankcheck_runner.judge.code import targets
from blankcheck_runner.judge.state import Part

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
