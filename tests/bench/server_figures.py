"""The server beside a bare pygls server: start, keystrokes, memory, and chapters of 1,000."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import IO

import lesson
from connection import Client
from measure import Row, against, milliseconds, proportional, resident

OWN = (sys.executable, "-m", "blankcheck", "serve", "--stdio")
BARE = (sys.executable, str(Path(__file__).with_name("bare_server.py")))
SIZES = (250, 500, 1000)


def begin(
    command: tuple[str, ...],
    workspace: Path,
    *,
    trusted: bool = False,
    trace: IO[bytes] | None = None,
) -> Client:
    """An initialized server, whose progress is kept in the workspace; `trace` gets its phases."""
    surroundings = {"BLANKCHECK_DATA_DIR": str(workspace / "data")}
    if trace is not None:
        surroundings["BLANKCHECK_TRACE"] = "1"
    client = Client(command, surroundings, trace)
    client.initialize(workspace, trusted)
    return client


def start(workspace: Path, runs: int) -> Row:
    """From the process' start to the answer to `initialize`."""
    times: dict[tuple[str, ...], list[float]] = {OWN: [], BARE: []}
    for _ in range(runs):
        for command, spent in times.items():
            begun = time.perf_counter()
            client = begin(command, workspace)
            spent.append(time.perf_counter() - begun)
            client.stop()
    return against("server start / bare pygls", times[OWN], times[BARE], "1.5×")


def keystrokes(workspace: Path, runs: int) -> list[Row]:
    """From an edit of one character to its diagnostics; then what the server takes in memory."""
    uri = (workspace / "answer.py").as_uri()
    text = lesson.header(0) + lesson.SAMPLE
    clients = [begin(command, workspace) for command in (OWN, BARE)]
    for client in clients:
        client.open(uri, text)
        client.diagnostics(uri)
    times: list[list[float]] = [[], []]
    for number in range(runs):
        line, column = 3, len("b = torch.rand(4, 4)")
        place = {"line": line, "character": column}
        other = {"line": line, "character": column + 1}
        insert = {"range": {"start": place, "end": place}, "text": "#"}
        delete = {"range": {"start": place, "end": other}, "text": ""}
        for client, spent in zip(clients, times, strict=True):
            begun = time.perf_counter()
            client.edit(uri, delete if number % 2 else insert)
            client.diagnostics(uri)
            spent.append(time.perf_counter() - begun)
    own, bare = (statistics.median(spent) for spent in times)
    memory = [
        Row(
            "server's memory, one exercise open (PSS, resident)",
            f"{proportional(clients[0].pid):.0f} MB, {resident(clients[0].pid):.0f} MB",
            f"{proportional(clients[1].pid):.0f} MB, {resident(clients[1].pid):.0f} MB",
            target="80 MB",
        )
    ]
    for client in clients:
        client.stop()
    added = Row(
        "keystroke to diagnostics / bare pygls",
        milliseconds(times[0]),
        milliseconds(times[1]),
        f"+{(own - bare) * 1000:.1f} ms",
        "+20 ms",
        runs,
    )
    return [added, *memory]


def chapters(workspace: Path, runs: int) -> list[Row]:
    """Chapters of several sizes: opening one (outline and problems), and an edit in it."""
    opened: dict[int, list[float]] = {size: [] for size in SIZES}
    edited: dict[int, list[float]] = {size: [] for size in SIZES}
    memory = ""
    for size in SIZES:
        text = lesson.chapter(size)
        uri = (workspace / "course" / f"large{size}.md").as_uri()
        line = text[: text.index("is exercise", len(text) // 2)].count("\n")
        for _ in range(max(1, runs // 4)):
            client = begin(OWN, workspace)
            client.open(workspace.joinpath("plain.py").as_uri(), "")  # the imports are done
            client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
            begun = time.perf_counter()
            client.open(uri, text, "markdown")
            client.diagnostics(uri)
            symbols = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
            opened[size].append(time.perf_counter() - begun)
            assert len(symbols) == size
            place = {"line": line, "character": 0}
            for letter in "abcd":
                begun = time.perf_counter()
                client.edit(uri, {"range": {"start": place, "end": place}, "text": letter})
                client.diagnostics(uri)
                edited[size].append(time.perf_counter() - begun)
            memory = f"{proportional(client.pid):.0f} MB, {resident(client.pid):.0f} MB"
            client.stop()
    last = SIZES[-1]
    return [
        Row(
            f"a chapter of {last} exercises opens",
            milliseconds(opened[last]),
            target="1 s",
            runs=len(opened[last]),
        ),
        Row(
            "an edit in it, to its diagnostics",
            milliseconds(edited[last]),
            target="50 ms",
            runs=len(edited[last]),
        ),
        _growth("opening", opened),
        _growth("an edit", edited),
        Row(f"server's memory, {last} exercises open (PSS, resident)", memory),
    ]


def _growth(what: str, times: dict[int, list[float]]) -> Row:
    medians = [statistics.median(times[size]) for size in SIZES]
    told = ", ".join(f"{value * 1000:.0f} ms" for value in medians)
    sizes = ", ".join(str(size) for size in SIZES)
    ratio = f"{medians[-1] / medians[0]:.1f}×"
    return Row(f"{what}: {sizes} exercises", told, "", ratio, "4× (linear)")
