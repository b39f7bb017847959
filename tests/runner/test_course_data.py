"""A course's data in real runs: read by all of them, and nobody else's files through them."""

from __future__ import annotations

from pathlib import Path

import pytest

from blankcheck.runner.process import HostRunner
from blankcheck_runner.course_data import MOST_FILES
from blankcheck_runner.wire import Lesson, Limits

pytestmark = pytest.mark.asyncio(loop_scope="session")
COUNT = """
from pathlib import Path
read = sum(len(path.read_text()) for path in Path("images").iterdir())
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More data than are copied for each run."""
    data = tmp_path_factory.mktemp("course") / "data"
    (data / "images").mkdir(parents=True)
    for number in range(MOST_FILES + 1):
        (data / "images" / f"{number}.txt").write_text("image")
    return data


async def test_much_data_is_read_by_each_part_and_spoilt_by_none(
    runner: HostRunner, images: Path
) -> None:
    lesson = Lesson(
        pre_exercise_code=COUNT,
        solution=f"{COUNT}Path('images/mine.txt').write_text('')\n",
        sct="Ex().check_object('read').has_equal_value()",
        data=str(images),
    )
    spoiling = f"""{COUNT}
Path("images/mine.txt").write_text("mine")
Path("images/0.txt").unlink()
try: Path("images/1.txt").write_text("spoilt")
except PermissionError: print("read-only")
"""
    contained = (await runner.info()).sandbox in ("landlock", "full")
    for submission in (spoiling, COUNT):
        report = await runner.check(lesson, submission, "a.py", Limits())
        assert report.verdict == "passed", report.feedback
        if submission == spoiling and contained:
            assert report.output == "read-only\n"
    assert {path.read_text() for path in (images / "images").iterdir()} == {"image"}


async def test_a_link_that_a_course_makes_gives_nothing_to_its_exercise(
    runner: HostRunner, tmp_path: Path
) -> None:
    if (await runner.info()).sandbox not in ("landlock", "full"):
        pytest.skip("this machine contains code less than is tested here")
    secret = tmp_path / "secret.txt"
    secret.write_text("the person's own")
    making = f"import os\nos.symlink({str(secret)!r}, 'stolen.txt')\n"
    reading = """
try: print(open("stolen.txt").read())
except OSError as error: print(type(error).__name__)
"""
    lesson = Lesson(pre_exercise_code=making)
    report = await runner.run(lesson, reading, "a.py")
    assert report.output in ("PermissionError\n", "FileNotFoundError\n")
