"""The files of a log as a reader finds them, while the writer may rename, compress and delete them.  For `reader`."""

import contextlib
import os
import tempfile
import time
import zlib

from pydock.runtime.logs.jsonfile import parse_time
from pydock.runtime.logs.rotation import extra_field, is_regular

_BLOCK = 1 << 18
#: how often the files may be renamed while they are being opened
_PATIENCE = 50


class LogFile:
    """One open file of a log; a compressed one is unpacked, into a nameless file, when it is first read."""

    def __init__(self, descriptor: int) -> None:
        self._packed = os.pread(descriptor, 2, 0) == b"\x1f\x8b"
        extra = extra_field(descriptor) if self._packed else {}
        inode = extra.get("inode")
        self.inode = inode if isinstance(inode, int) else os.fstat(descriptor).st_ino
        #: when its last entry was written, where that is known (nanoseconds), else 0
        self.last_time = 0
        with contextlib.suppress(ValueError, KeyError, IndexError):
            self.last_time = parse_time(str(extra.get("lastTime", "")))
        self.position = 0
        self._descriptor = descriptor

    def read(self, length: int) -> bytes:
        """At most `length` bytes from `position` on, which does not move; b"" at the present end."""
        return os.pread(self._plain(), length, self.position)

    def read_at(self, begin: int, end: int) -> bytes:
        """The bytes from `begin` to `end`."""
        return os.pread(self._plain(), end - begin, begin)

    def size(self) -> int:
        """The size, unpacked, in bytes."""
        return os.fstat(self._plain()).st_size

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def _plain(self) -> int:
        if self._packed:
            with tempfile.TemporaryFile() as target:
                _unpack(self._descriptor, target.fileno())
                os.dup2(target.fileno(), self._descriptor, inheritable=False)
            self._packed = False
        return self._descriptor


def open_all(path: str) -> list[LogFile]:
    """Every file of the log at `path`, the oldest first."""
    return _open_newer(path, None)


def open_newer(path: str, inode: int) -> list[LogFile]:
    """The files that came after the one with `inode`, the oldest first; all, where that one is gone."""
    return _open_newer(path, inode)


def is_current(path: str, inode: int | None) -> bool:
    """Whether the file that is written to now has `inode`."""
    try:
        return os.stat(path, follow_symlinks=False).st_ino == inode
    except FileNotFoundError:
        return True  # in the middle of a rotation, or removed with its container


def _open_newer(path: str, inode: int | None) -> list[LogFile]:
    for _ in range(_PATIENCE):
        found: list[LogFile] = []
        while (file := _open(path, len(found))) and file.inode != inode:
            found.append(file)
        if file:
            file.close()
        # any renaming since makes another file the current one; what is open keeps its inode
        if os.path.exists(path) and is_current(path, found[0].inode if found else inode):
            return found[::-1]
        if not found and not os.path.exists(f"{path}.1") and not os.path.exists(f"{path}.1.gz"):
            return []
        for file in found:
            file.close()
        time.sleep(0.001)
    return []


def _open(path: str, number: int) -> LogFile | None:
    for name in (f"{path}.{number}", f"{path}.{number}.gz") if number else (path,):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            if is_regular(descriptor):
                return LogFile(descriptor)
            os.close(descriptor)
    return None


def _unpack(source: int, target: int) -> None:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS + 16)
    position = 0
    while block := os.pread(source, _BLOCK, position):
        position += len(block)
        while block:
            try:
                os.write(target, unpacker.decompress(block, _BLOCK * 4))
            except zlib.error:
                return  # what could be unpacked is shown
            block = unpacker.unconsumed_tail
