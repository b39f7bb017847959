"""Arguments that do not fit what is called: missing, too many, misnamed, of another kind."""

from __future__ import annotations

import ast
import re

from blankcheck_runner.described import Value
from blankcheck_runner.explain import names, words
from blankcheck_runner.explain.context import Context, Explanation
from blankcheck_runner.plain import one_line

_CALLED = r"(?<![\w.<>])([\w.<>]+)\(\)"
"""How Python names what is called. Looked for at a name's start only: within a long one, each place
would be another start."""


def unexpected_keyword(ctx: Context) -> Explanation | None:
    """A keyword argument that is not there."""
    found = ctx.search(_CALLED + r" got an unexpected keyword argument '(\w+)'")
    if not found:
        return None
    call = _call_with(ctx, found.group(2))
    if call is None:
        return None
    named = found.group(2)
    keyword = next(k for k in call.keywords if k.arg == named)
    start = ctx.span(keyword)[0]
    parameters = [p.rstrip("=") for p in _parameters(ctx, call) if not p.startswith("*")]
    hint = words.did_you_mean(named, [p for p in parameters if p != "self"])
    hint = hint or _takes(parameters)
    callee = ctx.value(call.func)
    if callee and callee.kind == "layer":
        hint = " A layer is called with its input only; settings are given when it is made."
    return Explanation(
        "argument",
        f"`{_called(ctx, call, found.group(1))}` has no argument named `{named}`.{hint}",
        (start, start + len(named)),
    )


def _takes(parameters: list[str]) -> str:
    names = list(dict.fromkeys(p for p in parameters if p != "self"))
    if not names:
        return ""
    shown = [f"`{name}`" for name in names]
    more = f"{', '.join(shown[:6])} and more" if len(shown) > 6 else words.listed(shown)
    return f" It takes {more}."


def _call_with(ctx: Context, keyword: str) -> ast.Call | None:
    return next(
        (
            node
            for node in ctx.expressions
            if isinstance(node, ast.Call) and any(k.arg == keyword for k in node.keywords)
        ),
        None,
    )


def _parameters(ctx: Context, call: ast.Call) -> tuple[str, ...]:
    value = ctx.value(call.func)
    return value.parameters if value else ()


def _called(ctx: Context, call: ast.Call, told: str) -> str:
    """The callee as the learner wrote it, or as the error names it."""
    text = ctx.text(call.func)
    return text if len(text) <= 40 else told.removesuffix(".__init__").removesuffix(".forward")


def missing_arguments(ctx: Context) -> Explanation | None:
    """An argument that must be given and is not."""
    found = ctx.search(
        _CALLED + r" missing (\d+) required (?:positional|keyword-only) arguments?: (.+)"
    )
    if not found or not ctx.call:
        return None
    call = ctx.call
    wanted = [
        part.strip(" '\"")
        for part in found.group(3).replace(" and ", ",").split(",")
        if part.strip(" '\"")
    ]
    # A name misspelt as a keyword leaves the right one missing, where torch checks that first.
    known = {p.strip("*=") for p in _parameters(ctx, call)}
    for keyword in call.keywords:
        if (
            keyword.arg
            and known
            and keyword.arg not in known
            and words.closest(keyword.arg, wanted)
        ):
            start = ctx.span(keyword)[0]
            return Explanation(
                "argument",
                f"`{_called(ctx, call, found.group(1))}` has no argument named `{keyword.arg}`."
                + words.did_you_mean(keyword.arg, wanted),
                (start, start + len(keyword.arg)),
            )
    name = _called(ctx, call, found.group(1))
    value = ctx.value(call.func)
    if wanted == ["self"] or (
        value is not None
        and value.kind in ("class", "function")
        and isinstance(call.func, ast.Attribute)
        and (owner := ctx.value(call.func.value)) is not None
        and owner.kind == "class"
    ):
        of = ctx.text(call.func).rpartition(".")[0]
        return Explanation(
            "argument",
            f"`{name}` is called on the class itself. Make an object first, with `{of}(…)`, and "
            "call the method on that.",
            call.func,
        )
    shown = words.listed(f"`{item}`" for item in wanted)
    forward = found.group(1).endswith(".forward") and not call.args and not call.keywords
    signature = _signature(ctx, call)
    if forward:
        advice = "A layer is called with its input."
    elif signature and signature != shown:
        advice = f"It takes {signature}."
    else:
        advice = "Give it as well." if len(wanted) == 1 else "Give them as well."
    return Explanation(
        "argument",
        f"`{name}` needs {shown} too, and {'they are' if len(wanted) > 1 else 'it is'} not given. "
        f"{advice}",
        _brackets(ctx, call),
    )


