"""What blanks stand for in the solution, and which instruction they serve."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.align import align, instruction_of
from blankcheck.course.blanks import find_blanks
from blankcheck.course.model import Item
from blankcheck.course.text import Span


def answers(sample: str, solution: str) -> list[str | None]:
    return [answer and answer.span.of(solution) for answer in align(sample, solution)]


@pytest.mark.parametrize(
    ("sample", "solution", "expected"),
    [
        ("h = torch.matmul(___, ___)", "h = torch.matmul(x, w_1)", ["x", "w_1"]),
        ("h = torch.matmul(___, ___)", "h = torch.matmul(f(x, y), w.t())", ["f(x, y)", "w.t()"]),
        ("f(___)", "f((a, b), [c, d])", ["(a, b), [c, d]"]),
        ("h = ___(x)", "h = nn.ReLU()(x)", ["nn.ReLU()"]),
        ("h = ___", "h = relu(x) + 1  # activated", ["relu(x) + 1"]),
        ("model.____", "model.eval()", ["eval()"]),
        ("___.___()", "model.train()", ["model", "train"]),
        ("___ = ___(3)", "ones = torch.ones(3)", ["ones", "torch.ones"]),
        ("from torch import ___", "from torch import nn, optim", ["nn, optim"]),
        ("from ___ import ___ as nn", "from torch import nn as nn", ["torch", "nn"]),
        ("f(x, ___=0)", "f(x, dim=0)", ["dim"]),
        ("f(x, dim=___)", "f(x, dim=-1)", ["-1"]),
        ("f(x, dim=___)", "f(x, -1)", ["-1"]),
        ("f(x, ___)", "f(x, dim=-1)", ["-1"]),
        ("x = ", "x = torch.ones(3)", ["torch.ones(3)"]),
        ("x: int = \ny += \n", "x: int = 3\ny += 4", ["3", "4"]),
        ("print('The ___ is', \"___\")", "print(\"The loss is\", 'ok')", ["loss", "ok"]),
        ('print(f"{___:.2f} at ___")', "print(f'{loss.item():.2f} at 3')", ["loss.item()", "3"]),
        ("for ___ in ___:\n    ___", "for x, y in loader:\n    a = 1\n    b = 2",
         ["x, y", "loader", "a = 1\n    b = 2"]),
        ("a = ___; b = ___", "a = 1\nb = 2", ["1", "2"]),
        ("x = f(\n    ___,\n    k=___,\n)", "x = f(1, k=2)", ["1", "2"]),
        ("f(a=___, b=___, c=___)", "f(c=g(3, 3), b=2, a=1)", ["1", "2", "g(3, 3)"]),
        ("# ___\nx = ___", "# x = 3\nx = 4", ["4"]),
        ("x[___] = y[0, ___]", "x[1:3] = y[0, :, 2]", ["1:3", ":, 2"]),
        ("if ___ and ___:", "if a == 1 and not b:", ["a == 1", "not b"]),
        ("g = lambda ___: ___", "g = lambda q: q + 1", ["q", "q + 1"]),
    ],
)  # fmt: skip
def test_one_statement(sample: str, solution: str, expected: list[str | None]) -> None:
    assert answers(sample, solution) == expected


def test_statements_that_the_solution_adds_moves_and_leaves_out() -> None:
    sample = """\
    import torch
    # Create the layers
    layer_1 = nn.Linear(___, 4)
    layer_2 = nn.Linear(___, 2)
    model.load_state_dict(____)

    ___
    print(___)
    """
    solution = """\
    import torch
    import torch.nn as nn

    layer_2 = nn.Linear(4, 2)
    torch.manual_seed(0)
    layer_1 = nn.Linear(8, 4)
    # model.load_state_dict(torch.load('net.pth'))
    hidden = layer_1(x)
    out = layer_2(hidden)
    print(out)
    """
    assert answers(textwrap.dedent(sample), textwrap.dedent(solution)) == [
        "8",
        "4",
        None,
        "hidden = layer_1(x)\nout = layer_2(hidden)",
        "out",
    ]


def test_like_statements_keep_their_order() -> None:
    sample = "a = f(___)\nprint(___)\nb = f(___)\nprint(___)\nprint(___)\n"
    solution = "a = f(1)\nprint(2)\nseed(0)\nb = f(3)\nprint(4)\nprint(5)\n"
    assert answers(sample, solution) == ["1", "2", "3", "4", "5"]


def test_nothing_is_made_up_where_the_solution_has_nothing_alike() -> None:
    assert answers("x = torch.ones(___)\n", "print('hello')\n") == [None]
    assert answers("x = torch.ones(___)\n", "") == [None]
    assert answers("f(___)", "f()") == [None]


@pytest.mark.parametrize(
    ("sample", "solution", "callees"),
    [
        ("h = torch.matmul(___, x)", "h = torch.matmul(w.t(), x)", ["torch.matmul"]),
        ("print(str(test(___)))", "print(str(test(net)))", ["test"]),
        ("f(k=___)", "f(k=g(1))", ["f"]),
        ("f(k=[1, ___])", "f(k=[1, 2])", ["f"]),
        ("h = ___(x)", "h = relu(x)", [None]),
        ("h = ___", "h = relu(x)", [None]),
        # What is called is a part of the answer: naming it would give it away.
        ("h = ___(___)", "h = relu(x)", [None, None]),
        ("h = nn.___(4, ___)", "h = nn.Linear(4, 2)", [None, None]),
    ],
)
def test_the_callee_of_an_argument(sample: str, solution: str, callees: list[str | None]) -> None:
    found = [
        answer and answer.callee and answer.callee.of(solution)
        for answer in align(sample, solution)
    ]
    assert found == callees


def items(*texts: str) -> list[Item]:
    """As the reader gives them: `1) text` is an item of a numbered list, `- text` of another."""
    result: list[Item] = []
    for text in texts:
        marker, _, rest = text.partition(" ")
        listed = marker == "-" or marker[:-1].isdigit()
        result.append(Item(rest if listed else text, Span(0, 0), marker if listed else ""))
    return result


def served(sample: str, solution: str, *texts: str) -> list[int | None]:
    listed = items(*texts)
    return [instruction_of(blank, sample, solution, listed) for blank in find_blanks(sample)]


def test_a_name_that_is_assigned_tells_the_instruction() -> None:
    sample = "scores = net(___)\nloss = criterion(___, target)\nprint(___)\n"
    solution = "scores = net(batch)\nloss = criterion(scores, target)\nprint(loss)\n"
    assert served(
        sample,
        solution,
        "1) Run `batch` through the net and keep the `scores`.",
        "2) Compare `scores` with `target`; call it `loss`.",
        "3) Print the `loss`.",
    ) == [0, 1, 2]


def test_instructions_that_the_code_takes_in_turns() -> None:
    sample = "in_1 = ___\nout_1 = ___\nprint(___)\nin_2 = ___\nout_2 = ___\nprint(___)\n"
    solution = "in_1 = 1\nout_1 = s(in_1)\nprint(out_1)\nin_2 = 2\nout_2 = s(in_2)\nprint(out_2)\n"
    assert served(
        sample,
        solution,
        "- Create `in_1` and `in_2`.",
        "- Apply softmax, and store the results in `out_1` and `out_2`.",
        "- Print `out_1` and `out_2`.",
    ) == [0, 1, 2, 0, 1, 2]


def test_names_with_a_slip_in_them() -> None:
    sample = "both = mm(___, ___)\nlast = mm(___, ___)\n"
    solution = "both = mm(weight_1, weight_2)\nlast = mm(embeding_3, weight_4)\n"
    assert served(
        sample,
        solution,
        "1) Multiply `embedding_3` with `weights_4`.",
        "2) Multiply `weights_1` with `weights_2`.",
    ) == [1, 1, 0, 0]


def test_words_and_comments_tell_where_no_name_does() -> None:
    sample = """\
