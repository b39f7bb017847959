"""The runner, over the protocol, beside the floor, a cold Python and pythonwhat's own runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lesson
from connection import Client
from measure import Row, against, below, children, descriptors, milliseconds, proportional
from server_figures import OWN, begin

LEAK_CHECKS = 500


class Talk:
    """A helper process that answers a line with a line."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def send(self, message: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise EOFError("the helper has ended")
        return line.decode()

    def stop(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
        self._process.wait(20)


def checks(workspace: Path, runs: int, rival: str | None) -> list[Row]:
    """A warm check, in turns with the floor, a cold Python and pythonwhat."""
    client = begin(OWN, workspace, trusted=True)
    client.request("blankcheck/info", {})
    floor = Talk(sys.executable, str(Path(__file__).with_name("floor.py")))
    floor.send({"prepare": lesson.PREPARATION, "warm": lesson.ANSWER})
    floor.answer()
    uri = (workspace / "answer.py").as_uri()
    client.open(uri, lesson.header(0) + lesson.ANSWER)
    client.diagnostics(uri)
    for number in range(3):
        check(client, uri, number)
    warm: list[float] = []
    bare: list[float] = []
    for number in range(runs):
        pause()
        begun = time.perf_counter()
        floor.send({"run": lesson.ANSWER})
        floor.answer()
        bare.append(time.perf_counter() - begun)
        pause()
        warm.append(check(client, uri, 100 + number))
    floor.stop()
    rows = [
        against("warm check / floor: one bare fork that runs the lines", warm, bare, "1.0×"),
        against("warm check / cold `python submission.py`", warm, _cold(runs), "1/100"),
        _beside_rival(client, uri, runs, rival),
    ]
    client.stop()
    return rows


def first_checks(workspace: Path, runs: int) -> list[Row]:
    """The first check of an exercise: at once after opening it, a second after, and of all."""
    at_once: list[float] = []
    later: list[float] = []
    client = begin(OWN, workspace, trusted=True)
    client.request("blankcheck/info", {})
    for number in range(runs):
        for spent, pause in ((at_once, 0.0), (later, 1.0)):
            key = 1 + 2 * number + (pause > 0)
            uri = (workspace / f"answer{key}.py").as_uri()
            client.open(uri, lesson.header(key) + lesson.ANSWER)
            client.diagnostics(uri)
            time.sleep(pause)
            spent.append(check(client, uri, 0))
    client.stop()
    begun = time.perf_counter()
    client = begin(OWN, workspace, trusted=True)
    uri = (workspace / "answer.py").as_uri()
    client.open(uri, lesson.header(0) + lesson.ANSWER)
    check(client, uri, 0)
    from_nothing = time.perf_counter() - begun
    client.stop()
    return [
        Row("first check of an exercise, at once after opening", milliseconds(at_once), runs=runs),
        Row("first check of an exercise, a second after opening", milliseconds(later), runs=runs),
        Row("first check of all, from the server's start", f"{from_nothing:.1f} s", runs=1),
    ]


def costs(workspace: Path) -> list[Row]:
    """What each process takes, and what many checks leave behind."""
    client = begin(OWN, workspace, trusted=True)
    uri = (workspace / "answer.py").as_uri()
    client.open(uri, lesson.header(0) + lesson.ANSWER)
    for number in range(20):
        check(client, uri, number)
    time.sleep(2)  # what is made ahead of need is made
    before = _held(client)
    taken = {role: proportional(pid) for role, pid in _roles(client.pid).items()}
    parts = [f"{role} {megabytes:.0f} MB" for role, megabytes in taken.items()]
    for number in range(LEAK_CHECKS):
        check(client, uri, 100 + number)
    time.sleep(2)
    after = _held(client)
    client.stop()
    return [
        Row("memory of each process (PSS)", ", ".join(parts)),
        Row("memory of all of them (PSS)", f"{sum(taken.values()):.0f} MB"),
        *(
            Row(f"{what} after {LEAK_CHECKS} checks", after[what], before[what], "", "as before")
            for what in before
        ),
    ]


def _held(client: Client) -> dict[str, str]:
    every = below(client.pid)
    (guard,) = children(client.pid)
    lasting = [client.pid, guard, *children(guard)[:1]]  # the host is the guard's child
    return {
        "server and host, PSS": f"{sum(proportional(pid) for pid in lasting):.1f} MB",
        "descriptors of server and host": str(sum(descriptors(pid) for pid in lasting)),
        "processes": str(len(every)),
    }


def _roles(server: int) -> dict[str, int]:
    """The processes below a server by what they are, while one lesson is at hand (on Linux)."""
    (guard,) = children(server)
    (host,) = children(guard)
    found = {"server": server, "guard": guard, "host": host}
    for program in children(host):
        if not children(program):
            found["heir" if "stem" in found else "stem"] = program
            continue
        chain = [program]
        while len(further := children(chain[-1])) == 1:
            chain += further
        *outer, zygote, lesson = chain
        found |= {f"namespaces {number}": pid for number, pid in enumerate(outer, 1)}
        found |= {"zygote": zygote, "lesson": lesson}
        for child in further:
            found["reference" if children(child) else "student ahead"] = child
            for judge in children(child):
                found["judge ahead"] = judge
    return found


def check(client: Client, uri: str, number: int) -> float:
    """Seconds of one check of a text that was never checked before."""
    client.edit(uri, lesson.appended(number))
    client.diagnostics(uri)
    begun = time.perf_counter()
    result = client.request("blankcheck/check", {"textDocument": {"uri": uri}})
    spent = time.perf_counter() - begun
    if result["verdict"] != "passed":
        raise RuntimeError(f"the right answer was told: {result['feedback']}")
    return spent


def pause() -> None:
    """As long as a person would take at the least, so that what is made ahead of need is there."""
    time.sleep(0.15)


def _cold(runs: int) -> list[float]:
    times: list[float] = []
    for _ in range(min(runs, 5)):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", lesson.PREPARATION + lesson.ANSWER],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        times.append(time.perf_counter() - begun)
    return times


def _beside_rival(client: Client, uri: str, runs: int, rival: str | None) -> Row:
    name = "warm check / pythonwhat's local runner"
    if rival is None:
        return Row(name, "not measured: pythonwhat could not be installed", target="1/5")
    talk = Talk(rival, str(Path(__file__).with_name("rival.py")))
    talk.send({"preparation": lesson.PREPARATION, "answer": lesson.ANSWER, "sct": lesson.RIVAL_SCT})
    talk.answer()
    own: list[float] = []
    other: list[float] = []
    for number in range(min(runs, 15)):
        talk.send("again")
        told = json.loads(talk.answer())
        if not told["passed"]:
            raise RuntimeError("pythonwhat does not pass the right answer")
        other.append(told["seconds"])
        pause()
        own.append(check(client, uri, 10_000 + number))
    talk.stop()
    return against(name, own, other, "1/5")


def install_rival(folder: Path) -> str | None:
    """An environment with pythonwhat that shares our packages: its Python, or null and why."""
    environment = folder / "pythonwhat"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    shared = [path for path in sys.path if path.endswith("site-packages")]
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True
        )
        own = next(environment.rglob("site-packages"))
        (own / "shared.pth").write_text("\n".join(shared) + "\n", "utf-8")
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "pythonwhat"],
            check=True,
            timeout=300,
            stderr=subprocess.PIPE,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        print(f"pythonwhat is skipped: {said.decode(errors='replace')[-300:]}", file=sys.stderr)
        return None
    return str(python)
