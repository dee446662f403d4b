"""unshare(2), setns(2) and clone3(2): called by the runtime's launcher and by forked children only."""

import ctypes
import os
import signal
from typing import Final

from pydock.linux.syscall import NUMBERS, check, libc, locked_libc

CLONE_NEWTIME: Final = 0x00000080
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
CLONE_PIDFD: Final = 0x00001000
CLONE_PARENT: Final = 0x00008000
CLONE_INTO_CGROUP: Final = 0x200000000


class CloneArgs(ctypes.Structure):
    """struct clone_args, clone3(2)."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls",
            "set_tid", "set_tid_size", "cgroup",
        )
    )  # fmt: skip


# made once: what a shim makes anew is its own as long as it lives.  The kernel closes the pidfd at an exec
_pidfd = ctypes.c_int(-1)
_arguments = CloneArgs(pidfd=ctypes.addressof(_pidfd), exit_signal=signal.SIGCHLD)
_CALL_INTO_CGROUP, _CALL = (
    (ctypes.c_long(NUMBERS["clone3"]), ctypes.byref(_arguments), ctypes.c_size_t(size))
    for size in (ctypes.sizeof(_arguments), ctypes.sizeof(_arguments) - 8)  # kernels before 5.7 do not know the last
)


def unshare(flags: int) -> None:
    """unshare(2)."""
    check(libc.unshare(ctypes.c_int(flags)))


def setns(descriptor: int, kinds: int = 0) -> None:
    """setns(2): by a namespace's descriptor, or several kinds at once by a pidfd."""
    check(libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kinds)))


def fork_into(flags: int, cgroup: int = -1) -> tuple[int, int]:
    """clone3(2) used as fork(2): the child is born in new namespaces and in the cgroup v2 directory `cgroup`.

    Returns (pid, pidfd) in the parent and (0, -1) in the child.  As with `bare_fork` nobody's fork handlers run: the
    caller must be single-threaded, and the child has its random state.
    """
    into = cgroup >= 0
    _arguments.flags = flags | CLONE_PIDFD | (CLONE_INTO_CGROUP if into else 0)
    _arguments.cgroup = cgroup if into else 0
    pid = check(locked_libc.syscall(*(_CALL_INTO_CGROUP if into else _CALL)))
    return pid, _pidfd.value if pid else -1


def fork_beside(cgroup: int = -1) -> int:
    """clone3(2) with CLONE_PARENT: the child is a sibling, its parent the caller's; otherwise as `fork_into`.

    Returns its number, 0 in it.
    """
    _arguments.exit_signal = 0  # the caller's own is taken, and no other allowed
    try:
        pid, pidfd = fork_into(CLONE_PARENT, cgroup)
    finally:
        _arguments.exit_signal = signal.SIGCHLD
    if pid:
        os.close(pidfd)
    return pid
