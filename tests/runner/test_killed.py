"""Any process killed or stopped, at rest or in the midst of a check: it is told once, and the
verdict is right."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.runner.watching import LEAVES_ONE, Watched, gone, host_of, steady, until

from blankcheck.runner.process import HostRunner
from blankcheck_runner import processes
from blankcheck_runner.wire import Lesson

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]
LESSON = Lesson(
    solution="def wait():\n    return 2\nb = wait()\n",
    sct="Ex().check_object('b').has_equal_value(expr_code='wait()')\n",
)
SLOW = """\
import time
def wait():
    open('asked', 'w').close()
    time.sleep(0.3)
    return 2
b = 2
"""
WRONG = SLOW.replace("return 2", "return 3")
SECONDS = 2.0
"""Within which a verdict comes although something was killed. Where nothing can be forked, a host
that is killed costs an import."""
FORKED = ("zygote", "lesson", "reference", "student", "judge", "host", "guard", "stem", "heir")
SPARE = ("one", "other", "host", "guard")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forking() -> AsyncIterator[HostRunner]:
    runner = HostRunner(sys.executable, {"BLANKCHECK_START": "fork"})
    yield runner
    await runner.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sparing(bare_python: str) -> AsyncIterator[HostRunner]:
    runner = HostRunner(bare_python, {"BLANKCHECK_START": "spare"})
    yield runner
    await runner.close()


def forked(host: int) -> dict[str, int]:
    """The processes of the one lesson, if those of its next check are there."""
    childless: list[int] = []
    zygote = 0
    for program in processes.children(host):
        if processes.children(program):
            zygote = program
        else:
            childless.append(program)
    if len(childless) != 2:
        return {}
    # The heir was split off the stem; and each heir that is the stem now had its own.
    stem, heir = sorted(childless, key=begun)
    lesson = zygote
    while len(below := processes.children(lesson)) == 1:
        zygote, (lesson,) = lesson, below
    known = {child: processes.children(child) for child in below}
    references = [child for child, judges in known.items() if len(judges) == 1]
    students = [child for child, judges in known.items() if not judges]
    if len(references) != 1 or len(students) != 1:
        return {}
    (reference,), (student,) = references, students
    found = {"stem": stem, "heir": heir, "zygote": zygote, "lesson": lesson}
    return {**found, "reference": reference, "student": student, "judge": known[reference][0]}


def begun(pid: int) -> int:
    """When a process began, by the system's clock."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def spared(host: int, *, separate: bool) -> dict[str, int]:
    """The two workers that are ready; `separate`: in namespaces of their own."""
    programs = processes.children(host)
    chains = [[program, *processes.descendants(program)] for program in programs]
    if len(chains) != 2 or any(len(chain) != (3 if separate else 1) for chain in chains):
        return {}
    return {"one": chains[0][-1], "other": chains[1][-1]}


async def at_rest(runner: HostRunner, find: Callable[[int], dict[str, int]]) -> dict[str, int]:
    """The processes by what they are, once all are there that the next check takes."""
    await runner.info()
    # Whatever was killed before is replaced at the latest when somebody asks.
    assert (await runner.check(LESSON, "def wait(): return 2\nb = 2\n", "a.py")).verdict == "passed"
    host = host_of(runner)
    found: dict[str, int] = {}
    while not found:
        # Those of the last check are still there for a moment.
        found = await steady(lambda: find(host), 0.2)
    assert runner.pid is not None
    return {**found, "host": host, "guard": runner.pid}


async def interfered(
    runner: HostRunner, found: dict[str, int], role: str, number: signal.Signals
) -> None:
    """Kills or stops a process, while a check runs: the verdict is right all the same."""
    checking = asyncio.create_task(runner.check(LESSON, SLOW, "a.py"))

    def asked() -> bool:
        below = processes.descendants(found["host"])
        return any(Path(f"/proc/{pid}/cwd/asked").exists() for pid in below)

    await until(asked, 30)
    os.kill(found[role], number)
    assert (await asyncio.wait_for(checking, 60)).verdict == "passed"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("busy", [False, True], ids=["at-rest", "in-a-check"])
