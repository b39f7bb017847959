"""Where code may kill other processes, whose fault that is: of the course, of the submission, or of
nobody who is known. Who is innocent is not blamed, and gets the verdict."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
SCT = "Ex().check_object('y').has_equal_value()\n"
SOUND = Lesson(solution="y = 2\n", sct=SCT)
RIGHT = "y = 2\n"
SLOW = "import time\nopen('begun', 'w').close()\ntime.sleep(0.5)\ny = 2\n"
"""A right submission that is under way for a while."""
BEGUN = """
import os, time
from pathlib import Path
def others():
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if place.stat().st_uid == os.getuid() and (place / "cwd/begun").exists():
                yield int(place.name)
        except OSError:
            pass
end = time.monotonic() + 1
while not (found := list(others())) and time.monotonic() < end: time.sleep(0.01)
"""
"""Waits a second for such a submission: its process, for the code that kills."""
PARENT = "import os\nos.kill(os.getppid(), 9)\n"
FOREVER = "import time\nwhile True: time.sleep(1)\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forking(bare_python: str) -> AsyncIterator[HostRunner]:
    surroundings = {"BLANKCHECK_SANDBOX": "limits", "BLANKCHECK_START": "fork"}
    runner = HostRunner(bare_python, surroundings)
    yield runner
    await runner.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sparing(bare_python: str) -> AsyncIterator[HostRunner]:
    surroundings = {"BLANKCHECK_SANDBOX": "limits", "BLANKCHECK_START": "spare"}
    runner = HostRunner(bare_python, surroundings)
    yield runner
    await runner.close()


async def check(runner: HostRunner, lesson: Lesson, submission: str) -> Report:
    return await asyncio.wait_for(runner.check(lesson, submission, "a.py", Limits(5)), 30)


@pytest.mark.parametrize("rest", ["", FOREVER], ids=["at-its-end", "and-goes-on"])
@pytest.mark.parametrize("submission", [RIGHT, SLOW], ids=["quick", "under-way"])
async def test_a_solution_that_kills_the_process_of_its_lesson(
    submission: str, rest: str, forking: HostRunner
) -> None:
    hostile = Lesson(solution=f"y = 2\n{PARENT}{rest}", sct=SCT)
    report = await check(forking, hostile, submission)
    assert (report.verdict, report.feedback[0].part) == ("broken", "solution")
    assert "ended other processes" in report.feedback[0].message
    assert "not your code" in report.feedback[0].message
    assert (await check(forking, SOUND, RIGHT)).verdict == "passed"


async def test_a_solution_that_kills_the_submission(
    forking: HostRunner, sparing: HostRunner
) -> None:
    """It is run again with nothing beside it."""
    hostile = Lesson(solution=f"{BEGUN}\nfor pid in found: os.kill(pid, 9)\ny = 2\n", sct=SCT)
    for runner in (forking, sparing):
        assert (await check(runner, hostile, SLOW)).verdict == "passed"


async def test_a_submission_that_kills_what_it_was_forked_from(forking: HostRunner) -> None:
    report = await check(forking, SOUND, f"y = 2\n{PARENT}{FOREVER}")
    assert (report.verdict, report.feedback[0].code) == ("error", "run/crash")
    assert "If your code kills processes" in report.feedback[0].message
    assert (await check(forking, SOUND, RIGHT)).verdict == "passed"


HOST = """
import os, pathlib
pid = os.getpid()
while b"blankcheck_runner.host" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
    pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
os.kill(pid, 9)
while True: pass
"""


async def test_code_that_kills_the_host_each_time(forking: HostRunner, sparing: HostRunner) -> None:
    """Which code it was is not known."""
    hostile = Lesson(solution=HOST, sct=SCT)
    for runner, lesson, submission in ((forking, hostile, SLOW), (sparing, SOUND, HOST)):
        with pytest.raises(RunnerUnavailable, match="if the code, yours or the exercise's"):
            await check(runner, lesson, submission)
        assert (await check(runner, SOUND, RIGHT)).verdict == "passed"


SIBLINGS = """
import os, pathlib
parent = os.getppid()
for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
    if int(pid) != os.getpid(): os.kill(int(pid), 9)
y = 2
"""


async def test_a_submission_that_kills_the_process_that_judges(forking: HostRunner) -> None:
    """The exercise is not at fault."""
    report = await check(forking, SOUND, SIBLINGS)
    assert (report.verdict, report.feedback[0].code) == ("error", "run/crash")
    assert "If your code kills processes" in report.feedback[0].message
    assert (await check(forking, SOUND, RIGHT)).verdict == "passed"


ZYGOTE = """
parent = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
os.kill(int(parent), 9)
"""


async def test_a_submission_of_one_lesson_that_kills_what_another_lesson_runs_in(
    forking: HostRunner,
) -> None:
    """Both are asked at once: the one that kills is told so, the other one passes."""
    other = Lesson(solution="y = 2\n", sct=SCT, seed=5)
    for lesson in (SOUND, other):
        assert (await check(forking, lesson, RIGHT)).verdict == "passed"
    hostile = f"{BEGUN}{ZYGOTE}{FOREVER}"
    killing = asyncio.create_task(check(forking, SOUND, hostile))
    innocent = await check(forking, other, SLOW)
    assert innocent.verdict == "passed", innocent
    assert "If your code kills processes" in (await killing).feedback[0].message
    assert (await check(forking, SOUND, RIGHT)).verdict == "passed"
