"""How well workers are contained here: found by trying, used as far as it goes, told to people.

    none      time and output only
    limits    and memory, file size, descriptors; own session; ends with its parent
    landlock  and files, signals (Landlock), calls, network (seccomp)
    full      and processes, mounts, network and shared memory of their own (namespaces)

`BLANKCHECK_SANDBOX` can lower the level, never raise it. A mechanism below the level is used where
it is there; the level that is told is the highest below which none is missing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from blankcheck_runner.course_data import shared_in
from blankcheck_runner.sandbox import landlock, namespaces, privileges, seccomp
from blankcheck_runner.sandbox.landlock import OWN, READ, SHARE, USE, Rule

Level = Literal["none", "limits", "landlock", "full"]
LEVELS: tuple[Level, ...] = get_args(Level)
VARIABLE = "BLANKCHECK_SANDBOX"

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/proc", "/sys")
_SETTINGS = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "timezone"),
    *("nsswitch.conf", "passwd", "group", "mime.types", "os-release", "alternatives", "fonts"),
    *("hosts", "host.conf", "resolv.conf", "services", "gai.conf", "ssl", "pki", "ca-certificates"),
    *("OpenCL", "vulkan", "nvidia", "machine-id"),
)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "kfd", "dri", "dxg", "nvmap")


@dataclass(frozen=True)
class Sandbox:
    """The containment of this process's workers."""

    allowed: Level
    """What the person lets be used."""
    scratch: str
    """The directory that all scratch directories are in."""
    landlock: int = 0
    """Version; 0 where it is not used."""
    seccomp: bool = False
    namespaces: bool = False
    missing: str | None = None
    """Why the level is not `full`, for people; null if it is, or is lowered on purpose."""

    @property
    def level(self) -> Level:
        """The level that this comes to."""
        if self.allowed == "none":
            return "none"
        if sys.platform == "win32" or not (self.landlock and self.seccomp):
            return "limits"
        return "full" if self.namespaces else "landlock"

    def confine(self, directory: str, *, network: bool) -> None:
        """Contains this process, before it runs anything of others, in a directory that it may
        write to. Raises OSError."""
        if self.namespaces and not network:
            namespaces.cut_off()
        if self.seccomp:
            privileges.give_up()
        self.narrow(directory, network=network)
        if self.seccomp:
            # Landlock rules that from its third version on.
            seccomp.restrict(network=network, truncate=self.landlock >= 3)

    def narrow(self, directory: str, *, network: bool) -> None:
        """Lets this process, which is contained, reach only what is in a directory further down."""
        if self.landlock:
            landlock.restrict(rules(directory, self.scratch), network=network)


def find(scratch: str) -> Sandbox:
    """What this machine has, as far as the person lets it be used. Linux: forks to try."""
    allowed = _allowed()
    if LEVELS.index(allowed) < LEVELS.index("landlock") or sys.platform != "linux":
        reason = None if sys.platform == "linux" else "it is made for Linux"
        return Sandbox(allowed, scratch, missing=reason)
    version, filters = landlock.version(), seccomp.available()
    reasons = ([] if version else ["Landlock"]) + ([] if filters else ["seccomp"])
    missing = f"this kernel has no {' and no '.join(reasons)}" if reasons else None
    if allowed != "full":
        return Sandbox(allowed, scratch, version, filters, False, missing)
    reason = namespaces.missing(scratch, needed())
    if reason is not None and missing is None:
        missing = f"user namespaces are not allowed here ({reason})"
    return Sandbox(allowed, scratch, version, filters, reason is None, missing)


def rules(directory: str, scratch: str) -> list[Rule]:
    """What code may reach while it works in a directory, which is below `scratch`."""
    readable = [shared_in(scratch), *_SYSTEM, *needed(), *(f"/etc/{name}" for name in _SETTINGS)]
    devices = [f"/dev/{name}" for name in _DEVICES]
    devices += [str(path) for path in Path("/dev").glob("nvidia*")]
    return [
        *(Rule(path, READ) for path in readable),
        *(Rule(path, USE) for path in devices),
        Rule("/dev/shm", SHARE),
        Rule(directory, OWN),
    ]


def needed() -> list[str]:
    """Where the interpreter, and what it imports, is; with links followed and unfollowed."""
    own = str(Path(__file__).resolve().parents[1])
    places = [own, sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).parent)]
    places += [place for place in sys.path if place]
    places += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    found: dict[str, None] = {}
    for place in places:
        if place and Path(place).is_absolute() and Path(place).exists():
            found[place] = found[str(Path(place).resolve())] = None
    return [place for place in found if not _is_too_much(Path(place))]


def _is_too_much(place: Path) -> bool:
    """Whether a place that Python looks in holds everything of the person's."""
    home = Path(f"~{_user()}").expanduser()
    return place == home or place in home.parents or place in (Path("/tmp"), Path("/etc"))


def _user() -> str:
    """The person, whose home HOME does not name here."""
    import pwd  # not there on Windows

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _allowed() -> Level:
    wanted = os.environ.get(VARIABLE, "full")
    return wanted if wanted in LEVELS else "full"
