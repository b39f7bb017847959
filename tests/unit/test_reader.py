"""The reader against small chapters, each written as an author would."""

from __future__ import annotations

from textwrap import dedent

import pytest

from blankcheck.course.model import Chapter, Exercise
from blankcheck.course.reader import read

FRONT = "---\ntitle: T\ndescription: D\n---\n\n"


def chapter(text: str) -> Chapter:
    return read(FRONT + dedent(text))


def exercise(text: str) -> Exercise:
    found = chapter(text).exercises
    assert len(found) == 1
    return found[0]


def codes(found: Chapter) -> list[str]:
    return [problem.code.removeprefix("author/") for problem in found.problems]


def items(unit: Exercise, name: str = "instructions") -> list[tuple[str, str]]:
    return [(item.marker, item.text) for item in unit.items(name)]


NEW = """\
    ## Make a *tensor*

    ```yaml
    type: NormalExercise
    key: 1e5
    xp: "100 "
    skills: [1, 2]
    ```

    Tensors are arrays.

    ```
    not = "code of the exercise"
    ```

    `@instructions`
    - Make `x`.
    - Print it.

    `@hint`
    Use `torch.ones()`.

    `@pre_exercise_code`
    ```{python}
    import torch
    ```

    `@sample_code`
    ```{python}
    x = ___

    print(___)
    ```

    `@solution`
    ```{python}
    x = torch.ones(2)

    print(x)
    ```

    `@sct`
    ```{python}
    success_msg("Well done!")
    ```
    """
OLD = """\
    --- type:NormalExercise lang:python xp:100 skills:1,2 key:1e5
    ## Make a *tensor*

    Tensors are arrays.

    ```
    not = "code of the exercise"
    ```

    *** =instructions
    - Make `x`.
    - Print it.

    *** =hint
    Use `torch.ones()`.

    *** =pre_exercise_code
    ```{python}
    import torch
    ```

    *** =sample_code
    ```{python}
    x = ___

    print(___)
    ```

    *** =solution
    ```{python}
    x = torch.ones(2)

    print(x)
    ```

    *** =sct
    ```{python}
    success_msg("Well done!")
    ```
    """
MIXED = NEW.replace("`@hint`", "*** =hint").replace("    ## Make", "    --- xp:100\n    ## Make", 1)


