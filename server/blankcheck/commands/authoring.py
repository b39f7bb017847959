"""The command of authors: `lint`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from blankcheck import __version__, linting
from blankcheck.commands import NOT_PASSED, OK, complain
from blankcheck.commands.running import with_runner
from blankcheck.courses import CourseError
from blankcheck.reporting import finding_github, finding_json, finding_text, findings_sarif
from blankcheck.runner import Runner
from blankcheck.terminal import style_of, under_way


def lint(options: argparse.Namespace) -> int:
    """Checks chapters: what the rules find, and what comes of trying each exercise."""
    under_way("Looking for chapters …")
    files = linting.chapter_files(options.paths)
    found = list(linting.course_findings(options.paths))
    under_way("")
    at_once = options.format in ("text", "github")
    style = style_of(sys.stdout)

    def show(items: Sequence[linting.Finding]) -> None:
        for item in items if at_once else ():
            github = options.format == "github"
            print(finding_github(item) if github else finding_text(item, style), flush=True)

    async def each(look: Callable[[Path], Awaitable[tuple[linting.Finding, ...]]]) -> int:
        show(found)
        worst = OK
        for file in files:
            under_way(f"Reading {file} …")
            try:
                items = await look(file)
            except CourseError as error:
                worst = complain(str(error))
                continue
            under_way("")
            found.extend(items)
            show(items)
        return worst

    async def read(file: Path) -> tuple[linting.Finding, ...]:
        return linting.static_findings(file, str(file))

    async def tried(runner: Runner) -> int:
        async def look(file: Path) -> tuple[linting.Finding, ...]:
            def trying(number: int, count: int) -> None:
                under_way(f"Trying {file}, exercise {number} of {count} …")

            return await linting.all_findings(file, str(file), runner, trying)

        return await each(look)

    status = asyncio.run(each(read)) if options.static else with_runner(options, tried)
    if options.format == "json":
        print(json.dumps([finding_json(item) for item in found], indent=2))
    elif options.format == "sarif":
        print(findings_sarif(found, __version__))
    errors = sum(item.severity == "error" for item in found)
    if options.format == "text":
        counted = f"{_count(len(files), 'chapter')}, {_count(len(found), 'finding')}"
        print(f"{counted}, {_count(errors, 'error')}.", file=sys.stderr)
    return status or (NOT_PASSED if errors else OK)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
