"""An exception observed: what happened, and which values stood there.

`observe` runs in the learner's process, right after its code raised. What it tells is plain data
(`blankcheck_runner.testimony`); what that means is said by `blankcheck_runner.explain`, elsewhere.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar, cast

from blankcheck_runner import described, nearby
from blankcheck_runner.described import describe, instance_dict, is_layer, is_tensor, peek
from blankcheck_runner.positions import Positions
from blankcheck_runner.testimony import (
    MAX_CALLS,
    MAX_FRAMES,
    MAX_MESSAGE,
    MAX_OPERANDS,
    Crash,
    Frame,
    LibraryCall,
    Operand,
    crash_from_json,
    crash_to_json,
)

__all__ = ["Crash", "crash_from_json", "crash_to_json", "observe"]

_T = TypeVar("_T")


def observe(error: BaseException, sources: Mapping[str, str]) -> Crash:
    """The testimony for an exception; `sources` are the texts whose frames count, by file name.

    Never raises, whatever the exception and the values around it do.
    """
    cls = type(error)
    classes = described.mro(cls)
    base = next((item for item in classes if described.module_name(item) == "builtins"), cls)
    bare = Crash(described.type_name(cls), described.type_name(base), "")
    return _attempt(lambda: _observe(error, sources, bare), bare)


def _attempt(work: Callable[[], _T], otherwise: _T) -> _T:
    """`work()`, or `otherwise` if it raises: the objects it touches may do anything."""
    try:
        return work()
    except BaseException:
        return otherwise


def _observe(error: BaseException, sources: Mapping[str, str], bare: Crash) -> Crash:
    message = _attempt(lambda: _message(error), "")
    own, below = _split(error.__traceback__, sources)
    kept = own if len(own) <= MAX_FRAMES else own[:4] + own[-(MAX_FRAMES - 4) :]
    trees = {name: _Source(text) for name, text in sources.items()}
    frames: list[Frame] = []
    operands: list[Operand] = []
    for index, trace in enumerate(kept):
        source = trees[trace.tb_frame.f_code.co_filename]
        node, frame = source.locate(trace)
        frames.append(frame)
        if index == 0 or index >= len(kept) - 3:
            room = MAX_OPERANDS - len(operands) if index == len(kept) - 1 else MAX_OPERANDS // 4
            operands += _attempt(
                lambda source=source, node=node, trace=trace, index=index, room=room: list(
                    islice(source.operands(node, trace.tb_frame, index), room)
                ),
                [],
            )
    calls = _attempt(lambda: tuple(_calls(below)), ())
    innermost = kept[-1].tb_frame if kept else None
    missing = _attempt(lambda: nearby.missing_name(error, message), "")
    owner, attributes = _attempt(lambda: nearby.attributes(error), (None, ()))
    elsewhere = _attempt(lambda: tuple(nearby.elsewhere(missing, innermost)), ())
    path, folder, files = _attempt(lambda: nearby.files(error), ("", "", ()))
    return Crash(
        type=bare.type,
        base=bare.base,
        message=message,
        cause=_attempt(lambda: _cause(error), ""),
        frames=tuple(frames),
        folded=len(below),
        operands=tuple(operands),
        calls=calls,
        scope=_attempt(lambda: nearby.scope(innermost), ()),
        missing=missing,
        owner=owner,
        attributes=attributes,
        elsewhere=elsewhere,
        path=path,
        folder=folder,
        files=files,
    )


def _message(error: BaseException) -> str:
    text = str(error)
    if type(text) is not str:
        text = str.__str__(text)
    if len(text) > MAX_MESSAGE:
        text = text[: MAX_MESSAGE - 2000] + " … " + text[-1990:]
    return nearby.sound(text)


def _cause(error: BaseException) -> str:
    root, seen = error, {id(error)}
    while below := root.__cause__ or (None if root.__suppress_context__ else root.__context__):
        if id(below) in seen:
            break
        root = below
        seen.add(id(root))
    if root is error:
        return ""
    return f"{described.type_name(type(root))}: {_attempt(lambda: _message(root), '')[:500]}"


# --- Frames ---------------------------------------------------------------------------------------


def _split(
    trace: types.TracebackType | None, sources: Mapping[str, str]
) -> tuple[list[types.TracebackType], list[types.TracebackType]]:
    """The frames in `sources`, and those below the innermost of them."""
    own: list[types.TracebackType] = []
    below: list[types.TracebackType] = []
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in sources:
            own.append(trace)
            below = []
        elif own:
            below.append(trace)
        trace = trace.tb_next
    return own, below


class _Source:
    """One text with its tree, to find a failing instruction's expression in."""

    def __init__(self, text: str) -> None:
        self.positions = Positions(text)
        self._tree: ast.Module | None = None

    @property
    def tree(self) -> ast.Module:
        if self._tree is None:
            parsed = _attempt(lambda: ast.parse(self.positions.text), None)
            self._tree = parsed or ast.Module(body=[], type_ignores=[])
        return self._tree

    def span(self, node: ast.AST) -> tuple[int, int]:
        at = cast(Any, node)
        return (
            self.positions.offset(at.lineno, at.col_offset),
            self.positions.offset(at.end_lineno, at.end_col_offset),
        )

    def locate(self, trace: types.TracebackType) -> tuple[ast.AST | None, Frame]:
        """The expression (or statement) that failed, and the frame's testimony."""
        code = trace.tb_frame.f_code
        line = trace.tb_lineno or 1
        place = _attempt(lambda: _instruction(code, trace.tb_lasti), None)
        node: ast.AST | None = None
        if place:
            node = self._smallest(place)
            span = (
                self.positions.offset(place[0], place[2]),
                self.positions.offset(place[1], place[3]),
            )
        else:
            node = self._statement(line)
            span = self._header(node) if node else self._line(line)
        return node, Frame(code.co_filename, code.co_name[:200], line, *span)

    def _smallest(self, place: tuple[int, int, int, int]) -> ast.AST | None:
        found: ast.AST | None = None
        start, end = (place[0], place[2]), (place[1], place[3])
        # `walk` goes outside in: the last that covers the instruction is the smallest.
        for node in ast.walk(self.tree):
            at = cast(Any, node)
            if (
                hasattr(node, "lineno")
                and (at.lineno, at.col_offset) <= start
                and end <= (at.end_lineno, at.end_col_offset)
            ):
                found = node
        return found

    def _statement(self, line: int) -> ast.stmt | None:
        found: ast.stmt | None = None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
                found = node
        return found

    def _header(self, node: ast.AST) -> tuple[int, int]:
        """The statement's span, without the block below it."""
        start, end = self.span(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            head = self.positions.text[start : self.span(body[0])[0]]
            end = start + len(head.rstrip())
        return start, end

    def _line(self, line: int) -> tuple[int, int]:
        return self.positions.offset(line, 0), self.positions.offset(line, 1_000_000)

    def operands(
        self, node: ast.AST | None, frame: types.FrameType, index: int
    ) -> Iterator[Operand]:
        """The plain sub-expressions that stand for something that is known."""
        if node is None:
            return
        names = {**frame.f_globals, **frame.f_locals}
        statement = self._statement(cast(Any, node).lineno)
        # What failed comes first, for the cap; then what else stands in its statement.
        parts = [*_plain_parts(node), *(_plain_parts(statement) if statement else ())]
        for part in dict.fromkeys(parts):
            found, value = _attempt(lambda part=part: _evaluate(part, names), (False, None))
            if found:
                told = _attempt(lambda value=value: describe(value), None)
                if told:
                    yield Operand(index, *self.span(part), told)


def _instruction(code: types.CodeType, offset: int) -> tuple[int, int, int, int] | None:
    """Line, end line, column, end column of an instruction; null before Python 3.11."""
    if sys.version_info < (3, 11) or offset < 0:
        return None
    found = next(islice(code.co_positions(), offset // 2, None), None)
    if found is None or any(part is None for part in found):
        return None
    return cast("tuple[int, int, int, int]", found)


_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _plain_parts(node: ast.AST) -> Iterator[ast.expr]:
    """Names, attributes, constants and items below a node, outside in; no block, no inner scope."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, *_SCOPES)) or (
            isinstance(node, ast.Assign) and child in node.targets and isinstance(child, ast.Name)
        ):
            continue
        yield from _plain_parts(child)


def _evaluate(node: ast.AST, names: Mapping[str, Any]) -> tuple[bool, Any]:
    """The value of a plain expression without running anybody's code: `(found, value)`."""
    if isinstance(node, ast.Constant):
        return True, node.value
    if isinstance(node, ast.Name):
        if node.id in names:
            return True, names[node.id]
        held = names.get("__builtins__")
        builtins = vars(held) if isinstance(held, types.ModuleType) else held
        if isinstance(builtins, dict) and node.id in builtins:
            return True, cast(Any, builtins)[node.id]
        return False, None
    if isinstance(node, ast.Attribute):
        found, value = _evaluate(node.value, names)
        return peek(value, node.attr) if found else (False, None)
    if isinstance(node, ast.Subscript):
        found, value = _evaluate(node.value, names)
        key = node.slice
        if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub):
            known, held = _evaluate(key.operand, names)
            known, held = known and type(held) is int, -held if type(held) is int else 0
        else:
            known, held = _evaluate(key, names)
        return described.peek_item(value, held) if found and known else (False, None)
    return False, None


# --- Library frames -------------------------------------------------------------------------------


def _calls(below: list[types.TracebackType]) -> Iterator[LibraryCall]:
    root: object = None
    told: list[LibraryCall] = []
    for trace in below:
        frame = trace.tb_frame
        code = frame.f_code
        local = frame.f_locals
        owner = local.get("self")
        layer = owner if is_layer(owner) else None
        if layer is not None and root is None:
            root = layer
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        arguments = {name: describe(local[name]) for name in names if is_tensor(local.get(name))}
        if layer is not None and not arguments and type(args := local.get("args")) is tuple:
            arguments = {
                "input" if not place else f"input {place + 1}": describe(item)
                for place, item in enumerate(cast("tuple[Any, ...]", args)[:4])
                if is_tensor(item)
            }
        if layer is None and not arguments:
            continue
        told.append(
            LibraryCall(
                function=code.co_name[:200],
                owner=None if layer is None else describe(layer),
                path="" if layer is None else _path(root, layer),
                arguments=dict(list(arguments.items())[:8]),
            )
        )
    yield from told[-MAX_CALLS:]


def _path(root: object, layer: object) -> str:
    """Where a layer is inside another, in dotted form; empty for itself or where it is not."""
    todo: list[tuple[object, str]] = [(root, "")]
    for seen in range(10_000):
        if seen >= len(todo):
            break
        held, path = todo[seen]
        if held is layer:
            return path[:200]
        for name, child in described.table_of(instance_dict(held), "_modules").items():
            todo.append((child, f"{path}.{name}" if path else str(name)))
    return ""
