"""Finding blanks. Under a line of code, `# ^^^ kind callee argument` says what is found there."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankcheck.course.blanks import Blank, find_blanks

_CARETS = re.compile(r"# *\^+ .*")


def described(blank: Blank) -> str:
    words = [blank.kind]
    if blank.call:
        words.append(blank.call.callee)
        if blank.call.keyword is not None:
            words.append(blank.call.keyword + "=")
        elif blank.call.position is not None:
            words.append(str(blank.call.position))
    return " ".join(words)


def check(case: str) -> None:
    """Takes the caret lines out of the case, and asks that finding its blanks puts them back."""
    lines = case.strip("\n").split("\n")
    code = [line for line in lines if not _CARETS.fullmatch(line)]
    text = "\n".join(code)
    carets: dict[int, list[str]] = {}
    for blank in find_blanks(text):
        line = text.count("\n", 0, blank.mark.start)
        column = blank.mark.start - text.rfind("\n", 0, blank.mark.start) - 1
        mark = "#" + " " * (column - 1) + "^" * len(blank.mark)
        carets.setdefault(line, []).append(f"{mark} {described(blank)}")
    shown = [[line, *carets.get(number, [])] for number, line in enumerate(code)]
    assert "\n".join(line for part in shown for line in part) == "\n".join(lines)


def test_every_place_for_a_name() -> None:
    check(
        """
    hidden = torch.matmul(___, weight_2)
#                         ^^^ argument torch.matmul 0
    out = nn.Linear(4, ____)(hidden)
#                      ^^^^ argument nn.Linear 1
    drop = nn.Dropout(p=___)
#                       ^^^ argument nn.Dropout p=
    total = torch.sum(x, ___=0)
#                        ^^^ keyword torch.sum
    activated = ___(hidden)
#               ^^^ callee
    print(___(hidden))
#         ^^^ callee print 0
    model.____
#         ^^^^ attribute
    self.___ = nn.Linear(4, 4)
#        ^^^ attribute
    ___.___()
#   ^^^ value
#       ^^^ attribute
    from torch import ___
#                     ^^^ import
    import ___.nn as nn
#          ^^^ import
    ___
#   ^^^ statement
    loss = ___
#          ^^^ value
    y = x + ___
#           ^^^ value
    f(a * ___, *___, **___)
#         ^^^ value f 0
#               ^^^ argument f
#                      ^^^ argument f
    return ___
#          ^^^ value
"""
    )


def test_every_place_that_binds_a_name() -> None:
    check(
        """
    ___ = torch.ones(3)
#   ^^^ target
    ___: int = 3
#   ^^^ target
    ___ += 1
#   ^^^ target
    first, ___ = pair
#          ^^^ target
    (___, [second, *___]) = pair
#    ^^^ target
#                   ^^^ target
    for ___, label in loader:
#       ^^^ target
        with torch.no_grad() as ___: ___
#                               ^^^ target
#                                    ^^^ statement
    def ___(image, ___, *, size=___):
#       ^^^ target
#                  ^^^ target
#                               ^^^ value
        pass
    class ___(nn.Module):
#         ^^^ target
        pass
    if (___ := 3): pass
#       ^^^ target
    d[___] = {"key": ___}
#     ^^^ value
#                    ^^^ value
    ___[0] = 1
#   ^^^ value
    x: ___ = 3
#      ^^^ value
"""
    )


def test_strings_and_fstrings() -> None:
    check(
        r"""
    layer = "___"
#            ^^^ string
    print("a ___ of\n___", 'b')
#            ^^^ string print 0
#                    ^^^ string print 0
    print(f"{___} is {loss:.___}", ___)
#            ^^^ string print 0
#                           ^^^ string print 0
#                                  ^^^ argument print 1
    f"{table["___"]}{f'{f"{___}"}'}" + ___
#             ^^^ string
#                          ^^^ string
#                                      ^^^ value
    f"{{___}} {x!r:>{___}}"
#       ^^^ string
#                    ^^^ string
    '''
    ___ '' ___
#   ^^^ string
#          ^^^ string
    ''' + ___
#         ^^^ value
    rb"\___"
#       ^^^ string
"""
    )


def test_what_is_no_blank() -> None:
    check(
        """
    __ = _ + __init__ + house___ + ___x + a___b + ___1 + 1___ + é___
    # ___ in a comment
    x = 3  # ___ and x = 
    print("house___ and ___x")
    if x == 3: f(a=3)
    y = x = 3
"""
    )


def test_a_name_with_a_combining_mark_is_one_name() -> None:
    assert find_blanks("e\u0301___ + ___\u0301") == ()


def test_empty_right_hand_sides() -> None:
    check(
        """
    x =
#     ^ empty
    x: int =   # the number
#          ^^^^ empty
    x += ; y = 1; z =
