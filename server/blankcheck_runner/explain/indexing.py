"""Indices, dimensions, unpacking and going through values."""

from __future__ import annotations

import ast

from blankcheck_runner.explain import layers, names, words
from blankcheck_runner.explain.context import Context, Explanation, Operand


def _indexed(ctx: Context) -> ast.Subscript | None:
    return next((n for n in ctx.expressions if isinstance(n, ast.Subscript)), None)


def _owner(ctx: Context, node: ast.Subscript | None, otherwise: str) -> Operand | None:
    return ctx.operand(node.value, otherwise) if node is not None else None


def _index_part(node: ast.Subscript | None, place: int) -> ast.expr | None:
    """The index for a dimension, where each dimension has a plain one."""
    if node is None:
        return None
    if isinstance(node.slice, ast.Tuple):
        return node.slice.elts[place] if place < len(node.slice.elts) else node.slice
    return node.slice


def out_of_bounds(ctx: Context) -> Explanation | None:
    """An index that is too large for a tensor's dimension."""
    found = ctx.search(r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)")
    if not found:
        return None
    index, dim, size = (int(part) for part in found.groups())
    node = _indexed(ctx)
    owner = _owner(ctx, node, "the tensor")
    shape = owner.value.shape if owner and owner.value else None
    has = f" (shape {words.shape(shape)})" if shape is not None else ""
    allowed = f"0 to {size - 1}" if size else "none"
    return Explanation(
        "index",
        f"{owner.text if owner else 'the tensor'}{has} has size {size} in dimension "
        f"{dim}, so index {index} is not there: counting starts at 0, the indices are {allowed}.",
        _index_part(node, dim),
    )


def dimension(ctx: Context) -> Explanation | None:
    """A `dim` that a tensor does not have."""
    found = ctx.search(
        r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], "
        r"but got (-?\d+)\)"
    )
    if not found:
        return None
    highest, got = int(found.group(2)), found.group(3)
    call = ctx.call
    node = (
        next((k.value for k in call.keywords if k.arg in ("dim", "axis")), None) if call else None
    )
    if node is None and call:
        node = next((item for item in call.args if _is_number(ctx, item, got)), None)
    owner = next(
        (item for item in ctx.inputs() if item.value and item.value.kind == "tensor"), None
    )
    shape = owner.value.shape if owner and owner.value else None
    name = owner.text if owner else "the tensor"
    has = f" of shape {words.shape(shape)}" if shape is not None else ""
    dims = "dimension 0" if highest == 0 else f"dimensions 0 to {highest}"
    return Explanation(
        "index",
        f"{name}{has} has {dims} only, so there is no dimension {got}. Counting starts "
        "at 0; -1 is always the last.",
        node,
    )


def _is_number(ctx: Context, node: ast.expr, text: str) -> bool:
    value = ctx.value(node)
    return ctx.text(node) == text or (value is not None and value.text == text)


def too_many_indices(ctx: Context) -> Explanation | None:
    """More indices than a tensor has dimensions."""
    found = ctx.search(r"too many indices for tensor of dimension (\d+)")
    scalar = ctx.search(r"invalid index of a 0-dim tensor|slice\(\) cannot be applied to a 0-dim")
    node = _indexed(ctx)
    owner = _owner(ctx, node, "the tensor")
    text = words.capital(owner.text if owner else "the tensor")
    if scalar:
        return Explanation(
            "index",
            f"{text} is a single number (shape ()), so there is nothing to pick from. For the "
            "plain number there is `.item()`.",
            node.slice if node else None,
        )
    if not found:
        return None
    shape = owner.value.shape if owner and owner.value else None
    has = f" (shape {words.shape(shape)})" if shape is not None else ""
    count = words.plural(int(found.group(1)), "dimension")
    given = node.slice.elts if node and isinstance(node.slice, ast.Tuple) else []
    return Explanation(
        "index",
        f"{text}{has} has {count}, but {len(given) or 'more'} indices are given. Give at most one "
        "for each dimension.",
        node.slice if node else None,
    )


def mask(ctx: Context) -> Explanation | None:
    """A mask, or indices, whose shapes do not fit."""
    found = ctx.search(
        r"The shape of the mask \[(.*?)\] at index \d+ does not match the shape of the indexed "
        r"tensor \[(.*?)\] at index (\d+)"
    )
    node = _indexed(ctx)
    if found:
        return Explanation(
            "index",
            f"The mask has shape ({found.group(1)}), the tensor ({found.group(2)}): a mask needs "
            "the tensor's own shape. Make it by comparing the tensor itself.",
            node.slice if node else None,
        )
    if ctx.search(r"shape mismatch: indexing tensors could not be broadcast together"):
        return Explanation(
            "index",
            "The lists of indices have different lengths: they are taken in pairs, one from each. "
            "Give as many in all.",
            node.slice if node else None,
        )
    return None


