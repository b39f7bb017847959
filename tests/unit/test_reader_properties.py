"""What holds for every text: it is read, its spans nest, and what a writer wrote comes back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankcheck.course.model import Exercise, Section
from blankcheck.course.reader import read
from blankcheck.course.rules import findings
from blankcheck.course.text import Span, with_line_feeds

TOKENS = [
    "---",
    "***",
    "```",
    "````",
    "~~~",
    "```{python}",
    "```yaml",
    "```yaml\ntype: BulletExercise\nkey: a\n```",
    "```yaml\ntype: NormalExercise\nxp: 100\n```",
    "## Title",
    "# Title",
    "`@instructions`",
    "`@hint`",
    "`@possible_answers`",
    "`@pre_exercise_code`",
    "`@sample_code`",
    "`@solution`",
    "`@sct`",
    "`@step`",
    "`@wat`",
    "`@@a.py`",
    "*** =instructions",
    "*** =instructions2",
    "*** =type2: NormalExercise",
    "*** =sct2",
    "--- type:NormalExercise lang:python key:a",
    "type: TabExercise",
    'xp: "100 "',
    "a: &x [*x]",
    "key: [",
    "- one `x_1`",
    "2) two",
    "    nested",
    "- [x]",
    "- ```",
    "x_1 = ___",
    "y = f(x_1",
    "import os",
    "def f(a): return b",
    "y1 = f(x1)",
    "y2 = f(x1)",
    "# y = 1",
    "",
    "  ",
    "\t",
    "\ufeff",
    "\u2028",
    "\x00",
    "\ud800",
    "é😀",
]
ENDS = ["\n", "\n", "\n", "\n\n", "\r\n", "\r", " ", ""]
CHAPTERS = st.lists(
    st.tuples(st.sampled_from(TOKENS), st.sampled_from(ENDS)).map("".join), max_size=40
).map("".join)


def assert_nested(unit: Exercise, outer: Span, text: str) -> None:
    assert outer.contains(unit.span)
    assert unit.span.contains(unit.heading)
    assert unit.span.contains(unit.attributes_span)
    parts: list[Section] = list(unit.sections.values())
    if unit.assignment is not None:
        parts.append(unit.assignment)
    for section in parts:
        assert unit.span.contains(section.span)
        assert section.span.contains(section.body)
        assert section.text in with_line_feeds(section.body.of(text))
        for item in section.items:
            assert section.body.contains(item.span)
            assert item.span.of(text).startswith(item.marker)
        for code in section.files:
            assert section.body.contains(code.span)
            lines = code.span.of(text).splitlines(keepends=True)
            assert [line.lstrip() for line in lines] == [
                line.lstrip() for line in code.text.splitlines(keepends=True)
            ]
    spans = sorted({section.span for section in parts})
    assert all(one.end <= other.start for one, other in pairwise(spans))
    for step in unit.steps:
        assert_nested(step, unit.span, text)


@settings(max_examples=300)
@given(CHAPTERS)
def test_any_text_is_read_and_its_spans_nest(text: str) -> None:
    found = read(text)
    whole = Span(0, len(text))
    for unit in found.exercises:
        assert_nested(unit, whole, text)
    spans = [unit.span for unit in found.exercises]
    assert all(one.end <= other.start for one, other in pairwise(spans))
    for problem in (*found.problems, *findings(found)):
        assert whole.contains(problem.span)
        assert problem.code.startswith("author/")
        assert problem.message.endswith((".", "?"))


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_text_that_is_no_chapter_is_read_too(text: str) -> None:
    for problem in (*read(text).problems, *findings(read(text))):
        assert Span(0, len(text)).contains(problem.span)


# A writer of chapters, to see that reading gives back what was written.


@dataclass(frozen=True)
class Unit:
    title: str
    key: str
    type: str
    xp: int
    assignment: list[str] = field(default_factory=list[str])
    instructions: list[str] = field(default_factory=list[str])
    code: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    steps: list[Unit] = field(default_factory=list["Unit"])


WORD = st.sampled_from(["make", "`x_1`", "é😀", "**bold**", "#1", "a:", "[b]", "---", "@hint"])
LINE = st.lists(WORD, max_size=3).map(lambda words: " ".join(["To", *words]))
KEY = st.from_regex(r"[0-9a-f]{1,10}|[0-9]e[0-9]|0[0-9]{3}|yes|null", fullmatch=True)
CODE_LINE = st.sampled_from(
    ["x = ___", "    y = 1", "---", "***", "`@hint`", "## no title", "- a", "", "é = '😀'", "~~~"]
)
CODES = st.dictionaries(
    st.sampled_from(["pre_exercise_code", "sample_code", "solution", "sct"]),
    st.lists(CODE_LINE, max_size=5),
    max_size=4,
)
FENCED = st.lists(CODE_LINE, max_size=3).map(lambda code: ["```", *code, "```"])
INSTRUCTION = st.tuples(LINE, st.one_of(st.just(list[str]()), FENCED)).map(
    lambda parts: "\n".join([parts[0], *parts[1]])
)


def units(type_: str, steps: st.SearchStrategy[list[Unit]]) -> st.SearchStrategy[Unit]:
    return st.builds(
        Unit,
        LINE,
        KEY,
        st.just(type_),
        st.integers(0, 500),
        st.lists(LINE, max_size=2),
        st.lists(INSTRUCTION, max_size=3),
        CODES,
        steps,
    )


STEPS = st.lists(units("NormalExercise", st.just(list[Unit]())), min_size=1, max_size=3)
UNITS = st.one_of(units("NormalExercise", st.just(list[Unit]())), units("BulletExercise", STEPS))


def instruction(text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"- {first}", *(f"  {line}" if line else "" for line in rest)]


def write_body(unit: Unit, directive: Callable[[str], str]) -> list[str]:
    lines = [line for paragraph in unit.assignment for line in ("", paragraph)]
    if unit.instructions:
        lines += ["", directive("instructions")]
        lines += [line for item in unit.instructions for line in instruction(item)]
    for name, code in unit.code.items():
        lines += ["", directive(name), "```{python}", *code, "```"]
    return lines


def write_new(unit: Unit, level: str = "##") -> list[str]:
    lines = [f"{level} {unit.title}", "", "```yaml"]
    lines += [f"type: {unit.type}", f"key: {unit.key}", f"xp: {unit.xp}", "```"]
    lines += write_body(unit, lambda name: f"`@{name}`")
    for step in unit.steps:
        lines += ["", "***", "", *write_new(step, "###")]
    return lines


def write_old(unit: Unit) -> list[str]:
    lines = [f"## {unit.title}", *write_body(unit, lambda name: f"*** ={name}")]
    for number, step in enumerate(unit.steps, 1):
        given = {"type": step.type, "key": step.key, "xp": str(step.xp), "title": step.title}
        lines += ["", *(f"*** ={name}{number}: {value}" for name, value in given.items())]
        lines += write_body(step, lambda name, n=number: f"*** ={name}{n}")
    return lines


def written_new(chapter: list[Unit]) -> list[str]:
    lines = ["---", "title: T", "---"]
    for number, unit in enumerate(chapter):
        lines += ["", "---", ""] if number else [""]
        lines += write_new(unit)
    return lines


def written_old(chapter: list[Unit]) -> list[str]:
    lines = ["---", "title: T"]
    for unit in chapter:
        lines += [f"--- type:{unit.type} lang:python xp:{unit.xp} key:{unit.key}"]
        lines += [*write_old(unit), ""]
    return lines


def read_back(unit: Exercise, newline: str) -> Unit:
    assignment = unit.assignment.items if unit.assignment else ()
    return Unit(
        unit.title,
        unit.key,
        unit.type,
        unit.xp,
        [item.text for item in assignment],
        [item.text for item in unit.sections["instructions"].items]
        if "instructions" in unit.sections
        else [],
        {
            name: section.files[0].text.split(newline)[:-1]
            for name, section in unit.sections.items()
            if section.files
        },
        [read_back(step, newline) for step in unit.steps],
    )


def without_assignments_of_steps(unit: Unit) -> Unit:
    """The old style has no place for them."""
    steps = [replace(step, assignment=[]) for step in unit.steps]
    return replace(unit, steps=steps)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@settings(max_examples=60)
@given(chapter=st.lists(UNITS, min_size=1, max_size=3))
def test_what_is_written_in_the_new_style_is_read_back(chapter: list[Unit], newline: str) -> None:
    found = read(newline.join(written_new(chapter)))
    assert not found.problems
    assert [read_back(unit, newline) for unit in found.exercises] == chapter


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@settings(max_examples=60)
@given(chapter=st.lists(UNITS.map(without_assignments_of_steps), min_size=1, max_size=3))
def test_what_is_written_in_the_old_style_is_read_back(chapter: list[Unit], newline: str) -> None:
    found = read(newline.join(written_old(chapter)))
    assert not found.problems
    assert [read_back(unit, newline) for unit in found.exercises] == chapter


# Cost. Counted as calls, which do not depend on the machine; sizes are in the text's own parts.


def calls(work: Callable[[], object]) -> int:
    """How many functions, Python's and C's, are called by `work`."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


