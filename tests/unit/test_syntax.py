"""Syntax errors in a learner's words, on the spot. The carets stand under the marked part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.syntax import MAX_CODE, find_fault
from blankcheck.course.text import Lines


@pytest.mark.parametrize(
    ("code", "marked", "slug", "says"),
    [
        ("print('a'\nx = 1\n", "(", "bracket", "never closed"),
        ("x = (1]\n", "]", "bracket", "does not fit the ("),
        ("x = 1)\n", ")", "bracket", "closes nothing"),
        ("print('abc\n", "'", "quote", "no closing quote"),
        ("x = “a”\n", "“", "character", 'Write " instead'),
        ("x = ‘a’\n", "‘", "character", "Write ' instead"),
        ("x = 1 – 2\n", "–", "character", "Write - for minus"),
        ("x =\u00a01\n", "\u00a0", "character", "U+00A0"),
        ("if x\n  pass\n", "x", "colon", "Add :"),
        ("if x:\npass\n", "pass", "indentation", "under the 'if' statement on line 1"),
        ("x = 1\n    y = 2\n", " ", "indentation", "Remove the spaces"),
        ("if x:\n    a\n  b\n", "b", "indentation", "Align it"),
        ("if x = 1:\n  pass", "x = 1", "assignment", "Write == to compare"),
        ("True = 1", "True", "assignment", "assigned to True"),
        ("torch.matmul(a b)", "a b", "comma", "comma"),
        ("x = 1 +", "+", "error", "missing at the end"),
        ("x = a b", "b", "error", "“b” does not fit"),
        ("2x = 3", "2", "error", "run into each other"),
        ("a = 1\nreturn a", "return a", "error", "outside function"),
        ("a = '😀' +* 1", "*", "error", "does not fit"),
        ("a\0b", "\0", "encoding", "Delete it"),
        ("a = '\ud800'", "\ud800", "encoding", "Delete it"),
    ],
)
def test_a_mistake_is_explained_where_it_is(code: str, marked: str, slug: str, says: str) -> None:
    fault = find_fault(code)
    assert fault is not None
    assert fault.code == f"syntax/{slug}"
    assert fault.span.of(code) == marked
    assert says in fault.message


def test_lines_are_counted_as_python_does() -> None:
    code = "a = '''\u2028\x0c'''\r\nb = 2\rc = (\n"
    fault = find_fault(code)
    assert fault is not None
    assert Lines(code).position(fault.span.start) == (2, 4)


def test_right_code_has_no_fault() -> None:
    assert find_fault("x: int = 1\nprint('\\d')  # an escape that Python warns about\n") is None


@pytest.mark.parametrize(
    "code",
    [
        "(" * MAX_CODE,
        "x = " + "-" * (MAX_CODE - 9) + "1",
        "x = " + "1 + " * (MAX_CODE // 4 - 9) + "1",
        "a" + ".b" * (MAX_CODE // 2 - 9),
        "f" + "()" * (MAX_CODE // 2 - 9),
        "lambda: " * (MAX_CODE // 8 - 9) + "1",
        "if 1: pass\n" + "elif 1: pass\n" * (MAX_CODE // 13 - 9),
    ],
    ids=lambda code: str(code[:6]),
)
def test_code_that_is_nested_too_deeply_is_told(code: str) -> None:
    fault = find_fault(code)
    assert fault is not None
    assert fault.code in ("syntax/nesting", "syntax/error", "syntax/bracket")


def test_code_that_is_too_long_is_refused_unread() -> None:
    fault = find_fault("(" * (MAX_CODE + 1))
    assert fault is not None
    assert fault.code == "syntax/too-long"
    assert f"{MAX_CODE:,}" in fault.message


@given(st.text(st.sampled_from("ab1 =([{}])'\"\\\n\r\t:#,.+*“\0é😀\u2028"), max_size=40))
def test_nothing_raises_and_every_range_is_in_the_text(code: str) -> None:
    fault = find_fault(code)
    if fault is not None:
        assert 0 <= fault.span.start <= fault.span.end <= len(code)
        assert fault.message.endswith(".")
