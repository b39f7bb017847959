"""What a learner sees of a run: output, errors, lines, limits. With real torch and processes."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest
from tests.runner.watching import host_of

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.process import HostRunner
from blankcheck_runner.wire import Feedback, Lesson, Limits, Report

pytestmark = pytest.mark.asyncio(loop_scope="session")
FILE = "/somewhere/answer.py"


async def run(
    runner: HostRunner, code: str, lesson: Lesson | None = None, limits: Limits | None = None
) -> Report:
    return await runner.run(lesson or Lesson(), code, FILE, limits or Limits())


def only(report: Report) -> Feedback:
    (feedback,) = report.feedback
    return feedback


def marked(report: Report, code: str) -> str:
    """The piece of the code that the one feedback points at."""
    feedback = only(report)
    assert feedback.part == "submission"
    assert feedback.start is not None
    assert feedback.end is not None
    return code[feedback.start : feedback.end]


async def test_prints_what_the_code_prints(torch_runner: HostRunner) -> None:
    report = await run(torch_runner, "import torch\nprint(torch.ones(2), 'ä')")
    assert (report.verdict, report.output) == ("passed", "tensor([1., 1.]) ä\n")
    assert not report.truncated
    assert report.device == "cpu"


async def test_sees_the_names_of_the_pre_exercise_code(runner: HostRunner) -> None:
    report = await run(runner, "print(x + 1)", Lesson(pre_exercise_code="x = 41"))
    assert report.output == "42\n"


async def test_shows_output_of_children_c_code_and_standard_error_in_order(
    runner: HostRunner,
) -> None:
    code = (
        "import os, subprocess, sys\n"
        "print('one')\n"
        "os.system('echo two')\n"
        "os.write(1, b'three\\n')\n"
        "print('four', file=sys.stderr)\n"
        "sys.stdout.buffer.write(b'five\\n')\n"
    )
    report = await run(runner, code)
    assert report.output == "one\ntwo\nthree\nfour\nfive\n"


async def test_output_arrives_while_the_code_runs(runner: HostRunner) -> None:
    shown: list[str] = []
    first = asyncio.Event()

    def show(text: str) -> None:
        shown.append(text)
        first.set()

    code = "import time\nprint('begun')\ntime.sleep(60)"
    running = asyncio.create_task(runner.run(Lesson(), code, FILE, Limits(), show))
    await asyncio.wait_for(first.wait(), 20)
    assert shown == ["begun\n"]
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


async def test_keeps_the_head_and_the_tail_of_long_output(runner: HostRunner) -> None:
    code = "for i in range(20_000):\n    print(i)"
    report = await run(runner, code, limits=Limits(output=1_000))
    assert report.verdict == "passed"
    assert report.truncated
    assert len(report.output) < 1_100
    assert report.output.startswith("0\n1\n2\n")
    assert report.output.endswith("\n19998\n19999\n")
    assert "characters left out" in report.output


async def test_an_exception_is_told_on_the_expression_at_fault(torch_runner: HostRunner) -> None:
    code = "import torch\na = torch.ones(2, 3)\nb = a @ a\n"
    report = await run(torch_runner, code)
    assert report.verdict == "error"
    assert only(report).code.startswith("run/")
    assert only(report).start in range(code.index("b ="), len(code))


async def test_a_function_of_the_code_is_seen_with_file_line_and_source(runner: HostRunner) -> None:
    code = (
        "import inspect, traceback\n"
        "def f():\n"
        "    return 1 / 0\n"
        "print(inspect.getsource(f))\n"
        "try:\n"
        "    f()\n"
        "except ZeroDivisionError:\n"
        "    print(traceback.format_exc())\n"
    )
    report = await run(runner, code)
    assert "def f():\n    return 1 / 0" in report.output
    assert f'File "{FILE}", line 3, in f\n    return 1 / 0' in report.output


async def test_is_a_main_program(runner: HostRunner) -> None:
    code = (
        "import pickle\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "assert pickle.loads(pickle.dumps(Point(3))) == Point(3)\n"
        "if __name__ == '__main__':\n"
        "    print('main', __file__)\n"
    )
    report = await run(runner, code)
    assert report.output == f"main {FILE}\n"


async def test_a_data_loader_with_workers_and_backpropagation_run(torch_runner: HostRunner) -> None:
    code = (
        "import torch\n"
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "data = TensorDataset(torch.arange(8.0).reshape(8, 1))\n"
        "layer = torch.nn.Linear(1, 1)\n"
        "for (batch,) in DataLoader(data, batch_size=4, num_workers=2):\n"
        "    layer(batch).sum().backward()\n"
        "print(layer.weight.grad)\n"
    )
    report = await run(torch_runner, code)
    assert (report.verdict, report.output) == ("passed", "tensor([[28.]])\n")


async def test_future_imports_hold_for_the_whole_text(runner: HostRunner) -> None:
    code = "from __future__ import annotations\nx: nothing_of_this_name = 1\nprint(x)"
    assert (await run(runner, code)).output == "1\n"


async def test_nothing_runs_of_a_text_with_an_error_in_it(runner: HostRunner) -> None:
    report = await run(runner, "print('no')\nreturn 1")
    assert (report.verdict, report.output) == ("error", "")


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nprint('seen')\nsys.stdout.close()",
        "import sys, io\nprint('seen')\nsys.stdout = io.StringIO()\nprint('hidden')",
        "import sys\nprint('seen')\nsys.stdout = None",
        "import sys\nprint('seen')\ndel sys.stdout",
    ],
)
async def test_what_was_printed_survives_the_loss_of_standard_output(
    runner: HostRunner, code: str
) -> None:
    report = await run(runner, code)
    assert (report.verdict, report.output) == ("passed", "seen\n")


async def test_input_is_answered_at_once(runner: HostRunner) -> None:
    code = "name = input('Who? ')"
    report = await run(runner, code)
    assert report.verdict == "error"
    assert "input" in only(report).message
    assert report.output == "Who? "


async def test_a_break_point_does_not_stop_anything(runner: HostRunner) -> None:
    report = await run(runner, "breakpoint()\nprint('on')")
    assert report.output == "on\n"


@pytest.mark.parametrize(
    ("leaving", "verdict"),
    [("exit()", "passed"), ("sys.exit(0)", "passed"), ("sys.exit('no file')", "error")],
)
async def test_leaving_the_program(runner: HostRunner, leaving: str, verdict: str) -> None:
    report = await run(runner, f"import sys\nprint(1)\n{leaving}\nprint(2)")
    assert (report.verdict, report.output) == (verdict, "1\n")


async def test_an_endless_loop_is_stopped_with_its_line_marked(runner: HostRunner) -> None:
    code = "def train():\n    while True:\n        x = 1\n\ntrain()\n"
    report = await run(runner, code, limits=Limits(seconds=1.0))
    assert report.verdict == "timeout"
    assert only(report).code == "run/timeout"
    assert "1 seconds" in only(report).message
    assert marked(report, code) in ("while True:", "x = 1")
    assert report.seconds >= 1.0


async def test_a_sleeper_is_stopped_too(runner: HostRunner) -> None:
    code = "import time\ntime.sleep(100)"
    report = await run(runner, code, limits=Limits(seconds=0.5))
    assert report.verdict == "timeout"
    assert marked(report, code) == "time.sleep(100)"


async def test_a_thread_that_goes_on_counts_as_running(runner: HostRunner) -> None:
    code = (
        "import threading, time\n"
        "def late():\n    time.sleep(0.3)\n    print('late')\n"
        "threading.Thread(target=late).start()\n"
    )
    assert (await run(runner, code)).output == "late\n"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
async def test_the_end_of_the_process_is_told_on_its_line(
    runner: HostRunner, line: str, word: str
) -> None:
    code = f"import ctypes, os\nprint('before')\n{line}\nprint('after')\n"
    report = await run(runner, code)
    assert (report.verdict, only(report).code) == ("error", "run/crash")
    assert word in only(report).message
    assert ("Try again" in only(report).message) == (word == "SIGKILL"), "it may be nobody's fault"
    assert marked(report, code) == line
    assert report.output.startswith("before\n")


async def test_endless_printing_is_stopped(runner: HostRunner) -> None:
    report = await run(runner, "while True:\n    print('x' * 1000)")
    assert (report.verdict, only(report).code) == ("limit", "run/limit")
    assert "printed" in only(report).message
    assert len(report.output) < 250_000


async def test_too_much_memory_is_a_limit_not_a_crash(torch_runner: HostRunner) -> None:
    code = "import torch\nx = torch.ones(1000)\ny = torch.ones(10_000_000_000)\n"
    report = await run(torch_runner, code)
    assert (report.verdict, only(report).code) == ("limit", "run/limit")
    assert "memory" in only(report).message
    assert only(report).start in range(code.index("y ="), len(code))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits them")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mmap.mmap(-1, 2**40)", "more memory than the 3 GB"),
        ("bytearray(10**12)", "more memory than the 3 GB"),
        ("open('a', 'wb').truncate(10**10)", "more than the 256 MB"),
        ("shared_memory.SharedMemory(create=True, size=10**10)", "shared memory, of more than"),
        ("[open(os.devnull) for _ in range(1000)]", "512 files open at once"),
        ("[threading.Thread(target=wait).start() for _ in range(9000)]", "more threads"),
    ],
)
async def test_what_the_system_refuses_is_told_as_a_limit(
    runner: HostRunner, line: str, words: str
) -> None:
    code = (
        "import mmap, os, threading, time\nfrom multiprocessing import shared_memory\n"
        f"wait = threading.Event().wait\n{line}\n"
    )
    report = await run(runner, code)
    assert (report.verdict, only(report).code) == ("limit", "run/limit")
    assert words in only(report).message
    assert marked(report, code) in line


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits them")
@pytest.mark.parametrize("line", ["torch.save(x, 'a.pt')", "np.save('a.npy', x.numpy())"])
async def test_a_file_that_a_library_cannot_write_to_its_end_is_told_as_a_limit(
    forking: HostRunner, line: str
) -> None:
    code = f"import numpy as np\nimport torch\nx = torch.zeros(2**27)\n{line}\n"
    report = await run(forking, code)
    assert (report.verdict, only(report).code) == ("limit", "run/limit")
    assert "room for 256 MB" in only(report).message
    assert marked(report, code) in line


async def test_a_limit_that_the_exercise_reaches_is_its_fault(runner: HostRunner) -> None:
    lesson = Lesson(pre_exercise_code="x = bytearray(10**12)")
    report = await run(runner, "pass", lesson)
    assert report.verdict == "broken"
    assert "pre-exercise code needs more memory than the 3 GB" in only(report).message


async def test_a_swarm_of_processes_is_stopped(runner: HostRunner) -> None:
    code = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(600)\n"
    report = await run(runner, code)
    assert (report.verdict, only(report).code) == ("limit", "run/limit")
    assert "processes" in only(report).message


async def test_runs_in_a_clean_copy_of_the_data_that_is_gone_afterwards(
    runner: HostRunner, tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "numbers.txt").write_text("1 2 3")
    lesson = Lesson(data=str(tmp_path))
    code = (
        "import os\n"
        "print(sorted(os.listdir()), open('inner/numbers.txt').read())\n"
        "open('inner/numbers.txt', 'w').write('mine')\n"
        "open('made.txt', 'w').write('mine')\n"
        "print(os.getcwd())\n"
    )
    report = await run(runner, code, lesson)
    listed, place = report.output.splitlines()
    assert listed == "['inner'] 1 2 3"
    assert (tmp_path / "inner" / "numbers.txt").read_text() == "1 2 3"
    again = await run(runner, code, lesson)
    assert again.output.splitlines()[0] == listed
    (root,) = Path(tempfile.gettempdir()).glob(f"blankcheck-{host_of(runner)}-*")
    assert root in Path(place).parents
    await _until_gone(Path(place))


async def test_a_card_that_is_full_is_a_limit_of_the_card(torch_runner: HostRunner) -> None:
    full = (
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 14.75 GiB "
        "of which 12.06 GiB is free. Of the allocated memory 2.56 GiB is allocated by PyTorch, and "
        "6.00 MiB is reserved by PyTorch but unallocated."
    )
    raising = f"import torch\nraise torch.OutOfMemoryError({full!r})\n"
    report = await run(torch_runner, raising)
    assert (report.verdict, report.feedback[0].code) == ("limit", "run/limit")
    assert "graphics card of 14.8 GB" in report.feedback[0].message
    # The exercise's own code is not called faulty for it.
    with pytest.raises(RunnerUnavailable, match=r"no room for the exercise's pre-exercise code"):
        await torch_runner.run(Lesson(pre_exercise_code=raising), "pass", FILE)


async def test_the_environment_of_the_person_is_not_handed_on(runner: HostRunner) -> None:
    report = await run(runner, "import os\nprint(sorted(os.environ))")
    shown = report.output
    assert "PATH" in shown
    assert "BLANKCHECK" not in shown.replace("BLANKCHECK_DEVICE", "")
    for name in ("USER", "PWD", "SSH_AUTH_SOCK", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"):
        assert f"'{name}'" not in shown


async def test_code_that_breaks_python_itself_gets_an_answer(runner: HostRunner) -> None:
    code = "import builtins\nprint(1)\nbuiltins.getattr = builtins.tuple = None\n"
    report = await run(runner, code)
    assert report.output == "1\n"
    assert report.verdict in ("passed", "error")
    assert (await run(runner, "print(2)")).output == "2\n"


async def test_a_failing_pre_exercise_code_is_not_the_learners_fault(runner: HostRunner) -> None:
    lesson = Lesson(pre_exercise_code="x = 1\ny = open('missing.csv')\n")
    report = await run(runner, "print(x)", lesson)
    assert (report.verdict, report.output) == ("broken", "")
    feedback = only(report)
    assert feedback.part == "pre_exercise_code"
    assert feedback.start is not None
    assert lesson.pre_exercise_code[feedback.start :].startswith("open")
    assert "missing.csv" in feedback.message


async def _until_gone(place: Path) -> None:
    async def gone() -> None:
        while place.exists():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(gone(), 5)


async def test_standard_descriptors_and_few_others_are_open(runner: HostRunner) -> None:
    report = await run(runner, "import os\nprint(len(os.listdir('/proc/self/fd')))")
    # 0, 1, 2, the channel, the position, the data folder, and the listing's own.
    assert int(report.output) <= 8
