"""The command line: what a learner, an author or another program can do without an editor."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from blankcheck import __version__, checking, learning, linting
from blankcheck.arguments import Command, parser
from blankcheck.course.model import Chapter
from blankcheck.course.submission import BUILTIN, read_header
from blankcheck.course.text import with_line_feeds
from blankcheck.courses import (
    Course,
    CourseError,
    Target,
    builtin_folder,
    find_courses,
    find_exercise,
    find_target,
    read_chapter,
    require_folder,
    start,
)
from blankcheck.doctor import diagnose
from blankcheck.progress import Progress
from blankcheck.reporting import (
    finding_github,
    finding_json,
    finding_text,
    findings_sarif,
    printable,
    result_text,
)
from blankcheck.result import Result, result_json
from blankcheck.runner import Runner, RunnerUnavailable
from blankcheck.terminal import style_of, under_way, warn

OK, NOT_PASSED, NOT_DONE, INTERRUPTED = 0, 1, 2, 130
MAX_BYTES = 16 * 2**20
"""Bytes of a submission that are read at all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    options = parser(COMMANDS).parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM) if options.command is not _serve else ():
        signal.signal(number, _interrupt)
    try:
        status = options.command(options)
        sys.stdout.flush()
        return status
    except (CourseError, RunnerUnavailable) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        under_way("")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, which is their right; say nothing at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _serve(options: argparse.Namespace) -> int:
    # What is imported stays. To look among it for what does not takes a tenth of the start.
    gc.disable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        from blankcheck.lsp.server import serve
    except ImportError as error:
        return _complain(
            f"The language server needs the package {error.name}, which is not installed. "
            "Install it with: pip install pygls"
        )
    finally:
        gc.enable()
    return serve(options.tcp, options.python)


def _check(options: argparse.Namespace) -> int:
    named = options.chapter is not None or options.exercise is not None
    progress = Progress()

    async def each(runner: Runner) -> int:
        worst = OK
        for file in options.files:
            try:
                under_way(f"Checking {file} …")
                text = _read(file)
                target = _target(options, file, text)
                result = await checking.check(target, text, str(file), runner)
                under_way("")
            except CourseError as error:
                said = str(error)
                worst = max(worst, _complain(said if str(file) in said else f"{file}: {said}"))
                continue
            _show(result, text, str(file), options.format)
            if not named:
                progress.add(learning.attempt(target, "check", result.verdict, text))
            worst = max(worst, _status(result))
        return worst

    status = _with_runner(options, each)
    warn(progress.message)
    return status


def _run(options: argparse.Namespace) -> int:
    under_way(f"Running {options.file} …")
    text = _read(options.file)
    target = _target(options, options.file, text)
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

    return _with_runner(options, once)


def _lint(options: argparse.Namespace) -> int:
    under_way("Looking for chapters …")
    files = linting.chapter_files(options.paths)
    found = list(linting.course_findings(options.paths))
    under_way("")
    at_once = options.format in ("text", "github")
    style = style_of(sys.stdout)

    def show(items: Sequence[linting.Finding]) -> None:
        for item in items if at_once else ():
            github = options.format == "github"
            print(finding_github(item) if github else finding_text(item, style), flush=True)

    async def each(look: Callable[[Path], Awaitable[tuple[linting.Finding, ...]]]) -> int:
        show(found)
        worst = OK
        for file in files:
            under_way(f"Reading {file} …")
            try:
                items = await look(file)
            except CourseError as error:
                worst = _complain(str(error))
                continue
            under_way("")
            found.extend(items)
            show(items)
        return worst

    async def read(file: Path) -> tuple[linting.Finding, ...]:
        return linting.static_findings(file, str(file))

    async def tried(runner: Runner) -> int:
        async def look(file: Path) -> tuple[linting.Finding, ...]:
            def trying(number: int, count: int) -> None:
                under_way(f"Trying {file}, exercise {number} of {count} …")

            return await linting.all_findings(file, str(file), runner, trying)

        return await each(look)

    status = asyncio.run(each(read)) if options.static else _with_runner(options, tried)
    if options.format == "json":
        print(json.dumps([finding_json(item) for item in found], indent=2))
    elif options.format == "sarif":
        print(findings_sarif(found, __version__))
    errors = sum(item.severity == "error" for item in found)
    if options.format == "text":
        counted = f"{_count(len(files), 'chapter')}, {_count(len(found), 'finding')}"
        print(f"{counted}, {_count(errors, 'error')}.", file=sys.stderr)
    return status or (NOT_PASSED if errors else OK)


