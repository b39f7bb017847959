"""One request from its processes to its report: the host's part of a verdict.

Submission and solution run side by side in processes of their own. What decides, in this order:

1. The pre-exercise code fails for the submission: `broken`, whatever came of the rest.
2. The submission does not come to its end: that is the verdict, unless pre-exercise code or
   solution turn out to fail as well, which makes it `broken`. A solution that is known to run is
   not waited for; one that is not known is given `GRACE` seconds.
3. The solution fails: `broken`.
4. The judge decides. An SCT that allows errors gets the submission's exception; no other does.

A submission that leaves by `sys.exit()` or `sys.exit(0)` has come to its end, and is judged by what
it did until then; any other status is an exception like others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from blankcheck_runner import limits, processes, stops, wire
from blankcheck_runner.channel import pair
from blankcheck_runner.crash import Crash, crash_from_json
from blankcheck_runner.explain import explain
from blankcheck_runner.judge.task import Printed, Raised, Task
from blankcheck_runner.plain import one_line
from blankcheck_runner.positions import Positions
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.start import Hold, Starter, StartFailed, WorkerDied, WorkerFailed
from blankcheck_runner.stops import Stop
from blankcheck_runner.wire import Feedback, Lesson, Part, Report, Request

GRACE = 1.0
"""Seconds that a failed submission waits to learn whether the solution fails as well."""
JUDGE_SECONDS = 60.0
_SETTLE_SECONDS = 0.15
_WATCH = 0.1
_LINE_SECONDS = 0.05
_MAX_PRINTS = 100_000
_ALLOWS_ERRORS = re.compile(r"\b(?:allow_errors|has_equal_error|test_error)\b")
_FILES: dict[Part, str] = {
    "pre_exercise_code": "<pre-exercise code>",
    "solution": "<solution>",
}
_NAMES: dict[Part, str] = {"pre_exercise_code": "pre-exercise code", "solution": "solution"}
_NOT_YOURS = "The exercise is at fault, not your code: it cannot be checked until that is mended."


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

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return self.crash is not None or self.stop is not None


class HostFault(Exception):
    """Something below the host went wrong that no course and no learner is to blame for."""


class _Interrupted(Exception):
    """A process was ended from outside. Worth another try; the report says what happened."""

    def __init__(self, report: Report) -> None:
        self.report = report


class Checker:
    """Answers requests with workers of one starter."""

    def __init__(self, starter: Starter, scratch: Scratch) -> None:
        self._starter = starter
        self._scratch = scratch
        self._sound: set[bytes] = set()
        """Digests of the lessons whose solution is known to run."""
        self._ending: set[asyncio.Future[int | None]] = set()
        """The ends of processes that were killed."""

    async def answer(self, request: Request, on_output: Callable[[str], None]) -> Report:
        """The report. Cancelling kills all that runs for it."""
        started = time.monotonic()
        try:
            report = await self._answer(request, on_output)
        except (HostFault, _Interrupted):
            try:
                report = await self._answer(request, _ignore)
            except _Interrupted as again:
                report = again.report
        return replace(report, seconds=time.monotonic() - started)

    async def settle(self) -> None:
        """Waits a moment for what was killed to be gone."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=_SETTLE_SECONDS)

    async def _answer(self, request: Request, on_output: Callable[[str], None]) -> Report:
        try:
            if request.mode == "describe":
                return await self._describe(request)
            if request.mode == "run":
                return await self._run(request, on_output)
            return await self._check(request)
        except (StartFailed, WorkerFailed, OSError) as error:
            raise HostFault(str(error)) from error
        except WorkerDied:
            raise HostFault("a process ended that should not have") from None

    async def _run(self, request: Request, on_output: Callable[[str], None]) -> Report:
        async with self._worker(request) as (student, directory):
            student.on_output = on_output
            ran = await self._execute_parts(student, directory, request, "submission")
            report = _with_output(_unjudged(request, ran), student, ran)
            if ran.stop is not None and ran.stop.from_outside:
                raise _Interrupted(report)
            return report

    async def _check(self, request: Request) -> Report:
        async with contextlib.AsyncExitStack() as stack:
            student, place = await stack.enter_async_context(self._worker(request))
            reference, other = await stack.enter_async_context(self._worker(request))
            solving = asyncio.create_task(
                self._execute_parts(reference, other, request, "solution")
            )
            stack.push_async_callback(_cancel, solving)
            ran = await self._execute_parts(student, place, request, "submission")
            report = _with_output(_unjudged(request, ran), student, ran)
            if ran.stop is not None and ran.stop.from_outside:
                raise _Interrupted(report)
            if report.verdict == "broken":
                return report
            allowed = _ALLOWS_ERRORS.search(request.lesson.sct) is not None
            if ran.stop is not None or (ran.crash is not None and not allowed):
                return await self._unless_broken(request, report, solving)
            solved = await solving
            if solved.failed and not (allowed and solved.part == "solution" and solved.crash):
                report = replace(report, verdict="broken", feedback=(_broken(request, solved),))
                if solved.stop is not None and solved.stop.from_outside:
                    raise _Interrupted(report)
                return report
            self._sound.add(_digest(request.lesson))
            return await self._judged(request, report, (student, ran), (reference, solved))

    async def _unless_broken(
        self, request: Request, report: Report, solving: asyncio.Task[Ran]
    ) -> Report:
        if _digest(request.lesson) in self._sound:
            return report
        await asyncio.wait({solving}, timeout=GRACE)
        if solving.done():
            solved = solving.result()
            if solved.failed:
                return replace(report, verdict="broken", feedback=(_broken(request, solved),))
            self._sound.add(_digest(request.lesson))
        return report

    async def _judged(
        self,
        request: Request,
        report: Report,
        learner: tuple[Hold, Ran],
        teacher: tuple[Hold, Ran],
    ) -> Report:
        (student, ran), (reference, solved) = learner, teacher
        lesson = request.lesson
        raised = None
        if ran.crash is not None:
            raised = Raised(ran.crash.type, ran.crash.message)
        task = Task(
            sct=lesson.sct,
            solution=lesson.solution,
            submission=request.submission,
            pre_exercise_code=lesson.pre_exercise_code,
            submission_prints=ran.prints,
            solution_prints=solved.prints,
            submission_raised=raised,
        )
        one, other = pair()
        with one, other:
            await student.ask("serve", [one.fileno()])
            one.close()
            judging = reference.ask("judge", [other.fileno()], task=asdict(task))
            try:
                answer = await asyncio.wait_for(judging, JUDGE_SECONDS)
            except asyncio.TimeoutError:
                return replace(report, verdict="broken", feedback=(_sct_fault("did not finish"),))
            except WorkerFailed as error:
                fault = _sct_fault(f"cannot be evaluated: {one_line(str(error))}")
                return replace(report, verdict="broken", feedback=(fault,))
            except WorkerDied:
                fault = _sct_fault("ended the process that evaluates it")
                fallen = replace(report, verdict="broken", feedback=(fault,))
                raise _Interrupted(fallen) from None
        judgement = cast("dict[str, Any]", answer["judgement"])
        feedback = tuple(Feedback(**item) for item in judgement["feedback"])
        return replace(report, verdict=judgement["verdict"], feedback=feedback)

    async def _describe(self, request: Request) -> Report:
        async with self._worker(request) as (hold, directory):
            lesson = request.lesson
            nothing = (None,) * len(request.expressions)
            report = Report(request.id, "passed", descriptions=nothing)
            ran = await self._execute(
                hold, directory, request, "pre_exercise_code", lesson.pre_exercise_code
            )
            if ran.failed:
                return report
            asking = hold.ask(
                "describe",
                text=lesson.solution,
                file=_FILES["solution"],
                expressions=[asdict(item) for item in request.expressions],
            )
            try:
                answer = await asyncio.wait_for(asking, request.limits.seconds)
            except (asyncio.TimeoutError, WorkerDied):
                return report
            return replace(report, descriptions=tuple(answer["descriptions"]))

    @contextlib.asynccontextmanager
    async def _worker(self, request: Request) -> AsyncGenerator[tuple[Hold, str]]:
        directory = await self._scratch.make(request.lesson.data)
        try:
            hold = await self._starter.start(request.limits.output)
            try:
                yield hold, directory
            finally:
                hold.kill()
                self._ending.add(hold.exited)
                hold.exited.add_done_callback(self._ending.discard)
        finally:
            self._scratch.remove(directory)

    async def _execute_parts(self, hold: Hold, directory: str, request: Request, part: Part) -> Ran:
        """Runs the pre-exercise code and then the part; the first that fails, or the last."""
        lesson = request.lesson
        ran = await self._execute(
            hold, directory, request, "pre_exercise_code", lesson.pre_exercise_code
        )
        if ran.failed:
            return ran
        text = request.submission if part == "submission" else lesson.solution
        return await self._execute(hold, directory, request, part, text)

    async def _execute(
        self, hold: Hold, directory: str, request: Request, part: Part, text: str
    ) -> Ran:
        asking = asyncio.create_task(
            hold.ask(
                "execute",
                part=part,
                text=text,
                file=_FILES.get(part, request.file),
                directory=directory,
                seed=request.lesson.seed,
                limits=asdict(request.limits),
            )
        )
        try:
            stop = await _watch(hold, asking, request.limits)
            if stop is not None:
                line = await _last_line(hold, part)
                hold.kill()
                return Ran(part, stop=stop, line=line)
            return _ran(part, await asking)
        except WorkerFailed:
            line = await _last_line(hold, part)
            hold.kill()
            return Ran(part, stop=stops.meddled(), line=line)
        except WorkerDied:
            code = await hold.exit_code()
            hold.kill()
            if code is None and self._starter.failing():
                raise HostFault("the processes below the host were killed") from None
            end = hold.output.text()[-1000:]
            position = hold.position()
            line = position[1] if position is not None and position[0] == part else None
            return Ran(part, stop=stops.ended(code, end, request.limits), line=line)
        finally:
            await _cancel(asking)


