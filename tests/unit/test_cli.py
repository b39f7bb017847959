"""The command line as a person or a script uses it; what runs needs no torch."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.chapters import SUMS

from blankcheck.cli import main
from blankcheck.progress import Progress
from blankcheck_runner import processes

RIGHT = "# blankcheck: sums.md#add01\ntotal = max(2 + 3, 5)\nprint(total)\n"
WRONG = RIGHT.replace("2 + 3", "2 + 4")
FILE = "blankcheck/course/sums/01-add-two-numbers.py"


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a chapter, in which commands run."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "sums.md").write_text(SUMS, "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BLANKCHECK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BLANKCHECK_PYTHON", getattr(sys, "_base_executable", sys.executable))
    return folder


def write(name: str, text: str) -> str:
    Path(name).write_text(text, "utf-8")
    return name


COMMANDS = (
    *("serve", "check", "run", "lint", "list", "show", "start", "hint", "solution", "reset"),
    *("progress", "doctor"),
)


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_from_start_to_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "sums.md", "1"]) == 0
    assert capsys.readouterr().out == f"{FILE}\n"
    assert main(["check", FILE]) == 1
    said = capsys.readouterr().out
    assert f"{FILE}: incomplete" in said
    assert f"{FILE}:2:13: Fill in this argument of max. [blank/unfilled]" in said
    write(FILE, WRONG)
    assert main(["check", FILE]) == 1
    assert f"{FILE}: not right yet" in capsys.readouterr().out
    write(FILE, RIGHT)
    assert main(["check", FILE]) == 0
    said = capsys.readouterr().out
    assert f"{FILE}: passed" in said
    assert "Well added." in said
    assert main(["progress"]) == 0
    said = capsys.readouterr().out
    assert "course: 1 of 2 exercises passed" in said
    assert "100 of" in said
    assert main(["list"]) == 0
    assert " 1  passed    Add two numbers" in capsys.readouterr().out


def test_an_exercise_is_named_as_its_file_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "sums.md#add01"]) == 0
    assert capsys.readouterr().out == f"{FILE}\n"
    assert main(["show", "sums.md#add01"]) == 0
    assert "# Add two numbers" in capsys.readouterr().out
    assert main(["start", "sums.md"]) == 2
    assert "Which exercise of the chapter?" in capsys.readouterr().err


def test_starting_again_leaves_the_work_alone(capsys: pytest.CaptureFixture[str]) -> None:
    main(["start", "sums.md", "add01"])
    write(FILE, RIGHT)
    assert main(["start", "sums.md", "add01"]) == 0
    assert "left as it is" in capsys.readouterr().out
    assert Path(FILE).read_text("utf-8") == RIGHT


def test_checks_as_json_one_object_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        write("right.py", RIGHT),
        write("wrong.py", WRONG),
        write("raises.py", RIGHT.replace("2 + 3", "2 / 0")),
        write("syntax.py", RIGHT.replace("print(total)", "print(total")),
        write("broken.py", "# blankcheck: sums.md#broken01\nx = 1\n"),
    ]
    assert main(["check", *files, "--format", "json"]) == 2
    found = objects(capsys.readouterr().out)
    assert [item["file"] for item in found] == files
    assert [item["verdict"] for item in found] == ["passed", "failed", "error", "error", "broken"]
    assert set(found[0]) == {
        "file", "exercise", "step", "verdict", "feedback", "output", "truncated", "device",
        "seconds",
    }  # fmt: skip
    assert found[0]["exercise"] == "add01"
    assert found[0]["output"] == "5\n"
    assert found[2]["feedback"][0]["range"]["start"]["line"] == 1
    line = SUMS.splitlines().index("y = 1 / 0") + 1
    assert f"line {line} of sums.md" in found[4]["feedback"][0]["message"]


def test_status_1_when_all_could_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write("right.py", RIGHT), write("wrong.py", WRONG)]) == 1


def test_the_exercise_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    file = write("mine.py", "total = 5\nprint(total)\n")
    for name in ("add01", "1", "Add two numbers"):
        arguments = ["check", file, "--chapter", "sums.md", "--exercise", name]
        assert main(arguments) == 0
    assert Progress().attempts() == ()  # it may be anybody's
    capsys.readouterr()
    assert main(["check", file, "--chapter", "sums.md"]) == 2
    assert "--exercise" in capsys.readouterr().err
    assert main(["check", file]) == 2
    assert "--chapter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "gone.py"], "gone.py cannot be read"),
        (["check", "mine.py", "--chapter", "gone.md", "--exercise", "1"], "gone.md cannot be read"),
        (["check", "mine.py", "--chapter", "sums.md", "--exercise", "9"], "1 Add two numbers"),
        (["lint", "gone.md"], "gone.md is not there"),
        (["list", "gone"], "gone is not there"),
        (["list", "sums.md"], "sums.md is no folder"),
        (["progress", "gone"], "gone is not there"),
        (["lint", "mine.py"], "mine.py is no chapter"),
        (["check", "sums.md"], "sums.md is a chapter and no submission"),
        (["start", "sums.md", "x"], "no exercise"),
        (["solution", "sums.md", "1"], "--yes"),
        (["show", "sums.md"], "Name its number"),
        (["check", "right.py", "--python", "/nowhere/python"], "/nowhere/python"),
    ],
)
def test_what_cannot_be_done_is_status_2_and_says_what_to_do(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", "total = 5\n")
    write("right.py", RIGHT)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


@pytest.mark.parametrize("arguments", [[], ["grade", "x"], ["serve", "--tcp", "here"], ["check"]])
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_every_command_has_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main([*arguments, "--help"])
    assert exit.value.code == 0
    assert " ".join(["usage: blankcheck", *arguments]) in capsys.readouterr().out


def test_a_file_that_is_not_utf8_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("latin.py").write_bytes((RIGHT + "# caf\xe9\n").encode("latin-1"))
    assert main(["check", "latin.py"]) == 1
    assert "latin.py:4:6:" in capsys.readouterr().out


def test_a_byte_order_mark_does_not_shift_anything(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bom.py").write_bytes(b"\xef\xbb\xbf" + RIGHT.replace("\n", "\r\n").encode())
    assert main(["check", "bom.py"]) == 0


def test_running_prints_the_output_and_what_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", write("wrong.py", WRONG)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("6\n", "")
    assert main(["run", write("raises.py", RIGHT + "1 / 0\n")]) == 1
    said = capsys.readouterr()
    assert said.out == "5\n"
    assert "raises.py:4:" in said.err


def test_showing_never_tells_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    write("mine.py", RIGHT)
    for arguments in (["sums.md", "1"], ["mine.py"]):
        assert main(["show", *arguments]) == 0
        said = capsys.readouterr().out
        assert "- Print `total`." in said
        assert "start + 3" not in said
        assert "plus sign" not in said


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_what_is_shown_ends_its_lines_as_a_terminal_wants(
    end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    for text in (SUMS, SUMS.replace("\n", end)):
        Path("sums.md").write_bytes(text.encode())
        for arguments in (["show"], ["hint"], ["solution", "--yes"]):
            assert main([*arguments, "sums.md", "1"]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert "- Print `total`.\n" in shown[1]


def test_hint_and_solution_cost_xp(capsys: pytest.CaptureFixture[str]) -> None:
    file = write("mine.py", RIGHT)
    assert main(["hint", file]) == 0
    assert "plus sign" in capsys.readouterr().out
    main(["check", file])
    capsys.readouterr()
    main(["progress"])
    assert "70 of" in capsys.readouterr().out
    assert main(["solution", file, "--yes"]) == 0
    assert capsys.readouterr().out == "total = max(start + 3, 5)\nprint(total)\n"


def test_reset_keeps_a_backup(capsys: pytest.CaptureFixture[str]) -> None:
    file = write("mine.py", WRONG)
    assert main(["reset", file]) == 0
    assert "mine.py.1.bak" in capsys.readouterr().out
    assert Path("mine.py.1.bak").read_text("utf-8") == WRONG
    text = "# blankcheck: sums.md#add01\ntotal = max(___, 5)\nprint(___)\n"
    assert Path(file).read_text("utf-8") == text
    assert main(["reset", file]) == 0
    assert Path("mine.py.2.bak").read_text("utf-8") == text


def test_linting_runs_the_solutions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "sums.md", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    errors = [item for item in found if item["severity"] == "error"]
    assert [item["exercise"] for item in errors] == ["broken01"]
    line = SUMS.splitlines().index("y = 1 / 0")
    assert errors[0]["range"]["start"]["line"] == line
    assert errors[0]["file"] == "sums.md"
    assert errors[0]["message"] == (
        "This pre-exercise code raises ZeroDivisionError: division by zero."
    )
    assert set(errors[0]) == {"file", "exercise", "code", "severity", "message", "range"}
    assert main(["lint", ".", "--static"]) == 0


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("total = max(start + 3, 5)", "total = max(start + 3, 5", "author/syntax"),
        (
            'check_object("total").has_equal_value()',
            'check_object("totals").has_equal_value()',
            "author/",
        ),
        (
            "total = max(___, 5)\nprint(___)",
            "total = max(start + 3, 5)\nprint(total)",
            "author/sample-passes",
        ),
    ],
)
def test_mistakes_in_a_chapter_are_found(
    before: str, after: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("sums.md", SUMS.partition("\n---\n\n## A broken")[0].replace(before, after))
    main(["lint", "sums.md", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert [item for item in found if item["code"].startswith(code)]


@pytest.mark.parametrize("form", ["text", "github", "sarif"])
def test_other_forms_of_findings(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "sums.md", "--format", form]) == 1
    said = capsys.readouterr().out
    line = SUMS.splitlines().index("y = 1 / 0") + 1
    where = {
        "text": f"sums.md:{line}:",
        "github": f"::error file=sums.md,line={line},",
        "sarif": f'"startLine": {line}',
    }
    assert where[form] in said


ONE = SUMS.partition("\n---\n\n## A broken")[0]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "has_equal_value()\nsuccess",
            'has_equal_value(incorect_msg="No.")\nsuccess',
            "{line}:1: `has_equal_value` takes no `incorect_msg`; did you mean `incorrect_msg`? ",
        ),
        ("Ex().check", "ex().check", "{line}:1: There is no check `ex`; did you mean `Ex`? "),
        (
            "check_object",
            "check_objekt",
            "{line}:1: There is no check `check_objekt`; did you mean",
        ),
        ('"total").has', '"totl").has', "{line}:19: The SCT looks at `totl`, which the solution"),
        ("Ex().check", "Ex().has_output('9')\nEx().check", "Correct it, or the SCT. "),
        ("max(___, 5)\nprint(___)", "max(5, 5)\nprint(total)", "passes as it is, so there"),
        ("Python adds.", "Python \ufffds.", "save the chapter as UTF-8"),
        ("type: Normal", "type: Nomral", "did you mean `NormalExercise`?"),
        ("type: NormalExercise", "type: NormalExcercise", "did you mean `NormalExercise`?"),
        ("`@hint`", "`@hnit`", "`hnit` is not a directive: did you mean `hint`?"),
    ],
)
def test_each_mistake_is_told_once_with_what_to_do(
    before: str, after: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ONE.replace(before, after)
    assert text != ONE
    write("sums.md", text)
    main(["lint", "."])
    said = capsys.readouterr()
    line = ONE.splitlines().index('Ex().check_object("total").has_equal_value()') + 1
    assert says.format(line=f"sums.md:{line}") in said.out
    assert said.err.startswith("1 chapter, 1 finding, ")


def test_what_is_wrong_with_a_course_is_told_to_its_author(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("sums.md", ONE)
    write("course.yml", "title: Sums\nchapters:\n  - sums.md\n  - gone.md\n  - sums.md\n  - x.md\n")
    assert main(["lint", ".", "--static"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("course.yml:4:5: course.yml lists gone.md, which is")
    assert "course.yml:6:5: course.yml lists x.md, which is" in said.out
    assert said.err == "1 chapter, 2 findings, 2 errors.\n"
    write("course.yml", "title: Sums\nchapters: sums.md\n")
    assert main(["lint", ".", "--static", "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["file"], found["exercise"], found["code"]) == (
        "course.yml",
        None,
        "author/course",
    )
    assert "Write each on a line of its own" in found["message"]
    write("course.yml", "title: Sums\nchapters:\n\t- sums.md\n")
    assert main(["lint", ".", "--static"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("course.yml:3:1: ")
    assert "course.yml cannot be used: a tab stands where YAML takes spaces only." in said


@contextlib.contextmanager
def held_off() -> Generator[None]:
    """As somebody whom permissions hold off, which root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_what_may_not_be_looked_at_keeps_nothing_else_from_being_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BLANKCHECK_DATA_DIR", str(folder / "closed" / "data"))
    write("open.md", ONE)
    Path("closed").mkdir()
    Path("data").symlink_to("closed/data")
    Path("course.yml").symlink_to("closed/course.yml")
    for command in (["list"], ["lint", "open.md", "--static"]):
        main(command)  # imports what there is to import
    for name in ("closed", write("shut.md", ONE)):
        Path(name).chmod(0)
    capsys.readouterr()
    try:
        with held_off():
            assert main(["lint", ".", "--static"]) == 2
            linted = capsys.readouterr()
            assert main(["list"]) == 0
            listed = capsys.readouterr()
            assert main(["progress"]) == 0
            assert main(["start", "open.md", "1"]) == 2
            told = capsys.readouterr()
    finally:
        Path("closed").chmod(0o755)
        shutil.rmtree(folder)
    where = ("course.yml:1:1: ", "data:1:1: ", "closed:1:1: ")
    assert [line.startswith(where) for line in linted.out.splitlines()] == [True] * 3
    assert "closed:1:1: This folder cannot be looked into (Permission denied), so" in linted.out
    assert "course.yml cannot be read (Permission denied), so the chapters" in linted.out
    assert "shut.md cannot be read (Permission denied)" in linted.err
    assert "2 chapters, 3 findings, 1 error." in linted.err
    assert "1  new       Add two numbers" in listed.out
    assert "shut.md cannot be read (Permission denied)" in listed.err
    assert "Progress cannot be kept in " in listed.err
    assert "0 of 1 exercises passed" in told.out
    assert "01-add-two-numbers.py cannot be written (Permission denied)" in told.err


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")
def test_data_that_no_exercise_gets_are_told_once(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("sums.md", ONE)
    write("more.md", ONE)
    (course / "data").mkdir()
    (course / "data" / "sound.csv").symlink_to("../sums.md")
    for name in ("a.csv", "b.csv", "c.csv"):
        (course / "data" / name).symlink_to(tmp_path / name)
    for paths in (["."], ["sums.md", "more.md"], [".", "more.md", str(course)]):
        assert main(["lint", *paths, "--static", "--format", "json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["file"], found["exercise"]) == ("data/a.csv", None)
        assert (found["code"], found["severity"]) == ("author/data-left-out", "warning")
        assert found["message"] == (
            f"`data/a.csv` is a link that leads out of the course's folder, to {tmp_path}/a.csv, "
            "so it is left out when an exercise runs, and so are 2 more. Copy what it leads to "
            "into the course's folder, since a course brings its own data."
        )


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")
@pytest.mark.parametrize(
    ("leads_to", "says"),
    [
        ("/", "leads out of the course's folder, to /"),
        ("gone", "leads to gone, where nothing is"),
        (".", "leads back to what it is in"),
    ],
)
def test_a_data_folder_that_is_a_link_astray_is_told(
    leads_to: str, says: str, course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("sums.md", ONE)
    (course / "data").symlink_to(leads_to)
    assert main(["lint", ".", "--static"]) == 0
    assert capsys.readouterr().out.startswith(f"data:1:1: `data` is a link that {says}, so it is")


def test_exercises_in_other_languages_are_said_not_to_be_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("sums.md", ONE.replace("lang: python", "lang: r").replace("total", "totl", 1))
    assert main(["lint", "."]) == 0
    said = capsys.readouterr()
    assert "Exercises in R cannot be run here." in said.out
    assert said.err == "1 chapter, 1 finding, 0 errors.\n"
    write("right.py", RIGHT)
    for command in ("check", "run"):
        assert main([command, "right.py"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "This exercise is written in R, and only Python can be run here." in said.err


def test_a_chapter_that_cannot_be_read_keeps_no_other_from_being_linted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("large.md").write_bytes(b"`@sct`\n" + b" " * 2**25)
    write("other.md", ONE.replace("`@hint`", "`@hnit`"))
    assert main(["lint", "large.md", "other.md", "--static"]) == 2
    said = capsys.readouterr()
    assert "large.md is too large for a chapter" in said.err
    assert "other.md:" in said.out


def test_a_chapter_that_cannot_be_read_keeps_no_other_from_being_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("large.md").write_bytes(b"`@sct`\n" + b" " * 2**25)
    for command in ("list", "progress"):
        assert main([command]) == 0
        said = capsys.readouterr()
        assert "large.md is too large for a chapter" in said.err
        assert "0 of 2 exercises" in said.out or "Add two numbers" in said.out


def test_a_folder_without_chapters_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    Path("empty/again").symlink_to(".")
    Path("empty/notes.md").write_text("# Notes\n")
    Path("empty/self.md").symlink_to("self.md")
    assert main(["lint", "empty"]) == 2
    assert "empty holds no chapters: no Markdown file there has an exercise." in (
        capsys.readouterr().err
    )


@pytest.mark.skipif(sys.platform != "linux", reason="a terminal is made as on Linux")
def test_who_watches_sees_what_is_under_way(course: Path) -> None:
    from pty import openpty

    watched, terminal = openpty()
    write("sums.md", ONE)
    linting = command("lint", "sums.md", stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # as Linux tells the end of a terminal
        while piece := os.read(watched, 4096):
            shown += piece
    os.close(watched)
    assert linting.wait(30) == 0
    assert linting.stdout
    assert linting.stdout.read() == ""
    linting.stdout.close()
    assert "Trying sums.md, exercise 1 of 1 …\r\x1b[K".encode() in shown
    assert shown.endswith(b"1 chapter, 0 findings, 0 errors.\r\n")


def test_a_device_that_is_none_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", write("right.py", RIGHT), "--device", "gpu"])
    assert left.value.code == 2
    assert "“gpu” is not auto, cpu, cuda, cuda:N or mps" in capsys.readouterr().err


def test_a_device_that_is_not_there_stops_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write("right.py", RIGHT), "--device", "cuda:99"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "CUDA cannot be used here" in said.err or "no cuda:99 here" in said.err


def test_the_doctor_looks_at_everything(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--format", "json"])
    found = {item["name"]: item for item in json.loads(capsys.readouterr().out)}
    assert found["interpreter"]["ok"]
    assert {"server", "course", "progress", "torch", "processes", "device", "sandbox"} <= set(found)


@pytest.mark.skipif(sys.platform != "linux", reason="the levels above it are made for Linux")
def test_the_doctor_tells_the_level_that_was_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLANKCHECK_SANDBOX", "limits")
    main(["doctor", "--format", "json"])
    found = {item["name"]: item for item in json.loads(capsys.readouterr().out)}["sandbox"]
    assert found["ok"]
    assert found["value"].startswith("limits: ")
    assert "files and network are open" in found["value"]
    assert "BLANKCHECK_SANDBOX" in found["advice"]


def test_the_doctor_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--python", "/nowhere/python"]) == 1
    assert "/nowhere/python" in capsys.readouterr().out


def command(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "blankcheck", *arguments], text=True, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="a terminal is made as on Linux")
def test_a_huge_course_tells_that_it_is_read_and_may_be_interrupted() -> None:
    from pty import openpty

    front, _, exercise = ONE.partition("\n## ")
    exercises = [f"\n## {number} {exercise}\n---\n" for number in range(8000)]
    write("sums.md", front + "".join(exercises))
    watched, terminal = openpty()
    linting = command("lint", "--static", ".", stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = b""
    while "Reading sums.md … 1 s".encode() not in shown:
        shown += os.read(watched, 4096)
    linting.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # as Linux tells the end of a terminal
        while piece := os.read(watched, 4096):
            shown += piece
    os.close(watched)
    assert linting.wait(30) == 130  # had it read on to the end, it would be 1
    assert b"Traceback" not in shown
    assert shown.endswith(b"\r\x1b[K")
    assert linting.stdout
    assert linting.stdout.read() == ""
    linting.stdout.close()


def test_interrupting_the_start_is_no_crash() -> None:
    code = """if True:
        import os, signal, sys
        class Interrupting:
            def find_spec(self, name, *rest):
                if name == "blankcheck.cli":
                    os.kill(os.getpid(), signal.SIGINT)
        sys.meta_path.insert(0, Interrupting())
        from blankcheck.__main__ import main
        main()
    """
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


def test_whoever_reads_may_stop_reading() -> None:
    listing = command("list", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listing.stdout and listing.stderr
    listing.stdout.close()
    assert listing.wait(30) in (0, 2)
    assert listing.stderr.read() == ""
    listing.stderr.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs pidfd_open")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing(number: signal.Signals) -> None:
    code = "print('going on', flush=True)\nwhile True: pass\n"
    temporary = Path(tempfile.mkdtemp())
    environment = {**os.environ, "TMPDIR": str(temporary)}
    file = write("endless.py", RIGHT + code)
    running = command("run", file, stdout=subprocess.PIPE, env=environment)
    assert running.stdout
    assert any(line.startswith("going on") for line in running.stdout)
    # By the ids that they have here: a submission knows itself by another one.
    watched: list[int] = []
    for pid in processes.descendants(running.pid):
        with contextlib.suppress(ProcessLookupError):
            watched.append(os.pidfd_open(pid))
    assert len(watched) >= 3
    running.send_signal(number)
    assert running.wait(30) == 130
    running.stdout.close()
    for process in watched:
        ended, _, _ = select.select([process], [], [], 20)
        assert ended
        os.close(process)
    temporary.rmdir()  # which only works with an empty one
