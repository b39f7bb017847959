"""Results and findings in the forms in which they leave: JSON, text, SARIF, GitHub."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from blankcheck.course.text import Lines, Span
from blankcheck.linting import Finding
from blankcheck.reporting import (
    finding_github,
    finding_json,
    finding_text,
    findings_sarif,
    result_text,
)
from blankcheck.result import Feedback, Place, Result, help_uri, result_json
from blankcheck.terminal import Style, printable

TEXT = "# blankcheck: one.md#k1\nx = ('😀', 22)\n"
START = TEXT.index("22")
SPAN = Span(START, START + 2)
RANGE = {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 13}}


def test_the_json_form_is_the_contract() -> None:
    feedback = Feedback("sct/value", "error", "m", SPAN, 0)
    result = Result("k1", None, "failed", (feedback,), "1\n", True, "cuda:0", 0.123456)
    assert result_json(result, TEXT, "a.py") == {
        "file": "a.py",
        "exercise": "k1",
        "step": None,
        "verdict": "failed",
        "feedback": [
            {"code": "sct/value", "severity": "error", "message": "m", "blank": 0, "range": RANGE}
        ],
        "output": "1\n",
        "truncated": True,
        "device": "cuda:0",
        "seconds": 0.1235,
    }


def test_related_places_go_along() -> None:
    place = Place("file:///one.md", RANGE, "Do it.")
    result = Result("k1", 2, "failed", (Feedback("c", "error", "m", SPAN, related=(place,)),))
    data = result_json(result, TEXT, "a.py")
    assert data["step"] == 2
    assert data["feedback"][0]["related"] == [
        {"uri": "file:///one.md", "range": RANGE, "message": "Do it."}
    ]


def test_text_has_the_line_with_carets() -> None:
    result = Result("k1", None, "failed", (Feedback("sct/value", "error", "Not 22.", SPAN),))
    assert result_text(result, TEXT, "a.py", Style()).splitlines() == [
        "a.py: not right yet",
        "a.py:2:11: Not 22. [sct/value]",
        "    2 | x = ('😀', 22)",
        "      |            ^^",
    ]


def test_text_shows_what_was_printed() -> None:
    result = Result("k1", None, "passed", output="1\n2\n", seconds=0.5)
    assert result_text(result, TEXT, "a.py", Style()).splitlines() == [
        "a.py: passed (0.50 s)",
        "It printed:",
        "  1",
        "  2",
    ]


def test_colours_only_when_asked_for() -> None:
    result = Result("k1", None, "passed")
    assert "\x1b[" not in result_text(result, TEXT, "a.py", Style())
    assert "\x1b[32mpassed\x1b[0m" in result_text(result, TEXT, "a.py", Style(True))


def test_nothing_can_play_with_the_terminal() -> None:
    feedback = Feedback("sct/value", "error", "a\x1b[2Jb\u202ec", Span(0, 0))
    result = Result("k1", None, "failed", (feedback,), output="\x1b]0;title\x07\n")
    shown = result_text(result, TEXT, "a\x1b.py", Style())
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert printable("a\x1b[2J") == "a\\u001b[2J"


def test_a_long_line_is_cut_around_the_mark() -> None:
    text = "x" * 10_000 + "y" + "z" * 10_000
    result = Result("k1", None, "failed", (Feedback("c", "error", "m", Span(10_000, 10_001)),))
    shown = result_text(result, text, "a.py", Style())
    assert len(shown) < 600
    source, carets = shown.splitlines()[-2:]
    assert source[carets.index("^")] == "y"


FINDING = Finding("one.md", "k1", "author/key", "warning", "Bad: 50 %,\nreally.", SPAN, Lines(TEXT))


def test_a_line_is_no_wider_than_the_terminal() -> None:
    text = f"x = [{'1, ' * 30}22]\n"
    start = text.index("22")
    for span in (Span(start, start + 2), Span(0, 1), Span(0, len(text) - 1)):
        feedback = Feedback("sct/value", "error", "m", span)
        result = Result("k1", None, "failed", (feedback,))
        _, _, source, carets = result_text(result, text, "a.py", Style(columns=60)).splitlines()
        assert len(source) <= 60
        assert source[carets.index("^") : carets.rindex("^") + 1].startswith(text[span.start])


def test_a_finding_as_json_and_text() -> None:
    assert finding_json(FINDING) == {
        "file": "one.md",
        "exercise": "k1",
        "code": "author/key",
        "severity": "warning",
        "message": "Bad: 50 %,\nreally.",
        "range": RANGE,
    }
    assert "one.md:2:11: Bad" in finding_text(FINDING, Style())


def test_no_file_name_acts_on_a_terminal() -> None:
    named = replace(FINDING, file="a\x1b[2J.md")
    for text in (finding_github(named), finding_text(named, Style())):
        assert "\x1b" not in text
        assert "a\\u001b[2J.md" in text


def test_a_finding_for_github() -> None:
    assert finding_github(FINDING) == (
        "::warning file=one.md,line=2,endLine=2,col=11,endColumn=13,title=author/key"
        "::Bad: 50 %25,%0Areally."
    )


def test_findings_as_sarif() -> None:
    data = json.loads(findings_sarif([FINDING, FINDING], "1.0"))
    (run,) = data["runs"]
    assert data["version"] == "2.1.0"
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule == {"id": "author/key", "helpUri": help_uri("author/key")}
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == ("author/key", "warning")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "one.md"
    assert place["region"] == {"startLine": 2, "startColumn": 12, "endLine": 2, "endColumn": 14}


def test_a_file_in_sarif_is_a_uri(tmp_path: Path) -> None:
    def uri(file: str) -> str:
        (run,) = json.loads(findings_sarif([replace(FINDING, file=file)], "1.0"))["runs"]
        return run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uri("für alle/a#b.md") == "f%C3%BCr%20alle/a%23b.md"
    assert uri("caf\udce9.md") == "caf%E9.md"  # a name that is no UTF-8
    assert uri(str(tmp_path / "a b.md")) == (tmp_path / "a b.md").as_uri()
