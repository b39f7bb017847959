"""The built-in course, exercise by exercise, with the real runner and the real judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from blankcheck import checking
from blankcheck.course import reader
from blankcheck.course.text import Lines
from blankcheck.courses import Target
from blankcheck.result import Result
from blankcheck.runner.process import HostRunner

CHAPTER = Path(__file__).parents[2] / "exercises" / "artificial-neural-networks.md"
CODING = ("ba27197060", "2ce188a22b", "b0fd004979", "6e5a125d55", "a005898fa6")


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the solution with one piece of it replaced, and the line that is at fault."""

    key: str
    right: str
    wrong: str
    """The replacement; its line is where the mistake has to be reported."""
    why: str


WRONG = [
    Wrong(
        "ba27197060", "matmul(hidden_1, weight_2)", "matmul(hidden_1, weight_1)", "other weights"
    ),
    Wrong(
        "ba27197060", "matmul(input_layer, weight_1)", "matmul(weight_1, input_layer)", "swapped"
    ),
    Wrong("ba27197060", "matmul(weight_1, weight_2)", "matmul(weight_2, weight_1)", "other order"),
    Wrong(
        "ba27197060", "matmul(input_layer, weight))", "matmul(hidden_1, weight))", "not the input"
    ),
    Wrong("2ce188a22b", "= relu(hidden_2)", "= relu(hidden_1)", "wrong layer"),
    Wrong(
        "2ce188a22b",
        "print(torch.matmul(hidden_2_activated,",
        "print(torch.matmul(hidden_2,",
        "raw value",
    ),
    Wrong(
        "2ce188a22b",
        "= relu(weight_composed_1)",
        "= weight_composed_1",
        "not activated at all",
    ),
    Wrong("b0fd004979", "nn.LeakyReLU(0.1)", "nn.LeakyReLU(0.01)", "wrong slope"),
    Wrong("b0fd004979", "nn.LeakyReLU(0.1)", "nn.ReLU(0.1)", "not leaky"),
    Wrong("b0fd004979", "= leaky_relu(hidden_2)", "= hidden_2", "not activated"),
    Wrong("6e5a125d55", "softmax(input_3)", "softmax(input_2)", "other tensor"),
    Wrong("6e5a125d55", "torch.randn(1, 4)", "torch.randn(4, 1)", "rows and columns swapped"),
    Wrong("6e5a125d55", "print(output_1,", "print(input_1,", "prints the input"),
    Wrong(
        "a005898fa6", "nn.Linear(7 * 7 * 32, 27)", "nn.Linear(7 * 7 * 32, 28)", "too many classes"
    ),
    Wrong("a005898fa6", "model.eval()", "model.train()", "not in evaluation mode"),
    Wrong("a005898fa6", "train_net(model, optimizer,", "train_net(optimizer, model,", "order"),
    Wrong("a005898fa6", 'torch.load("my_net.pth")', '"my_net.pth"', "a name, not a state"),
]


def target(key: str) -> Target:
    chapter = reader.read(CHAPTER.read_text(encoding="utf-8"))
    (exercise,) = [exercise for exercise in chapter.exercises if exercise.key == key]
    return Target(CHAPTER, chapter, exercise)


def code(target: Target, section: str) -> str:
    found = target.exercise.code(section)
    assert found is not None
    return found.text


@pytest.fixture
def runner(forking: HostRunner) -> HostRunner:
    return forking


async def check(runner: HostRunner, target: Target, submission: str) -> Result:
    return await checking.check(target, submission, "answer.py", runner)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("key", CODING)
class TestEveryExercise:
    async def test_the_solution_passes_with_a_message_that_teaches(
        self, key: str, runner: HostRunner
    ) -> None:
        exercise = target(key)
        result = await check(runner, exercise, code(exercise, "solution"))
        assert result.verdict == "passed", result.feedback
        assert [item.code for item in result.feedback] == ["sct/success"]

    async def test_the_sample_code_is_incomplete(self, key: str, runner: HostRunner) -> None:
        exercise = target(key)
        sample = code(exercise, "sample_code")
        result = await check(runner, exercise, sample)
        assert result.verdict == "incomplete"
        assert [item.blank for item in result.feedback] == list(range(len(result.feedback)))
        assert all(set(item.span.of(sample)) == {"_"} for item in result.feedback)

    async def test_an_empty_file_fails(self, key: str, runner: HostRunner) -> None:
        result = await check(runner, target(key), "")
        assert result.verdict == "failed"
        assert result.feedback


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.key}-{wrong.why}")
async def test_a_wrong_answer_is_told_on_its_line(wrong: Wrong, runner: HostRunner) -> None:
    exercise = target(wrong.key)
    solution = code(exercise, "solution")
    assert solution.count(wrong.right) == 1
    submission = solution.replace(wrong.right, wrong.wrong)
    result = await check(runner, exercise, submission)
    assert result.verdict in ("failed", "error"), result
    lines = Lines(submission)
    at_fault = lines.line_of(solution.index(wrong.right))
    told = result.feedback[0]
    assert lines.line_of(told.span.start) == at_fault, told
    # It says something of this line, and is not the answer.
    assert len(told.message.split()) > 6, told
    assert wrong.right not in told.message, told


def test_every_step_has_a_hint_and_every_exercise_a_check() -> None:
    chapter = reader.read(CHAPTER.read_text(encoding="utf-8"))
    assert [exercise.key for exercise in chapter.exercises] == ["89911de4c7", *CODING]
    for exercise in chapter.exercises[1:]:
        assert len(exercise.items("hint")) == len(exercise.items("instructions")) > 0
        assert "Ex()" in exercise.sections["sct"].text
