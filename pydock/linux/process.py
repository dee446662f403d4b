"""A process's own attributes and descriptors: prctl(2), close_range(2), setdomainname(2)."""

import ctypes
import os
from typing import Final

from pydock.linux.syscall import check, libc, syscall

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_KEEPCAPS: Final = 8
PR_SET_NAME: Final = 15
PR_CAPBSET_READ: Final = 23
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

CLOSE_RANGE_CLOEXEC: Final = 4
_LAST_DESCRIPTOR: Final = 0xFFFFFFFF
_TITLE: Final = b"pydock-runtime"
#: SIGCANCEL and SIGSETXID, nptl(7)
_HIDDEN_SIGNALS: Final = (32, 33)

libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
libc.setdomainname.argtypes = (ctypes.c_char_p, ctypes.c_size_t)


def prctl(option: int, first: int = 0, second: int = 0, third: int = 0, fourth: int = 0) -> int:
    """prctl(2)."""
    return check(libc.prctl(option, first, second, third, fourth))


def set_name(name: str) -> None:
    """PR_SET_NAME: the name that ps(1) shows, at most 15 bytes."""
    buffer = ctypes.create_string_buffer(os.fsencode(name)[:15])
    prctl(PR_SET_NAME, ctypes.addressof(buffer))


def erase_arguments() -> None:
    """Have /proc/PID/cmdline, and so ps(1), tell no arguments, nor /proc/PID/environ an environment; proc_pid_stat(5).

    Anybody may read the first of a process that they see.
    """
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    begin, end, environment_begin, environment_end = map(int, fields[45:49])
    ctypes.memset(begin, 0, end - begin)
    ctypes.memset(environment_begin, 0, environment_end - environment_begin)
    title = _TITLE[: max(end - begin - 1, 0)]
    ctypes.memmove(begin, title, len(title))


def set_parent_death_signal(number: int) -> None:
    """PR_SET_PDEATHSIG: the signal to get when the parent dies; 0 for none."""
    prctl(PR_SET_PDEATHSIG, number)


def set_child_subreaper(on: bool = True) -> None:
    """PR_SET_CHILD_SUBREAPER: orphans below become children of this process."""
    prctl(PR_SET_CHILD_SUBREAPER, int(on))


def set_dumpable(on: bool) -> None:
    """PR_SET_DUMPABLE: whether others of the same user may trace this process or read its /proc entries."""
    prctl(PR_SET_DUMPABLE, int(on))


def set_no_new_privileges() -> None:
    """PR_SET_NO_NEW_PRIVS: no exec gives more rights from here on."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def default_hidden_signals() -> None:
    """rt_sigaction(2): the default disposition for the signals that glibc keeps to itself; an exec keeps ignored ones.

    Nothing else can do it, as sigaction(3) refuses them: whoever started the engine may have left them ignored.
    """
    action = bytes(32)  # the kernel's struct sigaction: handler, flags, restorer, mask
    for number in _HIDDEN_SIGNALS:
        syscall("rt_sigaction", ctypes.c_int(number), action, None, ctypes.c_size_t(8))


def close_range(first: int, last: int = _LAST_DESCRIPTOR) -> None:
    """close_range(2)."""
    syscall("close_range", ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(0))


def close_on_exec_range(first: int, last: int = _LAST_DESCRIPTOR) -> None:
    """close_range(2), CLOSE_RANGE_CLOEXEC: the next exec closes them."""
    syscall("close_range", ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(CLOSE_RANGE_CLOEXEC))


def setdomainname(name: str) -> None:
    """setdomainname(2)."""
    encoded = name.encode()
    check(libc.setdomainname(encoded, len(encoded)), name)
