"""What code can do to the processes that judge it where only limits contain it: a person's
programs may look into each other there, but not into those that hold a solution or a verdict."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.runner.watching import host_of

from blankcheck.runner.process import HostRunner
from blankcheck_runner import wire
from blankcheck_runner.sandbox.levels import VARIABLE
from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NEW = "import sys; assert sys.version_info >= (3, 10)"


def ordinary() -> list[str]:
    """An interpreter without torch, run by nobody special."""
    own = str(Path(sys.base_prefix, "bin", "python3"))
    if os.geteuid():
        return [own]
    # Not each is where others than root may come.
    for python in (own, "/usr/bin/python3"):
        command = [*ORDINARY, python]
        trial = [
            *command,
            "-c",
            f"import os, sys; os.execv({python!r}, [{python!r}, '-c', {NEW!r}])",
        ]
        if shutil.which("setpriv") and subprocess.run(trial, capture_output=True).returncode == 0:
            return command
    pytest.skip("root may look into everything, and no one else has a Python here")


@pytest_asyncio.fixture(params=["fork", "spare"], loop_scope="session")
async def runner(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HostRunner]:
    open_to_all(tmp_path)
    # A checkout may lie where only its owner may come.
    package = shutil.copytree(Path(wire.__file__).parent, tmp_path / "server" / "blankcheck_runner")
    monkeypatch.setattr(wire, "__file__", str(package / "wire.py"))
    surroundings = {
        VARIABLE: "limits",
        "BLANKCHECK_START": request.param,
        "BLANKCHECK_CANARY": "the person's own",
        "TMPDIR": str(tmp_path),
    }
    made = HostRunner(ordinary(), surroundings)
    yield made
    await made.close()


def open_to_all(folder: Path) -> None:
    """Lets anybody in, through what pytest keeps to itself."""
    folder.chmod(0o777)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and above.is_relative_to(tempfile.gettempdir()):
            above.chmod(above.stat().st_mode | 0o011)


async def check(runner: HostRunner, lesson: Lesson, submission: str) -> Report:
    asking = runner.check(lesson, submission, "/a/answer.py", Limits(seconds=10))
    return await asyncio.wait_for(asking, 60)


async def test_the_processes_that_judge_cannot_be_looked_into(
    runner: HostRunner, tmp_path: Path
) -> None:
    solution = f"""
import os, pathlib
y = 2
pathlib.Path({str(tmp_path)!r}, "solved").write_text(str(os.getpid()))
"""
    submission = f"""
import os, pathlib, time
y = 2
while not pathlib.Path({str(tmp_path)!r}, "solved").exists(): time.sleep(0.01)
for name in filter(str.isdigit, os.listdir("/proc")):
    for part, mode in ("environ", "rb"), ("mem", "rb"), ("mem", "r+b"), ("maps", "rb"):
        try: print(name, part, len(open(f"/proc/{{name}}/{{part}}", mode, 0).read(1)))
        except PermissionError: pass
        except OSError as error: print(name, part, error)
    try: opened = os.listdir(f"/proc/{{name}}/fd")
    except OSError: continue
    for number in opened:
        path = pathlib.Path(f"/proc/{{name}}/fd/{{number}}")
        try: print(name, "file", path.is_file() and b"CANARY" in path.read_bytes()[:9999])
        except OSError: pass
"""
    lesson = Lesson(solution=solution, sct="Ex().check_object('y').has_equal_value()")
    report = await check(runner, lesson, submission)
    assert report.verdict == "passed", report.feedback
    looked_into = {int(line.split()[0]) for line in report.output.splitlines()}
    host = host_of(runner)
    judge = int((tmp_path / "solved").read_text())
    assert "True" not in report.output, "what the person's environment is"
    assert looked_into, "it can look into itself at least"
    assert not looked_into & {host, runner.pid, judge}, report.output
