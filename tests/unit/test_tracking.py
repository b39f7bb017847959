"""Blanks that keep their identity while the learner edits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.align import align
from blankcheck.course.blanks import find_blanks
from blankcheck.course.text import Span
from blankcheck.course.tracking import blank_at, track

SAMPLE = """\
import torch
import torch.nn as nn

# Two layers
hidden_1 = torch.matmul(___, ___)
hidden_2 = ___(hidden_1)
print(torch.matmul(___, weight_3))
model.___
total =
print("done: ___")
"""


def states(submission: str, sample: str = SAMPLE) -> list[str]:
    """`open`, `lost`, or what a blank is filled with."""
    return [
        item.span.of(submission) if item.span and item.state == "filled" else item.state
        for item in track(sample, submission)
    ]


OPEN = ["open"] * 7


def test_untouched() -> None:
    assert states(SAMPLE) == OPEN
    spans = [blank.span for blank in find_blanks(SAMPLE)]
    assert [item.span for item in track(SAMPLE, SAMPLE)] == spans


def test_filled_one_after_the_other() -> None:
    text = SAMPLE.replace("___, ___", "input_layer, ___")
    assert states(text) == ["input_layer", *OPEN[1:]]
    text = text.replace("= ___(", "= nn.ReLU()(")
    assert states(text) == ["input_layer", "open", "nn.ReLU()", *OPEN[3:]]
    text = text.replace("model.___", "model.train()").replace("total =\n", "total = sum(x)\n")
    assert states(text) == ["input_layer", "open", "nn.ReLU()", "open", "train()", "sum(x)", "open"]
    text = text.replace('"done: ___"', "'done: 100 %'").replace("___", "w.t()")
    assert states(text)[-1] == "100 %"
    assert states(text)[1:4] == ["w.t()", "nn.ReLU()", "w.t()"]


@pytest.mark.parametrize("text", ["(, x)", "( , x)", "(,x)"])
def test_emptied_again(text: str) -> None:
    submission = SAMPLE.replace("(___, ___)", text)
    first = track(SAMPLE, submission)[0]
    assert first.state == "open"
    assert first.span == Span(submission.index(text) + 1, submission.index(text) + 1)
    assert states(submission)[1] == "x"


def test_emptied_with_its_comma_or_with_the_other() -> None:
    assert states(SAMPLE.replace("(___, ___)", "()")) == OPEN
    assert states(SAMPLE.replace("(___, ___)", "(x)")) == ["x", *OPEN[1:]]
    assert states(SAMPLE.replace("(___, ___)", "(___ x)")) == ["open", "x", *OPEN[2:]]


def test_an_emptied_right_hand_side_is_where_finding_blanks_finds_it() -> None:
    sample = "x = ___\ny = 1\n"
    submission = "x =  \ny = 1\n"
    (item,) = track(sample, submission)
    assert (item.state, item.span) == ("open", find_blanks(submission)[0].span)


def test_while_a_call_is_typed() -> None:
    for typed in ("n", "nn", "nn.", "nn.ReLU", "nn.ReLU(", "nn.ReLU()"):
        text = SAMPLE.replace("= ___(", f"= {typed}(")
        assert [*states(text)[:2], *states(text)[3:]] == OPEN[:6], typed
    for typed in ("t", "torch.", "torch.sum(", "torch.sum(a", "torch.sum(a,", "(", "[1, 2"):
        text = SAMPLE.replace("matmul(___, w", f"matmul({typed}, w")
        assert [*states(text)[:3], *states(text)[4:]] == OPEN[:6], typed


def test_other_lines_come_go_and_move() -> None:
    text = SAMPLE.replace("___(hidden_1)", "relu(hidden_1)")
    text = text.replace("# Two layers\n", "# My comment\n\nprint(torch.__version__)\nx = 3\n")
    text = text.replace("import torch.nn as nn\n", "")
    text = text.replace("model.___", "print(hidden_2)\n\nmodel.___  # later")
    assert states(text) == ["open", "open", "relu", "open", "open", "open", "open"]
    indented = "def main():\n" + "".join(f"    {line}\n" for line in text.split("\n"))
    assert states(indented) == states(text)
    assert states(text.replace("\n", "\r\n")) == states(text)


def test_a_line_that_was_cut_and_put_in_elsewhere() -> None:
    line = "hidden_1 = torch.matmul(___, ___)\n"
    text = SAMPLE.replace(line, "") + line.replace("___, ___", "a, ___")
    assert states(text) == ["a", *OPEN[1:]]


def test_a_call_that_spreads_over_lines_with_another_argument() -> None:
    text = SAMPLE.replace("(___, ___)", "(\n    a,  # first\n    ___,\n)")
    assert states(text) == ["a", *OPEN[1:]]
    text = SAMPLE.replace("matmul(___, weight_3)", "matmul(x, weight_3, out=y)")
    assert states(text) == [*OPEN[:3], "x", *OPEN[4:]]


def test_keywords_in_another_order() -> None:
    sample = "layer = nn.Linear(in_features=___, out_features=___)\n"
    text = "layer = nn.Linear(out_features=8, in_features=___)\n"
    assert states(text, sample) == ["open", "8"]


def test_a_renamed_target_loses_no_blank() -> None:
    text = SAMPLE.replace("hidden_1 = torch.matmul(___, ___)", "h1 = torch.matmul(a, b)")
    assert states(text) == ["a", "b", *OPEN[2:]]


def test_lost_with_its_line() -> None:
    text = SAMPLE.replace("hidden_2 = ___(hidden_1)\n", "")
    assert states(text) == ["open", "open", "lost", *OPEN[3:]]
    text = SAMPLE.replace("model.___", "while True: pass")
    assert states(text) == [*OPEN[:4], "lost", *OPEN[5:]]
    assert states("") == ["lost"] * 7
    assert track(SAMPLE, "")[0].span is None


def test_a_blank_for_a_statement_takes_all_that_is_written_there() -> None:
    sample = "x = 1\nfor i in x:\n    ___\n___\nprint(x)\n"
    text = "x = 1\nfor i in x:\n    ___\ny = 1\nz = 2\nprint(x)\n"
    assert states(text, sample) == ["open", "y = 1\nz = 2"]
    assert states(text.replace("___", "a()"), sample) == ["a()", "y = 1\nz = 2"]
    assert states("x = 1\nfor i in x:\nprint(x)\n", sample) == ["lost", "lost"]


def test_a_variable_of_that_name_is_a_blank_still() -> None:
    text = "___ = 3\n" + SAMPLE
    assert states(text) == OPEN
    assert len(find_blanks(text)) == 8


def at(submission: str, part: str, sample: str = SAMPLE) -> int | None:
    start = submission.index(part)
    return blank_at(track(sample, submission), Span(start, start + len(part)))


def test_the_blank_at_fault() -> None:
    text = SAMPLE.replace("(___, ___)", "(torch.sum(a), b)").replace("= ___(", "= relu(")
    assert at(text, "torch.sum(a)") == 0
    assert at(text, "sum") == 0
    assert at(text, ", b)") == 1
    assert at(text, "relu") == 2
    assert at(text, "relu(hidden_1)") == 2, "the only blank in the fault"
    assert at(text, "hidden_2 = relu(hidden_1)") == 2, "a statement with one blank"
    assert at(text, "hidden_2") == 2, "the name that it assigns"
    assert at(text, "hidden_1 = torch.matmul(torch.sum(a), b)") is None, "two blanks"
    assert at(text, "hidden_1") is None, "two blanks in its statement"
    assert at(text, "(hidden_1)") is None, "what the sample gave"
    assert at(text, "import torch") is None
    assert blank_at(track(SAMPLE, text), Span(0, 0)) is None, "a fault without a place"


def test_an_emptied_blank_at_fault() -> None:
    text = SAMPLE.replace("(___, ___)", "(a, )")
    place = text.index("(a, )") + 3
    assert blank_at(track(SAMPLE, text), Span(place, place)) == 1


_LINES = st.sampled_from(
    [
        *("x = ___", "x = ", "y +=  # more", "f(___, ___)", "f(a, b)", "f(", "___", "y = f(1)"),
        *("print('___')", "print('a b')", "for ___ in x:", "    ___", "'''", "f'{___", "(", ")"),
        *("# ___", "___.___()", "a.b()", "\t", "x = (1,", "from ___ import ___", "a; ___; b = "),
    ]
)
_CODE = st.one_of(
    st.text(),
    *(st.lists(_LINES, max_size=12).map(end.join) for end in ("\n", "\r\n", "\r")),
)


@given(_CODE, _CODE)
def test_no_text_is_too_strange(sample: str, submission: str) -> None:
    tracked = track(sample, submission)
    assert len(tracked) == len(find_blanks(sample))
    for item in tracked:
        assert (item.span is None) == (item.state == "lost") == (item.statement is None)
        if item.span is not None and item.statement is not None:
            assert 0 <= item.span.start <= item.span.end <= len(submission)
            assert blank_at(tracked, item.span) in (item.index, None)


@given(_CODE)
def test_the_sample_itself_is_open_everywhere(sample: str) -> None:
    tracked = track(sample, sample)
    assert {item.state for item in tracked} <= {"open"}
    assert [item.span for item in tracked] == [blank.span for blank in find_blanks(sample)]


@given(st.integers(0, len(SAMPLE)), st.integers(0, 30), st.text("_x( )',:=\n#\"{", max_size=8))
def test_an_edit_leaves_the_blanks_of_other_lines(start: int, length: int, typed: str) -> None:
    """Unless it opens a bracket or a string, which may reach further."""
    end = min(len(SAMPLE), start + length)
    submission = SAMPLE[:start] + typed + SAMPLE[end:]
    tracked = track(SAMPLE, submission)
    assert [item.index for item in tracked] == list(range(7))
    spans = [item.span for item in tracked if item.span is not None]
    for index, span in enumerate(spans):
        assert not any(len(span) and len(other) and span.overlaps(other) for other in spans[:index])
    if set(typed) <= set("_x =:,\n#"):
        for item, blank in zip(tracked, find_blanks(SAMPLE), strict=True):
            line_start = SAMPLE.rfind("\n", 0, blank.span.start)
            line_end = SAMPLE.find("\n", blank.span.end)
            moved = len(typed) - (end - start)
            if end < line_start:
                assert item.span == Span(blank.span.start + moved, blank.span.end + moved)
            elif start > line_end + 1:
                assert item.span == blank.span


_FILLS = st.sampled_from(
    [
        "x",
        "f(x)",
        "a.b",
        "[1, 2]",
        "(a, b)",
        "x[0]",
        "-1",
        "'text'",
        "lambda q: q",
        "____",
        "f(___)",
    ]
)


@given(st.lists(_FILLS, min_size=6, max_size=6))
def test_what_is_filled_in_is_found_where_it_is(fills: list[str]) -> None:
    submission, expected = "", list[Span]()
    last = 0
    for blank, fill in zip(find_blanks(SAMPLE)[:6], fills, strict=True):
        submission += SAMPLE[last : blank.span.start] + (" " if blank.kind == "empty" else "")
        expected.append(Span(len(submission), len(submission) + len(fill)))
        submission += fill
        last = blank.span.end
    submission += SAMPLE[last:]
    tracked = track(SAMPLE, submission)
    assert [item.span for item in tracked[:6]] == expected
    for item, fill in zip(tracked, fills, strict=False):
        assert item.state == ("open" if fill == "____" else "filled")


def test_the_solution_fills_every_blank() -> None:
    solution = SAMPLE.replace("___, ___", "a, b").replace("total =", "total = 3")
    solution = solution.replace("___", "relu")
    tracked = track(SAMPLE, solution)
    assert {item.state for item in tracked} == {"filled"}
    assert [item.span for item in tracked] == [
        answer.span for answer in align(SAMPLE, solution) if answer
    ]


def seconds(sample: str, submission: str) -> float:
    start = time.thread_time()
    track(sample, submission)
    return time.thread_time() - start


def test_a_large_text_takes_its_length_and_not_more() -> None:
    def exercise(size: int, turn: int) -> tuple[str, str]:
        """One for each turn: a text that is known takes no time."""
        row = "layer_{} = nn.Linear(___, size_{})  # layer {}\n"
        sample = "".join(row.format(n, n, turn) for n in range(size))
        lines = sample.replace("___", "width * 2").split("\n")
        lines.insert(size // 2, "print('here'")
        del lines[size // 3], lines[-size // 4]
        return sample, "\n".join(lines)

    for turn in range(8):
        if seconds(*exercise(800, turn)) < 28 * seconds(*exercise(100, turn)):
            return
    pytest.fail("eight times the text takes more than 28 times as long")


@pytest.mark.parametrize("part", ["x = f(", "x = f(1,2)\n", "f, ___ ", "(", "___\n", "x = "])
def test_hostile_text_is_given_up_on_in_time(part: str) -> None:
    sample = "".join(f"x = f(___, {n}, ___)\n___\n" for n in range(60))
    # Eight times the text; quadratic would be 64 times the time, and on every try.
    assert any(
        seconds(sample, f"x = {part * 8000}#{turn}")
        < 28 * seconds(sample, f"x = {part * 1000}#{turn}")
        for turn in range(8)
    )
