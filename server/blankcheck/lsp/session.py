"""What one client and one server share: open documents, settings, the runner, progress.

Everything here runs on the event loop; what reads the disk or takes long goes through a thread, and
what runs code through the runner.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from blankcheck import checking, debugging, learning, linting
from blankcheck.course.mending import Repair
from blankcheck.course.reader import read
from blankcheck.course.text import Lines
from blankcheck.courses import CourseError, Target, in_course
from blankcheck.lsp import protocol
from blankcheck.lsp.convert import changed, to_path
from blankcheck.lsp.diagnostics import diagnostics
from blankcheck.lsp.documents import (
    ChapterView,
    Document,
    LostView,
    SubmissionView,
    is_chapter,
    look_at,
    look_further,
)
from blankcheck.lsp.harmless import title
from blankcheck.lsp.hover import Described, describe
from blankcheck.progress import Kind, Progress, Standing, Unit
from blankcheck.result import Result, result_json
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck.runner.launch import Launcher
from blankcheck.runner.remote import choose
from blankcheck.values import Values
from blankcheck_runner.wire import Limits

END_SECONDS = 1.5
"""How long what is left to do is waited for at the end."""
THREADS = "blankcheck"
"""What the names of the session's threads begin with."""

log = logging.getLogger(__name__)
_PREPARE_SECONDS = 0.1
_FURTHER_SECONDS = 0.05
"""Before the rest of a large chapter is looked at: what is typed next, or what an editor asks when
it has opened a file, comes first."""
_UNTRUSTED = "This workspace is not trusted, so nothing is run. Trust it, then try again."
T = TypeVar("T")


