"""A real OpenSSH server on the loopback interface, for one session of tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

INSTALL = "apt-get install -y --no-install-recommends openssh-server openssh-client"


class SshServer:
    """`sshd` with a configuration, a host key and a learner's key of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in ("host", "learner", "stranger"):
            self.make_key(name)
        shutil.copy(folder / "learner.pub", folder / "authorized_keys")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.trust("host")
        (folder / "config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\n"
            f"PidFile {folder}/pid\n"
            "StrictModes no\nPermitRootLogin yes\nPasswordAuthentication yes\n"
            "KbdInteractiveAuthentication no\nUsePAM no\nPrintMotd no\nSetEnv COURSE=remote\n"
        )
        # Where it runs as root, it wants this folder.
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        command = [find("sshd"), "-D", "-E", str(folder / "log"), "-f", str(folder / "config")]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.02)

    def make_key(self, name: str) -> None:
        """A key pair without a passphrase."""
        file = self.folder / name
        file.unlink(missing_ok=True)
        command = [find("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
        subprocess.run(command, check=True)

    def trust(self, name: str) -> None:
        """Has the client know the host by the key of this name."""
        key = (self.folder / f"{name}.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")

    def command(self, key: str = "learner", *options: str) -> list[str]:
        """The launcher command of somebody with this key. No configuration but this is read."""
        return [
            find("ssh"), "-F", "none", "-i", str(self.folder / key), "-p", str(self.port),
            "-o", f"UserKnownHostsFile={self.folder}/known_hosts", "-o", "IdentitiesOnly=yes",
            "-o", "IdentityAgent=none", *options, f"{getpass.getuser()}@127.0.0.1",
        ]  # fmt: skip

    def close(self) -> None:
        """Ends the server."""
        self.process.terminate()
        self.process.wait()


def find(program: str) -> str:
    """Where a program is. The tests fail, and say how to install it, where it is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(program, path=path)
    assert found, f"{program} is missing, and these tests need it: {INSTALL}"
    return found