def _signature(ctx: Context, call: ast.Call) -> str:
    held = [p for p in _parameters(ctx, call) if p not in ("self", "*args", "**kwargs")]
    needed = [p for p in held if not p.startswith("*") and not p.endswith("=")]
    shown = [p.rstrip("=") for p in (needed or held)[:6]]
    return words.listed(f"`{p}`" for p in shown)


def _brackets(ctx: Context, call: ast.Call) -> tuple[int, int]:
    """The range of the call's arguments, brackets included."""
    return ctx.span(call.func)[1], ctx.span(call)[1]


def too_many(ctx: Context) -> Explanation | None:
    """More positional arguments than a function takes."""
    found = ctx.search(
        _CALLED + r" takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were)"
    )
    if not found or not ctx.call:
        return None
    takes, given = int(found.group(2)), int(found.group(3))
    call, told = ctx.call, found.group(1)
    method = _method(ctx, told)
    extra = 1 if given == len(call.args) + 1 else 0
    # `len(x)` and its like call a method that is not written out.
    special = method is not None and method.name.startswith("__")
    if method is not None and given == takes + 1 and (extra or special):
        arguments = method.args.posonlyargs + method.args.args
        if not arguments or arguments[0].arg != "self":
            line = method.lineno
            start = ctx.source.find(method.name, *ctx.span(method))
            span = (start, start + len(method.name)) if start >= 0 else None
            return Explanation(
                "argument",
                f"The method `{method.name}` (line {line}) lacks `self`: Python passes the object "
                "as the first argument of every method. Put `self` first in its brackets.",
                span,
            )
    takes = max(0, takes - extra)
    if takes >= len(call.args):
        return None
    first = call.args[takes]
    span = (ctx.span(first)[0], ctx.span(call.args[-1])[1])
    shape = ""
    if told.rpartition(".")[2] in {"tensor"}:
        shape = " The numbers of a tensor go into one list: `[…]`."
    signature = _signature(ctx, call)
    takes_text = words.plural(takes, "argument") if takes else "no argument"
    return Explanation(
        "argument",
        f"`{_called(ctx, call, told)}` takes {takes_text} by position, but "
        f"{len(call.args)} are given.{shape or (f' It takes {signature}.' if signature else '')}",
        span,
    )


def _method(ctx: Context, told: str) -> ast.FunctionDef | None:
    """The method in the text that an error calls `Net.forward` (`forward` before Python 3.10)."""
    owner, _, named = told.rpartition(".")
    for node in ast.walk(ctx.tree):
        if isinstance(node, ast.ClassDef) and (not owner or node.name == owner.split(".")[-1]):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == named:
                    return item
    return None


def twice_given(ctx: Context) -> Explanation | None:
    """One argument by position and by keyword."""
    found = ctx.search(_CALLED + r" got multiple values for argument '(\w+)'")
    call = _call_with(ctx, found.group(2)) if found else None
    if not found or call is None:
        return None
    return Explanation(
        "argument",
        f"`{found.group(2)}` is given twice: by its place among the arguments, and by its name. "
        "Leave out one.",
        next(k for k in call.keywords if k.arg == found.group(2)),
    )


def wrong_kind(ctx: Context) -> Explanation | None:
    """An argument of the wrong type, as torch's own functions tell it."""
    found = ctx.search(
        r"\b(\w+)\(\): argument '(\w+)'(?: \(position (\d+)\))? must be ([\w. ]+?), "
        r"(?:not|but found element of type) ([\w.]+)"
    )
    if not found:
        return None
    callee, named, position, wanted, got = found.groups()
    node, text, value = _culprit(ctx, callee, named, position)
    if node is None:
        node = _of_type(ctx, got)
        value = ctx.value(node) if node is not None else None
        text = ctx.operand(node, "an argument").text if node is not None else "an argument"
    if value and value.kind == "none" and node is not None:
        effect = f"is no {wanted.lower()}"
        return Explanation("argument", names.none_message(ctx, node, effect), node)
    if ctx.call and ctx.callee(ctx.call) != callee and ctx.index == len(ctx.crash.frames) - 1:
        # A function inside the one that was called: its name and parameter say nothing here.
        takes = f"`{_called(ctx, ctx.call, callee)}` needs {_wanted(wanted)} here"
    else:
        takes = f"`{callee}` takes {_wanted(wanted)} as `{named}`"
    at: ast.expr | tuple[int, int] | None = node
    if wanted == "tuple of Tensors" and ctx.call and node is not None and node in ctx.call.args:
        at = (ctx.span(node)[0], ctx.span(ctx.call.args[-1])[1])
    return Explanation(
        "argument",
        f"{takes}, but {text} is "
        f"{words.kind(value) if value else words.a(got)}. {_hint(ctx, wanted, got, value, node)}",
        at,
    )


