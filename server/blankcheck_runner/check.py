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
import re
import time
from collections.abc import Callable
from dataclasses import asdict, replace

from blankcheck_runner import limits, stops, trace
from blankcheck_runner.channel import pair
from blankcheck_runner.explain import explain
from blankcheck_runner.hold import Hold, Swarming, WorkerDied, WorkerFailed, answered, give_up
from blankcheck_runner.judge.misconceptions import Texts, explain_crash
from blankcheck_runner.judge.reading import judgement_from_json, phrases_from_json
from blankcheck_runner.judge.task import Raised, Task
from blankcheck_runner.lessons import AtHand, Lessons, State
from blankcheck_runner.plain import one_line
from blankcheck_runner.positions import Positions
from blankcheck_runner.programs import StartFailed
from blankcheck_runner.runs import FILES, HostFault, Killed, Ran, confirm, execute
from blankcheck_runner.seen import seen_from_json
from blankcheck_runner.wire import Feedback, Part, Report, Request

GRACE = 1.0
"""Seconds that a failed submission lets the solution run, to learn whether it fails as well."""
SERVE_SECONDS = 5.0
"""For a submission's process to be ready for questions."""
JUDGE_SECONDS = 30.0
"""For the SCT; more where the exercise has a long time limit of its own."""
_ALLOWS_ERRORS = re.compile(r"\b(?:allow_errors|has_equal_error|test_error)\b")
_NAMES: dict[Part, str] = {"pre_exercise_code": "pre-exercise code", "solution": "solution"}
_NOT_YOURS = "The exercise is at fault, not your code: it cannot be checked until that is mended."


class _Interrupted(Exception):
    """A process was ended from outside. Worth another try; the report says what happened."""

    def __init__(self, report: Report) -> None:
        self.report = report


class Checker:
    """Answers requests with workers in the states of lessons."""

    def __init__(self, lessons: Lessons) -> None:
        self._lessons = lessons
        self._apart = asyncio.Lock()

    async def answer(self, request: Request, on_output: Callable[[str], None]) -> Report:
        """The report. Cancelling kills all that runs for it alone. Raises HostFault."""
        started = time.monotonic()
        try:
            report = await self._answer(request, on_output)
        except (HostFault, _Interrupted):
            # Perhaps by code that ran beside this, so that now nothing does: no other request that
            # met with the same, and of this one first the solution and then the submission.
            async with self._apart:
                report = await self._again(request)
        return replace(report, seconds=time.monotonic() - started)

    async def _again(self, request: Request) -> Report:
        try:
            return await self._answer(request, _ignore, apart=True)
        except _Interrupted as again:
            return again.report
        except HostFault as fault:
            if fault.blamed is None:
                raise
            return _unjudged(request, fault.blamed)

    async def _answer(
        self, request: Request, on_output: Callable[[str], None], *, apart: bool = False
    ) -> Report:
        try:
            async with self._lessons.at_hand(request) as lesson:
                if request.mode == "check":
                    return await _check(request, lesson, on_output, apart=apart)
                return await _WORK[request.mode](request, lesson, on_output)
        except (StartFailed, WorkerFailed, OSError) as error:
            raise HostFault(str(error)) from error
        except WorkerDied:
            raise Killed("a process ended that should not have") from None


async def _run(request: Request, lesson: AtHand, on_output: Callable[[str], None]) -> Report:
    async with lesson.given() as student:
        student.hold.on_output = on_output
        _, report = await _submitted(request, student)
        return await _with_seen(report, student.hold)


async def _check(
    request: Request, lesson: AtHand, on_output: Callable[[str], None], *, apart: bool
) -> Report:
    """`apart`: the submission begins only when the solution has ended."""
    async with contextlib.AsyncExitStack() as stack:
        solving = asyncio.create_task(stack.enter_async_context(lesson.solved()))
        stack.push_async_callback(give_up, solving)
        if apart:
            await solving
        student = await stack.enter_async_context(lesson.given())
        student.hold.on_output = on_output
        trace.mark(request.id, "host: student at hand")
        ran, report = await _submitted(request, student)
        trace.mark(request.id, "host: submission ran")
        if report.verdict == "broken":
            return report
        allowed = _ALLOWS_ERRORS.search(request.lesson.sct) is not None
        if ran.stop is not None or (ran.crash is not None and not allowed):
            report = await _with_seen(report, student.hold)
            return await _unless_broken(request, lesson, report, solving)
        reference = await solving
        solved = reference.ran
        trace.mark(request.id, "host: judge at hand")
        if solved.failed and not (allowed and solved.part == "solution" and solved.crash):
            return _faulty(request, report, solved)
        lesson.is_sound()
        if apart:
            await confirm(reference.hold, "submission")
        return await _judged(request, report, (student.hold, ran), reference)


