"""Answering probes: a live namespace as the judge's `Process` (`asking`: behind a channel).

What the probed code changes is not seen later: anything but looking up a name runs in a fork, where
there is one. Values always pass through `observation`, so that the learner's side and the
reference's side are alike.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import itertools
import os
import random
import select
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from blankcheck_runner import limits, wire
from blankcheck_runner.driver import holds_driver
from blankcheck_runner.harmless import only_looks
from blankcheck_runner.judge import signature
from blankcheck_runner.judge.task import Observed, Probe, Raised
from blankcheck_runner.observation import InstanceValue, Observation, observe, rebuild
from blankcheck_runner.observation.revival import placed

MAX_OUTPUT = 200_000
MAX_MESSAGE = 2_000
MAX_ITEMS = 1_000
"""Items that are taken from an iterator."""
MAX_KEPT = 500
"""Answers that are kept of one process."""
Look = tuple[str, "str | None"]
"""The code and the name of a probe that is no more than that."""
_ITERATORS: tuple[type, ...] = (filter, map, zip, enumerate, reversed, type(_ for _ in ()))


@dataclass(frozen=True)
class Answer:
    """An answer to a probe as it travels."""

    observation: Observation
    output: str = ""
    raised: Raised | None = None

    def observed(self) -> Observed:
        """The answer with its value."""
        return Observed(rebuild(self.observation), self.output, self.raised)


@dataclass
class Tally:
    """How many questions were asked of a process, and how long the answers took."""

    questions: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Counts a question."""
        self.questions += 1
        self.seconds += seconds

    def __str__(self) -> str:
        return f"{self.questions} questions {self.seconds * 1000:.1f} ms"


class LocalProcess:
    """The namespace of code that has run in this process."""

    def __init__(
        self,
        namespace: dict[str, Any],
        made: frozenset[str],
        *,
        may_fork: bool = True,
        answers: dict[tuple[object, ...], Answer] | None = None,
    ) -> None:
        """`answers`: where those that took a fork are kept for the next one to ask."""
        self._namespace = namespace
        self._made = made
        self._may_fork = may_fork and hasattr(os, "fork")
        self._answers = answers
        self.tally = Tally()

    def names(self) -> frozenset[str]:
        """The global names that the code made or assigned anew."""
        return self._made

    def probe(self, probe: Probe) -> Observed:
        """Answers a probe."""
        begun = time.monotonic()
        observed = self.answer(probe).observed()
        self.tally.add(time.monotonic() - begun)
        return observed

    def answer(self, probe: Probe) -> Answer:
        """Answers a probe, for sending on."""
        if not self._may_fork or holds_driver():
            return _answer_here(self._namespace, probe)
        bare = not probe.setup and not probe.bindings
        if bare and only_looks(probe.code, probe.name, self._namespace):
            answer = _answer_here(dict(self._namespace), probe)
            if not _holds_iterator(answer):
                return answer
        key = (probe.code, probe.name, probe.setup)
        known = self._answers if not probe.bindings else None
        if known is not None and key in known:
            return known[key]
        try:
            answer = _answer_in_fork(self._namespace, probe)
        except _CannotFork:
            return _answer_here(self._namespace, probe)
        if known is not None and len(known) < MAX_KEPT:
            known[key] = answer
        return answer


def look_of(probe: Probe) -> Look | None:
    """The probe, if it is an expression or a name and no more."""
    bare = not probe.setup and not probe.bindings and (probe.name is None or not probe.code)
    return (probe.code, probe.name) if bare else None


def _answer_here(namespace: dict[str, Any], probe: Probe) -> Answer:
    """Runs the probe in this process and puts the names back."""
    kept = dict(namespace)
    output = io.StringIO()
    try:
        namespace.update(placed(dict(probe.bindings)))
        namespace[signature.PROBED] = signature.forms
        with contextlib.redirect_stdout(output):
            value = _evaluate(namespace, probe, output)
        return Answer(observe(value, namespace), _shortened(output))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Answer(observe(None), _shortened(output), _raised(error))
    finally:
        namespace.clear()
        namespace.update(kept)


def _holds_iterator(answer: Answer) -> bool:
    """Whether the value is one that only shows what is in it by being used up."""
    match answer.observation.tree:
        case ["Opaque", {"type": kind, "module": "builtins"}]:
            return kind in [each.__qualname__ for each in _ITERATORS]
        case _:
            return False


