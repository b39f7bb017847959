"""Values of the wrong dtype, or on another device."""

from __future__ import annotations

import ast

from blankcheck_runner.explain import layers, words
from blankcheck_runner.explain.context import Context, Explanation, Operand
from blankcheck_runner.explain.shapes import tensors

_TWO = (
    r"mat1 and mat2 must have the same dtype, but got (\w+) and (\w+)"
    r"|expected m1 and m2 to have the same dtype, but got: ([\w ]+?) != ([\w ]+)"
    r"|expected scalar type (\w+) but found (\w+)"
    r"|Input type \(([\w. ]+?)\) and (?:weight|bias) type \(([\w. ]+?)\) should be the same"
    r"|dot : expected both vectors to have same dtype, but found (\w+) and (\w+)"
    r"|addmv input tensors must have the same dtype, but got (\w+), (\w+)"
    r"|[Ee]xpected (?:all |both )?\w* ?(?:tensors )?to have (?:the )?same dtype"
)


def _convert(dtype: str) -> str:
    if dtype == "float32":
        return "Convert it with `.float()`, or make it with that dtype from the start."
    return f"Convert it with `.to(torch.{dtype})`, or make it with that dtype from the start."


def two(ctx: Context) -> Explanation | None:
    """A product or layer with tensors of two dtypes."""
    found = ctx.search(_TWO)
    if not found or "cuda" in ctx.message.lower():
        return None
    held = ctx.layer_call
    wanted = held.owner.facts.get("dtype") if held and held.owner else None
    if held and isinstance(wanted, str):
        argument = (held.arguments or {}).get("input")
        told = [words.dtype(group) for group in found.groups() if group]
        have = argument.dtype if argument and argument.dtype else told[0] if told else "another"
        node = layers.given(ctx)
        what = "its input"
        if set(held.path) <= {"0", "."} and node is not None:
            what = ctx.operand(node, "its input").text + ctx.came_from(node)
        return Explanation(
            "dtype",
            f"{layers.name(ctx)} computes in {wanted}, but {what} is {have}. {_convert(wanted)}",
            node,
        )
    known = [item for item in tensors(ctx) if item.value and item.value.dtype]
    if len({item.value.dtype for item in known if item.value}) < 2:
        told = [words.dtype(group) for group in found.groups() if group][:2]
        return Explanation(
            "dtype",
            f"The two tensors here are of different dtypes ({words.listed(told)}), and this "
            "operation needs one. Convert one of them, for instance with `.float()`.",
        )
    culprit = _odd(known)
    others = next(item for item in known if item.value and item.value.dtype != _dtype(culprit))
    return Explanation(
        "dtype",
        f"{culprit.text}{ctx.came_from(culprit.node)} is {_dtype(culprit)}, but "
        f"{others.text} is {_dtype(others)}, and this operation needs one dtype for both. "
        f"{_convert(_dtype(others))}",
        culprit.node,
    )


def _dtype(operand: Operand) -> str:
    return operand.value.dtype if operand.value else ""


def _odd(operands: list[Operand]) -> Operand:
    """The operand to convert: the one that is not float32; else the last."""
    return next((item for item in operands if _dtype(item) != "float32"), operands[-1])


def embedding_indices(ctx: Context) -> Explanation | None:
    """`nn.Embedding` with numbers that are not whole."""
    found = ctx.search(
        r"Expected tensor for argument #\d+ 'indices' to have one of the following scalar types: "
        r"Long, Int; but got (?:torch\.)?(?:cuda\.)?(\w+?)(?:Tensor)? "
    )
    if not found:
        return None
    return Explanation(
        "dtype",
        f"{layers.name(ctx)} looks rows up by whole numbers, but its input is "
        f"{words.dtype(found.group(1))}. Convert it with `.long()`.",
        layers.given(ctx),
    )


def not_implemented(ctx: Context) -> Explanation | None:
    """An operation that this dtype does not have."""
    found = (
        ctx.search(r"\"\w+\" not implemented for '(\w+)'")
        or ctx.search(r"could not infer output dtype\. .*Got: (\w+)")
        or ctx.search(r"Input dtype must be either a floating point or complex dtype\. Got: (\w+)")
    )
    if not found:
        return None
    dtype = words.dtype(found.group(1))
    operand = next(
        (item for item in tensors(ctx) if item.value and item.value.dtype == dtype), None
    )
    callee = ctx.callee(ctx.call) if ctx.call else ""
    if isinstance(ctx.node, ast.BinOp):
        left, right = ctx.span(ctx.node.left), ctx.span(ctx.node.right)
        callee = ctx.source[left[1] : right[0]].strip(" ()")
    # `&` and its like are the other way round: for whole numbers and truth values only.
    whole = not dtype.startswith(("float", "bfloat", "complex"))
    advice = "Convert it with `.float()` first." if whole else "It is for other dtypes."
    name = f"`{callee}`" if callee else "This operation"
    return Explanation(
        "dtype",
        f"{name} is not there for {dtype}, which "
        f"{operand.text + ctx.came_from(operand.node) if operand else 'its tensor'} has. {advice}",
        operand.node if operand else None,
    )


def whole_numbers_learn(ctx: Context) -> Explanation | None:
    """`requires_grad` for whole numbers."""
    if not ctx.search(r"[Oo]nly Tensors of floating point (?:and complex )?dtype can require grad"):
        return None
    node = (
        next((k.value for k in ctx.call.keywords if k.arg == "requires_grad"), None)
        if (ctx.call)
        else None
    )
    return Explanation(
        "dtype",
        "Only decimal numbers can have gradients, and this tensor holds whole numbers. Write them "
        "with a decimal point (`1.`) or give `dtype=torch.float32`.",
        node,
    )


