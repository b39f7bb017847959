"""Messages on a byte stream that is not what it ought to be."""

from __future__ import annotations

import asyncio

import pytest

from blankcheck.lsp.transport import BrokenStream, NoLength, read_message

NEXT = b"Content-Length: 4\r\n\r\nnext"


def reader(sent: bytes) -> asyncio.StreamReader:
    """A stream that ends after some bytes."""
    stream = asyncio.StreamReader(limit=2**20)
    stream.feed_data(sent)
    stream.feed_eof()
    return stream


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 2\r\n\r\n{}",
        b"content-length:2\n\n{}",
        b"\r\n\r\nX: 1\r\nContent-Length : 2 \r\nContent-Type: odd\r\n\r\n{}",
        b"Content-Length: 7\r\nContent-Length: 2\r\n\r\n{}",
        b"\xff no header\r\nContent-Length: 2\r\n\r\n{}",
        b'{"left": "over"}Content-Length: 2\r\n\r\n{}',
    ],
)
async def test_a_header_may_be_odd(sent: bytes) -> None:
    stream = reader(sent + NEXT)
    assert [await read_message(stream) for _ in range(3)] == [b"{}", b"next", None]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: x",
        b"Content-Length: -5",
        b"Content-Length: 1.5",
        b"Content-Length:",
        b"X-Content-Length: 2",
        b"Content-Type: a",
        b"GET / HTTP/1.1\r\nHost: a",
        b"\x16\x03\x01\x02\x00\xff",
    ],
)
async def test_after_a_header_without_a_length_the_next_one_is_found(header: bytes) -> None:
    stream = reader(header + b"\r\n\r\n" + b'{"a": 1}' + NEXT)
    with pytest.raises(NoLength):
        await read_message(stream)
    assert [await read_message(stream) for _ in range(2)] == [b"next", None]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"Content-Le", "ends in the middle"),
        (b"Content-Length: 100\r\n", "ends in the middle"),
        (b"Content-Length: 100\r\n\r\n", "ends in the middle"),
        (b"Content-Length: 100\r\n\r\n{", "ends in the middle"),
        (b"Content-Length: 70000000\r\n\r\n{", "over the limit"),
        (b"Content-Length: " + b"9" * 9000 + b"\r\n\r\n{", "over the limit"),
        (b"x" * 2**21, "limit"),
    ],
    ids=["in a header", "after a header", "before a body", "in a body", "large", "huge", "no line"],
)
async def test_what_cannot_be_read_on_says_why(sent: bytes, said: str) -> None:
    with pytest.raises(BrokenStream, match=said):
        await read_message(reader(sent))
