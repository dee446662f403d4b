"""inotify(7): to be told what happens to files.  `runtime.logs.watcher` uses it for those who follow logs."""

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import Final

from pydock.linux.syscall import check, libc

IN_MODIFY: Final = 0x002
IN_MOVED_TO: Final = 0x080
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_IGNORED: Final = 0x8000
IN_ONLYDIR: Final = 0x01000000

_EVENT: Final = struct.Struct("iIII")
_READ: Final = 65536

libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
libc.inotify_rm_watch.argtypes = (ctypes.c_int, ctypes.c_int)


def inotify_init() -> int:
    """inotify_init1(2): a non-blocking, close-on-exec instance."""
    return check(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))


def inotify_add_watch(instance: int, path: str, mask: int) -> int:
    """inotify_add_watch(2): the watch's number, the same for the same file."""
    return check(libc.inotify_add_watch(instance, os.fsencode(path), mask), path)


def inotify_rm_watch(instance: int, watch: int) -> None:
    """inotify_rm_watch(2)."""
    check(libc.inotify_rm_watch(instance, watch))


def events(instance: int) -> Iterator[tuple[int, int, str]]:
    """What has happened: (watch, mask, name in the directory)."""
    try:
        data = os.read(instance, _READ)
    except BlockingIOError:
        return
    position = 0
    while position < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, position)
        position += _EVENT.size
        name = data[position : position + length].rstrip(b"\0")
        position += length
        yield watch, mask, os.fsdecode(name)
