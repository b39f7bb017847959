"""Where a variable's value is told, before and after edits."""

from __future__ import annotations

import pytest

from blankcheck.course.text import Lines, Span
from blankcheck.course.variables import unedited
from blankcheck.values import Values
from blankcheck_runner.wire import Seen

CODE = """\
import math
x = [1]
y = (x,
     2)
x = y
def f(y):
    return y + x
print(x, y, given)
for i in range(3):
    x = i
    print(x)
"""


def seen(name: str, line: int, text: str) -> Seen:
    return Seen(name, line, "list", text)


SEEN = (
    seen("x", 2, "first"),
    seen("y", 3, "light"),
    seen("x", 5, "second"),
    seen("x", 0, "last"),
    seen("y", 0, "pair"),
    seen("i", 0, "two"),
    seen("given", 0, "there"),
    seen("math", 0, "never"),
)


def told(text: str, *, code: str = CODE) -> dict[tuple[int, int], str]:
    """What is told of each place of a text after the code had run: by line and column."""
    values, lines = Values(code, SEEN), Lines(text)
    return {
        lines.position(shown.span.start): shown.seen.text
        for shown in values.shown(lines, Span(0, len(text)))
    }


def test_each_place_tells_what_the_variable_was_there() -> None:
    found = told(CODE)
    assert found[1, 0] == "first"
    assert found[2, 0] == "pair"
    assert found[2, 5] == "first"
    assert found[4, 0] == "second"
    assert found[4, 4] == "pair"
    assert found[7, 6] == "second"
    assert found[7, 12] == "there"


def test_in_a_loop_it_is_what_the_loop_left() -> None:
    found = told(CODE)
    assert found[9, 4] == found[10, 10] == "last"
    assert found[8, 4] == "two"


def test_a_functions_own_names_are_not_the_modules() -> None:
    found = told(CODE)
    assert (5, 6) not in found
    assert (6, 11) not in found
    assert found[6, 15] == "second"


def test_lines_that_move_keep_their_values() -> None:
    found = told("# new\n\n" + CODE)
    assert found[3, 0] == "first"
    assert found[4, 5] == "first"


def test_an_edited_statement_tells_nothing_and_the_others_go_on() -> None:
    found = told(CODE.replace("     2)", "     3)"))
    assert not [place for place in found if place[0] in (2, 3)]
    assert found[1, 0] == "first"
    assert found[4, 4] == "pair"


def test_a_statement_that_is_split_tells_nothing() -> None:
    assert (2, 0) not in told(CODE.replace("y = (x,\n", "y = (x,\n\n"))


@pytest.mark.parametrize("edited", ["x = 1\n" * 5, "x = 1\n" * 2 + "y = 2\n" + "x = 1\n" * 2, ""])
def test_lines_that_are_alike_are_matched_in_their_order(edited: str) -> None:
    before, after = Lines("x = 1\n" * 4), Lines(edited)
    moved = unedited(before, after)
    for new, old in moved.items():
        assert after.span(new).of(after.text) == before.span(old).of(before.text)
    assert sorted(moved.values()) == [moved[line] for line in sorted(moved)]
    assert len(moved) == (5 if edited else 1)  # the last line of each is empty


def test_text_that_does_not_parse_any_more_keeps_what_still_stands() -> None:
    assert told(CODE.replace("x = y\n", "x = = y\n"))[1, 0] == "first"


def test_columns_count_characters_and_not_bytes() -> None:
    code = 'print("äß😀", x)\n'
    assert told(code, code=code) == {(0, 13): "last"}


def test_an_augmented_assignment_counts_as_one() -> None:
    code = "x = [1]\nx += [2]\n"
    values = Values(code, (seen("x", 1, "one"), seen("x", 0, "two")))
    found = [(shown.seen.text, shown.binds) for shown in values.shown(Lines(code), Span(0, 99))]
    assert found == [("one", True), ("two", True)]


def test_a_huge_text_is_left_alone() -> None:
    code = "x = 1\n" * 4000
    assert told(code, code=code) == {}
