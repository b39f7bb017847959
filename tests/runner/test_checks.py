"""Which verdict a check comes to: student and reference side by side, in both ways of starting."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Expression, Feedback, Lesson, Limits, Report

pytestmark = pytest.mark.asyncio(loop_scope="session")
FILE = "/somewhere/answer.py"
LESSON = Lesson(
    pre_exercise_code="import torch\na = torch.rand(2, 2)\n",
    solution="b = a @ a\nprint(b)\n",
    sct="Ex().check_object('b').has_equal_value()\nsuccess_msg('Well done.')\n",
)


async def check(
    runner: HostRunner, code: str, lesson: Lesson = LESSON, limits: Limits | None = None
) -> Report:
    return await runner.check(lesson, code, FILE, limits or Limits())


def only(report: Report) -> Feedback:
    (feedback,) = report.feedback
    return feedback


async def test_right(torch_runner: HostRunner) -> None:
    report = await check(torch_runner, "b = torch.matmul(a, a)\nprint(b)\n")
    assert report.verdict == "passed"
    assert [(item.code, item.message) for item in report.feedback] == [
        ("sct/success", "Well done.")
    ]
    assert report.output.startswith("tensor(")


async def test_wrong_value_on_its_line(torch_runner: HostRunner) -> None:
    code = "c = 1\nb = a + a\n"
    report = await check(torch_runner, code)
    assert report.verdict == "failed"
    assert only(report).code == "sct/value"
    assert only(report).start in range(code.index("b = "), len(code))


async def test_an_error_comes_before_the_sct(torch_runner: HostRunner) -> None:
    report = await check(torch_runner, "b = a @ torch.ones(3, 3)\n")
    assert report.verdict == "error"


async def test_random_numbers_without_a_seed_agree(torch_runner: HostRunner) -> None:
    lesson = Lesson(
        pre_exercise_code="import random, numpy, torch\n",
        solution="b = [random.random(), float(numpy.random.rand()), torch.randn(3)]\n",
        sct="Ex().check_object('b').has_equal_value()\n",
    )
    report = await check(torch_runner, lesson.solution, lesson)
    assert report.verdict == "passed", report.feedback
    other = lesson.solution.replace("torch.randn(3)", "torch.rand(3)")
    assert (await check(torch_runner, other, lesson)).verdict == "failed"


@pytest.mark.parametrize(
    ("part", "text", "marked", "word"),
    [
        (
            "pre_exercise_code",
            "x = 1\nimport no_such_package\n",
            "import no_such",
            "no_such_package",
        ),
        ("solution", "b = 1\nprint(undefined)\n", "undefined", "undefined"),
        ("solution", "b = 1\nwhile True:\n    pass\n", None, "0.5 seconds"),
        ("sct", "\nEx().no_such_word('b')\n", "Ex().no_such", "no_such_word"),
    ],
)
async def test_a_broken_exercise_is_told_as_such(
    runner: HostRunner, part: str, text: str, marked: str | None, word: str
) -> None:
    whole = Lesson(solution="b = 1", sct="Ex().check_object('b')")
    lesson = replace(whole, **{part: text})
    report = await check(runner, "b = 1", lesson, Limits(seconds=0.5))
    assert report.verdict == "broken"
    feedback = only(report)
    assert feedback.part == part
    assert word in feedback.message
    if marked is not None:
        assert feedback.start is not None
        assert text[feedback.start :].startswith(marked)


async def test_a_broken_solution_outweighs_an_error_of_the_submission(runner: HostRunner) -> None:
    lesson = Lesson(solution="print(undefined)", sct="Ex().check_object('b')")
    report = await check(runner, "1 / 0", lesson)
    assert (report.verdict, only(report).part) == ("broken", "solution")


async def test_an_error_does_not_wait_for_a_slow_solution(runner: HostRunner) -> None:
    lesson = Lesson(solution="import time\ntime.sleep(60)", sct="Ex().check_object('b')")
    report = await check(runner, "1 / 0", lesson, Limits(seconds=100))
    assert report.verdict == "error"


async def test_an_sct_that_allows_errors_is_asked(runner: HostRunner) -> None:
    lesson = Lesson(
        solution="b = 1\nraise ValueError('on purpose')\n",
        sct="allow_errors()\nEx().check_object('b').has_equal_value()\n",
    )
    assert (await check(runner, "b = 2\n1 / 0\n", lesson)).verdict == "failed"


async def test_a_submission_that_dies_while_it_is_asked_does_not_pass(runner: HostRunner) -> None:
    code = (
        "import os\n"
        "class Deadly:\n"
        "    def __array__(self, *a, **k): os._exit(0)\n"
        "    __len__ = __iter__ = __repr__ = __eq__ = __reduce__ = __getattr__ = __array__\n"
        "b = Deadly()\n"
    )
    lesson = Lesson(solution="b = 2\n", sct="Ex().check_object('b').has_equal_value()\n")
    report = await check(runner, code, lesson)
    assert report.verdict in ("failed", "error")


async def test_checks_side_by_side_do_not_mix(runner: HostRunner) -> None:
    lesson = Lesson(solution="b = 2\n", sct="Ex().check_object('b').has_equal_value()\n")
    right, wrong = "b = 2\nprint('right')\n", "b = 1\nprint('wrong')\n"
    reports = await asyncio.gather(check(runner, right, lesson), check(runner, wrong, lesson))
    assert [report.verdict for report in reports] == ["passed", "failed"]
    assert [report.output for report in reports] == ["right\n", "wrong\n"]


async def test_nothing_of_solution_and_sct_is_in_the_students_memory(runner: HostRunner) -> None:
    # Neither a marker's parts nor the pattern that finds it make it, only the lesson does.
    secret = "zqx" + "7391" + "kjw"
    lesson = Lesson(
        pre_exercise_code="known = 'pqv' + '5522' + 'hhm'\n",
        solution=f"b = 1\nhidden = '{secret}_solution'\n",
        sct=f"Ex().check_object('b').has_equal_value(incorrect_msg='{secret}_sct')\n",
    )
    code = """
