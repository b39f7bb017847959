"""The host at the other end of a command: over a real OpenSSH server, and awkward launchers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.launch import LocalLauncher
from blankcheck.runner.process import HostRunner
from blankcheck.runner.remote import CommandLauncher
from blankcheck_runner import wire
from blankcheck_runner.wire import Lesson, Limits

from .ssh import SshServer
from .watching import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
BARE = str(getattr(sys, "_base_executable", sys.executable))
"""An interpreter that need not have torch, so that its host starts at once."""
LESSON = Lesson(
    pre_exercise_code="start = 2",
    solution="total = start + 3",
    sct="Ex().check_object('total').has_equal_value()",
)


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    server = SshServer(tmp_path_factory.mktemp("ssh") / "server")
    yield server
    server.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def there(
    ssh: SshServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[HostRunner]:
    """A runner at the other end of the server, for tests that leave the host as it was."""
    folder = tmp_path_factory.mktemp("there") / "work"
    runner = HostRunner(CommandLauncher(ssh.command(), BARE, str(folder)))
    yield runner
    await runner.close()


async def refusal(launcher: CommandLauncher) -> str:
    """What is said of a host that cannot be had."""
    runner = HostRunner(launcher)
    try:
        with pytest.raises(RunnerUnavailable) as caught:
            await runner.info()
    finally:
        await runner.close()
    return str(caught.value)


async def test_a_check_over_ssh_says_what_it_says_here(there: HostRunner) -> None:
    passed = await there.check(LESSON, "total = start + 3", "a.py")
    assert passed.verdict == "passed"
    failed = await there.check(LESSON, "total = start + 4", "a.py")
    assert failed.verdict == "failed"
    assert failed.feedback[0].code == "sct/value"


async def test_the_host_is_at_the_other_end(there: HostRunner) -> None:
    info = await there.info()
    assert Path(info.executable) == Path(BARE)
    assert info.machine == platform.node()
    assert info.through is not None
    assert "127.0.0.1" in info.through


async def test_output_comes_over_ssh_as_it_is_printed(there: HostRunner) -> None:
    printed: list[str] = []
    first = asyncio.Event()

    def show(text: str) -> None:
        printed.append(text)
        first.set()

    code = "print('first', flush=True)\nwhile True:\n    pass"
    task = asyncio.create_task(there.run(Lesson(), code, "a.py", Limits(), show))
    await asyncio.wait_for(first.wait(), 20)
    assert printed[0] == "first\n"
    task.cancel()
    await asyncio.wait({task})
    assert (await there.run(Lesson(), "print(1)", "a.py")).output == "1\n"


async def test_the_runner_travels_once(ssh: SshServer, tmp_path: Path) -> None:
    launcher = CommandLauncher(ssh.command(), BARE, str(tmp_path))
    first = HostRunner(launcher)
    await first.info()
    await first.close()
    (home,) = (tmp_path / "runner").iterdir()
    before = (home / "blankcheck_runner" / "host.py").stat()
    second = HostRunner(launcher)
    await second.info()
    await second.close()
    assert (home / "blankcheck_runner" / "host.py").stat() == before or os.name == "nt"


async def test_a_runner_that_was_changed_there_is_sent_anew(ssh: SshServer, tmp_path: Path) -> None:
    launcher = CommandLauncher(ssh.command(), BARE, str(tmp_path))
    first = HostRunner(launcher)
    await first.info()
    await first.close()
    (home,) = (tmp_path / "runner").iterdir()
    (home / "blankcheck_runner" / "host.py").write_text("raise SystemExit('changed')")
    second = HostRunner(launcher)
    assert (await second.run(Lesson(), "print(1)", "a.py")).output == "1\n"
    await second.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_connection_that_is_killed_ends_the_host_there(
    ssh: SshServer, tmp_path: Path
) -> None:
    runner = HostRunner(CommandLauncher(ssh.command(), BARE, str(tmp_path)))
    await runner.info()
    hosts = hosts_in(tmp_path)  # and what guards it
    assert hosts
    assert runner.pid is not None
    assert runner.pid not in hosts
    os.kill(runner.pid, signal.SIGKILL)
    await until(lambda: not hosts_in(tmp_path))
    assert (await runner.run(Lesson(), "print(1)", "a.py")).output == "1\n"
    await runner.close()
    await until(lambda: not hosts_in(tmp_path))


def hosts_in(folder: Path) -> list[int]:
    """The processes that work in a folder."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if place.readlink() == folder:
                found.append(int(place.parent.name))
    return found


