"""The one runner of a session: made as the settings say, when it is first needed, and only while
the workspace is trusted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from pygls.exceptions import JsonRpcException

from blankcheck.lsp import protocol
from blankcheck.lsp.background import Background
from blankcheck.lsp.harmless import title
from blankcheck.lsp.settings import Settings
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck_runner.wire import Limits

_UNTRUSTED = "This workspace is not trusted, so nothing is run. Trust it, then try again."


class RunnerProvider:
    """The settings, and the runner that they ask for."""

    def __init__(
        self,
        settings: Settings,
        background: Background,
        warn: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self._background = background
        self._warn = warn
        self._runner: Runner | None = None
        self._ending = False

    def runner(self) -> Runner:
        """The runner of the learner's interpreter; it starts when it is first needed.

        Raises RunnerUnavailable if nothing may be run, which may be so since a moment ago.
        """
        if self._ending or not self.settings.trusted:
            raise RunnerUnavailable("The server is ending." if self._ending else _UNTRUSTED)
        settings = self.settings
        if self._runner is None:
            # The server starts sooner without what is only needed to run something.
            from blankcheck.runner.process import HostRunner
            from blankcheck.runner.remote import choose

            launcher = choose(
                self.python,
                self.command,
                settings.runner_python,
                settings.runner_folder,
                self._warn,
            )
            self._runner = HostRunner(launcher)
        self._runner.device = settings.device
        return self._runner

    def require_trust(self) -> None:
        """Raises a JSON-RPC error if nothing may be run."""
        if not self.settings.trusted:
            raise JsonRpcException(_UNTRUSTED, protocol.UNTRUSTED)

    @property
    def python(self) -> str:
        """The learner's interpreter."""
        return self.settings.interpreter or os.environ.get("BLANKCHECK_PYTHON") or sys.executable

    @property
    def command(self) -> str | tuple[str, ...]:
        """What starts a program on the machine where the exercises run; empty: they run here."""
        return self.settings.runner_command or os.environ.get("BLANKCHECK_RUNNER_COMMAND", "")

    @property
    def limits(self) -> Limits:
        """Those of a run, unless its chapter asks for others."""
        return Limits(seconds=self.settings.time_limit)

    @property
    def stage(self) -> str | None:
        """What the runner does that keeps others waiting; null if it is there."""
        stage = None if self._runner is None else self._runner.stage
        return None if stage is None else title(stage)

    def configure(self, settings: Settings) -> None:
        """Takes over settings: another place to run things gets another runner."""
        before, self.settings = self.settings, settings
        runner = self._runner
        if runner is None or (
            _place(before) == _place(settings) and (settings.trusted or not before.trusted)
        ):
            return
        self._runner = None
        self._background.spawn(runner.close())

    async def end(self) -> None:
        """Ends every process; there is no runner after it."""
        self._ending = True
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.close()


def _place(settings: Settings) -> tuple[object, ...]:
    """Where code runs."""
    there = (settings.runner_command, settings.runner_python, settings.runner_folder)
    return settings.interpreter, *there
