"""Shapes of what is joined or laid out anew: concatenating, stacking, reshaping, permuting."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from math import prod

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation, Operand
from blankcheck_runner.explain.shapes import shape_of, sizes
from blankcheck_runner.plain import one_line


def cat(ctx: Context) -> Explanation | None:
    """`torch.cat` of tensors whose other sizes differ."""
    found = ctx.search(
        r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+) but got size "
        r"(\d+) for tensor number (\d+)"
    )
    if found:
        dim, wanted, got, place = (int(part) for part in found.groups())
        first, other = _item(ctx, 0), _item(ctx, place)
        return Explanation(
            "shape",
            f"{other.text()} does not fit: joined along dimension {dim}, all "
            "tensors need the same size in every other dimension, and it has "
            f"{got} where {first.text()} has {wanted}. Check `dim`, and the shapes.",
            other.at,
        )
    found = ctx.search(r"Tensors must have same number of dimensions: got (\d+) and (\d+)")
    if found:
        return Explanation(
            "shape",
            f"The tensors to join have {found.group(1)} and {found.group(2)} dimensions: `cat` "
            "needs the same number in all. Reshape or unsqueeze the smaller one, or `stack` "
            "tensors of one shape.",
            _list_node(ctx),
        )
    return None


def stack(ctx: Context) -> Explanation | None:
    """`torch.stack` of different shapes, by the learner or for a batch."""
    found = ctx.search(
        r"stack expects each tensor to be equal size, but got \[(.*?)\] at entry (\d+) and "
        r"\[(.*?)\] at entry (\d+)"
    )
    if not found:
        return None
    one, two = words.shape(sizes(found.group(1))), words.shape(sizes(found.group(3)))
    if not (ctx.call and ctx.callee(ctx.call) in {"stack", "vstack", "hstack"}):
        return Explanation(
            "shape",
            f"The samples cannot be put together into a batch: one has shape {one}, another {two}. "
            "Bring every sample to one shape in the dataset, for instance with a transform.",
        )
    place = int(found.group(4))
    other = _item(ctx, place)
    return Explanation(
        "shape",
        f"`stack` needs tensors of one shape, but {_item(ctx, 0).name} has {one} and "
        f"{other.name} has {two}. To join along a dimension that exists, there is `torch.cat`.",
        other.at,
    )


def _list_node(ctx: Context) -> ast.expr | None:
    if ctx.call is None:
        return None
    return ctx.argument(ctx.call, "tensors", 0)


@dataclass(frozen=True)
class _Item:
    """One of the tensors that are joined."""

    name: str
    """Its own name where the list is written out; else its place in the list."""
    shape: tuple[int, ...] | None = None
    at: ast.expr | None = None
    """Where it stands, or the list."""

    def text(self) -> str:
        """Its name, with its shape."""
        return self.name + (f" of shape {words.shape(self.shape)}" if self.shape else "")


def _item(ctx: Context, place: int) -> _Item:
    node = _list_node(ctx)
    name = f"tensor {place}"
    if isinstance(node, (ast.List, ast.Tuple)):
        if any(isinstance(item, ast.Starred) for item in node.elts) or place >= len(node.elts):
            return _Item(name)
        operand = ctx.operand(node.elts[place], name)
        return _Item(operand.text, shape_of(operand), operand.node)
    value = ctx.value(node) if node is not None else None
    known = value.items[place] if value and place < len(value.items) else None
    return _Item(name, known.shape if known else None, node)


def empty(ctx: Context) -> Explanation | None:
    """Joining an empty list."""
    if not ctx.search(r"expects a non-empty TensorList|expected a non-empty list of Tensors"):
        return None
    node = _list_node(ctx)
    name = f"`{ctx.text(node)}`" if isinstance(node, ast.Name) else "The list"
    return Explanation(
        "shape",
        f"{name} is empty, so there are no tensors to join. Check where it is filled.",
        node,
    )


def reshape(ctx: Context) -> Explanation | None:
    """`view`, `reshape` or `unflatten` with the wrong number of elements."""
    found = ctx.search(r"shape '\[(.*?)\]' is invalid for input of size (\d+)")
    if not found or not ctx.call:
        return None
    want, count = sizes(found.group(1)), int(found.group(2))
    owner, place = _reshaped(ctx, ctx.call)
    shape = shape_of(owner)
    had = f" (shape {words.shape(shape)})" if shape is not None else ""
    name = words.capital(owner.text) if owner else "The tensor"
    fixed = prod(size for size in want if size != -1)
    if -1 in want:
        asked = f"they cannot be divided into groups of {fixed}, as {words.shape(want)} asks"
    else:
        asked = f"{words.shape(want)} needs {fixed}"
    return Explanation(
        "shape",
        f"{name} has {words.plural(count, 'element')}{had}, but {asked}. A new shape must hold "
        "exactly as many: work out the sizes again; one of them may be -1, which is then computed.",
        place,
    )


def _reshaped(ctx: Context, call: ast.Call) -> tuple[Operand | None, tuple[int, int] | None]:
    """What is reshaped, and the range of the new shape."""
    given = list(call.args)
    owner: Operand | None = None
    if ctx.is_method(call) and isinstance(call.func, ast.Attribute):
        owner = ctx.operand(call.func.value, "the tensor")
    elif given:
        owner = ctx.operand(given.pop(0), "the tensor")
    given += [keyword.value for keyword in call.keywords]
    if not given:
        return owner, None
    return owner, (ctx.span(given[0])[0], ctx.span(given[-1])[1])


def view_of_strided(ctx: Context) -> Explanation | None:
    """`view` where the memory does not allow it, and two -1."""
    if ctx.search(r"view size is not compatible with input tensor's size and stride"):
        name, at = "the tensor", None
        if ctx.call and isinstance(ctx.call.func, ast.Attribute):
            name = ctx.operand(ctx.call.func.value, "the tensor").text
            end = ctx.span(ctx.call.func)[1]
            at = (end - len(ctx.call.func.attr), end)
        return Explanation(
            "shape",
            f"{name} does not lie in memory in the order that `view` needs (it was "
            "transposed or sliced). Use `reshape`, which copies where it must.",
            at,
        )
    if ctx.search(r"only one dimension can be inferred"):
        place = _reshaped(ctx, ctx.call)[1] if ctx.call else None
        return Explanation(
            "shape", "Only one size may be -1: with two, they cannot be worked out.", place
        )
    return None


def expand(ctx: Context) -> Explanation | None:
    """`expand`, or an assignment into a slice, with a size that does not fit."""
    found = ctx.search(
        r"The expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\) at "
        r"non-singleton dimension (\d+)\.\s+Target sizes: \[(.*?)\]\.\s+Tensor sizes: \[(.*?)\]"
    )
    if not found:
        return None
    want, have = words.shape(sizes(found.group(4))), words.shape(sizes(found.group(5)))
    if any(isinstance(node, ast.Call) for node in ctx.expressions[:1]):
        message = f"A tensor of shape {have} cannot be expanded to {want}"
    else:
        message = f"A tensor of shape {have} does not fit into a place of shape {want}"
    return Explanation(
        "shape",
        f"{message}: in dimension {found.group(3)} it has size {found.group(2)}, and only a size "
        "of 1 can be repeated.",
        _reshaped(ctx, ctx.call)[1] if ctx.call else None,
    )


def permute(ctx: Context) -> Explanation | None:
    """`permute` and `repeat` with the wrong number of dimensions."""
    found = ctx.search(
        r"number of dimensions in the tensor input does not match the length of the desired "
        r"ordering of dimensions i\.e\. input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)"
    )
    if found and ctx.call:
        owner, place = _reshaped(ctx, ctx.call)
        return Explanation(
            "shape",
            f"{words.capital(owner.text) if owner else 'The tensor'} has "
            f"{words.plural(int(found.group(1)), 'dimension')}, but {found.group(2)} are given: "
            "`permute` wants each of its dimensions once.",
            place,
        )
    if ctx.search(r"Number of dimensions of repeat dims can not be smaller") and ctx.call:
        return Explanation(
            "shape",
            "`repeat` needs a number for each dimension of the tensor: give as many as it has.",
            _reshaped(ctx, ctx.call)[1],
        )
    return None


def ragged(ctx: Context) -> Explanation | None:
    """`torch.tensor` of nested lists with rows of different length."""
    found = ctx.search(r"expected sequence of length (\d+) at dim (\d+) \(got (\d+)\)")
    if not found:
        return None
    wanted, dim, got = found.groups()
    node = ctx.argument(ctx.call, "data", 0) if ctx.call else None
    row = node
    if isinstance(node, ast.List) and dim == "1":
        row = next(
            (
                item
                for item in node.elts
                if isinstance(item, (ast.List, ast.Tuple)) and len(item.elts) == int(got)
            ),
            node,
        )
    text = f" `{one_line(ctx.text(row), 40)}`" if row is not node and row is not None else ""
    return Explanation(
        "shape",
        f"The rows of a tensor have one length, but here a row of {got}{text} stands among rows "
        f"of {wanted}. Check the numbers and the brackets.",
        row,
    )


EXPLAINERS = (cat, stack, empty, reshape, view_of_strided, expand, permute, ragged)