def _answer_in_child(namespace: dict[str, Any], probe: Probe) -> Answer:
    output = io.StringIO()
    try:
        namespace.update(placed(dict(probe.bindings)))
        namespace[signature.PROBED] = signature.forms
        with contextlib.redirect_stdout(output):
            value = _evaluate(namespace, probe, output)
            if isinstance(value, _ITERATORS):
                items = list(itertools.islice(cast("Iterator[Any]", value), MAX_ITEMS))
                value = InstanceValue(type(value).__qualname__, "builtins", {}, items)
        return Answer(observe(value, namespace), _shortened(output))
    except BaseException as error:
        return Answer(observe(None), _shortened(output), _raised(error))


def _evaluate(namespace: dict[str, Any], probe: Probe, output: io.StringIO) -> Any:
    if probe.setup:
        exec(compile(probe.setup, "<setup>", "exec"), namespace)
        output.seek(0)
        output.truncate()
    tree = ast.parse(probe.code, "<probe>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<probe>", "exec"), namespace)
    value = None
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "<probe>", "eval"), namespace)
    if probe.name is None:
        return value
    if probe.name not in namespace:
        raise NameError(f"name {probe.name!r} is not defined")
    return namespace[probe.name]


class _CannotFork(Exception):
    """The system has no process or descriptor left for this one."""


def _answer_in_fork(namespace: dict[str, Any], probe: Probe) -> Answer:
    try:
        reading, writing = os.pipe()
    except OSError:
        raise _CannotFork from None
    chance, parent = random.getstate(), os.getpid()
    with warnings.catch_warnings():
        # Python warns of threads; the child only runs this one, with torch's own threads off.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            child = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise _CannotFork from None
    if child == 0:
        random.setstate(chance)  # Python gives each fork another seed
        status = 1
        try:
            os.close(reading)
            # Whoever asked may be killed; what it asked for may never end.
            limits.die_with_parent(parent)
            _settle_in_child()
            answer = _answer_in_child(namespace, probe)
            try:
                frame = wire.encode(*written(answer))
            except wire.FrameError:
                frame = wire.encode(*written(too_large()))
            with open(writing, "wb", closefd=False) as pipe:
                pipe.write(frame)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    try:
        frame = _read_frame(reading, time.monotonic() + probe.seconds)
    except TimeoutError:
        return _failed("TimeoutError", f"it did not end within {probe.seconds:g} seconds")
    except wire.FrameError:
        return _failed("ProcessDied", "the process ended before it was done")
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
    return read_answer(*frame)


def _settle_in_child() -> None:
    """Makes a fresh fork safe to run code in: nothing reaches the real output, and torch keeps to
    one thread (its thread pool does not survive a fork)."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    gc.disable()  # a collection would copy every page that it touches
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _read_frame(descriptor: int, deadline: float) -> tuple[dict[str, Any], bytes]:
    """The one frame that a fork writes. Not to the pipe's end: what the fork itself started may
    still hold it open."""
    body, blob = wire.lengths(_read(descriptor, wire.HEADER.size, deadline))
    message = wire.decode(_read(descriptor, body, deadline))
    return message, _read(descriptor, blob, deadline)


def _read(descriptor: int, count: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        piece = os.read(descriptor, min(2**18, count - len(data)))
        if not piece:
            raise wire.FrameError("frame cut short")
        data += piece
    return bytes(data)


def written(answer: Answer) -> tuple[dict[str, Any], bytes]:
    """An answer as a message."""
    raised = None if answer.raised is None else [answer.raised.type, answer.raised.message]
    message = {"tree": answer.observation.tree, "output": answer.output, "raised": raised}
    return message, answer.observation.blob


def read_answer(message: Mapping[str, Any], blob: bytes) -> Answer:
    """The answer in a message, whatever the message holds."""
    output, raised = message.get("output"), message.get("raised")
    if "tree" not in message or not isinstance(output, str):
        return _failed("ProcessDied", "the process gave no answer that makes sense")
    testimony: Raised | None = None
    if raised is not None:
        pair = cast("list[object]", raised) if isinstance(raised, list) else []
        if len(pair) != 2 or not all(isinstance(item, str) for item in pair):
            return _failed("ProcessDied", "the process gave no answer that makes sense")
        testimony = Raised(str(pair[0])[:200], str(pair[1])[:MAX_MESSAGE])
    return Answer(Observation(message["tree"], blob), output[:MAX_OUTPUT], testimony)


def _failed(kind: str, message: str) -> Answer:
    return Answer(observe(None), "", Raised(kind, message))


def too_large() -> Answer:
    """The answer in place of one that fits into no message."""
    return _failed("OverflowError", "the value is too large to be looked at")


def _shortened(output: io.StringIO) -> str:
    return output.getvalue()[:MAX_OUTPUT]


def _raised(error: BaseException) -> Raised:
    try:
        message = str(error)
    except BaseException:
        message = ""
    return Raised(type.__getattribute__(type(error), "__name__"), message[:MAX_MESSAGE])
