"""What the client asks to have run: a document's check, run or debug session, as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

from pygls.exceptions import JsonRpcException

from blankcheck import checking, debugging, learning
from blankcheck.courses import CourseError, Target
from blankcheck.lsp import protocol
from blankcheck.lsp.background import Background
from blankcheck.lsp.document_store import DocumentStore
from blankcheck.lsp.documents import Document
from blankcheck.lsp.params import DocumentParams
from blankcheck.lsp.runner_provider import RunnerProvider
from blankcheck.lsp.standings import Standings
from blankcheck.progress import Kind
from blankcheck.result import Result, result_json
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck.values import Values
from blankcheck_runner.wire import Limits

_Work = Callable[[Target, str, str, Runner, Limits], Coroutine[Any, Any, Result]]
"""A check or run of a target's submission: its text, its file, the runner, the limits."""


class Execution:
    """Checks, runs and debugs documents; of one document, the last check or run that was asked for
    wins. `send` notifies the client."""

    def __init__(
        self,
        send: Callable[[str, Any], None],
        documents: DocumentStore,
        runners: RunnerProvider,
        standings: Standings,
        background: Background,
    ) -> None:
        self.on_values: Callable[[], None] = lambda: None
        """Called when a run or check has shown what the variables of a submission hold."""
        self._send = send
        self._documents = documents
        self._runners = runners
        self._standings = standings
        self._background = background

    def check(self, params: DocumentParams) -> Coroutine[Any, Any, protocol.CheckResult]:
        """Checks a document as it is at this call, whatever the client sends before it is done."""
        return self._execute(params, "check", checking.check)

    def run(self, params: DocumentParams) -> Coroutine[Any, Any, protocol.CheckResult]:
        """Runs a document as it is at this call; what it prints goes to the client as it comes."""

        def show(text: str) -> None:
            self._send(protocol.OUTPUT, {"uri": params.uri, "text": text})

        def run(
            target: Target, text: str, file: str, runner: Runner, limits: Limits
        ) -> Coroutine[Any, Any, Result]:
            return checking.run(target, text, file, runner, show, limits)

        return self._execute(params, None, run)

    async def debug(self, params: DocumentParams) -> protocol.DebugStart:
        """How to debug a document as it is now. Raises CourseError, or a JSON-RPC error."""
        document = self._runnable(params)
        version, text = document.version, document.text
        target = await self._target_of(document, version)
        if self._runners.command:
            raise CourseError(
                "Exercises are run through blankcheck.runner.command, and cannot be debugged "
                "there. Open the folder on that machine to debug (Remote-SSH, a container)."
            )
        stop_at: int | None = None
        if params.failure is not False:
            if document.result is None or document.result[0] != version:
                raise CourseError("Check the exercise first: then its failure can be debugged.")
            line = None if params.failure is True else params.failure
            stop_at = await self._background.aside(
                debugging.line_at_fault, document.result[1], text, line
            )
        blanks = await self._background.aside(debugging.open_blanks, target, text)
        try:
            runner = self._runners.runner()
            plan = await debugging.plan(target, text, _file(document), runner, blanks)
        except RunnerUnavailable as error:
            raise JsonRpcException(str(error), protocol.RUNNER_UNAVAILABLE) from None
        return {
            "command": debugging.command(self._runners.python),
            "plan": asdict(plan),
            "version": version,
            "stopAt": stop_at,
        }

    def _runnable(self, params: DocumentParams) -> Document:
        """A document whose code may be run; raises a JSON-RPC error if it may not."""
        document = self._documents.requested(params)
        self._runners.require_trust()
        return document

    async def _target_of(self, document: Document, version: int) -> Target:
        """The exercise that a version of a document is for, which is still there, and may still be
        run; raises a JSON-RPC error if not."""
        target = await self._documents.target(document)
        self._runners.require_trust()
        if document.version != version:
            raise JsonRpcException("The text has changed meanwhile.", protocol.CONTENT_MODIFIED)
        return target

    def _execute(
        self, params: DocumentParams, recorded: Kind | None, work: _Work
    ) -> Coroutine[Any, Any, protocol.CheckResult]:
        document = self._runnable(params)
        document.turns += 1
        if document.work is not None:
            document.work.cancel()
        return self._carry_out(document, document.version, document.turns, recorded, work)

    async def _carry_out(
        self, document: Document, version: int, turn: int, recorded: Kind | None, work: _Work
    ) -> protocol.CheckResult:
        """Checks or runs a version of a document, unless it is given up for another turn."""
        target = await self._target_of(document, version)
        given_up = JsonRpcException(
            "The file was closed, or is checked anew.", protocol.CONTENT_MODIFIED
        )
        if document.turns != turn:
            raise given_up
        text, file = document.text, _file(document)
        task = asyncio.ensure_future(
            work(target, text, file, self._runners.runner(), self._runners.limits)
        )
        document.work = task
        try:
            result = await task
        except asyncio.CancelledError:
            if document.turns == turn and self._documents.holds(document):
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
        if self._documents.holds(document):
            self._show(document, version, target, text, result)
        if recorded is not None:
            self._background.spawn(self._standings.record(target, recorded, result.verdict, text))
        answer: Any = {**result_json(result, text, file), "version": version}
        return answer

    def _show(
        self, document: Document, version: int, target: Target, text: str, result: Result
    ) -> None:
        """Shows what came of a version of a document with this text, as far as it is still so."""
        if document.version == version:
            document.result = (version, result)
            self._documents.publish(document)
        if result.seen is not None:
            document.values = learning.unit_of(target), Values(text, result.seen)
            self.on_values()


def _file(document: Document) -> str:
    """What a document's text is called where it runs."""
    return str(document.path or "submission.py")
