"""Errors that learners make, raised for real, and what they are told: `crashes/*.txt`.

A case is a title (`== …`), the code, carets under the place at fault, and the message after
`-> code:`. Carets of several lines mean one range from the first to the last.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blankcheck_runner.crash import crash_from_json, crash_to_json, observe
from blankcheck_runner.explain import explain
from blankcheck_runner.wire import Feedback

FOLDER = Path(__file__).parent / "crashes"
FILE = "/somewhere/exercise.py"
GIVEN = "<pre-exercise code>"
GIVEN_CODE = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split

def helper_train(net, x):
    return net(x)

def helper_apply(function):
    return function(torch.ones(2))
"""
CARETS = re.compile(r" *(\^+)$")


@dataclass(frozen=True)
class Case:
    title: str
    code: str
    start: int
    end: int
    slug: str
    message: str


def read(path: Path) -> Iterator[Case]:
    for block in path.read_text(encoding="utf-8").split("\n== ")[1:]:
        title, _, rest = block.partition("\n")
        body, _, expected = rest.rpartition("\n-> ")
        slug, _, message = expected.strip().partition(": ")
        lines: list[str] = []
        spans: list[tuple[int, int]] = []
        offset = 0
        for line in body.split("\n"):
            if found := CARETS.match(line):
                begin = offset - len(lines[-1]) - 1
                spans.append((begin + found.start(1), begin + found.end(1)))
            else:
                lines.append(line)
                offset += len(line) + 1
        assert spans, f"{path.name}: {title}: no carets"
        yield Case(title, "\n".join(lines) + "\n", spans[0][0], spans[-1][1], slug, message)


CASES = [
    pytest.param(case, id=f"{path.stem}: {case.title}")
    for path in sorted(FOLDER.glob("*.txt"))
    for case in read(path)
]


def run(code: str) -> Feedback:
    """Runs the code as a submission, and gives the explanation of what it raised."""
    sources = {FILE: code, GIVEN: GIVEN_CODE}
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(GIVEN_CODE, GIVEN, "exec"), names)
    try:
        exec(compile(code, FILE, "exec"), names)
    except BaseException as error:
        told = json.dumps(crash_to_json(observe(error, sources)))
        return explain(crash_from_json(json.loads(told)), code)
    pytest.fail("the code raised nothing")


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with two files, and an empty input."""
    (tmp_path / "weights.pt").write_bytes(b"")
    (tmp_path / "readme.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_explained_on_its_place(case: Case) -> None:
    feedback = run(case.code)
    assert feedback.start is not None
    assert feedback.end is not None
    assert feedback.code == f"run/{case.slug}"
    if sys.version_info < (3, 11):
        # The instruction's columns are not known there; `test_where_only_the_line_is_known`.
        return
    underlined = case.code[feedback.start : feedback.end]
    assert (underlined, feedback.start) == (case.code[case.start : case.end], case.start)
    assert feedback.message == case.message


def test_the_cases_are_read() -> None:
    assert len(CASES) > 200


def test_where_only_the_line_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Python 3.10: nearly always the same message, on a place of the same line."""

    def no_positions(*_: object) -> None:
        return None

    monkeypatch.setattr("blankcheck_runner.crash._instruction", no_positions)
    cases = [case for path in ("shapes", "names") for case in read(FOLDER / f"{path}.txt")]
    other: list[str] = []
    for case in cases:
        feedback = run(case.code)
        assert feedback.start is not None
        if feedback.message != case.message:
            other.append(case.title)
        assert case.code.count("\n", 0, feedback.start) == case.code.count("\n", 0, case.start)
    assert other == ["matmul inside another call"]
