"""Bytes on their way in: read from a descriptor, decompressed, hashed, each beside the others in a thread.

The heavy calls let the interpreter lock go, so that the threads of a worker use both processors.  Used by `unpack`,
`load_archive` and `archive`.
"""

import bz2
import hashlib
import lzma
import os
import queue
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final, cast

import zstandard
from isal import isal_zlib

from pydock.errors import InvalidParameter, PydockError
from pydock.worker.zstd_frames import FrameWalker

CHUNK: Final = 1 << 20
_DEPTH: Final = 6
#: a zstd frame may ask for this much memory (the zstd tool's own default), an xz stream for this much
_ZSTD_WINDOW: Final = 1 << 27
_XZ_MEMORY: Final = 100 << 20


def read_chunks(descriptor: int, seen: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield what `descriptor` gives until its end; tell `seen` the bytes so far."""
    total = 0
    while chunk := os.read(descriptor, CHUNK):
        total += len(chunk)
        yield chunk
        if seen is not None:
            seen(total)


class Digest:
    """A SHA-256 computed in a thread of its own."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._queue: queue.Queue[bytes | memoryview | None] = queue.Queue(_DEPTH)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        #: bytes so far
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add `data`; waits while too much is waiting."""
        self.size += len(data)
        self._queue.put(data)

    def tee(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `chunks`, each hashed on its way."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk

    def finish(self) -> str:
        """Return the digest, ``sha256:`` and hexadecimal digits."""
        self._queue.put(None)
        self._thread.join()
        return f"sha256:{self._hash.hexdigest()}"

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            self._hash.update(data)


def ahead(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `chunks`, taken in a thread a few ahead of the reader; an error there is raised here."""
    filled: queue.Queue[bytes | BaseException | None] = queue.Queue(_DEPTH)

    def run() -> None:
        try:
            for chunk in chunks:
                filled.put(chunk)
            filled.put(None)
        except BaseException as error:
            filled.put(error)

    threading.Thread(target=run, daemon=True).start()
    while (item := filled.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


def decompressed(chunks: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """Return what `chunks` are compressed by ("" for nothing known) and the plain bytes, of bounded pieces."""
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= 6:
            break
    for kind, magic, decoder in _KINDS:
        if head.startswith(magic):
            return kind, _translated(kind, decoder(_Rejoined(head, source)))
    return "", iter(_Rejoined(head, source))


_DECODER_ERRORS: Final[tuple[type[Exception], ...]] = (
    zlib.error,
    cast(type[Exception], isal_zlib.error),
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,
    EOFError,
)


class _Rejoined:
    """A stream of chunks whose first has been looked at; also a file that `zstandard` can read."""

    def __init__(self, head: bytes, rest: Iterator[bytes]) -> None:
        self._head = head
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        if self._head:
            head, self._head = self._head, b""
            yield head
        yield from self._rest

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        if not self._head:
            self._head = next(self._rest, b"")
        data, self._head = self._head[:size], self._head[size:]
        return data


def _translated(kind: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The one place where the decoders' own errors become ours."""
    try:
        yield from chunks
    except PydockError:
        raise
    except _DECODER_ERRORS as error:
        raise InvalidParameter(f"invalid {kind} stream: {error}") from error


def _gzip(source: _Rejoined) -> Iterator[bytes]:
    decoder = None
    for chunk in source:
        data = chunk
        while data:
            if decoder is None:
                if not data.strip(b"\0"):
                    break  # padding after the last member, as tape drives and gzip(1) know it
                decoder = isal_zlib.decompressobj(wbits=31)
            yield decoder.decompress(data, CHUNK)
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if decoder.eof:
                decoder = None
    if decoder is not None:
        raise EOFError("unexpected end")


def _bounded(source: _Rejoined, make: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]) -> Iterator[bytes]:
    decoder = None
    for chunk in source:
        data = chunk
        while data or (decoder is not None and not decoder.needs_input):
            if decoder is None:
                if not data.strip(b"\0"):
                    break
                decoder = make()
            yield decoder.decompress(data, CHUNK)
            data = b""
            if decoder.eof:
                data, decoder = decoder.unused_data, None
    if decoder is not None:
        raise EOFError("unexpected end")


def _xz(source: _Rejoined) -> Iterator[bytes]:
    return _bounded(source, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))


def _bzip2(source: _Rejoined) -> Iterator[bytes]:
    return _bounded(source, bz2.BZ2Decompressor)


def _zstd(source: _Rejoined) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    walked = _Walked(source)
    with decoder.stream_reader(cast(IO[bytes], walked), read_across_frames=True, closefd=False) as reader:
        while data := reader.read(CHUNK):
            yield data
    walked.finish()


class _Walked:
    """A compressed source as a file, its frames followed."""

    def __init__(self, source: _Rejoined) -> None:
        self._source = source
        self._walker = FrameWalker()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        data = self._source.read(size)
        self._walker.feed(data)
        return data

    def finish(self) -> None:
        """Refuse a stream that broke off."""
        while self.read(CHUNK):
            pass
        self._walker.finish()


_KINDS: Final[tuple[tuple[str, bytes, Callable[[_Rejoined], Iterator[bytes]]], ...]] = (
    ("gzip", b"\x1f\x8b\x08", _gzip),
    ("zstd", b"\x28\xb5\x2f\xfd", _zstd),
    ("xz", b"\xfd7zXZ\0", _xz),
    ("bzip2", b"BZh", _bzip2),
)
