"""The first line of a submission, which names the exercise that the file is for.

`# blankcheck: chapters/tensors.md#ba27197060` names an exercise by the chapter's file and its key;
`…#ba27197060/2` its second step. It is an ordinary comment on line 1 and stays part of the file, so
that every position in the file is a position in what is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from blankcheck.course.text import Lines, Span, newline_of

BUILTIN = "builtin:"
"""What stands before the chapter's file for a chapter that comes with Blankcheck."""

_HEADER = re.compile(
    r"\ufeff?[ \t]*#[ \t]*blankcheck[ \t]*:[ \t]*(?P<chapter>[^\r\n]+)"
    r"#(?P<key>[^#/\r\n]*?)(?:/(?P<step>[0-9]{1,4}))?[ \t]*(?=[\r\n]|\Z)"
)
_QUOTED = re.compile(r"[%#/\x00-\x1f]")


@dataclass(frozen=True)
class Header:
    """What a submission's first line says."""

    chapter: str
    """The chapter's file with forward slashes: relative to the workspace, absolute, or after
    `builtin:`."""
    exercise: str
    """The exercise's key; its title where the chapter gives it none."""
    step: int | None = None
    """The step, counted from 1."""


def read_header(text: str) -> Header | None:
    """What the first line of a submission says, or null if it is not a submission's."""
    match = _HEADER.match(text)
    if match is None or not match["chapter"].strip() or not match["key"].strip():
        return None
    step = int(match["step"]) if match["step"] else None
    return Header(match["chapter"].strip(), unquote(match["key"].strip()), step or None)


def write_header(header: Header) -> str:
    """The first line, without its line end."""
    key = _QUOTED.sub(lambda found: f"%{ord(found[0]):02X}", header.exercise.strip())
    step = "" if header.step is None else f"/{header.step}"
    return f"# blankcheck: {header.chapter}#{key}{step}"


def code_span(text: str) -> Span:
    """The part of a submission that is the learner's: all but the first line, if it is a header."""
    if read_header(text) is None:
        return Span(0, len(text))
    starts = Lines(text).starts
    return Span(starts[1] if len(starts) > 1 else len(text), len(text))


def new_submission(header: Header, sample: str) -> str:
    """The text of a new submission: the header line, then the sample code."""
    newline = newline_of(sample)
    end = "" if not sample or sample.endswith(("\n", "\r")) else newline
    return f"{write_header(header)}{newline}{sample}{end}"
