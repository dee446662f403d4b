"""fork(2) by its bare system call, for a child that should share as many of its parent's pages as it can.

None of Python's fork handlers runs in the child: several modules register some, and what these touch is copied.  The
caller is single-threaded, or locks may be left held; the child has its parent's pending signals and random state.
"""

import ctypes
import signal
from typing import Final

from pydock.linux.syscall import MACHINE, check, locked_libc

#: clone(2): its number, the flags, and four arguments that do not matter here
_CALL: Final = tuple(
    ctypes.c_long(value) for value in (56 if MACHINE == "x86_64" else 220, signal.SIGCHLD.value, 0, 0, 0, 0)
)


def bare_fork() -> int:
    """fork(2): 0 in the child, the child's number in the parent."""
    return check(locked_libc.syscall(*_CALL))
