"""A tar read from front to back, as Go's archive/tar reads it: one entry at a time, then its content.

Every byte that is not content is handed to `raw` on the way, so that the stream can be put together again.  Used by
`unpack` and `archive`.
"""

from collections.abc import Callable, Iterable, Iterator

from pydock.errors import InvalidParameter
from pydock.worker import tar_header as tar
from pydock.worker.tar_header import BLOCK, Entry, SparseMap, malformed

_EMPTY = bytes(BLOCK)
#: how many special headers may stand before one entry
_MAX_SPECIALS = 64
_GNU = (b"ustar  \0", slice(257, 265))

Raw = Callable[[bytes], object]


class TarReader:
    """Yields the entries of the tar in `chunks`; `content` of each is read, if at all, before the next is asked for."""

    def __init__(self, chunks: Iterable[bytes], raw: Raw = len) -> None:
        self._chunks = iter(chunks)
        self._raw = raw
        self._buffer = b""
        self._position = 0
        self._left = 0
        self._padding = 0
        self._ended = False

    def __iter__(self) -> Iterator[Entry]:
        while (entry := self._next()) is not None:
            yield entry

    def content(self) -> Iterator[memoryview]:
        """Yield the bytes of the present entry, as they stand in the stream (a sparse file's pieces end to end)."""
        while self._left:
            if self._position == len(self._buffer):
                self._refill("file")
            step = min(self._left, len(self._buffer) - self._position)
            view = memoryview(self._buffer)[self._position : self._position + step]
            self._position += step
            self._left -= step
            yield view

    def drain(self) -> None:
        """Pass over what follows the end of the archive."""
        self._raw(self._buffer[self._position :])
        self._buffer = b""
        self._position = 0
        for chunk in self._chunks:
            self._raw(chunk)

    def _next(self) -> Entry | None:
        self._finish_entry()
        records: list[tuple[bytes, bytes]] = []
        name = link = b""
        for _ in range(_MAX_SPECIALS):
            block = None if self._ended else self._header_block()
            if block is None:
                self._ended = True
                return None
            entry = tar.parse(block)
            kind = entry.kind
            if kind == tar.PAX:
                records = tar.pax_records(self._special(entry))
            elif kind == tar.PAX_GLOBAL:
                tar.pax_records(self._special(entry))
            elif kind == tar.LONG_NAME:
                name = self._special(entry).partition(b"\0")[0]
            elif kind == tar.LONG_LINK:
                link = self._special(entry).partition(b"\0")[0]
            else:
                return self._complete(entry, block, records, name, link)
        raise malformed("too many extended headers")

    def _complete(
        self, entry: Entry, block: bytes, records: list[tuple[bytes, bytes]], name: bytes, link: bytes
    ) -> Entry:
        if records:
            tar.apply_pax(entry, records)
        entry.name = name or entry.name
        entry.link = link or entry.link
        if entry.kind == tar.OLD_REGULAR:
            entry.kind = tar.DIRECTORY if entry.name.endswith(b"/") else tar.REGULAR
        if entry.kind in tar.HEADER_ONLY:
            entry.size = entry.real_size = 0
        tar.check(entry)
        self._left = entry.size
        self._padding = -entry.size % BLOCK
        if entry.kind == tar.SPARSE and block[_GNU[1]] == _GNU[0]:
            self._read_old_sparse(entry, block)
        elif records and any(key.startswith(b"GNU.sparse.") for key, _ in records):
            self._read_pax_sparse(entry, records)
        if b"\0" in entry.name or b"\0" in entry.link:
            raise malformed("name with a NUL in it")
        return entry

    def _finish_entry(self) -> None:
        """Pass over what is left of the content, and over the padding."""
        for piece in self.content():
            self._raw(bytes(piece))
        if self._padding:
            padding = self._padding
            self._padding = 0
            found = self._take(padding, "padding", whole=False)
            self._raw(found)
            self._ended = len(found) < padding

    def _header_block(self) -> bytes | None:
        """Return the next header; None at the end of the archive, which one block of zeros or the stream's end is."""
        block = self._take(BLOCK, "header", whole=False)
        self._raw(block)
        if not block:
            return None
        if len(block) < BLOCK:
            raise _unexpected("header")
        if block != _EMPTY:
            return block
        second = self._take(BLOCK, "header", whole=False)
        self._raw(second)
        if second and second != _EMPTY:
            raise malformed("one block of zeros")
        return None

    def _special(self, entry: Entry) -> bytes:
        """Return the content of a header that is about the next one."""
        if not 0 <= entry.size <= tar.MAX_SPECIAL:
            raise malformed("extended header of a wrong size")
        padded = self._take(entry.size + -entry.size % BLOCK, "extended header")
        self._raw(padded)
        return padded[: entry.size]

    def _read_old_sparse(self, entry: Entry, block: bytes) -> None:
        """Old GNU format: four pieces in the header, more in blocks that follow it."""
        pairs = tar.old_sparse_pairs(block[386:482])
        extended = block[482]
        entry.real_size = tar.number(block[483:495])
        while extended:
            following = self._take(BLOCK, "sparse map")
            self._raw(following)
            pairs += tar.old_sparse_pairs(following[:504])
            extended = following[504]
            if len(pairs) > tar.MAX_SPARSE:
                raise malformed("sparse map that is too long")
        self._set_sparse(entry, pairs)

    def _read_pax_sparse(self, entry: Entry, records: list[tuple[bytes, bytes]]) -> None:
        """Formats 0.0 and 0.1: the map is in the records; 1.0: it stands before the content, in decimal lines."""
        said = dict(records)
        version = (said.get(b"GNU.sparse.major"), said.get(b"GNU.sparse.minor"))
        if version not in ((b"1", b"0"), (b"0", b"0"), (b"0", b"1")) and b"GNU.sparse.map" not in said:
            if version == (None, None) and b"GNU.sparse.numblocks" in said:
                version = (b"0", b"0")
            else:
                return
        if entry.kind not in (tar.REGULAR, tar.SPARSE):
            raise malformed("sparse map of something that is no file")
        entry.name = said.get(b"GNU.sparse.name") or entry.name
        size = said.get(b"GNU.sparse.realsize") or said.get(b"GNU.sparse.size")
        if size:
            entry.real_size = tar.pax_number(size)
        if version == (b"1", b"0"):
            numbers = self._decimal_lines(entry)
        elif b"GNU.sparse.map" in said:
            text = said[b"GNU.sparse.map"]
            numbers = [tar.pax_number(word) for word in text.split(b",")] if text else []
        else:
            keys = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")
            pieces = [(key, value) for key, value in records if key in keys]
            if [key for key, _ in pieces] != list(keys) * (len(pieces) // 2):
                raise malformed("wrong sparse map")
            numbers = [tar.pax_number(value) for _, value in pieces]
        if len(numbers) % 2 or len(numbers) > 2 * tar.MAX_SPARSE:
            raise malformed("wrong sparse map")
        self._set_sparse(entry, list(zip(numbers[::2], numbers[1::2], strict=True)))

    def _decimal_lines(self, entry: Entry) -> list[int]:
        """Return the numbers of a map of format 1.0: first how many pairs, then the pairs; whole blocks of them."""
        text = b""
        wanted = 1
        while text.count(b"\n") < wanted:
            if self._left < BLOCK or len(text) > tar.MAX_SPECIAL:
                raise malformed("wrong sparse map")
            block = self._take(BLOCK, "sparse map")
            self._raw(block)
            self._left -= BLOCK
            text += block
            if wanted == 1 and b"\n" in text:
                count = tar.pax_number(text.partition(b"\n")[0])
                if count > tar.MAX_SPARSE:
                    raise malformed("sparse map that is too long")
                wanted += 2 * count
        entry.size = self._left
        return [tar.pax_number(line) for line in text.split(b"\n")[1:wanted]]

    def _set_sparse(self, entry: Entry, pairs: SparseMap) -> None:
        entry.kind = tar.REGULAR
        entry.sparse = [pair for pair in pairs if pair[1]]
        tar.check_sparse(entry)

    def _take(self, count: int, what: str, whole: bool = True) -> bytes:
        """Return the next `count` bytes; fewer only at the end of the stream, where `whole` does not forbid it."""
        position = self._position
        if len(self._buffer) - position >= count:
            self._position = position + count
            return self._buffer[position : position + count]
        pieces = [self._buffer[position:]]
        have = len(pieces[0])
        self._buffer = b""
        self._position = 0
        while have < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                if whole:
                    raise _unexpected(what)
                break
            step = min(count - have, len(chunk))
            pieces.append(chunk[:step])
            have += step
            self._buffer, self._position = chunk, step
        return b"".join(pieces)

    def _refill(self, what: str) -> None:
        self._buffer = b""
        self._position = 0
        for chunk in self._chunks:
            if chunk:
                self._buffer = chunk
                return
        raise _unexpected(what)


def _unexpected(what: str) -> InvalidParameter:
    return malformed(f"unexpected end in a {what}")
