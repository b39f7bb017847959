"""What launchers say when they fail, and what is made of it. The texts are those programs' own."""

from __future__ import annotations

import pytest

from blankcheck.runner import trouble
from blankcheck.runner.remote import package


@pytest.mark.parametrize(
    ("code", "said", "message"),
    [
        (255, "Host key verification failed.", "host key"),
        (255, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key", "ssh-keygen -R"),
        (255, "me@box: Permission denied (publickey,password).", "needs a password"),
        (255, "ssh: Could not resolve hostname box: Name or service not known", "cannot be found"),
        (255, "ssh: connect to host box port 22: Connection timed out", "does not answer"),
        (127, "bash: line 1: python3: command not found", "There is no `python3`"),
        (127, "zsh:1: no such file or directory: /opt/python3", "There is no `python3`"),
        (126, 'exec failed: unable to start container process: exec: "python3": executable file '
         "not found in $PATH: unknown", "There is no `python3`"),
        (2, "srun: error: execve(): python3: No such file or directory", "There is no `python3`"),
        (1, "'python3' is not recognized as an internal or external command", "no `python3`"),
        (127, "", "There is no `python3`"),
        (2, "Unknown option: -I\nusage: python [option]", "too old"),
        (1, "Error response from daemon: No such container: box", "container"),
        (1, "Error response from daemon: container 5f is not running", "container"),
        (1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "Docker"),
        (1, "the input device is not a TTY", "docker exec -i"),
        (1, "srun: error: Unable to allocate resources: Invalid qos", "scheduler refused"),
        (0, "", "`docker exec` needs `-i`"),
        (3, "something else", "ended with status 3"),
    ],
)  # fmt: skip
def test_a_launcher_that_fails(code: int, said: str, message: str) -> None:
    told = trouble.never_began("go box", "python3", code, said, "")
    assert message in told
    assert said in told
    assert "{" not in told


def test_only_the_last_lines_are_passed_on() -> None:
    said = "\n".join(f"line {number}" for number in range(40))
    told = trouble.never_began("go box", "python3", 1, said, ">>> motd\n")
    assert "line 39" in told
    assert "line 10\n" not in told
    assert ">>>" not in told


@pytest.mark.parametrize(
    "asked",
    [
        "me@box's password: ",
        "Enter passphrase for key '/home/me/id': ",
        "Verification code: ",
        "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
    ],
)
def test_a_question_is_one(asked: str) -> None:
    assert trouble.asks("go box", asked, "") is not None
    assert trouble.asks("go box", "", asked) is not None
    assert trouble.asks("go box", asked + "\nWelcome", "") is None


def test_waiting_for_a_turn_is_no_fault() -> None:
    assert trouble.queued("srun: job 7 queued and waiting for resources")
    assert not trouble.queued("Connecting")


def test_the_package_is_the_same_for_the_same_files() -> None:
    digest, data = package()
    package.cache_clear()
    assert package() == (digest, data)
    assert len(data) < 2**19
