"""The command line: what a learner, an author or another program can do without an editor."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from blankcheck.arguments import Command, parser
from blankcheck.commands import OK, complain
from blankcheck.courses import CourseError
from blankcheck.runner import RunnerUnavailable
from blankcheck.terminal import under_way

INTERRUPTED = 130


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
        return complain(str(error))
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
        return complain(
            f"The language server needs the package {error.name}, which is not installed. "
            "Install it with: pip install pygls"
        )
    finally:
        gc.enable()
    return serve(options.tcp, options.python)


def _interrupt(number: int, frame: object) -> NoReturn:
    """Ends a command wherever it is: asyncio's own handling of Ctrl-C would have it go on until it
    waits for something, as it does not while it reads."""
    raise KeyboardInterrupt


def _of(module: str, name: str) -> Command:
    """A command, which is imported when it is meant: the language server needs no other."""

    def command(options: argparse.Namespace) -> int:
        return getattr(import_module(f"blankcheck.commands.{module}"), name)(options)

    return command


COMMANDS: dict[str, Command] = {
    "serve": _serve,
    "check": _of("running", "check"),
    "run": _of("running", "run"),
    "lint": _of("authoring", "lint"),
    "list": _of("looking", "list_courses"),
    "show": _of("looking", "show"),
    "start": _of("looking", "start"),
    "hint": _of("looking", "hint"),
    "solution": _of("looking", "solution"),
    "reset": _of("looking", "reset"),
    "progress": _of("looking", "progress"),
    "doctor": _of("running", "doctor"),
}
