"""The store of what a learner has done, and what is made of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from blankcheck import progress as module
from blankcheck.progress import Attempt, Kind, Progress, Standing, Unit, combine, derive

UNIT = Unit("course", "chapter.md", "key")


def attempt(kind: Kind, verdict: str | None = None) -> Attempt:
    return Attempt(UNIT, kind, verdict, "x = 1\n")


def test_an_attempt_is_there_for_the_next_window(tmp_path: Path) -> None:
    Progress(tmp_path).add(attempt("check", "failed"))
    (kept,) = Progress(tmp_path).attempts()
    assert (kept.unit, kept.kind, kept.verdict) == (UNIT, "check", "failed")
    assert kept.submission == "x = 1\n"
    assert kept.time > 0


def test_nothing_is_written_before_the_first_attempt(tmp_path: Path) -> None:
    store = Progress(tmp_path / "new")
    assert store.standings() == {}
    assert not (tmp_path / "new").exists()


def test_text_that_is_no_unicode_is_kept(tmp_path: Path) -> None:
    Progress(tmp_path).add(Attempt(UNIT, "check", "error", "a = '\ud800\0'"))
    (kept,) = Progress(tmp_path).attempts()
    assert kept.submission == "a = '\\ud800\0'"


@pytest.mark.parametrize(
    ("attempts", "standing"),
    [
        ([], Standing()),
        ([attempt("start")], Standing("started")),
        ([attempt("check", "failed")], Standing("started")),
        ([attempt("check", "passed")], Standing("passed")),
        ([attempt("check", "passed"), attempt("check", "failed")], Standing("passed")),
        ([attempt("hint"), attempt("check", "passed")], Standing("passed", True, 0.7)),
        ([attempt("hint"), attempt("hint")], Standing("started", True, 0.7)),
        ([attempt("check", "passed"), attempt("hint")], Standing("passed", True, 1.0)),
        ([attempt("solution"), attempt("check", "passed")], Standing("passed", False, 0.0)),
        ([attempt("solution"), attempt("hint")], Standing("started", True, 0.0)),
    ],
)
def test_states_and_shares(attempts: list[Attempt], standing: Standing) -> None:
    assert derive(attempts).get(UNIT, Standing()) == standing


def test_an_exercise_is_passed_when_each_step_is() -> None:
    assert combine(["passed", "passed"]) == "passed"
    assert combine(["passed", "new"]) == "started"
    assert combine(["new", "new"]) == "new"


def test_two_windows_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from blankcheck.progress import *\n"
        "store = Progress(Path(sys.argv[1]))\n"
        "for n in range(30): store.add(Attempt(Unit('c', 'c', sys.argv[2], n), 'check'))\n"
        "assert store.message is None, store.message\n"
    )
    windows = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("a", "b")
    ]
    assert [window.wait(60) for window in windows] == [0, 0]
    assert len({kept.unit for kept in Progress(tmp_path).attempts()}) == 60


def test_two_threads_lose_nothing(tmp_path: Path) -> None:
    store = Progress(tmp_path)

    def work() -> None:
        for _ in range(20):
            store.add(attempt("check"))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.attempts()) == 60


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all, but long enough" * 100, b"\0" * 4096]
)
def test_a_damaged_file_is_moved_aside_and_told(tmp_path: Path, damage: bytes) -> None:
    Progress(tmp_path).add(attempt("check", "passed"))
    for file in tmp_path.iterdir():
        file.write_bytes(damage)
    store = Progress(tmp_path)
    store.add(attempt("check", "failed"))
    assert [kept.verdict for kept in Progress(tmp_path).attempts()] == ["failed"]
    if damage:
        (aside,) = tmp_path.glob("progress-broken-*.db")
        assert aside.read_bytes() == damage
        assert store.message is not None
        assert str(aside) in store.message


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    Progress(tmp_path).add(attempt("check", "passed"))
    connection = sqlite3.connect(tmp_path / "progress.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    store = Progress(tmp_path)
    store.add(attempt("check", "failed"))
    assert store.message is not None
    assert "Update Blankcheck" in store.message
    connection = sqlite3.connect(tmp_path / "progress.db")
    assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
    connection.close()


def test_what_cannot_be_written_is_kept_and_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    store = Progress(tmp_path)
    store.add(attempt("start"))
    blocker = sqlite3.connect(tmp_path / "progress.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    store.add(attempt("check", "passed"))
    assert store.message is not None
    assert "tried again" in store.message
    assert store.standings()[UNIT].state == "passed"
    blocker.execute("COMMIT")
    blocker.close()
    store.add(attempt("hint"))
    assert store.message is None
    assert len(Progress(tmp_path).attempts()) == 3


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Progress(tmp_path / "file" / "folder")
    store.add(attempt("check", "passed"))
    assert store.message is not None
    assert store.standings()[UNIT].state == "passed"


def test_the_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLANKCHECK_DATA_DIR", str(tmp_path))
    assert Progress().file == tmp_path / "progress.db"


def test_standings_follow_what_two_windows_do(tmp_path: Path) -> None:
    here, there = Progress(tmp_path), Progress(tmp_path)
    kinds: tuple[Kind, ...] = ("start", "hint", "check", "solution", "check")
    for number in range(40):
        window = (here, there, Progress(tmp_path))[number % 3]
        unit = Unit("course", "chapter.md", f"key{number % 4}")
        window.add(Attempt(unit, kinds[number % 5], "passed" if number > 25 else "failed"))
        if number % 7 == 0:
            assert here.standings() == derive(here.attempts())
    assert here.standings() == there.standings() == derive(Progress(tmp_path).attempts())


def test_standings_are_those_of_the_file_that_is_there(tmp_path: Path) -> None:
    store = Progress(tmp_path)
    for _ in range(3):
        store.add(attempt("check", "passed"))
    assert store.standings()[UNIT].state == "passed"
    for file in tmp_path.iterdir():
        file.unlink()
    assert store.standings() == {}
    other = Progress(tmp_path)
    for _ in range(5):
        other.add(attempt("check", "failed"))
    assert store.standings()[UNIT].state == "started"
