"""How an SCT is run as a whole: order, success, and what is said of one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankcheck_runner.judge import engine
from blankcheck_runner.judge.task import Observed, Probe, Raised, Task

Judge = Callable[..., Any]


def test_success_message_is_kept(judge: Judge) -> None:
    judgement = judge("Ex().check_object('x')\nsuccess_msg('Well done!')", "x = 1", "x = 1")
    (feedback,) = judgement.feedback
    assert judgement.verdict == "passed"
    assert (feedback.code, feedback.message) == ("sct/success", "Well done!")
    assert feedback.severity == "information"


def test_first_failing_check_is_told(fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_value()\nEx().check_object('y').has_equal_value()"
    assert fails(sct, "x = 1\ny = 2", "y = 1\nx = 3").text == "3"


def test_sct_is_python(judge: Judge, fails: Judge) -> None:
    sct = (
        "import math\n"
        "def each(*names):\n"
        "    for name in names:\n"
        "        Ex().check_object(name).has_equal_value()\n"
        "each('x', 'y')\n"
        "if math.pi > 4: fail('never')"
    )
    assert judge(sct, "x, y = 1, 2", "y = 2; x = 1").verdict == "passed"
    assert fails(sct, "x, y = 1, 2", "x, y = 1, 3").text == "3"


def test_authors_message_wins_and_is_filled_in(fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_value(incorrect_msg='{{stu_eval}}, not {{sol_eval}}')"
    assert fails(sct, "x = 4", "x = 3").message == "3, not 4"


def test_template_with_a_condition_and_an_unknown_name(fails: Judge) -> None:
    text = "{% if nothing %}a{% else %}b{% endif %}{{ nothing.at['all'] }}{name}!"
    sct = f"Ex().check_function('abs', missing_msg={text!r})"
    assert fails(sct, "abs(1)", "1").message == "babs!"


def test_template_runs_no_code(fails: Judge) -> None:
    sct = "Ex().fail('{{ \"\".__class__ }}{{ 1 + 1 }}')"
    assert fails(sct, "", "").message == ""


def test_messages_say_where(fails: Judge) -> None:
    sct = "Ex().check_for_loop().check_body().check_function('print')"
    failed = fails(sct, "for i in 'a': print(i)", "for i in 'a': i")
    assert failed.message == "In the body of the for loop: `print` is not called here; call it."
    assert failed.text == "i"


def test_highlighting_can_be_left_out(fails: Judge) -> None:
    sct = "Ex().disable_highlighting().check_object('x').has_equal_value()"
    assert fails(sct, "x = 1", "x = 2").text is None


def test_misspelt_variable_is_found(fails: Judge) -> None:
    failed = fails("Ex().check_object('weight_1')", "weight_1 = 1", "weights_1 = 7")
    assert "`weights_1`" in failed.message
    assert failed.text == "7"


def test_last_assignment_at_the_top_level_is_marked(fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_value()"
    assert fails(sct, "x = 1", "x = 3\nx, y = 5, 6\nif 0: x = 4").text == "5"


def test_ranges_count_characters(fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_value()"
    assert fails(sct, "x = 1", "'é€😀'; x = 'ü'").text == "'ü'"


@pytest.mark.parametrize(
    ("sct", "line", "said"),
    [
        ("\nEx().chek_object('x')", "Ex().chek_object('x')", "did you mean `check_object`?"),
        ("check_objet('x')", "check_objet('x')", "did you mean `check_object`?"),
        ("Ex().check_object('y')", "Ex().check_object('y')", "does not define `y`"),
        ("Ex().check_object('x', mising_msg='a')", None, "missing_msg"),
        ("Ex().check_function('round', 1)", None, "count from 0"),
        ("Ex().check_function('rnd')", None, "did you mean `round`?"),
        ("Ex().check_function('round').check_args('ndigits')", None, "it has `number`"),
        ("Ex().check_body()", None, "does not fit here"),
        ("Ex().check_for_loop(1)", None, "0 for loops"),
        ("Ex().has_equal_ast(code='1')", None, "incorrect_msg"),
        ("Ex().has_code('(')", None, "pattern=False"),
        ("Ex().has_equal_value(name='z')", None, "set_context"),
        ("Ex().check_object('x').has_equal_value(func=len)", None, "TypeError"),
        ("Ex().has_import('numpy')", None, "does not import"),
        ("Ex().multi(3)", None, "int"),
        ("Ex() >> 3", None, ">>"),
        ("Ex().multi(\n  has_code('x'),\n  check_object('q'))", "check_object('q'))", "`q`"),
        ("x = 1 +", "x = 1 +", "not valid Python"),
        ("1 / 0", "1 / 0", "ZeroDivisionError"),
        ("import nothing_like_this", None, "ModuleNotFoundError"),
        ("raise SystemExit", None, "SystemExit"),
        ("def f(): f()\nf()", "def f(): f()", "without end"),
        ("success_msg(3)", None, "text"),
        ("test_function_v2('round', params='number')", None, "list"),
    ],
)
def test_wrong_sct_is_the_authors_fault(
    judge: Judge, sct: str, line: str | None, said: str
) -> None:
    judgement = judge(sct, "x = round(1)", "x = round(1)")
    (feedback,) = judgement.feedback
    assert judgement.verdict == "broken"
    assert feedback.part == "sct"
    assert said in feedback.message
    if line is not None:
        assert sct[feedback.start : feedback.end] == line


def test_imports_of_the_vocabulary(judge: Judge) -> None:
    sct = (
        "from pythonwhat.test_funcs import *\n"
        "from pythonwhat.check_syntax import Ex as E\n"
        "from pythonwhat.signatures import sig_from_params, param\n"
        "one = sig_from_params(param('n', param.POSITIONAL_OR_KEYWORD))\n"
        "E().check_function('abs', signature=one).check_args('n').has_equal_value()"
    )
    assert judge(sct, "abs(1)", "abs(1)").verdict == "passed"


def test_branches(judge: Judge, fails: Judge) -> None:
    sct = "Ex().check_or(has_code('a', not_typed_msg='A'), check_and)".replace(
        "check_and", "multi(has_code('b', not_typed_msg='B'), has_code('c', not_typed_msg='C'))"
    )
    assert judge(sct, "", "'b', 'c'").verdict == "passed"
    assert fails(sct, "", "'b'").message == "A"
    sct = "Ex().check_correct(has_code('a', not_typed_msg='A'), has_code('b', not_typed_msg='B'))"
    assert judge(sct, "", "'a'").verdict == "passed"
    assert fails(sct, "", "'c'").message == "B"
    assert fails(sct, "", "'b'").message == "A"


@pytest.mark.parametrize("sct", ["", "success_msg('Fine.')", "allow_errors()", "Ex().set_env(a=1)"])
def test_sct_that_checks_nothing_is_no_pass(judge: Judge, sct: str) -> None:
    assert judge(sct, "x = 1\nprint(x)", "x = 1\nprint(x)").verdict == "passed"
    assert judge(sct, "x = 1\nprint(x)", "").verdict == "failed"
    assert judge(sct, "x = 1\nprint(x)", "x = 2\nprint(x)").verdict == "failed"


def test_solution_is_compared_on_request(judge: Judge) -> None:
    assert judge("Ex().check_solution()", "x = 1", "x = 1").verdict == "passed"
    assert judge("Ex().check_solution()", "x = 1", "x = 2").verdict == "failed"


def test_errors_have_to_be_allowed(judge: Judge, fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_value()"
    assert fails(sct, "x = 1", "x = 1\n1 / 0").code == "run/exception"
    assert judge("allow_errors()\n" + sct, "x = 1", "x = 1\n1 / 0").verdict == "passed"
    assert fails("allow_errors()\nhas_no_error()", "x = 1", "1 / 0").code == "run/exception"


def test_files_that_the_submission_wrote(judge: Judge, fails: Judge, tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    sct = f"Ex().has_dir({str(tmp_path)!r})\nEx().check_file({str(file)!r}, solution_code='x = 1')"
    sct += ".multi(has_code('x'), has_equal_ast())"
    assert "write it" in fails(sct, "", "").message
    writing = f"from pathlib import Path\nPath({str(file)!r}).write_text('x=1')"
    assert judge(sct, "", writing).verdict == "passed"
    assert fails(sct, "", writing.replace("x=1", "x=2")).code == "sct/structure"
    assert fails("Ex().has_dir('/no/such/folder')", "", "").code == "sct/missing"


def test_authors_words_in_front_of_messages(fails: Judge) -> None:
    sct = "Ex().check_function('abs', expand_msg='Look again.').check_args(0).has_equal_value()"
    assert fails(sct, "abs(1)", "abs(2)").message.startswith("Look again. The first argument")


class Dead:
    """A process that gives no sensible answer."""

    def names(self) -> frozenset[str]:
        return frozenset()

    def probe(self, probe: Probe) -> Observed:
        return Observed(raised=Raised("ProcessDied", "it does not answer"))


def test_dead_process_is_no_pass() -> None:
    task = Task("Ex().has_equal_value(expr_code='1')", "", "", "")
    assert engine.judge(task, Dead(), Dead()).verdict == "broken"


def test_submission_nested_too_deeply_fails(fails: Judge) -> None:
    sct = "Ex().check_object('x').has_equal_ast()"
    assert "smaller" in fails(sct, "x = 1", "x = " + "+".join("1" * 200)).message


def test_deep_submission_is_judged(judge: Judge) -> None:
    deep = "x = " + "+".join("1" * 140)
    assert (
        judge(
            "Ex().multi(has_equal_ast(), check_function('round'))",
            deep + "\nround(1)",
            deep + "\nround(1)",
        ).verdict
        == "passed"
    )


def test_submission_that_is_no_python_fails() -> None:
    task = Task("Ex().has_code('x')", "x = 1", "x = (", "")
    assert engine.judge(task, Dead(), Dead()).verdict == "failed"