def _list(options: argparse.Namespace) -> int:
    require_folder(options.path)
    progress = Progress()
    standings = progress.standings()
    courses = _courses(options.path)
    if not courses:
        raise CourseError(f"No course is in {options.path}. Name a folder of chapters.")
    for course in courses:
        print(style_of(sys.stdout).paint(printable(course.title), "bold"))
        warn(course.problem)
        for file in course.chapters:
            try:
                chapter = _read_chapter(file)
            except CourseError as error:
                _complain(str(error))
                continue
            name = BUILTIN + file.name if course.builtin else _shortest(file)
            print(f"  {printable(chapter.title or file.stem)}  ({printable(name)})")
            for number, exercise in enumerate(chapter.exercises, 1):
                target = Target(file, chapter, exercise, 1 if exercise.steps else None)
                state = learning.exercise_state(target, standings)
                said = state if exercise.not_runnable is None else "to read"
                print(f"    {number:>2}  {said:<8}  {printable(exercise.title)}")
    warn(progress.message)
    return OK


def _show_exercise(options: argparse.Namespace) -> int:
    print(printable(learning.instructions(_named(options))))
    return OK


def _start(options: argparse.Namespace) -> int:
    chapter, exercise = _key(options.chapter, options.exercise)
    target = _exercise(_chapter(chapter), exercise, options.step)
    file, created = start(target, options.workspace)
    if created:
        progress = Progress()
        progress.add(learning.attempt(target, "start"))
        print(f"{file}")
        warn(progress.message)
    else:
        print(f"{file} is there already, and was left as it is.")
    return OK


def _hint(options: argparse.Namespace) -> int:
    target = _named(options)
    hint = learning.hint(target)
    if hint is None:
        print("This exercise has no hint. Read its instructions again: blankcheck show.")
        return OK
    progress = Progress()
    progress.add(learning.attempt(target, "hint"))
    print(printable(hint))
    warn(progress.message)
    return OK


def _solution(options: argparse.Namespace) -> int:
    target = _named(options)
    code = learning.solution(target)
    if code is None:
        raise CourseError("This exercise has no solution.")
    if not options.yes:
        raise CourseError(
            "Seeing the solution takes the exercise's XP. Repeat the command with --yes to see it, "
            "or take the hint: blankcheck hint."
        )
    progress = Progress()
    progress.add(learning.attempt(target, "solution"))
    code = with_line_feeds(code)
    sys.stdout.write(code if code.endswith("\n") else f"{code}\n")
    warn(progress.message)
    return OK


def _reset(options: argparse.Namespace) -> int:
    text = _read(options.file)
    target = _target(options, options.file, text)
    backup = learning.back_up(options.file)
    try:
        options.file.write_bytes(learning.reset_text(target, text).encode("utf-8", "replace"))
    except OSError as error:
        raise CourseError(f"{options.file} cannot be written ({error.strerror}).") from None
    print(f"{options.file} is as it was at the start. Your work was kept as {backup}.")
    return OK


def _progress(options: argparse.Namespace) -> int:
    require_folder(options.path)
    progress = Progress()
    standings = progress.standings()
    earned = possible = 0
    for course in _courses(options.path):
        passed = total = 0
        for file in course.chapters:
            try:
                chapter = _read_chapter(file)
            except CourseError as error:
                _complain(str(error))
                continue
            for exercise in chapter.exercises:
                if exercise.not_runnable is None:
                    target = Target(file, chapter, exercise, 1 if exercise.steps else None)
                    total += 1
                    passed += learning.exercise_state(target, standings) == "passed"
                    earned += learning.earned(target, standings)
                    possible += exercise.xp
        print(f"{printable(course.title)}: {passed} of {total} exercises passed")
    print(f"{earned} of {possible} XP")
    warn(progress.message)
    return OK


