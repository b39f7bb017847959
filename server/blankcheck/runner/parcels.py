"""A course's data folder, as it is sent to a machine that cannot read this one's files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blankcheck.runner import RunnerUnavailable
from blankcheck_runner.course_data import course_of, strays

MAX_BYTES = 2**30
"""Of one data folder."""
MAX_FILES = 10_000
_PIECE = 2**20


@dataclass(frozen=True)
class Parcel:
    """One file."""

    name: str
    """In its folder, with `/`."""
    digest: str
    """SHA-256 of its content."""
    size: int
    path: Path

    def pieces(self) -> Iterator[tuple[dict[str, object], bytes]]:
        """The messages that carry it, each with its piece of the content. Raises OSError."""
        at = 0
        with self.path.open("rb") as file:
            while True:
                piece = file.read(_PIECE)
                last = at + len(piece) >= self.size or not piece
                yield {"type": "piece", "digest": self.digest, "at": at, "last": last}, piece
                at += len(piece)
                if last:
                    return


class Packer:
    """Makes parcels; a file is read again only when it has changed."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, int, int], str] = {}

    def pack(self, folder: str) -> tuple[Parcel, ...]:
        """The files of a folder and of those below it. Raises RunnerUnavailable."""
        parcels: list[Parcel] = []
        total = 0
        try:
            for file in _files(Path(folder)):
                status = file.stat()
                total += status.st_size
                if total > MAX_BYTES or len(parcels) >= MAX_FILES:
                    raise RunnerUnavailable(
                        f"The data in {folder} are more than can be sent to another machine: "
                        f"{MAX_BYTES // 2**20} MB, {MAX_FILES} files. Have the exercise read less, "
                        "or run it here."
                    )
                mark = (str(file), status.st_size, status.st_mtime_ns)
                digest = self._digests.get(mark)
                if digest is None:
                    digest = self._digests[mark] = _digest(file)
                name = file.relative_to(folder).as_posix()
                parcels.append(Parcel(name, digest, status.st_size, file))
        except OSError as error:
            raise RunnerUnavailable(
                f"The exercise's data cannot be read: {error}. Look at {folder}."
            ) from None
        return tuple(parcels)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    course = course_of(str(folder))
    for place, below, names in os.walk(folder, followlinks=True):
        left_out = strays(place, [*below, *names], course)
        below[:] = sorted(set(below) - left_out)
        for name in sorted(set(names) - left_out):
            file = Path(place, name)
            if file.is_file():
                yield file