@pytest.mark.parametrize("text", [NEW, OLD, MIXED], ids=["new", "old", "mixed"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_each_style_says_the_same(text: str, end: str) -> None:
    written = (FRONT + dedent(text)).replace("\n", end)
    found = read(written)
    assert not found.problems
    assert (found.title, found.description) == ("T", "D")
    (unit,) = found.exercises
    assert unit.title == "Make a *tensor*"
    assert (unit.type, unit.key, unit.xp, unit.lang) == ("NormalExercise", "1e5", 100, "python")
    assert unit.not_runnable is None
    assert unit.heading.of(written) == "## Make a *tensor*"
    assert unit.assignment is not None
    assert unit.assignment.text.startswith("Tensors are arrays.")
    assert items(unit) == [("-", "Make `x`."), ("-", "Print it.")]
    assert items(unit, "hint") == [("", "Use `torch.ones()`.")]
    sample = unit.code("sample_code")
    assert sample is not None
    assert sample.info == "{python}"
    assert sample.text == f"x = ___{end}{end}print(___){end}"
    assert sample.span.of(written) == sample.text
    assert list(unit.sections) == [
        "instructions",
        "hint",
        "pre_exercise_code",
        "sample_code",
        "solution",
        "sct",
    ]


def test_a_byte_order_mark_is_no_text() -> None:
    found = read("\ufeff" + FRONT + dedent(NEW))
    assert not found.problems
    assert found.title == "T"
    assert read("\ufeff## A\n```yaml\ntype: NormalExercise\n```\n").exercises[0].title == "A"


class TestFrontMatter:
    def test_without_one_the_exercises_are_still_read(self) -> None:
        found = read(dedent(NEW))
        assert codes(found) == ["no-front-matter"]
        assert [unit.key for unit in found.exercises] == ["1e5"]

    @pytest.mark.parametrize("text", [NEW, OLD])
    def test_a_separator_at_the_start_is_no_front_matter(self, text: str) -> None:
        found = read("---\n\n" + dedent(text))
        assert codes(found) == ["no-front-matter"]
        assert [unit.key for unit in found.exercises] == ["1e5"]

    def test_its_end_may_be_the_first_exercise(self) -> None:
        found = read("---\ntitle       : Intro\n" + dedent(OLD))
        assert not found.problems
        assert found.title == "Intro"
        assert found.exercises[0].attributes_span.of(found.text).startswith("--- type:Normal")

    def test_what_is_no_yaml_is_told_and_read_as_well_as_can_be(self) -> None:
        found = read("---\ntitle: It's: broken\ndescription: [\n---\n" + dedent(NEW))
        assert codes(found) == ["yaml"]
        assert found.problems[0].span.of(found.text) == "title: It's: broken"
        assert found.title == "It's: broken"
        assert len(found.exercises) == 1

    def test_left_open_it_ends_where_an_exercise_begins(self) -> None:
        found = read("---\ntitle: T\n\n" + dedent(NEW))
        assert codes(found) == ["front-matter-open"]
        assert found.title == "T"
        assert len(found.exercises) == 1

    def test_every_value_is_text(self) -> None:
        front = "---\ntitle: 2020-01-01\nfree_preview: yes\nlessons: [1, {nb: 0123}]\n---\n"
        assert read(front).front_matter == {
            "title": "2020-01-01",
            "free_preview": "yes",
            "lessons": ["1", {"nb": "0123"}],
        }

    @pytest.mark.parametrize(
        "yaml",
        [
            "a: &a [x]\nb: [*a, *a]",
            "title: !!python/object/apply:os.getcwd []\ntitle: 1",
            "title: '" + "\\" * 5 + "\nx: [[[",
            "- a\n- b",
            "just text",
            "a: " + "[" * 3000,
            "? [a]\n: b",
            'title: "\\UFFFFFFFF"',
            "%YAML " + "9" * 5000,
            "title: \x00",
            "title: \ud800",
        ],
    )
    def test_yaml_that_is_refused_costs_nothing(self, yaml: str) -> None:
        found = read(f"---\n{yaml}\n---\n" + dedent(NEW))
        assert codes(found) == ["yaml"]
        assert len(found.exercises) == 1


class TestAttributes:
    @pytest.mark.parametrize(
        ("line", "key"),
        [
            ("key: 1e5", "1e5"),
            ("key: 0123", "0123"),
            ("key: 2020-01-01", "2020-01-01"),
            ("key: yes", "yes"),
            ("key: 'it''s'", "it's"),
            ("key: ~", "~"),
            ("key:", ""),
            ("key: [a]", ""),
        ],
    )
    def test_a_key_is_text_as_written(self, line: str, key: str) -> None:
        unit = exercise(f"## Title\n```yaml\ntype: NormalExercise\n{line}\n```\n")
        assert unit.key == key

    @pytest.mark.parametrize(
        ("line", "xp"),
        [
            ('xp: "100 "', 100),
            ("xp: 035", 35),
            ("xp: lots", 100),
            ("xp: -5", 100),
            ("xp: " + "9" * 5000, 100),
            ("skills: 1", 100),
        ],
    )
    def test_points_are_a_number(self, line: str, xp: int) -> None:
        assert exercise(f"## Title\n```yaml\ntype: NormalExercise\n{line}\n```\n").xp == xp

    @pytest.mark.parametrize("type_", ["VideoExercise", "PureMultipleChoiceExercise"])
    def test_points_of_what_is_not_coded_are_fewer(self, type_: str) -> None:
        assert exercise(f"## Title\n```yaml\ntype: {type_}\n```\n").xp == 50

    def test_yaml_wins_over_the_old_header_and_a_contradiction_is_told(self) -> None:
        found = chapter("--- type:NormalExercise key:a xp:50\n## T\n```yaml\nkey: b\n```\n")
        assert codes(found) == ["attributes-twice"]
        (unit,) = found.exercises
        assert (unit.key, unit.type, unit.xp) == ("b", "NormalExercise", 50)

    def test_yaml_that_is_none_is_read_line_by_line(self) -> None:
        found = chapter("## T\n```yaml\ntype: NormalExercise\nkey:\tabc\nxp: 50: 3\n```\n")
        assert codes(found) == ["yaml"]
        assert (found.exercises[0].type, found.exercises[0].key) == ("NormalExercise", "abc")

    @pytest.mark.parametrize("yaml", ["\ttype: TabExercise\nkey: k", "type: TabExercise\nkey:\tk"])
    def test_a_tab_is_told_as_that(self, yaml: str) -> None:
        found = chapter(f"## T\n```yaml\n{yaml}\n```\n")
        (problem,) = found.problems
        assert "since a tab stands where YAML takes spaces only: write" in problem.message
        assert (found.exercises[0].type, found.exercises[0].key) == ("TabExercise", "k")

    def test_old_header_values_may_hold_blanks_quotes_and_addresses(self) -> None:
        unit = exercise(
            '--- type:VideoExercise key: "a b" video_link://player.x/1?a:b xp:50 skills: 1, 2\n'
            "## Title\n"
        )
        assert unit.attributes == {
            "type": "VideoExercise",
            "key": "a b",
            "video_link": "//player.x/1?a:b",
            "xp": "50",
            "skills": "1, 2",
        }

    def test_none_at_all_is_told(self) -> None:
        found = chapter("## Title\n\n`@instructions`\n- Do it\n")
        assert codes(found) == ["no-attributes"]
        assert found.problems[0].span.of(found.text) == "## Title"
        assert found.exercises[0].type == ""

    def test_they_are_found_below_stray_text(self) -> None:
        found = chapter("Oh, hello.\n\n## Title\n```yaml\nkey: a\n```\n")
        assert codes(found) == ["stray-text"]
        assert found.problems[0].span.of(found.text) == "Oh, hello."
        assert (found.exercises[0].title, found.exercises[0].key) == ("Title", "a")

    def test_a_title_may_follow_them(self) -> None:
        unit = exercise("```yaml\nkey: a\n```\n# Title #\nText.\n")
        assert (unit.title, unit.key) == ("Title", "a")
        assert unit.assignment is not None
        assert unit.assignment.text == "Text."


class TestSections:
    def test_structure_inside_a_fence_is_text(self) -> None:
        unit = exercise(
            """\
            ## Title
            ```yaml
            type: NormalExercise
            ```
            `@instructions`
            - Look:
              ```
              ---
              ## No title
              `@hint`
              ***
              *** =sct
              ```{python}
              ```
            - Next
            `@sample_code`
            ~~~{python}
            ```
            `@solution`
            ---
            ~~~~
            """
        )
        assert list(unit.sections) == ["instructions", "sample_code"]
        assert [marker for marker, _ in items(unit)] == ["-", "-"]
        sample = unit.code("sample_code")
        assert sample is not None
        assert sample.text == "```\n`@solution`\n---\n"

    @pytest.mark.parametrize(
        "rest",
        [
            "\n\n`@solution`\n```{python}\ny = 2\n```\n",
            "\n---\n\n## Next\n```yaml\nkey: b\n```\n",
            "",
            "\n",
        ],
    )
    def test_a_fence_left_open_ends_where_structure_goes_on(self, rest: str) -> None:
        found = chapter(
            "## Title\n```yaml\ntype: NormalExercise\nkey: a\n```\n"
            "`@sample_code`\n```{python}\nx = 1" + rest
        )
        assert codes(found) == ["unclosed-fence"]
        assert found.problems[0].span.of(found.text) == "```{python}"
        sample = found.exercises[0].code("sample_code")
        assert sample is not None
        assert sample.text.strip() == "x = 1"
        assert ("solution" in found.exercises[0].sections) == ("@solution" in rest)
        assert len(found.exercises) == (2 if "Next" in rest else 1)

    @pytest.mark.parametrize("info", ["", "md", "text"])
    def test_a_fence_that_shows_a_chapter_is_closed_by_the_next_bare_one(self, info: str) -> None:
        unit = exercise(
            f"## T\n```yaml\nkey: a\n```\nWrite:\n```{info}\n---\n`@sct`\n```{{python}}\n```\n"
            "`@hint`\nx\n"
        )
        assert list(unit.sections) == ["hint"]

    def test_directives_may_be_indented_and_trailed_by_blanks(self) -> None:
        unit = exercise(
            "## T\n```yaml\nkey: a\n```\n  `@hint` \t\nOne.\n\t` @solution `\n```\nx\n```\n"
        )
        assert items(unit, "hint") == [("", "One.")]
        assert unit.code("solution") is not None

    def test_other_names_for_the_same(self) -> None:
        unit = exercise(
            "## T\n```yaml\ntype: PureMultipleChoiceExercise\n```\n"
            "`@options`\n- [Yes]\n- No\n\n`@feedback`\n- Right\n- Wrong\n"
        )
        options = unit.items("possible_answers")
        assert [(option.text, option.correct) for option in options] == [
            ("Yes", True),
            ("No", False),
        ]
        assert items(unit, "feedbacks") == [("-", "Right"), ("-", "Wrong")]

    def test_given_twice_the_first_that_is_not_empty_counts(self) -> None:
        found = chapter(
            "## T\n```yaml\nkey: a\n```\n`@sct`\n```{python}\n\n```\n"
            "`@sct`\n```{python}\nEx()\n```\n`@sct`\n```{python}\nno\n```\n"
        )
        assert codes(found) == ["duplicate-section", "duplicate-section"]
        sct = found.exercises[0].code("sct")
        assert sct is not None
        assert sct.text == "Ex()\n"

    def test_a_misspelt_directive_is_told_and_read_as_meant(self) -> None:
        found = chapter("## T\n```yaml\nkey: a\n```\n`@instuctions`\n- Do it\n")
        assert codes(found) == ["unknown-directive"]
        assert "`instructions`?" in found.problems[0].message
        assert items(found.exercises[0]) == [("-", "Do it")]

    def test_an_unknown_one_stays_text(self) -> None:
        found = chapter("## T\n```yaml\nkey: a\n```\n`@hint`\nUse\n\n`@property`\n\nhere.\n")
        assert codes(found) == ["unknown-directive"]
        assert [text for _, text in items(found.exercises[0], "hint")] == [
            "Use",
            "`@property`",
            "here.",
        ]

    def test_code_without_a_fence_counts_and_is_told(self) -> None:
        found = chapter("## T\n```yaml\nkey: a\n```\n`@sct`\nEx().check_object('x')\n")
        assert codes(found) == ["text-outside-fence"]
        sct = found.exercises[0].code("sct")
        assert sct is not None
        assert sct.text == "Ex().check_object('x')"

    def test_text_beside_a_fence_does_not_count_and_is_told(self) -> None:
        found = chapter("## T\n```yaml\nkey: a\n```\n`@sct`\noops\n```{python}\nEx()\n```\n")
        assert codes(found) == ["text-outside-fence"]
        assert found.problems[0].span.of(found.text) == "oops"
        sct = found.exercises[0].code("sct")
        assert sct is not None
        assert sct.text == "Ex()\n"

    def test_a_section_of_several_files(self) -> None:
        unit = exercise(
            "## T\n```yaml\nkey: a\n```\n`@sample_code`\n`@@files/a.txt`\n"
            "```{text open = TRUE, focus = TRUE}\nhello\n```\n`@@main.py`\n\n```{python}\nx\n```\n"
        )
        files = unit.sections["sample_code"].files
        assert [(file.path, file.text) for file in files] == [
            ("files/a.txt", "hello\n"),
            ("main.py", "x\n"),
        ]
        code = unit.code("sample_code")
        assert code is not None
        assert code.path == "main.py"

    def test_an_indented_fence_gives_code_without_its_indent(self) -> None:
        found = chapter(
            "## T\n```yaml\nkey: a\n```\n"
            "`@solution`\n   ```{python}\n   if x:\n       y\n z\n   ```\n"
        )
        code = found.exercises[0].code("solution")
        assert code is not None
        assert code.text == "if x:\n    y\nz\n"
        part = type(code.span)(code.text.index("y"), code.text.index("y") + 1)
        assert code.in_chapter(found.text, part).start == found.text.index("y\n z")

    def test_empty_sections_are_there_and_empty(self) -> None:
        unit = exercise("## T\n```yaml\nkey: a\n```\n`@hint`\n\n\n`@sct`\n```{python}\n\n```\n")
        assert unit.sections["hint"].text == ""
        assert unit.items("hint") == ()
        assert unit.items("instructions") == ()
        assert unit.code("solution") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n- b", [("-", "a"), ("-", "b")]),
        ("* a\n+ b", [("*", "a"), ("+", "b")]),
        ("1) a\n\n2) b", [("1)", "a"), ("2)", "b")]),
        ("1. a\n10. b", [("1.", "a"), ("10.", "b")]),
        ("Before.\n\n1) a\n2) b", [("", "Before."), ("1)", "a"), ("2)", "b")]),
        ("One\nparagraph.\n\nAnother.", [("", "One\nparagraph."), ("", "Another.")]),
        ("Do:\n- a\n- b", [("", "Do:"), ("-", "a"), ("-", "b")]),
        ("- a\n  more\n- b\nlazy", [("-", "a\nmore"), ("-", "b\nlazy")]),
        ("- a\n\n  still a\n\nnot a", [("-", "a\n\nstill a"), ("", "not a")]),
        ("- a\n  - nested\n    1. deep\n- b", [("-", "a\n- nested\n  1. deep"), ("-", "b")]),
        ("- a\n```\n- code\n\n---\n```\n- b", [("-", "a\n```\n- code\n\n---\n```"), ("-", "b")]),
        ("- a\n\n      ```\n      c\n      ```", [("-", "a\n\n    ```\n    c\n    ```")]),
        ("1. a\n   ```python\n   x = 1\n   ```", [("1.", "a\n```python\nx = 1\n```")]),
        ("- ```\n  c\n  ```\n- b", [("-", "```\nc\n```"), ("-", "b")]),
        ("```\nalone\n```", [("", "```\nalone\n```")]),
        ("**Bold** start\n-5 is a number", [("", "**Bold** start\n-5 is a number")]),
        ("-\n-", [("-", ""), ("-", "")]),
        ("\t- a\n\t- b", [("-", "a"), ("-", "b")]),
        ("", []),
    ],
)
def test_prose_is_split_into_items(text: str, expected: list[tuple[str, str]]) -> None:
    assert items(exercise(f"## T\n```yaml\nkey: a\n```\n`@instructions`\n{text}\n")) == expected


