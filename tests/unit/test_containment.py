"""How well code is contained, in the words that doctor and editor show."""

from __future__ import annotations

import pytest

from blankcheck.containment import containment
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