async def test_a_key_that_is_not_let_in(ssh: SshServer) -> None:
    said = await refusal(CommandLauncher(ssh.command("stranger"), BARE))
    assert "needs a password" in said
    assert "ssh-copy-id" in said
    assert "Permission denied" in said


async def test_a_host_key_that_is_not_known(ssh: SshServer, tmp_path: Path) -> None:
    nobody = f"UserKnownHostsFile={tmp_path}/nobody"
    command = ssh.command("learner")
    command[command.index("-o") + 1] = nobody
    said = await refusal(CommandLauncher(command, BARE))
    assert "host key" in said
    assert "once in a terminal" in said


async def test_a_host_key_that_has_changed(ssh: SshServer) -> None:
    ssh.trust("stranger")
    try:
        said = await refusal(CommandLauncher(ssh.command(), BARE))
    finally:
        ssh.trust("host")
    assert "another host key than before" in said


async def test_a_machine_without_that_python(ssh: SshServer) -> None:
    said = await refusal(CommandLauncher(ssh.command(), "python3.99"))
    assert "There is no `python3.99`" in said
    assert "blankcheck.runner.python" in said


async def test_a_machine_that_does_not_answer(ssh: SshServer) -> None:
    command = ssh.command()
    command[command.index("-p") + 1] = "1"
    said = await refusal(CommandLauncher(command, BARE))
    assert "does not answer" in said


async def test_a_folder_there_that_cannot_be_written(ssh: SshServer) -> None:
    said = await refusal(CommandLauncher(ssh.command(), BARE, "/proc/nothing"))
    assert "blankcheck.runner.folder" in said


# Awkward launchers


def awkward(way: str, folder: Path, tell: Callable[[str], None] = print) -> CommandLauncher:
    """A launcher that is awkward in one way. Its host keeps its things in the folder."""
    command = [BARE, str(Path(__file__).with_name("awkward.py")), way, str(folder)]
    return CommandLauncher(command, BARE, str(folder / "work"), tell)


@pytest.mark.parametrize("way", ["banner", "delay"])
async def test_a_banner_or_a_slow_line_changes_nothing(way: str, tmp_path: Path) -> None:
    runner = HostRunner(awkward(way, tmp_path))
    assert (await runner.check(LESSON, "total = start + 3", "a.py")).verdict == "passed"
    await runner.close()


@pytest.mark.parametrize(
    ("way", "why"),
    [("drop", "was lost"), ("corrupt-up", "was lost"), ("corrupt-down", "is damaged")],
)
async def test_a_line_that_fails_during_a_check_is_told_and_the_check_is_done_again(
    way: str, why: str, tmp_path: Path
) -> None:
    told: list[str] = []
    runner = HostRunner(awkward(way, tmp_path, told.append))
    await runner.info()
    submission = "total = start + 3  # MISHAP"
    assert (await runner.check(LESSON, submission, "a.py")).verdict == "passed"
    (said,) = told
    assert why in said
    assert "Connecting again" in said
    # A new submission of the same: the line has no more mishaps.
    assert (await runner.check(LESSON, submission, "a.py")).verdict == "passed"
    assert len(told) == 1
    await runner.close()