def test_items_know_their_number_and_their_place() -> None:
    found = read(FRONT + "## T\n```yaml\nkey: a\n```\n`@instructions`\nFirst.\n\n2) Second\n")
    first, second = found.exercises[0].items("instructions")
    assert (first.number, second.number) == (None, 2)
    assert first.span.of(found.text) == "First."
    assert second.span.of(found.text) == "2) Second"


STEPS = """\
    ## Steps
    ```yaml
    type: TabExercise
    key: whole
    xp: 100
    ```
    Context.

    `@pre_exercise_code`
    ```{python}
    a = 1
    ```
    `@sample_code`
    ```{python}
    b = ___
    ```

    ***

    ### One
    ```yaml
    type: NormalExercise
    key: s1
    xp: 35
    ```
    `@instructions`
    - Make `b`.
    `@solution`
    ```{python}
    b = a
    ```

    ***

    ```yaml
    type: PureMultipleChoiceExercise
    key: s2
    ```
    `@question`
    Which?
    `@possible_answers`
    - [This]
    - That

    ***

    `@instructions`
    - Once more.
    """


class TestSteps:
    def test_each_has_its_own_attributes_and_sections(self) -> None:
        found = chapter(STEPS)
        assert not found.problems
        (unit,) = found.exercises
        assert [
            (step.title, step.type, step.key, step.xp, step.lang, step.not_runnable is None)
            for step in unit.steps
        ] == [
            ("One", "NormalExercise", "s1", 35, "python", True),
            ("", "PureMultipleChoiceExercise", "s2", 50, "python", False),
            ("", "NormalExercise", "", 100, "python", True),
        ]
        assert list(unit.sections) == ["pre_exercise_code", "sample_code"]
        assert list(unit.steps[0].sections) == ["instructions", "solution"]
        assert unit.steps[1].assignment is not None
        assert unit.steps[1].assignment.text == "Which?"

    def test_what_a_step_lacks_is_the_exercise_s(self) -> None:
        step = exercise(STEPS).steps[0]
        pre, sample = step.code("pre_exercise_code"), step.code("sample_code")
        assert pre is not None
        assert pre.text == "a = 1\n"
        assert sample is not None
        assert sample.text == "b = ___\n"

    def test_the_old_style_numbers_them(self) -> None:
        unit = exercise(
            """\
            --- type:BulletConsoleExercise lang:python key:whole
            ## Steps

            *** =pre_exercise_code
            ```{python}
            a = 1
            ```

            *** =type1: ConsoleExercise
            *** =key1: 0123
            *** =xp1: 30

            *** =instructions1
            Make `b`.

            *** =solution1
            ```{python}
            b = a
            ```

            *** =type2:ConsoleExercise
            *** =instructions2
            Make `c`.
            """
        )
        assert [(step.type, step.key, step.xp) for step in unit.steps] == [
            ("ConsoleExercise", "0123", 30),
            ("ConsoleExercise", "", 100),
        ]
        assert items(unit.steps[1]) == [("", "Make `c`.")]
        assert list(unit.sections) == ["pre_exercise_code"]

    def test_step_marks_them_too(self) -> None:
        unit = exercise(
            "## T\n```yaml\ntype: TabStackedNormalExercise\n```\n`@instructions`\nAll.\n"
            "`@step`\n`@instructions`\nOne.\n\n`@step`\n```yaml\nkey: s2\n```\n`@hint`\nTwo.\n"
        )
        assert [list(step.sections) for step in unit.steps] == [["instructions"], ["hint"]]
        assert unit.steps[1].key == "s2"

    def test_a_rule_in_the_text_is_no_step(self) -> None:
        unit = exercise("## T\n```yaml\ntype: NormalExercise\n```\nAbove.\n\n***\n\nBelow.\n")
        assert not unit.steps
        assert unit.assignment is not None
        assert unit.assignment.text == "Above.\n\n***\n\nBelow."


