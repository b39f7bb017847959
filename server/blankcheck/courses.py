"""Courses on disk: which there are, which chapter and exercise a submission belongs to."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from blankcheck.course import attributes
from blankcheck.course.kinds import device_name, is_chapter
from blankcheck.course.model import Chapter, Exercise
from blankcheck.course.reader import read
from blankcheck.course.submission import BUILTIN, Header, new_submission, read_header

MAX_CHAPTER_BYTES = 32 * 2**20
_MAX_DEPTH = 6
_MAX_FOLDERS = 2_000
_LOOKED_AT = 2**18
"""Bytes of a Markdown file that are searched for an exercise."""
_SKIPPED = {"node_modules", "__pycache__", "site-packages", "venv", "build", "dist"}


class CourseError(Exception):
    """A course, chapter or exercise that cannot be found or read; the message says what to do."""


def surely(look: Callable[[], bool]) -> bool:
    """What a look at the disk says, such as `file.exists`: no, where nobody may look, instead of
    raising PermissionError as pathlib does."""
    try:
        return look()
    except OSError:
        return False


@dataclass(frozen=True)
class Target:
    """The exercise that a submission is for."""

    file: Path
    """The chapter's file."""
    chapter: Chapter
    exercise: Exercise
    step: int | None = None
    """The step, counted from 1, of an iterative exercise; null for the others."""

    @property
    def unit(self) -> Exercise:
        """What is asked for: the step, or the exercise itself."""
        return self.exercise if self.step is None else self.exercise.steps[self.step - 1]

    @property
    def key(self) -> str:
        """What names the exercise in its chapter: the key, or the title where there is none."""
        return self.exercise.key or self.exercise.title

    @property
    def data(self) -> Path | None:
        """The folder of data files that the chapter's code reads: `data/` beside the chapter.

        None if that is a link out of the course's folder, to what is none of its business, or to
        the folder itself, with the solutions.
        """
        course = self.file.parent
        folder = course / "data"
        inside = surely(folder.is_dir) and course.resolve() in folder.resolve().parents
        return folder if inside else None


@dataclass(frozen=True)
class Course:
    """A folder of chapters."""

    folder: Path
    title: str
    chapters: tuple[Path, ...]
    """The chapters' files, in the course's order."""
    builtin: bool = False
    problem: str | None = None
    """What is wrong with its `course.yml`, for its author."""
    place: int = 0
    """Where in it that is, as an offset."""
    missing: tuple[str, ...] = ()
    """What its `course.yml` lists and is not there."""


