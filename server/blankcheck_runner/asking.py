"""The judge's end of a channel to a process that answers probes, and that process's end.

What comes over the channel is testimony: a dead or lying process gives `Raised`, never an exception
in the judge. What will be asked for is asked ahead, so that the process works while its answers are
used.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, cast

from blankcheck_runner import wire
from blankcheck_runner.channel import Channel, ChannelClosed
from blankcheck_runner.judge.task import Observed, Probe, Process, Raised
from blankcheck_runner.observation import Observation, observe, rebuild
from blankcheck_runner.observation.revival import NotRevivable, placed
from blankcheck_runner.probing import (
    LocalProcess,
    Look,
    Tally,
    look_of,
    read_answer,
    too_large,
    written,
)

ANSWER_SECONDS = 20.0
"""For all answers of a process. Less than the judge has, who is not to blame for the process."""
MOST_AHEAD = 32
MAX_AHEAD = 500
"""Of what is asked ahead at once: how many, and how long the code of each. It has to fit into the
channel, as the process may have to write an answer before it reads the next question."""
MAX_NAMES, MAX_NAME = 10_000, 200
"""How many names a process may have made, and how long each: the judge looks for near ones."""


class RemoteProcess:
    """The judge's end of a channel to a process that answers with `serve`."""

    def __init__(self, channel: Channel, seconds: float = ANSWER_SECONDS) -> None:
        self._channel = channel
        self._foreseen: deque[Look] = deque()
        """What is still to be asked ahead."""
        self._asked: deque[Look] = deque()
        """What was asked for and not yet answered."""
        self._early: dict[Look, Observed] = {}
        """Answers that came before they were asked for."""
        self._left = seconds
        """Time for all answers together, so that a process that dawdles cannot hold the judge."""
        self._dead: str | None = None
        self._names: frozenset[str] | None = None
        self.tally = Tally()

    def names(self) -> frozenset[str]:
        """The global names that the code made or assigned anew, as that process says."""
        if self._names is None:
            message, _ = self._ask({"ask": "names"}, b"", 5.0)
            found = message.get("names")
            items = cast("list[object]", found)[:MAX_NAMES] if isinstance(found, list) else []
            self._names = frozenset(
                name for name in items if isinstance(name, str) and len(name) <= MAX_NAME
            )
        return self._names

    def probe(self, probe: Probe) -> Observed:
        """Asks the process; whatever goes wrong there is told as an exception that was raised."""
        if (look := look_of(probe)) is not None:
            self._receive_until(look)
            if look in self._early:
                return self._early[look]
        try:
            bound = observe(placed(dict(probe.bindings)))
        except NotRevivable as error:
            return Observed(raised=Raised("NotRevivable", str(error)))
        message, blob = self._ask(_question(probe, bound.tree), bound.blob, probe.seconds + 2.0)
        if self._dead is not None:
            return Observed(raised=Raised("ProcessDied", self._dead))
        return read_answer(message, blob).observed()

    def ask_ahead(self, foreseen: Iterable[Look]) -> None:
        """Asks for what will be wanted, so that the process works while its answers are used."""
        self._foreseen.extend(foreseen)
        self._ask_more()

    def _ask_more(self) -> None:
        while self._foreseen and len(self._asked) < MOST_AHEAD and self._dead is None:
            look = self._foreseen.popleft()
            question = _question(Probe(*look), observe({}).tree)
            try:
                self._channel.send(question, b"", timeout=5.0)
            except (ChannelClosed, wire.FrameError, OSError) as error:
                self._died(error)
            self._asked.append(look)

    def _receive_until(self, look: Look | None) -> None:
        """Takes the answers to what was asked ahead: up to that one, or all of them."""
        while self._asked and self._dead is None and look not in self._early:
            if look is not None and look not in self._asked and look not in self._foreseen:
                return
            message, blob = self._received(7.0)
            answer = read_answer(message, blob).observed()
            if self._dead is not None:
                answer = Observed(raised=Raised("ProcessDied", self._dead))
            self._early[self._asked.popleft()] = answer
            if look is not None:
                self._ask_more()

    def _died(self, error: Exception) -> None:
        self._dead = f"the submission's process does not answer any more ({error})"

    def _received(self, seconds: float) -> tuple[Mapping[str, Any], bytes]:
        started = time.monotonic()
        try:
            received = self._channel.receive(timeout=max(0.001, min(seconds, self._left)))
        except (ChannelClosed, wire.FrameError, OSError) as error:
            self._died(error)
            return {}, b""
        finally:
            spent = time.monotonic() - started
            self._left -= spent
            self.tally.add(spent)
        return received.message, received.blob

    def _ask(
        self, question: Mapping[str, Any], blob: bytes, seconds: float
    ) -> tuple[Mapping[str, Any], bytes]:
        self._receive_until(None)
        if self._dead is not None:
            return {}, b""
        started = time.monotonic()
        try:
            self._channel.send(question, blob, timeout=max(0.001, min(seconds, self._left)))
        except (ChannelClosed, wire.FrameError, OSError) as error:
            self._died(error)
            return {}, b""
        finally:
            self._left -= time.monotonic() - started
        return self._received(seconds)


class Overheard:
    """A process, with a note of what it was asked for."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.asked: dict[Look, None] = {}

    def names(self) -> frozenset[str]:
        """The process's."""
        return self._process.names()

    def probe(self, probe: Probe) -> Observed:
        """The process's answer."""
        if (look := look_of(probe)) is not None:
            self.asked[look] = None
        return self._process.probe(probe)


def foreseen(asked: Iterable[Look], submission: str) -> list[Look]:
    """Of what a check of the solution asks for: what a check of the submission may be asked to
    answer. Names, and the submission's own expressions; never the solution's."""
    own = "".join(submission.split())
    return [
        look
        for look in asked
        if len(look[0]) <= MAX_AHEAD and (look[0].isidentifier() or "".join(look[0].split()) in own)
    ]


def _question(probe: Probe, bindings: Any) -> dict[str, Any]:
    return {
        "ask": "probe",
        "code": probe.code,
        "name": probe.name,
        "setup": probe.setup,
        "seconds": probe.seconds,
        "bindings": bindings,
    }


def serve(process: LocalProcess, channel: Channel) -> None:
    """Answers questions on the channel until it is closed."""
    with contextlib.suppress(ChannelClosed, wire.FrameError):
        while True:
            message, blob, _ = channel.receive()
            if message.get("ask") == "names":
                channel.send({"names": sorted(process.names())})
                continue
            bindings = rebuild(Observation(message["bindings"], blob))
            answer = process.answer(
                Probe(
                    message["code"],
                    message["name"],
                    message["setup"],
                    cast("dict[str, Any]", bindings) if isinstance(bindings, dict) else {},
                    message["seconds"],
                )
            )
            try:
                channel.send(*written(answer))
            except wire.FrameError:
                channel.send(*written(too_large()))


def rehearse(namespace: dict[str, Any]) -> None:
    """Answers probes of this namespace for nobody, so that it is quicker when it counts."""
    process = LocalProcess(namespace, frozenset(namespace))
    for code in ("value", "abs(value)"):
        wire.encode(*written(process.answer(Probe(code))))
