"""The members of a tar that is read once, from a pipe: names checked, contents passed on, uncopied where they can be.

Used by `archive_load`, in the daemon: only headers and small documents are looked at here, layers go to a worker.
"""

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from pydock.errors import InvalidParameter
from pydock.worker import inflow, tar_header

_PIECE: Final = 1 << 20
#: no sound archive has more members; one with a thousand images has some ten thousand
MAX_MEMBERS: Final = 100_000
#: bytes of a name, and how many headers that are about the next one may follow each other
_MAX_NAME: Final = 4096
_MAX_SPECIALS: Final = 64
_ZEROES: Final = bytes(tar_header.BLOCK)


@dataclass(frozen=True, slots=True)
class Member:
    """A file (``link`` "") or a link within the archive; both names are clean paths from its top."""

    name: str
    size: int
    link: str = ""


class Stream:
    """The bytes of the archive, decompressed where they need to be."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._chunks: Iterator[bytes] | None = None
        self._waiting = memoryview(b"")
        head = self._take(tar_header.BLOCK)
        if compressed(head):
            kind, chunks = inflow.decompressed(chain((head,), inflow.read_chunks(descriptor)))
            self._chunks = inflow.ahead(chunks) if kind else chunks
        else:
            self._waiting = memoryview(head)

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes; InvalidParameter where the archive ends before."""
        data = self._take(size)
        if len(data) < size:
            raise InvalidParameter("invalid archive: unexpected EOF")
        return data

    def block(self) -> bytes:
        """Return the next block; b"" at the end of the stream."""
        data = self._take(tar_header.BLOCK)
        if 0 < len(data) < tar_header.BLOCK:
            raise InvalidParameter("invalid archive: unexpected EOF")
        return data

    def copy(self, target: int, size: int, seen: Callable[[int], None]) -> None:
        """Move `size` bytes to the pipe `target`, or nowhere once its reader has gone; tell `seen` how many."""
        left = size
        listened = True
        while left:
            if self._chunks is not None or self._waiting or not listened:
                data = self._some(left)
                left -= len(data)
                listened = listened and _write(target, data)
            else:
                try:
                    moved = os.splice(self._descriptor, target, min(left, _PIECE))
                except BrokenPipeError:
                    listened = False
                    continue
                if moved == 0:
                    raise InvalidParameter("invalid archive: unexpected EOF")
                left -= moved
            seen(size - left)

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield the next `size` bytes in pieces."""
        while size:
            data = self._some(size)
            size -= len(data)
            yield data

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        for _ in self.pieces(size):
            pass

    def drain(self) -> None:
        """Read what stands after the archive's end, so that its sender is not cut off and its checksum is verified."""
        while self._take(_PIECE):
            pass

    def _some(self, size: int) -> memoryview:
        """Return between 1 and `size` bytes."""
        if not self._waiting:
            self._waiting = memoryview(self._more(min(size, _PIECE)))
            if not self._waiting:
                raise InvalidParameter("invalid archive: unexpected EOF")
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _take(self, size: int) -> bytes:
        """Return `size` bytes, or what there is before the end."""
        parts = [self._waiting]
        have = len(self._waiting)
        while have < size and (more := memoryview(self._more(size - have))):
            parts.append(more)
            have += len(more)
        # what is left is not copied: it may be long, and be looked at in small pieces
        keep = len(parts[-1]) - max(have - size, 0)
        parts[-1], self._waiting = parts[-1][:keep], parts[-1][keep:]
        return b"".join(parts)

    def _more(self, size: int) -> bytes:
        if self._chunks is None:
            return os.read(self._descriptor, size)
        for data in self._chunks:
            if data:
                return data
        return b""


def _write(target: int, view: memoryview) -> bool:
    """Write all of `view`; False where the reader of the pipe has gone."""
    try:
        while view:
            view = view[os.write(target, view) :]
    except BrokenPipeError:
        return False
    return True


