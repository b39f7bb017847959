"""What happens when processes are killed, stopped, orphaned or cannot start."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
import venv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runner.watching import LEAVES_ONE, Watched, descriptors, gone, host_of, steady, until

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.process import HostRunner
from blankcheck_runner import processes
from blankcheck_runner.lessons import KEPT
from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = pytest.mark.asyncio(loop_scope="session")
LESSON = Lesson(solution="b = 2\n", sct="Ex().check_object('b').has_equal_value()\n")
SLEEPER = "import os, time\nprint(os.getpid())\ntime.sleep(600)\n"


async def right(runner: HostRunner) -> Report:
    return await runner.check(LESSON, "b = 1 + 1\n", "answer.py", Limits())


async def test_cancelling_kills_the_whole_tree_at_once(runner: HostRunner) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "def detach():\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            print(os.getpid(), flush=True)\n"
        "            time.sleep(600)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "print(os.getpid())\n"
        "detach()\n"
        "print(subprocess.Popen(['sleep', '600']).pid)\n"
        "time.sleep(600)\n"
    )
    watched = Watched(runner, code)
    pids = await watched.processes(3)
    started = time.monotonic()
    watched.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watched.task
    took = time.monotonic() - started
    await until(lambda: all(gone(pid) for pid in pids))
    assert took < 1.0
    assert (await runner.run(Lesson(), "print(1)", "a.py")).output == "1\n"


async def test_what_a_finished_submission_left_running_is_ended(runner: HostRunner) -> None:
    code = (
        "import os\n"
        "print(os.getpid(), flush=True)\n"
        f"{LEAVES_ONE}"
        "while not os.path.exists('seen'): time.sleep(0.01)\n"
    )
    watched = Watched(runner, code)
    student, left = await watched.processes(2)
    Path(f"/proc/{student}/cwd/seen").touch()
    report = await watched.task
    assert report.verdict == "passed"
    await until(lambda: gone(left))


async def test_many_checks_leave_no_processes_descriptors_or_folders(runner: HostRunner) -> None:
    """The short form; `npm run bench` does it 500 times, and looks at memory too."""
    host = host_of(runner)

    def held() -> tuple[int, ...]:
        return (
            len(processes.descendants(host)),
            descriptors(host),
            len(list(Path(tempfile.gettempdir()).glob(f"blankcheck-{host}-*/*"))),
        )

    spare = (await runner.info()).start == "spare"
    for number in range(KEPT):
        await runner.check(replace(LESSON, seed=number), "b = 2", "a.py")
    before = await steady(held)
    for number in range(1 if spare else 40):
        await runner.check(replace(LESSON, seed=number % (KEPT + 1)), "b = 2", "a.py")
        await runner.run(LESSON, "1 / 0", "a.py")
    await until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), 30)


async def test_a_stopped_student_goes_on(runner: HostRunner) -> None:
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nprint('on')\n"
    report = await runner.run(Lesson(), code, "a.py", Limits(seconds=20))
    assert (report.verdict, report.output) == ("passed", "on\n")


async def test_when_the_server_goes_everything_goes(fresh: HostRunner) -> None:
    await fresh.info()
    watched = Watched(fresh, SLEEPER)
    await watched.processes(1)
    host = host_of(fresh)
    below = processes.descendants(host)
    watched.task.add_done_callback(lambda task: task.cancelled() or task.exception())
    # Closing is all that the host sees of a server that dies: its input ends.
    await fresh.close()
    await until(lambda: all(gone(pid) for pid in [host, *below]), 2.0)
    assert list(Path(tempfile.gettempdir()).glob(f"blankcheck-{host}-*")) == []
    watched.task.cancel()
    await asyncio.wait({watched.task})


LEAVING = """\
import pathlib, sys
from dataclasses import asdict
mark, folder = sys.argv[1], sys.argv[-1]
sys.path.insert(0, folder)
from blankcheck_runner import wire
first = not pathlib.Path(mark).exists()
pathlib.Path(mark).touch()
def say(**message):
    sys.stdout.buffer.write(wire.seal(message))
    sys.stdout.buffer.flush()
