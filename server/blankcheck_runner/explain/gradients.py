"""What goes wrong around `backward` and optimizers."""

from __future__ import annotations

import ast

from blankcheck_runner.explain import layers, words
from blankcheck_runner.explain.context import Context, Explanation


def _subject(ctx: Context) -> tuple[str, ast.expr | None]:
    """What `backward`, `numpy`, `item` … was called on."""
    if ctx.call and isinstance(ctx.call.func, ast.Attribute):
        node = ctx.call.func.value
        return ctx.operand(node, "the tensor").text, node
    return "the tensor", None


def no_graph(ctx: Context) -> Explanation | None:
    """`backward` on what has no history."""
    if not ctx.search(r"element \d+ of tensors does not require grad and does not have a grad_fn"):
        return None
    text, node = _subject(ctx)
    came = ctx.came_from(node) if node is not None else ""
    return Explanation(
        "backward",
        f"{text}{came} does not depend on anything that learns, so there are no "
        "gradients to compute. Make the tensors that learn with `requires_grad=True`, and look "
        "for `no_grad`, `detach`, `.item()`, `.data` or `argmax` between them and it.",
        node,
    )


def no_scalar(ctx: Context) -> Explanation | None:
    """`backward` on more than one number."""
    if not ctx.search(r"grad can be implicitly created only for scalar outputs"):
        return None
    text, node = _subject(ctx)
    value = ctx.value(node) if node is not None else None
    shape = f" has shape {words.shape(value.shape)}" if value and value.shape else " holds several"
    return Explanation(
        "backward",
        f"{text}{shape}, but `backward` starts from a single number. Make one of it "
        "first, with `mean()` or `sum()`.",
        node,
    )


def twice(ctx: Context) -> Explanation | None:
    """`backward` a second time through one graph."""
    if not ctx.search(r"Trying to backward through the graph a second time"):
        return None
    text, node = _subject(ctx)
    return Explanation(
        "backward",
        f"`backward` has already gone through what {text} was computed from, and that is freed "
        "afterwards. Compute the prediction and the loss anew before each `backward`, inside the "
        "loop.",
        node,
    )


def leaf_in_place(ctx: Context) -> Explanation | None:
    """In-place change of a tensor that learns."""
    if not ctx.search(r"a (?:view of a )?leaf Variable that requires grad"):
        return None
    node = _target(ctx)
    text = ctx.operand(node, "the tensor").text if node is not None else "the tensor"
    return Explanation(
        "backward",
        f"{text} has `requires_grad=True`, so it must not be changed in place while "
        "gradients are recorded. Change it inside `with torch.no_grad():`, or compute a new "
        "tensor.",
        node,
    )


def _target(ctx: Context) -> ast.expr | None:
    node = ctx.node
    if isinstance(node, ast.AugAssign):
        return node.target
    if isinstance(node, ast.Subscript):
        return node.value
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        return target.value if isinstance(target, ast.Subscript) else target
    return _subject(ctx)[1]


def changed(ctx: Context) -> Explanation | None:
    """A value that `backward` needs was changed in place."""
    if not ctx.search(r"needed for gradient computation has been modified by an inplace operation"):
        return None
    return Explanation(
        "backward",
        "A tensor that the gradients are computed from was changed in place after it was used. "
        "Look for `+=`, `x[…] =` and methods that end in `_` between the prediction and "
        "`backward`, and make a new tensor there.",
    )


def to_numpy(ctx: Context) -> Explanation | None:
    """`.numpy()` on a tensor with gradients."""
    if not ctx.search(r"Can't call numpy\(\) on Tensor that requires grad"):
        return None
    # NumPy may also be called on it further down, as by `plt.plot(x)`.
    direct = ctx.call is not None and ctx.callee(ctx.call) == "numpy"
    text, node = _subject(ctx) if direct else ("the tensor", None)
    return Explanation(
        "backward",
        f"{text} carries gradients, which NumPy does not know. Take the values only, "
        "with `.detach()`, first.",
        node,
    )


