"""The options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from blankcheck import __version__
from blankcheck_runner.wire import DEVICE

Command = Callable[[argparse.Namespace], int]
"""What does the work of one command, and gives the exit status."""


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The parser of the command line; what it parses holds the one of `commands` that is meant."""
    whole = argparse.ArgumentParser(
        prog="blankcheck",
        description="Exercises with blanks, checked by running them.",
        epilog="A learner begins with: blankcheck list. An author: blankcheck lint PATH. "
        "blankcheck COMMAND --help says more of a command.",
    )
    whole.add_argument("--version", action="version", version=__version__)
    below = whole.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str, runs: bool = False) -> argparse.ArgumentParser:
        made = below.add_parser(name, help=text.replace("%", "%%"), description=text)
        made.set_defaults(command=commands[name])
        if runs:
            made.add_argument(
                "--python",
                metavar="PATH",
                help="what runs the exercises (else BLANKCHECK_PYTHON, else this Python)",
            )
        if runs and name != "serve":
            made.add_argument(
                "--device",
                type=_device,
                default="auto",
                help="auto, cpu, cuda, cuda:N or mps (else auto: a graphics card if there is one, "
                "for exercises that use one)",
            )
            made.add_argument(
                "--runner-command",
                metavar="COMMAND",
                default="",
                help="run them on the machine that this command reaches, such as `ssh gpu-box` "
                "(else BLANKCHECK_RUNNER_COMMAND); --python is then the Python there",
            )
            made.add_argument(
                "--runner-folder", metavar="DIR", default="", help="the folder there to work in"
            )
        return made

    def exercise_options(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "--chapter", metavar="C.md", help="the chapter (else the first line says)"
        )
        made.add_argument("--exercise", metavar="KEY", help="a key, a title or a number from 1")
        made.add_argument("--step", metavar="N", type=int, help="the step, from 1")

    def named_exercise(made: argparse.ArgumentParser) -> None:
        made.add_argument("file", metavar="FILE", help="a submission, or a chapter")
        made.add_argument("exercise", metavar="KEY", nargs="?", help="of a chapter: which exercise")
        made.add_argument("--step", metavar="N", type=int, help="the step, from 1")

    def formats(made: argparse.ArgumentParser, *names: str) -> None:
        made.add_argument(
            "--format",
            choices=names,
            default=names[0],
            help=f"of the output ({names[0]} if not said)",
        )

    here = Path()
    folder_of_courses = "a folder with courses in it (else the one that you are in)"
    made = command("serve", "The language server.", True)
    how = made.add_mutually_exclusive_group()
    how.add_argument(
        "--stdio", action="store_true", help="talk over stdin and stdout (the default)"
    )
    how.add_argument("--tcp", metavar="HOST:PORT", type=_address, help="wait for one client there")

    made = command("check", "Check submissions.", True)
    made.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="a submission, as start writes it"
    )
    exercise_options(made)
    formats(made, "text", "json")

    made = command("run", "Run a submission without checking it.", True)
    made.add_argument("file", metavar="FILE", type=Path, help="a submission, as start writes it")
    exercise_options(made)

    made = command("lint", "Check chapters, for their author.", True)
    made.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help="a chapter, or a folder of chapters"
    )
    made.add_argument(
        "--static", action="store_true", help="run nothing: only what can be told from the text"
    )
    formats(made, "text", "json", "sarif", "github")

    made = command("list", "List courses, chapters and exercises.")
    made.add_argument(
        "path", metavar="PATH", nargs="?", type=Path, default=here, help=folder_of_courses
    )

    named_exercise(command("show", "Show the instructions of an exercise."))

    made = command("start", "Write the file in which to do an exercise.")
    made.add_argument("chapter", metavar="CHAPTER", help="a file, or builtin:NAME as list shows it")
    made.add_argument(
        "exercise", metavar="KEY", nargs="?", help="a key, a title or a number from 1"
    )
    made.add_argument("--step", metavar="N", type=int, help="the step, from 1")
    made.add_argument(
        "--workspace",
        metavar="DIR",
        type=Path,
        default=here,
        help="where blankcheck/COURSE/CHAPTER/ is made for it (else the folder that you are in)",
    )

    named_exercise(command("hint", "Show the hint of an exercise; it costs 30 % of its XP."))

    made = command("solution", "Show the solution; it costs all XP.")
    named_exercise(made)
    made.add_argument("--yes", action="store_true", help="do not ask again")

    made = command("reset", "Put a submission back to the sample code; a backup is kept.")
    made.add_argument("file", metavar="FILE", type=Path, help="a submission, as start writes it")
    exercise_options(made)

    made = command("progress", "Show what is passed, and the XP.")
    made.add_argument(
        "path", metavar="PATH", nargs="?", type=Path, default=here, help=folder_of_courses
    )

    made = command("doctor", "Say what works here, and what to do about the rest.", True)
    formats(made, "text", "json")
    return whole


def _device(text: str) -> str:
    if DEVICE.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"“{text}” is not auto, cpu, cuda, cuda:N or mps")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"“{text}” is not HOST:PORT, such as 127.0.0.1:2087")
    return host.strip("[]") or "127.0.0.1", int(port)
