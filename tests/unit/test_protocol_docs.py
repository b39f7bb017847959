"""docs/protocol.md tells other editors what the server speaks, so all of it has to be there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from blankcheck.lsp import protocol
from blankcheck.lsp.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/protocol.md").read_text("utf-8")
CLIENT = (ROOT / "client/src/protocol.ts").read_text("utf-8")
CONSTANTS = {name: value for name, value in vars(protocol).items() if name.isupper()}
METHOD = re.compile(r"blankcheck/[a-z]\w*")
NAMES = {value for value in CONSTANTS.values() if isinstance(value, str)}
METHODS = {name for name in NAMES if METHOD.fullmatch(name)}


def keys(shape: Any) -> set[str]:
    """The keys of one of the answers."""
    return set(shape.__annotations__)


def test_every_request_notification_and_command_is_documented() -> None:
    assert len(METHODS) > 10
    assert sorted(name for name in NAMES if f"`{name}`" not in PAGE) == []


def test_nothing_is_documented_that_is_not_spoken() -> None:
    assert sorted(set(re.findall(r"`(blankcheck/\w+)`", PAGE)) - METHODS) == []


def test_the_client_says_only_what_the_server_knows() -> None:
    said = set(re.findall(r'"(blankcheck/\w+)"', CLIENT))
    assert said
    assert sorted(said - METHODS) == []


def test_every_error_code_is_documented() -> None:
    codes = {value for value in CONSTANTS.values() if isinstance(value, int) and value < 0}
    assert sorted(code for code in codes if f"| {code} |" not in PAGE) == []


def test_every_key_of_the_answers_is_documented() -> None:
    shapes = [
        protocol.CheckResult,
        protocol.FeedbackItem,
        protocol.ExerciseItem,
        protocol.ChapterItem,
        protocol.CourseItem,
        protocol.StepItem,
        protocol.Started,
        protocol.Hint,
        protocol.Instructions,
        protocol.NewText,
        protocol.Solution,
        protocol.Blanks,
        protocol.BlankItem,
        protocol.RunnerInfo,
        protocol.Info,
        protocol.Devices,
        protocol.OutputParams,
        protocol.ProgressParams,
    ]
    missing = {key for shape in shapes for key in keys(shape) if f'"{key}"' not in PAGE}
    assert missing == set()


def test_every_setting_is_documented_and_has_its_default() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE))
    default = Settings()
    for key, written in told.items():
        name = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)
        value = getattr(default, name)
        assert written == (f"{value:g}" if type(value) is float else json.dumps(value)), key
        assert (
            not isinstance(value, bool)
            or getattr(read_settings({key: not value}, default), name) is not value
        )
    named = {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key) for key in told}
    assert named == set(default.__dataclass_fields__)