def _doctor(options: argparse.Namespace) -> int:
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

    return _with_runner(options, look)


def _with_runner(options: argparse.Namespace, work: Callable[[Runner], Awaitable[int]]) -> int:
    """Does some work with a runner, and leaves no process behind however it ends."""
    from blankcheck.runner.process import HostRunner
    from blankcheck.runner.remote import choose

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


def _interrupt(number: int, frame: object) -> NoReturn:
    """Ends a command wherever it is: asyncio's own handling of Ctrl-C would have it go on until it
    waits for something, as it does not while it reads."""
    raise KeyboardInterrupt


def _target(options: argparse.Namespace, file: Path, text: str) -> Target:
    """The exercise that options or the file's first line name."""
    if file.suffix == ".md":
        raise CourseError(
            f"{file} is a chapter and no submission. Begin one of its exercises with blankcheck "
            "start, or check the chapter itself with blankcheck lint."
        )
    if options.chapter is None and options.exercise is None and options.step is None:
        return find_target(text, file, [Path.cwd()])
    header = read_header(text)
    exercise = options.exercise or (header.exercise if header else None)
    if exercise is None:
        raise CourseError("Which exercise of the chapter is it for? Name it with --exercise.")
    if options.chapter is not None:
        chapter = _chapter(options.chapter)
    else:
        chapter = find_target(text, file, [Path.cwd()]).file
    step = options.step or (header.step if header and options.exercise is None else None)
    return find_exercise(chapter, exercise, step)


def _named(options: argparse.Namespace) -> Target:
    """The exercise that `show`, `hint` or `solution` is asked for: by a submission, or by name."""
    if options.exercise is None and options.file.endswith(".py"):
        file = Path(options.file)
        under_way(f"Reading the chapter of {file} …")
        target = find_target(_read(file), file, [Path.cwd()])
        under_way("")
        return target
    chapter, exercise = _key(options.file, options.exercise)
    return _exercise(_chapter(chapter), exercise, options.step)


def _exercise(chapter: Path, exercise: str, step: int | None) -> Target:
    under_way(f"Reading {chapter} …")
    target = find_exercise(chapter, exercise, step)
    under_way("")
    return target


def _courses(folder: Path) -> tuple[Course, ...]:
    under_way(f"Looking for courses in {folder} …")
    courses = find_courses([folder])
    under_way("")
    return courses


def _read_chapter(file: Path) -> Chapter:
    under_way(f"Reading {file} …")
    chapter = read_chapter(file)
    under_way("")
    return chapter


def _key(chapter: str, exercise: str | None) -> tuple[str, str]:
    """A chapter and its exercise, named as two arguments or as one: `chapter.md#key`."""
    if exercise is None:
        chapter, _, exercise = chapter.partition("#")
    if not exercise:
        raise CourseError("Which exercise of the chapter? Name its number, title or key.")
    return chapter, exercise


def _chapter(name: str) -> Path:
    """A chapter's file, from its path or as `builtin:` and its name."""
    folder = builtin_folder()
    if name.startswith(BUILTIN) and folder is not None:
        return folder / Path(name.removeprefix(BUILTIN)).name
    return Path(name)


def _read(file: Path) -> str:
    """A submission's text. What is not UTF-8 in it is told later, as a syntax error."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise CourseError(f"{file} cannot be read ({error.strerror}). Check its path.") from None
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


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


def _shortest(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _complain(message: str) -> int:
    warn(message)
    return NOT_DONE


COMMANDS: dict[str, Command] = {
    "serve": _serve,
    "check": _check,
    "run": _run,
    "lint": _lint,
    "list": _list,
    "show": _show_exercise,
    "start": _start,
    "hint": _hint,
    "solution": _solution,
    "reset": _reset,
    "progress": _progress,
    "doctor": _doctor,
}
