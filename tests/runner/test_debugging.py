"""A submission under the debugger, as an editor sees it over the Debug Adapter Protocol."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tests.runner.dap import debugger

from blankcheck import debugging
from blankcheck.courses import find_exercise
from blankcheck.runner.process import HostRunner
from blankcheck_runner import devices
from blankcheck_runner.devices import CPU, Driver, Found, Gpu, Torch

BARE = str(getattr(sys, "_base_executable", sys.executable))
"""An interpreter without torch and debugpy."""
GIVEN = """import torch
def given(tensor):
    doubled = tensor * 2
    return doubled
"""
CODE = """# blankcheck: course/a.md#key
import torch

def mine(tensor):
    total = tensor.sum()
    return total

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = layer
        self.act = torch.nn.ReLU()
    def extra_repr(self):
        return str(1 / 0)

ones = torch.ones(3, 4)
layer = torch.nn.Linear(4, 2)
net = Net()
twice = given(ones)
out = layer(ones)
print("sum", mine(ones).item(), "\\x1b[2J\\u202e")
huge = torch.zeros(1).expand(2**40)
end = 1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The learner's file. `plan` writes it, as the editor saves it: the debugger moves breakpoints
    to lines that have code there."""
    return tmp_path / "a.py"


def plan(file: Path, code: str, **more: Any) -> dict[str, Any]:
    """What the server says of an exercise."""
    file.write_text(code, "utf-8")
    parts: dict[str, Any] = {
        "pre_exercise_code": "",
        "data": None,
        "seed": 0,
        "blanks": [],
        "device": "",
        "placed": {"device": "cpu", "kind": "cpu", "environment": dict(CPU.environment)},
    }
    return {"submission": code, "file": str(file), **parts, **more}


def line(text: str, code: str = CODE) -> int:
    """The number, from 1, of the line that begins with a text."""
    found = [number for number, at in enumerate(code.splitlines(), 1) if at.startswith(text)]
    return found[0]


def test_a_session_from_breakpoint_to_end(file: Path) -> None:
    here = str(file)
    with debugger() as session:
        wanted = [line("ones ="), line("twice ="), line("end =")]
        bound = session.launch(plan(file, CODE, pre_exercise_code=GIVEN), wanted)
        assert [(one["verified"], one["line"]) for one in bound] == [(True, at) for at in wanted]
        # The stack begins in the learner's file; what runs before and around it is not there.
        assert session.stopped() == [(here, line("ones ="))]
        assert session.step("next") == [(here, line("layer ="))]
        assert (
            session.variables()["ones"]["value"]
            == "(3, 4), float32, cpu, 1 to 1: 1, 1, 1, 1, 1, 1, …"
        )
        assert session.step("continue") == [(here, line("twice ="))]
        variables = session.variables()
        assert variables["layer"]["value"] == "Linear(in_features=4, out_features=2), 10 parameters"
        assert variables["net"]["value"] == (
            "Net(), 10 parameters: layer: Linear(in_features=4, out_features=2), act: ReLU()"
        )
        inside = session.inside(variables["layer"])
        assert list(inside)[:2] == ["weight", "bias"]
        assert inside["weight"]["value"].startswith("(2, 4), float32, cpu, -")
        facts = {name: item["value"] for name, item in session.inside(variables["ones"]).items()}
        assert facts["dtype"] == "torch.float32"
        assert facts["[2]"] == "(4,), float32, cpu, 1 to 1: 1, 1, 1, 1"
        # Stepping into code that was given, or PyTorch's, stays in the learner's.
        assert session.step("stepIn") == [(here, line("out ="))]
        assert session.step("stepIn") == [(here, line("print("))]
        assert session.step("stepIn") == [
            (here, line("    total =")),
            (here, line("print(")),
        ]
        assert session.step("stepOut")[-1] == (here, line("print("))
        assert session.step("continue") == [(here, line("end ="))]
        # However large, a tensor is shown at once.
        assert session.variables()["huge"]["value"].startswith("(1099511627776,), float32, cpu: 0,")
        session.finish()
        # What would act on the editor is written out.
        assert session.output == "sum 12.0 \\x1b[2J\\u202e\n"


def test_step_into_libraries_goes_where_the_call_goes(file: Path) -> None:
    code = 'import textwrap\nu = given(textwrap.dedent(" a"))\nend = 1\n'
    given = "def given(text):\n    return text\n"
    with debugger() as session:
        launch = plan(file, code, pre_exercise_code=given)
        session.launch(launch, [2, 3], stepIntoLibraries=True)
        session.stopped()
        stack = session.step("stepIn")
        assert stack[0][0].endswith("textwrap.py")
        assert stack[1:] == [(str(file), 2)]
        session.step("stepOut")
        stack = session.step("stepIn")
        assert "pre-exercise code" in stack[0][0]
        assert stack[1:] == [(str(file), 2)]
        # Out of there, the next breakpoint counts as if nobody had stepped.
        assert session.step("continue") == [(str(file), 3)]


def test_an_open_blank_stops_with_its_message(file: Path) -> None:
    code = "x = 1\ny = max(\n    ___,\n    2,\n)\n"
    blank = {"line": 3, "message": "Fill in this argument of max."}
    with debugger() as session:
        session.launch(plan(file, code, blanks=[blank]))
        assert session.stopped() == [(str(file), 3)]
        said = session.request("exceptionInfo", threadId=session.thread)
        assert said["exceptionId"] == "BlankNotFilled"
        assert said["description"] == blank["message"]
        session.finish()
        assert session.output.endswith("BlankNotFilled: Fill in this argument of max.\n")
        assert "debuggee" not in session.output


def test_the_exercises_data_and_seed_are_those_of_a_check(file: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("from the course", "utf-8")
    code = (
        "import os, random\n"
        "print(open('words.txt').read(), random.random(), __name__)\n"
        "print(os.getcwd())\n"
    )
    with debugger() as session:
        session.launch(plan(file, code, data=str(tmp_path / "data"), seed=0))
        session.event("terminated")
        words, directory = session.output.splitlines()
        assert words == "from the course 0.8444218515250481 __main__"
    assert directory != str(tmp_path / "data")
    assert not Path(directory).exists()


def test_the_program_finds_its_device_and_the_learner_is_told_what_it_may_do(file: Path) -> None:
    gpus = (Gpu("NVIDIA A100", 80 * 2**30), Gpu("NVIDIA T4", 15 * 2**30))
    two = Found(Driver(True, True), Torch("2.14.1", "13.0", gpus))
    chosen = devices.choose("cuda:1", two, {"CUDA_VISIBLE_DEVICES": "4,6"})
    placed = {"device": chosen.name, "kind": chosen.kind, "environment": dict(chosen.environment)}
    code = (
        "import os\n"
        "print(device, os.environ['CUDA_VISIBLE_DEVICES'], os.environ['BLANKCHECK_DEVICE'])\n"
    )
    with debugger() as session:
        session.launch(plan(file, code, device="device", placed=placed))
        session.event("terminated")
        assert session.output == "cuda 6 cuda\n"
        outputs = [m["body"] for m in session.messages if m.get("event") == "output"]
        console = "".join(body["output"] for body in outputs if body.get("category") == "console")
        assert console.count("Under the debugger your code is not contained") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process through /proc")
async def test_nothing_that_gives_the_answer_away_is_in_the_programs_memory(
    file: Path, tmp_path: Path
) -> None:
    def mark(name: str) -> str:
        return f"{name}-{os.urandom(8).hex()}"

    theirs, given, solution, sct, value = map(mark, ("mine", "given", "solution", "sct", "value"))
    (tmp_path / "chapter.md").write_text(
        "## One\n\n```yaml\ntype: NormalExercise\nkey: one\n```\n\n"
        f"`@pre_exercise_code`\n```{{python}}\ngiven = '{given}'\n```\n\n"
        "`@sample_code`\n```{python}\nx = ___\n```\n\n"
        f"`@solution`\n```{{python}}\nx = '{value}'\n# {solution}\n```\n\n"
        f"`@sct`\n```{{python}}\nsuccess_msg('{sct}')\n```\n",
        "utf-8",
    )
    code = f"# blankcheck: chapter.md#one\nimport os\nx = '{theirs}'\npid = os.getpid()\nend = 1\n"
    runner = HostRunner(BARE)
    try:
        target = find_exercise(tmp_path / "chapter.md", "one", None)
        made = asdict(await debugging.plan(target, code, str(file), runner, ()))
    finally:
        await runner.close()
    file.write_text(code, "utf-8")
    with debugger() as session:
        session.launch(json.loads(json.dumps(made)), [5])
        session.stopped()
        process = int(session.variables()["pid"]["value"])
        found = in_memory(process, (theirs, given, solution, sct, value))
        session.finish()
    # What the process does have is found, so that the search would find the rest too.
    assert found == {theirs, given}


def in_memory(process: int, texts: tuple[str, ...]) -> set[str]:
    """Which of some texts stand in what a process can write to."""
    found: set[str] = set()
    with Path(f"/proc/{process}/mem").open("rb", 0) as stream:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(part, 16) for part in place.split("-"))
            if not rights.startswith("rw"):
                continue  # mapped files hold what they hold for anyone
            before = b""
            with contextlib.suppress(OSError):
                stream.seek(start)
                while start < end and (piece := stream.read(min(end - start, 2**24))):
                    held = before + piece
                    found |= {text for text in texts if text.encode() in held}
                    start, before = start + len(piece), held[-100:]
    return found


def test_an_exercise_at_fault_is_told_as_such(file: Path) -> None:
    with debugger() as session:
        session.launch(plan(file, CODE, pre_exercise_code="1 / 0\n"), [2])
        session.event("terminated")
        assert "not yours: ZeroDivisionError: division by zero" in session.output


def test_the_editor_going_away_ends_every_process(file: Path) -> None:
    code = (
        "import os, subprocess, sys\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "other = subprocess.Popen(sleep, start_new_session=True)\n"
        "ids = [os.getpid(), other.pid]\n"
        "while True:\n"
        "    pass\n"
    )
    with debugger() as session:
        session.launch(plan(file, code), [5])
        session.stopped()
        ids = session.inside(session.variables()["ids"])
        processes = [int(ids[name]["value"]) for name in ("0", "1")]
        assert all(alive(process) for process in processes)
    assert not any(alive(process) for process in processes)


def test_workers_of_a_loader_are_not_debugged_unless_asked(file: Path) -> None:
    code = (
        "import torch\n"
        "class Numbers(torch.utils.data.Dataset):\n"
        "    def __len__(self):\n"
        "        return 4\n"
        "    def __getitem__(self, index):\n"
        "        return index * 2\n"
        "loader = torch.utils.data.DataLoader(Numbers(), batch_size=2, num_workers=2)\n"
        "print([batch.tolist() for batch in loader])\n"
        "end = 1\n"
    )
    with debugger() as session:
        session.launch(plan(file, code), [6, 9])
        assert session.stopped() == [(str(file), 9)]
        session.finish()
        assert session.output == "[[0, 2], [4, 6]]\n"
        started = [m for m in session.messages if m.get("command") == "startDebugging"]
        assert not started
        assert not [m for m in session.messages if m.get("event") == "debugpyAttach"]


def test_without_debugpy_one_message_says_what_to_install() -> None:
    found = subprocess.run([BARE, "-I", "-c", "import debugpy"], capture_output=True)
    assert found.returncode != 0, "the base interpreter must not have debugpy"
    with debugger(BARE) as session:
        answer = session.answer(session.ask("initialize", adapterID="blankcheck"))
        assert not answer["success"]
        assert f"{BARE} -m pip install debugpy" in answer["body"]["error"]["format"]
        session.wait(lambda message: message["type"] == "end")


def alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