async def test_a_run_that_begins_anew_says_so_in_its_output(tmp_path: Path) -> None:
    printed: list[str] = []
    told: list[str] = []
    runner = HostRunner(awkward("drop", tmp_path, told.append))
    code = "print('seen')  # MISHAP"
    report = await runner.run(Lesson(), code, "a.py", on_output=printed.append)
    assert report.output == "seen\n"
    assert "".join(printed) == "\n[The connection was lost. From the start again:]\nseen\n"
    await runner.close()


async def test_a_line_that_breaks_without_a_word_is_noticed(tmp_path: Path) -> None:
    told: list[str] = []
    launcher = awkward("freeze", tmp_path, told.append)
    launcher.beat = 0.25
    runner = HostRunner(launcher)
    await runner.info()
    assert (await runner.run(Lesson(), "print(7)  # MISHAP", "a.py")).output == "7\n"
    assert "no answer for" in told[0]
    await runner.close()


async def test_a_line_that_cannot_be_had_again_says_why(tmp_path: Path) -> None:
    told: list[str] = []
    launcher = awkward("drop", tmp_path, told.append)
    runner = HostRunner(launcher)
    await runner.info()
    gone = awkward("lost", tmp_path, told.append)
    start = gone.start
    launcher.start = start
    with pytest.raises(RunnerUnavailable, match="Broken pipe"):
        await runner.check(LESSON, "total = start + 3  # MISHAP", "a.py")
    assert len(told) == 1
    await runner.close()


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("password", "needs a password"),
        ("password-on-stdout", "needs a password"),
        ("farewell", "This account is currently not available"),
        ("lost", "status 255"),
        ("old", r"is Python 3\.8\.1. Python 3\.10 or newer is needed"),
        ("terminal", "gives the other end a terminal"),
        ("mute", "No runner answered"),
    ],
)
async def test_a_launcher_that_leads_nowhere_says_what_to_do(
    way: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blankcheck.runner.link._QUESTION_SECONDS", 0.2)
    monkeypatch.setattr("blankcheck.runner.link._LOOK_SECONDS", 0.1)
    launcher = awkward(way, tmp_path)
    launcher.silence = 1.0 if way == "mute" else 60.0
    assert re.search(message, await refusal(launcher))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-launcher box", "`no-such-launcher` cannot be started"),
        ("ssh 'gpu-box", "is no command"),
        (["false"], "ended with status 1"),
    ],
)
async def test_a_command_that_is_none_says_so(command: str | list[str], message: str) -> None:
    assert message in await refusal(CommandLauncher(command))


async def test_a_host_that_hears_nothing_for_long_ends() -> None:
    process = await LocalLauncher(BARE).start()
    assert process.stdin is not None
    process.stdin.write(wire.seal({"type": "ping", "patience": 0.3}))
    said, _ = await asyncio.wait_for(communicate_without_end(process), 20)
    assert b"pong" in said
    process.stdin.close()


async def test_a_request_that_is_cancelled_before_it_begins_is_answered() -> None:
    process = await LocalLauncher(BARE).start()
    assert process.stdin is not None and process.stdout is not None
    asked = {"type": "devices", "id": 1, "device": "cpu"}
    process.stdin.write(wire.seal(asked) + wire.seal({"type": "cancel", "id": 1}))
    said = b""
    while b'"id":1' not in said.replace(b" ", b""):
        more = await asyncio.wait_for(process.stdout.read(2**16), 20)
        assert more, said
        said += more
    process.stdin.close()
    assert await process.wait() == 0


async def communicate_without_end(process: asyncio.subprocess.Process) -> tuple[bytes, int]:
    """What a process says until it ends by itself, its input still open."""
    assert process.stdout is not None
    return await process.stdout.read(), await process.wait()


# Data


def reading(folder: Path) -> Lesson:
    code = "import pathlib\nfound = sorted(map(str, pathlib.Path().rglob('*.txt')))\n"
    return Lesson(pre_exercise_code=code, data=str(folder))


SHOW = "import pathlib\nprint([(f, len(pathlib.Path(f).read_text())) for f in found])"


