"""Where a value is counts for those that the solution puts somewhere, and for no other."""

from __future__ import annotations

import pytest

from blankcheck_runner.judge.located import is_located, located
from blankcheck_runner.judge.statements import Program

SOLUTION = """\
x = torch.ones(3)
net = Net().to(device)
moved = x.to(device)
y = net(moved)
score = y.mean().item()
z = x + 1
back = y.cpu()
"""


def test_what_the_solution_moves_and_what_follows_from_it() -> None:
    assert located(Program(SOLUTION)) == {"net", "moved", "y", "score", "back"}
    assert not located(Program("x = torch.ones(3)\ny = x * 2"))
    assert located(Program("x = torch.ones(3, device=dev)")) == {"x"}


@pytest.mark.parametrize(
    ("code", "name", "about"),
    [
        ("moved.sum()", None, True),
        ("z.sum()", None, False),
        ("x.to(device)", None, True),
        ("anything = 1", "net", True),
        ("anything = 1", "z", False),
        ("not python", None, False),
    ],
)
def test_a_part_of_the_solution(code: str, name: str | None, about: bool) -> None:
    assert is_located(code, name, SOLUTION) is about
    assert not is_located("x", None, "x = 1")
