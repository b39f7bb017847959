"""The lessons at hand: processes in which pre-exercise code, or solution too, has run and waits.

Where workers can be forked, each check of a lesson forks them, so that only the first pays for
that code. A state is kept only if its process may be forked safely; otherwise, and where nothing
can be forked, a check gets fresh workers in which the code runs anew. Same verdicts either way.

A student is forked from where only the pre-exercise code has run: no ancestor of it ever held the
solution.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import asdict, dataclass, field

from blankcheck_runner import limits
from blankcheck_runner.course_data import survey
from blankcheck_runner.hold import Hold, Swarming, WorkerDied, WorkerFailed, answered, give_up
from blankcheck_runner.judge.task import Task
from blankcheck_runner.output import Output
from blankcheck_runner.plain import one_line
from blankcheck_runner.programs import StartFailed
from blankcheck_runner.runs import HostFault, Killed, Ran, Uncopied, execute
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.start import Starter
from blankcheck_runner.wire import Request

KEPT = 2
"""Lessons that are kept when nobody uses them: the one at hand and the one before."""
REHEARSAL_SECONDS = 2.0
BRING_SECONDS = 20.0
"""For a copy of the files that an exercise's code has left."""
IDLE_SECONDS = 0.03
"""Without a request, after which workers are forked ahead: many checks in a row do without."""
_SETTLE_SECONDS = 0.15


@dataclass(frozen=True)
class State:
    """A worker with the run of what it ran last."""

    hold: Hold
    directory: str
    ran: Ran

    @property
    def kept(self) -> bool:
        """Whether it can be forked, now and again."""
        return not self.ran.failed and self.ran.alone


@dataclass
class _Lesson:
    """What is known of a lesson, and what was made of it."""

    given: asyncio.Task[State] | None = None
    solved: asyncio.Task[State] | None = None
    users: int = 0
    sound: bool = False
    rehearsed: bool | None = None
    """Whether the reference has been through a check of the solution; false if it did not stand it,
    so that it is not to be tried again."""
    unsafe: set[str] = field(default_factory=set[str])
    """The parts after which its process must not be forked."""
    ahead: dict[str, asyncio.Task[State | None]] = field(
        default_factory=dict[str, "asyncio.Task[State | None]"]
    )
    """Workers that were forked ahead of need, by the part that ran last in them."""


