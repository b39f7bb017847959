"""How a function is called, also where Python cannot say: torch's and numpy's C functions.

A form is plain data, so that a process can be asked for it: a list of `[name, kind, has_default]`.
A function may have several forms (`torch.max` has three).
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, cast

Form = list[list[Any]]
"""Parameters, each as name, kind (`positional`, `keyword`, `args`, `kwargs`), has a default."""

PROBED = "__forms__"
"""The name under which probes may call `forms`."""
_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "args",
    inspect.Parameter.VAR_KEYWORD: "kwargs",
}
_KNOWN: dict[object, tuple[str, ...]] = {
    print: ("(value, *args, sep=' ', end='', file=None, flush=False)",),
    int: ("(x=0, base=10)",),
    float: ("(x=0)",),
    bool: ("(x=False)",),
    str: ("(object='', encoding='utf-8', errors='strict')",),
    list: ("(iterable=())",),
    tuple: ("(iterable=())",),
    set: ("(iterable=())",),
    frozenset: ("(iterable=())",),
    dict: ("(mapping=(), **kwargs)",),
    range: ("(stop)", "(start, stop, step=1)"),
    max: ("(iterable, *, key=None, default=None)", "(arg1, arg2, *args, key=None)"),
    min: ("(iterable, *, key=None, default=None)", "(arg1, arg2, *args, key=None)"),
    zip: ("(*iterables, strict=False)",),
    map: ("(func, *iterables)",),
    filter: ("(function, iterable)",),
    enumerate: ("(iterable, start=0)",),
    reversed: ("(sequence)",),
    type: ("(object)", "(name, bases, dict)"),
    classmethod: ("(function)",),
    staticmethod: ("(function)",),
    iter: ("(object, sentinel=None)",),
    next: ("(iterator, default=None)",),
    getattr: ("(object, name, default=None)",),
    vars: ("(object=None)",),
    dir: ("(object=None)",),
}
ALIASES = {
    ("pow", "x"): "base",
    ("pow", "y"): "exp",
    ("pow", "z"): "mod",
    ("getattr", "obj"): "object",
    ("range", "begin"): "start",
}
"""Names of parameters that courses written for an older Python use."""


def forms(function: Any) -> list[Form]:
    """The ways in which a function can be called; empty where nothing is known of it."""
    try:
        known = _KNOWN.get(function)
    except TypeError:
        known = None
    if known:
        return [form for text in known if (form := parse(text)) is not None]
    documented = _documented(function)
    target: Any = function
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(function, torch.nn.Module):
        target = function.forward
    try:
        signature = inspect.signature(target)
    except (ValueError, TypeError):
        return documented or _of_stand_in(function)
    form = form_of(signature)
    if documented and all(kind in ("args", "kwargs") for _, kind, _ in form):
        return documented
    return [form]


def form_of(signature: inspect.Signature) -> Form:
    """The form that Python's own signature says."""
    return [
        [parameter.name, _KINDS[parameter.kind], parameter.default is not parameter.empty]
        for parameter in signature.parameters.values()
    ]


def is_form(value: Any) -> bool:
    """Whether a value that a process sent has the form of a form."""
    return isinstance(value, list) and all(
        isinstance(item, list)
        and len(item) == 3  # pyright: ignore[reportUnknownArgumentType]
        and isinstance(item[0], str)
        and item[1] in _KINDS.values()
        for item in value  # pyright: ignore[reportUnknownVariableType]
    )


def parse(text: str) -> Form | None:
    """The form that a piece of documentation writes as `(input, dim=0, *, out=None)`."""
    form: Form = []
    kind = "positional"
    for item in _split(text[1:-1].replace("\\", "")):
        name = re.match(r"(\*{0,2})\s*(\w*)\s*(?::[^=]*)?(=)?", item)
        if item == "/":
            continue
        if item == "*":
            kind = "keyword"
            continue
        if item == "..." and form and (number := re.search(r"\d+$", form[-1][0])):
            stem = form[-1][0][: number.start()]
            form += [[f"{stem}{i}", "positional", True] for i in range(int(number[0]) + 1, 32)]
            for parameter in form:
                parameter[2] = True
            break
        if name is None or not name[2].isidentifier():
            return None
        stars = {"": kind, "*": "args", "**": "kwargs"}[name[1]]
        form.append([name[2], stars, bool(name[3]) or stars in ("args", "kwargs")])
        if stars == "args":
            kind = "keyword"
    return form


def _documented(function: Any) -> list[Form]:
    """Forms as the documentation of a C function writes them."""
    try:
        name, text = function.__name__, function.__doc__
    except Exception:
        return []
    if not isinstance(name, str) or not isinstance(text, str):
        return []
    found: list[Form] = []
    pattern = re.compile(rf"^\s*(?:\.\. function:: )?(?:[\w.]+\.)?{re.escape(name)}(\()", re.M)
    for match in pattern.finditer(text[:20_000]):
        end = _closing(text, match.start(1))
        if end is None or (match.start() > 0 and ".. function" not in match[0] and found):
            continue
        form = parse(" ".join(text[match.start(1) : end].split()))
        if form is not None and form not in found:
            found += _without_leading_defaults(form)
    return found


def _without_leading_defaults(form: Form) -> list[Form]:
    """`arange(start=0, end)` is two forms: with and without what stands in front."""
    required = next((i for i, (_, _, default) in enumerate(form) if not default), 0)
    return [form[required:], form] if required and form[0][1] == "positional" else [form]


def _of_stand_in(function: Any) -> list[Form]:
    """The form of what torch itself puts in a C function's place in its tests."""
    torch = sys.modules.get("torch")
    if torch is None or not (getattr(function, "__module__", None) or "").startswith("torch"):
        return []
    import torch.overrides as overrides

    try:
        stand_in: Any = cast(Any, overrides).get_testing_overrides()[function]
    except (KeyError, TypeError):
        return []
    return forms(stand_in)


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for place in range(start, min(len(text), start + 2_000)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return place + 1
    return None


def _split(text: str) -> list[str]:
    items, depth, start = [""], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            items[-1] = text[start:place]
            items.append("")
            start = place + 1
    items[-1] = text[start:]
    return [item.strip() for item in items if item.strip()]


def bind(form: Form, positional: list[Any], keywords: dict[str, Any]) -> dict[Any, Any] | None:
    """Which parameter each argument is for; null where the call has not this form. What is in
    `*args` is found under `(name, position)`, and in `**kwargs` under `(name, keyword)`."""
    bound: dict[Any, Any] = {}
    names = [name for name, kind, _ in form if kind == "positional"]
    rest = next((name for name, kind, _ in form if kind == "args"), None)
    extra = next((name for name, kind, _ in form if kind == "kwargs"), None)
    known = {name for name, kind, _ in form if kind in ("positional", "keyword")}
    for place, argument in enumerate(positional):
        if place < len(names):
            bound[names[place]] = argument
        elif rest is not None:
            bound[rest, place - len(names)] = argument
        else:
            return None
    for name, argument in keywords.items():
        if name in bound:
            return None
        if name in known:
            bound[name] = argument
        elif extra is not None:
            bound[extra, name] = argument
        else:
            return None
    for name, kind, default in form:
        if kind in ("positional", "keyword") and not default and name not in bound:
            return None
    return bound