def builtin_folder() -> Path | None:
    """Where Blankcheck's own course is: packed beside this module, or in the checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "exercises", here.parent.parent / "exercises"):
        if folder.is_dir():
            return folder
    return None


def read_chapter(file: Path) -> Chapter:
    """Reads a chapter's file; a file that has not changed is read once."""
    try:
        status = file.stat()
        if status.st_size > MAX_CHAPTER_BYTES:
            raise CourseError(f"{file} is too large for a chapter. Split it into several files.")
        return in_course(_read(file, status.st_mtime_ns, status.st_size), file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CourseError(
            f"The chapter {file} cannot be read ({reason}). Check the path, or open the folder "
            "that holds it."
        ) from None


@lru_cache(maxsize=128)
def _read(file: Path, modified: int, size: int) -> Chapter:
    return read(_decoded(file.read_bytes()))


def _decoded(data: bytes) -> str:
    """A chapter's text. What is no UTF-8 in it is told to the author, who sees where it is; UTF-16
    says of itself that it is that."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8", "replace")


def in_course(chapter: Chapter, file: Path) -> Chapter:
    """A chapter with what the course in its file's folder says for all of them."""
    if chapter.device is not None:
        return chapter
    device = device_of_course(file)
    return chapter if device is None else replace(chapter, device=device)


def device_of_course(file: Path) -> str | None:
    """What the course of a chapter's file says for chapters that say nothing of the device."""
    manifest = _read_manifest(file.parent / "course.yml")
    return device_name((manifest.values or {}).get("device"))


def find_courses(roots: Sequence[Path]) -> tuple[Course, ...]:
    """The built-in course, then those in the given folders and below, each once."""
    courses: list[Course] = []
    builtin = builtin_folder()
    if builtin is not None and (course := read_course(builtin)) is not None:
        courses.append(course)
    for root in roots:
        for folder in course_folders(root):
            if all(folder != known.folder for known in courses):
                course = read_course(folder)
                if course is not None:
                    courses.append(course)
    return tuple(courses)


def read_course(folder: Path) -> Course | None:
    """The course in a folder, or null if the folder holds none."""
    try:
        folder = folder.resolve()
        found = {file.name: file for file in sorted(folder.iterdir()) if file.suffix == ".md"}
    except (OSError, RuntimeError):
        return None
    manifest = folder / "course.yml"
    declared, problem, place = _read_manifest(manifest)
    if declared is None:
        chapters = [file for file in found.values() if _is_chapter(file)]
        if not chapters and problem is None:
            return None
        builtin = folder == builtin_folder()
        return Course(folder, folder.name, tuple(chapters), builtin, problem, place)
    names = declared.get("chapters")
    missing: list[str] = []
    if isinstance(names, list):
        given = [str(name) for name in names]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        listed = tuple(dict.fromkeys(given))
        missing = [name for name in listed if name not in found]
        chapters = [found[name] for name in listed if name in found]
        if missing:
            problem = not_there(missing[0], folder)
    else:
        chapters = [file for file in found.values() if _is_chapter(file)]
        if names is not None:
            problem = (
                f"chapters in {manifest} is no list, so the chapters are listed by name. Write "
                "each on a line of its own, such as “  - first.md”."
            )
    title = declared.get("title")
    return Course(
        folder,
        title if isinstance(title, str) and title.strip() else folder.name,
        tuple(chapters),
        folder == builtin_folder(),
        problem,
        missing=tuple(missing),
    )


def not_there(chapter: str, folder: Path) -> str:
    """What an author is told of a chapter that a `course.yml` lists and that is not there."""
    return f"course.yml lists {chapter}, which is not in {folder}. Correct its name."


class _Manifest(NamedTuple):
    """What a `course.yml` says, or else what is wrong with it, and at which offset."""

    values: dict[str, object] | None = None
    problem: str | None = None
    place: int = 0


def _read_manifest(file: Path) -> _Manifest:
    try:
        if not file.is_file():
            return _Manifest()
        found = attributes.read(file.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        said = f"{file} cannot be read ({reason}), so the chapters are listed by name. Mend that."
        return _Manifest(None, said)
    if found.error:
        said = f"{file} cannot be used: {found.error}. The chapters are listed by name. Correct it."
        return _Manifest(None, said, found.offset)
    if not found.values:
        said = f"{file} has no keys, such as title, so it is ignored. Write some, or delete it."
        return _Manifest(None, said)
    return _Manifest(found.values)


def course_folders(root: Path, closed: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    """The folders at and below a root that may hold a course; bounded, and never through a link.

    `closed` is told of those that cannot be looked into.
    """
    for seen, (path, names, files) in enumerate(os.walk(root, onerror=closed)):
        if seen >= _MAX_FOLDERS:
            return
        folder = Path(path)
        depth = len(folder.relative_to(root).parts)
        hidden = [n for n in names if n.startswith(".") or n in _SKIPPED]
        names[:] = [] if depth >= _MAX_DEPTH else sorted(set(names) - set(hidden))
        names[:] = [n for n in names if not surely((folder / n / "pyvenv.cfg").exists)]
        if "course.yml" in files or any(name.endswith(".md") for name in files):
            yield folder.resolve()


def require_folder(path: Path) -> None:
    """Raises CourseError for what is no folder, or one that cannot be looked into."""
    try:
        with os.scandir(path):
            return
    except FileNotFoundError:
        said = f"{path} is not there. Check the path."
    except NotADirectoryError:
        said = f"{path} is no folder. Name the one that it is in."
    except OSError as error:
        said = f"{path} cannot be looked into ({error.strerror}). Name another, or open it to you."
    raise CourseError(said)


def _is_chapter(file: Path) -> bool:
    try:
        status = file.stat()
        return _has_exercise(file, status.st_mtime_ns, status.st_size)
    except PermissionError:
        return True  # as it may be: whoever reads it is told
    except OSError:
        return False


@lru_cache(maxsize=4096)
def _has_exercise(file: Path, modified: int, size: int) -> bool:
    with file.open("rb") as stream:
        return is_chapter(_decoded(stream.read(_LOOKED_AT)))


def find_exercise(file: Path, exercise: str, step: int | None = None) -> Target:
    """The exercise of a chapter, by key, title, or number counted from 1."""
    chapter = read_chapter(file)
    found = _pick(chapter, exercise)
    if found is None:
        titles = ", ".join(f"{n} {e.title}" for n, e in enumerate(chapter.exercises, 1))
        known = f"It has: {titles}." if titles else "It has no exercises."
        raise CourseError(f"{file.name} has no exercise “{exercise}”. {known}")
    if not found.steps:
        if step is not None:
            raise CourseError(f"“{found.title}” has no steps. Leave the step out.")
    elif step is None:
        step = 1
    elif not 1 <= step <= len(found.steps):
        raise CourseError(f"“{found.title}” has the steps 1 to {len(found.steps)}, and no {step}.")
    return Target(file, chapter, found, step)


def _pick(chapter: Chapter, exercise: str) -> Exercise | None:
    wanted = exercise.strip()
    for candidate in chapter.exercises:
        if candidate.key and candidate.key == wanted:
            return candidate
    for candidate in chapter.exercises:
        if candidate.title.casefold() == wanted.casefold():
            return candidate
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= len(chapter.exercises):
        return chapter.exercises[int(wanted) - 1]
    return None


def find_target(text: str, file: Path | None, roots: Sequence[Path]) -> Target:
    """The exercise that a submission's first line names.

    The chapter is looked for in the given folders, then above the submission's own file, so that a
    file that was moved, or is opened on its own, still finds it.
    """
    header = read_header(text)
    if header is None:
        raise CourseError(
            "This file does not say which exercise it is for: its first line should be "
            "“# blankcheck: <chapter>#<key>”. Start the exercise anew, or name it with --chapter "
            "and --exercise."
        )
    return find_exercise(_locate(header.chapter, file, roots), header.exercise, header.step)


def _locate(chapter: str, file: Path | None, roots: Sequence[Path]) -> Path:
    if chapter.startswith(BUILTIN):
        folder = builtin_folder()
        inside = PurePosixPath(chapter.removeprefix(BUILTIN))
        if folder is None or inside.is_absolute() or ".." in inside.parts:
            raise CourseError("The built-in course is not there. Install Blankcheck anew.")
        return folder / inside
    places = [*roots, *(file.absolute().parents if file is not None else ())]
    for place in places:
        candidate = place / chapter
        try:
            if surely(candidate.is_file):
                return candidate.resolve()
        except ValueError:
            break
    raise CourseError(
        f"The chapter {chapter}, which the first line names, is not there. Open the folder that "
        "holds it, or correct the line."
    )


def chapter_name(file: Path, root: Path) -> str:
    """How a header names a chapter's file: from the built-in course, the root, or in full."""
    file = file.resolve()
    builtin = builtin_folder()
    if builtin is not None and file.is_relative_to(builtin):
        return BUILTIN + file.relative_to(builtin).as_posix()
    root = root.resolve()
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()


def course_name(target: Target) -> str:
    """The name of the course that an exercise belongs to, for folders and for progress."""
    if target.file.resolve().parent == builtin_folder():
        return "builtin"
    return target.file.resolve().parent.name or "course"


def sample_of(target: Target) -> str:
    """The sample code of what is asked for; raises CourseError if there is nothing to write."""
    require_runnable(target)
    code = target.unit.code("sample_code") or target.exercise.code("sample_code")
    return code.text if code is not None else ""


def require_runnable(target: Target) -> None:
    """Raises CourseError, with the reason, for an exercise that is not done in Python code."""
    reason = target.unit.not_runnable or target.exercise.not_runnable
    if reason is not None:
        raise CourseError(reason)


def submission_file(target: Target, workspace: Path) -> Path:
    """Where the learner's file for an exercise is in a workspace, written or not."""
    number = 1 + next(n for n, e in enumerate(target.chapter.exercises) if e is target.exercise)
    step = "" if target.step is None else f"-{target.step}"
    name = f"{number:02d}-{slug(target.exercise.title)}{step}.py"
    return workspace / "blankcheck" / slug(course_name(target)) / slug(target.file.stem) / name


def start(target: Target, workspace: Path) -> tuple[Path, bool]:
    """Writes the learner's file from the sample code, unless it is there: its path, and whether it
    was written. It appears whole or not at all."""
    sample = sample_of(target)
    file = submission_file(target, workspace)
    header = Header(chapter_name(target.file, workspace), target.key, target.step)
    try:
        if file.exists():
            return file, False
        file.parent.mkdir(parents=True, exist_ok=True)
        return file, _write_new(file, new_submission(header, sample))
    except OSError as error:
        raise CourseError(
            f"{file} cannot be written ({error.strerror}). Choose another folder, or make room."
        ) from None


def _write_new(file: Path, text: str) -> bool:
    """Writes a file that must not exist yet: False if somebody else made it meanwhile."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        draft.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            try:
                with file.open("xb") as stream:
                    stream.write(draft.read_bytes())
            except FileExistsError:
                return False
        return True
    finally:
        draft.unlink(missing_ok=True)


def slug(text: str) -> str:
    """A title as a part of a file name: short, lower case, ASCII."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:60].strip("-") or "untitled"
