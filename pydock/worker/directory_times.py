"""The times of directories, kept until all that goes into these is there: a million of them in a few megabytes.

Used by `extraction`.
"""

import struct
from collections.abc import Iterator
from typing import Final

import zstandard

from pydock.worker.tar_header import malformed

_RECORD: Final = struct.Struct("<qqI")
#: bytes that are packed at once, and what all may take in the end
_BLOCK: Final = 1 << 16
_MAX: Final = 48 << 20


class DirectoryTimes:
    """Paths with access and modification times in nanoseconds, in the order in which they came."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._packed: list[bytes] = []
        self._size = 0

    def add(self, path: bytes, times: tuple[int, int]) -> None:
        """Keep the times of a directory; a later entry for the same counts."""
        self._block += _RECORD.pack(*times, len(path))
        self._block += path
        if len(self._block) > _BLOCK:
            self._packed.append(zstandard.compress(bytes(self._block), 1))
            self._block.clear()
            self._size += len(self._packed[-1])
            if self._size > _MAX:
                raise malformed("too many directories of long names")

    def __iter__(self) -> Iterator[tuple[bytes, tuple[int, int]]]:
        for packed in self._packed:
            yield from _records(zstandard.decompress(packed))
        yield from _records(bytes(self._block))


def _records(block: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    position = 0
    while position < len(block):
        accessed, modified, length = _RECORD.unpack_from(block, position)
        position += _RECORD.size + length
        yield block[position - length : position], (accessed, modified)
