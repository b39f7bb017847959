"""The frames and messages between server and host."""

from __future__ import annotations

import json
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck_runner import wire
from blankcheck_runner.channel import Channel, ChannelClosed, pair
from blankcheck_runner.wire import Expression, Feedback, Lesson, Limits, Report, Request

TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(message=st.dictionaries(TEXT, JSON, max_size=4), blob=st.binary(max_size=100))
def test_a_frame_gives_back_what_went_in(message: dict[str, object], blob: bytes) -> None:
    frame = wire.encode(message, blob)
    body, size = wire.lengths(frame[: wire.HEADER.size])
    rest = frame[wire.HEADER.size :]
    assert wire.decode(rest[:body]) == message
    assert rest[body:] == blob
    assert size == len(blob)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_refused_and_nothing_else(data: bytes) -> None:
    try:
        found = wire.decode(data)
    except wire.FrameError:
        return
    assert isinstance(json.loads(data), dict)
    assert found == json.loads(data)


@pytest.mark.parametrize("header", [b"\xff" * 8, b"\0\0\0\1\xff\0\0\0"])
def test_lengths_over_the_limits_are_refused(header: bytes) -> None:
    with pytest.raises(wire.FrameError):
        wire.lengths(header)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(wire.FrameError):
        wire.decode(b'{"a":' * 200_000)


def test_a_request_survives_the_way() -> None:
    request = Request(
        7,
        "describe",
        Lesson("a = 1", "b = '\ud83d'", "Ex()", "/data", 3),
        "c = 2",
        "c.py",
        Limits(1.5, 10, 20),
        (Expression(0, 1), Expression(2, 3, "signature")),
    )
    frame = wire.encode(wire.request_to_json(request))
    assert wire.request_from_json(wire.decode(frame[wire.HEADER.size :])) == request


def test_a_report_survives_the_way() -> None:
    feedback = (Feedback("sct/value", "no", "error", "submission", 1, 2), Feedback("a", "b"))
    report = Report(7, "failed", feedback, "out", True, "cuda", 0.5, ("a class", None))
    frame = wire.encode(wire.report_to_json(report))
    assert wire.report_from_json(wire.decode(frame[wire.HEADER.size :])) == report


class TestFrames:
    @given(
        messages=st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=4),
        cut=st.integers(0, 400),
        later=st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=3),
        size=st.integers(1, 50),
    )
    def test_another_host_may_begin_anywhere(
        self,
        messages: list[dict[str, object]],
        cut: int,
        later: list[dict[str, object]],
        size: int,
    ) -> None:
        """Of what was cut off, nothing is taken for a message; of what comes after, all is."""
        first = [wire.seal(message) for message in messages]
        data = b"".join(first)[:cut] + wire.SUCCESSION + b"".join(map(wire.seal, later))
        frames = wire.Frames()
        found: list[object] = []
        for at in range(0, len(data), size):
            found += frames.add(data[at : at + size])
        begun = found.index(None)
        assert found[:begun] == messages[:begun]
        assert found[begun + 1 :] == later

    def test_a_whole_frame_is_given_at_once(self) -> None:
        frame = wire.seal({"type": "pong"})
        frames = wire.Frames()
        assert list(frames.add(frame[:-1])) == []
        assert list(frames.add(frame[-1:] + frame)) == [{"type": "pong"}] * 2

    def test_a_damaged_frame_is_refused(self) -> None:
        frame = bytearray(wire.seal({"type": "pong"}))
        frame[-2] ^= 1
        with pytest.raises(wire.FrameError):
            list(wire.Frames().add(bytes(frame)))


class TestChannel:
    def test_carries_messages_blobs_and_descriptors(self) -> None:
        one, other = (Channel(end) for end in pair())
        reading, writing = os.pipe()
        blob = os.urandom(3_000_000)
        sending = threading.Thread(target=one.send, args=({"a": "é"}, blob, [writing]))
        sending.start()
        received = other.receive(timeout=10, with_descriptors=True)
        sending.join()
        assert (received.message, received.blob) == ({"a": "é"}, blob)
        os.close(writing)
        (copy,) = received.descriptors
        os.write(copy, b"x")
        assert os.read(reading, 1) == b"x"
        for descriptor in (copy, reading):
            os.close(descriptor)
        one.close()
        other.close()

    def test_a_silent_other_end_ends_the_wait(self) -> None:
        one, other = (Channel(end) for end in pair())
        with pytest.raises(TimeoutError):
            other.receive(timeout=0.01)
        one.close()
        other.close()

    def test_an_other_end_that_does_not_read_ends_the_wait(self) -> None:
        one, other = (Channel(end) for end in pair())
        with pytest.raises(TimeoutError):
            one.send({}, bytes(20_000_000), timeout=0.05)
        one.close()
        other.close()

    def test_a_closed_other_end_is_told(self) -> None:
        one, other = (Channel(end) for end in pair())
        one.close()
        with pytest.raises(ChannelClosed):
            other.receive(timeout=10)
        with pytest.raises(ChannelClosed):
            other.send({})
        other.close()

    def test_nonsense_is_refused(self) -> None:
        end, other = pair()
        end.sendall(wire.HEADER.pack(3, 0) + b"[1]")
        channel = Channel(other)
        with pytest.raises(wire.FrameError):
            channel.receive(timeout=10)
        end.close()
        channel.close()


def test_a_sealed_frame_carries_message_and_blob() -> None:
    frame = wire.seal({"a": "ä"}, b"blob")
    header, rest = frame[: wire.SEALED_HEADER.size], frame[wire.SEALED_HEADER.size :]
    assert wire.sealed_lengths(header)[0] == len(rest)
    assert wire.unseal(header, rest) == ({"a": "ä"}, b"blob")


def test_a_sealed_frame_shows_each_damaged_byte() -> None:
    frame = wire.seal({"a": 1}, b"blob")
    for place in range(len(frame)):
        damaged = bytearray(frame)
        damaged[place] ^= 4
        with pytest.raises(wire.FrameError, match="damaged"):
            wire.unseal(
                bytes(damaged[: wire.SEALED_HEADER.size]),
                bytes(damaged[wire.SEALED_HEADER.size :]),
            )
