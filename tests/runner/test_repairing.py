"""Repairs that a run has verified, on small chapters with the mistakes of those in the wild."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from blankcheck import checking, repairing
from blankcheck.courses import Target, find_exercise
from blankcheck.repairing import MOST_RUNS, Repaired
from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import DeviceInfo, Expression, HostInfo, Lesson, Limits, Placed, Report

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHAPTER = """\
---
title: Small networks
---

## Two layers

```yaml
type: NormalExercise
key: layers
xp: 100
```

Multiply.

`@instructions`
- Multiply `x` with `w`, and print it.

`@pre_exercise_code`
```{python}
x = torch.rand(1, 3)
w = torch.rand(3, 2)
```

`@sample_code`
```{python}
import torch
print(torch.matmul(___, ___))
```

`@solution`
```{python}
import torch
print(torch.matmul(x, w))
```

---

## One layer more

```yaml
type: NormalExercise
key: more
xp: 100
```

Go on.

`@instructions`
- Print the sum of `x` and its product with `w`.

`@pre_exercise_code`
```{python}

```

`@sample_code`
```{python}
import torch
print(torch.matmul(___, ___).sum() + ___.sum())
```

`@solution`
```{python}
import torch
print(torch.matmul(x, w).sum() + x.sum())
```

---

## Runs as it is

```yaml
type: NormalExercise
key: fine
xp: 100
```

Add.

`@instructions`
- Print the sum.

`@pre_exercise_code`
```{python}
a, b = 1, 2
```

`@sample_code`
```{python}
print(___)
```

`@solution`
```{python}
print(a + b)
```

---

## Beyond repair

```yaml
type: NormalExercise
key: beyond
xp: 100
```

Nothing helps.

`@instructions`
- Print it.

`@pre_exercise_code`
```{python}
a = 1 / 0
```

`@sample_code`
```{python}
print(___)
```

`@solution`
```{python}
print(a)
```

---

## Digits

```yaml
type: NormalExercise
key: digits
xp: 100
```

Everything at once.

`@instructions`
- Load the net from `tiny.pth`.
- Give it a last layer with 3 outputs, and put it in eval mode.
- Print the shape of the first digit's output.

`@pre_exercise_code`
```{python}
import torch
import torch.nn as nn
from torchvision import datasets, transforms

class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.view(-1, 784))

digits = datasets.MNIST('digits', train=False, download=True, transform=transforms.ToTensor())
? = nn.CrossEntropyLoss()

def loss_of(net, image, label):
    return criterion(net(image), torch.tensor([label]))
```

`@sample_code`
```{python}
net = ____
net.load_state_dict(____)
net.fc = ____
net.____
image, label = digits[0]
print(net(image).shape)
```

