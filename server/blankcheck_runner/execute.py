"""Running course code and submissions in this process, one top-level statement after the other.

The code sees what a script sees: a real `__main__` module, its own file name and lines in
tracebacks and for `inspect`, an empty standard input. What each statement prints is recorded
and written through to descriptor 1 at once, where the host reads it together with what child
processes and C code write.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import io
import linecache
import os
import random
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from blankcheck_runner.judge.task import Printed

MAX_RECORDED = 2**20
"""Bytes of printed text that are recorded of one part; more than the host shows anyone."""


@dataclass(frozen=True)
class Ran:
    """How the run of one part ended."""

    prints: tuple[Printed, ...]
    error: BaseException | None = None
    """What it raised; null if it ran to its end, or left by `sys.exit()` without an error."""


class Recorder(io.RawIOBase):
    """A byte stream that keeps what is written and passes it on to descriptor 1."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._room = MAX_RECORDED

    def writable(self) -> bool:
        """Always; also for a submission that asks."""
        return True

    def fileno(self) -> int:
        """Standard output's."""
        return 1

    def write(self, data: Any, /) -> int:
        """Writes all of it. A descriptor that the submission closed loses only the display."""
        octets = bytes(data)
        self._kept += octets[: self._room]
        self._room = max(0, self._room - len(octets))
        left = memoryview(octets)
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(1, left) :]
        return len(octets)

    def take(self) -> str:
        """What was written since the last time."""
        text = bytes(self._kept).decode("utf-8", "replace")
        self._kept.clear()
        return text

    def restart(self) -> None:
        """Begins a new part."""
        self._kept.clear()
        self._room = MAX_RECORDED


class Program:
    """The one program of this process: its `__main__` module, and what it prints."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.texts: dict[str, str] = {}
        """Source text by file name, of all parts that were run."""
        self._recorder = Recorder()
        self._directory = ""

    @property
    def namespace(self) -> dict[str, Any]:
        """The globals of the code."""
        return self.module.__dict__

    def begin(self, directory: str, seed: int) -> None:
        """Makes this process ready for the first part: place, module, streams, seed."""
        sys.modules["__main__"] = self.module
        self.move(directory)
        builtins.input = _no_input
        self._renew_stdout()
        _seed(seed)

    def bind_device(self, name: str, device: str) -> None:
        """Has the code find the device that it runs on under a name; nothing without torch."""
        torch = sys.modules.get("torch")
        if torch is not None:
            self.namespace[name] = torch.device(device)

    def move(self, directory: str) -> None:
        """Makes a directory the one that the code runs in, imports from and calls home."""
        if directory != self._directory:
            os.chdir(directory)
            os.environ["HOME"] = directory
            os.environ["TMPDIR"] = directory
            tempfile.tempdir = None
            # Last, so that no file of a course hides a library.
            sys.path[:] = [place for place in sys.path if place != self._directory] + [directory]
            self._directory = directory

    def place(self, text: str, file: str) -> None:
        """Makes a text the program's own, under a file's name."""
        self.texts[file] = text
        self.namespace["__file__"] = file
        # No time stamp: `linecache` then never looks for the file on disk.
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        sys.argv = [file]

    def execute(
        self,
        text: str,
        file: str,
        at: Callable[[int], None],
        begin: Callable[[ast.Module], None] | None = None,
    ) -> Ran:
        """Runs a part. `begin` is given its syntax tree, `at` the line of each statement before it
        runs."""
        self.place(text, file)
        self._recorder.restart()
        if getattr(getattr(sys, "stdout", None), "closed", True):
            self._renew_stdout()
        prints: list[Printed] = []
        line: int | None = None
        error: BaseException | None = None
        try:
            tree = ast.parse(text, file)
            if begin is not None:
                begin(tree)
            for line, code in compiled(tree, file):
                at(line)
                exec(code, self.namespace)
                self._collect(prints, line)
            _join_threads()
        except SystemExit as leaving:
            error = None if leaving.code in (None, 0) else leaving
        except BaseException as raised:
            error = raised
        self._collect(prints, line)
        return Ran(tuple(prints), error)

    def _collect(self, prints: list[Printed], line: int | None) -> None:
        for name in ("stdout", "stderr"):
            # The submission may have put anything there, closed it or taken it away.
            with contextlib.suppress(Exception):
                getattr(sys, name).flush()
        with contextlib.suppress(Exception):
            self._stdout.flush()
        text = self._recorder.take()
        if text:
            prints.append(Printed(text, line))

    def _renew_stdout(self) -> None:
        self._recorder = Recorder()
        self._stdout = io.TextIOWrapper(
            self._recorder,  # pyright: ignore[reportArgumentType]
            encoding="utf-8",
            errors="backslashreplace",
            newline="\n",
            line_buffering=True,
        )
        sys.stdout = sys.__stdout__ = self._stdout


def compiled(tree: ast.Module, file: str) -> Sequence[tuple[int, types.CodeType]]:
    """Each top-level statement of a text, compiled, with its first line.

    All of them before the first one runs, so that a text with an error in it does not run halfway.
    Raises what `compile` raises.
    """
    flags = future_flags(tree)
    if flags:
        # Whether such imports stand where they may can only be seen on the whole.
        compile(tree, file, "exec", dont_inherit=True)
    codes: list[tuple[int, types.CodeType]] = []
    for index, statement in enumerate(tree.body):
        if index and _is_text(statement):
            continue  # else it would become the module's docstring
        module = ast.Module([statement], type_ignores=[])
        code = compile(module, file, "exec", flags=flags, dont_inherit=True)
        codes.append((first_line(statement), code))
    return codes


def future_flags(tree: ast.Module) -> int:
    """The compiler flags for what the text imports from `__future__`."""
    flags = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature is not None else 0
    return flags


def first_line(statement: ast.stmt) -> int:
    """The statement's first line, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _no_input(prompt: object = "", /) -> str:
    """Stands for `input`: nobody is there to answer."""
    print(prompt, end="", flush=True)
    raise EOFError("input() has nobody to ask here: standard input is empty")


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _join_threads() -> None:
    """Waits for the program's threads, as the interpreter does at a script's end."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


@contextlib.contextmanager
def chance_kept() -> Generator[None]:
    """What is drawn meanwhile changes nothing of what is drawn after it."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    state = random.getstate()
    of_torch = None if torch is None else torch.get_rng_state()
    of_numpy = None if numpy is None else numpy.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        if torch is not None:
            torch.set_rng_state(of_torch)
        if numpy is not None:
            numpy.random.set_state(of_numpy)


def _seed(seed: int) -> None:
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
