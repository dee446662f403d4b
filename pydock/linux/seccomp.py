"""seccomp(2): put a compiled filter in force."""

import ctypes
from typing import Final

from pydock.linux.syscall import syscall

SECCOMP_SET_MODE_FILTER: Final = 1
#: struct sock_filter is 8 bytes: u16 code, u8 jt, u8 jf, u32 k
INSTRUCTION_SIZE: Final = 8


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def set_mode_filter(program: bytes, flags: int = 0) -> None:
    """SECCOMP_SET_MODE_FILTER: `program` is an array of struct sock_filter in this machine's byte order."""
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = _Program(len(program) // INSTRUCTION_SIZE, ctypes.addressof(buffer))
    syscall("seccomp", ctypes.c_uint(SECCOMP_SET_MODE_FILTER), ctypes.c_uint(flags), ctypes.byref(filter_))