def sequence(ctx: Context) -> Explanation | None:
    """An index that a list, tuple or string does not have."""
    found = ctx.search(r"^(list|tuple|string|range object|pop)(?: assignment)? index out of range")
    if not found:
        return None
    node = _indexed(ctx)
    owner = _owner(ctx, node, "the list")
    length = owner.value.length if owner and owner.value else None
    text = words.capital(owner.text if owner else f"the {found.group(1)}")
    if length is None:
        has = "has no such index"
    elif length == 0:
        has = "is empty, so it has no items to pick"
    else:
        has = f"has {words.plural(length, 'item')}, with the indices 0 to {length - 1}"
    index = ctx.value(node.slice) if node else None
    got = f" There is none at {index.text}." if index and index.kind == "number" and length else ""
    return Explanation("index", f"{text} {has}.{got}", node.slice if node else None)


def index_kind(ctx: Context) -> Explanation | None:
    """An index that is no whole number."""
    found = ctx.search(
        r"(list|tuple|string|str) indices must be integers(?: or slices)?, not '?(\w+)"
    ) or ctx.search(r"only integers, slices ()[^,]*.*valid indices(?: \(got (\w+)\))?")
    node = _indexed(ctx)
    if not found or node is None:
        return None
    owner = _owner(ctx, node, "the value")
    text = owner.text if owner else "the value"
    advice = "Give the number of the item."
    if found.group(2) == "float":
        advice = "Use `//` to divide, or `int(…)`."
    if found.group(2) == "str":
        advice = "Names are for dicts; give the number of the item."
    got = words.a(found.group(2)) if found.group(2) else "something else"
    return Explanation(
        "index",
        f"The items of {text} are picked by whole numbers, not by {got}. {advice}",
        node.slice,
    )


def not_subscriptable(ctx: Context) -> Explanation | None:
    """Square brackets after something that has no items."""
    found = ctx.search(r"'([\w.]+)' object is not subscriptable")
    node = _indexed(ctx)
    if not found or node is None:
        return None
    owner = ctx.operand(node.value, "this value")
    if found.group(1) == "NoneType":
        return Explanation("type", names.none_message(ctx, node.value, "has no items"), node.value)
    if found.group(1) in ("builtin_function_or_method", "method", "function"):
        return Explanation(
            "call",
            f"{owner.text} is a method or function: call it with round brackets, then "
            "pick from what it gives.",
            node.value,
        )
    kind = words.kind(owner.value) if owner.value else words.a(found.group(1))
    return Explanation(
        "type",
        f"{owner.text}{ctx.came_from(node.value)} is {kind}, which has no items to pick "
        "with square brackets.",
        node.value,
    )


def assignment(ctx: Context) -> Explanation | None:
    """Changing an item of what cannot change."""
    found = ctx.search(r"'(\w+)' object does not support item assignment")
    node = _indexed(ctx)
    if not found or node is None:
        return None
    return Explanation(
        "type",
        f"{ctx.operand(node.value, 'this value').text} is {words.a(found.group(1))}, "
        "whose items cannot be changed. Make a new one, or use a list.",
        node.value,
    )


def unpacking(ctx: Context) -> Explanation | None:
    """More names than values, or fewer."""
    many = ctx.search(r"too many values to unpack \(expected (\d+)(?:, got (\d+))?\)")
    few = ctx.search(r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)\)")
    none = ctx.search(r"cannot unpack non-iterable ([\w.]+) object")
    scalar = ctx.search(r"iteration over a 0-d tensor") if _unpacking(ctx) else None
    if not (many or few or none or scalar):
        return None
    source = _unpacked(ctx)
    target = _targets(ctx)
    value = ctx.value(source) if source is not None else None
    text = ctx.operand(source, "the right side").text if source is not None else "the value"
    if none or scalar:
        kind = none.group(1) if none else "Tensor"
        if kind == "NoneType" and source is not None:
            return Explanation("type", names.none_message(ctx, source, "has no parts"), source)
        if _loops(ctx):
            each = "a single number" if scalar else words.a(kind)
            return Explanation(
                "type",
                f"Each item of {text} is {each}, which cannot be taken apart into several names. "
                "Write one name, or see `enumerate` and `zip`.",
                target,
            )
        return Explanation(
            "type",
            f"{text} is {words.kind(value) if value else words.a(kind)}: one value, "
            "which cannot be taken apart into several names. Check what gives it.",
            source,
        )
    found = many or few
    count = found.group(1) if found else ""
    got = few.group(2) if few else many.group(2) if many and many.group(2) else ""
    if not got and value is not None and value.length is not None and not _loops(ctx):
        got = str(value.length)
    have = (
        f"{words.plural(int(got), 'value')}" if got else "more values" if many else "fewer values"
    )
    if _loops(ctx):
        text = f"each item of {text}"
    detail = f" ({words.kind(value)})" if value and value.kind == "tensor" else ""
    return Explanation(
        "value",
        f"{words.plural(int(count), 'name')} stand on the left, but {text}{detail} gives {have}. "
        "There must be as many names as values; `_` can take one that is not needed.",
        target,
    )


