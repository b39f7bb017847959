from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from blankcheck_runner.plain import one_line, plain


def test_what_is_invisible_is_written_out() -> None:
    assert plain("a\u202eb\x1b[31mc\x00d\u2028e\ud800f") == (
        "a\\u202eb\\x1b[31mc\\x00d\\u2028e\\ud800f"
    )


def test_lines_tabs_and_scripts_stay() -> None:
    text = "größe\tשלום 日本 👩‍🔬 ❤️\nnext"
    assert plain(text) == text
    assert plain("a\r\nb\rc") == "a\nb\\x0dc"


def test_long_text_is_cut_with_a_mark() -> None:
    assert plain("x" * 11, 10) == "xxxxxxxxx…"
    assert plain("x" * 10, 10) == "x" * 10
    assert plain("x" * 300_000_000, 10) == "xxxxxxxxx…"


def test_one_line_has_no_line_ends() -> None:
    assert one_line("  a\n\t b\r\nc ") == "a b c"


@given(st.text(st.characters()), st.integers(1, 50))
def test_nothing_unsafe_is_left_and_the_limit_holds(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
    )
