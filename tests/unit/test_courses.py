"""Courses on disk, and which exercise a submission is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from blankcheck import courses
from blankcheck.course.submission import read_header
from blankcheck.courses import (
    Course,
    CourseError,
    builtin_folder,
    find_courses,
    find_exercise,
    find_target,
    read_chapter,
    sample_of,
    start,
    submission_file,
)
from blankcheck.learning import instructions
from blankcheck.linting import static_findings

CHAPTER = """---
title: One
description: A chapter.
---

## First exercise

```yaml
type: NormalExercise
key: k1
xp: 100
lang: python
```

`@instructions`
- Do it.

`@sample_code`
```{python}
x = ___
```

`@solution`
```{python}
x = 1
```

---

## Step by step

```yaml
type: BulletExercise
key: k2
xp: 100
lang: python
```

`@sample_code`
```{python}
y = ___
```

***

```yaml
type: NormalExercise
key: k2a
xp: 50
```

`@instructions`
- One.

`@solution`
```{python}
y = 1
```

***

```yaml
type: NormalExercise
key: k2b
xp: 50
```

`@instructions`
- Two.

`@sample_code`
```{python}
z = ___
```

`@solution`
```{python}
z = 1
```

---

## A video

```yaml
type: VideoExercise
key: k3
xp: 50
```