def _with_output(report: Report, student: Hold, ran: Ran) -> Report:
    student.drain()
    output = student.output
    return replace(report, output=output.text(), truncated=output.truncated, device=ran.device)


async def _watch(
    hold: Hold, asking: asyncio.Task[Mapping[str, Any]], limit: wire.Limits
) -> Stop | None:
    """Waits for an answer; why it has to be given up, or null when there is one."""
    started = time.monotonic()
    while True:
        left = limit.seconds - (time.monotonic() - started)
        done, _ = await asyncio.wait({asking}, timeout=max(0.0, min(_WATCH, left)))
        if hold.output.octets > limits.MAX_OUTPUT:
            return stops.flooded()
        if done:
            return None
        if left <= 0:
            return stops.timed_out(limit.seconds)
        processes.resume(hold.pid)
        if len(processes.descendants(hold.pid)) > limits.MAX_PROCESSES:
            return stops.too_many_processes()


async def _last_line(hold: Hold, part: Part) -> int | None:
    """The line that runs now: the innermost one if the process can still say so."""
    if not hold.gone and hasattr(signal, "SIGUSR1"):
        with contextlib.suppress(OSError):
            os.kill(hold.pid, signal.SIGUSR1)
            await asyncio.sleep(_LINE_SECONDS)
    position = hold.position()
    return position[1] if position is not None and position[0] == part else None


