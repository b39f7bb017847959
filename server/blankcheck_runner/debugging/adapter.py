"""The debug adapter of an exercise: debugpy's, of the learner's Python, with a keeper before it.

The editor speaks the Debug Adapter Protocol on this process's stdin and stdout. All of it is passed
on, but for what only this side knows: a `launch` says which exercise is debugged, and here it is
turned into a program in a scratch directory. When the talk ends, whoever ends it, this process
takes everything with it that was started, and removes the directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from blankcheck_runner import limits, processes
from blankcheck_runner.debugging.shown import shown
from blankcheck_runner.scratch import Scratch

HERE = Path(__file__).resolve().parent
UNCONTAINED = (
    "Under the debugger your code is not contained: it may do whatever a program of yours may, and "
    "there is no time limit.\n"
)
_ROUNDS = 50
_END_SECONDS = 2.0
"""How long debugpy's adapter may take to end by itself."""


class Adapter:
    """One debug session."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._reading = reading
        self._writing = writing
        self._scratch = Scratch()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Passes messages on until either side is gone."""
        try:
            if importlib.util.find_spec("debugpy") is None:
                self._refuse()
            else:
                self._serve()
        finally:
            self._end()

    def _refuse(self) -> None:
        """Answers the first request: there is no debugger here."""
        request = read(self._reading)
        if request is None:
            return
        said = (
            "Debugging needs the package debugpy in the Python that runs the exercises. Install it "
            f"there ({sys.executable} -m pip install debugpy), then debug again."
        )
        answer: dict[str, Any] = {
            "seq": 1,
            "type": "response",
            "request_seq": request.get("seq", 0),
            "command": request.get("command", ""),
            "success": False,
            "message": said,
            "body": {"error": {"id": 1, "format": said, "showUser": True}},
        }
        write(self._writing, answer)

    def _serve(self) -> None:
        self._child = child = subprocess.Popen(
            [*python(), "-m", "debugpy.adapter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin is not None and child.stdout is not None
        threading.Thread(target=self._listen, args=(child.stdin,), daemon=True).start()
        reading = cast("BinaryIO", child.stdout)
        with contextlib.suppress(OSError, ValueError):
            while (message := read(reading)) is not None:
                write(self._writing, shown(message))
                if message.get("command") == "initialize":
                    body = {"category": "console", "output": UNCONTAINED}
                    write(
                        self._writing, {"seq": 0, "type": "event", "event": "output", "body": body}
                    )

    def _listen(self, to: BinaryIO) -> None:
        """Passes on what the editor says, until it says no more."""
        with contextlib.suppress(OSError, ValueError):
            while (message := read(self._reading)) is not None:
                if message.get("command") == "launch":
                    message["arguments"] = self._program(message["arguments"])
                write(to, message)
        with contextlib.suppress(OSError):
            to.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert self._child is not None
            self._child.wait(_END_SECONDS)
        self._leave()

    def _program(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of `launch` for debugpy: our program, which runs the exercise."""
        plan: Mapping[str, Any] = asked["plan"]
        directory = asyncio.run(self._scratch.make(plan["data"]))
        file = Path(self._scratch.root) / "plan.json"
        processes_too = bool(asked.get("subProcess"))
        file.write_text(json.dumps({**plan, "sub_process": processes_too}), "utf-8")
        return {
            **{key: value for key, value in asked.items() if key not in ("plan", "adapter")},
            "python": python(),
            "program": str(HERE / "debuggee.py"),
            "args": [str(file)],
            "cwd": directory,
            "console": "internalConsole",
            "redirectOutput": True,
            "env": plan["placed"]["environment"],
            "justMyCode": not asked.get("stepIntoLibraries"),
            "subProcess": processes_too,
            "showReturnValue": True,
            # The learner's file is theirs wherever it lies, and the program around it never is.
            "rules": [
                {"path": plan["file"], "include": True},
                {"path": str(HERE / "**"), "include": False},
                {"path": runpy.__file__, "include": False},
            ],
        }

    def _leave(self) -> None:
        self._end()
        os._exit(0)

    def _end(self) -> None:
        """Kills everything below this process, and removes what it left."""
        for _ in range(_ROUNDS):
            below = processes.children("self")
            if not below:
                break
            for pid in below:
                processes.kill_tree(pid)
                with contextlib.suppress(OSError):
                    os.waitpid(pid, 0)
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
        asyncio.run(self._scratch.close())


def python() -> list[str]:
    """The command of the interpreter, as the learner's code is run in it for a check too."""
    return [sys.executable, "-I", "-B", "-X", "utf8", "-X", "frozen_modules=off"]


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message; null at the end of the stream. Raises ValueError for what is none."""
    length = None
    while (line := stream.readline()) != b"\r\n":
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    if length is None:
        raise ValueError("a message without a length")
    body = stream.read(length)
    return None if len(body) < length else json.loads(body)


def write(stream: BinaryIO, message: Mapping[str, Any]) -> None:
    """Writes a message."""
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def _leave(number: int, frame: types.FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serves on this process's stdin and stdout."""
    limits.adopt_orphans()
    # What the learner's editor says at the end may be no more than a signal.
    signal.signal(signal.SIGTERM, _leave)
    Adapter(sys.stdin.buffer, sys.stdout.buffer).run()
    os._exit(0)
