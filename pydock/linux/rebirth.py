"""clone(2) as vfork(2) for Python: a sibling goes on with the caller's memory, nothing is copied or taken down twice.

After a vfork the stack is the child's, which has returned from the call by the time the parent goes on.  So the
parent's part is machine code that needs no stack: it ends the process.  Machines that it is not written for fork.
Used by the runtime where a process is to be born in a pid namespace that it has joined.
"""

import ctypes
import mmap
import os
from typing import Final

from pydock.linux.namespaces import CLONE_INTO_CGROUP, CLONE_PARENT, CloneArgs, fork_beside
from pydock.linux.syscall import MACHINE, check, libc

_CLONE_VM: Final = 0x00000100
_CLONE_VFORK: Final = 0x00004000

#: long departure(struct clone_args *, size_t): clone3(2), which returns in the child or with -errno
_CODE: Final = {
    "x86_64": (
        "b8 b3010000"  # mov eax, 435 (clone3)
        "0f05"  # syscall
        "4885c0"  # test rax, rax
        "7e 09"  # jle 1f
        "31ff"  # xor edi, edi
        "b8 e7000000"  # mov eax, 231 (exit_group)
        "0f05"  # syscall
        "c3"  # 1: ret
    ),
    "aarch64": (
        "683680d2"  # mov x8, 435 (clone3)
        "010000d4"  # svc 0
        "1f0000f1"  # cmp x0, 0
        "8d000054"  # b.le 1f
        "000080d2"  # mov x0, 0
        "c80b80d2"  # mov x8, 94 (exit_group)
        "010000d4"  # svc 0
        "c0035fd6"  # 1: ret
    ),
}
_Departure = ctypes.PYFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t)


def _load() -> tuple[mmap.mmap, "ctypes._FuncPointer"] | None:
    """The code in memory that can be executed and no longer written, and its function; None where there is none."""
    code = bytes.fromhex(_CODE.get(MACHINE, ""))
    if not code:
        return None
    page = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    try:
        check(libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(mmap.PAGESIZE), mmap.PROT_READ | mmap.PROT_EXEC))
    except OSError:
        return None  # a security module allows none (execmem)
    return page, _Departure(address)


# made once, and shared by all that are forked from here
_loaded: Final = _load()


def be_reborn(cgroup: int = -1) -> None:
    """Return in a sibling that takes the caller's place, the first in a pid namespace that the caller has joined.

    The caller waits until the sibling execs or ends, and ends then; it must be single-threaded.  ``cgroup``: the cgroup
    v2 directory that the sibling is born in, -1 for the caller's.  OSError where the caller goes on.
    """
    if _loaded is None:
        if fork_beside(cgroup):
            os._exit(0)
        return
    into = cgroup >= 0
    arguments = CloneArgs(
        flags=CLONE_PARENT | _CLONE_VM | _CLONE_VFORK | (CLONE_INTO_CGROUP if into else 0),
        cgroup=cgroup if into else 0,
    )
    # kernels before 5.7 do not know the last field
    size = ctypes.sizeof(arguments) - (0 if into else 8)
    if (result := _loaded[1](ctypes.addressof(arguments), size)) < 0:
        raise OSError(-result, os.strerror(-result))