async def _submitted(request: Request, student: State) -> tuple[Ran, Report]:
    """Runs the submission; the report if nothing else is asked."""
    ran = student.ran
    if not ran.failed:
        ran = await execute(student.hold, student.directory, request, "submission")
    report = _unjudged(request, ran)
    if ran.part == "submission":
        report = _with_output(report, student.hold, ran)
    if ran.stop is not None and ran.stop.from_outside:
        raise _Interrupted(report)
    return ran, report


async def _unless_broken(
    request: Request, lesson: AtHand, report: Report, solving: asyncio.Task[State]
) -> Report:
    """The report of a submission that did not come to its end, unless the exercise is at fault."""
    if lesson.sound:
        return report
    beginning = asyncio.create_task(lesson.solution_begun.wait())
    try:
        await asyncio.wait({solving, beginning}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        beginning.cancel()
    await asyncio.wait({solving}, timeout=GRACE)
    if not solving.done():
        return report
    solved = solving.result().ran
    if solved.failed:
        return _faulty(request, report, solved)
    lesson.is_sound()
    return report


def _faulty(request: Request, report: Report, ran: Ran) -> Report:
    report = replace(report, verdict="broken", feedback=(_broken(request, ran),))
    if ran.stop is not None and ran.stop.from_outside:
        raise _Interrupted(report)
    return report


async def _judged(
    request: Request, report: Report, learner: tuple[Hold, Ran], reference: State
) -> Report:
    student, ran = learner
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
        solution_prints=reference.ran.prints,
        submission_raised=raised,
    )
    one, other = pair()
    with one, other:
        asking = reference.hold.ask(
            "judge", [other.fileno()], task=asdict(task), directory=reference.directory
        )
        holds, most = (reference.hold, student), limits.MAX_PROCESSES
        seconds = max(JUDGE_SECONDS, 3 * request.limits.seconds)
        # The judge may begin meanwhile: its questions wait for the one who answers them.
        judging = asyncio.create_task(answered(asking, seconds, *holds, most=most))
        try:
            try:
                serving = student.ask("serve", [one.fileno()])
                ready = await answered(serving, SERVE_SECONDS, student)
            except (asyncio.TimeoutError, WorkerDied, WorkerFailed):
                if student.orphaned:
                    raise Killed("the processes below the host were killed") from None
                return _unasked(request, report)
            one.close()
            report = replace(report, seen=seen_from_json(ready.get("seen")))
            answer = await judging
        except asyncio.TimeoutError:
            return _sct_fault(report, f"did not finish within {seconds:g} seconds")
        except Swarming as error:
            stop = stops.too_many_processes()
            if error.args[0] is reference.hold:
                return _sct_fault(report, stop.reason)
            feedback = Feedback(stop.code, stop.message)
            return replace(report, verdict=stop.verdict, feedback=(feedback,))
        except WorkerFailed as error:
            return _sct_fault(report, f"cannot be evaluated: {one_line(str(error))}")
        except WorkerDied:
            code = await reference.hold.exit_code()
            stop = stops.ended(code, reference.hold.output.text()[-1000:], request.limits)
            fallen = _sct_fault(report, stop.reason)
            if code is None or stop.from_outside:
                raise _Interrupted(fallen) from None
            return fallen
        finally:
            await give_up(judging)
    trace.mark(request.id, f"host: judged; {answer.get('trace')}")
    judgement = judgement_from_json(answer.get("judgement"))
    if judgement is None:
        # The solution has a hand in it: the judge itself answers otherwise.
        return _sct_fault(report, "gives no verdict")
    report = replace(report, verdict=judgement.verdict, feedback=judgement.feedback)
    if student.gone:
        code = await student.exit_code()
        if student.orphaned or (code is not None and stops.from_outside(code)):
            raise _Interrupted(report)
    return report


