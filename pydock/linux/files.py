"""Files by descriptor: openat2(2), statfs(2), syncfs(2), sync_file_range(2), sealed memory files, pseudo-terminals."""

import contextlib
import ctypes
import fcntl
import os
import sys
from collections.abc import Iterator
from typing import Final

from pydock.linux.syscall import check, libc, syscall

RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
RESOLVE_IN_ROOT: Final = 0x10

PROC_SUPER_MAGIC: Final = 0x9FA0
DEVPTS_SUPER_MAGIC: Final = 0x1CD1

#: how often a lookup is made where others rename and mount meanwhile
_LOOKUPS: Final = 128

EXT_SUPER_MAGIC: Final = 0xEF53
FS_IOC_GETFLAGS: Final = 0x80086601
FS_IOC_SETFLAGS: Final = 0x40086602
FS_TOPDIR_FL: Final = 0x20000

SYNC_FILE_RANGE_WRITE: Final = 2

TIOCSPTLCK: Final = 0x40045431
TIOCGPTPEER: Final = 0x5441

libc.fstatfs.argtypes = (ctypes.c_int, ctypes.c_void_p)
libc.sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
libc.tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
libc.tee.restype = ctypes.c_ssize_t


class _OpenHow(ctypes.Structure):
    """struct open_how, openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: str, flags: int, *, mode: int = 0, resolve: int = 0) -> int:
    """openat2(2); the descriptor is close-on-exec.

    A rename or a mount anywhere on the machine while a scoped ``..`` is looked up makes the kernel answer EAGAIN: the
    lookup is made again then, an attacker who renames all the time gets that error at last.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    for _ in range(_LOOKUPS - 1):
        try:
            return syscall("openat2", directory, os.fsencode(path), ctypes.byref(how), size, path=path)
        except BlockingIOError:
            continue
    return syscall("openat2", directory, os.fsencode(path), ctypes.byref(how), size, path=path)


@contextlib.contextmanager
def short_path(directory: str) -> Iterator[str]:
    """A path to `directory` that leaves room for a name in a socket's address (108 bytes, unix(7)), however long it is.

    It is good for as long as the block runs.
    """
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def filesystem_type(descriptor: int) -> int:
    """fstatfs(2): the magic number of the file system that `descriptor` is on."""
    buffer = ctypes.create_string_buffer(256)
    check(libc.fstatfs(descriptor, buffer))
    return ctypes.c_long.from_buffer(buffer).value


def syncfs(descriptor: int) -> None:
    """syncfs(2): write the file system that `descriptor` is on to its disk."""
    check(libc.syncfs(ctypes.c_int(descriptor)))


def start_writing(descriptor: int, offset: int, size: int) -> None:
    """sync_file_range(2) with SYNC_FILE_RANGE_WRITE: have the disk begin with a part of a file; nothing is promised."""
    check(libc.sync_file_range(descriptor, offset, size, SYNC_FILE_RANGE_WRITE))


def spread_subdirectories(directory: int) -> None:
    """FS_IOC_SETFLAGS with FS_TOPDIR_FL (chattr(1), T): what is in one sub-directory has no business with the others.

    ext4 then looks for room for each in another place.  It does not give out again an inode number that was freed in
    the last minutes, and passes over each of those, one by one, wherever many files have just been deleted.
    """
    if filesystem_type(directory) == EXT_SUPER_MAGIC:
        flags = bytearray(8)
        fcntl.ioctl(directory, FS_IOC_GETFLAGS, flags)
        wanted = int.from_bytes(flags[:4], sys.byteorder) | FS_TOPDIR_FL
        fcntl.ioctl(directory, FS_IOC_SETFLAGS, wanted.to_bytes(4, sys.byteorder))


def tee(source: int, target: int, length: int, flags: int = 0) -> int:
    """tee(2): copy between pipes without consuming."""
    return check(libc.tee(source, target, length, flags))


def sealed_memory_file(name: str, content: bytes, *, executable: bool = False) -> int:
    """memfd_create(2) with `content`, sealed against every change."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    if executable:
        os.fchmod(descriptor, 0o755)
    fcntl.fcntl(
        descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    )
    return descriptor


def unlock_terminal(master: int) -> None:
    """TIOCSPTLCK: let the other side of the pseudo-terminal be opened (unlockpt(3))."""
    fcntl.ioctl(master, TIOCSPTLCK, b"\0\0\0\0")


def terminal_peer(master: int) -> int:
    """TIOCGPTPEER: the other side of the pseudo-terminal, with no path looked up."""
    return fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
