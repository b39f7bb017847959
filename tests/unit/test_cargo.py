"""Data files on a machine that gets them from elsewhere: names, bounds, damage. No processes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from blankcheck.runner import RunnerUnavailable, parcels
from blankcheck.runner.parcels import Packer
from blankcheck_runner.cargo import Cargo, CargoFault, Lacking, checked


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def bring(cargo: Cargo, content: bytes) -> str:
    digest = digest_of(content)
    cargo.take(digest, 0, content, last=True)
    return digest


@pytest.mark.parametrize("name", ["a.csv", "below/a b.csv", "ä/😀.txt", ".hidden", "con-fig.txt"])
def test_names_of_files(name: str) -> None:
    assert checked(name) == name


OUTSIDE = ["", ".", "..", "../a", "a/../../b", "/etc/passwd", "a//b", "a/", "a/./b", "a\\..\\b"]
ODD = ["c:/a", "a:stream", "a\0b", "nul", "CON.txt", "dots..", "space "]


@pytest.mark.parametrize("name", [*OUTSIDE, *ODD])
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    cargo = Cargo(tmp_path)
    digest = bring(cargo, b"1")
    with pytest.raises(CargoFault, match="no name"):
        cargo.folder([[name, digest, 1]])


def test_a_digest_is_no_path(tmp_path: Path) -> None:
    cargo = Cargo(tmp_path / "cache")
    cargo.take("../outside", 0, b"1", last=True)
    assert not (tmp_path / "outside").exists()
    with pytest.raises(CargoFault, match="no digest"):
        cargo.folder([["a", "../outside", 1]])


def test_a_file_in_pieces_and_one_that_begins_anew(tmp_path: Path) -> None:
    cargo = Cargo(tmp_path)
    digest = digest_of(b"onetwo")
    with pytest.raises(Lacking) as lacking:
        cargo.folder([["a", digest, 6]])
    assert lacking.value.digests == [digest]
    cargo.take(digest, 0, b"on", last=False)
    cargo.take(digest, 0, b"one", last=False)
    cargo.take(digest, 3, b"two", last=True)
    folder = cargo.folder([["below/a", digest, 6], ["b", digest, 6]])
    assert Path(folder, "below", "a").read_bytes() == b"onetwo"
    cargo.close()
    assert not Path(folder).exists()


def test_a_file_that_is_another_one_is_not_kept(tmp_path: Path) -> None:
    cargo = Cargo(tmp_path)
    digest = digest_of(b"right")
    cargo.take(digest, 0, b"wrong", last=True)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CargoFault, match="announced"):
        cargo.folder([["a", digest, 5]])


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    before = Cargo(tmp_path)
    old, older = bring(before, b"o" * 40), bring(before, b"p" * 40)
    os.utime(tmp_path / older, (1, 1))
    os.utime(tmp_path / old, (2, 2))
    cargo = Cargo(tmp_path, bound=100)
    new = bring(cargo, b"n" * 40)
    assert {file.name for file in tmp_path.iterdir()} == {old, new}
    # What this host needs stays, whatever the bound.
    also = bring(cargo, b"m" * 90)
    assert {file.name for file in tmp_path.iterdir()} == {new, also}


def test_a_folder_as_parcels(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "b").write_bytes(b"")
    content = os.urandom(2 * 2**20)
    (tmp_path / "a").write_bytes(content)
    empty, whole = sorted(Packer().pack(str(tmp_path)), key=lambda parcel: parcel.size)
    assert (empty.name, empty.digest) == ("below/b", digest_of(b""))
    assert [message["last"] for message, _ in empty.pieces()] == [True]
    pieces = list(whole.pieces())
    assert b"".join(piece for _, piece in pieces) == content
    assert [message["last"] for message, _ in pieces] == [False, True]


def test_a_folder_that_is_too_much_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "MAX_BYTES", 10)
    (tmp_path / "a").write_bytes(b"1" * 11)
    with pytest.raises(RunnerUnavailable, match="more than can be sent"):
        Packer().pack(str(tmp_path))
