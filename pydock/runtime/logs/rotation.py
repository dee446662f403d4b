"""A log file that is renamed when it is full: PATH, then PATH.1, PATH.2 ... or PATH.1.gz, PATH.2.gz ...

The shim's writers call this.  An entry is never torn over two files, and a file is full when it has reached its
size, so that the last entry may stand a little beyond it, as Docker has it.
"""

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Callable

from pydock.runtime.logs.entry import format_time

_MODE = 0o640
_NEXT = ".next"
_BLOCK = 1 << 18
#: what compresses a file beside the caller's own work, and a call that waits until that is done
Aside = Callable[[Callable[[], None]], Callable[[], None]]


def at_once(work: Callable[[], None]) -> Callable[[], None]:
    """Do the work before anything else."""
    work()
    return lambda: None


class RotatingFile:
    """The file at `path`, appended to; `cut(text, offset)` tells where the entry that reaches an offset ends.

    `max_size` 0 is no limit.  `max_files` counts the file itself.
    """

    def __init__(
        self,
        path: str,
        cut: Callable[[bytes, int], int],
        *,
        max_size: int = 0,
        max_files: int = 1,
        compress: bool = False,
        aside: Aside = at_once,
    ) -> None:
        self._path = path
        self._cut = cut
        self._max_size = max_size
        self._max_files = max_files
        self._compress = compress and max_files > 1
        self._aside = aside
        self._wait: Callable[[], None] | None = None
        self._file = self._open()
        self._size = os.fstat(self._file).st_size

    def write(self, text: bytes, time: int) -> None:
        """Append `text`, which is whole entries, the last of them of `time`.  OSError where it could not be kept."""
        while text:
            if self._max_size and self._size >= self._max_size:
                self._rotate(time)
            end = self._cut(text, self._max_size - self._size) if self._max_size else len(text)
            self._append(text[:end] if end < len(text) else text)
            text = text[end:]

    def close(self) -> None:
        """Close the file; what is being compressed goes on."""
        os.close(self._file)

    def _open(self, ending: str = "") -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._path + ending, flags, _MODE)

    def _append(self, text: bytes) -> None:
        written = 0
        try:
            while written < len(text):
                written += os.write(self._file, memoryview(text)[written:])
        except OSError:
            with contextlib.suppress(OSError):  # a torn entry would hide those after it
                os.ftruncate(self._file, self._size)
            raise
        self._size += written

    def _rotate(self, time: int) -> None:
        if self._wait:
            self._wait()
            self._wait = None
        file = self._open(_NEXT)  # first: where there is no room for it, all stays as it is
        for number in range(self._max_files - 1, 0, -1):
            for ending in ("", ".gz"):
                old = f"{self._path}.{number}{ending}"
                with contextlib.suppress(FileNotFoundError):
                    if number == self._max_files - 1:
                        os.unlink(old)
                    else:
                        os.rename(old, f"{self._path}.{number + 1}{ending}")
        with contextlib.suppress(FileNotFoundError):
            if self._max_files > 1:
                os.rename(self._path, f"{self._path}.1")
            else:
                os.unlink(self._path)
        os.rename(self._path + _NEXT, self._path)
        os.close(self._file)
        self._file, self._size = file, 0
        if self._compress:
            self._wait = self._aside(lambda: compress(f"{self._path}.1", time))


def compress(path: str, last_time: int) -> None:
    """Put `path`.gz in the place of `path`: gzip, whose extra field tells the last entry's time and the old inode."""
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    target = os.open(f"{path}.gz", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    with open(source, "rb", 0) as plain, open(target, "wb", 0) as packed:
        inode = os.fstat(source).st_ino
        extra = json.dumps({"lastTime": format_time(last_time), "inode": inode}, separators=(",", ":")).encode()
        packed.write(b"\x1f\x8b\x08\x04\0\0\0\0\x04\xff" + len(extra).to_bytes(2, "little") + extra)
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        checksum = size = 0
        while block := plain.read(_BLOCK):
            checksum, size = zlib.crc32(block, checksum), size + len(block)
            packed.write(packer.compress(block))
        packed.write(packer.flush() + checksum.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
    os.unlink(path)


def extra_field(file: int) -> dict[str, object]:
    """What `compress` wrote into the header of the gzip file with descriptor `file`; {} where there is none."""
    head = os.pread(file, 12 + 0xFFFF, 0)
    if len(head) < 12 or head[:3] != b"\x1f\x8b\x08" or not head[3] & 4:
        return {}
    try:
        values = json.loads(head[12 : 12 + int.from_bytes(head[10:12], "little")])
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def is_regular(file: int) -> bool:
    """Whether descriptor `file` is a regular file: a log is nothing else."""
    return stat.S_ISREG(os.fstat(file).st_mode)
