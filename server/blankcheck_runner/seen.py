"""What the names of a submission hold after each of its statements, for hovers and hints.

`Watch` looks in the learner's process, between statements and at the end, and runs none of the
learner's code for it; the debugger looks at single values in the same way. What it tells is
testimony: `seen_from_json` trusts nothing in it.
"""

from __future__ import annotations

import ast
import base64
import binascii
import contextlib
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from itertools import islice
from typing import Any, cast

from blankcheck_runner import described
from blankcheck_runner.described import Value, instance_dict, is_layer, is_tensor, table_of
from blankcheck_runner.execute import first_line
from blankcheck_runner.plain import plain
from blankcheck_runner.wire import Seen

MAX_SEEN = 200
MAX_FIRST = 6
MAX_LEVELS = 4096
"""Values of a tensor up to which each is told, as a level between least and greatest."""
MAX_ALL_LEVELS = 8 * MAX_LEVELS
NO_NUMBER = 255
"""The level of what is infinite or no number."""
MAX_RANGE = 2**20
"""Values of a tensor up to which least and greatest are looked for."""
MAX_TEXT = 1_200
MAX_DEPTH = 4
_CHUNK = 2**14
"""Values that torch looks through in one thread: parallel work would spoil later forks."""
_SKIPPED = ("class", "function", "module")
_WORD = re.compile(r"[A-Za-z_][\w.:]{0,79}")


class Watch:
    """What is seen of one submission."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._bound: dict[int, dict[str, None]] = {}
        """The names that a statement may bind, by its first line."""
        self._last: dict[str, int] = {}
        """The line of the last statement that may bind a name."""
        self._named: dict[str, None] = {}
        self._line = 0
        self._room = MAX_ALL_LEVELS
        self._seen: list[Seen] = []

    def begin(self, tree: ast.Module) -> None:
        """The submission's syntax tree, before it runs: finds the names to look at."""
        for statement in tree.body:
            for node in ast.walk(statement):
                if not isinstance(node, ast.Name):
                    continue
                self._named[node.id] = None
                if isinstance(node.ctx, ast.Store):
                    line = first_line(statement)
                    self._bound.setdefault(line, {})[node.id] = None
                    self._last[node.id] = line

    def before(self, line: int) -> None:
        """The statement on a line is next: looks at what the one before it has bound."""
        with contextlib.suppress(Exception):
            for name in self._bound.get(self._line, ()):
                # What it is in the end is told in full then.
                self._look(name, self._line, in_full=self._last[name] != self._line)
        self._line = line

    def end(self) -> list[dict[str, Any]]:
        """All that was seen, with what the names are now, as plain data."""
        self.before(0)
        with contextlib.suppress(Exception):
            for name in self._named:
                self._look(name, 0, in_full=True)
        return [asdict(item) for item in self._seen]

    def _look(self, name: str, line: int, *, in_full: bool) -> None:
        if len(self._seen) >= MAX_SEEN or name not in self._namespace:
            return
        value = self._namespace[name]
        seen = look(value, in_full=in_full)
        if seen is not None:
            seen = replace(seen, name=name, line=line)
            with contextlib.suppress(Exception):
                seen = self._picture(seen, value)
            self._seen.append(seen)

    def _picture(self, seen: Seen, value: Any) -> Seen:
        """With levels, if there is room for them."""
        count = math.prod(seen.shape or ())
        if seen.low is None or seen.high is None or count > min(MAX_LEVELS, self._room):
            return seen
        low, width = seen.low, seen.high - seen.low
        if not math.isfinite(width):
            return seen
        self._room -= count
        scale = (NO_NUMBER - 1) / width if width > 0 else 0.0
        levels = bytes(
            round((number - low) * scale) if math.isfinite(number) else NO_NUMBER
            for number in _plain(value).reshape(-1).tolist()
        )
        return replace(seen, levels=base64.b64encode(levels).decode())


def look(value: object, *, in_full: bool = True) -> Seen | None:
    """What a value is, still without a name; null for functions, classes and modules. `in_full`:
    with what a tensor or an array holds. Runs none of the learner's code."""
    facts = described.describe(value)
    if facts.kind in _SKIPPED:
        return None
    seen = Seen("", 0, facts.type, shape=facts.shape, dtype=facts.dtype)
    seen = replace(seen, device=facts.device, gradient=facts.requires_grad)
    if is_tensor(value):
        if in_full:
            with contextlib.suppress(Exception):  # sparse, on `meta`: it has no values to show
                return _numbers(seen, _plain(value), _tensor_range)
        return seen
    if is_array(value):
        held = cast(Any, value)
        seen = replace(seen, shape=tuple(held.shape), dtype=str(held.dtype))
        if in_full and held.dtype.kind in "biuf":
            return _numbers(seen, held, _array_range)
        return seen
    if is_layer(value):
        return replace(seen, text=_layers(value))
    text = _short(value)[:MAX_TEXT]
    return replace(seen, text="" if text == f"<{facts.type}>" else text)


def _plain(value: Any) -> Any:
    return value.detach() if is_tensor(value) else value


def _numbers(seen: Seen, value: Any, range_of: Callable[[Any], Any]) -> Seen:
    assert seen.shape is not None
    count = math.prod(seen.shape)
    if not count:
        return seen
    if count > MAX_LEVELS:
        row = value
        while len(row.shape) > 1:  # the first row is enough, and copies nothing
            row = row[0]
        low, high = range_of(value) if count <= MAX_RANGE else (None, None)
        return replace(seen, low=low, high=high, first=_written(row[:MAX_FIRST].tolist()))
    values: list[Any] = value.reshape(-1).tolist()
    seen = replace(seen, first=_written(values[:MAX_FIRST]))
    if isinstance(values[0], complex):
        return seen
    numbers = [number for number in values if math.isfinite(number)]
    if not numbers:
        return seen
    return replace(seen, low=float(min(numbers)), high=float(max(numbers)))


