"""Launchers that people have, `docker exec` and `srun`, by programs that behave as they do; and
what a line on which each way takes long is used for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runner import standin
from tests.runner.test_remote import BARE, LESSON, awkward, hosts_in, refusal
from tests.runner.watching import until

from blankcheck.runner.launch import Heard
from blankcheck.runner.process import HostRunner
from blankcheck.runner.remote import CommandLauncher
from blankcheck_runner import processes

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
RIGHT = "total = start + 3"


def launcher(folder: Path, words: str, python: str = BARE) -> CommandLauncher:
    """The launcher for a command such as `docker exec -i box`."""
    name, *more = words.split()
    return CommandLauncher([standin.install(folder, name), *more], python, str(folder / "work"))


@pytest.mark.parametrize("words", ["docker exec -i box", "srun --gres=gpu:1"])
async def test_a_launcher_that_is_killed_leaves_nothing_there(words: str, tmp_path: Path) -> None:
    runner = HostRunner(launcher(tmp_path, words))
    assert (await runner.check(LESSON, RIGHT, "a.py")).verdict == "passed"
    before = hosts_in(tmp_path / "work")
    assert runner.pid is not None
    assert before
    assert not set(before) & set(processes.descendants(runner.pid))
    os.kill(runner.pid, signal.SIGKILL)
    assert (await runner.check(LESSON, RIGHT + "  # again", "a.py")).verdict == "passed"
    await until(lambda: not set(before) & set(hosts_in(tmp_path / "work")), 2.0)
    await runner.close()
    await until(lambda: not hosts_in(tmp_path / "work"), 2.0)


async def test_a_python_in_a_container_may_have_any_name(tmp_path: Path) -> None:
    """`docker exec` hands on words, where ssh has a shell read a line."""
    python = tmp_path / "my $python; 'it'"
    python.symlink_to(BARE)
    runner = HostRunner(launcher(tmp_path, "docker exec -i box", str(python)))
    assert (await runner.check(LESSON, RIGHT, "a.py")).verdict == "passed"
    await runner.close()


@pytest.mark.parametrize(
    ("words", "python", "message"),
    [
        ("docker exec -i nobox", BARE, "container .* is not running. Start it"),
        ("docker exec -i asleep", BARE, "container .* is not running. Start it"),
        ("docker exec -i nodaemon", BARE, "Docker is not running here"),
        ("docker exec -it box", BARE, "asks for a terminal.* Leave out `-t`"),
        ("docker exec box", BARE, "passes no input on.*`docker exec` needs `-i`"),
        ("docker exec -i box", "python3.99", r"no `python3\.99`.*blankcheck\.runner\.python"),
        ("srun --gres=gpu:8", BARE, "scheduler refused"),
        ("srun --gres=gpu:1", "python3.99", r"no `python3\.99`.*blankcheck\.runner\.python"),
    ],
)
async def test_what_a_launcher_refuses_is_told_with_what_to_do(
    words: str, python: str, message: str, tmp_path: Path
) -> None:
    said = await refusal(launcher(tmp_path, words, python))
    first, _, rest = said.partition("\nIt said:\n")
    assert re.search(message, first), said
    # And in its own words, where it had any.
    assert ("box" in words.split()[-1] and "-i" not in words) or rest


async def test_a_job_that_waits_for_its_turn_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blankcheck.runner.link._LOOK_SECONDS", 0.05)
    waiting = launcher(tmp_path, "srun --gres=gpu:1")
    waiting.silence = 0.2
    busy = tmp_path / "busy"
    busy.touch()
    asked = asyncio.Event()
    mute = waiting.mute

    def told(heard: Heard) -> str | None:
        if "queued" in heard.said:
            asked.set()
            waiting.silence = 60.0  # from here on, only Python has to start
        return mute(heard)

    monkeypatch.setattr(waiting, "mute", told)
    runner = HostRunner(waiting)
    check = asyncio.create_task(runner.check(LESSON, RIGHT, "a.py"))
    await asyncio.wait_for(asked.wait(), 20)
    assert not check.done()
    busy.unlink()
    assert (await check).verdict == "passed"
    await runner.close()


async def test_a_job_that_is_killed_is_told_and_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    there = launcher(tmp_path, "srun --gres=gpu:1")
    there.tell = told.append
    runner = HostRunner(there)
    await runner.info()
    check = asyncio.create_task(
        runner.check(LESSON, "import time\ntime.sleep(0.3)\n" + RIGHT, "a.py")
    )
    await until(lambda: len(hosts_in(tmp_path / "work")) > 0)
    job = hosts_in(tmp_path / "work")
    # Its time is up: all of it is killed.
    for pid in [*(below for top in job for below in processes.descendants(top)), *job]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert (await check).verdict == "passed"
    (said,) = told
    assert "task 0: Killed" in said
    assert "Connecting again" in said
    await runner.close()


async def test_a_warm_check_takes_one_round_trip(tmp_path: Path) -> None:
    """Over a line that takes 0.1 seconds each way. What is counted are the turns on it."""
    turns = tmp_path / "turns"
    far = awkward("far", tmp_path)
    far.beat = 0
    runner = HostRunner(far)
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.txt").write_text("1")
    lesson = replace(LESSON, data=str(data))
    await runner.info()
    # The first check asks for the data, which are not there; then they are.
    for expected in ("><><", "><", "><"):
        turns.unlink()
        assert (await runner.check(lesson, RIGHT, "a.py")).verdict == "passed"
        assert turns.read_text() == expected
    await runner.close()
