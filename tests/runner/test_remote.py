"""The host at the other end of a command: over a real OpenSSH server, and awkward launchers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from blankcheck.runner import RunnerUnavailable
from blankcheck.runner.process import HostRunner
from blankcheck.runner.remote import CommandLauncher
from blankcheck_runner.wire import Lesson, Limits

from .ssh import SshServer

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
    report = await there.run(Lesson(), "import tempfile\nprint(tempfile.gettempdir())", "a.py")
    assert "/there" in report.output


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
