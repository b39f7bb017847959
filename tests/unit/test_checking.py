"""From a submission's text to placed feedback, with a runner that only says what it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from blankcheck import checking
from blankcheck.course import kinds
from blankcheck.courses import CourseError, Target, find_exercise
from blankcheck.runner import Runner
from blankcheck_runner.wire import (
    DeviceInfo,
    Expression,
    Feedback,
    HostInfo,
    Lesson,
    Limits,
    Placed,
    Report,
)

CHAPTER = """---
title: One
---

## First exercise

```yaml
type: NormalExercise
key: k1
xp: 100
time_limit: 30
```

`@instructions`
- Store one in `x`.
- Print `x`.

`@pre_exercise_code`
```{python}
import math
half = 1 / 2
```

`@sample_code`
```{python}
x = ___
print(___)
```

`@solution`
```{python}
x = 1
print(x)
```

`@sct`
```{python}
Ex().check_object("x")
```

---

## No code to check against

```yaml
type: NormalExercise
key: k2
xp: 100
lang: python
```

`@instructions`
- Anything.

`@sample_code`
```{python}
x = ___
```

---

## A video

```yaml
type: VideoExercise
key: k3
xp: 50
```
"""
HEADER = "# blankcheck: one.md#k1\n"
SAMPLE = HEADER + "x = ___\nprint(___)\n"
RIGHT = HEADER + "x = 1\nprint(x)\n"


class FakeRunner:
    """Answers every request with one report, and remembers what it was asked."""

    def __init__(self, report: Report | None = None) -> None:
        self.report = report or Report(0, "passed")
        self.lessons: list[Lesson] = []
        self.limits = Limits()
        self.device = "auto"
        self.stage: str | None = None
        self.torch_error: str | None = None

    async def devices(self) -> DeviceInfo:
        return DeviceInfo(self.device, "cpu", "", None, None, "Device used: cpu")

    async def place(self, lesson: Lesson, submission: str) -> Placed:
        return Placed("cpu", "cpu", {})

    async def info(self) -> HostInfo:
        return HostInfo(1, "3.11.0", "python", "fork", None, self.torch_error)

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits | None = None
    ) -> Report:
        self.lessons.append(lesson)
        self.limits = limits or Limits()
        return self.report

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        if on_output is not None:
            on_output(self.report.output)
        return await self.check(lesson, submission, file, limits)

    async def describe(
        self, lesson: Lesson, expressions: Sequence[Expression]
    ) -> tuple[str | None, ...]:
        return tuple(None for _ in expressions)

    async def prepare(self, lesson: Lesson, limits: Limits | None = None) -> None:
        return None

    async def close(self) -> None:
        return None


_: Runner = FakeRunner()


@pytest.fixture
def target(tmp_path: Path) -> Target:
    file = tmp_path / "one.md"
    file.write_text(CHAPTER, "utf-8")
    return find_exercise(file, "k1")


def report(*feedback: Feedback, verdict: str = "failed") -> FakeRunner:
    return FakeRunner(Report(0, verdict, feedback))  # pyright: ignore[reportArgumentType]


async def test_blanks_come_first_and_nothing_runs(target: Target) -> None:
    runner = FakeRunner()
    result = await checking.check(target, SAMPLE + "print('abc\n", "a.py", runner)
    assert result.verdict == "incomplete"
    assert [(item.code, item.blank) for item in result.feedback] == [
        ("blank/unfilled", 0),
        ("blank/unfilled", 1),
    ]
    assert {item.severity for item in result.feedback} == {"information"}
    assert runner.lessons == []


async def test_an_empty_right_hand_side_is_a_blank_and_no_syntax_error(target: Target) -> None:
    text = HEADER + "x = \nprint(x)\n"
    result = await checking.check(target, text, "a.py", FakeRunner())
    assert result.verdict == "incomplete"
    (item,) = result.feedback
    assert item.message == "Fill in a value after the =."
    assert item.blank == 0
    assert item.span.of(text).startswith("=")


async def test_syntax_comes_second_and_nothing_runs(target: Target) -> None:
    runner = FakeRunner()
    text = HEADER + "x = (1\nprint(x)\n"
    result = await checking.check(target, text, "a.py", runner)
    assert result.verdict == "error"
    (item,) = result.feedback
    assert (item.code, item.severity, item.span.of(text)) == ("syntax/bracket", "error", "(")
    assert item.blank == 0
    assert runner.lessons == []


@pytest.mark.parametrize("code", ["", "\n\n", "# x = 1\n", "   # only\n# comments"])
async def test_an_empty_submission_fails(target: Target, code: str) -> None:
    runner = FakeRunner()
    result = await checking.check(target, HEADER + code, "a.py", runner)
    assert result.verdict == "failed"
    assert result.feedback[0].code == "sct/missing"
    assert runner.lessons == []


async def test_the_runner_gets_the_lesson_and_the_limits(target: Target) -> None:
    runner = FakeRunner()
    result = await checking.check(target, RIGHT, "a.py", runner, Limits(seconds=5))
    assert (result.verdict, result.exercise, result.step) == ("passed", "k1", None)
    (lesson,) = runner.lessons
    assert lesson.pre_exercise_code == "import math\nhalf = 1 / 2\n"
    assert lesson.solution == "x = 1\nprint(x)\n"
    assert lesson.sct == 'Ex().check_object("x")\n'
    assert lesson.data is None
    assert runner.limits.seconds == 30  # the chapter's own


async def test_data_files_go_along(target: Target) -> None:
    (target.file.parent / "data").mkdir()
    runner = FakeRunner()
    await checking.check(target, RIGHT, "a.py", runner)
    assert runner.lessons[0].data == str(target.file.parent / "data")


async def test_feedback_is_placed_and_related_to_blank_and_instruction(target: Target) -> None:
    start = RIGHT.index("1\nprint")
    runner = report(Feedback("sct/value", "It is not one.", start=start, end=start + 1))
    result = await checking.check(target, RIGHT, "a.py", runner)
    (item,) = result.feedback
    assert item.span.of(RIGHT) == "1"
    assert item.blank == 0
    (place,) = item.related
    assert place.message == "Store one in `x`."
    assert place.uri == target.file.as_uri()
    line: int = place.range["start"]["line"]
    assert CHAPTER.splitlines()[line] == "- Store one in `x`."


async def test_feedback_without_a_place_stands_at_the_start(target: Target) -> None:
    runner = report(Feedback("sct/missing", "Nothing is printed."))
    (item,) = (await checking.check(target, RIGHT, "a.py", runner)).feedback
    assert (item.span.start, item.span.end, item.blank) == (0, 0, None)


async def test_ranges_outside_of_the_text_are_clipped(target: Target) -> None:
    runner = report(Feedback("sct/value", "m", start=-5, end=10**9))
    (item,) = (await checking.check(target, RIGHT, "a.py", runner)).feedback
    assert item.span.of(RIGHT) == RIGHT


async def test_a_fault_of_the_chapter_is_told_on_its_line(target: Target) -> None:
    code = "import math\nhalf = 1 / 2\n"
    start = code.index("1 / 2")
    fault = Feedback(
        "author/pre-exercise-code",
        "It raises an error.",
        part="pre_exercise_code",
        start=start,
        end=start + 5,
    )
    result = await checking.check(target, RIGHT, "a.py", report(fault, verdict="broken"))
    (item,) = result.feedback
    line = CHAPTER.splitlines().index("half = 1 / 2")
    assert (
        item.message == f"In the pre-exercise code, line {line + 1} of one.md: It raises an error."
    )
    assert (item.span.start, item.span.end, item.blank) == (0, 0, None)
    (place,) = item.related
    assert place.range["start"] == {"line": line, "character": 7}
    assert place.range["end"] == {"line": line, "character": 12}


async def test_a_package_that_is_missing_is_not_the_exercises_fault(target: Target) -> None:
    said = "This solution raises ModuleNotFoundError: No module named 'torch.nn'."
    fault = Feedback("author/solution", said, part="solution", start=0, end=1)
    result = await checking.check(target, RIGHT, "a.py", report(fault, verdict="broken"))
    (item,) = result.feedback
    assert item.code == "run/missing-package"
    assert "pip install torch)" in item.message


async def test_a_torch_that_does_not_import_is_nobodys_fault(target: Target) -> None:
    target.file.write_text(CHAPTER.replace("half = 1 / 2", "from torch import nn"), "utf-8")
    broken = find_exercise(target.file, "k1")
    code = broken.unit.code("pre_exercise_code")
    assert code is not None
    start = code.text.index("from torch")
    said = "This pre-exercise code raises OSError: libcudnn.so.9. The exercise is at fault."
    fault = Feedback("author/pre-exercise-code", said, part="pre_exercise_code", start=start)
    runner = FakeRunner(Report(0, "broken", (fault,)))
    for why in (None, "OSError: libcudnn.so.9"):
        runner.torch_error = why
        result = await checking.check(broken, RIGHT, "a.py", runner)
        (item,) = result.feedback
        assert ("at fault" in item.message) == (why is None)
        assert ("--force-reinstall torch" in item.message) == (why is not None)
    assert item.code == "run/missing-package"


async def test_a_chapter_that_does_not_compile_is_told_where(target: Target) -> None:
    target.file.write_text(CHAPTER.replace("half = 1 / 2", "half = 1 / )"), "utf-8")
    broken = find_exercise(target.file, "k1")
    fault = Feedback("author/pre-exercise-code", "It does not compile.", part="pre_exercise_code")
    result = await checking.check(broken, RIGHT, "a.py", report(fault, verdict="broken"))
    line = CHAPTER.splitlines().index("half = 1 / 2")
    assert f"line {line + 1} of one.md" in result.feedback[0].message
    assert result.feedback[0].related[0].range["start"] == {"line": line, "character": 11}


async def test_remarks_on_the_chapter_are_for_its_author_only(target: Target) -> None:
    remark = Feedback("author/suspect-solution", "m", "information", "solution", 0, 1)
    runner = report(remark, verdict="passed")
    assert (await checking.check(target, RIGHT, "a.py", runner)).feedback == ()
    told = await checking.check(target, RIGHT, "a.py", runner, for_author=True)
    assert [item.code for item in told.feedback] == ["author/suspect-solution"]


async def test_an_exercise_without_solution_and_sct_is_broken(target: Target) -> None:
    unchecked = find_exercise(target.file, "k2")
    runner = FakeRunner()
    result = await checking.check(unchecked, "x = 1\n", "a.py", runner)
    assert result.verdict == "broken"
    assert runner.lessons == []
    assert (await checking.run(unchecked, "x = 1\n", "a.py", runner)).verdict == "passed"


async def test_what_is_not_code_cannot_be_checked(target: Target) -> None:
    video = find_exercise(target.file, "k3")
    with pytest.raises(CourseError, match="video"):
        await checking.check(video, "x = 1\n", "a.py", FakeRunner())


async def test_running_passes_the_output_on(target: Target) -> None:
    heard: list[str] = []
    runner = FakeRunner(Report(0, "passed", output="1\n"))
    result = await checking.run(target, RIGHT, "a.py", runner, heard.append)
    assert heard == ["1\n"]
    assert result.output == "1\n"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("0.5", 0.5), ("9999999", kinds.MAX_SECONDS), ("-1", 7), ("nan", 7), ("soon", 7)],
)
def test_time_limits_of_chapters(target: Target, asked: str, seconds: float) -> None:
    target.file.write_text(CHAPTER.replace("time_limit: 30", f"time_limit: {asked}"), "utf-8")
    limited = find_exercise(target.file, "k1")
    assert checking.limits_for(limited, Limits(seconds=7)).seconds == seconds


@pytest.mark.parametrize(
    "code",
    ["(" * 50_000, "\0", "'\ud800'", "x = 1 # " + "a" * 900_000, "x = '" + "é" * 1_100_000, "\r\r"],
    ids=["nested", "nul", "surrogate", "long line", "too long", "cr"],
)
def test_hostile_text_is_looked_at_without_harm(target: Target, code: str) -> None:
    for item in checking.inspect(target, HEADER + code):
        assert item.message


async def test_a_submission_that_is_too_long_fails_unread(target: Target) -> None:
    runner = FakeRunner()
    text = HEADER + "x = '" + "é" * 1_100_000 + "'\n"
    result = await checking.check(target, text, "a.py", runner)
    assert result.verdict == "failed"
    assert result.feedback[0].code == "syntax/too-long"
    assert runner.lessons == []
