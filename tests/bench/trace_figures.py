"""Where the time of a warm check goes, by the host's own marks (`BLANKCHECK_TRACE=1`)."""

from __future__ import annotations

import re
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import lesson
from measure import Row, milliseconds
from runner_figures import check, pause
from server_figures import OWN, begin

_LINE = re.compile(r"trace (\S+) ([\d.]+) \+[\d.]+ host: ([^;\n]*)")
_CAME = "check came"
_WORDS = {
    _CAME: "text in, blanks and syntax looked at, request to the host",
    "student at hand": "a student that was forked ahead is taken",
    "submission ran": "the submission's lines",
    "judge at hand": "a judge that was forked ahead is taken",
    "judged": "observations asked for, SCT evaluated",
    "answered": "report written",
}
_REST = "report to the server, placed, result out"


def phases(workspace: Path, runs: int) -> list[Row]:
    """The median of each phase, in the order in which they come."""
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.NamedTemporaryFile() as log:
        client = begin(OWN, workspace, trusted=True, trace=log.file)
        uri = (workspace / "answer.py").as_uri()
        client.open(uri, lesson.header(0) + lesson.ANSWER)
        client.diagnostics(uri)
        for number in range(3):
            check(client, uri, number)
        for number in range(runs):
            pause()
            client.edit(uri, lesson.appended(100 + number))
            client.diagnostics(uri)
            skipped = Path(log.name).stat().st_size
            last = time.monotonic()
            client.request("blankcheck/check", {"textDocument": {"uri": uri}})
            done = time.monotonic()
            marks = _marks(Path(log.name), skipped)
            for phase, at in marks:
                spent[_WORDS.get(phase, phase)].append(at - last)
                last = at
            spent[_REST].append(max(0.0, done - last))
        client.stop()
    return [
        Row(f"of a warm check: {phase}", milliseconds(times), runs=len(times))
        for phase, times in spent.items()
    ]


def _marks(log: Path, skipped: int) -> list[tuple[str, float]]:
    """The phases of the last check with the seconds at which each was done."""
    while True:
        text = log.read_bytes()[skipped:].decode("utf-8", "replace")
        found = [(phase, float(at) / 1000) for _, at, phase in _LINE.findall(text)]
        begun = [index for index, (phase, _) in enumerate(found) if phase == _CAME]
        if begun and found[-1][0] == "answered":
            return found[begun[-1] :]
        time.sleep(0.005)
