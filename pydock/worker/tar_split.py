"""What a layer's tar holds besides the files' content, kept so that the tar can be written again byte for byte.

A file of zstd-compressed records: bytes that stand in the tar as they are, then a piece of a file's content, by the
file's path in the layer and its inode number.  A file that a later entry of the same tar replaced is found by that
number in the directory of kept files.  Written by `unpack` and `pack`, read by `assemble`.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import zstandard

from pydock.errors import System

FILE: Final = "tar-split"
KEPT: Final = "kept"

_RECORD: Final = struct.Struct("<IHQQQ")
_FLUSH: Final = 1 << 16
_LEVEL: Final = 1


class Piece(NamedTuple):
    """Bytes of the tar, and what follows them: `size` bytes at `offset` of the file `path`, none where that is b""."""

    raw: bytes
    path: bytes
    inode: int
    offset: int
    size: int


class SplitWriter:
    """Takes a tar's bytes and the places of its content in order, and hands the compressed records to `write`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._compressor = zstandard.ZstdCompressor(_LEVEL).compressobj()
        self._raw = bytearray()
        self._out = bytearray()

    def raw(self, data: bytes) -> None:
        """Append bytes that no file has."""
        self._raw += data
        if len(self._raw) > _FLUSH:
            self.content(b"", 0, 0, 0)

    def content(self, path: bytes, inode: int, offset: int, size: int) -> None:
        """Append a piece of the content of the file at `path` below the layer's root."""
        self._out += _RECORD.pack(len(self._raw), len(path), inode, offset, size)
        self._out += self._raw
        self._out += path
        self._raw.clear()
        if len(self._out) > _FLUSH:
            self._flush()

    def finish(self) -> None:
        """Write what is left."""
        self.content(b"", 0, 0, 0)
        self._flush()
        self._write(self._compressor.flush())

    def _flush(self) -> None:
        if compressed := self._compressor.compress(bytes(self._out)):
            self._write(compressed)
        self._out.clear()


def pieces(read: Callable[[int], bytes]) -> Iterator[Piece]:
    """Yield the records of a split that `read` gives the compressed bytes of; System where it is damaged."""
    buffer = b""
    position = 0
    for chunk in _decompressed(read):
        buffer = buffer[position:] + chunk
        position = 0
        while len(buffer) - position >= _RECORD.size:
            raw, name, inode, offset, size = _RECORD.unpack_from(buffer, position)
            start = position + _RECORD.size
            if len(buffer) < start + raw + name:
                break
            position = start + raw + name
            yield Piece(buffer[start : start + raw], buffer[start + raw : position], inode, offset, size)
    if position != len(buffer):
        raise System("layer metadata is damaged: it breaks off")


def _decompressed(read: Callable[[int], bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    try:
        while data := read(_FLUSH):
            yield decompressor.decompress(data)
    except zstandard.ZstdError as error:
        raise System(f"layer metadata is damaged: {error}") from error
