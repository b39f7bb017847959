"""How the runner arrives on a machine that has nothing of ours: the first text that runs there.

The server sends this module's source, with a call of `arrive`, as one line to a Python that a
launcher command started. It answers in lines that begin with the server's mark; whatever else is on
that channel before is somebody else's. Once the package is there and whole, the host takes over.

Standard library only, and nothing of this package at its top: it is not there yet.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import shutil
import struct
import sys
import tempfile
import time
import zipfile
from pathlib import Path

CACHE = "BLANKCHECK_CACHE"
"""The variable that tells the host where it may keep what is worth keeping."""
_STALE_SECONDS = 30 * 24 * 3600


class _Damaged(Exception):
    """What came is not what was sent."""


def arrive(mark: str, digest: str, folder: str) -> None:
    """Sees to it that the package with this digest is here, and becomes the host.

    mark: what each answer begins with. folder: where to work and to keep things, or empty.
    """
    try:
        base = _base(folder)
        home = base / "runner" / digest
        have = digest_of(home) == digest
        _say(mark, have=have)
        if not have:
            _unpack(_received(), digest, home)
        _tidy(home)
    except EOFError:
        sys.exit(1)
    except OSError as error:
        _refuse(mark, "folder", str(error))
    except _Damaged as error:
        _refuse(mark, "damaged", str(error))
    else:
        _say(mark, ready=True)
        os.environ[CACHE] = str(base)
        sys.path.insert(0, str(home))
        importlib.import_module("blankcheck_runner")  # found where it was just put
        sys.path.remove(str(home))
        from blankcheck_runner.host import main

        main()


def digest_of(folder: Path) -> str:
    """Names the package in a folder by its files' names and contents; empty if there is none."""
    digest = hashlib.sha256()
    names = files_of(folder)
    for name in names:
        content = (folder / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest() if names else ""


def files_of(folder: Path) -> list[str]:
    """The files of the package in a folder, by their names in it, in order."""
    files = [file for file in (folder / "blankcheck_runner").rglob("*") if file.is_file()]
    return sorted(
        file.relative_to(folder).as_posix() for file in files if file.parent.name != "__pycache__"
    )


def _say(mark: str, **word: object) -> None:
    data = f"\n{mark}{json.dumps(word)}\n".encode()
    while data:
        data = data[os.write(1, data) :]


def _refuse(mark: str, trouble: str, detail: str) -> None:
    _say(mark, trouble=trouble, detail=detail)
    sys.exit(1)


def _base(folder: str) -> Path:
    """Where this machine keeps what is ours. Works there, if a folder is named."""
    if not folder:
        cache = os.environ.get("XDG_CACHE_HOME")
        return (Path(cache) if cache else Path.home() / ".cache") / "blankcheck"
    base = Path(folder).expanduser().resolve()
    base.mkdir(parents=True, exist_ok=True)
    os.chdir(base)
    os.environ["TMPDIR"] = str(base)
    return base


def _received() -> bytes:
    (size,) = struct.unpack("!I", _exactly(4))
    return _exactly(size)


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _unpack(data: bytes, digest: str, home: Path) -> None:
    """Puts the package in its place, whole or not at all."""
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as package:
                package.extractall(made)
        except zipfile.BadZipFile as error:
            raise _Damaged(str(error)) from None
        if digest_of(made) != digest:
            raise _Damaged("the runner's package is another one than was announced")
        if home.exists():
            # Somebody has changed it, or a disk was full.
            home.rename(Path(tempfile.mkdtemp(dir=home.parent)) / "damaged")
        try:
            made.rename(home)
        except OSError:
            # Another host may have been quicker.
            if digest_of(home) != digest:
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _tidy(home: Path) -> None:
    """Removes what nobody has used for long."""
    with contextlib.suppress(OSError):
        os.utime(home)
        for other in home.parent.iterdir():
            if other != home and other.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