def other(ctx: Context) -> Explanation | None:
    """Conditions, class numbers and the like of the wrong dtype."""
    if ctx.search(r"where expected condition to be a boolean tensor"):
        node = ctx.argument(ctx.call, "condition", 0) if ctx.call else None
        return Explanation(
            "dtype",
            "`where` takes a condition of true and false first: make one by comparing, such as "
            "`x > 0`.",
            node,
        )
    if ctx.search(r"one_hot is only applicable to index tensor"):
        return Explanation(
            "dtype",
            "`one_hot` takes class numbers, which are whole: convert them with `.long()`.",
            layers.given(ctx),
        )
    if ctx.search(r"tensors used as indices must be"):
        return Explanation(
            "dtype",
            "A tensor that picks items must hold whole numbers or true and false: convert it with "
            "`.long()`, or compare.",
        )
    found = ctx.search(r"result type (\w+) can't be cast to the desired output type (\w+)")
    if found:
        one, two_ = (words.dtype(group) for group in found.groups())
        return Explanation(
            "dtype",
            f"The result is {one} and cannot be put into a tensor of {two_}. Make that tensor "
            f"{one} first.",
        )
    found = ctx.search(r"Could not infer dtype of (\w+)|new\(\): invalid data type '(\w+)'")
    if found:
        kind = found.group(1) or found.group(2)
        what = "None" if kind == "NoneType" else words.a(kind)
        return Explanation(
            "dtype",
            f"A tensor holds numbers, and {what} is none. Check what is passed here.",
            layers.given(ctx),
        )
    found = ctx.search(r"expected np\.ndarray \(got (\w+)\)")
    if found:
        advice = " (for a list there is `torch.tensor`)" if found.group(1) == "list" else ""
        return Explanation(
            "dtype",
            f"`from_numpy` takes a NumPy array, not {words.a(found.group(1))}{advice}.",
            layers.given(ctx),
        )
    return None


# --- Devices --------------------------------------------------------------------------------------

_DEVICES = (
    r"found at least two devices, ([\w:]+)(?:,| and) ?(?:and )?([\w:]+)"
    r"|is on ([\w:]+), different from other tensors on ([\w:]+)"
    r"|Tensor on device ([\w:]+) is not on the expected device ([\w:]+)"
    r"|Tensor for .*? is on ([\w:]+), but expected .*? on ([\w:]+)"
    r"|Input type \((?:torch\.)?(?:cuda\.)\w+\) and (?:weight|bias) type"
    r"|Input type \([\w.]+\) and (?:weight|bias) type \((?:torch\.)?cuda\."
)


def devices(ctx: Context) -> Explanation | None:
    """Tensors, or a layer and its input, on two devices."""
    found = ctx.search(_DEVICES)
    if not found:
        return None
    told = [group.rstrip(".!") for group in found.groups() if group and group != "cuda."]
    held = ctx.layer_call
    wanted = held.owner.facts.get("device") if held and held.owner else None
    node = layers.given(ctx)
    argument = (held.arguments or {}).get("input") if held else None
    if isinstance(wanted, str) and argument and argument.device and argument.device != wanted:
        what = "its input"
        if held and set(held.path) <= {"0", "."} and node is not None:
            what = ctx.operand(node, "its input").text + ctx.came_from(node)
        return Explanation(
            "device",
            f"{layers.name(ctx)} is on {wanted}, but {what} is on {argument.device}. "
            "Move both to one device with `.to(device)`, and keep what `.to` gives back.",
            node,
        )
    known = [item for item in tensors(ctx) if item.value and item.value.device]
    if len({item.value.device for item in known if item.value}) > 1:
        one = known[0]
        two_ = next(i for i in known if _device(i) != _device(one))
        return Explanation(
            "device",
            f"{one.text}{ctx.came_from(one.node)} is on {_device(one)}, but {two_.text}"
            f"{ctx.came_from(two_.node)} is on {_device(two_)}. Move both to one device with "
            "`.to(device)`, and keep what `.to` gives back.",
            two_.node,
        )
    return Explanation(
        "device",
        f"Tensors on different devices{f' ({words.listed(told)})' if told else ''} meet here. Move "
        "all to one device with `.to(device)`, and keep what `.to` gives back.",
    )


def _device(operand: Operand) -> str:
    return operand.value.device if operand.value else ""


def no_cuda(ctx: Context) -> Explanation | None:
    """CUDA where there is none, and devices that do not exist."""
    if ctx.search(
        r"Found no NVIDIA driver|not compiled with CUDA|No CUDA GPUs are available"
        r"|Attempting to deserialize object on a CUDA device"
    ):
        return Explanation(
            "device",
            "There is no CUDA device that PyTorch can use here. Choose the device by what there "
            'is: `device = "cuda" if torch.cuda.is_available() else "cpu"`.',
        )
    found = ctx.search(
        r"device type at start of device string: (\w+)|Invalid device string: '(.*?)'"
    )
    if found:
        named = found.group(1) or found.group(2)
        node = next(
            (
                node
                for node in ctx.expressions
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ),
            None,
        )
        return Explanation(
            "device",
            f"There is no device `{named[:40]}`."
            + (
                words.did_you_mean("cuda " if named == "gpu" else named, ("cpu", "cuda", "mps"))
                or " There are `cpu` and `cuda`."
            ),
            node,
        )
    if ctx.search(r"can't convert [\w:]+ device type tensor to numpy"):
        return Explanation(
            "device",
            "NumPy works in the computer's main memory, and this tensor is on another device. "
            "Bring it there first with `.cpu()`.",
        )
    return None


EXPLAINERS = (embedding_indices, devices, no_cuda, two, not_implemented, whole_numbers_learn, other)
