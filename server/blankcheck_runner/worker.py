"""The worker: a process with some code run in it, obeying a few messages on its channel.

Every process below the host is one: the zygote has run nothing, a student the pre-exercise code
and the submission, a reference the pre-exercise code and the solution. What a worker says is
testimony to the host, never evidence: the learner's code shares its process.

Messages have an `op` and an `id`; the answer bears the same `id`, and `error` where the worker
itself failed. `exited` comes without being asked.

- `ready`: the versions of Python and torch, once the worker is warm.
- `fork`: makes a worker in this state, on the channel, output and position that come with it.
- `split`: makes one that is a child of the host, in namespaces of its own, and outlives this one.
- `heir`: splits off one that is to take the host's place; it holds what comes along for that.
- `stand_in`: has the heir be the stem, which has ended.
- `execute`: runs a text as a part.
- `serve`: answers probes on the channel that comes along, until it is closed.
- `judge`: evaluates a task, with the channel that comes along to the learner's process.
- `rehearse`: evaluates a task with this process as the learner's too, so that what an evaluation
  needs is there when it counts.
- `warm`: makes this process ready for a submission: goes to where that may reach, and does a little
  of what code will do, so that the memory for it is there.
- `describe`: runs the solution and says what stands at places in it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import platform
import random
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from blankcheck_runner import crash, devices, limits, processes, succession, warming, wire
from blankcheck_runner.channel import Channel, ChannelClosed, Received, close_all
from blankcheck_runner.driver import holds_driver
from blankcheck_runner.execute import Program, Ran, chance_kept
from blankcheck_runner.judge.task import Printed, Raised, Task
from blankcheck_runner.sandbox import levels, namespaces, privileges
from blankcheck_runner.sandbox.levels import Sandbox
from blankcheck_runner.seen import Watch

POSITION = struct.Struct("!II")
"""What a worker writes at the start of its position file: number of the part, line; both from 1."""
PARTS: tuple[wire.Part, ...] = ("pre_exercise_code", "submission", "solution", "sct")

_POLL = 0.02
_HANDOVER = 0.0005


class Worker:
    """This process's one worker."""

    def __init__(self, channel: Channel, position: int, may_fork: bool, sandbox: Sandbox) -> None:
        self._channel = channel
        self._sandbox = sandbox
        self._separate = False
        """Whether this process is in namespaces of its own."""
        self._position = position
        self._may_fork = may_fork
        self._children: dict[int, int | None] = {}
        """The workers forked from here: their pid, and a descriptor that tells of their end."""
        self._program = Program()
        self.begun = False
        """Whether code of others has run here."""
        self._given: dict[str, Any] = {}
        """The names, with their values, that the pre-exercise code left."""
        self._answers: dict[Any, Any] = {}
        """To probes, while this process is a reference: its state does not change any more."""
        self._asked: tuple[tuple[str, str | None], ...] = ()
        """What a check of the solution asks the learner's process for."""
        self._torch: dict[str, str | None] = {}
        self._device = os.environ.get(devices.CHOSEN, "cpu")
        """What the code runs on, by its name in here."""
        self._claim: succession.Claim | None = None
        """If this process is the host's heir."""
        self._part = 0
        self._file = ""
        self._narrowed = ""
        """The directory that what runs here is kept in."""

    def run(self) -> None:
        """Warms this process up, then obeys until the channel closes."""
        self._torch = warming.warm_up(self._device)
        # What every check needs of ours, before anything is forked.
        for module in ("probing", "judge.engine", "describe"):
            importlib.import_module(f"blankcheck_runner.{module}")
        gc.collect()
        gc.freeze()
        while True:
            with contextlib.suppress(ChannelClosed):
                while True:
                    self._wait()
                    self._obey(self._channel.receive())
            if self._claim is None:
                return
            self._succeed(self._claim)

    def _wait(self) -> None:
        """Waits for a message; meanwhile tells of children that ended."""
        while True:
            watched = [fd for fd in self._children.values() if fd is not None]
            poll = _POLL if len(watched) < len(self._children) else None
            ready, _, _ = select.select([self._channel, *watched], [], [], poll)
            for pid, descriptor in list(self._children.items()):
                if descriptor is None or descriptor in ready:
                    self._reap(pid, descriptor)
            if self._channel in ready:
                return

    def _reap(self, pid: int, descriptor: int | None) -> None:
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended, status = pid, 0
        if not ended:
            return
        del self._children[pid]
        if descriptor is not None:
            os.close(descriptor)
        self._channel.send(
            {"op": "exited", "pid": pid, "status": os.waitstatus_to_exitcode(status)}
        )

    def _obey(self, received: Received) -> None:
        message = received.message
        op, number = message["op"], message["id"]
        try:
            if op == "fork":
                # In the child, the channel is another one and nobody awaits an answer on it.
                answer = self._fork(received.descriptors)
                if answer is None:
                    return
            elif op == "split":
                answer = self._split(received.descriptors, message["host"])
                if answer is None:
                    return
            elif op == "heir":
                answer = self._split(received.descriptors, message["host"], message["guard"])
                if answer is None:
                    return
            elif op == "stand_in":
                answer = self._stand_in()
            elif op == "execute":
                answer = self._execute(message)
            elif op == "serve":
                self._channel.send({"id": number})
                self._serve(received.descriptors[0])
                return
            elif op == "judge":
                answer = self._judge(message, received.descriptors[0])
            elif op == "rehearse":
                answer = self._rehearse(message)
            elif op == "warm":
                answer = self._warm(message)
            elif op == "describe":
                answer = self._describe(message)
            else:
                answer = self._ready()
        except ChannelClosed:
            raise
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        self._channel.send({"id": number, **answer})

    def _ready(self) -> dict[str, Any]:
        return {
            "python": platform.python_version(),
            "executable": sys.executable,
            "pid": os.getpid(),
            "separate": self._separate,
            "sandbox": self._sandbox.level,
            "sandbox_missing": self._sandbox.missing,
            **self._torch,
        }

    def _fork(self, descriptors: tuple[int, ...]) -> dict[str, Any] | None:
        parent = os.getpid()
        # What a child leaves goes to those who look for it.
        limits.adopt_orphans(adopt=False)
        _flush()
        gc.freeze()
        chance = random.getstate()
        pid = os.fork()
        if pid:
            close_all(descriptors)
            self._children[pid] = _exit_descriptor(pid)
            return {"pid": pid}
        random.setstate(chance)  # Python gives each fork another seed
        os.setsid()
        limits.die_with_parent(parent)
        limits.adopt_orphans()
        self._take_over(descriptors)
        return None

    def _split(
        self, descriptors: tuple[int, ...], host: int, guard: int | None = None
    ) -> dict[str, Any] | None:
        """Forks one that is a child of the host; with a `guard` of that, its heir."""
        reading, writing = os.pipe()
        between = os.fork()
        if between:
            close_all((writing, *descriptors))
            with os.fdopen(reading, "rb") as pipe:
                pid = int(pipe.read())
            os.waitpid(between, 0)
            return {"pid": pid}
        between = os.getpid()
        pid = os.fork()
        if pid:
            os.write(writing, str(pid).encode())
            os._exit(0)
        close_all((reading, writing))
        os.setsid()
        while os.getppid() == between:
            time.sleep(_HANDOVER)
        if guard is not None:
            *own, source, target, errors, will = descriptors
            streams = (source, target, errors)
            self._claim = succession.Claim(guard, host, streams, succession.Will(will))
            privileges.keep_to_itself()
            self._take_over(tuple(own))
            return None
        if os.getppid() == host:  # else it cannot adopt, and its end of the channel has to do
            limits.die_with_parent(host)
        self._take_over(descriptors)
        limits.end_before_others()
        try:
            self.separate()
        except OSError:
            traceback.print_exc()
            os._exit(1)
        return None

    def _stand_in(self) -> dict[str, Any]:
        if self._claim is not None:
            limits.die_with_parent(self._claim.host)
            self._claim.give_up()
            self._claim = None
            privileges.keep_to_itself(keep=False)
        return {}

    def _succeed(self, claim: succession.Claim) -> None:
        """Goes on as the stem of the next host."""
        stem = succession.succeed(claim, self._sandbox.scratch)
        self._claim = None
        privileges.keep_to_itself(keep=False)
        self._sandbox = replace(self._sandbox, scratch=stem.scratch)
        os.chdir(stem.scratch)
        os.environ["HOME"] = os.environ["TMPDIR"] = stem.scratch
        tempfile.tempdir = None
        self._take_over(stem.descriptors)

    def separate(self) -> None:
        """Goes on in namespaces, where the sandbox has such. Raises OSError."""
        if self._sandbox.namespaces:
            namespaces.enter(self._sandbox.scratch, levels.needed())
            self._separate = True

    def _take_over(self, descriptors: tuple[int, ...]) -> None:
        """Makes this forked process a worker of its own."""
        channel, output, position = descriptors
        self._channel.close()
        close_all([fd for fd in self._children.values() if fd is not None])
        close_all([self._position])
        self._children = {}
        self._channel = Channel(socket.socket(fileno=channel))
        self._position = position
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)

    def _execute(self, message: Mapping[str, Any]) -> dict[str, Any]:
        part: wire.Part = message["part"]
        group = str(Path(message["directory"]).parent)
        if not self.begun:
            self.begun = True
            if self._sandbox.allowed != "none":
                limits.limit_self(wire.Limits(**message["limits"]), self._device)
            try:
                self._sandbox.confine(group, network=message["network"])
            except OSError as error:
                return {"unable": f"code cannot be contained here ({error})"}
            self._program.begin(message["directory"], message["seed"])
            if message["device"]:
                self._program.bind_device(message["device"], self._device)
            if hasattr(signal, "SIGUSR1"):
                signal.signal(signal.SIGUSR1, self._tell_line)
        if part in ("submission", "solution"):
            # A submission not to the directories of those who know the solution. And neither can
            # signal what it was forked from.
            reach = message["directory"] if part == "submission" else group
            try:
                self._narrow(reach, network=message["network"])
            except OSError as error:
                return {"unable": f"code cannot be contained here ({error})"}
        if part == "solution" and not self._sandbox.landlock:  # which sees to it otherwise
            privileges.keep_to_itself()
        self._program.move(message["directory"])
        self._answers.clear()
        self._part = number = PARTS.index(part) + 1
        self._file = message["file"]
        seen = Watch(message["text"], self._program.namespace) if part == "submission" else None

        def at(line: int) -> None:
            if seen is not None:
                seen.before(line)
            self._at(number, line)

        ran = self._program.execute(message["text"], message["file"], at)
        if part == "pre_exercise_code":
            self._given = dict(self._program.namespace)
        return {
            "prints": [[printed.text, printed.line] for printed in ran.prints],
            "device": used_device(self._device),
            "alone": part != "submission" and self._alone(),
            "seen": [] if seen is None else seen.end(),
            **_crash(ran, self._program.texts),
        }

    def _narrow(self, directory: str, *, network: bool) -> None:
        """Keeps what runs from now on in this directory. Raises OSError."""
        if self._narrowed != directory:
            self._sandbox.narrow(directory, network=network)
            self._narrowed = directory

    def _alone(self) -> bool:
        """Whether this process may be forked: one thread, no child, no CUDA context."""
        try:
            threads = len(list(Path("/proc/self/task").iterdir()))
        except OSError:
            threads = threading.active_count()
        others = len(processes.children("self")) - len(self._children)
        return threads == 1 and others <= 0 and not holds_driver()

    def _tell_line(self, _: int, frame: types.FrameType | None) -> None:
        """Answers the host's signal at a deadline: which line of the code is it in?"""
        while frame is not None:
            if frame.f_code.co_filename == self._file:
                self._at(self._part, frame.f_lineno)
                return
            frame = frame.f_back

    def _at(self, part: int, line: int) -> None:
        with contextlib.suppress(OSError):
            os.pwrite(self._position, POSITION.pack(part, line), 0)

    def _serve(self, descriptor: int) -> None:
        from blankcheck_runner import asking

        channel = Channel(socket.socket(fileno=descriptor))
        try:
            asking.serve(self._process(), channel)
        finally:
            channel.close()

    def _judge(self, message: Mapping[str, Any], descriptor: int) -> dict[str, Any]:
        from blankcheck_runner import asking
        from blankcheck_runner.judge import engine

        self._program.move(message["directory"])
        begun, worked = time.monotonic(), time.process_time()
        channel = Channel(socket.socket(fileno=descriptor))
        try:
            task, reference = task_from_json(message["task"]), self._process(self._answers)
            asked = asking.foreseen(self._asked, task.submission)
            student = asking.RemoteProcess(channel, foreseen=asked)
            judgement = engine.judge(task, student, reference)
        finally:
            channel.close()
        spent, worked = time.monotonic() - begun, time.process_time() - worked
        told = f"in {spent * 1000:.1f} ms, {worked * 1000:.1f} of work; "
        told += f"student {student.tally}, reference {reference.tally}"
        return {"judgement": asdict(judgement), "trace": told}

    def _rehearse(self, message: Mapping[str, Any]) -> dict[str, Any]:
        from blankcheck_runner import asking
        from blankcheck_runner.judge import engine

        self._program.move(message["directory"])
        process = self._process(self._answers)
        student = asking.Overheard(process)
        with chance_kept():
            engine.judge(task_from_json(message["task"]), student, process)
        self._asked = tuple(student.asked)
        return {"alone": self._alone()}

    def _warm(self, message: Mapping[str, Any]) -> dict[str, Any]:
        from blankcheck_runner import asking

        self._narrow(message["directory"], network=message["network"])
        self._program.move(message["directory"])
        values: dict[str, Any] = {}
        with chance_kept():
            if (torch := sys.modules.get("torch")) is not None:
                warming.exercise(torch, learn=self._device == "cpu")
                values = {"torch": torch}
            warming.run_for_nobody(values)
            asking.rehearse(values)
        return {"alone": self._alone()}

    def _describe(self, message: Mapping[str, Any]) -> dict[str, Any]:
        from blankcheck_runner.describe import describe

        self._program.move(message["directory"])
        expressions = [wire.Expression(**item) for item in message["expressions"]]
        phrases = describe(self._program, message["text"], message["file"], expressions)
        return {"descriptions": phrases}

    def _process(self, answers: dict[Any, Any] | None = None) -> Any:
        from blankcheck_runner import probing

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


def _exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def task_from_json(data: Mapping[str, Any]) -> Task:
    """The task that `asdict` wrote."""
    raised = data["submission_raised"]
    fields: dict[str, Any] = {
        **data,
        "submission_prints": tuple(Printed(**item) for item in data["submission_prints"]),
        "solution_prints": tuple(Printed(**item) for item in data["solution_prints"]),
        "submission_raised": None if raised is None else Raised(**raised),
    }
    return Task(**fields)


def main(control: int, position: int, parent: int, start: str, scratch: str) -> None:
    """Runs a worker that was started as a program, on descriptors that it inherited."""
    limits.die_with_parent(parent)
    sandbox = levels.find(scratch)
    # Ctrl-C in a terminal is the host's affair.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(Channel(socket.socket(fileno=control)), position, start == "fork", sandbox)
    if start == "spare":
        limits.end_before_others()
        worker.separate()
        limits.adopt_orphans()  # a zygote's go to the host, which looks for them
    status = 1
    try:
        worker.run()
        status = 0
    except BaseException:
        if not worker.begun:  # else code that was run broke what runs it: not for its output
            traceback.print_exc()
    # Threads and exit handlers of the code that was run have no say any more.
    os._exit(status)
