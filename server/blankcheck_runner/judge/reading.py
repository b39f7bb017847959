"""Reading what a process says that ran a course's code: a course is somebody's program too.

Its solution shares the judge's process, so nothing in the answer is taken for granted: neither that
it has the shape of one, nor that its text does no harm.
"""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from blankcheck_runner.judge.task import Judgement
from blankcheck_runner.plain import plain
from blankcheck_runner.wire import Feedback, Part

MAX_FEEDBACK = 100
_MAX_MESSAGE = 8_000
_MAX_PHRASE = 2_000
_CODE = re.compile(r"[a-z]+/[a-z0-9-]{1,60}")
_VERDICTS = ("passed", "failed", "broken")
_SEVERITIES = ("error", "warning", "information", "hint")
_PLACES = ("start", "end", "expected_start", "expected_end")


def judgement_from_json(data: object) -> Judgement | None:
    """The judgement in an answer; null if it is none."""
    if not isinstance(data, dict):
        return None
    fields = cast("dict[str, Any]", data)
    verdict: Any = fields.get("verdict")
    items: Any = fields.get("feedback")
    if verdict not in _VERDICTS or not isinstance(items, list):
        return None
    feedback = [_feedback(item) for item in cast("list[Any]", items)[:MAX_FEEDBACK]]
    if None in feedback or (verdict != "passed" and not feedback):
        return None
    return Judgement(verdict, tuple(item for item in feedback if item is not None))


def phrases_from_json(data: object, count: int) -> tuple[str | None, ...]:
    """That many phrases about a solution; null where there is none that makes sense."""
    items = cast("list[Any]", data) if isinstance(data, list) else list[Any]()
    said = [plain(item, _MAX_PHRASE) if isinstance(item, str) else None for item in items[:count]]
    return (*said, *[None] * (count - len(said)))


def _feedback(item: Any) -> Feedback | None:
    if not isinstance(item, dict):
        return None
    fields = cast("dict[str, Any]", item)
    code, message = fields.get("code"), fields.get("message")
    severity: Any = fields.get("severity")
    part: Any = fields.get("part")
    places: list[Any] = [fields.get(name) for name in _PLACES]
    if (
        not (isinstance(code, str) and _CODE.fullmatch(code))
        or not isinstance(message, str)
        or severity not in _SEVERITIES
        or part not in get_args(Part)
        or not all(place is None or (type(place) is int and place >= 0) for place in places)
    ):
        return None
    return Feedback(code, plain(message, _MAX_MESSAGE), severity, part, *places)
