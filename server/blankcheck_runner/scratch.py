"""Scratch directories: where checks run, with the course's data in them, and their removal."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import stat
import tempfile
from pathlib import Path

from blankcheck_runner.course_data import CourseData, shared_in

_PREFIX = "blankcheck-"
_LONGEST = 29
"""Of the path that scratch directories are in. With a longer one, the sockets that
`multiprocessing` makes below them would have no name: that has 107 bytes."""


class Scratch:
    """One host's scratch directories, below one of its own."""

    def __init__(self, root: str | None = None) -> None:
        """`root`: an empty directory that was made for them already."""
        _remove_stale()
        self._root = Path(root or new_folder())
        self._course_data = CourseData(Path(shared_in(str(self._root))))
        self._removing: set[asyncio.Task[None]] = set()

    @property
    def root(self) -> str:
        """The directory that all are in."""
        return str(self._root)

    async def make(self, data: str | None) -> str:
        """A new directory with what is in the folder `data`. Raises OSError.

        It is in a group of its own.
        """
        return await asyncio.to_thread(self._make, data, None)

    async def beside(self, directory: str) -> str:
        """A new directory, empty, in the group of another one. Raises OSError.

        Code may have worked in that, so that only who may do no more copies what is there.
        """
        return await asyncio.to_thread(self._make, None, directory)

    def remove(self, directory: str) -> None:
        """Removes a directory, in the background."""
        task = asyncio.create_task(asyncio.to_thread(_remove_of_group, Path(directory)))
        self._removing.add(task)
        task.add_done_callback(self._removing.discard)

    async def close(self) -> None:
        """Removes all of them."""
        if self._removing:
            await asyncio.wait(self._removing)
        await asyncio.to_thread(remove, self._root)

    def _make(self, data: str | None, other: str | None) -> str:
        try:
            return self._made(data, other)
        except OSError as error:
            unreadable = _unreadable(error)
            if unreadable is not None:
                raise OSError(
                    f"{unreadable}, of the course's data, cannot be read. Make it readable, or "
                    "take it out of the data"
                ) from error
            reason = error.strerror or "not all files could be copied; is the disk full?"
            raise OSError(self.no_room(reason)) from error

    def no_room(self, reason: str) -> str:
        """What to tell people where a directory cannot be made or filled."""
        return (
            f"no folder for it could be made in {self._root.parent} ({reason}). Make room "
            "there, or name another folder in the environment variable TMPDIR"
        )

    def _made(self, data: str | None, other: str | None) -> str:
        self._root.chmod(0o700)  # where a submission could take that away
        if other is None:
            group = Path(tempfile.mkdtemp(prefix="", dir=self._root))
        else:
            group = Path(other).parent
            group.chmod(0o700)
        # Nothing in the name tells a student from a reference, or one check from another.
        directory = tempfile.mkdtemp(prefix="", dir=group)
        if data is not None:
            self._course_data.put(data, directory)
        return directory


def _unreadable(error: OSError) -> str | None:
    """What kept data from being copied, if that is something that cannot be read."""
    # A copy of many files tells of each of them.
    failed = error.args[0] if isinstance(error, shutil.Error) else ()
    for source, *_ in failed:
        ordinary = os.path.isfile(source) or os.path.isdir(source)  # noqa: PTH112, PTH113
        if not ordinary or not os.access(source, os.R_OK):
            return str(source)
    return None


def _place() -> str:
    """The directory for temporary files, or a shorter one where sockets need that."""
    place = tempfile.gettempdir()
    short = "/tmp"
    if os.name != "posix" or len(os.fsencode(place)) <= _LONGEST or not os.access(short, os.W_OK):
        return place
    return short


def new_folder() -> str:
    """A temporary folder that is known as this process's, should it leave it behind."""
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_place())


def remove_of(host: int) -> None:
    """Removes what a host, which has ended, left."""
    for left in Path(_place()).glob(f"{_PREFIX}{host}-*"):
        remove(left)


def _remove_of_group(directory: Path) -> None:
    group = directory.parent
    remove(directory, Path(f"{group}-{directory.name}"))
    with contextlib.suppress(OSError):
        group.rmdir()  # if it was the group's last


def remove(directory: Path, aside: Path | None = None) -> None:
    """Removes a directory, whatever permissions a submission left in it, and however deep: what
    stands in directories in it is brought up first, so that no path and no recursion grows, and
    one directory at most is open.

    No link is followed, though something that works there may still put one anywhere. So each
    directory is first moved to a name that begins with `aside`, where nothing of the kind comes,
    and only then looked at; without `aside`, that is beside the directory itself.
    """
    if directory.is_symlink():
        return
    numbers = itertools.count()
    waiting: list[Path] = []

    def move(path: Path) -> None:
        moved = Path(f"{aside or directory}-{next(numbers)}")
        _open_up(path)  # else only root may move it
        path.rename(moved)
        waiting.append(moved)

    with contextlib.suppress(OSError):
        move(directory)
    while waiting:
        folder = waiting.pop()
        with contextlib.suppress(OSError):
            if not _is_folder(folder):
                folder.unlink()
                continue
            with os.scandir(folder) as entries:
                listed = [(Path(entry), _is_folder(entry)) for entry in entries]
            for path, is_folder in listed:
                with contextlib.suppress(OSError):
                    if is_folder:
                        move(path)
                    else:
                        path.unlink()
            folder.rmdir()


def _open_up(directory: Path) -> None:
    """Gives this process all rights to a directory; a link in its place is not followed, where code
    is kept from what a link may lead to."""
    if not hasattr(os, "O_PATH"):
        directory.chmod(0o700)
        return
    descriptor = os.open(directory, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        Path(f"/proc/self/fd/{descriptor}").chmod(0o700)
    finally:
        os.close(descriptor)


def _is_folder(path: os.DirEntry[str] | Path) -> bool:
    """Whether it is a directory itself, and no link to one, nor a junction, as on Windows."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not getattr(status, "st_reparse_tag", 0)


def _remove_stale() -> None:
    """Removes what hosts left that did not come to their end."""
    for left in Path(_place()).glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError, OverflowError):
            if os.name == "posix" and left.lstat().st_uid == os.getuid() and not _runs(int(owner)):
                remove(left)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
