"""Where something that is missing in a submission is marked."""

from __future__ import annotations

import pytest

from blankcheck.course.missing import place_of_missing
from blankcheck.course.text import Span
from blankcheck.course.tracking import track

SAMPLE = """model = ____
model.____
train(____)

model.____
print(test(model))
"""
SOLUTION = """model = Net()
model.train()
train(model)

model.eval()
print(test(model))
"""


def marked(submission: str, missing: str, sample: str = SAMPLE) -> str | tuple[int, int] | None:
    """The text that is marked, or the place where nothing stands: line and column, from 0."""
    start = SOLUTION.index(missing)
    span = place_of_missing(
        sample, SOLUTION, submission, Span(start, start + len(missing)), track(sample, submission)
    )
    if span is None or len(span):
        return None if span is None else span.of(submission)
    before = submission[: span.start]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def test_the_blank_that_asks_for_it_is_marked() -> None:
    submission = SOLUTION.replace("model.eval()", "model.train()")
    assert marked(submission, "model.eval()") == "train()"
    assert marked(SOLUTION.replace("Net()", "None"), "Net()") == "None"


def test_the_blank_is_found_where_lines_were_added() -> None:
    submission = "# mine\nextra = 1\n" + SOLUTION.replace("model.eval()", "model.cuda()")
    assert marked(submission, "model.eval()") == "cuda()"


def test_without_blanks_the_statement_in_its_place_is_marked() -> None:
    submission = SOLUTION.replace("print(test(model))", "test(model)")
    assert marked(submission, "print(test(model))", sample="") == "test(model)"


def test_what_was_deleted_is_missing_after_what_comes_before_it() -> None:
    submission = SOLUTION.replace("print(test(model))\n", "")
    assert marked(submission, "print(test(model))", sample="") == (4, len("model.eval()"))


@pytest.mark.parametrize("nothing", ["pass", "..."])
def test_what_says_that_nothing_is_done_is_marked(nothing: str) -> None:
    submission = SOLUTION.replace("print(test(model))", nothing)
    assert marked(submission, "print(test(model))", sample="") == nothing
    submission = SOLUTION.replace("train(model)", nothing)
    assert marked(submission, "train(model)") == nothing


@pytest.mark.parametrize("submission", ["", "\n\n", "# nothing\n"])
def test_an_empty_submission_has_no_place(submission: str) -> None:
    assert marked(submission, "model.eval()") is None
