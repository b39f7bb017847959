"""A small picture of a tensor's values: a heat map, an image or a line, as its shape suggests.

Pure: from levels to a data URI. Its colours are its own, on nothing or on a ground that it brings
along, so that it reads on a light page as on a dark one.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heat map", "image", "line"]

WIDTH, HEIGHT = 320, 240
"""Pixels that a picture fits into."""
MAX_CELL = 24
"""Pixels of one value's side at most."""
NO_NUMBER = 255
"""The level of what is no finite number; the others go from 0 to 254."""
_STRIP = 8
"""How many times longer than high a matrix is whose cells are no squares any more."""
_LINE_HEIGHT = 96
_MARGIN = 4
_HEAT = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""From the least to the greatest value; each brighter than the one before."""
_MISSING = (224, 49, 49)
_LINE = "#3b8eea"
_AXIS = "#808080"


@dataclass(frozen=True)
class Picture:
    """A picture with its text equivalent."""

    uri: str
    alternative: str


def picture(shape: Sequence[int], levels: bytes, low: float, high: float) -> Picture | None:
    """The picture of values, each given as its level between `low` and `high`, in the order of
    memory; null where the shape suggests none, or it would not fit."""
    if math.prod(shape) != len(levels) or len(levels) < 2:
        return None
    kind, sizes = _kind(shape)
    ends = f"from {low:.4g} to {high:.4g}"
    if kind == "line":
        said = f"line through {len(levels)} values {ends}"
        return Picture(_uri("svg+xml", _line(levels, low, high)), said)
    if kind is None:
        return None
    channels, rows, columns = sizes
    if rows > HEIGHT or columns > WIDTH:
        return None
    said = f"{kind} of {rows} rows and {columns} columns {ends}, brighter is more"
    if NO_NUMBER in levels:
        said += ", red is no finite number"
    across, down = min(MAX_CELL, WIDTH // columns), min(MAX_CELL, HEIGHT // rows)
    if kind == "image" or max(rows, columns) <= _STRIP * min(rows, columns):
        across = down = min(across, down)
    if channels == 3:
        # The channels of a pixel are as far apart as one channel is large.
        pixels = [levels[at :: rows * columns] for at in range(rows * columns)]
        return Picture(_uri("png", _png(pixels, columns, across, down, None)), said)
    cells = [levels[at : at + 1] for at in range(len(levels))]
    palette = _palette(kind)
    return Picture(_uri("png", _png(cells, columns, across, down, palette)), said)


def _kind(shape: Sequence[int]) -> tuple[Kind | None, tuple[int, int, int]]:
    """What the shape suggests, and channels, rows and columns."""
    sizes = list(shape)
    while len(sizes) > 3 and sizes[0] == 1:  # a batch of one
        del sizes[0]
    if len(sizes) == 1 or (len(sizes) == 2 and 1 in sizes):
        return "line", (1, 1, 1)
    if len(sizes) == 2:
        return "heat map", (1, sizes[0], sizes[1])
    if len(sizes) == 3 and sizes[0] in (1, 3) and min(sizes[1:]) > 1:
        return "image", (sizes[0], sizes[1], sizes[2])
    return None, (1, 1, 1)


def _palette(kind: Kind) -> bytes:
    """A colour for each level."""
    if kind == "image":
        colours = [(level,) * 3 for level in range(NO_NUMBER)]
    else:
        colours = [_heat(level / (NO_NUMBER - 1)) for level in range(NO_NUMBER)]
    return bytes(part for colour in (*colours, _MISSING) for part in colour)


def _heat(share: float) -> tuple[int, ...]:
    place = share * (len(_HEAT) - 1)
    at = min(int(place), len(_HEAT) - 2)
    mixed = zip(_HEAT[at], _HEAT[at + 1], strict=True)
    return tuple(round(a + (b - a) * (place - at)) for a, b in mixed)


def _png(
    cells: Sequence[bytes], columns: int, across: int, down: int, palette: bytes | None
) -> bytes:
    """A PNG of cells, a byte into the palette or three of colour each, drawn as rectangles."""
    raw = bytearray()
    for at in range(0, len(cells), columns):
        row = b"".join(cell * across for cell in cells[at : at + columns])
        # What is the same as above costs next to nothing (filter 2: difference to the row above).
        raw += b"\x00" + row + (b"\x02" + bytes(len(row))) * (down - 1)
    height = len(cells) // columns * down
    header = struct.pack(
        "!IIBBBBB", columns * across, height, 8, 2 if palette is None else 3, 0, 0, 0
    )
    colours = b"" if palette is None else _chunk(b"PLTE", palette)
    data = _chunk(b"IDAT", zlib.compress(bytes(raw), 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + colours + data + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))


def _line(levels: bytes, low: float, high: float) -> bytes:
    """An SVG of a line. Where there are more values than pixels, of what they reach in each."""
    wide, high_ = WIDTH - 2 * _MARGIN, _LINE_HEIGHT - 2 * _MARGIN
    points: list[str] = []
    pen = "M"
    step = max(1, math.ceil(len(levels) / wide))
    for at in range(0, len(levels), step):
        x = _MARGIN + wide * at / max(1, len(levels) - 1)
        numbers = [level for level in levels[at : at + step] if level != NO_NUMBER]
        if not numbers:
            pen = "M"  # a gap
            continue
        for level in dict.fromkeys((min(numbers), max(numbers))):
            points.append(f"{pen}{x:.1f} {_y(level, high_):.1f}")
            pen = "L"
    zero = ""
    if low < 0 < high:
        y = _y(-low / (high - low) * (NO_NUMBER - 1), high_)
        zero = f'<path d="M0 {y:.1f}H{WIDTH}" stroke="{_AXIS}" stroke-dasharray="2 3"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{_LINE_HEIGHT}" '
        f'fill="none">{zero}<path d="{"".join(points)}" stroke="{_LINE}" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    ).encode()


def _y(level: float, height: int) -> float:
    return _MARGIN + height * (1 - level / (NO_NUMBER - 1))


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
