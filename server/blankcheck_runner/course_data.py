"""A course's data folder: what state it is in, and one copy of it that many runs share.

Little data is copied for each run, which may do with it what it likes. Of much data there is one
copy for all runs, which they may read: it is linked into their directories, file by file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MOST_FILES = 100
MOST_BYTES = 8 * 2**20
"""Of data that is copied for each run."""
_KEPT = 2
"""States of a folder that are kept: the last, and that of checks that still run."""


@dataclass(frozen=True)
class Survey:
    """A data folder at a moment."""

    fingerprint: str
    """Differs from that of any other state, by names, sizes and times."""
    files: int
    bytes: int
    left_out: tuple[str, ...]
    """The links that are not followed, in order."""

    @property
    def is_much(self) -> bool:
        """Whether it is too much to be copied for each run."""
        return self.files > MOST_FILES or self.bytes > MOST_BYTES


def shared_in(root: str) -> str:
    """The directory in the directory of all scratch directories from which every run may read."""
    return str(Path(root, "shared"))


def strays(place: str, names: Sequence[str], course: str) -> set[str]:
    """The links among the names in a place that are not followed."""
    return {name for name in names if leads_astray(Path(place, name), course)}


def leads_astray(link: Path, course: str) -> Literal["nowhere", "out", "back", ""]:
    """Why a link is not followed: it leads nowhere; out of the course's folder, where files are
    none of the course's business; or back to what it is in. Empty for another, and for no link."""
    if not os.path.islink(link):  # noqa: PTH114 - which raises nothing where nobody may look
        return ""
    leads_to = Path(os.path.realpath(link))  # which says nothing of links that lead to themselves
    if not leads_to.is_relative_to(course):
        return "out"
    if not os.path.exists(leads_to):  # noqa: PTH110 - as above
        return "nowhere"
    return "back" if Path(os.path.realpath(link.parent)).is_relative_to(leads_to) else ""


def course_of(folder: str) -> str:
    """The course's folder, which a data folder is in."""
    return os.path.realpath(Path(folder).parent)


def survey(folder: str) -> Survey:
    """What state a data folder is in. What cannot be read does not count."""
    course, found = course_of(folder), list[tuple[str, int, int]]()
    left: list[str] = []
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with suppress(OSError), os.scandir(place) as entries:
            listed = list(entries)
            left_out = strays(place, [entry.name for entry in listed if entry.is_symlink()], course)
            for entry in listed:
                with suppress(OSError):
                    if entry.name in left_out:
                        left.append(entry.path)
                        continue
                    if entry.is_dir():
                        waiting.append(entry.path)
                    else:
                        status = entry.stat()
                        found.append((entry.path, status.st_size, status.st_mtime_ns))
    digest = hashlib.sha256(repr(sorted(found)).encode("utf-8", "surrogatepass")).hexdigest()
    return Survey(digest, len(found), sum(size for _, size, _ in found), tuple(sorted(left)))


class CourseData:
    """The copies that runs share, in a directory that they may read and not write to."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._states: dict[str, list[Path]] = {}
        self._lock = threading.Lock()

    def put(self, folder: str, directory: str) -> None:
        """Puts the content of a data folder into a directory. Raises OSError."""
        found = survey(folder)
        if not found.is_much:
            _copy(folder, directory, shutil.copy2)
            return
        with self._lock:
            links = self._links_to(folder, found)
        copy_of_work(links, directory)

    def _links_to(self, folder: str, found: Survey) -> str:
        """A directory of links to the copy of a data folder in this state."""
        name = hashlib.sha256(os.fsencode(folder) + found.fingerprint.encode()).hexdigest()[:20]
        state = self._directory / name
        links = str(state / "links")
        states = self._states.setdefault(folder, [])
        if state not in states:
            try:
                _copy(folder, str(state / "files"), _copy_to_read)
                _copy(str(state / "files"), links, _link)
            except BaseException:
                shutil.rmtree(state, ignore_errors=True)
                raise
            states.append(state)
            while len(states) > _KEPT:
                shutil.rmtree(states.pop(0), ignore_errors=True)
        return links


def copy_of_work(used: str, directory: str) -> None:
    """Copies what is in a directory that code has worked in. Raises OSError.

    No link in it is followed. Where that code may still be at work it is for a process that reaches
    no more than it.
    """
    waiting = [(used, directory)]
    while waiting:
        source, copy = waiting.pop()
        with os.scandir(source) as entries:
            listed = list(entries)
        for entry in listed:
            target = os.path.join(copy, entry.name)  # noqa: PTH118 - for each of many thousands
            if entry.is_symlink():
                _link_again(entry.path, target)
            elif entry.is_dir():
                Path(target).mkdir()
                waiting.append((entry.path, target))
            elif entry.is_file():
                _copy_file(entry.path, target, entry.stat().st_mode)


def _copy_file(source: str, target: str, mode: int) -> None:
    """Copies a file. Who is contained cannot set its permissions later."""

    def create(path: str, flags: int) -> int:
        return os.open(path, flags, mode & 0o777)

    with open(source, "rb") as content, open(target, "xb", opener=create) as copy:  # noqa: PTH123
        shutil.copyfileobj(content, copy, 2**20)
    shutil.copystat(source, target)


def _copy(folder: str, directory: str, copy: Callable[[str, str], object]) -> None:
    course = course_of(folder)
    shutil.copytree(
        folder,
        directory,
        ignore=lambda place, names: strays(str(place), names, course),
        copy_function=copy,
        dirs_exist_ok=True,
    )


def _copy_to_read(source: str, target: str) -> None:
    shutil.copy2(source, target)
    Path(target).chmod(0o444)


def _link(source: str, target: str) -> None:
    try:
        Path(target).symlink_to(source)
    except OSError:  # as on Windows, where not everybody may make links
        shutil.copy2(source, target)


def _link_again(link: str, target: str) -> None:
    """Another name of a link, which nobody can write to: that takes a tenth of a new link."""
    try:
        os.link(link, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        Path(target).symlink_to(os.readlink(link))  # noqa: PTH115
