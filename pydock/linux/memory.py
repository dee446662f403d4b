"""What the C library keeps of memory that was freed: malloc_trim(3).  The daemon gives it back from time to time."""

import ctypes

from pydock.linux.syscall import libc

_trim = getattr(libc, "malloc_trim", None)  # glibc's own
if _trim is not None:
    _trim.argtypes = (ctypes.c_size_t,)


def trim() -> None:
    """malloc_trim(3): give the kernel back what is free, be it in the midst of what is not."""
    if _trim is not None:
        _trim(0)
