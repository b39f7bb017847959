"""Shapes that do not go together: in products, and element by element."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from blankcheck_runner.explain import words
from blankcheck_runner.explain.context import Context, Explanation, Operand

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


EXPLAINERS = (functional_linear, product, einsum, elementwise, in_place)
