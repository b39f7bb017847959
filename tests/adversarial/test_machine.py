"""A machine that lacks something: a check says what, and what to do, or does without."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.adversarial.corpus import HERE, RIGHT

MOUNTS = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
AS_ROOT = ["unshare", "--map-root-user", *MOUNTS[1:]]
"""For a person who may not mount: as the root of namespaces."""


def mounting() -> list[str]:
    """What starts a shell that may mount file systems, for itself alone; empty if nothing does."""
    for command in (MOUNTS, AS_ROOT):
        trial = [*command, "mount -t tmpfs -o size=64k none /mnt"]
        if shutil.which("unshare") and subprocess.run(trial, capture_output=True).returncode == 0:
            return command
    return []


pytestmark = pytest.mark.skipif(not mounting(), reason="file systems cannot be mounted here")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "course" / "data").mkdir(parents=True)
    (tmp_path / "course" / "chapter.md").write_bytes((HERE / "chapter.md").read_bytes())
    (tmp_path / "course" / "data" / "large.bin").write_bytes(bytes(2**20))
    (tmp_path / "a.py").write_text(f"# blankcheck: course/chapter.md#5d1a0c7e42\n{RIGHT}")
    return tmp_path


def told(workspace: Path, mounts: str, command: str, temporary: str = "/tmp") -> str:
    """What a command says where file systems were mounted otherwise."""
    environment = {
        **os.environ,
        "BLANKCHECK_DATA_DIR": str(workspace / "kept"),
        "TMPDIR": temporary,
    }
    blankcheck = f"{shlex.quote(sys.executable)} -m blankcheck {command}"
    done = subprocess.run(
        [*mounting(), f"{mounts} && {blankcheck}"],
        cwd=workspace, env=environment, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_full_disk(workspace: Path) -> None:
    with tempfile.TemporaryDirectory() as small:
        said = told(workspace, f"mount -t tmpfs -o size=64k none {small}", "check a.py", small)
    assert f"in {small}" in said
    assert "Make room" in said and "TMPDIR" in said


def test_no_shared_memory(workspace: Path) -> None:
    """Only what needs it fails, and says what to do. (In namespaces there is some all the same.)"""
    file = workspace / "a.py"
    lines = file.read_text()
    loading = "from torch.utils.data import DataLoader\nlist(DataLoader(x, num_workers=1))\n"
    (workspace / "b.py").write_text(f"{lines}\n{loading}")
    without = "mount -t tmpfs -o ro none /dev/shm && export BLANKCHECK_SANDBOX=limits"
    said = told(workspace, without, "check a.py b.py")
    assert "a.py: passed" in said
    assert "b.py: error" in said
    assert "num_workers=0" in said
    assert "--shm-size" in said


def test_a_read_only_workspace(workspace: Path) -> None:
    readonly = "mount --bind . . && mount -o remount,ro,bind . && cd $PWD"
    said = told(workspace, readonly, "start course/chapter.md 1")
    assert "cannot be written" in said and "another folder" in said
    said = told(workspace, readonly, "check a.py")
    assert "a.py: passed" in said
    assert "Progress cannot be kept" in said and "writable" in said
