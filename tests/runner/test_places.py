"""A place on a graphics card with real processes, where the card is one that the probe made up: all
but the card itself is as it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import torch

from blankcheck_runner.devices import Driver, Found, Gpu, Torch
from blankcheck_runner.host import make_starter
from blankcheck_runner.places import Places
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.warming import warm_up
from blankcheck_runner.wire import Lesson, Limits, Report, Request

pytestmark = pytest.mark.asyncio(loop_scope="session")
TWO = Found(
    Driver(True, True, "550.54.14", ("NVIDIA A100", "NVIDIA T4")),
    Torch("2.14.1", "13.0", (Gpu("NVIDIA A100", 80 * 2**30), Gpu("NVIDIA T4", 15 * 2**30))),
)
GIVEN = "import os, resource, torch\n"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places() -> AsyncIterator[Places]:
    scratch = Scratch()

    async def look() -> Found:
        return TWO

    made = Places(
        scratch,
        lambda choice: make_starter(scratch.root, choice, lambda: None),
        look,
        lambda: True,
        {"CUDA_VISIBLE_DEVICES": "4,6"},
    )
    yield made
    await made.close()
    await scratch.close()


async def answer(
    places: Places,
    submission: str,
    lesson: Lesson | None = None,
    *,
    device: str = "cuda:1",
    limits: Limits | None = None,
) -> Report:
    mode = "run" if lesson is None else "check"
    lesson = lesson or Lesson(GIVEN, device="place")
    request = Request(
        1, mode, lesson, submission, "a.py", limits or Limits(), device=device
    )  # fmt: skip
    place = await places.of(request)
    report = await place.answer(request, lambda text: None)
    place.lessons.clear_away()
    return report


async def test_code_finds_its_one_card_under_the_name_it_asks_for(places: Places) -> None:
    report = await answer(places, "print(place, os.environ['CUDA_VISIBLE_DEVICES'])")
    assert (report.verdict, report.output) == ("passed", "cuda 6\n")
    assert report.device == "cpu"  # the card itself was not used


async def test_addresses_are_not_limited_there_and_memory_is(places: Places) -> None:
    report = await answer(places, "print(resource.getrlimit(resource.RLIMIT_AS)[0])")
    unlimited = int(report.output)
    report = await answer(
        places, "print(resource.getrlimit(resource.RLIMIT_AS)[0])", device="cpu"
    )  # fmt: skip
    assert unlimited == -1 or unlimited > int(report.output) > 0
    report = await answer(
        places,
        "kept = []\nwhile True: kept.append(bytearray(2**24))\n",
        limits=Limits(20.0, memory=2**28),
    )
    assert (report.verdict, report.feedback[0].code) == ("limit", "run/limit")
    assert "256 MB" in report.feedback[0].message


async def test_training_is_checked_there_from_kept_states_and_anew(places: Places) -> None:
    lesson = Lesson(
        GIVEN,
        "w = torch.ones(2, requires_grad=True)\nw.sum().backward()\ng = w.grad\n",
        device="place",
    )
    for _ in range(2):
        report = await answer(places, lesson.solution, lesson)
        assert report.verdict == "passed", report.feedback


async def test_nothing_that_asks_for_cards_is_done_before_a_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step backward, and one of an optimizer, ask which cards there are. Whoever did that, and
    all that is forked from it, must not be forked to use one."""
    asked: list[str] = []

    def backward(tensor: torch.Tensor) -> None:
        asked.append("backward")

    def step(optimizer: torch.optim.Adam) -> None:
        asked.append("step")

    monkeypatch.setattr(torch.Tensor, "backward", backward)
    monkeypatch.setattr(torch.optim.Adam, "step", step)
    threads = torch.get_num_threads()
    try:
        assert warm_up("cuda")["torch_error"] is None
        assert asked == []
        assert warm_up("cpu")["torch_error"] is None
        assert asked == ["backward", "step"]
    finally:
        torch.set_num_threads(threads)
