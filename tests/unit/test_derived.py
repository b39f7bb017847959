"""The derived check on plain Python: what passes in another form, what fails, and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blankcheck_runner.judge.task import Judgement

Judge = Callable[..., Judgement]

SOLUTION = """\
def double(x):
    return x * 2

numbers = [1, 2, 3]
doubled = [double(n) for n in numbers]
total = sum(doubled)
total += 1
name = "Ada"
greeting = f"Hello, {name}!"
for n in numbers:
    print(n)
print(greeting, total)
"""


def changed(old: str, new: str, solution: str = SOLUTION) -> str:
    assert old in solution
    return solution.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("x * 2", "x + x"),
        ("total", "answer"),
        ("doubled = [double(n) for n in numbers]\ntotal = sum(doubled)", "total = 12"),
        ("doubled = [double(n) for n in numbers]", "doubled = [2, 4, 6]"),
        ("for n in numbers:\n    print(n)", "print(*numbers)"),
        ("for n in numbers:\n    print(n)", "for i in range(3):\n    print(numbers[i])"),
        ("print(greeting, total)", "print(greeting)\nprint(total)"),
        ("print(greeting, total)", "print(greeting, total, sep='   ')"),
        ("print(greeting, total)", "print('My result:', greeting, total)"),
        ("total += 1\n", "total = total + 1\n"),
        ('name = "Ada"\n', 'import math\nname = "A" + "da"\nunused = math.pi\n'),
    ],
)
def test_what_computes_the_same_passes(judge: Judge, old: str, new: str) -> None:
    judgement = judge("", SOLUTION, changed(old, new))
    assert judgement.verdict == "passed", judgement.feedback


@pytest.mark.parametrize(
    ("old", "new", "code", "marked"),
    [
        ("x * 2", "x * 3", "sct/value", "3"),
        ("[1, 2, 3]", "[1, 2, 4]", "sct/value", "4"),
        ("sum(doubled)", "max(doubled)", "sct/value", "max"),
        ("total += 1", "total += 2", "sct/value", "2"),
        ("total += 1\n", "", "sct/value", "sum(doubled)"),
        ('"Ada"', '"ada"', "sct/value", '"ada"'),
        ("Hello, {", "Hello {", "sct/value", 'f"Hello {name}!"'),
        ("print(n)", "print(n + 1)", "sct/output", "n + 1"),
        ("    print(n)\n", "    pass\n", "sct/output", ""),
        ("print(greeting, total)", "print(greeting, numbers)", "sct/type", "numbers"),
        ("print(greeting, total)", "", "sct/output", ""),
    ],
)
def test_a_mistake_is_told_where_it_was_made(
    judge: Judge, old: str, new: str, code: str, marked: str
) -> None:
    submission = changed(old, new)
    judgement = judge("", SOLUTION, submission)
    assert judgement.verdict == "failed"
    feedback = judgement.feedback[0]
    assert feedback.code == code, feedback.message
    assert submission[feedback.start : feedback.end] == marked, feedback.message


def test_an_empty_submission_fails(judge: Judge) -> None:
    assert judge("", SOLUTION, "").verdict == "failed"
    assert judge("success_msg('Well done')", SOLUTION, "# nothing yet\n").verdict == "failed"


def test_what_follows_from_a_mistake_is_not_told_again(judge: Judge) -> None:
    submission = "a = 2\nb = a * 10\nc = b + 1\nprint(c)\n"
    judgement = judge("", submission.replace("a = 2", "a = 1"), submission)
    assert [item.message for item in judgement.feedback] == ["`a` is 2, which is too large."]


def test_of_two_mistakes_the_earlier_comes_first(judge: Judge) -> None:
    submission = "a = 2\nb = a * 20\n"
    judgement = judge("", "a = 1\nb = a * 10\n", submission)
    assert judgement.feedback[0].message == "`a` is 2, which is too large."


def test_of_many_mistakes_as_many_are_told_as_the_author_asks_for(judge: Judge) -> None:
    solution = "".join(f"v{n} = {n}\nw{n} = v{n} * 10\nprint(w{n})\n" for n in range(1, 6))
    submission = solution.replace("* 10", "* 11")
    for sct, lines in (
        ("", [2]),
        ("Ex().check_solution()", [2]),
        ("Ex().check_solution(messages=2)", [2, 5]),
        ("Ex().check_solution(messages=3)", [2, 5, 8]),
    ):
        found = judge(sct, solution, submission).feedback
        assert [submission.count("\n", 0, item.start) + 1 for item in found] == lines
        assert all(submission[item.start : item.end] == "11" for item in found)


def test_what_follows_from_a_mistake_is_no_second_one(judge: Judge) -> None:
    submission = "a = 2\nb = a * 10\nc = b + 1\nprint(c)\nd = 5\n"
    solution = submission.replace("a = 2", "a = 1").replace("d = 5", "d = 4")
    found = judge("Ex().check_solution(messages=3)", solution, submission).feedback
    assert [item.message.split()[0] for item in found] == ["`a`", "`d`"]


@pytest.mark.parametrize("messages", ["0", "4", "True", "'all'"])
def test_more_messages_than_there_may_be_are_the_authors_mistake(
    judge: Judge, messages: str
) -> None:
    judgement = judge(f"Ex().check_solution(messages={messages})", "a = 1", "a = 1")
    assert judgement.verdict == "broken"
    assert "from 1 to 3" in judgement.feedback[0].message


def test_a_result_under_another_name(judge: Judge) -> None:
    submission = "first = 3\nresutl = first * 7\n"
    judgement = judge("", "first = 3\nresult = first * 7\n", submission)
    feedback = judgement.feedback[0]
    assert (feedback.code, submission[feedback.start : feedback.end]) == ("sct/missing", "resutl")
    assert feedback.message.endswith("did you mean it where you wrote `resutl`?")


def test_what_was_given_stays_as_it_was(judge: Judge) -> None:
    submission = "given = 1\nresult = given + 1\n"
    judgement = judge("", "result = given + 1\n", submission, "given = 5\n")
    feedback = judgement.feedback[0]
    assert submission[feedback.start : feedback.end] == "1"
    assert "given" in feedback.message


def test_a_statement_made_only_for_its_effect(judge: Judge) -> None:
    given = "log = []\ndef start(mode): log.append(mode)\ndef stop(): pass\n"
    solution = "start('fast')\nstop()\n"
    assert judge("", solution, solution, given).verdict == "passed"
    left_out = judge("", solution, "start('fast')\n", given)
    assert left_out.feedback[0].code == "sct/missing"
    submission = "start('slow')\nstop()\n"
    wrong = judge("", solution, submission, given).feedback[0]
    assert submission[wrong.start : wrong.end] == "'slow'"
    submission = "start('fast')\nstop\n"
    uncalled = judge("", solution, submission, given).feedback[0]
    assert submission[uncalled.start : uncalled.end] == "stop"
    assert "parentheses" in uncalled.message


def test_random_values_are_compared_by_how_they_are_drawn(judge: Judge) -> None:
    given = "import random\n"
    solution = "draws = [random.random() for _ in range(5)]\nlargest = max(draws)\n"

    def verdict(old: str, new: str) -> str:
        return judge("", solution, changed(old, new, solution), given).verdict

    assert verdict("draws", "draws") == "passed"
    assert verdict("draws =", "other = random.random()\ndraws =") == "passed"
    assert verdict("random.random()", "random.uniform(0, 1)") == "passed"
    assert verdict("random.random()", "0.25") == "failed"
    assert verdict("random.random()", "random.gauss(0, 1)") == "failed"
    assert verdict("range(5)", "range(4)") == "failed"
    assert verdict("max(draws)", "min(draws)") == "failed"


SUSPECT = """\
first = 1
first_doubled = first * 2
second = 30
result = first + second
print(first - second)
"""


def test_both_readings_of_a_suspect_solution(judge: Judge) -> None:
    judgement = judge("", SUSPECT, changed("first + second", "first_doubled + second", SUSPECT))
    assert judgement.verdict == "passed"
    (note,) = judgement.feedback
    assert (note.code, note.severity, note.part) == (
        "author/suspect-solution",
        "information",
        "solution",
    )
    assert SUSPECT[note.start : note.end] == "first"
    judgement = judge("", SUSPECT, changed("first - second", "first_doubled - second", SUSPECT))
    assert judgement.verdict == "passed"
    assert judge("", SUSPECT, SUSPECT).feedback == ()


def test_a_suspect_solution_does_not_excuse_what_is_wrong(judge: Judge) -> None:
    for wrong in ("second + second", "first_doubled * second", "first_doubled + first"):
        submission = changed("first + second", wrong, SUSPECT)
        assert judge("", SUSPECT, submission).verdict == "failed", wrong


def test_what_cannot_be_compared_is_told_and_no_mistake(judge: Judge) -> None:
    solution = "def unused(connection):\n    return connection.cursor().fetch()\n"
    judgement = judge("", solution, "def unused(connection):\n    return connection\n")
    assert judgement.verdict == "passed"
    (note,) = judgement.feedback
    assert (note.code, note.severity) == ("sct/not-checked", "information")
    assert judge("", solution, solution).feedback == ()


def test_nothing_of_the_solution_is_given_away(judge: Judge) -> None:
    solution = "secret_step = 41276\nresult = secret_step * 2\nprint(result)\n"
    for submission in ("result = 1\nprint(1)\n", "print('x')\n", "result = 'x'\n", ""):
        judgement = judge("", solution, submission)
        assert judgement.verdict == "failed"
        for item in judgement.feedback:
            assert "secret_step" not in item.message
            assert "41276" not in item.message


@pytest.mark.parametrize(
    "solution",
    [
        "x = 1\ndel x\n",
        "import os.path as p\nfrom math import *\nx = sqrt(4)\n",
        "try:\n    x = 1 / 0\nexcept ZeroDivisionError:\n    x = 0\nfinally:\n    y = 1\n",
        "class A:\n    @property\n    def size(self): return 1\nx = A().size\n",
        "a, (b, *c) = 1, (2, 3, 4)\nd = e = a\nd += 1\n",
        "x: int = 3\ny: str\n",
        "if True:\n    x = [i for i in range(3) if (y := i)]\n",
        "f = print\nf(1)\n",
        "lines = iter([1, 2])\nfirst = next(lines)\n",
        "x = 1; print(x); x = 2; print(x)\n",
        "def f():\n    global g\n    g = 3\nf()\nh = g\n",
        "async def f():\n    return 1\n",
        "match [1, 2]:\n    case [a, b]:\n        print(a + b)\n",
    ],
)
def test_a_solution_passes_its_own_check(judge: Judge, solution: str) -> None:
    judgement = judge("", solution, solution)
    assert judgement.verdict == "passed", judgement.feedback


def verdict(judge: Judge, solution: str, old: str, new: str, given: str = "") -> str:
    return judge("", solution, changed(old, new, solution), given).verdict


def test_a_function_is_tried_on_more_than_the_solution_calls_it_with(judge: Judge) -> None:
    solution = (
        "def mean(numbers):\n    return sum(numbers) / len(numbers)\nprint(mean([1, 2, 6]))\n"
    )
    submission = changed("len(numbers)", "3", solution)
    feedback = judge("", solution, submission).feedback[0]
    assert (feedback.code, submission[feedback.start : feedback.end]) == ("sct/value", "3")
    assert (
        verdict(judge, solution, "sum(numbers) / len", "sum(n for n in numbers) / len") == "passed"
    )


@pytest.mark.parametrize(
    ("body", "right", "wrong"),
    [
        ("n: int", "return sum(range(n + 1))", "return sum(range(n))"),
        ("text", "return text.upper()", "return text.lower()"),
        ("a, b", "return a - b", "return b - a"),
        ("items", "return sorted(items)", "return items"),
        ("x", "print(x)", "print(x, x)"),
    ],
)
def test_a_function_that_is_never_called_is_tried(
    judge: Judge, body: str, right: str, wrong: str
) -> None:
    solution = f"def work({body}):\n    {right}\n"
    assert verdict(judge, solution, right, f"unused = 0\n    {right}") == "passed"
    assert verdict(judge, solution, right, wrong) == "failed"


COUNTER = """\
class Counter:
    def __init__(self, start):
        self.value = start

    def up(self, by=1):
        self.value += by
        return self.value

    def is_even(self):
        return self.value % 2 == 0
