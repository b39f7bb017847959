"""Stands for `docker exec` or `srun` where there is none, by the name that it is called by.

What it starts is elsewhere, as with them: in a session of its own, below none of its processes.
Killing it signals nobody there; only the pipes end. It says what they say.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__)


def install(folder: Path, name: str) -> str:
    """Makes a program of this name in a folder."""
    program = folder / name
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I {HERE} {name} {folder} "$@"\n')
    program.chmod(0o755)
    return str(program)


def main() -> None:
    name, folder, *words = sys.argv[1:]
    if name == "docker":
        docker(words)
    else:
        srun(Path(folder), words)


def docker(words: list[str]) -> None:
    """`docker exec [-i] [-t] CONTAINER COMMAND…`"""
    assert words.pop(0) == "exec"
    flags = ""
    while words[0].startswith("-"):
        flags += words.pop(0).lstrip("-")
    container, *command = words
    if "t" in flags and "i" in flags and not os.isatty(0):
        fail("the input device is not a TTY", 1)
    if container == "nobox":
        fail("Error response from daemon: No such container: nobox", 1)
    if container == "asleep":
        fail("Error response from daemon: container 5f3a is not running", 1)
    if container == "nodaemon":
        fail(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
            "Is the docker daemon running?",
            1,
        )
    if shutil.which(command[0]) is None:
        fail(
            "OCI runtime exec failed: exec failed: unable to start container process: "
            f'exec: "{command[0]}": executable file not found in $PATH: unknown',
            127,
        )
    os._exit(relayed(command, with_input="i" in flags))


def srun(folder: Path, words: list[str]) -> None:
    """`srun [--gres=gpu:N] COMMAND…`: what runs there gets two cards at most."""
    cards = 0
    while words[0].startswith("-"):
        cards = int(words.pop(0).rpartition(":")[2])
    if cards > 2:
        fail(
            "srun: error: Unable to allocate resources: Requested node configuration is not "
            "available",
            1,
        )
    print("srun: job 7 queued and waiting for resources", file=sys.stderr, flush=True)
    while (folder / "busy").exists():
        time.sleep(0.01)
    print("srun: job 7 has been allocated resources", file=sys.stderr, flush=True)
    if shutil.which(words[0]) is None:
        print(
            f"slurmstepd: error: execve(): {words[0]}: No such file or directory", file=sys.stderr
        )
        fail("srun: error: gpu1: task 0: Exited with exit code 2", 2)
    os.write(1, b"Loading modules: cuda/12.4\n")
    code = relayed(words, with_input=True)
    if code > 128:
        fail("srun: error: gpu1: task 0: Killed\nsrun: Terminating StepId=7.0", code)
    os._exit(code)


def fail(said: str, code: int) -> NoReturn:
    print(said, file=sys.stderr, flush=True)
    os._exit(code)


def relayed(command: list[str], *, with_input: bool) -> int:
    """Runs a command elsewhere, with pipes from and to there: its exit status."""
    near, below = os.pipe()
    above, far = os.pipe()
    told, telling = os.pipe()
    if (parting := os.fork()) == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.close(below)
        os.close(above)
        there = os.fork()
        if there == 0:
            source = near if with_input else os.open(os.devnull, os.O_RDONLY)
            os.dup2(source, 0)
            os.dup2(far, 1)
            os.closerange(3, 64)
            os.execvp(command[0], command)
        os.close(near)
        os.close(far)
        _, status = os.waitpid(there, 0)
        code = os.waitstatus_to_exitcode(status)
        os.write(telling, b"%d" % (code if code >= 0 else 128 - code))
        os._exit(0)
    os.waitpid(parting, 0)
    for descriptor in (near, far, telling):
        os.close(descriptor)

    def down() -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(0, 2**16):
                os.write(below, piece)
        os.close(below)

    threading.Thread(target=down, daemon=True).start()
    while piece := os.read(above, 2**16):
        os.write(1, piece)
    return int(os.read(told, 16))


if __name__ == "__main__":
    main()