def _culprit(
    ctx: Context, callee: str, named: str, position: str | None
) -> tuple[ast.expr | None, str, Value | None]:
    call = ctx.call
    if call is None or ctx.callee(call) != callee:
        return None, f"`{named}`", None
    node = ctx.argument(call, named, -1)
    if node is None and position:
        place = int(position) - 1 - (1 if ctx.is_method(call) else 0)
        given = [item for item in call.args if not isinstance(item, ast.Starred)]
        if place == -1 and isinstance(call.func, ast.Attribute):
            node = call.func.value
        elif 0 <= place < len(given):
            node = given[place]
    if node is None:
        return None, f"`{named}`", None
    operand = ctx.operand(node, f"the value given for `{named}`")
    return node, operand.text + ctx.came_from(node), operand.value


def _of_type(ctx: Context, kind: str) -> ast.expr | None:
    """The argument that has the type which an error complains of."""
    if ctx.call is None:
        return None
    given = [*ctx.call.args, *(k.value for k in ctx.call.keywords)]
    unknown = [node for node in given if ctx.value(node) is None]
    known = (node for node in given if (value := ctx.value(node)) and value.type == kind)
    return next(known, unknown[0] if len(unknown) == 1 else None)


def _wanted(wanted: str) -> str:
    known = {
        "Tensor": "a tensor",
        "tuple of Tensors": "a list of tensors",
        "tuple of ints": "whole numbers",
        "int": "a whole number",
        "float": "a number",
        "Number": "a number",
        "bool": "True or False",
        "torch.dtype": "a dtype",
        "torch.device": "a device",
        "str": "a string",
    }
    return known.get(wanted, f"`{wanted}`")


def _hint(ctx: Context, wanted: str, got: str, value: Value | None, node: ast.expr | None) -> str:
    if wanted == "Tensor" and got in {"list", "tuple", "int", "float"}:
        return "Make a tensor of it with `torch.tensor(…)`."
    if wanted == "Tensor" and value and value.kind == "layer":
        return "A layer is called with a tensor first; pass on what it gives."
    if wanted == "Tensor" and (got in {"ndarray"} or (value and value.type == "ndarray")):
        return "Make a tensor of it with `torch.from_numpy(…)`."
    if wanted == "tuple of Tensors":
        return "Put the tensors into a list: `[a, b]`."
    if wanted == "torch.dtype" and got == "str":
        return "Write it as torch names it, such as `torch.float32`, without quotes."
    if wanted in {"int", "tuple of ints"} and got == "float":
        return "Sizes and dimensions are whole: use `//` to divide, or `int(…)`."
    if got == "builtin_function_or_method" or got == "method":
        return "Is a pair of brackets missing after it?"
    return "Check what is passed there, and the order of the arguments."


def combination(ctx: Context) -> Explanation | None:
    """`received an invalid combination of arguments`: no form of the function fits."""
    found = ctx.search(
        r"\b(\w+)\(\) received an invalid combination of arguments - got \((.*?)\), but expected"
    )
    if not found or not ctx.call:
        return None
    callee, got = found.groups()
    node = _bad_keyword(ctx, ctx.call)
    if node is not None:
        start = ctx.span(node)[0]
        options = re.findall(r"\w (\w+)(?= =|,|\))", ctx.message.partition("but expected")[2])
        return Explanation(
            "argument",
            f"`{callee}` has no argument named `{node.arg}`."
            + (words.did_you_mean(node.arg or "", options) or _takes(options)),
            (start, start + len(node.arg or "")),
        )
    if callee in {"cat", "stack", "vstack", "hstack"} and got.startswith("Tensor"):
        return Explanation(
            "argument",
            f"`{callee}` takes one list of tensors. Put the tensors into a list: `[a, b]`.",
            _brackets(ctx, ctx.call),
        )
    culprit = next(
        (
            item
            for item in ctx.call.args
            if (value := ctx.value(item)) and value.kind in ("text", "none", "class", "layer")
        ),
        None,
    )
    given = one_line(got.rstrip(", "), 80)
    if culprit is not None:
        return Explanation(
            "argument",
            f"`{callee}` does not take {words.kind(ctx.value(culprit))} there. Check the "
            "arguments and their order.",
            culprit,
        )
    return Explanation(
        "argument",
        f"`{callee}` cannot be called with ({given}). Check how many arguments it takes, and in "
        "which order.",
        _brackets(ctx, ctx.call),
    )


def _bad_keyword(ctx: Context, call: ast.Call) -> ast.keyword | None:
    """A keyword that stands in none of the forms that the message lists."""
    forms = ctx.message.partition("but expected")[2]
    for keyword in call.keywords:
        if keyword.arg and f" {keyword.arg}" not in forms:
            return keyword
    return None


EXPLAINERS = (
    unexpected_keyword,
    missing_arguments,
    too_many,
    twice_given,
    wrong_kind,
    combination,
)
