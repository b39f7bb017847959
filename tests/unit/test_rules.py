"""The rules for authors: each mistake is found where it stands, and a good chapter gets nothing."""

from __future__ import annotations

from textwrap import dedent

import pytest

from blankcheck.course.model import Problem
from blankcheck.course.reader import read
from blankcheck.course.rules import findings

FRONT = "---\ntitle: T\ndescription: D\n---\n\n"
HINT = "- Think."
SCT = 'Ex().check_object("x").has_equal_value()\nsuccess_msg("Well done!")'


def chapter(
    *,
    pre: str = "",
    sample: str = "x = ___",
    solution: str = "x = 1",
    sct: str = SCT,
    instructions: str = "- Make `x`.",
    hint: str = HINT,
    attributes: str = "type: NormalExercise\nkey: a\nxp: 100",
    title: str = "A good title",
) -> str:
    lines = [f"## {title}", "", "```yaml", attributes, "```", "", "Text."]
    lines += ["", "`@instructions`", instructions, "", "`@hint`", hint]
    code = {"pre_exercise_code": pre, "sample_code": sample, "solution": solution, "sct": sct}
    for name, text in code.items():
        lines += ["", f"`@{name}`", "```{python}", dedent(text).strip("\n"), "```"]
    return "\n".join(lines) + "\n"


def found(text: str) -> list[Problem]:
    read_ = read(FRONT + text)
    assert not read_.problems
    return list(findings(read_))


def told(text: str) -> list[tuple[str, str]]:
    """Each finding's slug, and the text that it is about."""
    return [
        (problem.code.removeprefix("author/"), problem.span.of(FRONT + text))
        for problem in found(text)
    ]


GOOD = """\
    import torch
    import numpy as np
    from torch import nn

    size: int = 3
    w = torch.ones(size)
    if size > 2:
        early = 1
    else:
        early = 2

    class Net(nn.Module):
        width = 4
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(width_of(self), late)

        def forward(self, x: "Tensor"):
            def inner(a, *rest, b=late_default, **more):
                nonlocal x
                x = [y for y in rest if (z := y)]
                return z, a, b, more
            return inner(x)

    def width_of(net):
        global counted
        counted = 1
        try:
            import os
        except ImportError as error:
            return error
        with open(os.devnull) as file:
            return [line for line in file for character in line if character]

    late = 2
    for i, (j, *k) in enumerate([(1, 2)]):
        total = lambda a, i=i: a + late + j
    square = {n: n * m for n in range(3) for m in range(n)}
    match size:
        case [first, *others] | {"a": first, **others}:
            print(first, others)
        case int() as number:
            print(number)
    del early
    size += 1
    print(__name__, k, total, square, counted, np.pi)
    """


def test_a_good_chapter_gets_nothing() -> None:
    good = GOOD.replace("late_default", "1")
    assert told(chapter(pre=good, sample="x = ___(w)", solution="x = torch.sum(w)")) == []


def test_old_style_and_steps_of_a_good_chapter_get_nothing() -> None:
    steps = dedent(
        """\
        --- type:TabExercise lang:python xp:100 key:a
        ## In two steps

        *** =pre_exercise_code
        ```{python}
        import math
        ```

        *** =type1: NormalExercise
        *** =instructions1
        Make `x_1`.
        *** =hint1
        See `math`.
        *** =sample_code1
        ```{python}
        x_1 = ___
        ```
        *** =solution1
        ```{python}
        x_1 = math.pi
        ```
        *** =sct1
        ```{python}
        test_object("x_1")
        success_msg("Yes.")
        ```
        *** =type2: NormalExercise
        *** =instructions2
        Print `x_1`.
        *** =hint2
        See `print()`.
        *** =sample_code2
        ```{python}
        print(___)
        ```
        *** =solution2
        ```{python}
        print(x_1)
        ```
        *** =sct2
        ```{python}
        Ex() >> has_printout(0)
        success_msg("Yes.")
        ```
        """
    )
    assert told(steps) == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("type: NormalExercise\nxp: 100", [("missing-key", "type: NormalExercise\nxp: 100\n")]),
        ("key: a\nxp: 100\nlang: python", [("missing-type", "key: a\nxp: 100\nlang: python\n")]),
        ("type: NormalExercise\nkey: a", [("xp", "type: NormalExercise\nkey: a\n")]),
        ("type: NormalExercise\nkey: a\nxp: lots", [("xp", "xp: lots")]),
        ("type: NormalExercise\nkey: a\nxp: 1.5", [("xp", "xp: 1.5")]),
        ("type: NormalExercise\nkey: [a]\nxp: 100", [("missing-key", ...), ("key", "key: [a]")]),
        ("type: NormalExericse\nkey: a\nxp: 1", [("unknown-type", "type: NormalExericse")]),
        ("type: Quiz\nkey: a\nxp: 1", [("unknown-type", "type: Quiz")]),
        ('type: NormalExercise\nkey: 1e5\nxp: "100 "', []),
    ],
)
def test_attributes(attributes: str, expected: list[tuple[str, object]]) -> None:
    assert [
        (code, where if (code, ...) not in expected else ...)
        for code, where in told(chapter(attributes=attributes))
    ] == expected


