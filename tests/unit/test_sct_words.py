"""For each word of the vocabulary: a submission that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FUNCTION = "def f(a, b=2):\n    total = a + b\n    print(total)\n    return total"
LOOP = "for i in range(3):\n    x = i * 2\n    print(x)"
CLASS = "class Net(dict):\n    def go(self):\n        return 1"
TRY = "try:\n    x = 1\nexcept ValueError as e:\n    x = 2\nelse:\n    y = 3\nfinally:\n    z = 4"
WITH = "from io import StringIO\nwith StringIO('a') as f:\n    text = f.read()"

# word: (SCT, solution, a submission that passes, one that fails, the code, the marked text)
CASES: dict[str, tuple[str, str, str, str, str, str | None]] = {
    "check_object": ("Ex().check_object('x')", "x = 1", "x = 5", "y = 1", "sct/missing", None),
    "has_equal_value": (
        "Ex().check_object('x').has_equal_value()", "x = 4", "x = 2 + 2", "x = 1 + 2",
        "sct/value", "1 + 2",
    ),
    "has_equal_value of a variable": (
        "Ex().check_for_loop().check_body().set_context(5).has_equal_value(name='x')", LOOP,
        "for n in range(3): x = n + n", "for n in range(3):\n    x = n", "sct/value", "x = n",
    ),
    "has_equal_value of an expression": (
        "Ex().has_equal_value(expr_code='x[0]')", "x = [1]", "x = [1, 2]", "x = [3]",
        "sct/value", "[3]",
    ),
    "has_equal_value with func": (
        "Ex().check_object('x').has_equal_value(func=lambda a, b: len(a) == len(b))",
        "x = [1]", "x = [2]", "x = 3", "sct/type", "3",
    ),
    "has_equal_value with override": (
        "Ex().check_object('x').has_equal_value(override=9)", "x = 1", "x = 9", "x = 1",
        "sct/value", "1",
    ),
    "has_equal_value with the focus": (
        "Ex().check_if_else().check_test().has_equal_value(expr_code='bool(__focus__)')",
        "a = [1]\nif a: pass", "a = [2]\nif len(a): pass", "a = []\nif a: pass", "sct/value", "a",
    ),
    "has_equal_output": (
        "Ex().check_for_loop().check_body().set_context(1).has_equal_output()", LOOP,
        "for j in range(3): print(j + j)", "for j in range(3): print(j)", "sct/output", "print(j)",
    ),
    "has_equal_error": (
        "Ex().check_function_def('f').check_call('f(0)').has_equal_error()",
        "def f(x): return 1 / x", "def f(y): return 2 / y", "def f(x): return 0", "sct/value",
        "0",
    ),
    "check_function": (
        "Ex().check_function('round')", "round(1.5)", "x = round(2.5)", "abs(1)", "sct/missing",
        None,
    ),
    "check_args by name": (
        "Ex().check_function('round').check_args('ndigits').has_equal_value()", "round(1.234, 2)",
        "round(1.234, ndigits=2)", "round(1.234, 1)", "sct/value", "1",
    ),
    "check_args by place": (
        "Ex().check_function('round').check_args(1).has_equal_value()", "round(1.234, 2)",
        "round(ndigits=2, number=1.234)", "round(1.234)", "sct/call", "round(1.234)",
    ),
    "check_args of *args": (
        "Ex().check_function('f').check_args(['args', 1]).has_equal_value()",
        "def f(*args): pass\nf(1, 2)", "def f(*args): pass\nf(3, 2)",
        "def f(*args): pass\nf(1, 3)", "sct/value", "3",
    ),
    "check_args of **kwargs": (
        "Ex().check_function('f').check_args(['kwargs', 'k']).has_equal_value()",
        "def f(**kwargs): pass\nf(k=1)", "def f(**kwargs): pass\nf(k=1, j=2)",
        "def f(**kwargs): pass\nf(k=2)", "sct/value", "2",
    ),
    "check_function_def": (
        "Ex().check_function_def('f')", FUNCTION, "def f(): pass", "f = 1", "sct/missing", None,
    ),
    "check_call": (
        "Ex().check_function_def('f').check_call('f(1)').has_equal_value()", FUNCTION,
        "def f(x): return x + 2", "def f(x): return x", "sct/value", "def f(x): return x",
    ),
    "check_body of a function": (
        "Ex().check_function_def('f').check_body().set_context(1).has_equal_value(name='total')",
        FUNCTION, "def f(x, y=2):\n    total = x + y\n    return total",
        "def f(x, y=2):\n    total = x\n    return total", "sct/value",
        "total = x\n    return total",
    ),
    "has_equal_part": (
        "Ex().check_function_def('f').check_args(1).has_equal_part('is_default')", FUNCTION,
        "def f(a, c=0): pass", "def f(a, b): pass", "sct/structure", "b",
    ),
    "has_equal_part_len": (
        "Ex().check_function_def('f').has_equal_part_len('args')", FUNCTION,
        "def f(x, y): pass", "def f(x): pass", "sct/structure", "def f(x): pass",
    ),
    "check_lambda_function": (
        "Ex().check_lambda_function().check_call('f(2)').has_equal_value()",
        "g = lambda x: x ** 2", "g = lambda y: y * y", "g = lambda x: x", "sct/value",
        "x",
    ),
    "check_class_def": (
        "Ex().check_class_def('Net').check_body().check_function_def('go').check_body()"
        ".has_equal_value()", CLASS, "class Net:\n    def go(self): return 2 - 1",
        "class Net:\n    def go(self): return 2", "sct/value", "return 2",
    ),
    "check_bases": (
        "Ex().check_class_def('Net').check_bases(0).has_equal_ast()", CLASS,
        "class Net(dict): pass", "class Net(list): pass", "sct/structure", "list",
    ),
    "check_if_else": (
        "Ex().check_if_else().check_test().multi([set_env(a=i).has_equal_value() for i in (1, 2)])",
        "a = 0\nif a > 1: pass", "a = 0\nif a >= 2: pass", "a = 0\nif a > 0: pass", "sct/value",
        "a > 0",
    ),
    "check_orelse": (
        "Ex().check_if_else().check_orelse().has_code('b')", "if 1: a = 1\nelse: b = 1",
        "if 1: a = 1\nelse: b = 2", "if 1: b = 1", "sct/structure", "if 1: b = 1",
    ),
    "check_if_exp": (
        "Ex().check_if_exp().check_body().has_equal_value()", "a = 1 if True else 2",
        "b = 1 if 3 else 4", "a = 2 if True else 1", "sct/value", "2",
    ),
    "check_while": (
        "Ex().check_while().check_body().set_env(n=3).has_equal_value(name='n')",
        "n = 1\nwhile n:\n    n -= 1", "n = 1\nwhile n:\n    n = n - 1\n    if n: break",
        "n = 1\nwhile n:\n    n -= 2\n    break", "sct/value", "n -= 2\n    break",
    ),
    "check_iter": (
        "Ex().check_for_loop().check_iter().has_equal_value()", LOOP,
        "for i in range(0, 3): pass", "for i in range(4): pass", "sct/value", "range(4)",
    ),
    "has_context": (
        "Ex().check_for_loop().check_body().has_context(exact_names=True)", LOOP,
        "for i in []: pass", "for j in []: pass", "sct/structure", "pass",
    ),
    "check_list_comp": (
        "Ex().check_list_comp().check_body().set_context(3).has_equal_value()",
        "[i + 1 for i in []]", "[1 + n for n in []]", "[n for n in []]", "sct/value", "n",
    ),
    "check_ifs": (
        "Ex().check_list_comp().check_ifs(0).set_context(3).has_equal_value()",
        "[i for i in [] if i > 1]", "[n for n in [] if n > 2]", "[n for n in []]",
        "sct/structure", "[n for n in []]",
    ),
    "check_dict_comp": (
        "Ex().check_dict_comp().multi(check_key().set_context(1).has_equal_value(),"
        " check_value().set_context(1).has_equal_value())",
        "{i: i * 2 for i in []}", "{j: j + j for j in []}", "{j: 3 for j in []}", "sct/value", "3",
    ),
    "check_generator_exp": (
        "Ex().check_generator_exp().check_body().set_context(1).has_equal_value()",
        "x = (i for i in [])", "x = (j * 1 for j in [])", "x = (j * 2 for j in [])", "sct/value",
        "j * 2",
    ),
    "check_handlers": (
        "Ex().check_try_except().check_handlers('ValueError').has_equal_value(name='x')", TRY,
        TRY.replace("as e", ""), TRY.replace("2", "5"), "sct/value", "x = 5",
    ),
    "check_finalbody": (
        "Ex().check_try_except().check_finalbody().has_equal_value(name='z')", TRY, TRY,
        TRY.replace("4", "5"), "sct/value", "z = 5",
    ),
    "check_with": (
        "Ex().check_with().multi(check_context(0).has_context(),"
        " check_body().has_equal_value(name='text'))", WITH,
        WITH.replace(" f", " g").replace("f.", "g."),
        WITH.replace("'a'", "'b'"), "sct/value", "text = f.read()",
    ),
    "check_keys": (
        "Ex().check_object('d').check_keys('a').has_equal_value()", "d = {'a': 1}",
        "d = {'a': 1, 'b': 2}", "d = {'b': 1}", "sct/missing", "{'b': 1}",
    ),
    "has_equal_key": (
        "Ex().check_object('d').has_equal_key('a')", "d = {'a': 1}", "d = dict(a=1)",
        "d = {'a': 2}", "sct/value", "{'a': 2}",
    ),
    "is_instance": (
        "Ex().check_object('x').is_instance(list)", "x = []", "x = [1]", "x = ()", "sct/type", "()",
    ),
    "has_code": (
        "Ex().has_code('x *= *1')", "x = 1", "x=1", "x = 2", "sct/structure", None,
    ),
    "has_code as it is": (
        "Ex().has_code('f()', pattern=False)", "", "'f()'", "'f'", "sct/structure", None,
    ),
    "has_equal_ast": (
        "Ex().check_function('print').check_args(0).has_equal_ast()", "x = 1\nprint(x)",
        "x = 1\nprint( x )", "x = 1\nprint(1)", "sct/structure", "1",
    ),
    "has_equal_ast within": (
        "Ex().has_equal_ast('no', 'f.go(1)', exact=False)", "", "try: x = f.go( 1 )\nexcept: 0",
        "'f.go(1)'", "sct/structure", None,
    ),
    "has_import": (
        "Ex().has_import('math', same_as=True)", "import math as m", "import math as m, os",
        "import os\nimport math", "sct/structure", "import math",
    ),
    "has_output": (
        "Ex().has_output('a+b')", "", "print('aab')", "print('b')", "sct/output", None,
    ),
    "has_printout": (
        "Ex().has_printout(0)", "print(1, 2)", "print('1', '2', 'x')", "print(21)", "sct/output",
        "print(21)",
    ),
    "check_or": (
        "Ex().check_or(has_code('a'), has_code('b'))", "", "'b'", "'c'", "sct/structure", None,
    ),
    "check_not": ("Ex().check_not(has_code('a'))", "", "'b'", "'a'", "sct/structure", None),
    "check_correct": (
        "Ex().check_correct(check_object('x').has_equal_value(), check_function('round')"
        ".check_args(0).has_equal_value())", "x = round(5.2)", "x = 5", "x = round(6.2)",
        "sct/value", "6.2",
    ),
    "check_node and check_edge": (
        "Ex().check_node('BinOp').check_edge('right').has_equal_ast()", "1 + 2", "0 + 2", "1 + 3",
        "sct/structure", "3",
    ),
    "override": (
        "Ex().check_for_loop().check_iter().override('range(9)').has_equal_ast()", LOOP,
        "for i in range(9): pass", "for i in range(3): pass", "sct/structure", "range(3)",
    ),
    ">>": (
        "Ex() >> check_object('x') >> has_equal_value()", "x = 1", "x = 1", "x = 2", "sct/value",
        "2",
    ),
    "F": (
        "same = F().has_equal_value()\nEx().multi(check_object('x').multi(same))", "x = 1",
        "x = 1", "x = 2", "sct/value", "2",
    ),
    "set_converter": (
        "Ex().set_converter('builtins.list', sorted).check_object('x').has_equal_value()",
        "x = [1, 2]", "x = [2, 1]", "x = [2, 2]", "sct/value", "[2, 2]",
    ),
    "has_chosen": (
        "Ex().has_chosen(2, ['no', 'yes'])", "", "selected_option = 2", "selected_option = 1",
        "sct/value", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("word", CASES)
def test_word(word: str, judge: Callable[..., Any], fails: Callable[..., Any]) -> None:
    sct, solution, right, wrong, code, marked = CASES[word]
    judgement = judge(sct, solution, right)
    assert judgement.verdict == "passed", judgement.feedback
    assert not judgement.feedback or judgement.feedback[0].code == "sct/success"
    failed = fails(sct, solution, wrong)
    assert failed.code == code
    if marked is not None or code == "sct/missing":
        assert failed.text == marked
    assert failed.message.endswith((".", "!", "?")) or failed.message == "no"


def test_solution_passes_every_word(judge: Callable[..., Any]) -> None:
    for word, (sct, solution, *_) in CASES.items():
        if solution and word != "has_equal_value with override" and word != "override":
            assert judge(sct, solution, solution).verdict == "passed", word
