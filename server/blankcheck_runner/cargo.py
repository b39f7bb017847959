"""The data of courses on a machine that cannot read the server's files: kept here by content.

Each file is kept once under its digest, in a cache with a bound, whoever needs it and under
whatever name. A request names its files; a folder with them is made of what is kept, once a host.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from blankcheck_runner.arrival import CACHE
from blankcheck_runner.scratch import new_folder

BOUND = 2 * 2**30
"""Bytes that are kept."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


class CargoFault(Exception):
    """The data cannot be kept or laid out; the message says why."""


class Lacking(Exception):
    """Files that are not here."""

    def __init__(self, digests: list[str]) -> None:
        super().__init__("files are lacking")
        self.digests = digests


def cache_folder() -> Path:
    """Where this machine keeps data; below the system's temporary folder if nobody has said."""
    base = os.environ.get(CACHE)
    return (Path(base) if base else Path(tempfile.gettempdir()) / "blankcheck-cache") / "data"


class Cargo:
    """The files that are kept, and the folders made of them. `take` is for one thread at a time."""

    def __init__(self, cache: Path, bound: int = BOUND) -> None:
        self._cache = cache
        self._bound = bound
        self._folders: dict[str, str] = {}
        """By what is in them."""
        self._made: list[str] = []
        self._held: set[str] = set()
        """Digests that this host has use for."""
        self._coming: dict[str, _Coming] = {}
        self._fault = ""
        """Why the last file could not be kept."""

    def take(self, digest: str, at: int, piece: bytes, *, last: bool) -> None:
        """Takes the piece of a file that is at an offset of it; at zero, it begins anew.

        What cannot be kept is told by the next `folder`.
        """
        try:
            if not _DIGEST.fullmatch(digest):
                raise CargoFault(f"{digest!r} is no digest")
            if at == 0:
                if digest in self._coming:
                    self._coming.pop(digest).drop()
                self._coming[digest] = _Coming(self._cache)
            if digest not in self._coming:
                return  # its beginning could not be kept
            self._coming[digest].add(piece)
            if last:
                self._coming.pop(digest).keep(self._cache / digest, digest)
                self._held.add(digest)
                self._fault = ""
                self._make_room()
        except (OSError, CargoFault) as error:
            coming = self._coming.pop(digest, None)
            if coming is not None:
                coming.drop()
            self._fault = str(error)

    def folder(self, files: Any) -> str:
        """A folder with these files, each a name, a digest and a size.

        Raises Lacking for files that are not here, CargoFault for names that lead out of the
        folder, or if the files could not be kept.
        """
        wanted = {checked(name): (str(digest), int(size)) for name, digest, size in files}
        key = repr(sorted(wanted.items()))
        if key in self._folders:
            return self._folders[key]
        self._held |= {digest for digest, _ in wanted.values()}
        lacking = {digest for digest, size in wanted.values() if not self._has(digest, size)}
        if lacking:
            fault, self._fault = self._fault, ""
            if fault:
                raise CargoFault(f"the course's data cannot be kept there: {fault}")
            raise Lacking(sorted(lacking))
        try:
            folder = new_folder()
            self._made.append(folder)
            for name, (digest, _) in wanted.items():
                target = Path(folder, *PurePosixPath(name).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with (self._cache / digest).open("rb") as source, target.open("wb") as copy:
                    if _copied(source, copy) != digest:
                        # A disk has lost something of it, or somebody has changed it.
                        (self._cache / digest).unlink(missing_ok=True)
                        raise Lacking([digest])
        except OSError as error:
            raise CargoFault(f"the course's data cannot be laid out there: {error}") from None
        self._folders[key] = folder
        return folder

    def close(self) -> None:
        """Removes the folders; what is kept stays."""
        for coming in self._coming.values():
            coming.drop()
        for folder in self._made:
            shutil.rmtree(folder, ignore_errors=True)

    def _has(self, digest: str, size: int) -> bool:
        file = self._cache / digest
        with contextlib.suppress(OSError):
            if _DIGEST.fullmatch(digest) and file.stat().st_size == size:
                os.utime(file)  # used last
                return True
        return False

    def _make_room(self) -> None:
        """Removes what was not used for longest, but nothing that this host needs."""
        kept = sorted(
            (status.st_mtime, status.st_size, file)
            for file in self._cache.iterdir()
            if (status := file.stat())
        )
        total = sum(size for _, size, _ in kept)
        for _, size, file in kept:
            if total > self._bound and file.name not in self._held:
                file.unlink(missing_ok=True)
                total -= size


class _Coming:
    """A file of which not all has come."""

    def __init__(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=cache, prefix="coming-")
        self._file = os.fdopen(descriptor, "wb")
        self._path = Path(name)
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)

    def keep(self, target: Path, digest: str) -> None:
        self._file.close()
        if self._digest.hexdigest() != digest:
            self.drop()
            raise CargoFault("a file is not the one that was announced")
        self._path.replace(target)

    def drop(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def checked(name: object) -> str:
    """A name that stays inside any folder on any system. Raises CargoFault for others."""
    parts = str(name).split("/")
    for part in parts:
        odd = part in ("", ".", "..") or any(mark in part for mark in '\\:\0<>|"?*')
        if odd or part != part.rstrip(" .") or _DEVICES.fullmatch(part):
            raise CargoFault(f"{name!r} is no name for a data file")
    return str(name)


def _copied(source: Any, target: Any) -> str:
    digest = hashlib.sha256()
    while piece := source.read(2**20):
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest()