"""


@pytest.mark.parametrize("use", ["", "c = Counter(4)\nprint(c.up(3))\n"])
@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("self.value += by", "self.value += 1", "1"),
        ("return self.value\n", "return by\n", "by"),
        ("% 2 == 0", "% 2 == 1", "1"),
        ("self.value = start", "self.value = 0", "0"),
    ],
)
def test_a_class_is_tried_method_by_method(
    judge: Judge, use: str, old: str, new: str, marked: str
) -> None:
    solution = COUNTER + use
    submission = changed(old, new, solution)
    judgement = judge("", solution, submission)
    assert judgement.verdict == "failed"
    feedback = judgement.feedback[0]
    assert submission[feedback.start : feedback.end] == marked, feedback.message
    assert len(judgement.feedback) == 1


def test_how_a_class_keeps_its_data_is_its_own_affair(judge: Judge) -> None:
    solution = COUNTER + "c = Counter(4)\nprint(c.up(3))\n"
    submission = solution.replace("value", "count").replace(
        "def up", "def more(self): pass\n    def up"
    )
    assert judge("", solution, submission).verdict == "passed"


def test_a_different_number_of_few_digits_is_another_number(judge: Judge) -> None:
    for printed, other in (("0.5", "0.6"), ("13.0", "14.0"), ("7", "8"), ("1.25", "1.26")):
        assert judge("", f"print({printed})\n", f"print({other})\n").verdict == "failed"
    assert judge("", "print('tensor(13.)')\n", "print('tensor(14.)')\n").verdict == "failed"


def test_words_around_a_printed_number(judge: Judge) -> None:
    solution = "print(len('abc'))\n"
    for printed in ("f'{3} letters'", "'There are', 3, 'letters.'", "'Letters:', 3"):
        assert judge("", solution, f"print({printed})\n").verdict == "passed", printed
    for printed in ("f'{4} letters'", "'3 4 letters'", "'letters'"):
        assert judge("", solution, f"print({printed})\n").verdict == "failed", printed


def test_what_stands_alone_is_not_printed(judge: Judge) -> None:
    solution = "first = 1\nprint(first)\nlast = 2\nprint(last)\n"
    submission = "first = 1\nprint(first)\nlast = 2\nlast\n"
    feedback = judge("", solution, submission).feedback[0]
    assert submission[feedback.start :] == "last\n"
    assert "print" in feedback.message