def compressed(head: bytes) -> bool:
    """Tell whether bytes that begin with `head` are compressed in a way that is known here."""
    return head.startswith((b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"))


def is_tar(head: bytes) -> bool:
    """Tell whether `head` may be the first block of a tar (an empty one has zeroes there)."""
    if len(head) < tar_header.BLOCK:
        return False
    if head == _ZEROES:
        return True
    try:
        tar_header.parse(head)
    except InvalidParameter:
        return False
    return True


def members(stream: Stream) -> Iterator[Member]:
    """Yield each file and link of the archive; the caller takes exactly a file's bytes before it asks for the next.

    InvalidParameter: it is no tar, or holds what an image archive has no use for (devices, FIFOs, outside paths).
    """
    count = specials = 0
    records: dict[bytes, list[tuple[bytes, bytes]]] = {}
    first = True
    while True:
        block = stream.block()
        if not block or block == _ZEROES:
            if first and not block:
                raise InvalidParameter("invalid archive: it is empty")
            if not block:
                raise InvalidParameter("invalid archive: unexpected EOF")
            return
        first = False
        entry = tar_header.parse(block)
        padding = -entry.size % tar_header.BLOCK
        if entry.kind in (tar_header.PAX, tar_header.PAX_GLOBAL, tar_header.LONG_NAME, tar_header.LONG_LINK):
            if not 0 <= entry.size <= tar_header.MAX_SPECIAL:
                raise tar_header.malformed("special header of a wrong size")
            specials += 1
            if specials > _MAX_SPECIALS:
                raise tar_header.malformed("too many extended headers")
            data = stream.read(entry.size)
            stream.skip(padding)
            records[entry.kind] = _special(entry.kind, data)
            continue
        for kind in (tar_header.PAX, tar_header.LONG_NAME, tar_header.LONG_LINK):
            tar_header.apply_pax(entry, records.pop(kind, []))
        tar_header.check(entry)
        specials = 0
        count += 1
        if count > MAX_MEMBERS:
            raise InvalidParameter(f"invalid archive: more than {MAX_MEMBERS} members")
        member = _member(entry)
        if member is not None:
            yield member
        if member is None or member.link:
            stream.skip(0 if entry.kind in tar_header.HEADER_ONLY else entry.size)
        stream.skip(0 if entry.kind in tar_header.HEADER_ONLY else -entry.size % tar_header.BLOCK)


def digest_of(head: bytes, stream: Stream, size: int) -> str:
    """Return the digest of `head` and the next `size` bytes."""
    hashed = hashlib.sha256(head)
    for piece in stream.pieces(size):
        hashed.update(piece)
    return f"sha256:{hashed.hexdigest()}"


def _special(kind: bytes, data: bytes) -> list[tuple[bytes, bytes]]:
    if kind == tar_header.PAX:
        return tar_header.pax_records(data)
    if kind == tar_header.LONG_NAME:
        return [(b"path", data.partition(b"\0")[0])]
    if kind == tar_header.LONG_LINK:
        return [(b"linkpath", data.partition(b"\0")[0])]
    return []


def _member(entry: tar_header.Entry) -> Member | None:
    if len(entry.name) > _MAX_NAME or len(entry.link) > _MAX_NAME:
        raise InvalidParameter("invalid archive: a name that is too long")
    name = clean(entry.name.decode("utf-8", "surrogateescape"))
    if entry.kind == tar_header.DIRECTORY:
        return None
    if entry.kind in (tar_header.SYMLINK, tar_header.HARDLINK):
        link = entry.link.decode("utf-8", "surrogateescape")
        if entry.kind == tar_header.SYMLINK:
            if link.startswith("/"):
                raise InvalidParameter(f"invalid archive: {name!r} links to outside of it")
            link = posixpath.join(posixpath.dirname(name), link)
        return Member(name, 0, clean(link))
    if entry.kind not in (tar_header.REGULAR, tar_header.CONTIGUOUS) or entry.sparse is not None:
        raise InvalidParameter(f"invalid archive: {name!r} is no regular file")
    return Member(name, entry.size)


def clean(path: str) -> str:
    """Return `path` without ``.`` and ``..``; InvalidParameter where it is absolute or leads outside."""
    if path.startswith("/"):
        raise InvalidParameter(f"invalid archive: absolute path {path[:200]!r}")
    normal = posixpath.normpath(path) if path else "."
    if normal == ".." or normal.startswith("../") or "\0" in normal:
        raise InvalidParameter(f"invalid archive: {path[:200]!r} is outside of it")
    return normal
