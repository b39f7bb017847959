"""Choosing a device, and what is said where there is none; the two cards are not real."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from blankcheck_runner import device_probe, devices
from blankcheck_runner.devices import CPU, Choice, Driver, Found, Gpu, NoDevice, Torch
from blankcheck_runner.places import Places
from blankcheck_runner.scratch import Scratch
from blankcheck_runner.start import SpareStarter
from blankcheck_runner.wire import DEVICE, Lesson, Request

BIG, SMALL = Gpu("NVIDIA A100", 80 * 2**30), Gpu("NVIDIA T4", 15 * 2**30)
TWO = Found(
    Driver(True, True, "550.54.14", ("NVIDIA A100", "NVIDIA T4")),
    Torch("2.14.1+cu130", "13.0", (BIG, SMALL)),
)
NONE = Found(Driver(), Torch("2.14.1+cpu"))


def without_gpus(said: str = "", cuda: str | None = "13.0", **driver: Any) -> Found:
    known = replace(TWO.driver, **driver)
    return Found(known, Torch("2.14.1", cuda, said=said))


@pytest.mark.parametrize(
    ("asked", "inherited", "name", "visible"),
    [
        ("auto", None, "cuda:0", "0"),
        ("cuda", None, "cuda:0", "0"),
        ("cuda:0", None, "cuda:0", "0"),
        ("cuda:1", None, "cuda:1", "1"),
        # What is inherited is narrowed, never widened.
        ("auto", "2,3", "cuda:0", "2"),
        ("cuda:1", "2,3", "cuda:1", "3"),
        ("cuda:1", " 3 , 2 ", "cuda:1", "2"),
        ("cuda:0", "GPU-8932f937,GPU-1a2b3c4d", "cuda:0", "GPU-8932f937"),
        ("cuda", "MIG-7c1f,MIG-9d2e", "cuda:0", "MIG-7c1f"),
        ("cuda:1", "5", "cuda:1", "5"),
    ],
)
def test_a_card_is_chosen_among_those_that_are_visible(
    asked: str, inherited: str | None, name: str, visible: str
) -> None:
    environment = {} if inherited is None else {"CUDA_VISIBLE_DEVICES": inherited}
    chosen = devices.choose(asked, TWO, environment)
    assert (chosen.name, chosen.kind) == (name, "cuda")
    assert chosen.environment["CUDA_VISIBLE_DEVICES"] == visible
    assert chosen.environment["BLANKCHECK_DEVICE"] == "cuda"


def test_errors_are_raised_where_they_are_made_unless_the_person_says_otherwise() -> None:
    assert devices.choose("cuda", TWO, {}).environment["CUDA_LAUNCH_BLOCKING"] == "1"
    own = {"CUDA_LAUNCH_BLOCKING": "0"}
    assert devices.choose("cuda", TWO, own).environment["CUDA_LAUNCH_BLOCKING"] == "0"


@pytest.mark.parametrize("found", [TWO, NONE])
def test_the_cpu_is_always_there_and_sees_no_card(found: Found) -> None:
    chosen = devices.choose("cpu", found, {"CUDA_VISIBLE_DEVICES": "2,3"})
    assert chosen == CPU
    assert chosen.environment["CUDA_VISIBLE_DEVICES"] == ""


def test_auto_takes_what_there_is() -> None:
    mac = Found(Driver(), Torch("2.14.1", mps=True, mps_built=True), "darwin")
    assert devices.choose("auto", NONE, {}) == CPU
    assert devices.choose("auto", mac, {}).name == "mps"
    assert devices.choose("mps", mac, {}).kind == "mps"


@pytest.mark.parametrize("nonsense", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU ", "", "cuda:1234"])
def test_nonsense_is_told_from_a_device_that_is_not_there(nonsense: str) -> None:
    assert not DEVICE.fullmatch(nonsense)
    with pytest.raises(NoDevice, match=r"is not a device\. Set the device to auto, cpu, cuda"):
        devices.choose(nonsense, TWO, {})


def refusal(asked: str, found: Found, visible: str | None = None) -> str:
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    with pytest.raises(NoDevice) as refused:
        devices.choose(asked, found, environment)
    return str(refused.value)


def test_a_card_that_is_not_there() -> None:
    said = refusal("cuda:2", TWO)
    assert "no cuda:2 here" in said
    assert "cuda:0 (NVIDIA A100), cuda:1 (NVIDIA T4)" in said
    assert "hides" not in said
    hidden = replace(TWO, torch=replace(TWO.torch, gpus=(SMALL,)))
    assert "CUDA_VISIBLE_DEVICES hides the others" in refusal("cuda:1", hidden, "1")


@pytest.mark.parametrize(
    ("asked", "found", "visible", "why", "what_to_do"),
    [
        ("cuda", NONE, None, "no NVIDIA graphics card", "auto or cpu"),
        ("cuda", without_gpus(cuda=None), None, "built for the CPU only", "pytorch.org/get-"),
        (
            "cuda",
            without_gpus(present=False),
            None,
            "its driver is not loaded",
            "Install the driver",
        ),
        ("cuda", without_gpus(), "", "hides every card (CUDA_VISIBLE_DEVICES is “”)", "Unset"),
        ("cuda", without_gpus(), "-1", "CUDA_VISIBLE_DEVICES is “-1”", "Unset"),
        ("cuda:1", without_gpus(), "7", "is “7”, and there are 2 cards", "Correct that variable"),
        (
            "cuda",
            without_gpus(forbidden="/dev/nvidia0"),
            None,
            "may not open /dev/nvidia0",
            "group that owns it",
        ),
        (
            "cuda",
            without_gpus(
                "CUDA initialization: The NVIDIA driver on your system is too old (found version "
                "11040). Please update your GPU driver"
            ),
            None,
            "too old: it is for CUDA 11.4, and this PyTorch (2.14.1) needs 13.0",
            "Update the driver",
        ),
        (
            "cuda",
            without_gpus(
                "NVIDIA GeForce GTX 1080 with CUDA capability sm_61 is not compatible with the "
                "current PyTorch installation."
            ),
            None,
            "not built for NVIDIA GeForce GTX 1080 (sm_61)",
            "Previous versions",
        ),
        (
            "cuda",
            without_gpus("Unexpected error from cudaGetDeviceCount(). Error 802: not initialized"),
            None,
            "Error 802",
            "nvidia-smi",
        ),
        ("cuda", Found(TWO.driver, Torch()), None, "PyTorch is not installed", "Install it"),
        ("cuda", Found(TWO.driver, Torch(said="OSError")), None, "imported (OSError)", "Install"),
        ("cuda", Found(Driver(), Torch("2.14.1"), "darwin"), None, "a Mac has none", "mps"),
        ("mps", NONE, None, "this is none", "auto or cpu"),
        ("mps", Found(Driver(), Torch("2.14.1"), "darwin"), None, "without mps", "auto or cpu"),
        (
            "mps",
            Found(Driver(), Torch("2.14.1", mps_built=True), "darwin"),
            None,
            "Apple silicon",
            "auto or cpu",
        ),
    ],
)  # fmt: skip
def test_why_a_device_is_not_there_and_what_to_do(
    asked: str, found: Found, visible: str | None, why: str, what_to_do: str
) -> None:
    said = refusal(asked, found, visible)
    assert why in said
    assert what_to_do in said


@pytest.mark.parametrize(
    ("lesson", "submission", "looks"),
    [
        (Lesson(solution="x = torch.ones(2)"), "x = torch.ones(2)", False),
        (Lesson(device="device"), "", True),
        (Lesson(solution='d = "cuda" if torch.cuda.is_available() else "cpu"'), "", True),
        (Lesson(pre_exercise_code="dev = torch.accelerator.current_accelerator()"), "", True),
        (Lesson(), "net.cuda()", True),
        (Lesson(), "barracuda = 1", False),
    ],
)
def test_auto_leaves_an_exercise_without_devices_on_the_cpu(
    lesson: Lesson, submission: str, looks: bool
) -> None:
    assert devices.needs_look("auto", lesson, submission) is looks
    assert devices.needs_look("cuda", lesson, submission)
    assert not devices.needs_look("cpu", lesson, submission)


def test_the_report_for_people_names_everything() -> None:
    told = devices.info("auto", TWO, {"CUDA_VISIBLE_DEVICES": "4,5"})
    assert (told.device, told.label, told.problem) == ("cuda:0", "NVIDIA A100, 80 GB", None)
    for part in ("2.14.1+cu130", "CUDA 13.0", "550.54.14", "cuda:1: NVIDIA T4, 15 GB", "“4,5”"):
        assert part in told.text
    refused = devices.info("cuda", NONE, {})
    assert refused.device is None
    assert refused.problem is not None and refused.problem in refused.text
    assert refused.advice is None  # a machine without a card lacks nothing
    broken = devices.info("auto", without_gpus(cuda=None), {})
    assert broken.device == "cpu"
    assert broken.advice is not None and "built for the CPU only" in broken.advice


def test_what_a_probe_found_survives_the_way() -> None:
    assert devices.found_from_json(json.loads(json.dumps(asdict(TWO)))) == TWO


def test_a_process_that_asked_the_driver_is_told_by_its_open_files() -> None:
    assert devices.holds_driver(["/dev/null", "socket:[1]", "/dev/nvidiactl"])
    assert not devices.holds_driver(["/dev/null", "/home/me/dev/nvidia0", "pipe:[2]"])


# The driver's files


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name in ("nvidiactl", "nvidia0", "nvidia-uvm"):
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
    proc = tmp_path / "proc/driver/nvidia"
    card = proc / "gpus/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA A100-SXM4-80GB\nIRQ:   24\n")
    (proc / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n"
        "GCC version:  gcc version 12.2.0\n"
    )
    return tmp_path


def test_the_driver_is_known_by_its_files(machine: Path) -> None:
    found = device_probe.driver(machine)
    assert found == Driver(True, True, "550.54.14", ("NVIDIA A100-SXM4-80GB",), None)


def test_a_device_file_that_may_not_be_opened(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def access(path: Path, mode: int) -> bool:
        return path.name != "nvidia0"

    monkeypatch.setattr(os, "access", access)  # root may open all files
    assert device_probe.driver(machine).forbidden == str(machine / "dev/nvidia0")


def test_a_card_without_a_driver_is_seen_on_the_bus(tmp_path: Path) -> None:
    assert device_probe.driver(tmp_path) == Driver()
    card = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x10de\n")
    (card / "class").write_text("0x030200\n")
    assert device_probe.driver(tmp_path) == Driver(plugged=True)


# Places


class Fake:
    """Two cards, and a note of who asked for them."""

    def __init__(self, found: Found = TWO, *, worth_asking: bool = True) -> None:
        self.found = found
        self.asked = 0
        self.made: list[Choice] = []
        self.places = Places(
            Scratch(), self.make, self.look, lambda: worth_asking, {"CUDA_VISIBLE_DEVICES": "2,3"}
        )

    async def look(self) -> Found:
        self.asked += 1
        await asyncio.sleep(0)
        return self.found

    def make(self, choice: Choice) -> SpareStarter:
        self.made.append(choice)
        return SpareStarter("", choice.environment, lambda: None)

    async def of(self, device: str, solution: str = "") -> Choice:
        request = Request(1, "check", Lesson(solution=solution), device=device)
        return (await self.places.of(request)).choice


async def test_each_device_has_one_place_and_is_looked_for_once() -> None:
    fake = Fake()
    chosen = await asyncio.gather(
        fake.of("cuda:1"), fake.of("cuda"), fake.of("auto", "x.cuda()"), fake.of("auto")
    )
    assert [choice.name for choice in chosen] == ["cuda:1", "cuda:0", "cuda:0", "cpu"]
    assert fake.asked == 1
    assert [choice.environment["CUDA_VISIBLE_DEVICES"] for choice in fake.made] == ["", "3", "2"]


async def test_nothing_is_looked_for_where_nothing_can_be() -> None:
    fake = Fake(NONE, worth_asking=False)
    assert await fake.of("auto", "x.cuda()") == CPU
    assert fake.asked == 0
    with pytest.raises(NoDevice, match="no NVIDIA graphics card"):
        await fake.of("cuda")


async def test_what_is_debugged_has_the_device_of_a_check_and_makes_no_place_for_it() -> None:
    fake = Fake()
    choice = await fake.places.choice(Request(1, "run", Lesson(), "x = 1", device="cuda:1"))
    assert (choice.name, choice.environment["CUDA_VISIBLE_DEVICES"]) == ("cuda:1", "3")
    assert [made.name for made in fake.made] == ["cpu"]


async def test_who_gives_up_waiting_takes_the_answer_from_nobody() -> None:
    fake = Fake()
    first = asyncio.create_task(fake.of("cuda"))
    second = asyncio.create_task(fake.of("cuda"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).name == "cuda:0"
    assert fake.asked == 1
    await fake.places.close()


def test_where_it_ran_is_told_by_the_name_outside() -> None:
    place = Fake().places.cpu
    inside = place.inside(Request(1, "run", Lesson(), device="auto"))
    assert inside.device == "cpu"
    assert os.environ.get("BLANKCHECK_DEVICE") is None
