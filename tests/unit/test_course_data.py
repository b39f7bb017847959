"""Data folders: their states, and how they come to the runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blankcheck.runner.parcels import Packer
from blankcheck_runner import course_data
from blankcheck_runner.course_data import (
    CourseData,
    copy_of_work,
    leads_astray,
    shared_in,
    survey,
)
from blankcheck_runner.scratch import remove

links = pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "course" / "data"
    (folder / "images" / "cats").mkdir(parents=True)
    (folder / "letters.csv").write_text("a,b\n")
    for number in range(3):
        (folder / "images" / "cats" / f"{number}.png").write_bytes(b"x" * number)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> CourseData:
    (tmp_path / "scratch").mkdir()
    return CourseData(Path(shared_in(str(tmp_path / "scratch"))))


def put(store: CourseData, data: Path, name: str) -> Path:
    directory = data.parents[1] / name
    directory.mkdir()
    store.put(str(data), str(directory))
    return directory


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_state_differs_from_another(data: Path) -> None:
    before = survey(str(data))
    assert (before.files, before.bytes) == (4, 7)
    assert survey(str(data)) == before
    (data / "letters.csv").write_text("a,b,c\n")
    longer = survey(str(data))
    (data / "new.csv").touch()
    more = survey(str(data))
    assert len({before.fingerprint, longer.fingerprint, more.fingerprint}) == 3


def test_little_is_copied_and_may_be_changed(data: Path, store: CourseData) -> None:
    run = put(store, data, "run")
    assert content(run) == content(data)
    (run / "letters.csv").write_text("changed")
    assert (data / "letters.csv").read_text() == "a,b\n"


@links
@pytest.mark.parametrize("most", ["MOST_FILES", "MOST_BYTES"])
def test_much_is_there_once_for_all_runs(
    data: Path, store: CourseData, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    monkeypatch.setattr(course_data, most, 3)
    one, other = put(store, data, "one"), put(store, data, "other")
    assert content(one) == content(other) == content(data)
    file = Path("images", "cats", "2.png")
    assert (one / file).resolve() == (other / file).resolve() != (data / file)
    assert (one / file).stat().st_mode & 0o222 == 0
    # What a run makes or deletes is its own.
    (one / "images" / "cats" / "mine.png").touch()
    (one / "letters.csv").unlink()
    assert content(other) == content(data)
    copy = data.parents[1] / "copy"
    copy.mkdir()
    copy_of_work(str(one), str(copy))
    assert content(copy) == content(one)
    assert (copy / file).is_symlink()


@links
def test_much_that_has_changed_is_taken_anew_and_what_is_old_is_left_for_a_while(
    data: Path, store: CourseData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(course_data, "MOST_FILES", 3)
    runs: list[Path] = []
    for number in range(4):
        (data / "letters.csv").write_text("a" * (number + 1))
        runs.append(put(store, data, f"run{number}"))
    assert (runs[2] / "letters.csv").read_text() == "aaa"
    assert (runs[3] / "letters.csv").read_text() == "aaaa"
    assert len(list(Path(shared_in(str(tmp_path / "scratch"))).iterdir())) == 2


def test_where_no_links_can_be_made_much_is_copied(
    data: Path, store: CourseData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("a required privilege is not held")

    monkeypatch.setattr(course_data, "MOST_FILES", 3)
    monkeypatch.setattr(Path, "symlink_to", refuse)
    run = put(store, data, "run")
    assert content(run) == content(data)
    assert not (run / "letters.csv").is_symlink()


@links
def test_links_within_the_course_are_followed_and_others_are_not(
    data: Path, store: CourseData, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("the person's own")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret.txt").write_text("the person's own")
    (data.parent / "weights.pt").write_bytes(b"weights")
    (data / "weights.pt").symlink_to("../weights.pt")
    (data / "dogs").symlink_to("images/cats")
    (data / "stolen.txt").symlink_to(tmp_path / "secret.txt")
    (data / "stolen").symlink_to("../../others")
    (data / "images" / "again").symlink_to("..")
    (data / "gone").symlink_to("nowhere")
    run = put(store, data, "run")
    found = content(run)
    assert found["weights.pt"] == b"weights"
    assert found["dogs/2.png"] == b"xx"
    assert not any("secret" in name or "stolen" in name for name in found)
    assert not (run / "images" / "again").exists()
    assert survey(str(data)).files == len(found)
    assert {parcel.name for parcel in Packer().pack(str(data))} == set(found)


@links
def test_links_that_code_has_made_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the person's own")
    used, copy = tmp_path / "used", tmp_path / "copy"
    used.mkdir()
    copy.mkdir()
    (used / "stolen.txt").symlink_to(tmp_path / "secret.txt")
    (used / "elsewhere").symlink_to(tmp_path)
    copy_of_work(str(used), str(copy))
    assert (copy / "stolen.txt").is_symlink()
    assert (copy / "elsewhere").is_symlink()


def test_directories_deeper_than_python_follows_are_copied(tmp_path: Path) -> None:
    used, copy = tmp_path / "used", tmp_path / "copy"
    used.mkdir()
    copy.mkdir()
    place = str(used)
    for _ in range(1500):
        place += "/a"
        Path(place).mkdir()
    copy_of_work(str(used), str(copy))
    assert Path(str(copy) + place.removeprefix(str(used))).is_dir()
    for folder in (used, copy):
        remove(folder)


@links
def test_why_a_link_is_not_followed(data: Path) -> None:
    course = str(data.parent)
    for name, leads_to in {
        "out": "/",
        "nowhere": "gone.csv",
        "loop": "loop",
        "back": "..",
        "self": ".",
        "sound": "letters.csv",
    }.items():
        (data / name).symlink_to(leads_to)
    said = {link.name: leads_astray(link, course) for link in data.iterdir() if link.is_symlink()}
    assert said == {
        "out": "out",
        "nowhere": "nowhere",
        "loop": "nowhere",
        "back": "back",
        "self": "back",
        "sound": "",
    }
    left = [Path(path).name for path in survey(str(data)).left_out]
    assert left == ["back", "loop", "nowhere", "out", "self"]
