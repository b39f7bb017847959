"""Shapes that do not go together: products, element by element, joining, reshaping."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation, Operand
from blankcheck_runner.plain import one_line

_PRODUCT = (
    r"mat1 and mat2 shapes cannot be multiplied \((\d+x\d+) and (\d+x\d+)\)"
    r"|size mismatch, got input \(\d+\), mat \((\d+x\d+)\), vec \((\d+)\)"
    r"|inconsistent tensor size, expected tensor \[(\d+)\] and src \[(\d+)\]"
    r"|Expected size for first two dimensions of batch2 tensor"
    r"|batch\d must be a 3D tensor|mat\d must be a matrix|self must be a matrix"
    r"|1D tensors expected|vector \+ matrix @ vector expected|tensors? must be (?:2-?D|3-?D)"
)
_PRODUCTS = {"mm": (2, 2), "addmm": (2, 2), "bmm": (3, 3), "mv": (2, 1), "dot": (1, 1)}
"""The dimensions of the two sides of the products that take no other."""


def sizes(text: str) -> tuple[int, ...]:
    """`2, 4` or `2x4`, as errors write shapes, as numbers."""
    parts = text.replace("x", ",").split(",")
    return tuple(int(part) for part in parts if part.strip().lstrip("-").isdigit())


def shape_of(operand: Operand | None) -> tuple[int, ...] | None:
    """The operand's shape, if it is a tensor that is known."""
    return operand.value.shape if operand and operand.value else None


def with_shape(operand: Operand, ctx: Context) -> str:
    """`` `x` has shape (2, 3) (line 4)``."""
    shape = shape_of(operand)
    came = ctx.came_from(operand.node)
    return f"{operand.text}{came} has shape {words.shape(shape)}" if shape is not None else ""


def tensors(ctx: Context) -> tuple[Operand, ...]:
    """The operands of the failing operation that are tensors, or may be."""
    return tuple(
        item
        for item in ctx.inputs()
        if not isinstance(item.node, (ast.Constant, ast.Starred))
        and (item.value is None or item.value.kind in ("tensor", "object"))
    )


def _factors(ctx: Context) -> tuple[Operand, Operand] | None:
    """The two sides of a product; of `addmm` and its like, the last two."""
    found = tensors(ctx)
    return (found[-2], found[-1]) if len(found) in (2, 3) else None


def product(ctx: Context) -> Explanation | None:
    """A matrix product whose inner sizes differ, or whose operand has the wrong dimensions."""
    found = ctx.search(_PRODUCT) or (_is_product(ctx) and ctx.search(r"^The size of tensor a"))
    pair = _factors(ctx)
    if not found or not pair or (ctx.call and ctx.callee(ctx.call) == "linear"):
        return None
    left, right = pair
    a, b = shape_of(left), shape_of(right)
    told = [sizes(group) for group in found.groups() if group]
    if len(told) == 2:
        a, b = a if a is not None else told[0], b if b is not None else told[1]
    if a is None or b is None:
        return Explanation(
            "shape",
            f"The shapes of {left.text} and {right.text} do not fit a matrix product: the last "
            "size of the first and the last but one of the second must be equal, and of batches "
            "there must be as many. Print both shapes to see which is not what you expect.",
            right.node,
        )
    callee = ctx.callee(ctx.call) if ctx.call else ""
    needed = _PRODUCTS.get(callee)
    if needed and (len(a), len(b)) != needed:
        return _dimensions(ctx, callee, needed, (left, right), (a, b))
    if not a or not b:
        return None
    if len(a) == 3 == len(b) and a[2] == b[1] and a[0] != b[0]:
        return Explanation(
            "shape",
            f"{left.text} holds {words.plural(a[0], 'matrix', 'matrices')}, but {right.text} holds "
            f"{b[0]}: a batch of matrices is multiplied one by one, so both need as many. "
            f"Their shapes are {words.shape(a)} and {words.shape(b)}.",
            right.node,
        )
    shapes = f"{left.text}{ctx.came_from(left.node)} has shape {words.shape(a)}"
    shapes += f", {right.text}{ctx.came_from(right.node)} has shape {words.shape(b)}."
    return Explanation(
        "shape",
        f"{left.text} has {_columns(a)}, but {right.text} has {_rows(b)}: for a product, "
        f"these two must be equal. {words.capital(shapes)} {_advice(a, b)}",
        right.node,
    )


def _is_product(ctx: Context) -> bool:
    if isinstance(ctx.node, (ast.BinOp, ast.AugAssign)):
        return isinstance(ctx.node.op, ast.MatMult)
    return bool(ctx.call and ctx.callee(ctx.call) in {"matmul", "bmm", "baddbmm"})


