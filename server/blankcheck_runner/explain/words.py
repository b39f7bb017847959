"""Phrases that explanations share, and the nearest name to one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from blankcheck_runner.described import Value


def shape(sizes: tuple[int, ...]) -> str:
    """As Python writes it: `(4, 1)`, `(4,)`, `()`."""
    return str(tuple(sizes)) if len(sizes) < 12 else f"({', '.join(map(str, sizes[:10]))}, …)"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 row`, `3 rows`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(items: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    held = list(items)
    if len(held) < 2:
        return "".join(held)
    return f"{', '.join(held[:-1])} {word} {held[-1]}"


def kind(value: Value | None) -> str:
    """What sort of value it is: `a tensor of shape (2, 3)`, `a list of 3 items`, `None`."""
    if value is None:
        return "a value"
    if value.kind == "tensor" and value.shape is not None:
        return f"a tensor of shape {shape(value.shape)}"
    if value.kind == "layer":
        return f"a layer (`{layer(value)}`)"
    if value.kind == "class":
        return f"the class `{value.text}`"
    if value.kind == "function":
        return f"the {'method' if 'method' in value.type else 'function'} `{value.text}`"
    if value.kind == "module":
        return f"the module `{value.text}`"
    if value.kind == "none":
        return "None"
    if value.kind == "number":
        return f"the number {value.text}" if value.type != "bool" else value.text
    if value.kind == "text":
        return f"the string {value.text}" if len(value.text) <= 40 else "a string"
    if value.kind in ("list", "tuple", "dict") and value.length is not None:
        return f"a {value.kind} of {plural(value.length, 'item')}"
    return a(value.type)


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def a(noun: str) -> str:
    """The noun in back quotes, with its article."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} `{noun}`"


def layer(value: Value) -> str:
    """A layer as it could be written: `Linear(4, 3)`."""
    facts = value.facts
    for first, second in (
        ("in_features", "out_features"),
        ("in_channels", "out_channels"),
        ("num_embeddings", "embedding_dim"),
        ("input_size", "hidden_size"),
    ):
        if first in facts and second in facts:
            return f"{value.type}({facts[first]}, {facts[second]})"
    if "num_features" in facts:
        return f"{value.type}({facts['num_features']})"
    return value.type


_ALIKE = 0.65
"""From where on two names with several letters apart are meant to be one: not apple and tuple."""


def closest(name: str, names: Iterable[str]) -> str | None:
    """The existing name that was most likely meant; null where none is near."""
    held = [item for item in names if item != name]
    bare = _bare(name)
    same = [item for item in held if _bare(item) == bare]
    if same:
        return max(same, key=lambda item: difflib.SequenceMatcher(None, name, item).ratio())
    allowed = min(3, (len(name) + 2) // 3) if 2 < len(name) <= 40 else 0
    best: tuple[int, float, str] | None = None
    for item in held:
        if abs(len(item) - len(name)) > allowed or len(item) > 40:
            continue
        edits = _edits(name.lower(), item.lower(), allowed)
        alike = difflib.SequenceMatcher(None, name, item).ratio()
        if edits is not None and (edits < 2 or alike >= _ALIKE):
            rank = (edits, -alike, item)
            best = rank if best is None or rank < best else best
    return best[2] if best else None


def _edits(one: str, two: str, most: int) -> int | None:
    """How many letters were added, left out, changed or swapped; null above `most`."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(two, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


def did_you_mean(name: str, names: Iterable[str], prefix: str = "") -> str:
    """` Did you mean `weight_1`?`, with a space in front; empty where nothing is near."""
    found = closest(name, names)
    return f" Did you mean `{prefix}{found}`?" if found else ""


def dtype(name: str) -> str:
    """`float32` for what an error calls `Float`, `float` or `torch.FloatTensor`."""
    bare = name.removeprefix("torch.").removeprefix("cuda.").removesuffix("Tensor").strip()
    known = {
        "float": "float32",
        "double": "float64",
        "half": "float16",
        "bfloat16": "bfloat16",
        "long": "int64",
        "long int": "int64",
        "int": "int32",
        "short": "int16",
        "char": "int8",
        "signed char": "int8",
        "byte": "uint8",
        "unsigned char": "uint8",
        "bool": "bool",
    }
    return known.get(bare.lower(), bare)