def _unasked(request: Request, report: Report) -> Report:
    """The report of a submission that came to its end, but broke what answers questions."""
    feedback = Feedback("run/crash", stops.unanswering().message)
    return replace(report, verdict="error", feedback=(feedback,))


async def _describe(request: Request, lesson: AtHand, on_output: Callable[[str], None]) -> Report:
    nothing = (None,) * len(request.expressions)
    report = Report(request.id, "passed", descriptions=nothing)
    async with lesson.given() as worker:
        if worker.ran.failed:
            return report
        asking = worker.hold.ask(
            "describe",
            text=request.lesson.solution,
            file=FILES["solution"],
            expressions=[asdict(item) for item in request.expressions],
            directory=worker.directory,
        )
        try:
            answer = await answered(asking, request.limits.seconds, worker.hold)
        except (asyncio.TimeoutError, WorkerDied):
            return report
        found = phrases_from_json(answer.get("descriptions"), len(request.expressions))
        return replace(report, descriptions=found)


async def _prepare(request: Request, lesson: AtHand, on_output: Callable[[str], None]) -> Report:
    await lesson.prepare()
    return Report(request.id, "passed")


_WORK = {"run": _run, "describe": _describe, "prepare": _prepare}


def _with_output(report: Report, student: Hold, ran: Ran) -> Report:
    student.drain()
    output = student.output
    return replace(report, output=output.text(), truncated=output.truncated, device=ran.device)


async def _with_seen(report: Report, student: Hold) -> Report:
    """The report with what the submission's names held, if its process can still say so."""
    with contextlib.suppress(asyncio.TimeoutError, WorkerDied, WorkerFailed):
        told = await answered(student.ask("seen"), SERVE_SECONDS, student)
        return replace(report, seen=seen_from_json(told.get("seen")))
    return report


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
    lesson = request.lesson
    texts = Texts(request.submission, lesson.solution, lesson.pre_exercise_code)
    feedback = explain_crash(texts, ran.crash, explain(ran.crash, request.submission))
    if stops.is_card_full(ran.crash):
        return Report(request.id, "limit", (replace(feedback, code="run/limit"),))
    if stop := stops.limit_reached(ran.crash, request.limits.memory):
        feedback = replace(feedback, code=stop.code, message=stop.message)
        return Report(request.id, "limit", (feedback,))
    return Report(request.id, "error", (feedback,))


def _broken(request: Request, ran: Ran) -> Feedback:
    """What is wrong with the exercise, where a part of it did not come to its end. Raises HostFault
    where the machine is at fault."""
    lesson = request.lesson
    text = lesson.solution if ran.part == "solution" else lesson.pre_exercise_code
    start = end = None
    if ran.stop is not None:
        reason = ran.stop.reason
        start, end = _line_range(text, ran.line)
    elif ran.crash is not None:
        if stops.is_card_full(ran.crash):
            raise HostFault(
                f"the graphics card has no room for the exercise's {_NAMES[ran.part]} beside what "
                "else runs on it; wait until that ends, or set the device to cpu"
            )
        if stop := stops.limit_reached(ran.crash, request.limits.memory):
            reason = stop.reason
        else:
            reason = f"raises {ran.crash.type}"
            if ran.crash.message:
                reason += f": {one_line(ran.crash.message, 300).rstrip('.')}"
        own = [frame for frame in ran.crash.frames if frame.file == FILES[ran.part]]
        if own:
            start, end = own[-1].start, own[-1].end
    else:
        reason = "fails"
    message = f"This {_NAMES[ran.part]} {reason}. {_NOT_YOURS}"
    return Feedback(
        f"author/{ran.part.replace('_', '-')}", message, part=ran.part, start=start, end=end
    )


def _sct_fault(report: Report, reason: str) -> Report:
    feedback = Feedback("author/sct", f"The SCT {reason}. {_NOT_YOURS}", part="sct")
    return replace(report, verdict="broken", feedback=(feedback,))


def _line_range(text: str, line: int | None) -> tuple[int | None, int | None]:
    """The code on a line; nothing where the line is not known or not there."""
    positions = Positions(text)
    if line is None or not 1 <= line <= len(positions.starts):
        return None, None
    start, end = positions.offset(line, 0), positions.offset(line, 2**30)
    code = text[start:end]
    return start + len(code) - len(code.lstrip()), start + len(code.rstrip())


def _ignore(text: str) -> None:
    """Output of a second attempt was shown in the first."""