def _ran(part: Part, answer: Mapping[str, Any]) -> Ran:
    """The answer to `execute`. It comes from a process that ran the code in question, so nothing
    in it is taken for granted."""
    found = answer.get("prints")
    prints: list[Printed] = []
    for item in cast("list[Any]", found)[:_MAX_PRINTS] if isinstance(found, list) else []:
        pair_of = cast("list[Any]", item) if isinstance(item, list) else []
        if len(pair_of) == 2 and isinstance(pair_of[0], str):
            line = pair_of[1] if type(pair_of[1]) is int else None
            prints.append(Printed(pair_of[0], line))
    crash = answer.get("crash")
    return Ran(
        part,
        tuple(prints),
        None if crash is None else crash_from_json(crash),
        device="cuda" if answer.get("device") == "cuda" else "cpu",
    )


def _unjudged(request: Request, ran: Ran) -> Report:
    """The report of the learner's run, if nothing else is asked."""
    if not ran.failed:
        return Report(request.id, "passed")
    if ran.part != "submission":
        return Report(request.id, "broken", (_broken(request, ran),))
    if ran.stop is not None:
        start, end = _line_range(request.submission, ran.line)
        feedback = Feedback(ran.stop.code, ran.stop.message, start=start, end=end)
        return Report(request.id, ran.stop.verdict, (feedback,))
    assert ran.crash is not None
    feedback = explain(ran.crash, request.submission)
    if stops.is_out_of_memory(ran.crash):
        stop = stops.out_of_memory(request.limits.memory)
        feedback = replace(feedback, code=stop.code, message=stop.message)
        return Report(request.id, "limit", (feedback,))
    return Report(request.id, "error", (feedback,))


def _broken(request: Request, ran: Ran) -> Feedback:
    """What is wrong with the exercise, where a part of it did not come to its end."""
    lesson = request.lesson
    text = lesson.solution if ran.part == "solution" else lesson.pre_exercise_code
    start = end = None
    if ran.stop is not None:
        reason = ran.stop.reason
        start, end = _line_range(text, ran.line)
    elif ran.crash is not None:
        reason = f"raises {ran.crash.type}"
        if ran.crash.message:
            reason += f": {one_line(ran.crash.message, 300).rstrip('.')}"
        own = [frame for frame in ran.crash.frames if frame.file == _FILES[ran.part]]
        if own:
            start, end = own[-1].start, own[-1].end
    else:
        reason = "fails"
    message = f"This {_NAMES[ran.part]} {reason}. {_NOT_YOURS}"
    return Feedback(
        f"author/{ran.part.replace('_', '-')}", message, part=ran.part, start=start, end=end
    )


def _sct_fault(reason: str) -> Feedback:
    return Feedback("author/sct", f"The SCT {reason}. {_NOT_YOURS}", part="sct")


def _line_range(text: str, line: int | None) -> tuple[int | None, int | None]:
    """The code on a line; nothing where the line is not known or not there."""
    positions = Positions(text)
    if line is None or not 1 <= line <= len(positions.starts):
        return None, None
    start, end = positions.offset(line, 0), positions.offset(line, 2**30)
    code = text[start:end]
    return start + len(code) - len(code.lstrip()), start + len(code.rstrip())


def _digest(lesson: Lesson) -> bytes:
    return hashlib.sha256(repr(lesson).encode("utf-8", "surrogatepass")).digest()


def _ignore(text: str) -> None:
    """Output of a second attempt was shown in the first."""


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # seen; it does not matter any more