def is_array(value: object) -> bool:
    """Whether the value is a numpy array, and no subclass of the learner's."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def _tensor_range(value: Any) -> tuple[float | None, float | None]:
    if not value.is_contiguous() or value.is_complex():
        return None, None
    flat = value.view(-1)
    parts = [flat[at : at + _CHUNK].aminmax() for at in range(0, len(flat), _CHUNK)]
    return _ends([part.min.item() for part in parts], [part.max.item() for part in parts])


def _array_range(value: Any) -> tuple[float | None, float | None]:
    return _ends([value.min().item()], [value.max().item()])


def _ends(least: list[float], greatest: list[float]) -> tuple[float | None, float | None]:
    low, high = float(min(least)), float(max(greatest))
    sound = all(math.isfinite(number) for number in (*least, *greatest))
    return (low, high) if sound else (None, None)


def _written(values: list[Any]) -> tuple[str, ...]:
    return tuple(f"{item:.4g}" if isinstance(item, float) else str(item)[:24] for item in values)


def _short(value: object, depth: int = 0) -> str:
    """A value in one line, by its builtin parts alone."""
    facts = described.describe(value)
    if facts.text and facts.kind not in _SKIPPED:
        cut = facts.kind == "text" and (facts.length or 0) > described.MAX_TEXT
        return f"{facts.text}…" if cut else facts.text
    if depth > 2 or type(value) not in (list, tuple, dict):
        shape = "" if facts.shape is None else f" {facts.shape}"
        return f"<{facts.type}{shape}>"
    few = 8
    count = len(cast("list[Any]", value))
    if type(value) is dict:
        entries = islice(cast("dict[Any, Any]", value).items(), few)
        inner = [f"{_short(key, 3)}: {_short(item, depth + 1)}" for key, item in entries]
    else:
        inner = [_short(item, depth + 1) for item in cast("list[Any]", value)[:few]]
    if count > few:
        inner.append(f"… {count} in all")
    if facts.kind == "tuple":
        return f"({inner[0]},)" if count == 1 else f"({', '.join(inner)})"
    return f"{{{', '.join(inner)}}}" if facts.kind == "dict" else f"[{', '.join(inner)}]"


def _layers(value: object, name: str = "", depth: int = 0) -> str:
    """A module's structure, a layer a line."""
    facts = described.describe(value, 0)
    sizes = ", ".join(
        f"{key}={fact}" for key, fact in facts.facts.items() if key not in ("dtype", "device")
    )
    line = f"{'  ' * depth}{f'{name}: ' if name else ''}{facts.type}({sizes})"
    if depth == 0 and (count := described.parameter_count(value)):
        line += f", {count:,} {'parameter' if count == 1 else 'parameters'}"
    own = table_of(instance_dict(value), "_modules")
    children = [(str(key), child) for key, child in list(own.items())[:20] if is_layer(child)]
    if depth == MAX_DEPTH or not children:
        return line[:MAX_TEXT]
    lines = [line, *(_layers(child, key[:40], depth + 1) for key, child in children)]
    return "\n".join(lines)[:MAX_TEXT]


# --- Reading the testimony ------------------------------------------------------------------------


def seen_from_json(data: object) -> tuple[Seen, ...]:
    """What `Watch.end` told. What a hostile process wrote in its place is dropped or cut."""
    found: list[Seen] = []
    room = MAX_ALL_LEVELS
    for item in cast("list[object]", data)[:MAX_SEEN] if isinstance(data, list) else []:
        seen = _one(item) if isinstance(item, dict) else None
        if seen is not None:
            room -= len(seen.levels) * 3 // 4
            found.append(seen if room >= 0 else replace(seen, levels=""))
    return tuple(found)


def _one(data: Any) -> Seen | None:
    held = cast("dict[str, Any]", data)
    # The same caps as for any value that such a process describes.
    value: Value | None = described.value_from_json(held, 0)
    name, line = described.text(held, "name", described.MAX_NAME), described.number(held, "line")
    if value is None or line is None or not name.isidentifier():
        return None
    low, high = _number(held.get("low")), _number(held.get("high"))
    if low is None or high is None or low > high:
        low = high = None
    levels = described.text(held, "levels", MAX_LEVELS * 2)
    if low is None or value.shape is None or not _fits(levels, math.prod(value.shape)):
        levels = ""
    return Seen(
        name,
        line,
        _word(value.type) or "object",
        text=plain(described.text(held, "text", MAX_TEXT), MAX_TEXT),
        shape=value.shape,
        dtype=_word(value.dtype),
        device=_word(value.device),
        gradient=held.get("gradient") is True,
        low=low,
        high=high,
        first=tuple(plain(item) for item in described.texts(held, "first", MAX_FIRST, 24)),
        levels=levels,
    )


def _fits(levels: str, count: int) -> bool:
    try:
        return len(base64.b64decode(levels, validate=True)) == count <= MAX_LEVELS
    except (binascii.Error, ValueError):
        return False


def _number(data: object) -> float | None:
    if not isinstance(data, (int, float)) or isinstance(data, bool):
        return None
    try:
        number = float(data)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""
