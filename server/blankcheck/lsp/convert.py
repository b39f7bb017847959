"""Between the protocol's positions and ours: the only place that knows both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris

from blankcheck.course.model import Severity
from blankcheck.course.text import Lines, Span

_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}


def to_range(lines: Lines, span: Span) -> types.Range:
    """A span as a range."""
    return types.Range(
        types.Position(*lines.utf16_position(span.start)),
        types.Position(*lines.utf16_position(span.end)),
    )


def to_range_from_json(data: Mapping[str, Any]) -> types.Range:
    """A range that is plain data already."""
    return types.Range(types.Position(**data["start"]), types.Position(**data["end"]))


def to_offset(lines: Lines, position: types.Position) -> int:
    """A position as an offset; past an end, the end."""
    return lines.offset_from_utf16(position.line, position.character)


def to_severity(severity: Severity) -> types.DiagnosticSeverity:
    """A severity in the protocol's terms."""
    return _SEVERITIES[severity]


def to_path(uri: str) -> Path | None:
    """The file that a URI names; null for what is no file, such as an unsaved document."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path) if path else None


def to_uri(path: Path) -> str:
    """A file's URI, as VS Code writes it."""
    return uris.from_fs_path(str(path)) or path.as_uri()


def changed(lines: Lines, changes: Sequence[types.TextDocumentContentChangeEvent]) -> Lines:
    """A text after changes. Positions past an end are clipped, and no range is negative.

    Lines end as LSP says, never at what else ends a line for `str.splitlines`. Many changes at once
    mostly come from the last to the first, and are then made at once.
    """
    waiting: list[tuple[int, int, str]] = []
    for change in changes:
        if not isinstance(change, types.TextDocumentContentChangePartial):
            lines, waiting = Lines(change.text), []
            continue
        start, end = _place(lines, change.range)
        if waiting and end >= waiting[-1][0]:
            lines, waiting = _after(lines, waiting), []
            start, end = _place(lines, change.range)
        waiting.append((start, end, change.text))
    return _after(lines, waiting) if waiting else lines


def _place(lines: Lines, range: types.Range) -> tuple[int, int]:
    start = to_offset(lines, range.start)
    return start, max(start, to_offset(lines, range.end))


def _after(lines: Lines, edits: Sequence[tuple[int, int, str]]) -> Lines:
    """A text after edits, of which each is before the one before."""
    if len(edits) == 1:
        return lines.edited(*edits[0])
    text = lines.text
    parts: list[str] = []
    at = 0
    for start, end, new in reversed(edits):
        parts += (text[at:start], new)
        at = end
    return Lines("".join((*parts, text[at:])))
