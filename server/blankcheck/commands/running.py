"""The commands that run code: `check`, `run` and `doctor`; and the runner of all that do."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from blankcheck import checking, learning
from blankcheck.commands import NOT_DONE, NOT_PASSED, OK, complain
from blankcheck.commands.naming import target_of, text_of
from blankcheck.courses import CourseError
from blankcheck.doctor import diagnose
from blankcheck.progress import Progress
from blankcheck.reporting import result_text
from blankcheck.result import Result, result_json
from blankcheck.runner import Runner
from blankcheck.runner.process import HostRunner
from blankcheck.runner.remote import choose
from blankcheck.terminal import printable, style_of, under_way, warn


def check(options: argparse.Namespace) -> int:
    """Checks submissions, each for its exercise."""
    named = options.chapter is not None or options.exercise is not None
    progress = Progress()

    async def each(runner: Runner) -> int:
        worst = OK
        for file in options.files:
            try:
                under_way(f"Checking {file} …")
                text = text_of(file)
                target = target_of(options, file, text)
                result = await checking.check(target, text, str(file), runner)
                under_way("")
            except CourseError as error:
                said = str(error)
                worst = max(worst, complain(said if str(file) in said else f"{file}: {said}"))
                continue
            _show(result, text, str(file), options.format)
            if not named:
                progress.add(learning.attempt(target, "check", result.verdict, text))
            worst = max(worst, _status(result))
        return worst

    status = with_runner(options, each)
    warn(progress.message)
    return status


def run(options: argparse.Namespace) -> int:
    """Runs a submission without judging it."""
    under_way(f"Running {options.file} …")
    text = text_of(options.file)
    target = target_of(options, options.file, text)
    written: list[str] = []

    def show(output: str) -> None:
        under_way("")
        written.append(output)
        sys.stdout.write(output)
        sys.stdout.flush()

    async def once(runner: Runner) -> int:
        result = await checking.run(target, text, str(options.file), runner, show)
        under_way("")
        if not written:
            sys.stdout.write(result.output)
            sys.stdout.flush()
        if result.verdict != "passed" or result.feedback:
            shown = result_text(
                _without_output(result), text, str(options.file), style_of(sys.stderr)
            )
            print(shown, file=sys.stderr)
        return _status(result)

    return with_runner(options, once)


def doctor(options: argparse.Namespace) -> int:
    """Says what works on this machine, and what to do about the rest."""

    async def look(runner: Runner) -> int:
        under_way("Looking at what works here …")
        findings = await diagnose(runner)
        under_way("")
        if options.format == "json":
            print(json.dumps([finding.to_json() for finding in findings], indent=2))
        else:
            style = style_of(sys.stdout)
            for finding in findings:
                mark = style.paint("ok ", "green") if finding.ok else style.paint("no ", "red")
                print(f"{mark} {finding.name:<12} {printable(finding.value)}")
                if finding.advice:
                    print(f"    {'':<12} {printable(finding.advice)}")
        return OK if all(finding.ok for finding in findings) else NOT_PASSED

    return with_runner(options, look)


def with_runner(options: argparse.Namespace, work: Callable[[Runner], Awaitable[int]]) -> int:
    """Does some work with a runner, and leaves no process behind however it ends."""
    here = options.python or os.environ.get("BLANKCHECK_PYTHON") or sys.executable
    command = options.runner_command or os.environ.get("BLANKCHECK_RUNNER_COMMAND", "")
    launcher = choose(here, command, options.python or "", options.runner_folder, warn)

    async def supervised() -> int:
        asyncio.get_running_loop().set_default_executor(_Helpers())
        runner = HostRunner(launcher, device=options.device)
        try:
            return await work(runner)
        finally:
            await runner.close()

    return asyncio.run(supervised())


class _Helpers(ThreadPoolExecutor):
    """Threads that nobody waits for at the end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


def _show(result: Result, text: str, file: str, form: str) -> None:
    if form == "json":
        print(json.dumps(result_json(result, text, file)), flush=True)
    else:
        print(result_text(result, text, file, style_of(sys.stdout)), flush=True)


def _status(result: Result) -> int:
    if result.verdict == "passed":
        return OK
    return NOT_DONE if result.verdict == "broken" else NOT_PASSED


def _without_output(result: Result) -> Result:
    return Result(result.exercise, result.step, result.verdict, result.feedback)
