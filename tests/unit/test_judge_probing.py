"""Asking a live namespace, here and behind a channel."""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blankcheck_runner.asking import (
    ANSWER_SECONDS,
    MAX_NAME,
    MAX_NAMES,
    RemoteProcess,
    serve,
)
from blankcheck_runner.channel import Channel
from blankcheck_runner.check import JUDGE_SECONDS
from blankcheck_runner.judge.task import Probe, Process
from blankcheck_runner.probing import LocalProcess


def namespace() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("items = [1]\nfactor = 2\ndef times(x): return x * factor", names)
    names["kept"] = filter(None, [0, 1, 2])
    return names


@pytest.fixture(params=["here", "without fork", "behind a channel"])
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    local = LocalProcess(
        namespace(), frozenset({"items"}), may_fork=request.param != "without fork"
    )
    if request.param != "behind a channel":
        yield local
        return
    mine, theirs = socket.socketpair()
    answering = threading.Thread(target=serve, args=(local, Channel(theirs)))
    answering.start()
    yield RemoteProcess(Channel(mine))
    mine.close()
    answering.join()
    theirs.close()


def test_answers(process: Process) -> None:
    assert process.names() == {"items"}
    assert process.probe(Probe("items")).value == [1]
    assert process.probe(Probe("x = 3\nx + 1")).value == 4
    assert process.probe(Probe("x = 3", name="x")).value == 3
    assert process.probe(Probe("x = 3")).value is None
    assert process.probe(Probe("print(items)")).output == "[1]\n"


def test_setup_and_bindings(process: Process) -> None:
    probe = Probe(
        "print(n)\ntimes(n)", setup="print('no')\nn += 1", bindings={"n": 1, "factor": 10}
    )
    observed = process.probe(probe)
    assert (observed.value, observed.output) == (20, "2\n")
    assert process.probe(Probe("times(1)")).value == 2


@pytest.mark.parametrize(
    ("code", "raised"),
    [("1 / 0", "ZeroDivisionError"), ("nothing", "NameError"), ("x = (", "SyntaxError")],
)
def test_exceptions_are_told(process: Process, code: str, raised: str) -> None:
    observed = process.probe(Probe(code))
    assert observed.raised is not None
    assert observed.raised.type == raised
    assert observed.value is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_changes_are_not_seen_later() -> None:
    process = LocalProcess(namespace(), frozenset())
    assert process.probe(Probe("items.append(2)\nitems")).value == [1, 2]
    assert process.probe(Probe("items")).value == [1]
    first, second = process.probe(Probe("kept")).value, process.probe(Probe("kept")).value
    assert first == second
    assert first.content == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("code", "raised"),
    [("while True: pass", "TimeoutError"), ("import os\nos._exit(0)", "ProcessDied")],
)
def test_probes_that_do_not_come_back(code: str, raised: str) -> None:
    observed = LocalProcess(namespace(), frozenset()).probe(Probe(code, seconds=0.5))
    assert observed.raised is not None
    assert observed.raised.type == raised


LIES: list[dict[str, Any]] = [
    {},
    {"tree": 1},
    {"tree": ["no such", []], "output": "", "raised": None},
    {"tree": 1, "output": 3, "raised": None},
    {"tree": 1, "output": "", "raised": ["TypeError"]},
    {"tree": 1, "output": "", "raised": [1, 2]},
    {"names": [1, None]},
]


@pytest.mark.parametrize("answer", LIES)
def test_lies_do_no_harm(answer: dict[str, Any]) -> None:
    mine, theirs = socket.socketpair()
    lying = Channel(theirs)
    lying.send(answer)
    lying.send(answer)
    process = RemoteProcess(Channel(mine))
    assert process.names() == frozenset()
    observed = process.probe(Probe("x"))
    assert observed.raised is not None or type(observed.value).__name__ == "Opaque"
    mine.close()
    theirs.close()


def test_dead_process_is_told() -> None:
    mine, theirs = socket.socketpair()
    theirs.close()
    process = RemoteProcess(Channel(mine))
    for _ in range(2):
        raised = process.probe(Probe("x")).raised
        assert raised is not None
        assert raised.type == "ProcessDied"
    assert process.names() == frozenset()
    mine.close()


def test_time_for_all_answers_is_limited() -> None:
    mine, theirs = socket.socketpair()
    process = RemoteProcess(Channel(mine), seconds=0.05)
    assert process.probe(Probe("x")).raised is not None
    mine.close()
    theirs.close()


def test_however_much_is_asked_ahead_is_answered() -> None:
    """Large answers, and more questions than fit into the channel."""
    names: dict[str, Any] = {f"v{number}": f"{number}" * 5_000 for number in range(1000)}
    mine, theirs = socket.socketpair()
    local = LocalProcess(names, frozenset())
    answering = threading.Thread(target=serve, args=(local, Channel(theirs)))
    answering.start()
    process = RemoteProcess(Channel(mine))
    process.ask_ahead([(name, None) for name in names])
    assert process.probe(Probe("v40")).value == names["v40"]
    assert process.probe(Probe("v40 + '!'")).value == names["v40"] + "!"
    assert process.names() == set()
    for name in ("v999", "v41", "v0"):
        assert process.probe(Probe(name)).value == names[name]
    mine.close()
    answering.join()
    theirs.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_descriptors_that_come_with_answers_are_not_kept() -> None:
    mine, theirs = socket.socketpair()
    body = b'{"tree": 1, "output": "", "raised": null}'
    frame = struct.pack("!II", len(body), 0) + body
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 8))]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(8):
        theirs.sendmsg([frame[number : number + 1]], rights)
    theirs.sendall(frame[8:])
    assert RemoteProcess(Channel(mine)).probe(Probe("y")).value == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    mine.close()
    theirs.close()


def test_names_without_end_are_not_all_taken() -> None:
    mine, theirs = socket.socketpair()
    names = [1, "y", "n" * 10**6, *map(str, range(10**5))]
    told = {"names": names}
    telling = threading.Thread(target=Channel(theirs).send, args=(told,))
    telling.start()
    found = RemoteProcess(Channel(mine)).names()
    telling.join()
    assert "y" in found
    assert len(found) <= MAX_NAMES and max(map(len, found)) <= MAX_NAME
    mine.close()
    theirs.close()


def test_who_dawdles_is_given_up_before_the_judge_is() -> None:
    assert ANSWER_SECONDS + 7 < JUDGE_SECONDS
