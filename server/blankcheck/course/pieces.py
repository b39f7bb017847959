"""A chapter that is read again and again while its author writes: only what changed is read anew.

A line that separates exercises cuts the text into pieces, and each piece is read by itself. That
comes to the same as reading the whole as long as no code block reaches over a cut; where one may,
the piece is read together with what follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from blankcheck.course import rules
from blankcheck.course.model import Chapter, Problem
from blankcheck.course.reader import read, read_part
from blankcheck.course.structure import front_matter, separators
from blankcheck.course.text import Lines

_HEAD = "---\ntitle: t\ndescription: d\n---\n"
"""Stands before a piece while it is read, since a chapter begins with its front matter."""
_OF_WHOLE = "author/no-exercises"


class _Reading:
    """What is known of a piece by its text alone."""

    def __init__(self, chapter: Chapter, *, complete: bool) -> None:
        self.chapter = chapter
        self.complete = complete
        """Whether it reads the same whatever follows it."""
        self.found: tuple[rules.Found, ...] | None = None
        """What the rules find in its exercises; null until they have looked."""

    def look(self) -> tuple[rules.Found, ...]:
        """Has the rules look, once."""
        if self.found is None:
            chapter = self.chapter
            self.found = tuple(rules.of_exercise(chapter, item) for item in chapter.exercises)
        return self.found


@dataclass(frozen=True)
class Piece:
    """A part of a chapter."""

    start: int
    """What an offset of its reading lacks to be one of the whole text; it may be negative."""
    reading: _Reading

    @property
    def chapter(self) -> Chapter:
        """Its exercises."""
        return self.reading.chapter


Pieces = tuple[Piece, ...]


class ChapterReader:
    """The readings of one chapter, for as long as it is open."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], _Reading] = {}

    def read(self, lines: Lines, device: str | None = None) -> Pieces:
        """Reads the chapter as it is now. There is at least one piece.

        `device`: what the chapter's `device` is if its front matter says nothing.
        """
        known: dict[tuple[str, str | None], _Reading] = {}

        def reading(text: str, device: str | None) -> _Reading:
            key = text, device
            if key not in known:
                known[key] = self._known.get(key) or _read(text, device)
            return known[key]

        pieces = tuple(_pieces(lines, reading, device))
        if not any(piece.chapter.exercises for piece in pieces):
            pieces = (_whole(lines.text, device),)
        self._known = known
        return pieces


def look(pieces: Pieces, stop: Callable[[], bool]) -> bool:
    """Has the rules look at what they have not seen, from above, and says whether that is all.

    They see one piece at least, and then others until `stop` says so.
    """
    unseen = [piece for piece in pieces if piece.reading.found is None]
    for number, piece in enumerate(unseen, 1):
        piece.reading.look()
        if stop():
            return number == len(unseen)
    return True


def problems(pieces: Pieces) -> tuple[Problem, ...]:
    """What is wrong with a chapter, in the order of the text, as far as the rules have looked.

    They speak of no piece before they have seen all that stands above it.
    """
    seen = list(takewhile(lambda piece: piece.reading.found is not None, pieces))
    said = [rules.moved(item, piece.start) for piece in pieces for item in piece.chapter.problems]
    said += rules.of_front_matter(pieces[0].chapter)
    said += rules.joined((found, piece.start) for piece in seen for found in piece.reading.look())
    return rules.in_order(said)


def _pieces(
    lines: Lines, reading: Callable[[str, str | None], _Reading], device: str | None
) -> Iterator[Piece]:
    text = lines.text
    front = front_matter(text, lines)
    if front is None and text.startswith("\ufeff"):
        yield _whole(text, device)  # the mark is part of the first line, which a head would not be
        return
    body = front.body if front else 0
    begin = lines.starts[body] if body < len(lines) else len(text)
    head = text[:begin]
    if front and front.closed and front.body == front.after:
        head += "---\n"  # the line that closes it is an exercise's header too
    elif front and not front.closed:
        head = text[: lines.span(body - 1).end]  # it would have one line more
    first = reading(head, device)
    device = first.chapter.device
    yield Piece(0, first)
    cuts = [begin, *(lines.starts[line] for line in separators(text, lines, body)), len(text)]
    last = len(cuts) - 1
    at = 0
    while at < last:
        for end in (at + 1, at + 2, last):
            end = min(end, last)
            found = reading(_HEAD + text[cuts[at] : cuts[end]], device)
            if found.complete or end == last:
                if cuts[at] < cuts[end]:
                    yield Piece(cuts[at] - len(_HEAD), found)
                at = end
                break


def _read(text: str, device: str | None) -> _Reading:
    chapter, complete = read_part(text)
    own = tuple(item for item in chapter.problems if item.code != _OF_WHOLE)
    return _Reading(_with(replace(chapter, problems=own), device), complete=complete)


def _whole(text: str, device: str | None) -> Piece:
    return Piece(0, _Reading(_with(read(text), device), complete=True))


def _with(chapter: Chapter, device: str | None) -> Chapter:
    """The chapter with this device, unless it names one itself."""
    return chapter if chapter.device is not None else replace(chapter, device=device)
