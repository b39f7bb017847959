"""How well code is contained, in the words that doctor and editor show."""

from __future__ import annotations

import errno
from typing import Literal

import pytest

from blankcheck.containment import containment
from blankcheck_runner.sandbox import seccomp
from blankcheck_runner.sandbox.levels import LEVELS
from blankcheck_runner.wire import HostInfo


def info(level: str, missing: str | None = None) -> HostInfo:
    return HostInfo(1, "3.12.0", "python", "fork", None, sandbox=level, sandbox_missing=missing)


def test_at_the_highest_level_there_is_nothing_to_do() -> None:
    found = containment(info("full"))
    assert found.told.startswith("full: files, network")
    assert found.advice is None


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_below_it_there_is_said_why_and_what_to_do(level: str) -> None:
    found = containment(
        info(level, "user namespaces are not allowed here (AppArmor restricts them)")
    )
    assert found.told.startswith(f"{level}: ")
    assert found.advice is not None
    assert "AppArmor restricts them" in found.advice
    assert "containment.md" in found.advice


def test_a_level_that_was_lowered_on_purpose_is_told_as_that() -> None:
    advice = containment(info("landlock")).advice
    assert advice is not None and "BLANKCHECK_SANDBOX" in advice


def test_what_lets_files_be_read_warns_of_strangers() -> None:
    for level in ("none", "limits"):
        advice = containment(info(level, "it is made for Linux")).advice
        assert advice is not None and "people you trust" in advice


Machine = Literal["x86_64", "aarch64"]
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def refused(machine: Machine, number: int, *arguments: int, truncate: bool = True) -> bool:
    """Whether the filter refuses a call: it is run as the kernel runs it."""
    program = seccomp.assembled(machine, network=False, truncate=truncate)
    words = {0: number, 4: ARCHITECTURES[machine]}
    words |= {16 + 8 * place: argument for place, argument in enumerate(arguments)}
    at, held = 0, 0
    while True:
        code, yes, no, value = program[at]
        match code:
            case 0x20:
                held, jump = words.get(value, 0), 0
            case 0x15:
                jump = yes if held == value else no
            case 0x45:
                jump = yes if held & value else no
            case 0x35:
                jump = yes if held >= value else no
            case _:
                return value == 0x00050000 | errno.EPERM
        at += 1 + jump


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_processes_may_use_is_set_by_each_for_itself(machine: Machine) -> None:
    column = 0 if machine == "x86_64" else 1
    for number in [(302, 261), (203, 122), (144, 119), (142, 118), (314, 274)]:
        assert not refused(machine, number[column], 0, 7)
        assert refused(machine, number[column], 1234, 7)
    for number, process, user in [((141, 140), 0, 2), ((251, 30), 1, 3)]:
        assert not refused(machine, number[column], process, 0, 7)
        assert refused(machine, number[column], process, 1234, 7)
        assert refused(machine, number[column], user, 0, 7)


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 76), ("aarch64", 45)])
def test_files_are_cut_off_by_name_only_where_it_is_ruled_which(
    machine: Machine, number: int
) -> None:
    assert not refused(machine, number)
    assert refused(machine, number, truncate=False)
    assert not refused(machine, 10**4, truncate=False)
