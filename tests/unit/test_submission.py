"""The first line of a submission."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.submission import (
    Header,
    code_span,
    new_submission,
    read_header,
    write_header,
)


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("# blankcheck: a/b.md#key", Header("a/b.md", "key")),
        ("# blankcheck: builtin:b.md#key/2", Header("builtin:b.md", "key", 2)),
        ("\ufeff#blankcheck:  a b.md#1e5  \r\nx = 1", Header("a b.md", "1e5")),
        ("# blankcheck: C#/course.md#k", Header("C#/course.md", "k")),
        ("# blankcheck: a.md#50%25 of it%2F2", Header("a.md", "50% of it/2")),
        ("# blankcheck: /home/é/a.md#übung", Header("/home/é/a.md", "übung")),
    ],
)
def test_a_header_is_read(line: str, header: Header) -> None:
    assert read_header(line) == header


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "# blankcheck",
        "# blankcheck: a.md",
        "# blankcheck: #key",
        "# blankcheck: a.md#",
        "\n# blankcheck: a.md#key",
        "# not blankcheck: a.md#key",
    ],
)
def test_what_is_no_header_is_none(text: str) -> None:
    assert read_header(text) is None


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1),
    st.none() | st.integers(1, 99),
)
def test_every_key_comes_back(key: str, step: int | None) -> None:
    if key.strip():
        header = Header("a.md", key.strip(), step)
        assert read_header(write_header(header)) == header


def test_the_code_of_a_submission_keeps_its_place() -> None:
    text = new_submission(Header("a.md", "k"), "x = ___")
    assert text == "# blankcheck: a.md#k\nx = ___\n"
    assert code_span(text).of(text) == "x = ___\n"
    assert code_span("x = 1").of("x = 1") == "x = 1"
    assert len(code_span("# blankcheck: a.md#k")) == 0


def test_the_first_line_ends_as_the_sample_does() -> None:
    assert new_submission(Header("a.md", "k"), "x = 1\r\n") == "# blankcheck: a.md#k\r\nx = 1\r\n"