@pytest.mark.parametrize(
    ("attributes", "info", "reason"),
    [
        ("type: NormalExercise", "{python}", None),
        ("type: NormalExercise", "", None),
        ("type: ConsoleExercise", "python", None),
        ("type: consoleexercise", "{python}", None),
        ("type: ConsoleExericse", "{python}", None),
        ("type: VideoExercise", "{python}", "video"),
        ("type: MultipleChoiceExercise", "{python}", "choosing"),
        ("type: PureMultipleChoiceExercise", "{python}", "choosing"),
        ("type: NormalExercise", "{r}", "written in R,"),
        ("type: NormalExercise", "{sql}", "SQL"),
        ("type: ConsoleExercise", "{shell}", "shell"),
        ("type: NormalExercise\nlang: r", "{python}", "written in R,"),
        ("type: BlanksChallenge", "{python}", "BlanksChallenge"),
        ("type: ShinyExercise", "{python}", "ShinyExercise"),
        ("type: Something", "{python}", "Something"),
        ("key: a", "{python}", "type"),
    ],
)
def test_what_cannot_be_run_says_why(attributes: str, info: str, reason: str | None) -> None:
    unit = exercise(f"## T\n```yaml\n{attributes}\n```\n`@solution`\n```{info}\nx\n```\n")
    if reason is None:
        assert unit.not_runnable is None
    else:
        assert unit.not_runnable is not None
        assert reason in unit.not_runnable