EXERCISE = "\n".join(
    write_new(
        Unit(
            "Title",
            "k{n}",
            "NormalExercise",
            100,
            ["Text."],
            ["Do `x`.", "Print it.\n```\ncode\n```"],
            {"pre_exercise_code": ["import os"], "sample_code": ["x = ___"], "solution": ["x = 1"]},
        )
    )
).replace("{python}", "{{python}}")
SHAPES = {
    "exercises": EXERCISE + "\n\n---\n\n",
    "steps": "***\n```yaml\ntype: NormalExercise\n```\n`@hint`\nx\n",
    "numbered steps": "*** =hint{n}\nx\n",
    "open fences": "`@sct`\n```{{python}}\nx\n",
    "longer and longer": "~~~~{{x}}\n~~~{{y}}\n---\n",
    "fences of either kind": "~~~\n`@hint`\n```x\n",
    "separators": "---\n",
    "breaks": "***\n",
    "titles": "## T\n",
    "directives": "`@hint`\n",
    "unknown directives": "`@abc{n:04}`\n",
    "items": "- a\n",
    "paragraphs": "a\n\n",
    "blank lines": "\n",
    "spaces": "    ",
    "dashes": "-",
    "hashes": "#",
    "backticks": "`",
    "yaml": "```yaml\na{n}: [b, {{c: d}}]\n```\n",
    "old headers": "--- type:a b:c\n",
}
HEAD = "---\ntitle: T\n---\n## T\n```yaml\ntype: BulletExercise\n```\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_grows_no_faster_than_the_text(shape: str) -> None:
    def cost(size: int) -> int:
        text = HEAD + "".join(SHAPES[shape].format(n=number) for number in range(size))
        return calls(lambda: read(text))

    base, small, large = cost(0), cost(150), cost(600)
    assert large - base <= 4.4 * (small - base) + 2000
