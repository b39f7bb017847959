"""Pictures of values, read back as an editor would read them."""

from __future__ import annotations

import base64
import random
import re
import struct
import time
import xml.etree.ElementTree as ET
import zlib
from itertools import pairwise

import pytest

from blankcheck.picture import HEIGHT, WIDTH, Picture, picture


def decoded(drawn: Picture | None, kind: str) -> bytes:
    assert drawn is not None
    head, _, data = drawn.uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return base64.b64decode(data, validate=True)


def pixels(drawn: Picture | None) -> list[list[tuple[int, ...]]]:
    """The colours of a PNG, by row and column. Only what a correct file holds is read."""
    data = decoded(drawn, "png")
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from("!I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from("!I", data, at + 8 + length)
        assert check == zlib.crc32(name + body)
        chunks[name] = body
        at += 12 + length
    width, height, depth, colour, *rest = struct.unpack("!IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    bytes_each = 3 if colour == 2 else 1
    raw = zlib.decompress(chunks[b"IDAT"])
    rows: list[list[bytes]] = []
    above = bytes(width * bytes_each)
    for line in range(height):
        start = line * (width * bytes_each + 1)
        row = raw[start + 1 : start + 1 + width * bytes_each]
        if raw[start] == 2:
            row = bytes((a + b) % 256 for a, b in zip(row, above, strict=True))
        above = row
        rows.append([row[i : i + bytes_each] for i in range(0, len(row), bytes_each)])
    palette = chunks.get(b"PLTE", b"")
    return [
        [tuple(palette[3 * c[0] : 3 * c[0] + 3]) if palette else tuple(c) for c in row]
        for row in rows
    ]


def test_a_matrix_is_a_heat_map_with_a_square_for_each_value() -> None:
    drawn = picture((2, 3), bytes([0, 127, 254, 254, 127, 0]), -1.5, 2.0)
    found = pixels(drawn)
    assert (len(found), len(found[0])) == (48, 72)
    corner = {found[y][x] for y in range(24) for x in range(24)}
    assert corner == {(68, 1, 84)}
    assert found[0][71] == found[47][0] == (253, 231, 37)
    assert drawn
    assert drawn.alternative == "heat map of 2 rows and 3 columns from -1.5 to 2, brighter is more"


def test_greater_is_brighter() -> None:
    (row, *_) = pixels(picture((2, 255), bytes(range(255)) * 2, 0, 1))
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in row]
    assert all(b >= a - 0.5 for a, b in pairwise(light))


def test_what_is_no_number_is_red_and_said_so() -> None:
    drawn = picture((2, 2), bytes([0, 255, 254, 10]), 0, 1)
    assert pixels(drawn)[0][30] == (224, 49, 49)
    assert drawn
    assert drawn.alternative.endswith("red is no finite number")


def test_one_channel_is_a_grey_image_and_three_are_colours() -> None:
    grey = pixels(picture((1, 2, 2), bytes([0, 100, 200, 254]), 0, 1))
    assert grey[0][0] == (0, 0, 0)
    assert grey[-1][-1] == (254, 254, 254)
    colours = pixels(picture((3, 2, 2), bytes([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]), 0, 1))
    assert colours[0][0] == (1, 11, 21)
    assert colours[-1][-1] == (4, 14, 24)
    assert picture((1, 1, 28, 28), bytes(784), 0, 1)


@pytest.mark.parametrize("shape", [(40,), (1, 40), (40, 1)])
def test_a_row_is_a_line(shape: tuple[int, ...]) -> None:
    drawn = picture(shape, bytes(range(40)), -1.0, 1.0)
    image = ET.fromstring(decoded(drawn, "svg+xml"))
    zero, line = image
    assert zero.get("stroke-dasharray")
    points = re.findall(r"[ML]([\d.]+) ([\d.]+)", line.get("d", ""))
    assert len(points) == 40
    heights = [float(y) for _, y in points]
    assert heights == sorted(heights, reverse=True)  # up is more, as SVG counts downwards
    assert drawn
    assert drawn.alternative == "line through 40 values from -1 to 1"


def test_a_line_has_a_gap_where_there_is_no_number() -> None:
    image = ET.fromstring(decoded(picture((4,), bytes([1, 255, 3, 4]), 0, 1), "svg+xml"))
    assert re.sub("[^ML]", "", image[-1].get("d", "")) == "MML"


@pytest.mark.parametrize(
    "shape", [(), (1,), (0, 4), (2, 3, 4), (5, 1, 1, 4), (2, 2048), (300, 2), (7, 7, 7, 7)]
)
def test_other_shapes_have_no_picture(shape: tuple[int, ...]) -> None:
    count = 1
    for size in shape:
        count *= size
    assert picture(shape, bytes(count), 0, 1) is None


def test_levels_that_do_not_fit_the_shape_have_no_picture() -> None:
    assert picture((2, 2), bytes(3), 0, 1) is None


@pytest.mark.parametrize("shape", [(64, 64), (4096,), (3, 36, 37), (1, 64, 64), (16, 256)])
def test_the_largest_pictures_are_small_and_quickly_made(shape: tuple[int, ...]) -> None:
    count = 1
    for size in shape:
        count *= size
    levels = random.Random(1).randbytes(count)
    begun = time.thread_time()
    drawn = picture(shape, levels, -1, 1)
    assert time.thread_time() - begun < 0.5
    assert drawn
    assert len(drawn.uri) < 48_000
    if drawn.uri.startswith("data:image/png"):
        found = pixels(drawn)
        assert len(found) <= HEIGHT
        assert len(found[0]) <= WIDTH
