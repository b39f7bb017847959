"""`npm run feedback`: the whole corpus as a table, with what falls short and the percentages."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence

from tests.feedback.corpus import Case, all_cases, chapters, targets
from tests.feedback.marking import AT_ONCE, KNOWN, Marked, marked
from tests.feedback.mutations import Mutant, Tried, mutants, tried

from blankcheck.courses import Target
from blankcheck.runner.process import HostRunner


async def checked(cases: Sequence[Case]) -> list[Marked]:
    """All cases, checked."""
    runner = HostRunner()
    try:
        return await marked(cases, runner)
    finally:
        await runner.close()


async def tried_all() -> list[Tried]:
    """All mutants of all exercises, checked."""
    runner = HostRunner()
    free = asyncio.Semaphore(AT_ONCE)

    async def one(target: Target, mutant: Mutant) -> Tried:
        async with free:
            return await tried(target, mutant, runner)

    try:
        work = [
            one(target, mutant)
            for name in chapters()
            for target in targets(name).values()
            for mutant in mutants(target)
        ]
        return await asyncio.gather(*work)
    finally:
        await runner.close()


def row(found: Marked) -> str:
    """One case: what it deserves, what it got, and what was said."""
    case, result = found.case, found.result
    first = found.first
    got = result.verdict
    if first is not None and not case.right:
        line = found.line
        got = f"{first.code} on line {'?' if line is None else line + 1}"
    wanted = "passed"
    if not case.right:
        lines = " or ".join(str(line + 1) for line in sorted(case.lines))
        wanted = f"{' | '.join(case.codes)} on line {lines}"
    short = f"  ← {', '.join(found.short)}" if found.short else ""
    rows = [f"{'✗' if found.short else '✓'} {case.id}{short}"]
    if found.short:
        rows.append(f"    expected  {wanted}")
    rows.append(f"    {'got       ' if found.short else ''}{got}")
    if first is not None and not (case.right and not found.short):
        rows.append(f"    {'“' + first.message + '”'}")
    return "\n".join(rows)


def summary(found: Sequence[Marked]) -> str:
    """The figures."""
    wrong = [item for item in found if not item.case.right]
    right = [item for item in found if item.case.right]

    passed = sum(item.result.verdict == "passed" for item in wrong)
    place = sum(not {"verdict", "line"} & set(item.short) for item in wrong)
    code = sum(not {"verdict", "code"} & set(item.short) for item in wrong)
    refused = sum(bool(item.short) for item in right)
    return "\n".join(
        [
            f"wrong submissions that pass:        {share(passed, len(wrong))}",
            f"wrong submissions, right line:      {share(place, len(wrong))}",
            f"wrong submissions, right code:      {share(code, len(wrong))}",
            f"right submissions that are refused: {share(refused, len(right))}",
        ]
    )


def mutations(found: Sequence[Tried]) -> str:
    """What came of the mutants: those that were accepted, those that are equal, the figures."""
    rows = ["\n── mutations\n"]
    for item in found:
        if item.fate == "accepted":
            rows.append(f"✗ {item.id}\n    passes, and is not shown to compute the same")
        elif item.fate == "equal":
            rows.append(f"≡ {item.id}")
    refused = [item for item in found if item.fate == "refused"]
    return "\n".join(
        [
            *rows,
            "",
            f"mutants: {len(found)}, of which {len(refused)} refused, "
            f"{sum(item.fate == 'equal' for item in found)} equal, "
            f"{sum(item.fate == 'accepted' for item in found)} wrongly accepted",
            f"refused on the line changed:        "
            f"{share(sum(item.placed for item in refused), len(refused))}",
        ]
    )


def share(count: int, of: int) -> str:
    """A figure with its percentage."""
    return f"{count} of {of} ({100 * count / max(1, of):.1f} %)"


def main() -> int:
    """Prints the table; 1 if a wrong submission passes or a right one is refused."""
    parser = argparse.ArgumentParser(prog="npm run feedback --", description=__doc__)
    parser.add_argument("--short", action="store_true", help="only what falls short")
    parser.add_argument("--only", default="", help="only cases with this in their chapter or id")
    parser.add_argument("--write", action="store_true", help="keep what falls short as known")
    parser.add_argument("--no-mutations", action="store_true", help="only the corpus")
    options = parser.parse_args()
    chosen = [case for case in all_cases() if options.only in f"{case.chapter} {case.id}"]
    start = time.perf_counter()
    found = asyncio.run(checked(chosen))
    seconds = time.perf_counter() - start
    chapter = ""
    for item in found:
        if options.short and not item.short:
            continue
        if item.case.chapter != chapter:
            chapter = item.case.chapter
            print(f"\n── {chapter}\n")
        print(row(item))
    print(f"\n{summary(found)}\nin {seconds:.1f} s")
    if options.write:
        short = {item.case.id: list(item.short) for item in found if item.short}
        KNOWN.write_text(json.dumps(short, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    bad = any("verdict" in item.short for item in found)
    if not options.no_mutations and not options.only:
        mutated = asyncio.run(tried_all())
        print(mutations(mutated))
        bad = bad or any(item.fate == "accepted" for item in mutated)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
