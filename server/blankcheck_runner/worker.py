"""The worker: a process with some code run in it, obeying a few messages on its channel.

It keeps the channel and what it forks; the code, and what is asked of it, are its `runtime`. Every
process below the host is a worker: the zygote has run nothing, a student the pre-exercise code and
the submission, a reference the pre-exercise code and the solution. What a worker says is testimony
to the host, never evidence: the learner's code shares its process.

Messages have an `op` and an `id`; the answer bears the same `id`, and `error` where the worker
itself failed. `exited` comes without being asked.

- `ready`: the versions of Python and torch, once the worker is warm.
- `fork`: makes a worker in this state, on the channel, output and position that come with it.
- `split`: makes one that is a child of the host, in namespaces of its own, and outlives this one.
- `heir`: splits off one that is to take the host's place; it holds what comes along for that.
- `stand_in`: has the heir be the stem, which has ended.
- `bring`: copies the directory of the worker that it was forked from.
- `execute`: runs a text as a part.
- `seen`: says what the names of the submission that ran held.
- `serve`: says so too, and answers probes on the channel that comes along, until it is closed.
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
import os
import platform
import random
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from blankcheck_runner import limits, succession, warming
from blankcheck_runner.channel import Channel, ChannelClosed, Received, close_all
from blankcheck_runner.runtime import Runtime
from blankcheck_runner.sandbox import levels, namespaces, privileges
from blankcheck_runner.sandbox.levels import Sandbox

_POLL = 0.02
_HANDOVER = 0.0005


class Worker:
    """This process's one worker."""

    def __init__(self, channel: Channel, position: int, may_fork: bool, sandbox: Sandbox) -> None:
        self._channel = channel
        self._separate = False
        """Whether this process is in namespaces of its own."""
        self._children: dict[int, int | None] = {}
        """The workers forked from here: their pid, and a descriptor that tells of their end."""
        self._runtime = Runtime(sandbox, position, may_fork, lambda: len(self._children))
        self._torch: dict[str, str | None] = {}
        self._claim: succession.Claim | None = None
        """If this process is the host's heir."""

    @property
    def begun(self) -> bool:
        """Whether code of others has run here."""
        return self._runtime.begun

    def run(self) -> None:
        """Warms this process up, then obeys until the channel closes."""
        self._torch = warming.warm_up(self._runtime.device)
        gc.collect()
        gc.freeze()
        while True:
            with contextlib.suppress(ChannelClosed):
                while True:
                    self._wait()
                    self._obey(self._channel.receive(with_descriptors=True))
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
        try:
            answer = self._answer(received.message, received.descriptors)
        except ChannelClosed:
            raise
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        if answer is not None:
            self._channel.send({"id": received.message["id"], **answer})

    def _answer(
        self, message: Mapping[str, Any], descriptors: tuple[int, ...]
    ) -> dict[str, Any] | None:
        """Does what a message asks for. Null if nobody awaits an answer: in the child of a fork,
        where the channel is another one, and after what was answered already."""
        match message["op"]:
            case "fork":
                return self._fork(descriptors)
            case "split":
                return self._split(descriptors, message["host"])
            case "heir":
                return self._split(descriptors, message["host"], message["guard"])
            case "stand_in":
                return self._stand_in()
            case "bring":
                return self._runtime.bring(message)
            case "execute":
                self._channel.send({"id": message["id"], **self._runtime.execute(message)})
                self._runtime.look_back()
                return None
            case "seen":
                return self._runtime.seen()
            case "serve":
                self._channel.send({"id": message["id"], **self._runtime.seen()})
                self._runtime.serve(descriptors[0])
                return None
            case "judge":
                return self._runtime.judge(message, descriptors[0])
            case "rehearse":
                return self._runtime.rehearse(message)
            case "warm":
                return self._runtime.warm(message)
            case "describe":
                return self._runtime.describe(message)
            case _:
                return self._ready()

    def _ready(self) -> dict[str, Any]:
        return {
            "python": platform.python_version(),
            "executable": sys.executable,
            "pid": os.getpid(),
            "separate": self._separate,
            "sandbox": self._runtime.sandbox.level,
            "sandbox_missing": self._runtime.sandbox.missing,
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
        stem = succession.succeed(claim, self._runtime.sandbox.scratch)
        self._claim = None
        privileges.keep_to_itself(keep=False)
        self._runtime.sandbox = replace(self._runtime.sandbox, scratch=stem.scratch)
        os.chdir(stem.scratch)
        os.environ["HOME"] = os.environ["TMPDIR"] = stem.scratch
        tempfile.tempdir = None
        self._take_over(stem.descriptors)

    def separate(self) -> None:
        """Goes on in namespaces, where the sandbox has such. Raises OSError."""
        if self._runtime.sandbox.namespaces:
            namespaces.enter(self._runtime.sandbox.scratch, levels.needed())
            self._separate = True

    def _take_over(self, descriptors: tuple[int, ...]) -> None:
        """Makes this forked process a worker of its own."""
        channel, output, position = descriptors
        self._channel.close()
        close_all([fd for fd in self._children.values() if fd is not None])
        close_all([self._runtime.position])
        self._children = {}
        self._channel = Channel(socket.socket(fileno=channel))
        self._runtime.position = position
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)


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
