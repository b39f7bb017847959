"""Every exercise, with one small thing wrong: a blank left open, a statement deleted, two operands
swapped. A sample of them is checked here; `npm run feedback` checks all."""

from __future__ import annotations

import pytest
from tests.feedback.corpus import chapters, solution, targets
from tests.feedback.mutations import computes_the_same, mutants, open_blanks, sample, tried

from blankcheck import checking
from blankcheck.courses import Target
from blankcheck.runner.process import HostRunner

EXERCISES = [target for name in chapters() for target in targets(name).values()]
EACH = 2
KNOWN: frozenset[str] = frozenset()
"""Mutants that are accepted and should not be."""


@pytest.mark.parametrize("target", EXERCISES, ids=lambda target: target.key)
def test_a_blank_left_open_is_told_alone(target: Target) -> None:
    found = list(open_blanks(target))
    assert found
    for index, text in found:
        told = checking.inspect(target, text)
        assert [(item.code, item.blank) for item in told] == [("blank/unfilled", index)], text


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("target", EXERCISES, ids=lambda target: target.key)
async def test_what_is_changed_is_refused(target: Target, runner: HostRunner) -> None:
    for mutant in sample(mutants(target), EACH):
        found = await tried(target, mutant, runner)
        assert found.fate != "accepted" or found.id in KNOWN, f"{found.id}\n\n{mutant.text}"


class TestEquality:
    """What decides that an accepted mutant is harmless has to tell right from wrong itself."""

    @pytest.mark.parametrize(
        ("key", "old", "new", "equal"),
        [
            ("layers", "torch.matmul(x, w_1)", "x @ w_1", True),
            ("layers", "torch.matmul(w_1, w_2)", "torch.matmul(w_2, w_1)", False),
            ("layers", "print(torch.matmul(x, weight))", "", False),
            ("softmax", "probabilities.argmax", "scores.argmax", True),
            ("softmax", "torch.randn", "torch.rand", False),
            ("finetune", "nn.Linear(6, 3)", "nn.Linear(6, 4)", False),
            ("finetune", "model.eval()", "model.train(False)", True),
            ("finetune", "model.eval()", "model.train()", False),
            ("gradients", "3 * x**2 + 2 * x", "3 * x**2 + 2 + x", False),
            ("gradients", "3 * x**2 + 2 * x", "2 * x + 3 * x**2", True),
            ("step", "w.grad.zero_()", "", False),
            ("function", "/ len(numbers)", "/ 3", False),
            ("dictionaries", "value.get", "lambda name: -value[name]", False),
        ],
    )
    def test_of_values_and_prints(self, key: str, old: str, new: str, equal: bool) -> None:
        (target,) = [target for target in EXERCISES if target.key == key]
        text = solution(target)
        assert text.count(old) == 1
        assert computes_the_same(target, text.replace(old, new)) is equal
