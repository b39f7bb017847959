"""Candidate repairs: what may help, where it stands, and the edits that write it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import pytest

from blankcheck.course import cases, offline, repairs, weights
from blankcheck.course.cases import case_of
from blankcheck.course.mending import Edit, Repair
from blankcheck.course.mending import repairs as described
from blankcheck.course.model import Chapter, Exercise
from blankcheck.course.reader import read
from blankcheck.course.repairs import Draft, Failure
from blankcheck.course.text import Span
from blankcheck.course.units import Unit

SECTION = "`@{name}`\n```{{python}}\n{code}\n```\n\n"


def exercise(title: str, prose: str = "Do it.", **code: str) -> str:
    parts = "".join(SECTION.format(name=name, code=text) for name, text in code.items())
    head = (
        f"## {title}\n\n```yaml\ntype: NormalExercise\nkey: {title.lower()[:10]}\nxp: 100\n```\n\n"
    )
    return f"{head}Text.\n\n`@instructions`\n{prose}\n\n{parts}---\n\n"


def begun(*exercises: str, at: int = -1) -> Draft:
    chapter = read("---\ntitle: Small\n---\n\n" + "".join(exercises))
    case = case_of(chapter, chapter.exercises[at])
    assert case is not None
    return repairs.begin(case)


def one(draft: Draft) -> Repair:
    found = described(draft)
    assert len(found) == 1
    return found[0]


def written(text: str, edits: Sequence[Edit]) -> str:
    assert edits
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def code_after(draft: Draft, repair: Repair) -> str:
    """The exercise's pre-exercise code once the repair's edits are in the chapter."""
    chapter = read(written(draft.case.chapter.text, repair.edits))
    case = case_of(chapter, chapter.exercises[-1])
    assert case is not None
    return case.own


def test_code_in_which_nothing_is_missing_is_left_alone() -> None:
    draft = begun(
        exercise(
            "Doubling", pre_exercise_code="import math\nhalf = math.pi", solution="print(half)"
        )
    )
    assert not draft.changed
    assert draft.pre_exercise_code == "import math\nhalf = math.pi\n"
    assert described(draft) == ()


def test_of_a_large_chapter_only_what_is_needed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read_units, titles = cases.units, list[str]()

    def units(chapter: Chapter, exercise: Exercise) -> Iterator[Unit]:
        titles.append(exercise.title)
        return read_units(chapter, exercise)

    monkeypatch.setattr(cases, "units", units)
    many = [exercise(f"Number {number}", solution=f"n{number} = 1") for number in range(20)]
    begun(*many, exercise("Sound", solution="print(1)"))
    assert titles == ["Sound"]
    draft = begun(*many, exercise("Needs one", solution="print(n17)"))
    assert titles[1:4] == ["Needs one", "Number 19", "Number 18"]
    assert draft.pre_exercise_code == "n17 = 1\n"


def test_an_import_of_the_sample_is_made_first() -> None:
    draft = begun(
        exercise(
            "Doubling",
            pre_exercise_code="half = m.pi",
            sample_code="import math as m\nprint(___)",
            solution="print(half)",
        )
    )
    assert draft.pre_exercise_code == "import math as m\n\nhalf = m.pi\n"
    repair = one(draft)
    assert repair.code == "author/missing-import"
    assert repair.span.of(draft.case.chapter.text) == "m"
    assert "`import math as m`" in repair.message
    assert repair.note == "`m` is imported first"
    assert code_after(draft, repair) == draft.pre_exercise_code


def test_an_import_that_is_a_blank_is_not_made() -> None:
    draft = begun(
        exercise(
            "Doubling",
            pre_exercise_code="half = m.pi",
            sample_code="import ___ as m\nprint(half)",
            solution="print(half)",
        )
    )
    assert not draft.changed


def test_usual_names_are_imported_although_nobody_does() -> None:
    draft = begun(
        exercise("Zeros", pre_exercise_code="zeros = np.zeros(3)", solution="print(zeros)")
    )
    assert draft.imports == ("import numpy as np",)


def test_what_an_earlier_exercise_defines_is_taken_over_with_its_imports() -> None:
    earlier = exercise(
        "Inputs", pre_exercise_code="side = math.sqrt(9)", solution="import math\nprint(side)"
    )
    between = exercise("Between", pre_exercise_code="other = 1", solution="print(other)")
    draft = begun(earlier, between, exercise("Areas", solution="area = side * side\nprint(area)"))
    assert draft.pre_exercise_code == "import math\n\nside = math.sqrt(9)\n"
    repair = one(draft)
    assert repair.code == "author/earlier-code"
    assert "“Inputs”" in repair.message
    assert "“Inputs”" in repair.note
    assert repair.span.of(draft.case.chapter.text) == "side"
    assert "other" not in draft.pre_exercise_code


def test_without_a_section_for_it_the_code_gets_one() -> None:
    earlier = exercise("Inputs", pre_exercise_code="side = 3", solution="print(side)")
    draft = begun(
        earlier, exercise("Areas", sample_code="print(___)", solution="print(side * side)")
    )
    assert code_after(draft, one(draft)) == "side = 3\n"


def test_the_solution_of_an_earlier_exercise_is_taken_over_only_if_needed() -> None:
    earlier = exercise("Sides", pre_exercise_code="side = 3", solution="area = side * side")
    draft = begun(earlier, exercise("Volumes", solution="print(area * side)"))
    assert draft.pre_exercise_code == "side = 3\n\narea = side * side\n"
    only = begun(earlier, exercise("Lengths", solution="print(side)"))
    assert only.pre_exercise_code == "side = 3\n"


def test_a_name_that_nothing_defines_is_not_made_up() -> None:
    draft = begun(exercise("Nothing", pre_exercise_code="a = 1", solution="print(unknown)"))
    assert not draft.changed


@pytest.mark.parametrize("stray", ["`", "!", "?"])
def test_a_stray_character_becomes_the_one_missing_name(stray: str) -> None:
    draft = begun(
        exercise(
            "Rates",
            pre_exercise_code=f"base = 2\n{stray} = base / 10",
            solution="print(base * rate)",
        )
    )
    assert draft.pre_exercise_code == "base = 2\nrate = base / 10\n"
    repair = one(draft)
    assert repair.code == "author/stray-character"
    assert repair.span.of(draft.case.chapter.text) == stray
    assert code_after(draft, repair) == draft.pre_exercise_code


def test_a_stray_character_stays_where_two_names_are_missing() -> None:
    draft = begun(
        exercise("Rates", pre_exercise_code="` = 0.2", solution="print(rate * amount)"),
    )
    assert draft.stray is None


def test_a_stray_character_of_an_earlier_exercise_is_put_right_on_the_way() -> None:
    earlier = exercise("Rates", pre_exercise_code="` = 0.2\nbase = 2", solution="print(rate)")
    draft = begun(earlier, exercise("Products", solution="print(base)"))
    assert draft.pre_exercise_code == "rate = 0.2\nbase = 2\n"


def test_edits_keep_the_line_ends_of_the_chapter() -> None:
    text = exercise("Doubling", pre_exercise_code="half = math.pi", solution="print(half)")
    chapter = read(text.replace("\n", "\r\n"))
    case = case_of(chapter, chapter.exercises[0])
    assert case is not None
    repair = one(repairs.begin(case))
    after = written(chapter.text, repair.edits)
    assert after.count("\n") == after.count("\r\n") == chapter.text.count("\r\n") + 2


def test_a_step_goes_on_from_the_step_before_but_its_answer_is_not_written_for_others() -> None:
    chapter = read(
        "## Steps\n\n```yaml\ntype: TabExercise\nkey: steps\nxp: 100\n```\n\nText.\n\n"
        + SECTION.format(name="pre_exercise_code", code="side = 3")
        + "***\n\n```yaml\ntype: NormalExercise\nkey: one\nxp: 50\n```\n\n"
        + SECTION.format(name="solution", code="area = side * side")
        + "***\n\n```yaml\ntype: NormalExercise\nkey: two\nxp: 50\n```\n\n"
        + SECTION.format(name="solution", code="print(area * side)")
    )
    case = case_of(chapter, chapter.exercises[0].steps[1])
    assert case is not None
    draft = repairs.begin(case)
    assert draft.pre_exercise_code == "side = 3\n\narea = side * side\n"
    assert one(draft).edits == ()


# Data sets


DIGITS = """\
from torchvision import datasets
digits = datasets.MNIST('here', train=False, download=True)
small = [digits[0], digits[1]]"""


def test_a_data_set_is_replaced_where_the_run_failed_in_making_it() -> None:
    draft = begun(exercise("Digits", pre_exercise_code=DIGITS, solution="print(len(small))"))
    assert not draft.changed
    assert repairs.downloads(draft.case)
    line = DIGITS.index("digits = ")
    elsewhere = Failure(
        "pre_exercise_code", "raises ValueError", Span(len(DIGITS) - 5, len(DIGITS))
    )
    assert repairs.further(draft, elsewhere) is None
    found = repairs.further(draft, Failure("pre_exercise_code", "raises", Span(line, line + 30)))
    assert found is not None
    assert found.data_sets == ("MNIST",)
    assert not repairs.still_downloads(found)
    assert found.pre_exercise_code.endswith(f"\n{DIGITS}\n")
    repair = one(found)
    assert repair.code == "author/offline-data"
    assert repair.span.of(draft.case.chapter.text) == "datasets.MNIST"
    assert "made-up images" in repair.note
    assert code_after(found, repair) == found.pre_exercise_code


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from torchvision.datasets import CIFAR10\nCIFAR10('.', download=True)", ["CIFAR10"]),
        ("import torchvision\ntorchvision.datasets.SVHN('.', download=True)", ["SVHN"]),
        ("import torchvision.datasets as d\nd.KMNIST('.')", ["KMNIST"]),
        ("import torchvision.datasets as datasets\ndatasets.KMNIST('.')", ["KMNIST"]),
        ("from torchvision import datasets as ds\nds.MNIST('.')", ["MNIST"]),
        ("class MNIST: ...\nMNIST()", []),
        ("datasets.ImageFolder('.')", []),
    ],
)
def test_data_sets_are_known_by_where_they_come_from(code: str, names: list[str]) -> None:
    assert [call.name for call in offline.data_set_calls(ast.parse(code))] == names


# Weights


NET = "import torch\nclass Net(torch.nn.Module): ...\nmodel = Net()"
LEFT_OUT = "model = Net()\n# model.load_state_dict(torch.load('small.pth'))\nmodel.eval()\n"


def test_weights_whose_loading_the_solution_leaves_out_are_asked_for_all_the_same() -> None:
    draft = begun(
        exercise(
            "Loading",
            pre_exercise_code=NET,
            sample_code="model = ____\nmodel.load_state_dict(____)\nmodel.____",
            solution=LEFT_OUT,
        )
    )
    assert repairs.files_asked_for(draft.case) == {"small.pth"}
    follower = repairs.follower(draft.case)
    assert follower is not None
    assert "\nmodel.load_state_dict(torch.load('small.pth'))\n" in follower.solution
    found = repairs.further(draft, Failure("solution", "There is no file `small.pth`."))
    assert found is not None
    assert found.pre_exercise_code.endswith("\n\ntorch.save(model.state_dict(), 'small.pth')\n")
    repair = one(found)
    assert repair.code == "author/weight-file"
    assert repair.span.of(draft.case.chapter.text) == "small.pth"
    assert code_after(found, repair) == found.pre_exercise_code


def test_a_state_that_does_not_fit_gives_way_to_an_untrained_network_s() -> None:
    draft = begun(
        exercise("Loading", pre_exercise_code=NET, solution=LEFT_OUT.replace("# ", "", 1))
    )
    first = repairs.further(draft, Failure("solution", "There is no file `small.pth`."))
    assert first is not None
    second = repairs.further(first, Failure("solution", "The sizes of the weights do not fit."))
    assert second is not None
    assert "torch.save(Net().state_dict(), 'small.pth')" in second.pre_exercise_code
    assert repairs.further(second, Failure("solution", "The sizes do not fit.")) is None


def test_a_file_that_only_the_instructions_name_is_asked_for_by_the_blank() -> None:
    sample = "net = Net()\nnet.load_state_dict(____)\n"
    assert weights.asked_for(sample, "Load the file `small.pt`.") == (
        weights.Load("small.pt", "net", "net.load_state_dict(torch.load('small.pt'))"),
    )
    assert weights.asked_for(sample, "Load `small.pt` or `big.pt`.") == ()
    assert weights.asked_for("net = Net()\n", "Load the file `small.pt`.") == ()


def test_the_state_may_come_in_two_statements_and_into_a_folder() -> None:
    code = "net = Net()\nstate = torch.load('models/a.pt')\nnet.load_state_dict(state)"
    assert [load.file for load in weights.loads(code)] == ["models/a.pt"]
    assert weights.saved("net", "models/a.pt", "import torch") == (
        "import os\nos.makedirs('models', exist_ok=True)\n"
        "torch.save(net.state_dict(), 'models/a.pt')\n"
    )


def test_files_outside_the_working_folder_are_left_alone() -> None:
    for file in ("/tmp/a.pt", "../a.pt", "C:\\\\a.pt", "a.txt"):
        assert weights.loads(f"net.load_state_dict(torch.load('{file}'))") == ()
