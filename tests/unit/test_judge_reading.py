"""What is made of a judge's answer when the course has a hand in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from blankcheck_runner.judge.reading import MAX_FEEDBACK, judgement_from_json, phrases_from_json
from blankcheck_runner.judge.task import Judgement
from blankcheck_runner.wire import Feedback

WRONG = Feedback("sct/value", "It is 2.", start=0, end=3)


def answer(judgement: Judgement) -> Any:
    data = asdict(judgement)
    return {**data, "feedback": list(data["feedback"])}


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement("passed"),
        Judgement("failed", (WRONG,)),
        Judgement("broken", (Feedback("author/sct", "It is at fault.", part="sct"),)),
    ],
)
def test_a_judgement_is_read_as_it_was(judgement: Judgement) -> None:
    assert judgement_from_json(answer(judgement)) == judgement


@pytest.mark.parametrize(
    "change",
    [
        {"code": 1},
        {"code": "x"},
        {"code": "sct/value](command:a)"},
        {"message": None},
        {"severity": "fatal"},
        {"part": "other"},
        {"start": -1},
        {"end": "3"},
        {"expected_start": True},
        {"expected_end": 1.5},
    ],
    ids=str,
)
def test_feedback_of_another_shape_is_no_judgement(change: dict[str, Any]) -> None:
    item = {**asdict(WRONG), **change}
    assert judgement_from_json({"verdict": "failed", "feedback": [item]}) is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"verdict": "perfect", "feedback": []},
        {"verdict": {}, "feedback": []},
        {"verdict": "failed", "feedback": []},
        {"verdict": "passed", "feedback": 5},
        {"verdict": "passed", "feedback": [5]},
    ],
    ids=str,
)
def test_what_is_no_judgement(data: object) -> None:
    assert judgement_from_json(data) is None


def test_its_text_and_their_number_do_no_harm() -> None:
    item = {**asdict(WRONG), "message": "a\u202e" + "b" * 1_000_000}
    found = judgement_from_json({"verdict": "failed", "feedback": [item] * 1_000})
    assert found is not None and len(found.feedback) == MAX_FEEDBACK
    assert found.feedback[0].message.startswith("a\\u202eb")
    assert len(found.feedback[0].message) <= 8_000


def test_phrases() -> None:
    assert phrases_from_json(["a list", None], 2) == ("a list", None)
    assert phrases_from_json(["a\x1b", 5, "c"], 2) == ("a\\x1b", None)
    assert phrases_from_json(None, 2) == (None, None)
    assert phrases_from_json(["a"], 2) == ("a", None)
