"""Whether evaluating an expression changes nothing, so that it needs no fork of its own.

A fork of a process with torch in it takes longer than most expressions that a judge asks for. What
counts as harmless is decided by a list: looking names and attributes up, and arithmetic and
torch's own functions on tensors and plain values of exactly those types, where the functions are
the real ones. Anything else is evaluated in a fork.
"""

from __future__ import annotations

import ast
import builtins
import sys
import types
from collections.abc import Mapping
from typing import Any, cast

from blankcheck_runner.judge import signature


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PURE = _words(
    """
    abs add allclose amax amin any all arange argmax argmin argsort bmm cat ceil chunk clamp cos
    cumsum diag div dot einsum eq equal exp eye flatten floor full ge gt isclose le linspace log
    log_softmax logical_and logical_not logical_or lt matmul max mean median min mm mul ne neg
    norm numel ones ones_like permute pow prod ravel relu reshape round rsqrt sigmoid sign sin
    softmax sort split sqrt squeeze stack std sub sum t tanh tensor transpose tril triu unique
    unsqueeze var vstack where zeros zeros_like
    """
)
"""Functions of torch that change nothing and draw nothing. A keyword, such as `out`, is not
harmless."""
_BUILTIN = _words("abs bool float int isinstance len max min repr round str sum type")
_FUNCTION_TYPES = (types.BuiltinFunctionType, type)
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_GROUPS = (tuple, list, dict)
_ATTRIBUTES = _words("shape dtype device ndim T mT requires_grad is_leaf grad data")
_METHODS = _words("size dim numel item tolist sum mean max min abs t view reshape")
_MOST = 400
"""Nodes and values that are looked at; more is not worth it."""


def only_looks(code: str, name: str | None, namespace: Mapping[str, Any]) -> bool:
    """Whether a probe without setup and bindings can be answered where it is asked."""
    if name is not None:
        return not code.strip() and name.isidentifier()
    try:
        tree = ast.parse(code.strip(), mode="eval").body
        return _names_only(tree) or _Harmless(namespace).is_so(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _names_only(node: ast.AST) -> bool:
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _names_only(value)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            return name == signature.PROBED and _names_only(argument)
        case _:
            return False


class _Harmless:
    """One expression, looked at in one namespace."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._left = _MOST

    def is_so(self, node: ast.AST) -> bool:
        """Whether evaluating it changes nothing. All values in it are tensors or plain then."""
        self._left -= 1
        if self._left < 0:
            return False
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self._namespace and self._tame(self._namespace[name])
            case ast.Attribute(value=ast.Name() as value, attr=attribute):
                return attribute in _ATTRIBUTES and self.is_so(value)
            case ast.BinOp(left=left, right=right, op=op):
                large = isinstance(op, ast.Pow | ast.LShift | ast.Mult)
                if large and not (self._tensors(left) or self._tensors(right)):
                    return False
                return self.is_so(left) and self.is_so(right)
            case ast.Compare(left=left, comparators=others):
                return self.is_so(left) and all(map(self.is_so, others))
            case ast.UnaryOp(operand=operand):
                return self.is_so(operand)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return all(map(self.is_so, items))
            case ast.Subscript(value=value, slice=index):
                return self.is_so(value) and self.is_so(index)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return all(part is None or self.is_so(part) for part in (lower, upper, step))
            case ast.Call(func=function, args=arguments, keywords=keywords):
                named = all(
                    keyword.arg in ("dim", "keepdim", "dtype", "ndim") for keyword in keywords
                )
                values = [keyword.value for keyword in keywords]
                return (
                    named
                    and self._known(function)
                    and all(map(self.is_so, arguments))
                    and all(self._torch_name(value) or self.is_so(value) for value in values)
                )
            case _:
                return False

    def _known(self, function: ast.expr) -> bool:
        """Whether a function is what it seems to be, and on the list."""
        match function:
            case ast.Name(id=name):
                known = name in _BUILTIN and name not in self._namespace
                return known and type(vars(builtins).get(name)) in _FUNCTION_TYPES
            case ast.Attribute(value=ast.Name(id="torch"), attr=name):
                torch = sys.modules.get("torch")
                return (
                    name in _PURE
                    and torch is not None
                    and self._namespace.get("torch") is torch
                    and type(vars(torch).get(name)) is types.BuiltinFunctionType
                )
            case ast.Attribute(value=value, attr=name):
                return name in _METHODS and self.is_so(value) and self._tensors(value)
            case _:
                return False

    def _torch_name(self, node: ast.expr) -> bool:
        """Whether it is a data type such as `torch.float32`."""
        match node:
            case ast.Attribute(value=ast.Name(id="torch"), attr=name):
                torch = sys.modules.get("torch")
                found = vars(torch).get(name) if torch is not None else None
                return self._namespace.get("torch") is torch and type(found) is getattr(
                    torch, "dtype", None
                )
            case _:
                return False

    def _tensors(self, node: ast.expr) -> bool:
        """Whether a value is a tensor for certain."""
        match node:
            case ast.Name(id=name):
                return type(self._namespace.get(name)) in _tensor_types()
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"))):
                return True
            case ast.BinOp(left=left, right=right):
                return self._tensors(left) or self._tensors(right)
            case _:
                return False

    def _tame(self, value: Any) -> bool:
        """Whether a value is a tensor or plain, through and through."""
        self._left -= 1
        kind = cast("type[object]", type(value))
        if self._left < 0:
            return False
        if kind in _PLAIN or kind in _tensor_types():
            return True
        if kind is dict:
            return all(self._tame(key) and self._tame(item) for key, item in value.items())
        return kind in _GROUPS and all(map(self._tame, value))


def _tensor_types() -> tuple[type, ...]:
    torch = sys.modules.get("torch")
    tensor = vars(torch).get("Tensor") if torch is not None else None
    return (tensor,) if isinstance(tensor, type) else ()
