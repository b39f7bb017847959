"""The feedback corpus: submissions as learners write them, with the verdict that each deserves.

A file `cases/NAME.md` holds the submissions for a chapter: `chapters/NAME.md`, or the one of that
name in the built-in course. It reads like a list of changes to the solution:

    ## hidden-layers                                    the exercise's key

    ### torch/swapped-operands: weights first           a wrong one, with the code expected
    - hidden = torch.matmul(x, weight)
    + hidden = torch.matmul(weight, x)

    ### right: the operator                             a right one
    - hidden = torch.matmul(x, weight)
    + hidden = x @ weight

Lines with `-` are replaced, lines with two spaces stay, lines with `+` are new; `...` stands
between changes, and `+` alone is a whole submission. The feedback belongs on the line that ends in
`#<-` (any of them, where there are more), else on the first new line. Codes that are as good stand
beside each other, with `|`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blankcheck.course import reader
from blankcheck.courses import Target

FOLDER = Path(__file__).parent
EXERCISES = FOLDER.parents[1] / "exercises"
MARK = "#<-"

_CASE = re.compile(r"### (?P<codes>[^:]+): (?P<title>.+)")


@dataclass(frozen=True)
class Case:
    """A submission, and what it deserves."""

    chapter: str
    key: str
    title: str
    codes: tuple[str, ...]
    """Any of these is right; none: the submission is right."""
    submission: str
    lines: frozenset[int]
    """Any of these is right, from 0; none: the submission is right."""

    @property
    def id(self) -> str:
        """Names it in tests and in the table."""
        return f"{self.key}: {self.title}"

    @property
    def right(self) -> bool:
        """Whether it has to pass."""
        return not self.codes


def chapters() -> tuple[str, ...]:
    """The chapters that have cases."""
    return tuple(sorted(file.stem for file in (FOLDER / "cases").glob("*.md")))


def chapter_file(name: str) -> Path:
    """Where a chapter is."""
    own = FOLDER / "chapters" / f"{name}.md"
    return own if own.exists() else EXERCISES / f"{name}.md"


@cache
def targets(name: str) -> dict[str, Target]:
    """A chapter's exercises that have a solution, by key."""
    file = chapter_file(name)
    chapter = reader.read(file.read_text(encoding="utf-8"))
    found = (Target(file, chapter, exercise) for exercise in chapter.exercises)
    return {target.key: target for target in found if target.unit.code("solution") is not None}


def solution(target: Target) -> str:
    """An exercise's solution."""
    code = target.unit.code("solution")
    assert code is not None
    return code.text


@cache
def cases(name: str) -> tuple[Case, ...]:
    """The cases of a chapter."""
    text = (FOLDER / "cases" / f"{name}.md").read_text(encoding="utf-8")
    key, heading, found = "", "", list[Case]()
    body: list[str] = []

    def finish() -> None:
        if heading:
            found.append(_case(name, key, heading, body))

    for line in text.splitlines():
        if line.startswith("#"):
            finish()
            heading, body = "", []
            if line.startswith("## "):
                key = line[3:].strip()
            elif line.startswith("### "):
                heading = line
        else:
            body.append(line)
    finish()
    return tuple(found)


def all_cases() -> tuple[Case, ...]:
    """Every case there is."""
    return tuple(case for name in chapters() for case in cases(name))


def _case(chapter: str, key: str, heading: str, body: list[str]) -> Case:
    match = _CASE.fullmatch(heading)
    assert match is not None, f"{chapter}: not a heading of a case: {heading}"
    codes = tuple(code.strip() for code in match["codes"].split("|"))
    if codes == ("right",):
        codes = ()
    where = f"{chapter}, {key}, {match['title']}"
    assert key in targets(chapter), f"{where}: no such exercise"
    lines, marked, new = _edited(solution(targets(chapter)[key]).splitlines(), body, where)
    at = marked or new[:1]
    assert not codes or at, f"{where}: no line is marked with {MARK}"
    text = "\n".join(lines) + "\n"
    return Case(chapter, key, match["title"], codes, text, frozenset(at if codes else ()))


def _edited(
    lines: list[str], body: list[str], where: str
) -> tuple[list[str], list[int], list[int]]:
    """The solution's lines with the changes made; the lines that are marked, and that are new."""
    hunks: list[list[str]] = [[]]
    for line in body:
        if line.strip() == "...":
            hunks.append([])
        elif line.strip():
            assert line[:2] in ("- ", "+ ", "  ", "-", "+"), f"{where}: what is {line!r}?"
            hunks[-1].append(line)
    if all(line[0] == "+" for hunk in hunks for line in hunk):
        lines = []
    result: list[str] = []
    marked: list[int] = []
    new: list[int] = []
    rest = lines
    for hunk in hunks:
        before = [_bare(line) for line in hunk if line[0] != "+"]
        at = _find(rest, before, where)
        result += rest[:at]
        rest = rest[at + len(before) :]
        for line in hunk:
            if line[0] == "-":
                continue
            if line.rstrip().endswith(MARK):
                marked.append(len(result))
            if line[0] == "+":
                new.append(len(result))
            result.append(_bare(line))
    return result + rest, marked, new


def _bare(line: str) -> str:
    return line[2:].rstrip().removesuffix(MARK).rstrip()


def _find(lines: list[str], block: list[str], where: str) -> int:
    """Where a block of lines is, which has to be there exactly once."""
    stripped = [line.rstrip() for line in lines]
    found = [
        at for at in range(len(lines) - len(block) + 1) if stripped[at : at + len(block)] == block
    ]
    if not block and not lines:
        return 0
    assert len(found) == 1, f"{where}: {len(found)} places for {block}"
    return found[0]
