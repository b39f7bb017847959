"""Running one part in a worker, watched from outside: deadline, output, processes, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from blankcheck_runner import limits, processes, stops
from blankcheck_runner.crash import Crash, crash_from_json
from blankcheck_runner.execute import MAX_RECORDED
from blankcheck_runner.hold import Hold, WorkerDied, WorkerFailed, give_up
from blankcheck_runner.judge.task import Printed
from blankcheck_runner.plain import one_line
from blankcheck_runner.stops import Stop
from blankcheck_runner.wire import Part, Request

FILES: dict[Part, str] = {
    "pre_exercise_code": "<pre-exercise code>",
    "solution": "<solution>",
}
"""The file names that tracebacks show; the submission has its own."""
_WATCH = 0.1
_LINE_SECONDS = 0.05
_MAX_PRINTS = 100_000


class HostFault(Exception):
    """Something below the host went wrong that no course and no learner is to blame for; unless it
    happens again."""

    blamed: Ran | None = None
    """Who is, then."""


class Killed(HostFault):
    """A process was killed that others were forked from, perhaps by the code that ran."""

    def __init__(self, message: str, part: Part | None = None) -> None:
        """`part`: what ran then, if that is known."""
        super().__init__(message)
        if part is not None:
            self.blamed = Ran(part, stop=stops.killed_others())


class Uncopied(HostFault):
    """What code has left in its folder cannot be copied."""

    def __init__(self, part: Part) -> None:
        """`part`: what ran last there."""
        stop = stops.uncopied()
        super().__init__(f"the exercise's code {stop.reason}")
        self.blamed = Ran(part, stop=stop)


@dataclass(frozen=True)
class Ran:
    """How the run of one part ended, as the host sees it."""

    part: Part
    prints: tuple[Printed, ...] = ()
    crash: Crash | None = None
    stop: Stop | None = None
    line: int | None = None
    """For a stop: the line that ran last, from 1."""
    device: str = "cpu"
    alone: bool = False
    """Whether its process has one thread, no child and no CUDA context: it may be forked."""

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return self.crash is not None or self.stop is not None


async def execute(hold: Hold, directory: str, request: Request, part: Part) -> Ran:
    """Runs a part of a request. A worker in which it was stopped is killed. Raises HostFault."""
    lesson = request.lesson
    texts = {
        "submission": request.submission,
        "pre_exercise_code": lesson.pre_exercise_code,
        "solution": lesson.solution,
    }
    asking = asyncio.create_task(
        hold.ask(
            "execute",
            part=part,
            text=texts[part],
            file=FILES.get(part, request.file),
            directory=directory,
            network=lesson.network,
            device=lesson.device,
            seed=lesson.seed,
            limits=asdict(request.limits),
        )
    )
    try:
        stop = await _watch(hold, asking, request)
        if stop is not None:
            line = await _last_line(hold, part)
            hold.kill()
            return Ran(part, stop=stop, line=line)
        answer = await asking
        if isinstance(answer.get("unable"), str):
            if hold.may_have_begun(part):
                raise WorkerFailed  # the code says so, for it runs
            raise HostFault(one_line(answer["unable"], 300))
        if part != "submission":
            await confirm(hold, part)
        return _ran(request, part, answer)
    except WorkerFailed:
        line = await _last_line(hold, part)
        hold.kill()
        return Ran(part, stop=stops.meddled(), line=line)
    except WorkerDied:
        code = await hold.exit_code()
        hold.kill()
        if code is None and hold.orphaned:
            raise Killed("the processes below the host were killed", part) from None
        end = hold.output.text()[-1000:]
        position = hold.position()
        line = position[1] if position is not None and position[0] == part else None
        return Ran(part, stop=stops.ended(code, end, request.limits), line=line)
    finally:
        await give_up(asking)


async def confirm(hold: Hold, part: Part) -> None:
    """Sees to it that a part that ran has left a worker standing, and all that it was forked from:
    nobody else is to be blamed for that later. Raises Killed."""
    try:
        await hold.confirm()
    except (WorkerDied, asyncio.TimeoutError):
        hold.kill()
        raise Killed("the processes below the host were killed", part) from None


async def _watch(
    hold: Hold, asking: asyncio.Task[Mapping[str, Any]], request: Request
) -> Stop | None:
    """Waits for an answer; why it has to be given up, or null when there is one."""
    limit = request.limits
    # No limit of the system's fits a process with CUDA; the others have one.
    watched = request.device == "cuda"
    allowed = processes.memory(hold.pid) + limit.memory if watched else 0
    started = time.monotonic()
    while True:
        left = limit.seconds - (time.monotonic() - started)
        done, _ = await asyncio.wait(
            {asking, hold.exited},
            timeout=max(0.0, min(_WATCH, left)),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if hold.output.octets > limits.MAX_OUTPUT:
            return stops.flooded()
        if asking in done:
            return None
        if hold.exited in done:
            hold.kill()  # something that it started may hold its line open
            return None
        if left <= 0:
            return stops.timed_out(limit.seconds)
        processes.resume(hold.pid)
        if len(processes.descendants(hold.pid)) > limits.MAX_PROCESSES:
            return stops.too_many_processes()
        if watched and processes.memory(hold.pid) > allowed:
            return stops.out_of_memory(limit.memory)


async def _last_line(hold: Hold, part: Part) -> int | None:
    """The line that runs now: the innermost one if the process can still say so."""
    if not hold.gone and hasattr(signal, "SIGUSR1"):
        with contextlib.suppress(OSError):
            os.kill(hold.pid, signal.SIGUSR1)
            await asyncio.sleep(_LINE_SECONDS)
    position = hold.position()
    return position[1] if position is not None and position[0] == part else None


def _ran(request: Request, part: Part, answer: Mapping[str, Any]) -> Ran:
    """The answer to `execute`. It comes from a process that ran the code in question, so nothing
    in it is taken for granted."""
    found = answer.get("prints")
    prints: list[Printed] = []
    room = MAX_RECORDED
    for item in cast("list[Any]", found)[:_MAX_PRINTS] if isinstance(found, list) else []:
        pair_of = cast("list[Any]", item) if isinstance(item, list) else []
        if len(pair_of) == 2 and isinstance(pair_of[0], str):
            line = pair_of[1] if type(pair_of[1]) is int else None
            prints.append(Printed(pair_of[0][:room], line))
            room -= len(prints[-1].text)
    crash = answer.get("crash")
    return Ran(
        part,
        tuple(prints),
        None if crash is None else crash_from_json(crash),
        device=request.device if answer.get("device") == request.device else "cpu",
        alone=answer.get("alone") is True,
    )
