"""The way into libc that every module of this package shares: errno kept, OSError raised with the path.

A call that glibc does not wrap goes through syscall(2) by its number; numbers above 424 are the same
on every architecture.
"""

import ctypes
import os
import platform
from typing import Final

libc: Final = ctypes.CDLL(None, use_errno=True)
#: the same library with the interpreter lock held across the call: for calls that return twice
locked_libc: Final = ctypes.PyDLL(None, use_errno=True)

libc.syscall.restype = ctypes.c_long
locked_libc.syscall.restype = ctypes.c_long

MACHINE: Final = platform.machine()
#: calls older than the common numbering, for the machines that pydock knows: (x86_64, asm-generic)
_OLDER: Final = {
    "rt_sigaction": (13, 134),
    "capget": (125, 90),
    "capset": (126, 91),
    "pivot_root": (155, 41),
    "keyctl": (250, 219),
    "seccomp": (317, 277),
    "bpf": (321, 280),
}
_COMMON: Final = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
}
NUMBERS: Final = _COMMON | {name: pair[0 if MACHINE == "x86_64" else 1] for name, pair in _OLDER.items()}


def failure(path: str | None = None) -> OSError:
    """The OSError for the errno that the last call through `libc` left."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path) if path is not None else OSError(number, os.strerror(number))


def check(result: int, path: str | None = None) -> int:
    """Return `result`, or raise OSError where it is -1."""
    if result == -1:
        raise failure(path)
    return result


def syscall(name: str, *arguments: object, path: str | None = None) -> int:
    """syscall(2) by `name`; integers must come as ctypes longs where they may exceed 32 bits."""
    return check(libc.syscall(ctypes.c_long(NUMBERS[name]), *arguments), path)
