"""Seccomp: the system calls that no exercise needs and that reach out of a process are refused.

A list of what is refused, not of what is allowed: torch and what it calls use nearly everything
else, and each version something new. The filter is a program for the kernel's packet filter; it
sees a call's number and arguments, not what the arguments point to.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable

from blankcheck_runner.sandbox import system

_SET_SECCOMP = 22
_FILTER = 2
_NO_NEW_PRIVILEGES = 38
_GET_SECCOMP = 21

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_MASK, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020000
_UNIX = 1
_EVERYONE = 0xFFFFFFFF

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Name: number on x86_64, number on aarch64; null where that has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # Other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "perf_event_open": (298, 241),
    # File systems and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "fanotify_init": (300, 262),
    # Ways around the filter, or into the kernel
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "modify_ldt": (154, None),
    "ioperm": (173, None),
    "iopl": (172, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    # What outlives a process
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # The machine
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
}
# What Landlock does not rule: these change files that can be named, even if not opened. They are
# taken for done, so that code which copies permissions along with a file works.
_PRETENDED: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
# With another process's id, these change what that may use, down to its end; 0 is the own one. And
# which argument the id is.
_OF_ONE: dict[str, tuple[int, int, int]] = {
    "prlimit64": (302, 261, 0),
    "sched_setaffinity": (203, 122, 0),
    "sched_setscheduler": (144, 119, 0),
    "sched_setparam": (142, 118, 0),
    "sched_setattr": (314, 274, 0),
    "setpriority": (141, 140, 1),
    "ioprio_set": (251, 30, 1),
}
# What the first argument says the id is: any but that of a process is refused.
_OF_A_PROCESS: dict[str, int] = {"setpriority": 0, "ioprio_set": 1}
_SOCKET, _CLONE, _CLONE3, _KILL = (41, 198), (56, 220), (435, 435), (62, 129)
_TRUNCATE = (76, 45)

Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Whether this machine has filters, and this module knows its calls."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return False
    try:
        return system.prctl(_GET_SECCOMP) >= 0
    except OSError:
        return False


def restrict(*, network: bool, truncate: bool = True) -> None:
    """Refuses calls to this process and what it starts. Raises OSError.

    `truncate`: whether files may be cut off by their names, since something else rules which."""
    program = assembled(platform.machine(), network=network, truncate=truncate)
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    code = ctypes.create_string_buffer(packed, len(packed))
    address = ctypes.addressof(code)
    described = ctypes.create_string_buffer(struct.pack("@HP", len(program), address))
    system.prctl(_NO_NEW_PRIVILEGES, 1)
    system.prctl(_SET_SECCOMP, _FILTER, described)


def assembled(machine: str, *, network: bool, truncate: bool = True) -> list[Instruction]:
    """The filter for a kind of machine."""
    column = 0 if machine == "x86_64" else 1
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        refuse,
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_JUMP_GREATER_EQUAL, 0, 1, _X32), refuse]
    program += _each(_column(_REFUSED, column), refuse)
    # What it is to do is behind a pointer. Libraries then use the older call.
    program += _each([_CLONE3[column]], (_RETURN, 0, 0, _ERRNO | errno.ENOSYS))
    program += _with_argument(_CLONE[column], (_JUMP_MASK, 0, 1, _NEW_NAMESPACES), refuse)
    program += _with_argument(_KILL[column], (_JUMP_EQUAL, 0, 1, _EVERYONE), refuse)
    for name, (*numbers, place) in _OF_ONE.items():
        number = numbers[column]
        program += _with_argument(number, (_JUMP_EQUAL, 1, 0, 0), refuse, place)
        if name in _OF_A_PROCESS:
            program += _with_argument(number, (_JUMP_EQUAL, 1, 0, _OF_A_PROCESS[name]), refuse)
    if not truncate:
        program += _each([_TRUNCATE[column]], refuse)
    if not network:
        denied = (_RETURN, 0, 0, _ERRNO | errno.EACCES)
        program += _with_argument(_SOCKET[column], (_JUMP_EQUAL, 1, 0, _UNIX), denied)
    program += _each(_column(_PRETENDED, column), (_RETURN, 0, 0, _ERRNO))
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _column(table: dict[str, tuple[int | None, int | None]], column: int) -> list[int]:
    return [number for row in table.values() if (number := row[column]) is not None]


def _each(numbers: Iterable[int], then: Instruction) -> list[Instruction]:
    """`then` for each of the numbers; the number is loaded before and after."""
    program: list[Instruction] = []
    for number in numbers:
        program += [(_JUMP_EQUAL, 0, 1, number), then]
    return program


def _with_argument(
    number: int, test: Instruction, then: Instruction, place: int = 0
) -> list[Instruction]:
    """`then` for a call whose argument at a place passes the test; the number is loaded again
    after."""
    return [
        (_JUMP_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * place),
        test,
        then,
        (_LOAD, 0, 0, _NUMBER),
    ]