async def test_data_travel_once_by_content(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "below").mkdir(parents=True)
    (data / "one.txt").write_text("1" * 3_000_000)
    (data / "below" / "same.txt").write_text("1" * 3_000_000)
    (data / "empty.txt").write_text("")
    runner = HostRunner(awkward("plain", tmp_path))
    shown = "[('below/same.txt', 3000000), ('empty.txt', 0), ('one.txt', 3000000)]\n"
    assert (await runner.run(reading(data), SHOW, "a.py")).output == shown
    cache = tmp_path / "work" / "data"
    before = {file.name: file.stat().st_ino for file in cache.iterdir()}
    assert len(before) == 2
    (data / "empty.txt").write_text("now")
    shown = shown.replace("('empty.txt', 0)", "('empty.txt', 3)")
    assert (await runner.run(reading(data), SHOW, "a.py")).output == shown
    await runner.close()
    after = {file.name: file.stat().st_ino for file in cache.iterdir()}
    assert before.items() <= after.items()
    assert len(after) == 3
    another = HostRunner(awkward("plain", tmp_path))
    assert (await another.run(reading(data), SHOW, "a.py")).output == shown
    await another.close()
    assert after == {file.name: file.stat().st_ino for file in cache.iterdir()}


async def test_data_that_were_damaged_there_are_sent_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.txt").write_text("right")
    for _ in range(2):
        runner = HostRunner(awkward("plain", tmp_path))
        report = await runner.run(reading(data), "print(open('one.txt').read())", "a.py")
        assert report.output == "right\n"
        await runner.close()
        (file,) = (tmp_path / "work" / "data").iterdir()
        file.write_text("wrong")


async def test_checks_side_by_side_share_the_data_that_travel(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.txt").write_bytes(os.urandom(2**20).hex().encode())
    runner = HostRunner(awkward("plain", tmp_path))
    reports = await asyncio.gather(
        *(runner.run(reading(data), f"{SHOW}\nx = {number}", "a.py") for number in range(4))
    )
    assert {report.output for report in reports} == {f"[('one.txt', {2**21})]\n"}
    await runner.close()


async def test_data_that_cannot_be_kept_there_are_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.txt").write_text("1")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "data").write_text("in the way")
    runner = HostRunner(awkward("plain", tmp_path))
    with pytest.raises(RunnerUnavailable, match="data cannot be kept there"):
        await runner.run(reading(data), "print(1)", "a.py")
    await runner.close()


# At a prompt


async def prompt(*words: str, **environment: str) -> tuple[int | None, str]:
    """The status of a command, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blankcheck", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_a_check_at_a_prompt_over_ssh(ssh: SshServer, tmp_path: Path) -> None:
    command = shlex.join(ssh.command())
    where = ("--python", BARE, "--runner-folder", str(tmp_path / "work"))
    data = {"BLANKCHECK_DATA_DIR": str(tmp_path / "progress")}
    status, said = await prompt("doctor", "--runner-command", command, *where, **data)
    assert "through" in said
    assert "learner" in said
    submission = tmp_path / "a.py"
    submission.write_text("total = 5\n")
    chapter = tmp_path / "sums.md"
    chapter.write_text(CHAPTER)
    words = ("check", str(submission), "--chapter", str(chapter), "--exercise", "1")
    status, said = await prompt(*words, *where, BLANKCHECK_RUNNER_COMMAND=command, **data)
    assert status == 0, said
    status, said = await prompt(*words, *where, "--runner-command", "false", **data)
    assert status == 2
    assert "`false` ended with status 1" in said


CHAPTER = """---
title: Small
---

## Add

```yaml
type: NormalExercise
key: add01
lang: python
```

`@instructions`
- Store 5 in `total`.

`@sample_code`
```{python}
total = ___
```

`@solution`
```{python}
total = 5
```

`@sct`
```{python}
Ex().check_object("total").has_equal_value()
```
"""