import re
def found(marker):
    places = 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            fields = line.split()
            if not fields[1].startswith("rw") or "[vv" in line:
                continue
            start, end = (int(part, 16) for part in fields[0].split("-"))
            for at in range(start, end, 1 << 24):
                try:
                    memory.seek(at)
                    piece = memory.read(min(1 << 24, end - at))
                except (OSError, ValueError, OverflowError):
                    continue
                places += sum(1 for _ in re.finditer(marker, piece))
                del piece
    return places
print("known", found(b"pq[v]5522") > 0)
print("secret", found(b"zq[x]7391"))
for name in ("environ", "cmdline"):
    print(name, bool(re.search(b"zq[x]7391", open(f"/proc/self/{name}", "rb").read())))
b = 1
"""
    report = await check(runner, code, lesson, Limits(seconds=60))
    assert report.output.splitlines() == [
        "known True",
        "secret 0",
        "environ False",
        "cmdline False",
    ]
    assert report.verdict == "passed", report.feedback


async def test_describes_what_stands_at_places_of_the_solution(torch_runner: HostRunner) -> None:
    solution = (
        "import torch\n"
        "x = torch.ones(1, 4)\n"
        "layer = torch.nn.Linear(4, 2)\n"
        "for i in range(2):\n"
        "    out = torch.matmul(x, x.t())\n"
        "never = 1 / 0\n"
        "late = 3\n"
    )
    asked = [
        ("torch.ones(1, 4)", "kind"),
        ("Linear", "kind"),
        ("layer", "kind"),
        ("torch.matmul", "signature"),
        ("out", "kind"),
        ("late", "kind"),
    ]
    expressions = [
        Expression(solution.index(text), solution.index(text) + len(text), want)  # type: ignore[arg-type]
        for text, want in asked
    ]
    phrases = await torch_runner.describe(Lesson(solution=solution), expressions)
    assert phrases == (
        "a tensor of shape (1, 4), float32",
        "a class",
        "a layer",
        "matmul(input, other, *, out=None) -> Tensor",
        "a tensor of shape (1, 1), float32",
        None,
    )


async def test_descriptions_of_a_lesson_that_does_not_run_are_unknown(runner: HostRunner) -> None:
    lesson = Lesson(pre_exercise_code="1 / 0", solution="b = 1")
    assert await runner.describe(lesson, [Expression(0, 1)]) == (None,)
