"""Results and findings as text for a terminal and as the formats that other tools read."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from blankcheck.course.model import Severity
from blankcheck.course.text import Lines, Span
from blankcheck.linting import Finding
from blankcheck.result import Result, help_uri, range_json
from blankcheck.terminal import Style, printable

_WORDS = {
    "passed": "passed",
    "incomplete": "incomplete",
    "failed": "not right yet",
    "error": "error",
    "timeout": "stopped: too slow",
    "limit": "stopped: too much",
    "broken": "could not be checked",
}
_SEVERITY_COLOUR: dict[Severity, str] = {
    "error": "red",
    "warning": "yellow",
    "information": "blue",
    "hint": "blue",
}
_LEVELS: dict[Severity, str] = {
    "error": "error",
    "warning": "warning",
    "information": "note",
    "hint": "note",
}
_MARGIN = 8
"""Columns in front of a source line."""


def result_text(result: Result, submission: str, file: str, style: Style) -> str:
    """A result for a person: a headline, then each feedback with the line that it is about."""
    verdict = _WORDS[result.verdict]
    colour = "green" if result.verdict == "passed" else "yellow"
    colour = "red" if result.verdict in ("failed", "error", "timeout", "limit") else colour
    lines = Lines(submission)
    took = f" ({result.seconds:.2f} s)" if result.seconds else ""
    parts = [f"{style.paint(printable(file), 'bold')}: {style.paint(verdict, colour)}{took}"]
    parts += [
        _message(file, lines, item.span, item.severity, item.code, item.message, style)
        for item in result.feedback
    ]
    if result.output.strip():
        parts.append(style.paint("It printed:", "faint") + "\n" + _indented(result.output))
    return "\n".join(parts)


def finding_text(finding: Finding, style: Style) -> str:
    """A finding for a person."""
    return _message(
        finding.file,
        finding.lines,
        finding.span,
        finding.severity,
        finding.code,
        finding.message,
        style,
    )


def finding_json(finding: Finding) -> dict[str, Any]:
    """The object of `lint --format json`."""
    return {
        "file": finding.file,
        "exercise": finding.exercise,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "range": range_json(finding.lines, finding.span),
    }


def findings_sarif(findings: Sequence[Finding], version: str) -> str:
    """Findings as SARIF 2.1.0, which code-scanning services read."""
    codes = sorted({finding.code for finding in findings})
    rules = [{"id": code, "helpUri": help_uri(code)} for code in codes]
    driver = {"name": "Blankcheck", "version": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_sarif_result(finding) for finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def finding_github(finding: Finding) -> str:
    """A finding as a workflow command, which GitHub shows on the line in a pull request."""
    kind = {"error": "error", "warning": "warning"}.get(finding.severity, "notice")
    lines = finding.lines
    line, column = lines.position(finding.span.start)
    last, last_column = lines.position(finding.span.end)
    file = printable(_property(finding.file))
    where = [f"file={file}", f"line={line + 1}", f"endLine={last + 1}"]
    if line == last:
        where += [f"col={column + 1}", f"endColumn={last_column + 1}"]
    where.append(f"title={_property(finding.code)}")
    message = finding.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} {','.join(where)}::{printable(message)}"


def _message(
    file: str, lines: Lines, span: Span, severity: Severity, code: str, message: str, style: Style
) -> str:
    line, column = lines.position(span.start)
    where = style.paint(f"{printable(file)}:{line + 1}:{column + 1}:", "bold")
    colour = _SEVERITY_COLOUR[severity]
    said = f"{where} {printable(message)} {style.paint(f'[{code}]', colour)}"
    return said if len(span) == 0 else f"{said}\n{_quoted(lines, span, colour, style)}"


def _quoted(lines: Lines, span: Span, colour: str, style: Style) -> str:
    """The source line of a range, with carets under the part of the range that is on it."""
    line = lines.line_of(span.start)
    whole = lines.span(line)
    widest = max(40, style.columns - _MARGIN)
    # A line that does not fit is shown from where what is marked can be seen.
    begin = whole.start
    if min(span.end, whole.end) > begin + widest:
        begin = max(begin, span.start - widest // 2)
    shown = Span(begin, min(whole.end, begin + widest))
    before = Span(shown.start, span.start).of(lines.text)
    marked = Span(span.start, min(span.end, shown.end)).of(lines.text)
    number = f"{line + 1:>5}"
    carets = "^" * max(1, _width(printable(marked).expandtabs(4)))
    gap = " " * _width(printable(before).expandtabs(4))
    source = printable(shown.of(lines.text)).expandtabs(4)
    bar = style.paint("|", "faint")
    return f"{number} {bar} {source}\n{'':5} {bar} {gap}{style.paint(carets, colour)}"


def _width(text: str) -> int:
    """Columns that a terminal takes for a text."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.rstrip("\n").split("\n"))


def _sarif_result(finding: Finding) -> dict[str, Any]:
    place = range_json(finding.lines, finding.span)
    region = {
        "startLine": place["start"]["line"] + 1,
        "startColumn": place["start"]["character"] + 1,
        "endLine": place["end"]["line"] + 1,
        "endColumn": place["end"]["character"] + 1,
    }
    file = Path(finding.file)
    uri = (
        file.as_uri()
        if file.is_absolute()
        else quote(file.as_posix().encode("utf-8", "surrogateescape"))
    )
    location = {"artifactLocation": {"uri": uri}, "region": region}
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    }


def _property(text: str) -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n:," else c for c in text)
