"""A course is somebody's program too: pre-exercise code, solution and SCT are contained as
submissions are, and what they forge ends as a fault of the exercise."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.adversarial.corpus import Bench

from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(sys.platform != "linux", reason="what is tested is made for Linux"),
]


SOUND = Lesson(solution="y = 2\n", sct="Ex().check_object('y').has_equal_value()")


async def check(
    bench: Bench, lesson: Lesson, submission: str = "y = 2\n", seconds: float = 4
) -> Report:
    asking = bench.runner.check(lesson, submission, "/a/answer.py", Limits(seconds=seconds))
    return await asyncio.wait_for(asking, 30)


def reaching(bench: Bench) -> str:
    """Code that tries to reach what is a person's, and leaves in `found` what it got at."""
    if bench.level not in ("landlock", "full"):
        pytest.skip(f"this machine contains code only as far as {bench.level}")
    return f"""
import os, pathlib, socket
found = []
home, chapter = pathlib.Path({str(bench.home)!r}), pathlib.Path({str(bench.chapter)!r})
for place in (home / "secret.txt", chapter, pathlib.Path("/etc/shadow"), pathlib.Path("/root")):
    try: found.append(place.read_bytes() if place.suffix else list(place.iterdir()))
    except OSError: pass
for place in (home / "left.txt", home / "secret.txt", chapter, pathlib.Path("/var/tmp/left.txt")):
    try: place.write_text("spoilt"); found.append(place)
    except OSError: pass
try: socket.create_connection(("127.0.0.1", 9), 1); found.append("network")
except ConnectionRefusedError: found.append("network")
except OSError: pass
found += [name for name in os.environ if "CANARY" in name]
found += [] if os.environ["HOME"] == os.getcwd() else ["HOME"]
"""


@pytest.mark.parametrize("part", ["pre_exercise_code", "solution"])
async def test_the_code_of_a_course_reaches_nothing_of_a_persons(part: str, highest: Bench) -> None:
    code = reaching(highest)
    lesson = Lesson(
        pre_exercise_code=code if part == "pre_exercise_code" else "",
        solution=(code if part == "solution" else "") + "found = found\n",
        sct="Ex().check_object('found').has_equal_value()",
    )
    report = await check(highest, lesson, "found = []\n")
    assert report.verdict == "passed", report.feedback
    assert (highest.home / "secret.txt").read_text() == "the person's own"
    assert not (highest.home / "left.txt").exists()


async def test_an_sct_reaches_nothing_of_a_persons(highest: Bench) -> None:
    sct = f"{reaching(highest)}\nassert not found, found\n{SOUND.sct}"
    report = await check(highest, replace(SOUND, sct=sct))
    assert report.verdict == "passed", report.feedback
    assert (highest.home / "secret.txt").read_text() == "the person's own"
    assert not (highest.home / "left.txt").exists()


BOMB = "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(600)\n"
KILL = "import os\nos.kill(os.getppid(), 9)\nwhile True: pass\n"
LOOP = "while True: pass\n"
PARTS = {
    "pre_exercise_code": "This pre-exercise code",
    "solution": "This solution",
    "sct": "The SCT",
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("attack", "seconds", "told"),
    [
        (BOMB, 9, ["started more than 64 processes"]),
        (LOOP, 0.5, ["did not finish within", "used more processor time"]),
        # Not permitted, or it is missed: that depends on the level, and on the kernel.
        (
            KILL,
            4,
            ["Operation not permitted", "ended other processes", "closed its line", "killed"],
        ),
    ],
    ids=["fork-bomb", "endless-loop", "kills-its-parent"],
)
async def test_a_hostile_part_of_a_course_is_at_fault_and_hurts_no_other(
    part: str, attack: str, seconds: float, told: list[str], highest: Bench
) -> None:
    hostile = replace(SOUND, **{part: attack + getattr(SOUND, part)})
    report = await check(highest, hostile, seconds=seconds)
    feedback = report.feedback[0]
    assert (report.verdict, feedback.code) == ("broken", f"author/{part.replace('_', '-')}")
    assert feedback.message.startswith(PARTS[part])
    assert any(words in feedback.message for words in told), feedback.message
    assert "not your code" in feedback.message
    assert (await check(highest, SOUND)).verdict == "passed"
    assert (await check(highest, SOUND, "y = 3\n")).verdict == "failed"