class Lessons:
    """Gives workers in the states of lessons, each for the `async with` that asks for it."""

    def __init__(self, starter: Starter, scratch: Scratch) -> None:
        self._starter = starter
        self._scratch = scratch
        self._lessons: dict[bytes, _Lesson] = {}
        """By digest, the one used last at the end."""
        self._ending: set[asyncio.Future[int | None]] = set()
        """The ends of processes that were killed."""
        self._idle: asyncio.Task[None] | None = None
        """What forks ahead of need once nothing is asked for a moment."""
        self._background: set[asyncio.Task[None]] = set()
        self._spent: list[State] = []
        """Workers that have done their work and are still to be ended."""

    @contextlib.asynccontextmanager
    async def at_hand(self, request: Request) -> AsyncGenerator[AtHand]:
        """The request's lesson, kept as long as this lasts."""
        digest = await _digest(request)
        if self._idle is not None:
            self._idle.cancel()
        lesson = self._lessons.get(digest) or _Lesson()
        if request.mode != "describe":
            # The lesson at hand is the one that is worked on, not one that is only looked at.
            self._lessons.pop(digest, None)
            self._lessons[digest] = lesson
        elif digest not in self._lessons:
            self._lessons = {digest: lesson, **self._lessons}
        lesson.users += 1
        try:
            yield AtHand(self, lesson, request)
        finally:
            lesson.users -= 1
            self._forget_old()

    async def settle(self) -> None:
        """Waits a moment for what was killed to be gone."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=_SETTLE_SECONDS)

    def look_ahead(self, request: Request) -> None:
        """Forks what the next check of a lesson takes, if it is the one at hand."""
        if not self.can_fork or request.mode == "describe":
            return
        if self._idle is not None:
            self._idle.cancel()
        self._idle = task = asyncio.create_task(self._look_ahead(request))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _look_ahead(self, request: Request) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        digest = await _digest(request)
        if digest in self._lessons and digest == next(reversed(self._lessons)):
            AtHand(self, self._lessons[digest], request).look_ahead()

    def clear_away(self) -> None:
        """Ends the workers that have done their work."""
        spent, self._spent = self._spent, []
        for state in spent:
            self.end(state)

    def spend(self, state: State) -> None:
        """Notes that a worker has done its work."""
        self._spent.append(state)

    async def close(self) -> None:
        """Ends everything."""
        for task in list(self._background):
            await give_up(task)
        self.clear_away()
        for lesson in self._lessons.values():
            self.drop_ahead(lesson)
            for task in (lesson.solved, lesson.given):
                if task is not None:
                    await give_up(task)
                    self.drop(task)
        self._lessons.clear()

    async def fresh(self, request: Request) -> State:
        """A worker that ran the pre-exercise code."""
        directory = await self._scratch.make(request.lesson.data)
        try:
            hold = await self._starter.start(request.limits.output)
        except BaseException:
            self._scratch.remove(directory)
            raise
        return await self._first_run(hold, directory, request)

    async def rehearse(self, state: State, request: Request) -> bool:
        """Has a worker do without effect what it will do, so that what it takes is there; whether
        it may still be forked. One that this takes too long is ended."""
        if state.ran.part == "solution":
            task = asdict(_rehearsal(request, state.ran))
            asking = state.hold.ask("rehearse", task=task, directory=state.directory)
        else:
            network = request.lesson.network
            asking = state.hold.ask("warm", directory=state.directory, network=network)
        try:
            most = limits.MAX_PROCESSES
            answer = await answered(asking, REHEARSAL_SECONDS, state.hold, most=most)
        except (asyncio.TimeoutError, Swarming, WorkerDied):
            self.end(state)
            return False
        except WorkerFailed:
            return False
        return answer.get("alone") is True

    async def fork(self, state: State, request: Request) -> State:
        """Another worker in the same state, in a copy of its directory. Raises HostFault."""
        directory = await self._scratch.beside(state.directory)
        try:
            hold = await state.hold.fork(request.limits.output)
        except WorkerDied:
            self._scratch.remove(directory)
            raise Killed("a process that others are forked from has ended") from None
        except BaseException:
            self._scratch.remove(directory)
            raise
        forked = State(hold, directory, state.ran)
        try:
            await self._bring(forked, state.directory)
        except BaseException:
            self.end(forked)
            raise
        return forked

    async def _bring(self, state: State, source: str) -> None:
        """Has a worker copy what is in the directory that it comes from. Raises HostFault."""
        asking = state.hold.ask("bring", source=source, directory=state.directory)
        try:
            answer = await answered(asking, BRING_SECONDS, state.hold)
        except WorkerDied:
            raise Killed("a process that others are forked from has ended") from None
        except (asyncio.TimeoutError, WorkerFailed):
            raise Uncopied(state.ran.part) from None
        if isinstance(answer.get("unable"), str):
            raise HostFault(self._scratch.no_room(one_line(answer["unable"])))

    def end(self, state: State) -> None:
        """Kills a worker and removes its directory."""
        state.hold.kill()
        self._ending.add(state.hold.exited)
        state.hold.exited.add_done_callback(self._ending.discard)
        self._scratch.remove(state.directory)

    def drop(self, task: asyncio.Task[State] | asyncio.Task[State | None] | None) -> None:
        """Ends what a task made, once it has."""
        if task is None:
            return
        if not task.done():
            task.add_done_callback(self.drop)
        elif not task.cancelled() and task.exception() is None:
            state = task.result()
            if state is not None:
                self.end(state)

    def drop_ahead(self, lesson: _Lesson) -> None:
        """Ends what was forked ahead of need."""
        for task in lesson.ahead.values():
            self.drop(task)
        lesson.ahead.clear()

    @property
    def can_fork(self) -> bool:
        """Whether states can be kept."""
        return self._starter.kind == "fork"

    async def _first_run(self, hold: Hold, directory: str, request: Request) -> State:
        try:
            ran = await execute(hold, directory, request, "pre_exercise_code")
        except BaseException:
            hold.kill()
            self._scratch.remove(directory)
            raise
        # What the exercise's own code prints is not the learner's output.
        hold.drain()
        hold.output = Output(request.limits.output)
        return State(hold, directory, ran)

    def _forget_old(self) -> None:
        for lesson in list(self._lessons.values())[:-1]:
            self.drop_ahead(lesson)
        idle = [digest for digest, lesson in self._lessons.items() if lesson.users == 0]
        for digest in idle[: max(0, len(self._lessons) - KEPT)]:
            lesson = self._lessons.pop(digest)
            self.drop_ahead(lesson)
            self.drop(lesson.solved)
            self.drop(lesson.given)


class AtHand:
    """One lesson for one request."""

    def __init__(self, lessons: Lessons, lesson: _Lesson, request: Request) -> None:
        self._lessons = lessons
        self._lesson = lesson
        self._request = request
        self.solution_begun = asyncio.Event()
        """Set once the solution runs, or has run: there is a process for it."""

    @property
    def sound(self) -> bool:
        """Whether its solution is known to run."""
        return self._lesson.sound

    def is_sound(self) -> None:
        """Notes that its solution runs."""
        self._lesson.sound = True

    @contextlib.asynccontextmanager
    async def given(self) -> AsyncGenerator[State]:
        """A worker of the request's own, in which the pre-exercise code has run (or failed)."""
        state = await self._from_ahead("pre_exercise_code")
        if state is None:
            base = await self._base()
            if base is None:
                state = await self._lessons.fresh(self._request)
            elif base.ran.failed:
                yield base
                return
            else:
                state = await self._lessons.fork(base, self._request)
        try:
            yield state
        finally:
            self._lessons.spend(state)

    @contextlib.asynccontextmanager
    async def solved(self) -> AsyncGenerator[State]:
        """A worker of the request's own, in which the solution has run too; what failed is in its
        `ran`."""
        state = await self._from_ahead("solution")
        if state is None:
            kept = await self._kept_solution()
            if kept is not None:
                state = await self._lessons.fork(kept, self._request)
            else:
                state = await self._solve()
        try:
            yield state
        finally:
            self._lessons.spend(state)

    async def prepare(self) -> None:
        """Runs what the next check needs."""
        if self._lessons.can_fork:
            await self._kept_solution()

    def look_ahead(self) -> None:
        """Forks what the next check takes."""
        parts = {"pre_exercise_code": self._base, "solution": self._kept_solution}
        if self._request.mode == "run" and self._lesson.solved is None:
            del parts["solution"]
        for part, kept in parts.items():
            if part not in self._lesson.ahead:
                self._lesson.ahead[part] = asyncio.create_task(self._ahead(kept))

    async def _ahead(self, kept: Callable[[], Awaitable[State | None]]) -> State | None:
        with contextlib.suppress(HostFault, StartFailed, WorkerDied, WorkerFailed, OSError):
            state = await kept()
            if state is None or state.ran.failed:
                return None
            if state.ran.part == "solution" and self._lesson.rehearsed is None:
                # What was found in this rehearsal is known to all that are forked from it.
                self._lesson.rehearsed = await self._lessons.rehearse(state, self._request)
                if not self._lesson.rehearsed:
                    self._lessons.drop(self._lesson.solved)
                    self._lesson.solved = None
                    return None
            ahead = await self._lessons.fork(state, self._request)
            if self._lesson.rehearsed is not False and not await self._lessons.rehearse(
                ahead, self._request
            ):
                # It may hold memory of a graphics card now, which is not for one that waits.
                self._lessons.end(ahead)
                return None
            return ahead
        return None

    async def _from_ahead(self, part: str) -> State | None:
        """The worker that was forked ahead of need, if there is one and it lives."""
        task = self._lesson.ahead.pop(part, None)
        if task is None:
            return None
        try:
            state = await asyncio.shield(task)
        except asyncio.CancelledError:
            self._lessons.drop(task)
            raise
        if state is None or not state.hold.gone:
            return state
        self._lessons.end(state)
        return None

    async def _base(self) -> State | None:
        """The state that is kept after the pre-exercise code; or the one in which it failed."""
        lesson, part = self._lesson, "pre_exercise_code"
        if not self._lessons.can_fork or part in lesson.unsafe:
            return None
        lesson.given = self._live(lesson.given) or asyncio.create_task(
            self._lessons.fresh(self._request)
        )
        return await self._shared(lesson.given, part)

    async def _kept_solution(self) -> State | None:
        lesson, part = self._lesson, "solution"
        if not self._lessons.can_fork or part in lesson.unsafe or await self._base() is None:
            return None
        solved = self._live(lesson.solved)
        if solved is None:
            solved = lesson.solved = asyncio.create_task(self._solve())
        else:
            self.solution_begun.set()
        state = await self._shared(solved, part)
        return None if state is None or state.ran.failed else state

    async def _shared(self, task: asyncio.Task[State], part: str) -> State | None:
        state = await asyncio.shield(task)
        if state.kept:
            return state
        self._lessons.drop(task)
        if state.ran.failed:
            return state
        self._lesson.unsafe.add(part)
        return None

    async def _solve(self) -> State:
        """A worker that ran pre-exercise code and solution."""
        base = await self._base()
        if base is None:
            state = await self._lessons.fresh(self._request)
        else:
            state = base if base.ran.failed else await self._lessons.fork(base, self._request)
        self.solution_begun.set()
        if state.ran.failed:
            return state
        try:
            ran = await execute(state.hold, state.directory, self._request, "solution")
        except BaseException:
            self._lessons.end(state)
            raise
        return State(state.hold, state.directory, ran)

    def _live(self, task: asyncio.Task[State] | None) -> asyncio.Task[State] | None:
        """The task, if what it gives is of use; else it is dropped."""
        if task is None or not task.done():
            return task
        if not task.cancelled() and task.exception() is None:
            state = task.result()
            if state.kept and not state.hold.gone:
                return task
        self._lessons.drop(task)
        return None


def _rehearsal(request: Request, solved: Ran) -> Task:
    """The check of the solution itself."""
    lesson = request.lesson
    return Task(
        sct=lesson.sct,
        solution=lesson.solution,
        submission=lesson.solution,
        pre_exercise_code=lesson.pre_exercise_code,
        submission_prints=solved.prints,
        solution_prints=solved.prints,
    )


async def _digest(request: Request) -> bytes:
    marks = ""
    if request.lesson.data is not None:
        marks = (await asyncio.to_thread(survey, request.lesson.data)).fingerprint
    whole = repr((request.lesson, request.limits, marks))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
