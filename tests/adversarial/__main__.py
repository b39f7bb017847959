"""`npm run adversarial`: every hostile submission, at every level that this machine gives.

    python -m tests.adversarial [FOLDER] [--level full …] [--start fork …] [--only 04 38]

Another folder of cases may be named; a `chapter.md` in it is taken for theirs. The last thing that
is printed is a table in Markdown: who tried what, and which verdict that got at which level. The
exit status is 1 if any got another verdict than it should, or left something behind.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.adversarial.corpus import CASES, HERE, Bench, Case, cases

from blankcheck_runner.sandbox.levels import LEVELS

Column = dict[str, str]
"""The verdict of each case, by its name, in one way of running them."""


async def _column(
    found: Sequence[Case], chapter: Path, level: str, start: str
) -> tuple[str, Column, int]:
    """Runs cases at a level. The level that was had, the verdicts, and how many are wrong."""
    column: Column = {}
    bad = 0
    with tempfile.TemporaryDirectory() as around:
        bench = Bench(chapter, level, start, Path(around))
        try:
            await bench.prepare()
            if bench.level != level:
                return bench.level, column, 0
            print(f"\nlevel {level}, start {start}", flush=True)
            for case in found:
                if not case.runs_at(level):
                    continue
                outcome = await bench.attempt(case)
                bad += bool(outcome.faults)
                column[case.name] = outcome.verdict + ("!" if outcome.faults else "")
                print(outcome.row(), flush=True)
        finally:
            await bench.close()
    return level, column, bad


async def _run(folder: Path, levels: list[str], starts: list[str], only: Sequence[str]) -> int:
    own = folder / "chapter.md"
    chapter = own if own.exists() else HERE / "chapter.md"
    found = cases(folder, only)
    columns: dict[str, Column] = {}
    bad = 0
    for start in starts:
        for level in levels:
            had, column, wrong = await _column(found, chapter, level, start)
            if had != level:
                print(f"\nThis machine does not give the level {level}, only {had}.", flush=True)
                continue
            columns[f"{level}, {start}" if len(starts) > 1 else level] = column
            bad += wrong
    print(_table(found, columns))
    print(f"\n{bad} of {sum(map(len, columns.values()))} are not as they should be.")
    return 1 if bad else 0


def _table(found: Sequence[Case], columns: dict[str, Column]) -> str:
    heads = ["case", "what it tries", *columns]
    lines = [heads, ["---"] * len(heads)]
    for case in found:
        verdicts = [column.get(case.name, "–") for column in columns.values()]
        intent = case.intent.replace("|", "\\|")
        lines.append([f"`{case.name}`", intent, *verdicts])
    return "\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="npm run adversarial --", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=CASES)
    parser.add_argument("--level", nargs="*", default=list(reversed(LEVELS)))
    parser.add_argument("--start", nargs="*", default=["fork"])
    parser.add_argument("--only", nargs="*", default=())
    asked = parser.parse_args()
    sys.exit(asyncio.run(_run(asked.folder, asked.level, asked.start, asked.only)))