# Put the net in training mode
model.___
fit(___)

# Freeze it
model.___
"""
    solution = """\
model.train()
fit(data)

model.requires_grad_(False)
"""
    assert served(
        sample,
        solution,
        "- Put it in training mode and fit it.",
        "- Freeze the gradients.",
    ) == [0, 0, 1]


def test_a_paragraph_above_a_list_is_no_instruction_of_its_own() -> None:
    sample = "leaky_relu = ___(0.1)\n"
    solution = "leaky_relu = nn.LeakyReLU(0.1)\n"
    texts = ("We are going to use `leaky_relu` now, with `0.1`.", "1) Instantiate `nn.LeakyReLU`.")
    assert served(sample, solution, *texts) == [1]


def test_one_instruction_takes_all_and_none_takes_none() -> None:
    assert served("a = ___\n", "a = 1\n", "Do it.") == [0]
    assert served("a = ___\n", "a = 1\n") == [None]
    assert served("a = ___\n", "a = 1\n", "- Zebra.", "- Giraffe.", "- Gnu.") == [None]


_LINES = st.sampled_from(
    [
        *("x = ___", "x = ", "f(___, ___)", "f(a, b)", "___", "y = f(1)", "print('___')"),
        *("print('a b')", "for ___ in x:", "    ___", "'''", "f'{___", "(", ")", "# ___"),
        *("___.___()", "a.b()", "\t", "x = (1,", "from ___ import ___"),
    ]
)
_CODE = st.one_of(st.text(), st.lists(_LINES, max_size=12).map("\n".join))


@given(_CODE, _CODE, st.lists(st.text(max_size=30), max_size=4))
def test_no_text_is_too_strange(sample: str, solution: str, texts: list[str]) -> None:
    found = align(sample, solution)
    blanks = find_blanks(sample)
    assert len(found) == len(blanks)
    for answer in found:
        if answer is not None:
            assert 0 <= answer.span.start < answer.span.end <= len(solution)
    spans = [answer.span for answer in found if answer is not None]
    for index, span in enumerate(spans):
        assert not any(span.overlaps(other) for other in spans[index + 1 :])
    listed = items(*texts)
    for blank in blanks:
        number = instruction_of(blank, sample, solution, listed)
        assert number is None or 0 <= number < len(listed)