def _columns(shape: Sequence[int]) -> str:
    if len(shape) == 1:
        return words.plural(shape[0], "element")
    if len(shape) == 2:
        return words.plural(shape[1], "column")
    return f"{shape[-1]} in its last dimension"


def _rows(shape: Sequence[int]) -> str:
    if len(shape) == 1:
        return words.plural(shape[0], "element")
    if len(shape) == 2:
        return words.plural(shape[0], "row")
    return f"{shape[-2]} in its last dimension but one"


def _advice(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    if len(a) >= 2 and len(b) >= 2 and b[-1] == a[-2]:
        return "The other way round they would fit: check the order of the two."
    if len(b) == 2 and a[-1:] == b[1:]:
        return "Check which tensor belongs here, and whether one of them lies on its side."
    return "Check which tensor belongs here, and the sizes it was made with."


def _dimensions(
    ctx: Context,
    callee: str,
    needed: tuple[int, int],
    pair: tuple[Operand, Operand],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> Explanation:
    place = 0 if len(shapes[0]) != needed[0] else 1
    return Explanation(
        "shape",
        f"{pair[place].text}{ctx.came_from(pair[place].node)} has shape "
        f"{words.shape(shapes[place])}, but `{callee}` takes a tensor of "
        f"{words.plural(needed[place], 'dimension')} there. Give it another tensor or shape, or "
        "use a product that takes any number of dimensions, such as `torch.matmul`.",
        pair[place].node,
    )


def functional_linear(ctx: Context) -> Explanation | None:
    """`F.linear(x, weight)`, which multiplies with the weight's transpose."""
    if not (ctx.call and ctx.callee(ctx.call) == "linear" and ctx.search(_PRODUCT)):
        return None
    found = tensors(ctx)
    if len(found) < 2 or not (a := shape_of(found[0])) or not (b := shape_of(found[1])):
        return None
    return Explanation(
        "shape",
        f"{found[0].text} has {_columns(a)}, but {found[1].text} of shape {words.shape(b)} takes "
        f"{b[-1]}: `F.linear` wants a weight of shape (outputs, inputs). Check which weight "
        "belongs here.",
        found[1].node,
    )


def einsum(ctx: Context) -> Explanation | None:
    """`einsum` with one letter for two sizes."""
    found = ctx.search(
        r"einsum\(\): subscript (\w) has size (\d+) for operand (\d+) which does not broadcast "
        r"with previously seen size (\d+)"
    )
    if not found or not ctx.call:
        return None
    letter, size, place, other = found.groups()
    node = ctx.argument(ctx.call, "", int(place) + 1)
    return Explanation(
        "shape",
        f"The letter `{letter}` stands for size {other} in one operand and for {size} in operand "
        f"{int(place) + 1} of `einsum`: one letter is one size. Check the letters and the order of "
        "the operands.",
        node,
    )


def elementwise(ctx: Context) -> Explanation | None:
    """Two shapes that cannot be broadcast."""
    found = ctx.search(
        r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at "
        r"non-singleton dimension (\d+)"
    )
    if not found:
        return None
    a, b, dim = (int(part) for part in found.groups())
    pair = tensors(ctx)[:2]
    if len(pair) < 2:
        return Explanation(
            "shape",
            f"Two tensors meet here with sizes {a} and {b} in dimension {dim}, and cannot be "
            "combined element by element. Print the shapes of the tensors on this line.",
        )
    first, second = pair
    shapes = [text for item in pair if (text := with_shape(item, ctx))]
    told = f" {words.capital(words.listed(shapes))}." if shapes else ""
    one, two = shape_of(first), shape_of(second)
    hint = ""
    if one is not None and two is not None and len(one) == 2 and one != two and one == two[::-1]:
        hint = " One of them seems to lie on its side."
    return Explanation(
        "shape",
        f"{first.text} and {second.text} cannot be combined element by element: in "
        f"dimension {dim} the one has size {a}, the other {b}.{told}{hint} Sizes must be equal, "
        "or one of them 1.",
        second.node,
    )


def in_place(ctx: Context) -> Explanation | None:
    """An in-place operation whose result would be larger than its target."""
    found = ctx.search(r"output with shape \[(.*?)\] doesn't match the broadcast shape \[(.*?)\]")
    if not found:
        return None
    have, want = sizes(found.group(1)), sizes(found.group(2))
    target = next(iter(tensors(ctx)), None)
    return Explanation(
        "shape",
        f"{target.text if target else 'the tensor'} has shape {words.shape(have)}, and "
        f"the result of this operation {words.shape(want)}: changed in place, a tensor keeps its "
        "shape. Assign the result to a name instead, or check the other operand.",
        target.node if target else None,
    )


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


EXPLAINERS = (
    functional_linear,
    product,
    einsum,
    elementwise,
    in_place,
    cat,
    stack,
    empty,
    reshape,
    view_of_strided,
    expand,
    permute,
    ragged,
)
