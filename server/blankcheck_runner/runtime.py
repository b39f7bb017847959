"""What runs in a worker's process: the parts of an exercise and a submission, contained, and what
they are asked about afterwards.

The worker (`worker.py`) keeps the channel and the family of processes; each method here that takes
a message does what the operation of its name asks for, and returns its answer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blankcheck_runner import asking, crash, devices, limits, probing, processes, warming, wire
from blankcheck_runner.channel import Channel, write_position
from blankcheck_runner.course_data import copy_of_work
from blankcheck_runner.describe import describe
from blankcheck_runner.driver import holds_driver
from blankcheck_runner.execute import Program, Ran, chance_kept
from blankcheck_runner.judge import engine
from blankcheck_runner.judge.task import task_from_json
from blankcheck_runner.sandbox import privileges
from blankcheck_runner.sandbox.levels import Sandbox
from blankcheck_runner.seen import Watch


class Runtime:
    """The program of this process. `position`: the file where it writes which part and line runs.
    `workers`: how many children of this process are workers."""

    def __init__(
        self, sandbox: Sandbox, position: int, may_fork: bool, workers: Callable[[], int]
    ) -> None:
        self.sandbox = sandbox
        self.position = position
        self.begun = False
        """Whether code of others has run here."""
        self.device = os.environ.get(devices.CHOSEN, "cpu")
        """What the code runs on, by its name in here."""
        self._may_fork = may_fork
        self._workers = workers
        self._program = Program()
        self._given: dict[str, Any] = {}
        """The names, with their values, that the pre-exercise code left."""
        self._answers: dict[Any, Any] = {}
        """To probes, while this process is a reference: its state does not change any more."""
        self._asked: tuple[tuple[str, str | None], ...] = ()
        """What a check of the solution asks the learner's process for."""
        self._watch: Watch | None = None
        self._seen: list[dict[str, Any]] = []
        self._part: wire.Part = "pre_exercise_code"
        self._file = ""
        self._narrowed = ""
        """The directory that what runs here is kept in."""

    def bring(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Copies what is in a directory. The code that worked there is kept to what this process
        may reach, and the host is not."""
        try:
            copy_of_work(message["source"], message["directory"])
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return {"unable": os.strerror(error.errno)}
        return {}

    def execute(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Runs a text as a part of the program."""
        part: wire.Part = message["part"]
        first, self.begun = not self.begun, True
        if first and self.sandbox.allowed != "none":
            limits.limit_self(wire.Limits(**message["limits"]), self.device)
        try:
            self._contain(part, message["directory"], network=message["network"], first=first)
        except OSError as error:
            return {"unable": f"code cannot be contained here ({error})"}
        if first:
            self._program.begin(message["directory"], message["seed"])
            if message["device"]:
                self._program.bind_device(message["device"], self.device)
            if hasattr(signal, "SIGUSR1"):
                signal.signal(signal.SIGUSR1, self._tell_line)
        self._program.move(message["directory"])
        self._answers.clear()
        self._part, self._file = part, message["file"]
        watch = self._watch = Watch(self._program.namespace) if part == "submission" else None

        def at(line: int) -> None:
            if watch is not None:
                watch.before(line)
            write_position(self.position, part, line)

        begin = None if watch is None else watch.begin
        ran = self._program.execute(message["text"], message["file"], at, begin)
        if part == "pre_exercise_code":
            self._given = dict(self._program.namespace)
        return {
            "prints": [[printed.text, printed.line] for printed in ran.prints],
            "device": used_device(self.device),
            "alone": part != "submission" and self._alone(),
            **_crash(ran, self._program.texts),
        }

    def look_back(self) -> None:
        """Looks at what the names of a submission that ran hold: after the answer to `execute`,
        while others work with that."""
        watch, self._watch = self._watch, None
        if watch is not None:
            with contextlib.suppress(Exception):  # the code may have broken anything
                self._seen = watch.end()

    def seen(self) -> dict[str, Any]:
        """What was seen of the submission."""
        return {"seen": self._seen}

    def _contain(self, part: wire.Part, directory: str, *, network: bool, first: bool) -> None:
        """Keeps this process, from now on, within what a part may reach. Raises OSError."""
        group = str(Path(directory).parent)
        if first:
            self.sandbox.confine(group, network=network)
        if part in ("submission", "solution"):
            # A submission not to the directories of those who know the solution. And neither can
            # signal what it was forked from.
            self._narrow(directory if part == "submission" else group, network=network)
        if part == "solution" and not self.sandbox.landlock:  # which sees to it otherwise
            privileges.keep_to_itself()

    def _narrow(self, directory: str, *, network: bool) -> None:
        """Keeps what runs from now on in this directory. Raises OSError."""
        if self._narrowed != directory:
            self.sandbox.narrow(directory, network=network)
            self._narrowed = directory

    def _alone(self) -> bool:
        """Whether this process may be forked: one thread, no child, no CUDA context."""
        try:
            threads = len(list(Path("/proc/self/task").iterdir()))
        except OSError:
            threads = threading.active_count()
        others = len(processes.children("self")) - self._workers()
        return threads == 1 and others <= 0 and not holds_driver()

    def _tell_line(self, _: int, frame: types.FrameType | None) -> None:
        """Answers the host's signal at a deadline: which line of the code is it in?"""
        while frame is not None:
            if frame.f_code.co_filename == self._file:
                write_position(self.position, self._part, frame.f_lineno)
                return
            frame = frame.f_back

    def serve(self, descriptor: int) -> None:
        """Answers probes on a channel, until it is closed."""
        channel = Channel(socket.socket(fileno=descriptor))
        try:
            asking.serve(self._process(), channel)
        finally:
            channel.close()

    def judge(self, message: Mapping[str, Any], descriptor: int) -> dict[str, Any]:
        """Evaluates a task, with the channel that came along to the learner's process."""
        self._program.move(message["directory"])
        begun = time.monotonic()
        channel = Channel(socket.socket(fileno=descriptor))
        try:
            task, reference = task_from_json(message["task"]), self._process(self._answers)
            student = asking.RemoteProcess(channel)
            student.ask_ahead(asking.foreseen(self._asked, task.submission))
            judgement = engine.judge(task, student, reference)
        finally:
            channel.close()
        told = f"in {(time.monotonic() - begun) * 1000:.1f} ms; "
        told += f"student {student.tally}, reference {reference.tally}"
        return {"judgement": asdict(judgement), "trace": told}

    def rehearse(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluates a task with this process as the learner's too, so that what an evaluation
        needs is there when it counts."""
        self._program.move(message["directory"])
        process = self._process(self._answers)
        student = asking.Overheard(process)
        with chance_kept():
            engine.judge(task_from_json(message["task"]), student, process)
        self._asked = tuple(student.asked)
        return {"alone": self._alone()}

    def warm(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Makes this process ready for a submission: goes to where that may reach, and does a
        little of what code will do, so that the memory for it is there."""
        self._narrow(message["directory"], network=message["network"])
        self._program.move(message["directory"])
        values: dict[str, Any] = {}
        with chance_kept():
            if (torch := sys.modules.get("torch")) is not None:
                warming.exercise(torch, learn=self.device == "cpu")
                values = {"torch": torch}
            warming.run_for_nobody(values)
            asking.rehearse(values)
        return {"alone": self._alone()}

    def describe(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Runs the solution and says what stands at places in it."""
        self._program.move(message["directory"])
        expressions = [wire.Expression(**item) for item in message["expressions"]]
        phrases = describe(self._program, message["text"], message["file"], expressions)
        return {"descriptions": phrases}

    def _process(self, answers: dict[Any, Any] | None = None) -> probing.LocalProcess:
        """This process, as what is asked."""
        nothing = object()
        made = frozenset(
            name
            for name, value in self._program.namespace.items()
            if self._given.get(name, nothing) is not value and not name.startswith("__")
        )
        return probing.LocalProcess(
            self._program.namespace, made, may_fork=self._may_fork, answers=answers
        )


def _crash(ran: Ran, texts: Mapping[str, str]) -> dict[str, Any]:
    if ran.error is None:
        return {"crash": None}
    return {"crash": crash.crash_to_json(crash.observe(ran.error, texts))}


def used_device(chosen: str) -> str:
    """The device that was used here, by its name in here: the chosen one, or the CPU alone."""
    torch = sys.modules.get("torch")
    with contextlib.suppress(Exception):  # the code may have broken it
        if torch is not None and chosen == "cuda" and torch.cuda.is_initialized():
            return "cuda"
        if torch is not None and chosen == "mps" and torch.mps.current_allocated_memory():
            return "mps"
    return "cpu"