def _unpacking(ctx: Context) -> ast.Assign | ast.For | None:
    """The statement whose left side is being filled."""
    for node in ast.walk(ctx.tree):
        if isinstance(node, (ast.Assign, ast.For)) and _covers(ctx, node):
            return node
    return None


def _loops(ctx: Context) -> bool:
    return isinstance(_unpacking(ctx), ast.For)


def _unpacked(ctx: Context) -> ast.expr | None:
    node = _unpacking(ctx)
    return node.value if isinstance(node, ast.Assign) else node.iter if node else None


def _targets(ctx: Context) -> ast.expr | None:
    node = _unpacking(ctx)
    return node.targets[0] if isinstance(node, ast.Assign) else node.target if node else None


def _covers(ctx: Context, node: ast.Assign | ast.For) -> bool:
    """Whether the failing instruction is the unpacking that this statement does."""
    if ctx.frame is None:
        return False
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    start, end = ctx.span(target)
    statement = ctx.span(node)
    inside = start <= ctx.frame.start and ctx.frame.end <= end
    return isinstance(target, (ast.Tuple, ast.List)) and (
        inside or (statement[0] == ctx.frame.start and ctx.frame.end <= statement[1])
    )


def not_iterable(ctx: Context) -> Explanation | None:
    """Going through, or counting, what has no items."""
    found = ctx.search(
        r"'([\w.]+)' object is not iterable|object of type '([\w.]+)' has no len\(\)"
    )
    scalar = ctx.search(r"iteration over a 0-d tensor|len\(\) of a 0-d tensor")
    if not found and not scalar:
        return None
    node = ctx.node.iter if isinstance(ctx.node, ast.For) else next(iter(ctx.expressions), None)
    if node is not None and node is ctx.call:
        node = layers.given(ctx) or node
    if node is None:
        return None
    operand = ctx.operand(node, "this value")
    if scalar:
        return Explanation(
            "type",
            f"{operand.text} is a tensor with a single number (shape ()), which has no "
            "items to go through.",
            node,
        )
    kind = (found.group(1) or found.group(2)) if found else ""
    if kind == "NoneType":
        return Explanation("type", names.none_message(ctx, node, "has no items"), node)
    if kind in ("method", "builtin_function_or_method", "function"):
        return Explanation(
            "call",
            f"{operand.text} is a method or function: call it, with `()`, to get the items.",
            node,
        )
    advice = " To count with `for`, write `range(…)`." if kind == "int" and not ctx.call else ""
    shown = words.kind(operand.value) if operand.value else words.a(kind)
    return Explanation(
        "type",
        f"{operand.text} is {shown}, which has no items to go through.{advice}",
        node,
    )


def unhashable(ctx: Context) -> Explanation | None:
    """A list or dict as a key, or in a set."""
    found = ctx.search(r"unhashable type: '(\w+)'|cannot use '(\w+)' as a (?:dict key|set element)")
    if not found:
        return None
    kind = found.group(1) or found.group(2)
    hint = "; a tuple can" if kind == "list" else ""
    return Explanation(
        "type", f"{words.a(kind).capitalize()} can change, so it cannot be a key or in a set{hint}."
    )


def nothing_left(ctx: Context) -> Explanation | None:
    """`next` on what is used up."""
    if ctx.crash.base != "StopIteration":
        return None
    return Explanation(
        "value",
        "There is nothing left to take: an iterator goes through its items once. Make a new one "
        "with `iter(…)`, or check that there are items at all.",
    )


def whole_number(ctx: Context) -> Explanation | None:
    """What must be a whole number and is none: `range(5.0)`."""
    found = ctx.search(r"^'([\w.]+)' object cannot be interpreted as an integer")
    node = layers.given(ctx)
    if not found or node is None or not ctx.call:
        return None
    operand = ctx.operand(node, "what stands there")
    kind = found.group(1)
    advice = "Check what is passed there."
    if kind == "float":
        advice = "Use `//` to divide, or `int(…)`."
    elif operand.value and operand.value.kind in ("list", "tuple", "dict", "text", "tensor"):
        advice = "To count its items, use `len(…)`."
    elif kind in ("Size", "torch.Size"):
        advice = "Pick one of its sizes with square brackets."
    shown = words.kind(operand.value) if operand.value else words.a(kind)
    return Explanation(
        "type",
        f"`{ctx.callee(ctx.call)}` needs a whole number here, but {operand.text} is {shown}. "
        f"{advice}",
        node,
    )


EXPLAINERS = (
    whole_number,
    unhashable,
    nothing_left,
    out_of_bounds,
    dimension,
    too_many_indices,
    mask,
    sequence,
    index_kind,
    not_subscriptable,
    assignment,
    unpacking,
    not_iterable,
)
