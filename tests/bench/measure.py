"""What is measured, and how it is told: medians, ratios, and what a process costs."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MARKS = ("<!-- measured -->", "<!-- /measured -->")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    value: str
    base: str = ""
    """What it is compared with."""
    ratio: str = ""
    target: str = ""
    runs: int = 0


def milliseconds(times: Sequence[float]) -> str:
    """The median of some seconds."""
    return f"{statistics.median(times) * 1000:.1f} ms"


def against(name: str, times: Sequence[float], base: Sequence[float], target: str) -> Row:
    """Two medians that were measured in turns, and their ratio."""
    own, other = statistics.median(times), statistics.median(base)
    times_less = other / own
    digits = 1 if times_less < 20 else 0
    ratio = f"{own / other:.2f}×" if times_less <= 3 else f"1/{times_less:.{digits}f}"
    return Row(name, milliseconds(times), milliseconds(base), ratio, target, len(times))


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    head = ("what", "median", "compared with", "ratio", "target", "runs")
    lines = [head, tuple("-" * 3 for _ in head)]
    for row in rows:
        runs = str(row.runs) if row.runs else ""
        lines.append((row.name, row.value, row.base, row.ratio, row.target, runs))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write(document: Path, found: str) -> None:
    """Puts what was found between the marks of a document."""
    begin, end = MARKS
    before, _, rest = document.read_text("utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise SystemExit(f"{document} has no {begin} and {end}")
    document.write_text(f"{before}{begin}\n\n{found}\n\n{end}{after}", "utf-8")


def machine() -> str:
    """The machine in words, with how busy it is."""
    model = re.search(r"model name\s*:\s*(.*)", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    parts = [
        platform.platform(),
        f"{os.cpu_count()} × {model[1] if model else platform.processor()}",
        f"{int(memory[1]) // 2**20} GiB" if memory else "",
        f"Python {platform.python_version()}",
        f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "",
    ]
    return ", ".join(part for part in parts if part)


def resident(pid: int) -> float:
    """Megabytes of memory that a process has, those that it shares counted in full."""
    found = re.search(r"VmRSS:\s*(\d+)", _text(f"/proc/{pid}/status"))
    return int(found[1]) / 1024 if found else 0.0


def proportional(pid: int) -> float:
    """Megabytes of memory, what is shared divided by who shares it (PSS). A host tells that only to
    root; for others it is what is resident."""
    found = re.search(r"^Pss:\s*(\d+)", _text(f"/proc/{pid}/smaps_rollup"), re.MULTILINE)
    return int(found[1]) / 1024 if found else resident(pid)


def descriptors(pid: int) -> int:
    """How many files a process has open."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def children(pid: int) -> list[int]:
    """The processes that a process has begun and that live."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        below = " ".join(_text(str(task / "children")) for task in tasks.iterdir())
    except OSError:
        return []
    return [int(number) for number in below.split()]


def below(pid: int) -> list[int]:
    """Every process below one, the nearest first."""
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent)]
        found += level
    return found


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