class TestOneProcess:
    @pytest.mark.parametrize("role", FORKED)
    async def test_fork(
        self,
        role: str,
        busy: bool,
        number: signal.Signals,
        forking: HostRunner,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        found = await at_rest(forking, forked)
        await self.holds(forking, found, role, busy, number, caplog)

    @pytest.mark.parametrize("role", SPARE)
    async def test_spare(
        self,
        role: str,
        busy: bool,
        number: signal.Signals,
        sparing: HostRunner,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        separate = (await sparing.info()).sandbox == "full"
        found = await at_rest(sparing, lambda host: spared(host, separate=separate))
        await self.holds(sparing, found, role, busy, number, caplog)

    async def holds(
        self,
        runner: HostRunner,
        found: dict[str, int],
        role: str,
        busy: bool,
        number: signal.Signals,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The verdict is right, comes soon, and a kill is told once."""
        caplog.clear()
        if busy:
            await interfered(runner, found, role, number)
        else:
            os.kill(found[role], number)
        begun = time.monotonic()
        report = await runner.check(LESSON, WRONG, "a.py")
        spent = time.monotonic() - begun
        assert report.verdict == "failed", report
        killed = number is signal.SIGKILL
        if "stem" in found or not (killed and role in ("host", "guard")):
            assert spent < SECONDS
        if killed:
            await until(lambda: bool(caplog.records), 5)
        assert len(caplog.records) == killed, caplog.text


PAIRS = {
    "stem zygote": "stem",
    "stem host": "host",
    "stopped:heir host": "host",
    "host heir": None,
    "heir guard": None,
    "host guard": None,  # the heir may still find the guard there
}
"""What the heir then is; null where there may be no other way than an import."""


@pytest.mark.parametrize("pair", PAIRS)
async def test_two_at_once(pair: str, bare_python: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, and the verdict is right, if need be from a host that is started anew."""
    runner = HostRunner(bare_python, {"BLANKCHECK_START": "fork"})
    found = await at_rest(runner, forked)
    everything = processes.descendants(found["guard"])
    caplog.clear()
    for role in pair.split():
        stopped = role.startswith("stopped:")
        number = signal.SIGSTOP if stopped else signal.SIGKILL
        os.kill(found[role.removeprefix("stopped:")], number)
    assert (await runner.check(LESSON, WRONG, "a.py")).verdict == "failed"
    now = await at_rest(runner, forked)
    if (role := PAIRS[pair]) is not None:
        assert now[role] == found["heir"]
    assert 1 <= len(caplog.records) <= 2, caplog.text
    assert "killed" in caplog.text or "unexpectedly" in caplog.text
    await runner.close()
    left = {*everything, *found.values(), *now.values()}
    await until(lambda: all(gone(pid) for pid in left), 2.0)


async def test_a_guard_that_was_the_heir_and_is_stopped(
    bare_python: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It guards all the same: what it has to do for the next host that is killed it does."""
    runner = HostRunner(bare_python, {"BLANKCHECK_START": "fork"})
    first = await at_rest(runner, forked)
    os.kill(first["guard"], signal.SIGKILL)
    found = await at_rest(runner, forked)
    assert found["guard"] == first["heir"]
    caplog.clear()
    os.kill(found["guard"], signal.SIGSTOP)
    begun = time.monotonic()
    assert (await runner.check(LESSON, WRONG, "a.py")).verdict == "failed"
    assert not caplog.records
    os.kill(found["host"], signal.SIGKILL)
    assert (await runner.check(LESSON, WRONG, "a.py")).verdict == "failed"
    assert time.monotonic() - begun < SECONDS
    await until(lambda: bool(caplog.records), 5)
    assert len(caplog.records) == 1, caplog.text
    now = await at_rest(runner, forked)
    assert (now["guard"], now["host"]) == (found["guard"], found["heir"])
    os.kill(now["guard"], signal.SIGSTOP)
    everything = [now["guard"], *processes.descendants(now["guard"])]
    await runner.close()
    await until(lambda: all(gone(pid) for pid in everything), 2.0)


async def test_what_runs_code_ends_first_when_memory_runs_out(bare_python: str) -> None:
    runner = HostRunner(bare_python, {"BLANKCHECK_START": "fork"})
    found = await at_rest(runner, forked)
    badness = {role: Path(f"/proc/{pid}/oom_score_adj").read_text() for role, pid in found.items()}
    first = {role for role, value in badness.items() if value == "500\n"}
    assert first == {"zygote", "lesson", "reference", "student", "judge"}
    await runner.close()


SEARCH = """\
import os, re
secret = re.compile(rb"h[e]ir-secret")
found = []
memory = os.open("/proc/self/mem", os.O_RDONLY)
for line in open("/proc/self/maps").read().splitlines():
    place, rights = line.split()[:2]
    start, end = (int(number, 16) for number in place.split("-"))
    for at in range(start, end, 2**20) if "r" in rights and "[v" not in line else ():
        try:
            found += secret.findall(os.pread(memory, min(2**20, end - at), at))
        except OSError:
            pass
print(len(found), len(os.listdir("/proc/self/fd")))
"""


async def test_code_holds_nothing_of_what_the_next_host_needs(bare_python: str) -> None:
    """Such as the person's environment, or the channel to the server."""
    runner = HostRunner(bare_python, {"BLANKCHECK_START": "fork", "TOKEN": "heir-secret"})
    await at_rest(runner, forked)
    before = await runner.run(LESSON, SEARCH, "a.py")
    assert before.output.startswith("0 ")
    planted = 'kept = b"heir-" + bytes() + b"secret"\n' + SEARCH
    assert not (await runner.run(LESSON, planted, "a.py")).output.startswith("0 ")
    os.kill(host_of(runner), signal.SIGKILL)
    await at_rest(runner, forked)
    assert (await runner.run(LESSON, SEARCH, "a.py")).output == before.output
    await runner.close()


@pytest.mark.parametrize("start", ["fork", "spare"])
@pytest.mark.parametrize("level", ["full", "limits"])
async def test_a_killed_host_leaves_nothing_and_is_replaced(
    start: str, level: str, bare_python: str
) -> None:
    surroundings = {"BLANKCHECK_START": start, "BLANKCHECK_SANDBOX": level}
    runner = HostRunner(bare_python, surroundings)
    await runner.info()
    host = host_of(runner)
    watched = Watched(runner, f"{LEAVES_ONE}time.sleep(1)\n")
    (left,) = await watched.processes(1)
    below = processes.descendants(host)
    assert left in below
    os.kill(host, signal.SIGKILL)

    def still() -> list[int]:
        return [pid for pid in below if not gone(pid)]

    await until(lambda: len(still()) <= (start == "fork"))  # the heir
    assert (await watched.task).verdict == "passed"
    assert host_of(runner) != host
    assert still() == ([host_of(runner)] if start == "fork" else [])
    await runner.close()


async def test_what_waits_for_a_worker_and_is_stopped_ends_with_it(sparing: HostRunner) -> None:
    if (await sparing.info()).sandbox != "full":
        pytest.skip("workers are in no namespaces of their own here")
    found = await at_rest(sparing, lambda host: spared(host, separate=True))
    outer = processes.children(found["host"])
    for pid in outer:
        os.kill(pid, signal.SIGSTOP)
    assert (await sparing.check(LESSON, WRONG, "a.py")).verdict == "failed"
    await until(lambda: all(gone(pid) for pid in outer), 5)
