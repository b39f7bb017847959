"""A chapter that is read piece by piece is the chapter that is read as a whole, after any edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankcheck.course import pieces as reading
from blankcheck.course.model import Exercise, Problem
from blankcheck.course.pieces import ChapterReader, Pieces
from blankcheck.course.reader import read
from blankcheck.course.rules import findings, in_order
from blankcheck.course.text import Lines, Span


def never() -> bool:
    return False


def moved(value: Any, by: int) -> Any:
    """A value with every span in it moved."""
    if isinstance(value, Span):
        return value.moved(by)
    if is_dataclass(value):
        return {field.name: moved(getattr(value, field.name), by) for field in fields(value)}
    if isinstance(value, dict):
        return {key: moved(item, by) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, tuple):
        return [moved(item, by) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def exercises(pieces: Pieces) -> list[Any]:
    return [moved(e, piece.start) for piece in pieces for e in piece.chapter.exercises]


def assert_same(text: str, reader: ChapterReader, device: str | None = None) -> None:
    whole = read(text)
    whole = replace(whole, device=device) if whole.device is None else whole
    pieces = reader.read(Lines(text), device)
    assert exercises(pieces) == [moved(exercise, 0) for exercise in whole.exercises]
    expected = in_order((*whole.problems, *findings(whole)))
    assert reading.look(pieces, never)
    assert reading.problems(pieces) == expected


BLOCKS = [
    "---\ntitle: A\ndescription: B\n---\n\n",
    "---\ntitle: A\ndevice: value\n---\n", "device: true\n",
    "---\ntitle: A\ndescription: Chapter description goes here.\n\n",
    "---\n", "--- type:NormalExercise key:k1\n", "\n---\n\n", "---", "  ---  \n", "    ---\n",
    "## One title\n", "## Other title\n", "```yaml\ntype: NormalExercise\nkey: k1\nxp: 100\n```\n",
    "```yaml\ntype: BulletExercise\nkey: k2\nxp: 100\n```\n", "`@instructions`\n- Make `value`.\n",
    "`@pre_exercise_code`\n```{python}\nvalue = 1\n```\n", "`@hint`\n- one\n",
    "`@solution`\n```{python}\nother = value\n```\n", "`@sample_code`\n```{python}\nx = ___\n```\n",
    "`@sct`\n```{python}\nEx().check_object('x')\n```\n", "```{python}\n", "```\n", "~~~\n",
    "````\n",
    "***\n", "`@step`\n", "*** =instructions\n", "description: Chapter description goes here\n",
    "\ufeff", "text\n", "- ```\n", "\r", "\r\n", "\x0c", "\u2028", "😀\n",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(BLOCKS), max_size=30).map("".join)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(["", *BLOCKS])), max_size=6
)


@settings(max_examples=400)
@given(TEXTS, EDITS, st.sampled_from([None, "", "value"]))
def test_pieces_are_as_the_whole_after_any_edit(
    text: str, edits: list[tuple[float, int, str]], device: str | None
) -> None:
    reader = ChapterReader()
    assert_same(text, reader, device)
    for place, removed, added in edits:
        at = int(place * len(text))
        text = text[:at] + added + text[at + removed :]
        assert_same(text, reader, device)


EXERCISE = """\
## Title number {n}

```yaml
type: NormalExercise
key: key{n}
xp: 100
```

`@instructions`
- Make `name{n}`.

`@hint`
- None.

`@pre_exercise_code`
```{{python}}
name{n} = 1
```

`@sample_code`
```{{python}}
made = ___
```

`@solution`
```{{python}}
made = name{m} + unknown
```

`@sct`
```{{python}}
Ex().check_object("made").has_equal_value()
success_msg("Yes.")
```

"""


def chapter(count: int) -> str:
    head = "---\ntitle: Many\ndescription: Of them.\n---\n\n"
    return head + "---\n\n".join(EXERCISE.format(n=n, m=n // 2) for n in range(count))


@pytest.fixture
def read_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the reader is given to read."""
    texts: list[str] = []
    real = reading.read_part

    def counted(text: str) -> Any:
        texts.append(text)
        return real(text)

    monkeypatch.setattr(reading, "read_part", counted)
    yield texts


@pytest.mark.parametrize("added", ["typed", "```{python}\n", "---\n", "\n"])
def test_an_edit_reads_its_exercise_alone(read_texts: list[str], added: str) -> None:
    reader = ChapterReader()
    text = chapter(50)
    assert_same(text, reader)
    assert len(read_texts) == 51
    read_texts.clear()
    at = text.index("- Make `name25`")
    assert_same(text[:at] + added + text[at:], reader)
    assert sum(map(len, read_texts)) < 5 * len(text) / 50


def test_a_code_block_that_reaches_over_exercises_is_read_with_them() -> None:
    text = chapter(6).replace("- Make `name2`.", "```md\n- Make `name2`.")
    text = text.replace("- Make `name3`.", "- Make `name3`.\n```")
    assert_same(text, ChapterReader())


def test_rules_stop_when_they_are_told_to_and_go_on_where_they_were() -> None:
    whole = read(chapter(5))
    pieces = ChapterReader().read(Lines(whole.text))
    expected = in_order((*whole.problems, *findings(whole)))
    before: tuple[Problem, ...] = ()
    rounds = 0
    while not reading.look(pieces, lambda: True):
        found = reading.problems(pieces)
        assert set(before) <= set(found) < set(expected)
        before = found
        rounds += 1
    assert rounds + 1 == len(pieces) == 6
    assert reading.problems(pieces) == expected


def test_a_name_is_told_where_an_exercise_above_defines_it() -> None:
    pieces = ChapterReader().read(Lines(chapter(3)))
    reading.look(pieces, never)
    messages = [problem.message for problem in reading.problems(pieces)]
    told = [message for message in messages if "only in “Title number 0”" in message]
    assert len(told) == 1


def test_exercises_that_are_the_same_are_told_of_each_other() -> None:
    twice = chapter(1) + "---\n\n" + EXERCISE.format(n=0, m=0)
    pieces = ChapterReader().read(Lines(twice))
    (_, one), (_, other) = ((p.start, p.chapter.exercises) for p in pieces[1:])
    assert one[0].key == other[0].key
    reading.look(pieces, never)
    codes = [problem.code for problem in reading.problems(pieces)]
    assert codes.count("author/duplicate-key") == codes.count("author/duplicate-title") == 1
    assert_same(twice, ChapterReader())


def test_there_is_one_piece_at_least() -> None:
    for text in ("", "text", "\ufeff---\n\n## A title\n"):
        pieces = ChapterReader().read(Lines(text))
        assert pieces
        assert_same(text, ChapterReader())


def test_steps_stay_with_their_exercise() -> None:
    text = chapter(2).replace("NormalExercise", "BulletExercise") + "***\n\n`@sct`\n"
    pieces = ChapterReader().read(Lines(text))
    found: list[Exercise] = [e for piece in pieces for e in piece.chapter.exercises]
    assert len(found) == 2
    assert_same(text, ChapterReader())