def non_scalar(ctx: Context) -> Explanation | None:
    """`.item()`, `float()` and `if` with several elements."""
    if ctx.search(r"(?:cannot be converted to Scalar|only one element tensors can be converted)"):
        node = _subject(ctx)[1]
        if node is None or (ctx.call and not ctx.is_method(ctx.call)):
            node = layers.given(ctx)
        operand = ctx.operand(node, "the tensor") if node is not None else None
        value = operand.value if operand else None
        shape = (
            f" has shape {words.shape(value.shape)}" if value and value.shape else " holds several"
        )
        return Explanation(
            "value",
            f"{operand.text if operand else 'the tensor'}{shape}, and only a tensor with "
            "one element can be made a number. Pick an element, or reduce it with `mean()` or "
            "`sum()`; all of them as a list: `tolist()`.",
            node,
        )
    if ctx.search(r"[Bb]oolean value of Tensor with (?:more than one|no) value"):
        return Explanation(
            "value",
            "A tensor with several elements is neither true nor false. Ask one question about all "
            "of them: `.any()`, `.all()`, `torch.equal(a, b)`; for element by element, use `&` and "
            "`|` in place of `and` and `or`.",
        )
    return None


def parameters(ctx: Context) -> Explanation | None:
    """An optimizer that does not get parameters."""
    node = layers.given(ctx)
    value = ctx.value(node) if node is not None else None
    text = ctx.operand(node, "the first argument").text if node is not None else "its argument"
    if ctx.search(r"optimizer got an empty parameter list"):
        return Explanation(
            "layer",
            f"The optimizer got no parameters: {text} is empty. Does the network have layers that "
            "learn? Layers in a plain Python list are not seen, only in `self.name`, `Sequential` "
            "or `ModuleList`.",
            node,
        )
    if ctx.search(r"can't optimize a non-leaf Tensor"):
        return Explanation(
            "layer",
            "An optimizer changes tensors that were made, not ones that were computed from others. "
            "Give it the tensor that was made with `requires_grad=True`.",
            node,
        )
    found = ctx.search(
        r"params argument given to the optimizer should be an iterable of Tensors"
        r"|optimizer can only optimize Tensors, but one of the params is (\w+)"
    )
    layer = value is not None and value.kind == "layer" and ctx.search(r"object is not iterable")
    method = value is not None and value.kind == "function" and ctx.search("object is not iterable")
    in_optimizer = any(
        call.function in {"__init__", "add_param_group"} for call in ctx.crash.calls
    ) or (ctx.call is not None and "optim" in ctx.text(ctx.call.func).lower())
    if method and node is not None and ctx.text(node).endswith("parameters"):
        return Explanation(
            "call",
            f"{text} is a method: call it, with `()` at its end, to get the parameters.",
            node,
        )
    if layer and (in_optimizer or _is_optimizer(ctx)):
        return Explanation(
            "argument",
            f"An optimizer takes the parameters of a network, and {text} is the network itself. "
            "It has a method that gives them.",
            node,
        )
    if found and found.group(1):
        return Explanation(
            "argument",
            f"An optimizer takes a list of tensors, and {text} holds {words.a(found.group(1))}. "
            "Give it a network's parameters.",
            node,
        )
    if found:
        return Explanation(
            "argument",
            f"An optimizer takes a list of tensors, and {text} is {words.kind(value)}. Give it a "
            "network's parameters, or put the tensor into a list.",
            node,
        )
    return None


def _is_optimizer(ctx: Context) -> bool:
    value = ctx.value(ctx.call.func) if ctx.call else None
    return bool(value and value.parameters and value.parameters[0].startswith("params"))


EXPLAINERS = (
    no_graph,
    no_scalar,
    twice,
    leaf_in_place,
    changed,
    to_numpy,
    non_scalar,
    parameters,
)
