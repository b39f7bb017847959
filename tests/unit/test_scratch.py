"""The removal of what submissions leave."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from blankcheck_runner.scratch import Scratch, remove

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")


def test_what_cannot_be_entered_or_written_to_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    (left / "a" / "b").mkdir(parents=True)
    (left / "a" / "b" / "file").write_text("x")
    (left / "a" / "b" / "file").chmod(0)
    for folder in ("a/b", "a", "."):
        (left / folder).chmod(0)
    remove(left)
    assert list(tmp_path.iterdir()) == []


def test_directories_deeper_than_paths_may_be_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    left.mkdir()
    monkeypatch.chdir(left)
    for _ in range(1500):
        os.mkdir("deep")  # noqa: PTH102 - no path is short enough
        os.chdir("deep")
    Path("file").touch()
    Path("..").chmod(0o500)
    monkeypatch.chdir(tmp_path)
    remove(left)
    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_not_what_they_lead_to(tmp_path: Path) -> None:
    left, kept = tmp_path / "left", tmp_path / "kept"
    left.mkdir()
    kept.mkdir()
    (kept / "file").touch()
    kept.chmod(0o750)
    (left / "link").symlink_to(kept)
    (left / "nowhere").symlink_to("nowhere")
    remove(left)
    link = tmp_path / "link"
    link.symlink_to(kept)
    remove(link)
    assert sorted(tmp_path.iterdir()) == [kept, link]
    assert list(kept.iterdir()) == [kept / "file"]
    assert kept.stat().st_mode & 0o777 == 0o750


async def test_data_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sound.csv").touch()
    os.mkfifo(data / "pipe")  # which nobody who is not root could read is the same to a copy
    scratch = Scratch()
    with pytest.raises(OSError, match=r"data/pipe, of the course's data, cannot be read\. Make"):
        await scratch.make(str(data))
    await scratch.close()
