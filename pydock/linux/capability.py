"""capget(2), capset(2) and the bounding and ambient sets; a set of capabilities is a bit mask."""

import ctypes
from typing import Final

from pydock.linux.process import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAP_AMBIENT_RAISE,
    PR_CAPBSET_DROP,
    prctl,
)
from pydock.linux.syscall import syscall

_VERSION_3: Final = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def capget() -> tuple[int, int, int]:
    """capget(2) for this thread: (effective, permitted, inheritable)."""
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    syscall("capget", ctypes.byref(header), ctypes.byref(data))
    low, high = data
    return (
        low.effective | high.effective << 32,
        low.permitted | high.permitted << 32,
        low.inheritable | high.inheritable << 32,
    )


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) for this thread."""
    half = 0xFFFFFFFF
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    data[0] = _Data(effective & half, permitted & half, inheritable & half)
    data[1] = _Data(effective >> 32, permitted >> 32, inheritable >> 32)
    syscall("capset", ctypes.byref(header), ctypes.byref(data))


def bounding_drop(number: int) -> None:
    """PR_CAPBSET_DROP."""
    prctl(PR_CAPBSET_DROP, number)


def ambient_clear() -> None:
    """PR_CAP_AMBIENT_CLEAR_ALL."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def ambient_raise(number: int) -> None:
    """PR_CAP_AMBIENT_RAISE: the capability must be permitted and inheritable."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number)
