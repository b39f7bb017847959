"""What the learner has done: attempts in one SQLite file per user, and what follows from them.

Attempts are only ever appended; states and XP are derived when they are asked for, each time from
those that were appended since. So two windows cannot overwrite each other, and a better rule for XP
needs no migration. What cannot be written is kept in memory and tried again; what cannot be read is
moved aside, never deleted.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs

SCHEMA = 1
BUSY_SECONDS = 10.0
HINT_SHARE = 0.3
"""The part of an exercise's XP that its hint costs."""

Kind = Literal["start", "check", "hint", "solution"]
State = Literal["new", "started", "passed"]

_CREATE = """
CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    course TEXT NOT NULL,
    chapter TEXT NOT NULL,
    exercise TEXT NOT NULL,
    step INTEGER,
    verdict TEXT,
    submission TEXT
)
"""
_INSERT = "INSERT OR IGNORE INTO attempts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = (
    "SELECT id, time, kind, course, chapter, exercise, step, verdict, submission"
    " FROM attempts ORDER BY seq"
)
_SELECT_FROM = (
    "SELECT seq, id, kind, course, chapter, exercise, step, verdict"
    " FROM attempts WHERE seq >= ? ORDER BY seq"
)


@dataclass(frozen=True)
class Unit:
    """What can be passed: an exercise, or one step of one."""

    course: str
    chapter: str
    exercise: str
    """The exercise's key."""
    step: int | None = None


@dataclass(frozen=True)
class Attempt:
    """Something that the learner did with an exercise."""

    unit: Unit
    kind: Kind
    verdict: str | None = None
    submission: str | None = None
    time: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class Standing:
    """How far the learner is with a unit."""

    state: State = "new"
    hint: bool = False
    """Whether the hint has been taken."""
    share: float = 1.0
    """The part of the XP that is left to earn, or that was earned when it was passed."""


@dataclass(frozen=True)
class _Seen:
    """What follows from the attempts that were read before."""

    seq: int = 0
    id: str = ""
    """Of the last of them: whether it is still there tells whether this is still the same file."""
    standings: Mapping[Unit, Standing] = field(default_factory=dict[Unit, Standing])


