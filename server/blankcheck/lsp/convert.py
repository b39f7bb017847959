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


def changed(text: str, changes: Sequence[types.TextDocumentContentChangeEvent]) -> str:
    """A text after changes. Positions past an end are clipped, and no range is negative.

    Lines end as LSP says, never at what else ends a line for `str.splitlines`.
    """
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            lines = Lines(text)
            start = to_offset(lines, change.range.start)
            end = max(start, to_offset(lines, change.range.end))
            text = text[:start] + change.text + text[end:]
        else:
            text = change.text
    return text