@pytest.mark.parametrize("part", ["pre_exercise_code", "solution"])
async def test_code_of_a_course_that_kills_what_runs_it_is_at_fault_where_it_may(
    part: str, unprotected: Bench
) -> None:
    hostile = replace(SOUND, **{part: KILL + getattr(SOUND, part)})
    report = await check(unprotected, hostile)
    assert (report.verdict, report.feedback[0].part) == ("broken", part)
    assert "ended other processes" in report.feedback[0].message
    assert (await check(unprotected, SOUND)).verdict == "passed"


async def test_a_function_that_forks_without_end_when_it_is_tried_is_stopped(
    highest: Bench,
) -> None:
    lesson = Lesson(
        solution="def f(): return 1\n",
        sct="Ex().check_function_def('f').check_call('f()').has_equal_value()",
    )
    bomb = BOMB.replace("\n", "\n    ")
    report = await check(highest, lesson, f"def f():\n    {bomb}\n")
    assert (report.verdict, report.feedback[0].code) == ("limit", "run/limit")
    assert "more than 64 processes" in report.feedback[0].message
    assert (await check(highest, SOUND)).verdict == "passed"


FORGED = """
import dataclasses
import blankcheck_runner.judge.engine as engine
@dataclasses.dataclass
class Forged:
    verdict: object
    feedback: object
engine.judge = lambda *_: Forged({})
y = 2
"""


@pytest.mark.parametrize(
    "answer", ["'perfect', ()", "'failed', 5", "'passed', ({'a': 1},)", "{}, ()"]
)
async def test_a_solution_that_answers_for_the_judge_is_at_fault(
    answer: str, highest: Bench
) -> None:
    forged = Lesson(
        solution=FORGED.replace("{}", answer, 1), sct="Ex().check_object('y').has_equal_value()"
    )
    report = await check(highest, forged)
    assert (report.verdict, report.feedback[0].code) == ("broken", "author/sct")
    # and the next exercise is judged as if nothing had been
    assert (await check(highest, SOUND)).verdict == "passed"
    assert (await check(highest, SOUND, "y = 3\n")).verdict == "failed"


async def test_the_data_of_a_course_cannot_be_changed(highest: Bench, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1 2 3")
    code = "open('numbers.txt', 'w').write('0')\ny = 2\n"
    lesson = Lesson(
        solution=code, sct="Ex().check_object('y').has_equal_value()", data=str(tmp_path)
    )
    assert (await check(highest, lesson, code)).verdict == "passed"
    assert (tmp_path / "numbers.txt").read_text() == "1 2 3"


@pytest.mark.parametrize("part", ["pre_exercise_code", "solution"])
async def test_no_link_in_the_place_of_a_directory_is_followed(part: str, highest: Bench) -> None:
    """What is forked from there gets a copy of the directory, made by nobody who may do more."""
    if highest.level not in ("landlock", "full"):
        pytest.skip(f"this machine contains code only as far as {highest.level}")
    swap = f"""
import os
here = os.getcwd()
os.rename(here, here + "-moved")
os.symlink({str(highest.home)!r}, here)
y = 2
"""
    look = "import os; found = os.path.exists('secret.txt')\n"
    lesson = Lesson(
        pre_exercise_code=swap if part == "pre_exercise_code" else "",
        solution=swap if part == "solution" else "y = 2\n",
        sct=f"{look}assert not found, 'REACHED'\n{SOUND.sct}",
    )
    for _ in range(2):  # also from what is kept of the first
        report = await check(highest, lesson, f"{look}print(f'{{found=}}')\ny = 2\n")
        assert "found=True" not in report.output
        assert report.verdict == "broken"
        assert "its folder" in report.feedback[0].message
    assert [file.name for file in highest.home.iterdir()] == ["secret.txt"]
    assert (await check(highest, SOUND)).verdict == "passed"


@pytest.mark.parametrize("network", [True, False])
async def test_the_network_is_open_only_to_an_exercise_that_asks_for_it(
    network: bool, highest: Bench
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        code = f"""
import socket
try: y = socket.create_connection({server.getsockname()!r}, 2).recv(2)
except OSError: y = b"no"
"""
        lesson = Lesson(
            solution="y = b'hi'\n",
            sct="Ex().check_object('y').has_equal_value()",
            network=network,
        )
        report = await check(highest, lesson, code)
    if not network and highest.level not in ("landlock", "full"):
        pytest.skip(f"this machine contains code only as far as {highest.level}")
    assert report.verdict == ("passed" if network else "failed")


def _accept(server: socket.socket) -> None:
    try:
        while True:
            with server.accept()[0] as caller:
                caller.sendall(b"hi")
    except OSError:
        pass
