"""Files of weights that an exercise loads into a network, and code that makes one.

A chapter may ask for a file that it never brings, and its own solution may even leave out the line
that loads it. A file with the network's own, untrained state lets the learner do what is asked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from blankcheck.course.names import names, parse

_FILE = re.compile(r"(?<![\w./\\:-])[A-Za-z0-9_][\w./-]*\.(?:pth|pt|ckpt)\b")
_LINE = re.compile(r"(?:\A|(?<=[\r\n]))([ \t]*)#[ \t]*(\S[^\r\n]*load_state_dict[^\r\n]*)")


@dataclass(frozen=True)
class Load:
    """One place where weights are asked for."""

    file: str
    receiver: str
    """What they are loaded into, as the code names it."""
    line: str
    """A statement that loads them."""


def loads(code: str) -> tuple[Load, ...]:
    """The weights that code loads."""
    tree = parse(code)
    return () if tree is None else tuple(_loads(tree))


def left_out(solution: str) -> tuple[Load, ...]:
    """The weights whose loading stands in a comment."""
    return tuple(load for match in _LINE.finditer(solution) for load in loads(match[2]))


def asked_for(sample: str, prose: str) -> tuple[Load, ...]:
    """The weights that a learner is asked to load: as the sample code does, or, where a blank
    stands for it, from the one file that the text names."""
    found = list(loads(sample))
    files = set(_FILE.findall(prose)) or set(_FILE.findall(sample))
    tree = parse(sample)
    if tree is None or len(files) != 1:
        return tuple(found)
    file = files.pop()
    for node in ast.walk(tree):
        receiver = _receiver(node)
        if receiver is not None and all(load.receiver != receiver for load in found):
            line = f"{receiver}.load_state_dict(torch.load({file!r}))"
            found.append(Load(file, receiver, line))
    return tuple(load for load in found if load.file == file)


def mentions(code: str, file: str) -> bool:
    """Whether code, and not just a comment in it, names a file."""
    tree = parse(code)
    return tree is not None and any(
        isinstance(node, ast.Constant) and node.value == file for node in ast.walk(tree)
    )


def following(solution: str, load: Load) -> str | None:
    """The solution with a load that it leaves out; null if there is no place for it."""
    for match in _LINE.finditer(solution):
        if load in loads(match[2]):
            return solution[: match.start()] + match[1] + match[2] + solution[match.end() :]
    tree = parse(solution)
    for node in tree.body if tree is not None else ():
        if load.receiver in _assigned(node):
            lines = solution.splitlines(keepends=True)
            after = node.end_lineno or node.lineno
            return "".join([*lines[:after], f"{load.line}\n", *lines[after:]])
    return None


def sources(load: Load, before: str, solution: str) -> tuple[str, ...]:
    """Expressions for networks whose state fits a load, once the code `before` has run."""
    tree = parse(before)
    bound = set(names(tree).bound) if tree is not None else set[str]()
    found = [load.receiver] if load.receiver.partition(".")[0] in bound else []
    made = parse(solution)
    for node in made.body if made is not None else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            text = ast.unparse(node.value)
            needed = parse(text)
            free = names(needed).unbound if needed is not None else []
            if load.receiver in _assigned(node) and all(use.name in bound for use in free):
                found.append(text)
                break
    return tuple(found)


def saved(source: str, file: str, before: str) -> str:
    """Code that saves a network's state, to run after the code `before`."""
    tree = parse(before)
    bound = names(tree).bound if tree is not None else {}
    lines = [] if "torch" in bound else ["import torch"]
    folder = PurePosixPath(file).parent
    if str(folder) != ".":
        lines += ["import os", f"os.makedirs({str(folder)!r}, exist_ok=True)"]
    return "\n".join([*lines, f"torch.save({source}.state_dict(), {file!r})", ""])


def _loads(tree: ast.Module) -> Iterator[Load]:
    held: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (file := _loaded(node.value)) is not None:
            held.update(dict.fromkeys(_assigned(node), file))
    for node in ast.walk(tree):
        receiver = _receiver(node)
        if receiver is None or not isinstance(node, ast.Call) or not node.args:
            continue
        given = node.args[0]
        file = held.get(given.id) if isinstance(given, ast.Name) else _loaded(given)
        if file is not None:
            yield Load(file, receiver, f"{receiver}.load_state_dict(torch.load({file!r}))")


def _receiver(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="load_state_dict")):
            return ast.unparse(value)
        case _:
            return None


def _loaded(node: ast.expr) -> str | None:
    """The file that an expression loads, if it is one below the working directory."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="load") | ast.Name(id="load"),
            args=[ast.Constant(value=str(file)), *_],
        ):
            return file if _FILE.fullmatch(file) and ".." not in file else None
        case _:
            return None


def _assigned(node: ast.AST) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
