"""`npm run bench`: how fast Blankcheck is, beside what it is compared with, as a table.

Everything that is compared is measured in turns in one run. Nothing here fails for being slow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import lesson
from measure import Row, machine, table, write
from runner_figures import checks, costs, first_checks, install_rival
from server_figures import chapters, keystrokes, start
from trace_figures import phases

PARTS = ("start", "keystrokes", "chapters", "checks", "trace", "first", "costs")


def main() -> int:
    """Measures, and prints a table in Markdown."""
    parser = argparse.ArgumentParser(prog="npm run bench --", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; without any, all")
    parser.add_argument("--write", metavar="FILE", help="put the table into this document too")
    parser.add_argument("--runs", type=int, default=40, help="how often, for what is quick")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    parts = asked.parts or PARTS
    runs = max(4, asked.runs)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="blankcheck-bench-") as folder:
        workspace = Path(folder)
        (workspace / "course").mkdir()
        (workspace / "course" / "bench.md").write_text(lesson.chapter(100), "utf-8")
        for part in parts:
            begun = time.monotonic()
            if part == "start":
                rows.append(start(workspace, runs // 3))
            elif part == "keystrokes":
                rows += keystrokes(workspace, runs * 3)
            elif part == "chapters":
                rows += chapters(workspace, runs // 3)
            elif part == "checks":
                rows += checks(workspace, runs, install_rival(workspace))
            elif part == "trace":
                rows += phases(workspace, runs)
            elif part == "first":
                rows += first_checks(workspace, runs // 4)
            else:
                rows += costs(workspace)
            print(f"{part}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    found = f"{machine()}\n\n{table(rows)}"
    print(found)
    if asked.write:
        write(Path(asked.write), found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
