"""Runs hostile submissions through one host, each followed by a right answer, and looks at what
is left: processes, files, descriptors, changed state.

A case says in its head what it tries (`# INTENT:`), which verdicts are right (`# VERDICT:`, in the
words of results or `pass`, `fail`), the least level at which to try it (`# NEEDS:`), and where it
is long, an expression for its text (`# SOURCE:`). One that gets through prints REACHED.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blankcheck import checking
from blankcheck.courses import Target, read_chapter
from blankcheck.result import Result
from blankcheck.runner.process import HostRunner
from blankcheck_runner import processes
from blankcheck_runner.sandbox.levels import LEVELS, VARIABLE
from blankcheck_runner.wire import Limits

HERE = Path(__file__).parent
CASES = HERE / "cases"
SECONDS = 5.0
"""The time limit of a run."""
_HANG = 40.0
_SETTLE = 5.0
_WORDS = {
    "pass": {"passed"},
    "fail": {"failed", "error"},
    "error": {"error", "limit"},
    "timeout": {"timeout", "limit"},
}
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RIGHT = "y = x.sum(dim=0) * 2\ntotal = y.sum().item()\nprint(total)\n"


@dataclass(frozen=True)
class Case:
    """One hostile submission."""

    file: Path
    text: str
    intent: str
    verdicts: frozenset[str]
    needs: str

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.file.stem

    def runs_at(self, level: str) -> bool:
        """Whether it may be tried where code is contained this well."""
        return LEVELS.index(self.needs) <= LEVELS.index(level)  # pyright: ignore[reportArgumentType]


@dataclass
class Outcome:
    """What came of a case."""

    case: Case
    result: Result | None
    faults: list[str] = field(default_factory=list[str])

    @property
    def verdict(self) -> str:
        """What it came to; a dash if it hung."""
        return self.result.verdict if self.result else "-"

    def row(self) -> str:
        """A line for a person."""
        verdict = self.verdict
        seconds = self.result.seconds if self.result else 0.0
        told = self.result.feedback[0].message if self.result and self.result.feedback else ""
        state = "; ".join(self.faults) or "ok"
        return f"{self.case.name:34} {verdict:10} {seconds:5.2f} s  {state:4} {told[:90]!r}"


def cases(folder: Path, only: Sequence[str] = ()) -> list[Case]:
    """The cases in a folder, in the order of their names."""
    found = [_read(file) for file in sorted(folder.glob("*.py"))]
    return [case for case in found if not only or case.file.name.startswith(tuple(only))]


def _read(file: Path) -> Case:
    text = file.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    head = dict(re.findall(r"#\s*(INTENT|VERDICT|NEEDS|SOURCE):\s*([^\r\n]*)", text[:2000]))
    if "SOURCE" in head:
        text = str(eval(head["SOURCE"]))
    words = re.split(r"[^\w|]", head["VERDICT"])[0].split("|")
    verdicts = frozenset[str]().union(*(_WORDS.get(word, {word}) for word in words))
    return Case(file, text, head["INTENT"], verdicts, head.get("NEEDS", "none"))


class Bench:
    """A host, what surrounds it, and how both were before anything hostile ran."""

    def __init__(
        self, chapter: Path, level: str, start: str, around: Path, seconds: float = SECONDS
    ) -> None:
        """`around`: an empty folder for all that a submission should not reach. `seconds`: the time
        limit of each run."""
        self.home, self.temporary = around / "home", around / "tmp"
        for folder in (self.home, self.temporary, around / "course"):
            folder.mkdir()
        # What there is to steal, and to spoil.
        self.chapter = around / "course" / "chapter.md"
        self.chapter.write_bytes(chapter.read_bytes())
        (self.home / "secret.txt").write_text("the person's own")
        (around / "progress.json").write_text("{}")
        self._around = around
        read = read_chapter(self.chapter)
        self._target = Target(self.chapter, read, read.exercises[0])
        environment = {
            VARIABLE: level,
            "BLANKCHECK_START": start,
            "TMPDIR": str(self.temporary),
            "HOME": str(self.home),
            "BLANKCHECK_CANARY": "the person's own",
        }
        self.runner = HostRunner(sys.executable, environment)
        self.level = level
        self._seconds = seconds
        self._counts: dict[str, Callable[[], int]] = {
            "processes": self._processes,
            "descriptors": self._descriptors,
            "scratch directories": self._directories,
        }
        self._before: dict[str, int] = {}
        self._files_before: frozenset[str] = frozenset()

    async def prepare(self) -> None:
        """Starts the host and notes how things are. The level is then the one that is had."""
        self.level = (await self.runner.info()).sandbox
        for _ in range(2):
            await self._check(RIGHT)
        self._before = {name: await self._settled(count) for name, count in self._counts.items()}
        self._files_before = self._files()

    async def attempt(self, case: Case) -> Outcome:
        """Runs a case, then a right answer, and compares how things are with how they were."""
        outcome = Outcome(case, None)
        try:
            result = outcome.result = await asyncio.wait_for(self._check(case.text), _HANG)
        except asyncio.TimeoutError:
            outcome.faults.append("HANGS")
            return outcome
        if result.verdict not in case.verdicts:
            outcome.faults.append(f"expected {'|'.join(sorted(case.verdicts))}")
        if "REACHED" in result.output:
            outcome.faults.append(f"gets through: {result.output[-300:]!r}")
        shown = [result.output, *(item.message for item in result.feedback)]
        if any(_CONTROL.search(text) for text in shown):
            outcome.faults.append("shows control characters")
        if any(len(item.message) > 8000 for item in result.feedback):
            outcome.faults.append("shows too much")
        after = await self._check(RIGHT)
        if after.verdict != "passed":
            outcome.faults.append(f"the right answer after it: {after.verdict}")
        for name, count in self._counts.items():
            most = self._before[name]
            if (left := await self._settled(count, most)) > most:
                outcome.faults.append(f"{left - most} {name} left")
        if changed := self._files() ^ self._files_before:
            outcome.faults.append(f"changed {sorted(changed)[:3]}")
        return outcome

    async def close(self) -> None:
        """Ends the host."""
        await self.runner.close()

    async def _check(self, text: str) -> Result:
        limits = Limits(seconds=self._seconds)
        file = str(self._around / "answer.py")
        return await checking.check(self._target, text, file, self.runner, limits=limits)

    async def _settled(self, count: Callable[[], int], most: int = 0) -> int:
        """A count, when it is `most` or less; or without `most`, when it keeps."""
        deadline = time.monotonic() + _SETTLE
        same, last = 0, -1
        while time.monotonic() < deadline and same < 5:
            found = count()
            if most and found <= most:
                return found
            same, last = (same + 1 if found == last and not most else 0), found
            await asyncio.sleep(0.1)
        return last

    def _processes(self) -> int:
        """How many there are below the host."""
        assert self.runner.pid is not None
        return len(processes.descendants(self.runner.pid))

    def _descriptors(self) -> int:
        """How many the host has open, and the program that its workers are forked from."""
        assert self.runner.pid is not None
        kept = [self.runner.pid, *processes.children(self.runner.pid)]
        count = 0
        for pid in kept:
            with contextlib.suppress(OSError):
                count += len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return count

    def _directories(self) -> int:
        """How many scratch directories there are."""
        while True:
            with contextlib.suppress(FileNotFoundError):  # one is removed right now
                return len(list(self.temporary.glob("blankcheck-*/*/*")))

    def _files(self) -> frozenset[str]:
        """Every file outside of the scratch directories, with its content; and shared memory."""
        found = [str(name) for name in Path("/dev/shm").iterdir()]
        for folder, folders, names in os.walk(self._around):
            folders[:] = [name for name in folders if not name.startswith("blankcheck-")]
            for path in [Path(folder) / name for name in names]:
                found.append(f"{path}:{oct(path.lstat().st_mode)}:{path.read_bytes()[:99]!r}")
            found.append(f"{folder}:{oct(Path(folder).stat().st_mode)}")
        return frozenset(found)
