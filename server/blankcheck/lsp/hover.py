"""What a hover says: of the exercise, what it asks for; of a blank, what it serves and what kind of
thing belongs there, never what; of a variable, what it was in the last run."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from blankcheck import checking, learning
from blankcheck.course.align import align
from blankcheck.course.blanks import Blank, find_blanks
from blankcheck.course.submission import code_span
from blankcheck.course.syntax import MAX_CODE
from blankcheck.course.text import Lines, Span
from blankcheck.course.tracking import blank_at, track
from blankcheck.courses import Target
from blankcheck.feedback import instruction_of, wanted
from blankcheck.lsp.convert import to_offset, to_range
from blankcheck.lsp.documents import Document, SubmissionView
from blankcheck.lsp.harmless import fenced, inline
from blankcheck.lsp.values import value_at
from blankcheck.result import Feedback
from blankcheck.runner import Runner
from blankcheck_runner.wire import Expression

MAX_HOVER = 20_000
"""Characters; VS Code cuts at 100,000 and shows garbage then."""


@dataclass(frozen=True)
class Described:
    """What is known of one blank of the sample from running the solution."""

    kind: str | None = None
    """Such as `a tensor of shape (1, 4), float32`."""
    signature: str | None = None
    """Of what is called around it."""


async def describe(target: Target, runner: Runner) -> tuple[Described, ...]:
    """Asks the runner about each blank of the sample code. Raises RunnerUnavailable."""
    sample, solution = target.unit.code("sample_code"), target.unit.code("solution")
    if sample is None or solution is None:
        return ()
    answers = align(sample.text, solution.text)
    asked: list[Expression] = []
    for answer in answers:
        if answer is not None:
            asked.append(Expression(answer.span.start, answer.span.end))
            if answer.callee is not None:
                asked.append(Expression(answer.callee.start, answer.callee.end, "signature"))
    if not asked:
        return ()
    said = iter(await runner.describe(await checking.repaired_lesson(target, runner), asked))
    return tuple(
        Described()
        if answer is None
        else Described(next(said, None), None if answer.callee is None else next(said, None))
        for answer in answers
    )


def hover(
    document: Document,
    position: types.Position,
    described: tuple[Described, ...],
    hint_taken: bool,
    pictures: bool,
) -> types.Hover | None:
    """The hover at a place of a submission: on the line that names its exercise, on an open blank,
    or on what a check complained of and a variable. `pictures`: the client shows them."""
    view = document.view
    if not isinstance(view, SubmissionView):
        return None
    lines = document.lines
    offset = to_offset(lines, position)
    if offset < code_span(lines.text).start:
        text = learning.instructions(view.target)
        return _hover(lines, [_shortened(text)], lines.span(position.line))
    for blank in find_blanks(lines.text) if len(lines.text) <= MAX_CODE else ():
        if blank.mark.start <= offset <= blank.mark.end:
            index = _index(view.target, lines.text, blank.span)
            text = _of_blank(view.target, blank, index, described, hint_taken)
            return _hover(lines, [_shortened(text)], blank.mark)
    parts: list[str] = []
    span: Span | None = None
    for item in document.feedback():
        if len(item.span) and item.span.start <= offset <= item.span.end:
            text = _of_feedback(view.target, item, described, hint_taken)
            if text:
                parts, span = [_shortened(text)], item.span
            break
    value = value_at(document, offset, pictures=pictures)
    if value is not None:
        parts, span = [*parts, value[0]], value[1]
    return None if span is None else _hover(lines, parts, span)


def _index(target: Target, text: str, span: Span) -> int | None:
    sample = target.unit.code("sample_code")
    return None if sample is None else blank_at(track(sample.text, text), span)


def _of_blank(
    target: Target,
    blank: Blank,
    index: int | None,
    described: tuple[Described, ...],
    hint_taken: bool,
) -> str:
    parts = [f"**{wanted(blank)}**"]
    if index is not None:
        parts += _of_index(target, index, described, hint_taken)
    return "\n\n".join(parts)


def _of_feedback(
    target: Target, item: Feedback, described: tuple[Described, ...], hint_taken: bool
) -> str:
    if item.blank is None:
        return ""
    return "\n\n".join(_of_index(target, item.blank, described, hint_taken))


def _of_index(
    target: Target, index: int, described: tuple[Described, ...], hint_taken: bool
) -> list[str]:
    # First what is said nowhere else: an editor shows the instruction beside the message too.
    parts: list[str] = []
    known = described[index] if index < len(described) else Described()
    if known.kind:
        parts.append(f"Expected here: {inline(known.kind)}.")
    if known.signature:
        parts.append(fenced(known.signature))
    instruction = instruction_of(target, index)
    if instruction is not None:
        parts.append(instruction.text)
    hint = learning.hint(target) if hint_taken else None
    if hint is not None:
        parts.append(f"*Hint:* {_hint_for(target, index, hint)}")
    return parts


def _hint_for(target: Target, index: int, hint: str) -> str:
    """The hint's item for the blank's instruction, if there is one for each; else all of it."""
    instructions, hints = target.unit.items("instructions"), target.unit.items("hint")
    instruction = instruction_of(target, index)
    if instruction is None or len(hints) != len(instructions):
        return hint
    return hints[instructions.index(instruction)].text


def _shortened(text: str) -> str:
    return f"{text[:MAX_HOVER]}…" if len(text) > MAX_HOVER else text


def _hover(lines: Lines, parts: list[str], span: Span) -> types.Hover:
    content = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(parts))
    return types.Hover(content, to_range(lines, span))
