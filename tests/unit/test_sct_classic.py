"""The old style of SCTs: `test_*` words, alone or in a chain, with chains, lambdas or functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

IF = "offset = 8\nif offset > 8: x = 5\nelse: x = round(2.5)"
COMP = "[a + b for a, b in {}.items() if a if b]"
TRY = "try: x = 1\nexcept ValueError: x = 2\nfinally: y = 3"

# word: (SCT, solution, a submission that passes, one that fails, what is marked)
CASES: dict[str, tuple[str, str, str, str, str | None]] = {
    "test_object": ("test_object('x')", "x = 1", "x = 1", "x = 2", "2"),
    "test_object in a chain": ("Ex().test_object('x')", "x = 1", "x = 1", "x = 2", "2"),
    "test_function": (
        "test_function('round')", "round(1.5, ndigits=0)", "round(1.5, 0)", "round(1.5, 1)", "1",
    ),
    "test_function of print": (
        "test_function('print')", "print(1)", "print('1')", "print(2)", "print(2)",
    ),
    "test_function without arguments": (
        "test_function('round', args=[])", "round(1.5)", "round(2.5)", "abs(1)", None,
    ),
    "test_function as written": (
        "test_function('round', do_eval=False)", "a = 1.5\nround(a)", "a = 2.5\nround(a)",
        "a = 1.5\nround(1.5)", "1.5",
    ),
    "test_function of any call": (
        "test_function('round')", "round(1.5)", "round(2.5)\nround(1.5)", "round(2.5)", "2.5",
    ),
    "test_function_v2": (
        "test_function_v2('round', params=['ndigits'], incorrect_msg=['no'])", "round(1.5, 1)",
        "round(2.5, ndigits=1)", "round(1.5, 2)", "2",
    ),
    "test_student_typed": ("test_student_typed('x *= 1')", "", "x = 1", "x=1", None),
    "test_output_contains": ("test_output_contains('a+')", "", "print('aa')", "print('b')", None),
    "test_import": (
        "test_import('math')", "import math", "import math", "import math as m", "import math as m",
    ),
    "test_expression_result": (
        "test_expression_result(expr_code='x + 1')", "x = 1", "x = 2 - 1", "x = 2", "2",
    ),
    "test_expression_output": (
        "test_expression_output(expr_code='print(x)')", "x = 1", "x = 1", "x = 2", None,
    ),
    "test_if_else with chains": (
        "test_if_else(1, test=[test_expression_result({'offset': 8}), "
        "test_expression_result({'offset': 9})], body=test_student_typed('5'), "
        "orelse=test_function('round'))", IF, IF.replace("offset > 8", "not offset < 9"),
        IF.replace("> 8", "> 7"), "offset > 7",
    ),
    "test_if_else with functions": (
        "def body():\n    test_student_typed('5')\n"
        "test_if_else(1, body=body, orelse=lambda: test_function('round'))", IF, IF,
        IF.replace("2.5", "3.5"), "3.5",
    ),
    "test_for_loop": (
        "test_for_loop(1, for_iter=test_expression_result(), body=test_expression_output())",
        "for i in range(3): print(i)", "for j in range(0, 3): print(j)",
        "for i in range(3): print(i + 1)", "print(i + 1)",
    ),
    "test_while_loop": (
        "test_while_loop(1, test=test_expression_result({'n': 1}), "
        "body=test_object_after_expression('n', {'n': 5}))", "n = 0\nwhile n > 0: n -= 1",
        "n = 0\nwhile n >= 1: n = n - 1", "n = 0\nwhile n > 0: n -= 2", "n -= 2",
    ),
    "test_list_comp": (
        "test_list_comp(1, body=test_expression_result(context_vals=[1, 2]), "
        "ifs=[test_expression_result(context_vals=[0, 1]), None])", COMP,
        "[c + d for c, d in {}.items() if c if d]", "[a + b for a, b in {}.items() if a]",
        "[a + b for a, b in {}.items() if a]",
    ),
    "test_dict_comp": (
        "test_dict_comp(1, key=test_expression_result(context_vals=[1]))", "{i: 1 for i in []}",
        "{j: 1 for j in []}", "{-j: 1 for j in []}", "-j",
    ),
    "test_function_definition": (
        "test_function_definition('f', results=[[1], {'args': [1], 'kwargs': {'b': 3}}])",
        "def f(a, b=2): return a + b", "def f(a, b=2):\n    c = a + b\n    return c",
        "def f(a, b=2): return a", "a",
    ),
    "test_function_definition's names": (
        "test_function_definition('f')", "def f(a, b=2): pass", "def f(a, b=2): return 1",
        "def f(b, a=2): pass", "b",
    ),
    "test_function_definition's outputs": (
        "test_function_definition('f', outputs=['f(1)'], body=test_student_typed('print'))",
        "def f(a): print(a)", "def f(a): print(str(a))", "def f(a): print(-a)",
        "-a",
    ),
    "test_lambda_function": (
        "test_lambda_function(1, results=['f(2)'])", "lambda a: a * 2", "lambda a: a + a",
        "lambda a: a", "a",
    ),
    "test_try_except": (
        "test_try_except(1, handlers={'ValueError': test_object_after_expression('x')}, "
        "finalbody=test_student_typed('3'))", TRY, TRY, TRY.replace("2", "4"), "x = 4",
    ),
    "test_with": (
        "test_with(1, context_tests=[test_student_typed('open')], body=test_student_typed('read'))",
        "import os\nwith open(os.devnull) as f: f.read()",
        "import os\nwith open(os.devnull) as g: g.read()",
        "import os\nwith open(os.devnull) as f: f.close()", "f.close()",
    ),
    "test_dictionary": (
        "test_dictionary('d')", "d = {'a': 1}", "d = {'a': 1, 'b': 2}", "d = {'a': 2}", "{'a': 2}",
    ),
    "test_object_accessed": (
        "test_object_accessed('math.pi', times=2)", "", "import math as m\nm.pi * m.pi",
        "import math\nmath.pi", None,
    ),
    "test_or": (
        "test_or(test_student_typed('a'), lambda: test_student_typed('b'))", "", "'b'", "'c'", None,
    ),
    "test_correct": (
        "test_correct(lambda: test_object('x'), lambda: test_function('round'))", "x = round(1.5)",
        "x = 2", "x = round(3.5)", "3.5",
    ),
    "test_mc": (
        "test_mc(1, ['yes', 'no'])", "", "selected_option = 1", "selected_option = 2", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("word", CASES)
def test_word(word: str, judge: Callable[..., Any], fails: Callable[..., Any]) -> None:
    sct, solution, right, wrong, marked = CASES[word]
    judgement = judge(sct, solution, right)
    assert judgement.verdict == "passed", judgement.feedback
    assert fails(sct, solution, wrong).text == marked


def test_data_frames_and_arrays(judge: Callable[..., Any], fails: Callable[..., Any]) -> None:
    pytest.importorskip("numpy")
    pre = "import numpy as np"
    assert (
        judge("test_numpy_array('x')", "x = np.ones(2)", "x = np.ones(2)", pre).verdict == "passed"
    )
    assert fails("test_numpy_array('x')", "x = np.ones(2)", "x = [1, 1]", pre).code == "sct/type"