`@projector_key`
1
"""


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    file = tmp_path / "my course" / "one.md"
    file.parent.mkdir()
    file.write_text(CHAPTER, "utf-8")
    return file


@pytest.mark.parametrize("name", ["k1", "First exercise", "first EXERCISE", "1", " k1 "])
def test_an_exercise_is_found_by_key_title_or_number(chapter: Path, name: str) -> None:
    assert find_exercise(chapter, name).exercise.title == "First exercise"


def test_a_key_wins_over_a_number(chapter: Path) -> None:
    chapter.write_text(CHAPTER.replace("key: k3", "key: '1'"), "utf-8")
    assert find_exercise(chapter, "1").exercise.title == "A video"


def test_an_exercise_that_is_not_there_lists_those_that_are(chapter: Path) -> None:
    with pytest.raises(CourseError, match="1 First exercise, 2 Step by step, 3 A video"):
        find_exercise(chapter, "none")


def test_steps(chapter: Path) -> None:
    assert find_exercise(chapter, "k2").step == 1
    second = find_exercise(chapter, "k2", 2)
    assert second.unit.key == "k2b"
    assert sample_of(second) == "z = ___\n"
    assert sample_of(find_exercise(chapter, "k2", 1)) == "y = ___\n"
    with pytest.raises(CourseError, match="steps 1 to 2"):
        find_exercise(chapter, "k2", 3)
    with pytest.raises(CourseError, match="no steps"):
        find_exercise(chapter, "k1", 1)


def test_starting_writes_the_sample_and_never_overwrites(chapter: Path, tmp_path: Path) -> None:
    target = find_exercise(chapter, "k1")
    file, created = start(target, tmp_path)
    assert created
    assert file == tmp_path / "blankcheck/my-course/one/01-first-exercise.py"
    assert file.read_text("utf-8") == "# blankcheck: my course/one.md#k1\nx = ___\n"
    file.write_text("x = 1\n", "utf-8")
    assert start(target, tmp_path) == (file, False)
    assert file.read_text("utf-8") == "x = 1\n"
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_steps_have_files_of_their_own(chapter: Path, tmp_path: Path) -> None:
    file, _ = start(find_exercise(chapter, "k2", 2), tmp_path)
    assert file.name == "02-step-by-step-2.py"
    header = read_header(file.read_text("utf-8"))
    assert header is not None
    assert (header.exercise, header.step) == ("k2", 2)


def test_a_chapter_outside_of_the_workspace_is_named_in_full(chapter: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "elsewhere"
    workspace.mkdir()
    file, _ = start(find_exercise(chapter, "k1"), workspace)
    text = file.read_text("utf-8")
    assert find_target(text, file, [workspace]).file == chapter.resolve()


def test_what_cannot_be_run_cannot_be_started(chapter: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="video"):
        start(find_exercise(chapter, "k3"), tmp_path)


def test_a_folder_that_cannot_be_written_is_told(chapter: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        start(find_exercise(chapter, "k1"), tmp_path / "file")


def test_a_submission_that_was_moved_finds_its_chapter(chapter: Path, tmp_path: Path) -> None:
    text = "# blankcheck: my course/one.md#k1\n"
    moved = tmp_path / "deep" / "down" / "a.py"
    assert find_target(text, moved, []).exercise.key == "k1"
    assert find_target(text, None, [tmp_path]).exercise.key == "k1"
    with pytest.raises(CourseError, match="Open the folder that holds it"):
        find_target(text, None, [])


def test_a_file_without_a_first_line_is_told_what_to_do() -> None:
    with pytest.raises(CourseError, match="first line should be"):
        find_target("x = 1\n", None, [])


def test_the_built_in_course_cannot_be_left() -> None:
    with pytest.raises(CourseError):
        find_target("# blankcheck: builtin:../secret.md#k\n", None, [])


def test_the_built_in_course_is_in_the_order_of_its_manifest() -> None:
    folder = builtin_folder()
    assert folder is not None
    course = find_courses([])[0]
    assert course.builtin
    assert course.problem is None
    assert course.chapters[0].name == "artificial-neural-networks.md"


def test_courses_are_found_below_a_folder_and_other_markdown_is_not(
    chapter: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("# Not a chapter\n", "utf-8")
    hidden = tmp_path / "node_modules" / "package"
    hidden.mkdir(parents=True)
    (hidden / "one.md").write_text(CHAPTER, "utf-8")
    environment = tmp_path / "env" / "docs"
    environment.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (environment / "one.md").write_text(CHAPTER, "utf-8")
    found = [course for course in find_courses([tmp_path, tmp_path]) if not course.builtin]
    assert [course.chapters for course in found] == [(chapter.resolve(),)]
    assert found[0].title == "my course"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_chapter_is_one_however_its_lines_end(end: str, chapter: Path, tmp_path: Path) -> None:
    def of_course(found: Sequence[Course]) -> list[Path]:
        return [file for course in found if not course.builtin for file in course.chapters]

    assert of_course(find_courses([tmp_path])) == [chapter]
    written = static_findings(chapter, "one.md")
    start(find_exercise(chapter, "k1"), tmp_path / "written")
    chapter.write_bytes(CHAPTER.replace("\n", end).encode())
    assert of_course(find_courses([tmp_path])) == [chapter]
    places = [
        [(item.code, item.lines.position(item.span.start), item.message) for item in found]
        for found in (written, static_findings(chapter, "one.md"))
    ]
    assert places[0] == places[1]
    target = find_exercise(chapter, "k1")
    file, _ = start(target, tmp_path / "as it is")
    text = file.read_bytes().decode()
    assert text.count(end) == 2
    assert len(text.splitlines()) == 2
    assert instructions(target) == "# First exercise\n\n## Instructions\n\n- Do it.\n"


def test_a_chapter_may_be_utf16_which_it_says_itself(chapter: Path, tmp_path: Path) -> None:
    chapter.write_text(CHAPTER, "utf-16")
    assert [file for course in find_courses([tmp_path]) for file in course.chapters][-1] == chapter
    assert read_chapter(chapter).text == CHAPTER


def test_a_manifest_gives_title_and_order(chapter: Path) -> None:
    (chapter.parent / "a.md").write_text(CHAPTER, "utf-8")
    manifest = chapter.parent / "course.yml"
    manifest.write_text("title: Mine\nchapters: [one.md, a.md]\n", "utf-8")
    course = find_courses([chapter.parent])[-1]
    assert course.title == "Mine"
    assert [file.name for file in course.chapters] == ["one.md", "a.md"]
    manifest.write_text("title: Mine\nchapters: [one.md, gone.md]\n", "utf-8")
    course = find_courses([chapter.parent])[-1]
    assert [file.name for file in course.chapters] == ["one.md"]
    assert course.problem is not None
    assert "gone.md" in course.problem


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (b"title: [", r"expected the node content"),
        (b"- a\n", r"has to be lines of the form `name: value`"),
        (b"title: &a b\n", r"anchors .* not allowed"),
        (b"", r"has no keys"),
        (b"title: \xe9t\xe9\n", r"cannot be read \(it is no UTF-8\)"),
    ],
)
def test_a_manifest_that_is_none_is_told(chapter: Path, manifest: bytes, told: str) -> None:
    (chapter.parent / "course.yml").write_bytes(manifest)
    course = find_courses([chapter.parent])[-1]
    assert [file.name for file in course.chapters] == ["one.md"]
    assert course.problem is not None
    assert re.search(told, course.problem)


def test_a_chapter_is_read_again_when_it_has_changed(chapter: Path) -> None:
    assert read_chapter(chapter) is read_chapter(chapter)
    chapter.write_text(CHAPTER.replace("title: One", "title: Another"), "utf-8")
    assert read_chapter(chapter).title == "Another"


def test_a_chapter_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"gone\.md cannot be read"):
        read_chapter(tmp_path / "gone.md")
    with pytest.raises(CourseError, match="cannot be read"):
        read_chapter(tmp_path)


def test_a_chapter_that_is_not_utf8_is_read_all_the_same(chapter: Path) -> None:
    chapter.write_bytes(CHAPTER.replace("Do it", "Do ét").encode("latin-1"))
    assert find_exercise(chapter, "k1").exercise.title == "First exercise"


def test_data_files_lie_beside_the_chapter(chapter: Path) -> None:
    assert find_exercise(chapter, "k1").data is None
    (chapter.parent / "data").mkdir()
    assert find_exercise(chapter, "k1").data == chapter.parent / "data"


def test_data_that_lead_out_of_the_course_are_none_of_its_business(
    chapter: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    data = chapter.parent / "data"
    data.symlink_to(tmp_path / "own")
    assert find_exercise(chapter, "k1").data is None
    data.unlink()
    (chapter.parent / "weights").mkdir()
    data.symlink_to("weights")
    assert find_exercise(chapter, "k1").data == data
    data.unlink()
    data.symlink_to(".")  # where the solutions are
    assert find_exercise(chapter, "k1").data is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [("ReLU activation", "relu-activation"), ("Ünïcode & Co.", "unicode-co"), ("日本", "untitled")],
)
def test_titles_as_file_names(title: str, slug: str) -> None:
    assert courses.slug(title) == slug


def test_a_title_cannot_leave_the_folder(chapter: Path, tmp_path: Path) -> None:
    chapter.write_text(CHAPTER.replace("## First exercise", "## ../../../etc/passwd"), "utf-8")
    file = submission_file(find_exercise(chapter, "k1"), tmp_path)
    assert file.parent == tmp_path / "blankcheck/my-course/one"


def test_a_chapter_or_its_course_asks_for_the_device(tmp_path: Path) -> None:
    file = tmp_path / "one.md"

    def device(front: str, manifest: str | None = None) -> str | None:
        exercise = "## One\n\n```yaml\ntype: NormalExercise\nkey: k1\n```\n"
        file.write_text(f"---\ntitle: One\n{front}\n---\n\n{exercise}", "utf-8")
        (tmp_path / "course.yml").unlink(missing_ok=True)
        if manifest is not None:
            (tmp_path / "course.yml").write_text(manifest, "utf-8")
        return read_chapter(file).device

    assert not device("")
    assert device("device: true") == "device"
    assert device("device: dev") == "dev"
    assert device("", "device: true") == "device"
    assert device("", "title: T\ndevice: place") == "place"
    assert device("device: false", "device: true") == ""
    assert not device("device: 1st")


def test_the_device_is_no_unknown_name(tmp_path: Path) -> None:
    file = tmp_path / "one.md"
    file.write_text(
        "---\ntitle: One\ndescription: D\ndevice: true\n---\n\n## One\n\n```yaml\n"
        "type: NormalExercise\nkey: k1\nxp: 100\n```\n\n`@solution`\n```{python}\n"
        "print(device)\n```\n",
        "utf-8",
    )
    codes = {item.code for item in static_findings(file, "one.md")}
    assert "author/undefined-name" not in codes
    file.write_text(file.read_text("utf-8").replace("device: true", "device: 1st"), "utf-8")
    codes = {item.code for item in static_findings(file, "one.md")}
    assert {"author/undefined-name", "author/device"} <= codes
