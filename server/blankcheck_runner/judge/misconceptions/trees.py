"""What statements and expressions are made of, and which statements of two texts are one."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from blankcheck_runner.judge.names import Names

_BLOCKS = ("body", "orelse", "finalbody", "handlers")
_LIKE = 0.5
"""The likeness from which two statements are taken for one that was changed."""
_LIBRARIES = ("torch", "numpy", "torchvision", "math")
_PRODUCT = "torch.matmul"


def words(text: str) -> frozenset[str]:
    """A set of names that are written one after the other."""
    return frozenset(text.split())


def flat(body: Sequence[ast.AST]) -> Iterator[ast.stmt]:
    """The statements of a block and of the blocks in it, in order."""
    for node in body:
        if isinstance(node, ast.stmt):
            yield node
        for block in _BLOCKS:
            yield from flat(getattr(node, block, ()))


def expressions(statement: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a statement, outside in, without those of the block below it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.expr):
            yield node
        todo += [
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.stmt | ast.excepthandler)
        ]


def calls(statement: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, outside in."""
    return (node for node in expressions(statement) if isinstance(node, ast.Call))


def last(call: ast.Call) -> str:
    """The last part of what a call names: `matmul` of `torch.matmul(…)`."""
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def receiver(call: ast.Call) -> ast.expr | None:
    """What a method is called on."""
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def assigned(statement: ast.stmt) -> set[str]:
    """The names that a statement itself gives a value."""
    targets: list[ast.AST] = []
    match statement:
        case ast.Assign():
            targets += statement.targets
        case ast.AnnAssign() | ast.AugAssign() | ast.For():
            targets.append(statement.target)
        case _:
            pass
    return {node.id for each in targets for node in ast.walk(each) if isinstance(node, ast.Name)}


def replaced(statement: ast.stmt, node: ast.AST, new: ast.expr) -> ast.stmt:
    """A copy of a statement with one node replaced."""
    marked: Any = node
    marked.replace_me = True
    try:
        twin = copy.deepcopy(header(statement))
    finally:
        del marked.replace_me
    return _Replacing(new).visit(twin)


class _Replacing(ast.NodeTransformer):
    def __init__(self, new: ast.expr) -> None:
        self._new = new

    def visit(self, node: ast.AST) -> Any:
        if getattr(node, "replace_me", False):
            return copy.deepcopy(self._new)
        return self.generic_visit(node)


def plain(node: ast.AST, names: Names) -> str:
    """A statement (without the block below it) or expression, in a form that is the same where two
    are written in the same way, whatever their imports are called."""
    return ast.dump(_Plain(names).visit(copy.deepcopy(header(node))))


class _Plain(ast.NodeTransformer):
    """Writes dotted names in full, and without what does not matter."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return ast.Call(ast.Name(_PRODUCT, ast.Load()), [node.left, node.right], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="torch.mm"), args=args):
                return ast.Call(ast.Name(_PRODUCT, ast.Load()), args, [])
            case ast.Call(func=ast.Attribute(value=held, attr="matmul" | "mm"), args=[other]):
                return ast.Call(ast.Name(_PRODUCT, ast.Load()), [held, other], [])
            case _:
                return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        root: ast.AST = node
        while isinstance(root, ast.Attribute):
            root = root.value
        full = self._names.of(node) if isinstance(root, ast.Name) else None
        known = full is not None and full.partition(".")[0] in _LIBRARIES
        if full is not None and known and isinstance(node.ctx, ast.Load):
            return ast.Name(_short(full), ast.Load())
        return self.generic_visit(node)


def _short(full: str) -> str:
    """One name for what stands in two modules of torch."""
    return full.replace("torch.nn.functional.", "torch.")


def header(node: ast.AST) -> ast.AST:
    """A statement without the blocks below it."""
    if not any(getattr(node, block, None) for block in _BLOCKS) or not isinstance(node, ast.stmt):
        return node
    bare = copy.copy(node)
    for block in _BLOCKS:
        if hasattr(bare, block):
            setattr(bare, block, [])
    return bare


def paired(
    theirs: list[ast.stmt], own: list[ast.stmt], left: list[str], right: list[str]
) -> list[tuple[ast.stmt | None, ast.stmt | None]]:
    """The statements of one text beside what they are in another, in no order; null where one has
    none. `left` and `right` are the same statements in plain form."""
    found: list[tuple[ast.stmt | None, ast.stmt | None]] = []
    alone: list[int] = []
    free: list[int] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for kind, low, high, start, end in matcher.get_opcodes():
        if kind == "equal":
            found += zip(theirs[low:high], own[start:end], strict=True)
        else:
            alone += range(low, high)
            free += range(start, end)
    scored = sorted(
        ((_likeness(theirs[i], own[j], left[i] == right[j]), -abs(i - j), i, j)
         for i in alone[:40] for j in free[:40]),
        reverse=True,
    )  # fmt: skip
    taken: dict[int, int] = {}
    for score, _, i, j in scored:
        if score >= _LIKE and i not in taken and j not in taken.values():
            taken[i] = j
    found += [(theirs[i], own[taken[i]] if i in taken else None) for i in alone]
    return found + [(None, own[j]) for j in free if j not in taken.values()]


def _likeness(one: ast.stmt, other: ast.stmt, same: bool) -> float:
    if same:
        return 2.0
    if type(one) is not type(other):
        return 0.0
    both = ast.unparse(header(one)), ast.unparse(header(other))
    ratio = difflib.SequenceMatcher(None, *both, autojunk=False).ratio()
    names = assigned(one)
    if names and names == assigned(other):
        return 1.0 + ratio
    return ratio
