"""Exercises on a real graphics card. `docs/cuda.md` says what each of these must show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Lesson, Limits, Report

pytestmark = [pytest.mark.cuda, pytest.mark.asyncio(loop_scope="session")]

LIMITS = Limits(seconds=30.0)
LESSON = Lesson(
    "import torch\nimport torch.nn as nn\nx = torch.arange(6.0).reshape(2, 3)\n",
    "moved = x.to(device)\ndouble = moved * 2\ntotal = double.sum()\n",
    device="device",
)
TRAINING = Lesson(
    LESSON.pre_exercise_code,
    "net = nn.Linear(3, 1).to(device)\n"
    "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
    "for _ in range(3):\n"
    "    optimizer.zero_grad()\n"
    "    loss = net(x.to(device)).pow(2).mean()\n"
    "    loss.backward()\n"
    "    optimizer.step()\n",
    device="device",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["fork", "spare"])
async def runner(request: pytest.FixtureRequest) -> AsyncIterator[HostRunner]:
    shared = HostRunner(sys.executable, {"BLANKCHECK_START": request.param}, device="cuda")
    yield shared
    await shared.close()


@pytest.fixture(autouse=True)
def _on_the_card(runner: HostRunner) -> None:
    runner.device = "cuda"


async def check(runner: HostRunner, lesson: Lesson, submission: str | None = None) -> Report:
    code = lesson.solution if submission is None else submission
    return await runner.check(lesson, code, "answer.py", LIMITS)


async def run(runner: HostRunner, code: str, lesson: Lesson = LESSON) -> Report:
    return await runner.run(lesson, code, "answer.py", LIMITS)


async def test_the_card_is_found(runner: HostRunner) -> None:
    found = await runner.devices()
    assert found.problem is None
    assert found.device == "cuda:0"
    assert found.label.endswith(" GB")
    assert f"cuda:0: {found.label}" in found.text
    assert "built for CUDA" in found.text


async def test_an_exercise_passes_on_the_card(runner: HostRunner) -> None:
    report = await check(runner, LESSON, f"{LESSON.solution}print(total.device)\n")
    assert (report.verdict, report.device) == ("passed", "cuda:0"), report.feedback
    assert report.output == "cuda:0\n"


async def test_training_passes_on_the_card_again_and_again(runner: HostRunner) -> None:
    for _ in range(3):
        report = await check(runner, TRAINING)
        assert (report.verdict, report.device) == ("passed", "cuda:0"), report.feedback


async def test_a_value_left_on_the_cpu_is_told(runner: HostRunner) -> None:
    report = await check(runner, LESSON, LESSON.solution.replace("x.to(device)", "x"))
    assert report.verdict == "failed"
    assert report.feedback[0].code == "sct/device"
    assert "is on cpu, expected on cuda:0" in report.feedback[0].message


async def test_one_mistake_is_told_once_on_the_card_too(runner: HostRunner) -> None:
    report = await check(runner, LESSON, LESSON.solution.replace("* 2", "* 3"))
    assert report.verdict == "failed"
    (feedback,) = [item for item in report.feedback if item.severity == "error"]
    assert "`double`" in feedback.message


async def test_a_network_is_tried_where_it_is(runner: HostRunner) -> None:
    solution = "net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).to(device)\n"
    lesson = replace(LESSON, solution=solution)
    assert (await check(runner, lesson)).verdict == "passed"
    wrong = await check(runner, lesson, solution.replace("ReLU", "Sigmoid"))
    assert wrong.verdict == "failed"


async def test_pre_exercise_code_may_use_the_card(runner: HostRunner) -> None:
    given = f"{LESSON.pre_exercise_code}w = torch.ones(3, device=device)\n"
    lesson = replace(LESSON, pre_exercise_code=given, solution="y = x.to(device) @ w\n")
    for _ in range(2):
        report = await check(runner, lesson)
        assert report.verdict == "passed", report.feedback


async def test_code_sees_one_card(runner: HostRunner) -> None:
    report = await run(runner, "print(torch.cuda.device_count(), torch.cuda.is_available())")
    assert report.output == "1 True\n"


async def test_a_card_that_is_not_there(runner: HostRunner) -> None:
    runner.device = "cuda:99"
    with pytest.raises(RunnerUnavailable, match=r"no cuda:99 here\. There is cuda:0 \("):
        await check(runner, LESSON)


async def test_on_the_cpu_no_card_is_seen(runner: HostRunner) -> None:
    runner.device = "cpu"
    report = await run(runner, "print(device, torch.cuda.is_available())")
    assert (report.output, report.device) == ("cpu False\n", "cpu")


async def test_auto_keeps_an_exercise_without_devices_off_the_card(runner: HostRunner) -> None:
    runner.device = "auto"
    plain = Lesson("import torch\n", "x = torch.ones(2)\n")
    report = await check(runner, plain, "x = torch.ones(2)\nprint(getattr(torch, 'c'+'uda'))\n")
    assert (report.verdict, report.device) == ("passed", "cpu")
    assert (await check(runner, LESSON)).device == "cuda:0"


async def test_a_card_hidden_by_the_environment_is_explained() -> None:
    hidden = HostRunner(sys.executable, {"CUDA_VISIBLE_DEVICES": ""}, device="cuda")
    try:
        with pytest.raises(RunnerUnavailable, match=r"hides every card \(CUDA_VISIBLE_DEVICES"):
            await check(hidden, LESSON)
        hidden.device = "auto"
        assert (await check(hidden, LESSON)).device == "cpu"
    finally:
        await hidden.close()


async def test_too_much_for_the_card_is_a_limit(runner: HostRunner) -> None:
    report = await run(runner, "big = torch.ones(10**13, device=device)\n")
    assert (report.verdict, report.feedback[0].code) == ("limit", "run/limit")
    assert "graphics card" in report.feedback[0].message


async def test_too_much_main_memory_is_a_limit(runner: HostRunner) -> None:
    code = "x = x.to(device)\nkept = []\nwhile True: kept.append(bytearray(2**26))\n"
    limits = Limits(seconds=30.0, memory=2**30)
    report = await runner.run(LESSON, code, "answer.py", limits)
    assert report.verdict == "limit", report.feedback
    assert "more memory than the 1 GB" in report.feedback[0].message


async def test_an_assert_on_the_card_is_explained_on_its_line(runner: HostRunner) -> None:
    code = "x = x.to(device)\nindex = torch.tensor([7], device=device)\nbad = x[index]\ny = 1\n"
    report = await run(runner, code)
    assert (report.verdict, report.feedback[0].code) == ("error", "run/index")
    assert "out of range" in report.feedback[0].message
    assert report.feedback[0].start is not None
    assert code[: report.feedback[0].start].count("\n") == 2
    # The card is as good as new for whoever comes next.
    assert (await check(runner, LESSON)).verdict == "passed"


async def test_the_cards_memory_is_free_after_a_check(runner: HostRunner) -> None:
    before = await asyncio.to_thread(free)
    code = f"{LESSON.solution}big = torch.ones(2**28, device=device)\n"  # 1 GB
    assert (await check(runner, LESSON, code)).verdict == "passed"
    deadline = time.monotonic() + 20
    while (left := await asyncio.to_thread(free)) < before - 2**28:
        assert time.monotonic() < deadline, f"{(before - left) / 2**20:.0f} MB are still held"


def free() -> int:
    """Bytes that are free on the card, asked in a process of its own."""
    code = "import torch; print(torch.cuda.mem_get_info()[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


async def test_two_learners_on_one_card(runner: HostRunner) -> None:
    other = HostRunner(sys.executable, device="cuda")
    try:
        reports = await asyncio.gather(check(runner, TRAINING), check(other, TRAINING))
    finally:
        await other.close()
    assert [report.verdict for report in reports] == ["passed", "passed"]
