"""The first syntax error of a submission, in words that tell a learner what to do about it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

from blankcheck.course.text import Lines, Span

MAX_CODE = 200_000
"""Code points of a submission; longer ones are refused unread."""

_UNSEEN = re.compile("[\0\ud800-\udfff]")
_NESTED = "This code is nested too deeply for Python. Write it in several shorter statements."
_CLOSER = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class SyntaxFault:
    """Why code does not compile."""

    code: str
    """A stable slug under `syntax/`."""
    message: str
    span: Span


def find_fault(code: str) -> SyntaxFault | None:
    """The first syntax error, or null. Never raises, and runs nothing of the code."""
    if len(code) > MAX_CODE:
        return SyntaxFault(
            "syntax/too-long",
            f"This file is too long to be checked. Keep it under {MAX_CODE:,} characters.",
            Span(0, 0),
        )
    unseen = _UNSEEN.search(code)
    if unseen is not None:
        return SyntaxFault(
            "syntax/encoding",
            "Here stands a character that is no text. Delete it, and save the file as UTF-8.",
            Span(*unseen.span()),
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<submission>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return _explain(code, error)
    except (RecursionError, MemoryError):
        return SyntaxFault("syntax/nesting", _NESTED, Span(0, 0))
    except (ValueError, OverflowError, SystemError) as error:
        return SyntaxFault("syntax/error", f"Python cannot read this file: {error}.", Span(0, 0))
    return None


def _explain(code: str, error: SyntaxError) -> SyntaxFault:
    span = _span(code, error)
    said = error.msg or "invalid syntax"
    here = span.of(code)
    if isinstance(error, IndentationError):
        return SyntaxFault("syntax/indentation", _indentation(error, said), span)
    if said.startswith("too many nested"):
        return SyntaxFault("syntax/nesting", _NESTED, span)
    if match := re.match(r"'([(\[{])' was never closed", said):
        opener = match[1]
        return SyntaxFault(
            "syntax/bracket",
            f"This {opener} is never closed. Add the {_CLOSER[opener]} that belongs to it.",
            span,
        )
    if match := re.match(r"unmatched '(.)'", said):
        return SyntaxFault(
            "syntax/bracket",
            f"This {match[1]} closes nothing. Delete it, or add the bracket that it should close.",
            span,
        )
    if match := re.match(
        r"closing parenthesis '(.)' does not match opening parenthesis '(.)'", said
    ):
        return SyntaxFault(
            "syntax/bracket",
            f"This {match[1]} does not fit the {match[2]} that was opened. Close that one first, "
            f"with {_CLOSER.get(match[2], match[2])}.",
            span,
        )
    if "unterminated" in said and "string" in said:
        return SyntaxFault(
            "syntax/quote",
            "This text has no closing quote. End it with the same quote that it begins with.",
            span,
        )
    if match := re.match(
        r"invalid (?:non-printable )?character (?:'(.)' )?\(?U\+([0-9A-F]+)", said
    ):
        return SyntaxFault("syntax/character", _character(chr(int(match[2], 16))), span)
    if said.startswith("expected ':'"):
        return SyntaxFault("syntax/colon", "A colon is missing here. Add : at this place.", span)
    if "forgot a comma" in said:
        return SyntaxFault(
            "syntax/comma", "A comma or an operator seems to be missing here. Add it.", span
        )
    if "Maybe you meant '=='" in said:
        return SyntaxFault(
            "syntax/assignment",
            "A single = gives a value to a name, which cannot be done here. Write == to compare.",
            span,
        )
    if match := re.match(r"cannot assign to ([^.]*?)(?: here.*)?$", said):
        return SyntaxFault(
            "syntax/assignment",
            f"Nothing can be assigned to {match[1]}. Put a name on the left of the =.",
            span,
        )
    if said == "invalid syntax" and _at_line_end(code, error):
        return SyntaxFault(
            "syntax/error", "Something is missing at the end of this line. Complete it.", span
        )
    if said == "invalid syntax":
        what = f"“{here}” does not fit here" if 0 < len(here) <= 40 else "This does not fit here"
        return SyntaxFault(
            "syntax/error",
            f"{what}. Look for a missing operator, comma or bracket just before it.",
            span,
        )
    if said == "invalid decimal literal":
        return SyntaxFault(
            "syntax/error",
            "A number and a name run into each other here. Put a space or an operator between "
            "them, or begin the name with a letter.",
            span,
        )
    said = said.partition(". Did you mean")[0]
    return SyntaxFault("syntax/error", f"Python cannot read this: {said}. Correct it here.", span)


def _indentation(error: SyntaxError, said: str) -> str:
    if isinstance(error, TabError):
        return "Tabs and spaces are mixed in the indentation. Use four spaces for each level."
    if match := re.match(r"expected an indented block after (.+?) on line (\d+)", said):
        return (
            f"Something has to be indented here, under the {match[1]} on line {match[2]}. Move "
            "this line four spaces to the right, or write the missing lines."
        )
    if "unindent" in said:
        return "This line is indented like no line before it. Align it with the lines above."
    if "unexpected indent" in said:
        return "This line is indented without a reason. Remove the spaces before it."
    return f"The indentation is not right here: {said}. Align this line with its block."


def _character(character: str) -> str:
    if character in "“”„‟«»″":
        return f'{character} is a typographic quote, which Python does not know. Write " instead.'
    if character in "‘’‚‛′`´":
        return f"{character} is a typographic quote, which Python does not know. Write ' instead."
    if character in "–—−‐‑":
        return f"{character} is a long dash, which Python does not know. Write - for minus."
    if character in "×":
        return "× is not an operator in Python. Write * to multiply."
    if character.isspace() or not character.isprintable():
        return (
            f"Here stands an invisible character (U+{ord(character):04X}). Delete it, and type a "
            "plain space if one is needed."
        )
    return f"{character} is not a character of Python code. Delete it, or put it in quotes."


def _at_line_end(code: str, error: SyntaxError) -> bool:
    line = Lines(code).span((error.lineno or 1) - 1).of(code)
    return not line[(error.offset or 1) - 1 :].strip()


def _span(code: str, error: SyntaxError) -> Span:
    """The error's range in the code, with at least one character wherever there is one."""
    lines = Lines(code)
    line = max(0, min((error.lineno or 1) - 1, len(lines) - 1))
    start = lines.offset(line, (error.offset or 1) - 1)
    end = start
    if error.end_lineno and error.end_offset and error.end_offset > 0:
        end_line = min(error.end_lineno - 1, len(lines) - 1)
        end = lines.offset(end_line, error.end_offset - 1)
    if end <= start:
        end = min(start + 1, lines.span(line).end)
    if end <= start:  # at the end of a line: mark its last character
        text = lines.span(line)
        start = max(text.start, text.start + len(text.of(code).rstrip()) - 1)
        end = min(start + 1, text.end)
    return Span(start, max(start, end))