`@solution`
```{python}
net = Tiny()
# net.load_state_dict(torch.load('tiny.pth'))
net.fc = nn.Linear(784, 3)
net.eval()
image, label = digits[0]
print(net(image).shape)
loss_of(net, image, 1)
```
"""
FOLLOWED = """\
net = Tiny()
net.load_state_dict(torch.load('tiny.pth'))
net.fc = nn.Linear(784, 3)
net.eval()
image, label = digits[0]
assert image.shape == (1, 28, 28) and image.dtype == torch.float32 and 0 <= image.max() <= 1
assert type(label) is int and label == digits.targets[0] and len(digits) == 10_000
print(net(image).shape)
loss_of(net, image, 1)
"""
IN_SPARES = ("test_an_import_is_made_and_an_earlier_exercise_taken_over",)
"""What is tried in spare processes too, which take seconds to start: the repairs are the same."""


class Counting:
    """A runner that counts the runs, and lets them be told from each other."""

    def __init__(self, runner: HostRunner) -> None:
        self._runner = runner
        self.device = runner.device
        self.stage = runner.stage
        self.lessons: list[Lesson] = []

    async def run(
        self,
        lesson: Lesson,
        submission: str,
        file: str,
        limits: Limits | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Report:
        self.lessons.append(lesson)
        return await self._runner.run(lesson, submission, file, limits, on_output)

    async def info(self) -> HostInfo:
        return await self._runner.info()

    async def devices(self) -> DeviceInfo:
        return await self._runner.devices()

    async def place(self, lesson: Lesson, submission: str) -> Placed:
        return Placed("cpu", "cpu", {})

    async def check(
        self, lesson: Lesson, submission: str, file: str, limits: Limits | None = None
    ) -> Report:
        return await self._runner.check(lesson, submission, file, limits)

    async def describe(
        self, lesson: Lesson, expressions: Sequence[Expression]
    ) -> tuple[str | None, ...]:
        return await self._runner.describe(lesson, expressions)

    async def prepare(self, lesson: Lesson, limits: Limits | None = None) -> None:
        await self._runner.prepare(lesson, limits)

    async def close(self) -> None:
        raise AssertionError("others use the runner too")


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    file = tmp_path / "small.md"
    file.write_text(CHAPTER, "utf-8")
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "counting" in metafunc.fixturenames:
        hosts = (
            ["forking", "torch_spares"] if metafunc.definition.name in IN_SPARES else ["forking"]
        )
        ids = ["fork", "spare"][: len(hosts)]
        metafunc.parametrize("counting", hosts, ids=ids, indirect=True)


@pytest.fixture
def counting(request: pytest.FixtureRequest) -> Counting:
    return Counting(request.getfixturevalue(request.param))


async def look(target: Target, runner: Counting) -> Repaired | None:
    return await repairing.repaired(target, checking.lesson(target), runner, Limits())


def solution(target: Target) -> str:
    code = target.unit.code("solution")
    assert code is not None
    return code.text


def codes(found: Repaired | None) -> list[str]:
    assert found is not None
    return [repair.code for repair in found.repairs]


async def test_what_runs_as_written_is_left_alone(chapter: Path, counting: Counting) -> None:
    assert await look(find_exercise(chapter, "fine"), counting) is None
    assert len(counting.lessons) == 1


async def test_nothing_is_tried_for_what_looks_sound(chapter: Path, counting: Counting) -> None:
    target = find_exercise(chapter, "fine")
    for submission, verdict in (("print(a + b)", "passed"), ("print(a - b)", "failed")):
        result = await checking.check(target, submission, "mine.py", counting)
        assert result.verdict == verdict
        assert all(item.code != "author/repaired" for item in result.feedback)
    assert counting.lessons == []


async def test_a_learner_does_what_could_not_run_and_is_told_where_it_is_wrong(
    chapter: Path, counting: Counting
) -> None:
    target = find_exercise(chapter, "more")
    right = await checking.check(target, solution(target), "mine.py", counting)
    assert right.verdict == "passed"
    assert [(item.code, item.severity) for item in right.feedback] == [
        ("author/repaired", "information")
    ]
    text = solution(target).replace("+ x.sum()", "+ w.sum()")
    wrong = await checking.check(target, text, "mine.py", counting)
    assert wrong.verdict == "failed"
    assert wrong.feedback[0].severity == "error"
    assert "w" in wrong.feedback[0].span.of(text)
    ran = await checking.run(target, "print(tuple(x.shape))", "mine.py", counting)
    assert (ran.verdict, ran.output) == ("passed", "(1, 3)\n")


async def test_what_cannot_be_repaired_stays_broken(chapter: Path, counting: Counting) -> None:
    result = await checking.check(find_exercise(chapter, "beyond"), "print(a)", "m.py", counting)
    assert result.verdict == "broken"
    assert "line" in result.feedback[0].message
    assert all(item.code != "author/repaired" for item in result.feedback)


async def test_an_import_is_made_and_an_earlier_exercise_taken_over(
    chapter: Path, counting: Counting
) -> None:
    assert codes(await look(find_exercise(chapter, "layers"), counting)) == [
        "author/missing-import"
    ]
    assert codes(await look(find_exercise(chapter, "more"), counting)) == ["author/earlier-code"]


async def test_what_does_not_help_is_not_used(chapter: Path, counting: Counting) -> None:
    assert await look(find_exercise(chapter, "beyond"), counting) is None
    assert len(counting.lessons) <= MOST_RUNS


async def test_all_kinds_of_mistake_in_one_exercise(chapter: Path, counting: Counting) -> None:
    pytest.importorskip("torchvision")
    target = find_exercise(chapter, "digits")
    found = await look(target, counting)
    assert codes(found) == ["author/stray-character", "author/offline-data", "author/weight-file"]
    assert len(counting.lessons) <= MOST_RUNS
    runs = len(counting.lessons)
    for submission, verdict in (
        (FOLLOWED, "passed"),
        (FOLLOWED.replace("784, 3", "784, 2"), "failed"),
        (FOLLOWED.replace("net.eval()", "net.train()"), "failed"),
        (solution(target), "passed"),
    ):
        result = await checking.check(target, submission, "mine.py", counting)
        assert result.verdict == verdict, result.feedback
        told = [item for item in result.feedback if item.code == "author/repaired"]
        assert len(told) == 1
        assert told[0].severity == "information"
        assert "made-up images" in told[0].message
        assert "tiny.pth" in told[0].message
    assert len(counting.lessons) == runs


async def test_what_is_missing_in_repaired_code_is_marked_where_it_should_be(
    chapter: Path, counting: Counting
) -> None:
    pytest.importorskip("torchvision")
    target = find_exercise(chapter, "digits")
    for written, marked in (("pass\n", "pass"), ("", "")):
        text = FOLLOWED.replace("loss_of(net, image, 1)\n", written)
        result = await checking.check(target, text, "mine.py", counting)
        told = result.feedback[0]
        assert (told.code, told.blank, told.span.of(text)) == ("sct/missing", None, marked)
        assert text[: told.span.start].rstrip().endswith("print(net(image).shape)")


async def test_written_into_the_chapter_it_runs_as_it_is(chapter: Path, counting: Counting) -> None:
    pytest.importorskip("torchvision")
    for key in ("layers", "more", "digits"):
        for _ in range(5):
            target = find_exercise(chapter, key)
            found = await look(target, counting)
            if found is None or not found.repairs:
                break
            text = target.chapter.text
            for edit in reversed(found.repairs[0].edits):
                text = text[: edit.span.start] + edit.text + text[edit.span.end :]
            chapter.write_text(text, "utf-8")
        target = find_exercise(chapter, key)
        report = await counting.run(checking.lesson(target), solution(target), "solution.py")
        assert report.verdict == "passed", report.feedback


async def test_found_once_for_a_text_and_anew_for_another(
    chapter: Path, counting: Counting
) -> None:
    target = find_exercise(chapter, "layers")
    first, second = await asyncio.gather(look(target, counting), look(target, counting))
    assert first is second is not None
    runs = len(counting.lessons)
    assert await look(target, counting) is first
    assert len(counting.lessons) == runs
    chapter.write_text(
        CHAPTER.replace("x = torch.rand", "import torch\nx = torch.rand", 1), "utf-8"
    )
    assert await look(find_exercise(chapter, "layers"), counting) is None


async def test_data_that_appears_beside_the_chapter_makes_a_repair_needless(
    chapter: Path, counting: Counting
) -> None:
    file = chapter.with_name("files.md")
    file.write_text(
        CHAPTER[: CHAPTER.index("## Two layers")]
        + "## Loading\n\n```yaml\ntype: NormalExercise\nkey: loading\nxp: 100\n```\n\nLoad.\n\n"
        + "`@pre_exercise_code`\n```{python}\nimport torch\nnet = torch.nn.Linear(2, 1)\n```\n\n"
        + "`@solution`\n```{python}\nnet.load_state_dict(torch.load('w.pt'))\n```\n",
        "utf-8",
    )
    assert codes(await look(find_exercise(file, "loading"), counting)) == ["author/weight-file"]
    made = (
        "import torch\ntorch.save(torch.nn.Linear(2, 1).state_dict(), 'w.pt')\n"
        "print(open('w.pt', 'rb').read().hex())"
    )
    report = await counting.run(Lesson(), made, "make.py")
    data = chapter.parent / "data"
    data.mkdir()
    (data / "w.pt").write_bytes(bytes.fromhex(report.output.strip()))
    assert await look(find_exercise(file, "loading"), counting) is None


async def test_a_look_that_is_cancelled_leaves_nothing_and_can_be_taken_again(
    chapter: Path, counting: Counting
) -> None:
    target = find_exercise(chapter, "layers")
    started = asyncio.Event()
    run = counting.run

    async def held(*arguments: object, **others: object) -> Report:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    counting.run = held  # pyright: ignore[reportAttributeAccessIssue]
    looking = asyncio.create_task(look(target, counting))
    await started.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    counting.run = run
    assert codes(await look(target, counting)) == ["author/missing-import"]