say(type="hello", **asdict(wire.HostInfo(wire.PROTOCOL, "", "", "fork", None)))
frames = wire.Frames()
while piece := sys.stdin.buffer.raw.read(2**16):
    for message in frames.add(piece):
        if message is not None and message["type"] == "request":
            if first:
                say(type="cancelled", id=message["request"]["id"])
            else:
                report = wire.Report(message["request"]["id"], "passed")
                say(type="report", report=wire.report_to_json(report))
"""
"""Stands for a host. The first gives up whatever it is asked, as one does that was told to end, and
goes on listening; the next one answers."""


async def test_a_host_on_its_way_out_is_not_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else its one end would count as two, after which a check is given up."""
    script = tmp_path / "leaving.py"
    script.write_text(LEAVING)
    runner = HostRunner([sys.executable, str(script), str(tmp_path / "started")])
    caplog.clear()
    assert (await asyncio.wait_for(right(runner), 20)).verdict == "passed"
    assert len(caplog.records) == 1, caplog.text
    await runner.close()


@pytest.mark.skipif(sys.platform != "linux", reason="guards are for Linux")
@pytest.mark.parametrize("busy", [False, True], ids=["at-rest", "in-a-check"])
@pytest.mark.parametrize("role", ["host", "guard"])
async def test_a_host_that_is_told_to_end_is_replaced(
    role: str, busy: bool, fresh: HostRunner, caplog: pytest.LogCaptureFixture
) -> None:
    await fresh.info()
    told = host_of(fresh) if role == "host" else fresh.pid
    assert told is not None
    caplog.clear()
    if busy:
        watched = Watched(fresh, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(1)\n")
        await watched.processes(1)
        os.kill(told, signal.SIGTERM)
        assert (await watched.task).verdict == "passed"
    else:
        os.kill(told, signal.SIGTERM)
    assert (await right(fresh)).verdict == "passed"
    assert len(caplog.records) == 1, caplog.text


async def test_an_interpreter_that_is_not_there() -> None:
    with pytest.raises(RunnerUnavailable, match=r"no-such-python.*cannot be started"):
        await HostRunner("/no-such-python").info()


async def test_an_interpreter_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 'Python 3.8 is too old, 3.10 is needed' >&2\nexit 1\n")
    old.chmod(0o755)
    with pytest.raises(RunnerUnavailable, match=r"3\.8 is too old"):
        await HostRunner([str(old)]).info()


async def test_an_interpreter_that_vanishes_once_the_host_runs() -> None:
    gone = "import sys; sys.executable = '/gone/python'; sys.argv[1:4] = []; exec(sys.argv.pop(1))"
    with pytest.raises(RunnerUnavailable, match="/gone/python"):
        await asyncio.wait_for(HostRunner([sys.executable, "-c", gone]).info(), 20)


async def test_a_torch_that_does_not_import_is_told_and_python_still_runs(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    (site,) = (tmp_path / "lib").glob("python3*/site-packages")
    (site / "torch.py").write_text("raise OSError('libtorch is missing')")
    runner = HostRunner(str(tmp_path / "bin" / "python"))
    info = await runner.info()
    assert info.torch is None
    assert info.torch_error is not None
    assert "libtorch is missing" in info.torch_error
    assert (await right(runner)).verdict == "passed"
    await runner.close()


async def test_without_torch_python_runs_all_the_same(bare_python: str) -> None:
    runner = HostRunner(bare_python)
    info = await runner.info()
    assert (info.torch, info.torch_error) == (None, None)
    assert (await right(runner)).verdict == "passed"
    report = await runner.run(Lesson(), "import torch", "a.py")
    assert report.verdict == "error"
    await runner.close()