#     ^^^ empty
#                   ^ empty
    first = second = 
#                  ^^ empty
    def f(a=1):
        local =
#             ^ empty
    f(a,
      b=)
    same ==
    lambda a=1: a
    x = \\
        3
"""
    )


def test_the_span_of_an_empty_right_hand_side_is_the_space_after_it() -> None:
    code = "x =   # the number\ny="
    spaced, bare = find_blanks(code)
    assert spaced.span.of(code) == "   "
    assert (bare.span.start, bare.span.end) == (len(code), len(code))


def test_code_that_does_not_parse() -> None:
    check(
        """
    hidden = torch.matmul(a, ___
#                            ^^^ argument torch.matmul 1
    loss = ___
#          ^^^ value
    print("no end, ___
#                  ^^^ string print 0
    print(___))
#         ^^^ argument print 0
    print(f"{___
#            ^^^ string print 0
    out = (___ ___]
#          ^^^ value
#              ^^^ value
    total = sum(a,
    mean = ___
#          ^^^ value
    out = net(
    print(___, sep=
#         ^^^ argument print 0
    net.___
#       ^^^ attribute
    $ ? ___ ! ::
#       ^^^ value
    '''never closed ___
#                   ^^^ string
"""
    )


def test_calls_over_several_lines() -> None:
    check(
        """
    model = nn.Sequential(
        nn.Linear(4, ___),  # ___ inputs
#                    ^^^ argument nn.Linear 1
        ___,
#       ^^^ argument nn.Sequential 1
        nn.Softmax(
            dim=___
#               ^^^ argument nn.Softmax dim=
        ),
        [___, (___)],
#        ^^^ value nn.Sequential 3
#              ^^^ value nn.Sequential 3
    )
    nn.ReLU()(___)
#             ^^^ argument nn.ReLU() 0
"""
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_tabs_and_a_byte_order_mark(end: str) -> None:
    code = "\ufeffx = ___" + end + "if x:" + end + "\ty =\t" + end + "\tz = '🐍' + ___" + end
    assert [(blank.kind, blank.span.of(code)) for blank in find_blanks(code)] == [
        ("value", "___"),
        ("empty", "\t"),
        ("value", "___"),
    ]


@pytest.mark.parametrize(
    "part",
    [
        "f(", "x = ___; ", "'", '"""', "f'{", "(", "[(", "f(___).", "x=\n", "\\", "{", "}", ")",
        "f'''{", "___, ", "a.b(c)", "f(x.y(z)(___[0].", "f(\n", "1", "'\\", "f'{a:", "lambda: ",
        "_", " ", "\r", "if x: ", "@", "f'}", "é",
    ],
)  # fmt: skip
def test_time_grows_with_the_text_and_not_faster(part: str) -> None:
    def seconds(size: int, turn: int) -> float:
        code = part * (size // len(part)) + f"\n___ # {turn}"  # a text that is known takes no time
        start = time.thread_time()
        find_blanks(code)
        return time.thread_time() - start

    # Eight times the text; quadratic would be 64 times the time, and on every try.
    assert any(seconds(32_000, turn) < 28 * seconds(4_000, turn) for turn in range(8))


_FRAGMENTS = st.sampled_from(
    [
        *("___", "____", "__", "x", "1", "1.", "=", "==", "+=", ":=", ":", "(", ")", "[", "]"),
        *("{", "}", "'", '"', "'''", '"""', "f'", 'f"', "rb'", "\\", "\n", "\r\n", "\r", "#", ","),
        *(".", ";", "*", "**", "@", "lambda", "def", "class", "if", "for", "in", "import", "as"),
        *("\t", " ", "\u2028", "é", "\u0301", "🐍", "\ufeff", "\0"),
    ]
)
_CODE = st.one_of(
    st.text(), st.lists(_FRAGMENTS, max_size=40).map("".join), st.lists(_FRAGMENTS).map(" ".join)
)


@given(_CODE)
def test_any_text_is_read_and_every_span_is_a_blank(code: str) -> None:
    blanks = find_blanks(code)
    assert [blank.index for blank in blanks] == list(range(len(blanks)))
    for blank in blanks:
        assert 0 <= blank.mark.start < blank.mark.end <= len(code)
        assert blank.mark.contains(blank.span)
        text = blank.span.of(code)
        if blank.kind == "empty":
            assert not text.strip()
        else:
            assert re.fullmatch("_{3,}", text)
        if blank.call:
            assert blank.call.span.of(code).startswith(blank.call.callee)
    starts = [blank.mark.start for blank in blanks]
    assert starts == sorted(set(starts))


@given(_CODE, _CODE)
def test_what_follows_does_not_change_what_was_found_before(first: str, second: str) -> None:
    code = "x = 1\n___\n" + first + second
    assert find_blanks(code)[0].kind == "statement"