class Session:
    """The state of a server. `send` notifies the client; `make_runner` makes one of a launcher."""

    def __init__(
        self,
        send: Callable[[str, Any], None],
        make_runner: Callable[[Launcher], Runner],
        python: str | None = None,
    ) -> None:
        self.send = send
        self.progress = Progress()
        self.documents: dict[str, Document] = {}
        self.settings = protocol.Settings(interpreter=python)
        self.standings: dict[Unit, Standing] = {}
        self.on_standing: Callable[[], None] = lambda: None
        """Called when the standings have changed, so that what shows them is asked for again."""
        self.on_values: Callable[[], None] = lambda: None
        """Called when a run or check has shown what the variables of a submission hold."""
        self.folders: Callable[[], Sequence[Path]] = lambda: ()
        self._make_runner = make_runner
        self._runner: Runner | None = None
        self._said: str | None = None
        """What was last told of progress that cannot be kept."""
        self._described: dict[tuple[object, ...], tuple[Described, ...]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._describing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._prepared: tuple[object, ...] | None = None
        """The exercise that the runner was last made ready for."""
        self._preparing: asyncio.Task[None] | None = None
        self._ending = False
        self._lookers = ThreadPoolExecutor(2, f"{THREADS}-look")
        self._keeper = ThreadPoolExecutor(1, f"{THREADS}-progress")

    # Documents

    def open(self, item: types.TextDocumentItem) -> None:
        """A document was opened (or sent anew)."""
        before = self.documents.get(item.uri)
        if before is not None:
            self._drop(before)
        document = Document(
            item.uri, item.language_id, item.version, Lines(item.text), to_path(item.uri)
        )
        self.documents[item.uri] = document
        self._refresh(document)
        self.mend(document)

    def change(
        self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]
    ) -> None:
        """A document was edited. An edit out of order cannot be applied; a whole text can."""
        document = self.documents.get(uri)
        if document is None:
            log.warning("An edit of a document that is not open was ignored: %s", uri)
            return
        whole = any(
            isinstance(change, types.TextDocumentContentChangeWholeDocument) for change in changes
        )
        if version <= document.version or (document.stale and not whole):
            document.stale = True
            return
        document.stale = False
        document.set_text(changed(document.lines, changes), version)
        self._refresh(document)

    def close(self, uri: str) -> None:
        """A document was closed: what was said of it is taken back."""
        document = self.documents.pop(uri, None)
        if document is not None:
            self._drop(document)
            self.send(
                types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, types.PublishDiagnosticsParams(uri, [])
            )

    def refresh_all(self) -> None:
        """Looks at every document anew, since something around them has changed."""
        for document in self.documents.values():
            self._refresh(document)
            self.mend(document)

    def document(self, params: protocol.DocumentParams) -> Document:
        """The open document that a request is about, at the version that it is about."""
        document = self.documents.get(params.uri)
        if document is None:
            raise JsonRpcException("This file is not open.", protocol.NOT_AN_EXERCISE)
        if document.stale:
            raise JsonRpcException(
                "The editor and the server differ about this file's text. Close it and open it "
                "again.",
                protocol.CONTENT_MODIFIED,
            )
        if params.version is not None and params.version != document.version:
            raise JsonRpcException(
                "The text has changed meanwhile. Try it again.", protocol.CONTENT_MODIFIED
            )
        return document

    async def view(self, document: Document) -> None:
        """Waits until what is known of a document is of its present text."""
        while document.viewed != document.version and document.refresh is not None:
            task = document.refresh
            await asyncio.wait([task], return_when=asyncio.FIRST_COMPLETED)
            if document.refresh is task:
                return

    async def target(self, document: Document) -> Target:
        """The exercise that a document is for; raises a JSON-RPC error if there is none."""
        await self.view(document)
        if self.documents.get(document.uri) is not document:
            raise JsonRpcException("The file was closed meanwhile.", protocol.CONTENT_MODIFIED)
        if isinstance(document.view, SubmissionView):
            return document.view.target
        message = (
            document.view.message
            if isinstance(document.view, LostView)
            else "This file is not an exercise. Open one that was begun with Start Exercise."
        )
        raise JsonRpcException(message, protocol.NOT_AN_EXERCISE)

    def publish(self, document: Document) -> None:
        """Sends a document's diagnostics, of the version that they are of."""
        self.send(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PublishDiagnosticsParams(document.uri, diagnostics(document), document.version),
        )

    def _refresh(self, document: Document) -> None:
        """Has a document looked at anew. One look at a time: a faster writer waits for none."""
        document.asked += 1
        document.viewed = None
        if document.refresh is None or document.refresh.done():
            document.refresh = self.spawn(self._look(document))

    async def _look(self, document: Document) -> None:
        while document.viewed != document.version:
            version, asked = document.version, document.asked
            view = await self.aside(look_at, document, self.folders())
            if document.asked == asked:
                had, document.view, document.viewed = document.view, view, version
                if view is not None or had is not None:
                    self.publish(document)
                if isinstance(view, SubmissionView) and self.settings.trusted:
                    self._find_out(view.target)
                    self._prepare(view.target, document.text)
                elif isinstance(view, ChapterView) and not view.complete:
                    self.spawn(self._look_further(document, view, asked))

    async def _look_further(self, document: Document, view: ChapterView, asked: int) -> None:
        """Adds what the rules find in a large chapter, unless it is edited meanwhile."""

        def outdated() -> bool:
            return document.asked != asked or self.documents.get(document.uri) is not document

        await asyncio.sleep(_FURTHER_SECONDS)
        view = await self.aside(look_further, view, outdated)
        if not outdated():
            document.view = view
            self.publish(document)

    def mend(self, document: Document) -> None:
        """Finds what has to be put right in a chapter for learners, as it is now."""
        if document.path is not None and is_chapter(
            document.text, document.language, document.path
        ):
            if document.mending is not None:
                document.mending.cancel()
            document.mending = self.spawn(self._mend(document, document.path, document.version))

    async def _mend(self, document: Document, path: Path, version: int) -> None:
        await self.view(document)
        if not self.settings.trusted:
            return
        found: list[Repair] = []
        chapter = in_course(await self.aside(read, document.text), path)
        try:
            for target in linting.targets(path, chapter):
                if document.version != version:
                    return
                found += await checking.repairs(target, self.runner())
        except RunnerUnavailable as error:
            log.warning(error)
        if found and document.version == version:
            document.repairs = tuple(found)
            self.publish(document)

    async def aside(self, work: Callable[..., T], *args: Any) -> T:
        """Does what may take long in a thread, of which there are few: what is typed into a huge
        document keeps neither the loop nor the progress waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._lookers, work, *args)

    def _drop(self, document: Document) -> None:
        for task in (document.refresh, document.work, document.mending):
            if task is not None:
                task.cancel()

    # Running

    def judge(self, params: protocol.DocumentParams) -> Coroutine[Any, Any, protocol.CheckResult]:
        """Checks a document as it is at this call, whatever the client sends before it is done."""
        return self._execute(params, "check", checking.check)

    def run(self, params: protocol.DocumentParams) -> Coroutine[Any, Any, protocol.CheckResult]:
        """Runs a document as it is at this call; what it prints goes to the client as it comes."""

        def show(text: str) -> None:
            self.send(protocol.OUTPUT, {"uri": params.uri, "text": text})

        def run(
            target: Target, text: str, file: str, runner: Runner, limits: Limits
        ) -> Coroutine[Any, Any, Result]:
            return checking.run(target, text, file, runner, show, limits)

        return self._execute(params, None, run)

    async def debug(self, params: protocol.DocumentParams) -> protocol.DebugStart:
        """How to debug a document as it is now. Raises CourseError, or a JSON-RPC error."""
        document = self._runnable(params)
        version, text = document.version, document.text
        target = await self._target_of(document, version)
        if self.settings.runner_command or os.environ.get("BLANKCHECK_RUNNER_COMMAND"):
            raise CourseError(
                "Exercises are run through blankcheck.runner.command, and cannot be debugged "
                "there. Open the folder on that machine to debug (Remote-SSH, a container)."
            )
        stop_at: int | None = None
        if params.failure is not False:
            if document.result is None or document.result[0] != version:
                raise CourseError("Check the exercise first: then its failure can be debugged.")
            line = None if params.failure is True else params.failure
            stop_at = debugging.line_at_fault(document.result[1], text, line)
        file = str(document.path or "submission.py")
        try:
            plan = await debugging.plan(target, text, file, self.runner())
        except RunnerUnavailable as error:
            raise JsonRpcException(str(error), protocol.RUNNER_UNAVAILABLE) from None
        return {
            "command": debugging.command(self._python),
            "plan": asdict(plan),
            "version": version,
            "stopAt": stop_at,
        }

    def _runnable(self, params: protocol.DocumentParams) -> Document:
        """A document whose code may be run; raises a JSON-RPC error if it may not."""
        document = self.document(params)
        self.require_trust()
        return document

    def require_trust(self) -> None:
        """Raises a JSON-RPC error if nothing may be run."""
        if not self.settings.trusted:
            raise JsonRpcException(_UNTRUSTED, protocol.UNTRUSTED)

    async def _target_of(self, document: Document, version: int) -> Target:
        """The exercise that a version of a document is for, which is still there, and may still be
        run; raises a JSON-RPC error if not."""
        target = await self.target(document)
        self.require_trust()
        if document.version != version:
            raise JsonRpcException("The text has changed meanwhile.", protocol.CONTENT_MODIFIED)
        return target

    def _execute(
        self,
        params: protocol.DocumentParams,
        recorded: Kind | None,
        work: Callable[[Target, str, str, Runner, Limits], Coroutine[Any, Any, Result]],
    ) -> Coroutine[Any, Any, protocol.CheckResult]:
        document = self._runnable(params)
        document.turns += 1
        if document.work is not None:
            document.work.cancel()
        return self._carry_out(document, document.version, document.turns, recorded, work)

    async def _carry_out(
        self,
        document: Document,
        version: int,
        turn: int,
        recorded: Kind | None,
        work: Callable[[Target, str, str, Runner, Limits], Coroutine[Any, Any, Result]],
    ) -> protocol.CheckResult:
        """Checks or runs a version of a document, unless it is given up for another turn."""
        target = await self._target_of(document, version)
        given_up = JsonRpcException(
            "The file was closed, or is checked anew.", protocol.CONTENT_MODIFIED
        )
        if document.turns != turn:
            raise given_up
        text = document.text
        file = str(document.path or "submission.py")
        limits = Limits(seconds=self.settings.time_limit)
        task = asyncio.ensure_future(work(target, text, file, self.runner(), limits))
        document.work = task
        try:
            result = await task
        except asyncio.CancelledError:
            if document.turns == turn and self.documents.get(document.uri) is document:
                task.cancel()
                await asyncio.wait([task])
                raise
            raise given_up from None
        except RunnerUnavailable as error:
            raise JsonRpcException(str(error), protocol.RUNNER_UNAVAILABLE) from None
        except CourseError as error:
            raise JsonRpcException(str(error), protocol.NOT_AN_EXERCISE) from None
        finally:
            if document.work is task:
                document.work = None
        if self.documents.get(document.uri) is document:
            if document.version == version:
                document.result = (version, result)
                self.publish(document)
            if result.seen is not None:
                document.values = learning.unit_of(target), Values(text, result.seen)
                self.on_values()
        if recorded is not None:
            self.spawn(self.record(target, recorded, result.verdict, text))
        answer: Any = {**result_json(result, text, file), "version": version}
        return answer

    def described(self, target: Target) -> tuple[Described, ...]:
        """What is known of the sample's blanks from running the solution; empty if nothing yet."""
        return self._described.get(_name(target), ())

    def _find_out(self, target: Target) -> None:
        """Finds out what stands where the blanks are, once for each exercise as it is now."""
        name = _name(target)
        if name not in self._described:
            self._described[name] = ()
            task = self.spawn(self._describe(name, target))
            self._describing.add(task)
            task.add_done_callback(self._describing.discard)

    def _prepare(self, target: Target, text: str) -> None:
        """Has the runner made ready for a check of the exercise that was last worked on."""
        name = _name(target)
        if name != self._prepared:
            self._prepared = name
            if self._preparing is not None:
                self._preparing.cancel()
            self._preparing = self.spawn(self._make_ready(target, text))

    async def _make_ready(self, target: Target, text: str) -> None:
        await asyncio.sleep(
            _PREPARE_SECONDS
        )  # of files that are opened at once, the last one counts
        limits = Limits(seconds=self.settings.time_limit)
        try:
            await checking.prepare(target, text, self.runner(), limits)
        except RunnerUnavailable as error:
            self._prepared = None
            log.warning(error)

    async def _describe(self, name: tuple[object, ...], target: Target) -> None:
        try:
            async with self._turn:  # whoever opens many files is not kept waiting by them all
                self._described[name] = await describe(target, self.runner())
        except RunnerUnavailable as error:
            del self._described[name]
            log.warning(error)

    def runner(self) -> Runner:
        """The runner of the learner's interpreter; it starts when it is first needed.

        Raises RunnerUnavailable if nothing may be run, which may be so since a moment ago.
        """
        if self._ending or not self.settings.trusted:
            raise RunnerUnavailable("The server is ending." if self._ending else _UNTRUSTED)
        if self._runner is None:
            settings, here = self.settings, self._python
            command = settings.runner_command or os.environ.get("BLANKCHECK_RUNNER_COMMAND", "")
            launcher = choose(
                here, command, settings.runner_python, settings.runner_folder, self.warn
            )
            self._runner = self._make_runner(launcher)
        self._runner.device = self.settings.device
        return self._runner

    @property
    def stage(self) -> str | None:
        """What the runner does that keeps others waiting; null if it is there."""
        stage = None if self._runner is None else self._runner.stage
        return None if stage is None else title(stage)

    def warn(self, text: str) -> None:
        """Tells the person something that cannot wait for an answer."""
        log.warning(text)
        self.send(
            types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(types.MessageType.Warning, text)
        )

    @property
    def _python(self) -> str:
        """The learner's interpreter."""
        return self.settings.interpreter or os.environ.get("BLANKCHECK_PYTHON") or sys.executable

    def configure(self, settings: protocol.Settings) -> None:
        """Takes over settings; another place to run things gets another runner."""
        before, self.settings = self.settings, settings
        runner = self._runner
        if runner is not None and (
            _place(before) != _place(settings) or (before.trusted and not settings.trusted)
        ):
            self._runner = self._prepared = None
            self.spawn(runner.close())

    # Progress

    async def record(
        self, target: Target, kind: Kind, verdict: str | None = None, text: str | None = None
    ) -> None:
        """Records what the learner did, and tells the client."""
        attempt = learning.attempt(target, kind, verdict, text)
        await self._kept(self.progress.add, attempt)
        await self.load_progress()
        self.send(
            protocol.PROGRESS_CHANGED,
            {
                "chapter": target.file.resolve().as_uri(),
                "key": target.key,
                "step": target.step,
                "state": learning.exercise_state(target, self.standings),
            },
        )

    async def _kept(self, work: Callable[..., T], *args: Any) -> T:
        """Does what the store may keep waiting for, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._keeper, work, *args)

    async def load_progress(self) -> None:
        """Reads how far the learner is."""
        before = self.standings
        self.standings = await self._kept(self.progress.standings)
        said, self._said = self._said, self.progress.message
        if self._said is not None and self._said != said:
            self.warn(self._said)
        if self.standings != before:
            self.on_standing()

    # Lifetime

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Does some work in the background; a failure is logged."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Something failed in the background", exc_info=error)

    async def end(self) -> None:
        """Ends what is under way, and every process. The session cannot be used after it."""
        self._ending = True
        for document in self.documents.values():
            self._drop(document)
        self.documents.clear()
        for task in (*self._describing, self._preparing):
            if task is not None:
                task.cancel()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.close()
        self._lookers.shutdown(wait=False, cancel_futures=True)
        left = self._background - {asyncio.current_task()}
        if left:
            await asyncio.wait(left, timeout=END_SECONDS)
        self._keeper.shutdown(wait=False, cancel_futures=True)


def _place(settings: protocol.Settings) -> tuple[object, ...]:
    """Where code runs."""
    there = (settings.runner_command, settings.runner_python, settings.runner_folder)
    return settings.interpreter, *there


def _name(target: Target) -> tuple[object, ...]:
    """What names an exercise as its chapter has it now."""
    return target.file, hash(target.chapter.text), target.key, target.step