def test_a_misspelt_type_names_the_one_that_is_meant() -> None:
    (problem,) = found(chapter(attributes="type: NormalExericse\nkey: a\nxp: 1"))
    assert "`NormalExercise`?" in problem.message


def test_keys_and_titles_are_unique() -> None:
    other = chapter().replace("A good title", "a Good title")
    assert told(chapter() + "\n---\n\n" + other) == [
        ("duplicate-title", "## a Good title"),
        ("duplicate-key", "key: a"),
    ]


@pytest.mark.parametrize(
    "title", ["Four", "A title that is too long to be read at one glance by anyone"]
)
def test_titles_have_a_length(title: str) -> None:
    assert told(chapter(title=title)) == [("title-length", f"## {title}")]


def test_front_matter() -> None:
    text = "---\ndescription: Chapter description goes here.\n---\n\n" + chapter()
    assert [(p.code, p.span.of(text)) for p in findings(read(text))] == [
        ("author/chapter-title", "---"),
        ("author/description", "description: Chapter description goes here."),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hint": ""}, [("empty-hint", "`@hint`")]),
        ({"sct": ""}, [("sct-empty", "`@sct`\n```{python}\n\n```")]),
        ({"sct": "# nothing"}, [("sct-checks-nothing", "# nothing")]),
        (
            {"sct": 'Ex().success_msg("Yes")\nsuccess_msg("Yes")'},
            [("sct-checks-nothing", 'Ex().success_msg("Yes")\nsuccess_msg("Yes")')],
        ),
        ({"sct": 'test_object("x")'}, [("no-success-msg", 'test_object("x")')]),
        (
            {"sct": 'Ex().check_object("y").has_equal_value()\nsuccess_msg("")'},
            [("sct-object", '"y"')],
        ),
        ({"sample": "x = 1"}, [("no-blanks", "`@sample_code`\n```{python}\nx = 1\n```")]),
        ({"sample": "y = 2"}, [("no-blanks", "`@sample_code`\n```{python}\ny = 2\n```")]),
        ({"sample": "# Make x\n"}, []),
        ({"sample": "x = "}, []),
        ({"sample": "for i in ___:\n    # Print i\n"}, []),
    ],
)
def test_what_is_missing(change: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert told(chapter(**change)) == expected


class TestSyntax:
    @pytest.mark.parametrize("part", ["pre", "solution", "sct"])
    def test_code_that_does_not_parse_is_told_at_its_place(self, part: str) -> None:
        text = chapter(**{part: "good = 1\nbad = (2"})
        assert ("syntax", "(") in told(text)

    def test_sample_code_has_to_parse_once_its_blanks_are_filled(self) -> None:
        assert told(chapter(sample="x = \ny = ___ ___")) == [("syntax", "___")]

    def test_a_stray_character_is_seen_for_the_name_that_is_missing(self) -> None:
        text = chapter(pre="a = 1\n` = a + 1", solution="x = total + a")
        problems = found(text)
        assert [problem.code for problem in problems] == [
            "author/syntax",
            "author/undefined-name",
        ]
        assert "`total = a + 1`?" in problems[0].message
        assert problems[0].span.of(FRONT + text) == "`"

    def test_typographic_quotes_are_told(self) -> None:
        (problem, *_) = found(chapter(pre="name = “x”"))
        assert problem.code == "author/syntax"
        assert problem.span.of(FRONT + chapter(pre="name = “x”")).startswith("“")

    def test_an_indented_code_block_is_placed_right(self) -> None:
        text = chapter().replace(
            "```{python}\nx = 1\n```", "  ```{python}\n  x = 1\n  y = )\n  ```"
        )
        assert ("syntax", ")") in told(text)


class TestNames:
    @pytest.mark.parametrize(
        ("pre", "solution", "name", "advice"),
        [
            ("w = torch.ones(1)", "import torch\nx = w", "torch", "`import torch` above"),
            ("w = nn.Linear(1, 1)", "x = w", "nn", "`import torch.nn as nn` above"),
            ("", "x = weight * 2", "weight", "define it in the pre-exercise code"),
            ("weight_1 = 1", "x = weights_1", "weights_1", "did you mean `weight_1`?"),
            ("print(w)\nw = 1", "x = w", "w", "before it is defined"),
            ("", "def f(a):\n    return a + b\nx = f(1)", "b", "never defined"),
            ("", "x = [y for z in range(3)]", "y", "never defined"),
            ("class A:\n    b = 1\n    def f(self):\n        return b", "x = A()", "b", "never"),
            ("a += 1", "x = a", "a", "before it is defined"),
        ],
    )
    def test_a_name_that_nothing_defines(
        self, pre: str, solution: str, name: str, advice: str
    ) -> None:
        text = chapter(pre=pre, solution=solution)
        (problem,) = found(text)
        assert problem.code == "author/undefined-name"
        assert problem.span.of(FRONT + text) == name
        assert f"`{name}`" in problem.message
        assert advice in problem.message

    def test_an_earlier_exercise_that_defines_it_is_named(self) -> None:
        later = chapter(solution="x = w", title="Another title").replace("key: a", "key: b")
        (problem,) = found(chapter(pre="w = 1") + "\n---\n\n" + later)
        assert "“A good title”" in problem.message

    def test_each_is_told_once(self) -> None:
        assert told(chapter(solution="y = w\nx = w + w", sample="y = w\nx = ___")) == [
            ("undefined-name", "w")
        ]

    @pytest.mark.parametrize("pre", ["from math import *", "exec('w = 1')", "globals()['w'] = 1"])
    def test_where_it_cannot_be_known_nothing_is_told(self, pre: str) -> None:
        assert told(chapter(pre=pre, solution="x = w")) == []

    def test_a_solution_may_be_written_in_characters_beyond_ascii(self) -> None:
        text = chapter(solution="x = 'é😀'; y = wé")
        assert told(text) == [("undefined-name", "wé")]


class TestWording:
    @pytest.mark.parametrize(
        ("instructions", "expected"),
        [
            ("- Multiply `weights_1` with `x`.", ["weights_1"]),
            ("- Use `weigth_1`.", ["weigth_1"]),
            ("- Call `train_nett()`.", ["train_nett"]),
            ("- Use `weight_1`, `WEIGHT_1`, `True`, `print`, `lambda`.", []),
            ("- Use `softmax` and `a = weights_1`.", []),
            ("- All `tensors` are `tensor`.", []),
            ("- Use `weights_1` here and `weights_1` there.", ["weights_1"]),
            ("1) First.\n\n   ```\n   weights_1\n   ```", []),
        ],
    )
    def test_a_name_that_is_nearly_one_of_the_code_s(
        self, instructions: str, expected: list[str]
    ) -> None:
        text = chapter(
            pre="def train_net(): pass\nweight_1 = tensor = Softmax = 1", instructions=instructions
        )
        assert told(text) == [("unknown-name", name) for name in expected]

    def test_a_name_of_the_assignment_s_code_is_known(self) -> None:
        text = chapter(pre="weight_1 = 1", instructions="- Use `weights_1`.")
        shown = text.replace("Text.", "```\nweights_1 = 2\n```")
        assert told(shown) == []


class TestSuspects:
    RELU = "\n".join(
        [
            "hidden_1 = 2",
            "hidden_1_activated = relu(hidden_1)",
            "hidden_2 = hidden_1_activated * weight",
            "hidden_2_activated = relu(hidden_2)",
            "print({} * weight_3)",
            "x = 1",
        ]
    )
    PRE = "def relu(v): return v\nweight = weight_3 = 1"
    INSTRUCTIONS = (
        "1) Apply it to `hidden_2` and call it `hidden_2_activated`.\n\n"
        "2) Multiply `hidden_2_activated` with `weight_3` and print it."
    )

    def told(self, solution: str, instructions: str) -> list[tuple[str, str]]:
        return told(chapter(pre=self.PRE, solution=solution, instructions=instructions))

    def test_the_neighbour_in_the_place_of_what_the_text_asks_for(self) -> None:
        solution = self.RELU.format("hidden_2")
        assert self.told(solution, self.INSTRUCTIONS) == [("suspect-solution", "hidden_2")]

    def test_the_right_solution_is_no_suspect(self) -> None:
        assert self.told(self.RELU.format("hidden_2_activated"), self.INSTRUCTIONS) == []

    def test_what_the_text_says_otherwise_is_no_suspect(self) -> None:
        instructions = "1) Make `hidden_2_activated`.\n\n2) Multiply `hidden_2` with `weight_3`."
        assert self.told(self.RELU.format("hidden_2"), instructions) == []

    @pytest.mark.parametrize(
        ("third", "expected"), [(2, [("suspect-solution", "input_2")]), (3, [])]
    )
    def test_a_number_that_was_not_counted_on(
        self, third: int, expected: list[tuple[str, str]]
    ) -> None:
        lines = [
            line
            for number, argument in ((1, 1), (2, 2), (3, third))
            for line in (f"input_{number} = {number}", f"output_{number} = relu(input_{argument})")
        ]
        assert self.told("\n".join([*lines, "x = output_3"]), "- Make `x`.") == expected

    def test_one_of_a_family_that_is_passed_over(self) -> None:
        solution = self.RELU.format("hidden_2_activated").replace(
            "hidden_1_activated * weight", "hidden_1 * weight"
        )
        assert self.told(solution, "- Make `x`.") == [("suspect-solution", "hidden_1")]

    @pytest.mark.parametrize(
        "solution",
        [
            "x = 2\nx_squared = x ** 2\nx_mean = x / 2",
            "x_1 = 1\nx_2 = 2\nx = x_1 + x_1",
            "a_1 = 1\nb_1 = a_1\na_2 = 2\nb_2 = a_2\nx = b_1 + b_2",
        ],
    )
    def test_results_that_are_just_kept_are_no_suspects(self, solution: str) -> None:
        instructions = "- Make `x_squared` of it and `x_mean`.\n- Make `x`."
        assert self.told(solution, instructions) == []


class TestComments:
    def test_a_comment_that_differs_from_the_sample_s(self) -> None:
        text = chapter(
            sample='# Load the net from "my_net.pth"\nx = ___',
            solution='# Load the net from "my_net_big.pth"\nx = 1',
        )
        assert told(text) == [("comment-differs", '# Load the net from "my_net_big.pth"')]
        assert '"my_net.pth"' in found(text)[0].message

    def test_a_line_of_the_sample_that_the_solution_only_has_as_a_comment(self) -> None:
        text = chapter(
            pre="model = 1", sample="model.load(____)\nx = ___", solution="# model.load('f')\nx = 1"
        )
        assert told(text) == [("solution-in-comment", "# model.load('f')")]

    def test_other_comments_are_free(self) -> None:
        text = chapter(
            sample="# Make x\nx = ___",
            solution="# Make x\n# model.load('f')\n# Quite another\nx = 1",
        )
        assert told(text) == []


class TestLibraries:
    def test_a_download_is_told(self) -> None:
        text = chapter(
            pre="from torchvision import datasets\nd = datasets.MNIST('m', download=True)"
        )
        assert told(text) == [("download", "download=True")]

    @pytest.mark.parametrize(
        ("call", "expected"),
        [("nn.Softmax()", ["nn.Softmax()"]), ("nn.Softmax(dim=1)", []), ("nn.Softmax(1)", [])],
    )
    def test_softmax_says_its_dimension(self, call: str, expected: list[str]) -> None:
        text = chapter(pre="from torch import nn", solution=f"x = {call}")
        assert told(text) == [("softmax-dim", where) for where in expected]


def test_what_cannot_be_run_is_not_judged() -> None:
    text = chapter(
        attributes="type: VideoExercise\nkey: a\nxp: 50", solution="x = undefined", hint="", sct=""
    )
    assert told(text) == []


def test_messages_say_what_to_do_and_keep_to_sentences() -> None:
    text = chapter(
        pre="w = torch.ones(1)\n` = 1",
        sample="x = 1",
        sct="",
        hint="",
        solution="x = y",
        attributes="type: NormalExericse",
        title="T",
    )
    problems = found(text)
    assert len(problems) >= 8
    for problem in problems:
        assert problem.message[0].isupper() or problem.message[0] in "`“"
        assert problem.message.endswith((".", "?"))
        assert ":" in problem.message or ". " in problem.message


def test_code_that_is_run_elsewhere_is_told_once() -> None:
    def exercise(key: str, attributes: str, fence: str = "r") -> str:
        text = chapter(attributes=f"type: NormalExercise\nkey: {key}\nxp: 100\n{attributes}")
        return text.replace("A good title", f"Title {key}").replace("{python}", f"{{{fence}}}")

    text = "\n---\n\n".join(
        [
            exercise("python", "lang: python", "python"),
            exercise("first", "lang: r"),
            exercise("second", "lang: r"),
            exercise("third", "lang: sql", "sql"),
            exercise("by-fence", "", "julia"),
        ]
    )
    assert told(text) == [
        ("not-checked", "lang: r"),
        ("not-checked", "lang: sql"),
        ("not-checked", "## Title by-fence"),
    ]
    first, *_ = found(text)
    assert first.severity == "information"
    assert first.message.startswith("Exercises in R cannot be run here. ")


def test_a_step_in_another_language_is_told() -> None:
    step = "***\n\n```yaml\ntype: NormalExercise\nkey: {0}\nxp: 50\nlang: {0}\n```\n\n{1}"
    parts = "`@hint`\n- T.\n\n`@sample_code`\n```\nx = ___\n```\n\n`@solution`\n```\nx = 1\n```\n\n"
    parts += f"`@sct`\n```\n{SCT}\n```\n\n"
    text = "## A good title\n\n```yaml\ntype: TabExercise\nkey: t\nxp: 100\nlang: python\n```\n\n"
    text += step.format("python", parts) + step.format("r", parts)
    assert told(text) == [("not-checked", "lang: r")]


def test_a_type_that_is_done_elsewhere_is_told() -> None:
    text = chapter(attributes="type: ShinyExercise\nkey: a\nxp: 100\nlang: r")
    assert told(text) == [("not-checked", "type: ShinyExercise")]


@pytest.mark.parametrize("type_", ["VideoExercise", "PureMultipleChoiceExercise"])
def test_what_has_no_code_is_not_said_to_be_unchecked(type_: str) -> None:
    text = f"## A good title\n\n```yaml\ntype: {type_}\nkey: a\nxp: 50\nlang: r\n```\n"
    assert told(text) == []


def test_an_exercise_with_nothing_to_check_against() -> None:
    text = chapter(solution="", sct="")
    assert ("solution-missing", "## A good title") in told(text)
    bare = "## A good title\n\n```yaml\ntype: NormalExercise\nkey: a\nxp: 50\n```\n"
    assert told(bare) == [("solution-missing", "## A good title")]
    steps = chapter(solution="", sct="", attributes="type: TabExercise\nkey: a\nxp: 100")
    steps += "\n***\n\n```yaml\ntype: NormalExercise\nkey: b\nxp: 50\n```\n\n"
    steps += "`@solution`\n```\nx = 1\n```\n"
    assert "solution-missing" not in [code for code, _ in told(steps)]


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ("time_limit: soon", "time-limit"),
        ("time_limit: -1", "time-limit"),
        ("time_limit: 900", "time-limit"),
        ("time_limit: 60", None),
        ("network: maybe", "network"),
        ("network: yes", None),
        ("network: False", None),
        ("lang: pyhton", "unknown-language"),
        ("lang: Pyton", "unknown-language"),
        ("lang: Python", None),
    ],
)
def test_attributes_that_say_nothing_that_can_be_meant(attribute: str, code: str | None) -> None:
    text = chapter(attributes=f"type: NormalExercise\nkey: a\nxp: 100\n{attribute}")
    assert told(text) == ([] if code is None else [(code, attribute)])


def test_two_underscores_are_no_blank() -> None:
    (problem,) = [
        item for item in found(chapter(sample="x = __ + ___")) if item.severity == "error"
    ]
    assert problem.message == "`__` is no blank: that has three underscores or more. Write `___`."