class Progress:
    """The store of one user. Safe to use from several threads and windows."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self.file = self.folder / "progress.db"
        self.message: str | None = None
        """What went wrong with keeping progress, and what to do; null if nothing did."""
        self._unsaved: list[Attempt] = []
        self._seen = _Seen()
        self._lock = threading.Lock()

    def add(self, attempt: Attempt) -> None:
        """Records an attempt. Never raises: what cannot be written now is tried again later."""
        named = Attempt(
            attempt.unit,
            attempt.kind,
            attempt.verdict,
            attempt.submission,
            attempt.time or time.time(),
            attempt.id or uuid.uuid4().hex,
        )
        with self._lock:
            self._unsaved.append(named)
            self._write()

    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt, the oldest first, with those that could not be written yet."""
        with self._lock:
            rows: list[Attempt] = []
            with self._guarded():
                if self.file.exists():
                    with self._connect() as connection:
                        rows = [_attempt(row) for row in connection.execute(_SELECT)]
            return (*rows, *self._unsaved)

    def standings(self) -> dict[Unit, Standing]:
        """How far the learner is with each unit that they have begun."""
        with self._lock:
            with self._guarded():
                if self.file.exists():
                    with self._connect() as connection:
                        self._seen = _further(connection, self._seen)
                else:
                    self._seen = _Seen()
            return derive(self._unsaved, self._seen.standings)

    def _write(self) -> None:
        for _ in range(2):  # a second time, after a broken file has been moved aside
            with self._guarded(), self._connect() as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT, [_row(attempt) for attempt in self._unsaved])
                connection.execute("COMMIT")
                self._unsaved.clear()
                return
            if not (self.message or "").startswith(_MOVED):
                return

    @contextmanager
    def _connect(self) -> Generator[sqlite3.Connection]:
        """A connection for one operation: nothing is held while the folder may be moved or lost."""
        self.folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with suppress(sqlite3.OperationalError):  # not on network file systems
                connection.execute("PRAGMA journal_mode=WAL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                raise _Newer
            connection.execute(_CREATE)
            if version < SCHEMA:
                connection.execute(f"PRAGMA user_version={SCHEMA}")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Turns whatever fails in the body into a message."""
        try:
            yield
        except _Newer:
            self.message = (
                f"{self.file} was written by a newer Blankcheck, so progress is not kept. Update "
                "Blankcheck."
            )
        except sqlite3.OperationalError as error:
            self.message = (
                f"Progress cannot be kept in {self.file} ({error}). It is kept in memory and tried "
                "again with the next check; make room, or make the folder writable."
            )
        except sqlite3.DatabaseError as error:
            self._move_aside(error)
        except OSError as error:
            self.message = (
                f"Progress cannot be kept in {self.folder} ({error.strerror}). It is kept in "
                "memory and tried again with the next check; make the folder writable."
            )
        else:
            if not self._unsaved and self.message and not self.message.startswith(_MOVED):
                self.message = None

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = self.file.with_name(f"progress-broken-{time.strftime('%Y%m%d-%H%M%S')}.db")
        try:
            self.file.replace(aside)
            for ending in ("-wal", "-shm"):
                Path(f"{self.file}{ending}").unlink(missing_ok=True)
        except OSError as problem:
            self.message = (
                f"{self.file} is damaged ({error}) and cannot be moved ({problem.strerror})."
            )
        else:
            self.message = f"{_MOVED} ({error}). It was kept as {aside}, and a new file was begun."


class _Newer(Exception):
    """The store has a schema that this version does not know."""


_MOVED = "The file with your progress is damaged"


def default_folder() -> Path:
    """Where progress is kept: `BLANKCHECK_DATA_DIR`, else the user's data folder."""
    chosen = os.environ.get("BLANKCHECK_DATA_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("blankcheck", False))


def derive(
    attempts: Iterable[Attempt], before: Mapping[Unit, Standing] | None = None
) -> dict[Unit, Standing]:
    """States from attempts: the first pass counts, with the hints and solution taken before it.

    `before`: what followed from the attempts before these.
    """
    standings = dict(before or {})
    for attempt in attempts:
        now = standings.get(attempt.unit, Standing())
        passed = now.state == "passed"
        share = now.share
        if not passed and attempt.kind == "solution":
            share = 0.0
        elif not passed and attempt.kind == "hint" and not now.hint:
            share = max(0.0, share - HINT_SHARE)
        standings[attempt.unit] = Standing(
            state="passed" if passed or attempt.verdict == "passed" else "started",
            hint=now.hint or attempt.kind == "hint",
            share=share,
        )
    return standings


def combine(states: Iterable[State]) -> State:
    """The state of an exercise from those of its steps."""
    known = set(states)
    if known == {"passed"}:
        return "passed"
    return "new" if known <= {"new"} else "started"


def _further(connection: sqlite3.Connection, seen: _Seen) -> _Seen:
    """What follows from the attempts as they are now; only those that are new are read."""
    rows = connection.execute(_SELECT_FROM, (seen.seq,)).fetchall()
    if seen.seq and (not rows or rows[0][1] != seen.id):  # another file stands in its place
        return _further(connection, _Seen())
    new = [_attempt((id, 0.0, *row, None)) for _, id, *row in rows if id != seen.id]
    if not new:
        return seen
    return _Seen(rows[-1][0], new[-1].id, derive(new, seen.standings))


def _row(attempt: Attempt) -> tuple[object, ...]:
    unit = attempt.unit
    return (
        attempt.id,
        attempt.time,
        attempt.kind,
        unit.course,
        unit.chapter,
        _plain(unit.exercise),
        unit.step,
        attempt.verdict,
        None if attempt.submission is None else _plain(attempt.submission),
    )


def _plain(text: str) -> str:
    """Text that SQLite can store: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _attempt(
    row: tuple[str, float, Kind, str, str, str, int | None, str | None, str | None],
) -> Attempt:
    id, when, kind, course, chapter, exercise, step, verdict, submission = row
    return Attempt(Unit(course, chapter, exercise, step), kind, verdict, submission, when, id)
