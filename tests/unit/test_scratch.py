"""The removal of what submissions leave."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from blankcheck_runner import scratch
from blankcheck_runner.scratch import Scratch, remove

if sys.platform != "win32":
    import resource

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
    for _ in range(1100):
        os.mkdir("deep" * 10)  # noqa: PTH102 - no path is short enough
        os.chdir("deep" * 10)
    Path("file").touch()
    Path("..").chmod(0o500)
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        remove(left)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
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
    made = Scratch()
    with pytest.raises(OSError, match=r"data/pipe, of the course's data, cannot be read\. Make"):
        await made.make(str(data))
    await made.close()


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="elsewhere no code is kept from other files")
@pytest.mark.parametrize("moment", ["before it is opened up", "before it is moved"])
def test_a_link_that_is_put_in_the_place_of_a_directory_meanwhile_is_not_followed(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a submission left running may still do so."""
    left, kept = tmp_path / "left", tmp_path / "kept"
    (left / "folder").mkdir(parents=True)
    kept.mkdir()
    (kept / "file").touch()
    kept.chmod(0o750)

    def swap(path: Path) -> None:
        if path.name == "folder" and not path.is_symlink():
            path.rmdir()
            path.symlink_to(kept)

    open_up = scratch._open_up  # pyright: ignore[reportPrivateUsage]

    def opened_up(path: Path) -> None:
        if moment == "before it is opened up":
            swap(path)
        open_up(path)
        swap(path)

    monkeypatch.setattr(scratch, "_open_up", opened_up)
    remove(left)
    assert list(kept.iterdir()) == [kept / "file"]
    assert kept.stat().st_mode & 0o777 == 0o750


def test_names_that_no_process_has_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_place", lambda: str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    odd = tmp_path / f"blankcheck-{10**30}-x"
    odd.mkdir()
    assert Path(Scratch().root).is_dir()
    assert odd.is_dir()