def test_shell_steps_are_not_run_although_their_preparation_is_python() -> None:
    unit = exercise(
        "## T\n```yaml\ntype: BulletConsoleExercise\n```\n"
        "`@pre_exercise_code`\n```{python}\nconnect()\n```\n***\n```yaml\nkey: a\n```\n"
        "`@solution`\n```{shell}\nls\n```\n`@sct`\n```{python}\nEx()\n```\n"
    )
    assert unit.lang == "shell"
    assert unit.not_runnable is not None
    assert unit.steps[0].not_runnable is not None


def test_an_exercise_without_code_has_nothing_to_run() -> None:
    unit = exercise("## T\n```yaml\ntype: NormalExercise\n```\n`@sct`\n```{python}\n\n```\n")
    assert unit.not_runnable is not None
    assert "no code" in unit.not_runnable


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "---", "---\n---\n", "Just text.\n"])
def test_a_chapter_without_exercises_says_so(text: str) -> None:
    found = read(text)
    assert not found.exercises
    assert "no-exercises" in codes(found)


def test_text_between_exercises_is_told_and_is_no_exercise() -> None:
    found = chapter(NEW.replace("    ## Make", "    Hello.\n\n    ---\n\n    ## Make", 1))
    assert codes(found) == ["stray-text"]
    assert found.problems[0].span.of(found.text) == "Hello."
    assert [unit.title for unit in found.exercises] == ["Make a *tensor*"]


def test_separators_may_follow_each_other() -> None:
    found = chapter("---\n\n---\n" + dedent(NEW) + "---\n---\n")
    assert not found.problems
    assert len(found.exercises) == 1


def test_other_lines_of_dashes_separate_nothing() -> None:
    unit = exercise(
        "## T\n```yaml\nkey: a\n```\n----\n\na | b\n--- | ---\n\n    ---\n\n`@hint`\nx\n"
    )
    assert unit.assignment is not None
    assert unit.assignment.text.startswith("----")
