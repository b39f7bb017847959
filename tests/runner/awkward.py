"""A launcher that a person might have: it starts what follows, and is awkward in one way.

Run as `python awkward.py WAY FOLDER PYTHON …`. What happens once happens the first time that the
word MISHAP passes on the way to the host; a file in FOLDER says that it did.
"""

from __future__ import annotations

import base64
import contextlib
import os
import pty
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

WORD = b"MISHAP"


def main() -> None:
    way, folder, *command = sys.argv[1:]
    happened = Path(folder) / "happened"
    if way == "password":
        sys.stderr.write("learner@box's password: ")
        sys.stderr.flush()
        time.sleep(3600)
    elif way == "password-on-stdout":
        os.write(1, b"Enter passphrase for key: ")
        time.sleep(3600)
    elif way == "mute":
        time.sleep(3600)
    elif way == "farewell":
        os.write(1, b"This account is currently not available.\n")
        sys.exit(1)
    elif way == "lost":
        sys.stderr.write("client_loop: send disconnect: Broken pipe\n")
        sys.exit(255)
    elif way == "old":
        old()
    elif way == "terminal":
        pty.spawn(command)
    else:
        relay(way, happened, command)


def old() -> None:
    """What a Python 3.8 would do with the lines that it is sent."""
    for line in sys.stdin:
        sys.version_info = (3, 8, 1)  # pyright: ignore[reportAttributeAccessIssue]
        if line.startswith("exec"):
            code = re.findall(r'"([\w+/=]{20,})"', line)[0]
            exec(base64.b64decode(code), {})


def relay(way: str, happened: Path, command: list[str]) -> None:
    if way == "banner":
        os.write(1, b"Welcome to box!\n" * 200 + b"You have mail. \xff\x00")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    near, far = process.stdin.fileno(), process.stdout.fileno()
    frozen = threading.Event()
    turn = Turns(happened.with_name("turns")) if way == "far" else None

    def up() -> None:
        seen = b""
        while piece := os.read(0, 2**16):
            seen = (seen + piece)[-(2**17) :]
            if WORD in seen and not happened.exists():
                happened.touch()
                if way == "drop":
                    process.kill()
                    os._exit(255)
                if way == "corrupt-up":
                    piece = piece.replace(WORD, b"MISHOP")
                if way == "freeze":
                    frozen.set()
            if way == "delay":
                time.sleep(0.05)
            if turn is not None:
                turn.take(">")
            with contextlib.suppress(BrokenPipeError):
                os.write(near, piece)
        process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]

    threading.Thread(target=up, daemon=True).start()
    corrupted = happened.with_name("corrupted")
    while piece := os.read(far, 2**10 if way == "delay" else 2**16):
        if frozen.is_set():
            time.sleep(3600)
        if way == "delay":
            time.sleep(0.02)
        if turn is not None:
            turn.take("<")
        if way == "corrupt-down" and happened.exists() and not corrupted.exists():
            corrupted.touch()
            piece = piece[:-1] + b"?"
        os.write(1, piece)
    sys.exit(process.wait())


class Turns:
    """A line that takes 0.1 seconds each way, and notes in a file in which way something goes.
    Of several pieces in the same way, only the first takes that long: the others are under way."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def take(self, way: str) -> None:
        """Something is on its way: `>` to the host, `<` from it."""
        with self._lock:
            seen = self._file.read_text() if self._file.exists() else ""
            if seen.endswith(way):
                return
            self._file.write_text(seen + way)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
