"""A tar read as it comes: headers of POSIX, GNU and PAX, content passed on in the pieces that arrive.

The standard library's reader copies each file in small steps through several layers; a copy of large files is as fast
as its socket only without them.  Called by `unpack`.
"""

import stat
from collections.abc import Iterable, Iterator

from pydock.cli.exits import Exit

BLOCK = 512
#: long names and attributes, which are held in memory, may not be longer than this
MAX_RECORDS = 1 << 20
_KINDS = {
    "0": "file",
    "\0": "file",
    "7": "file",
    "1": "hardlink",
    "2": "symlink",
    "3": "char",
    "4": "block",
    "5": "folder",
}
_KINDS["6"] = "fifo"


class Entry:
    """One file in a tar."""

    __slots__ = ("device", "kind", "link", "mode", "mtime", "name", "size", "xattrs")

    def __init__(self, block: bytes, extra: dict[str, bytes]) -> None:
        name, prefix = _text(block[0:100]), _text(block[345:500])
        if prefix and block[257:263] == b"ustar\0":
            name = f"{prefix}/{name}"
        self.kind = _KINDS.get(chr(block[156]), "file")
        if name.endswith("/") and self.kind == "file":
            self.kind = "folder"
        self.name = _decode(extra["path"]) if "path" in extra else name
        self.link = _decode(extra["linkpath"]) if "linkpath" in extra else _text(block[157:257])
        self.mode = _number(block[100:108]) & 0o7777
        self.size = int(extra["size"]) if "size" in extra else _number(block[124:136])
        self.mtime = float(extra["mtime"]) if "mtime" in extra else float(_number(block[136:148]))
        self.device = _device(_number(block[329:337]), _number(block[337:345])) if self.kind in ("char", "block") else 0
        marks = "SCHILY.xattr."
        self.xattrs = {key[len(marks) :]: value for key, value in extra.items() if key.startswith(marks)}
        if self.kind not in ("file",):
            self.size = 0

    @property
    def node_mode(self) -> int:
        """What mknod(2) makes of it."""
        kinds = {"char": stat.S_IFCHR, "block": stat.S_IFBLK, "fifo": stat.S_IFIFO}
        return kinds[self.kind] | self.mode


def _device(major: int, minor: int) -> int:
    import os

    return os.makedev(major, minor)


def _text(field: bytes) -> str:
    return _decode(field.partition(b"\0")[0])


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise Exit("archive/tar: invalid tar header") from None


class Reader:
    """Iterate over the entries; `content` gives those of the present one."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._kept = b""
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        extra: dict[str, bytes] = {}
        everywhere: dict[str, bytes] = {}
        while True:
            for _ in self.content():
                pass
            block = self._exactly(BLOCK, at_end=True)
            if not block or not block.strip(b"\0"):
                self._drain()
                return
            _check(block)
            kind = chr(block[156])
            if kind in "xgLK":
                data = self._record(_number(block[124:136]))
                if kind == "g":
                    everywhere |= _pax(data)
                elif kind == "x":
                    extra |= _pax(data)
                else:
                    extra["path" if kind == "L" else "linkpath"] = data.rstrip(b"\0")
                continue
            entry = Entry(block, {**everywhere, **extra})
            extra = {}
            self._left, self._padding = entry.size, -entry.size % BLOCK
            yield entry

    def content(self) -> Iterator[bytes]:
        """The rest of the present entry's content."""
        while self._left:
            data = self._some(self._left)
            self._left -= len(data)
            yield data
        if self._padding:
            self._exactly(self._padding)
            self._padding = 0

    def _record(self, size: int) -> bytes:
        if size > MAX_RECORDS:
            raise Exit("archive/tar: header field too long")
        data = self._exactly(size)
        self._exactly(-size % BLOCK)
        return data

    def _some(self, most: int) -> bytes:
        if not self._kept:
            self._kept = next(self._chunks, b"")
            if not self._kept:
                raise Exit("unexpected EOF")
        data, self._kept = self._kept[:most], self._kept[most:]
        return data

    def _exactly(self, size: int, at_end: bool = False) -> bytes:
        data = b""
        while len(data) < size:
            try:
                data += self._some(size - len(data))
            except Exit:
                if at_end and not data:
                    return b""
                raise
        return data

    def _drain(self) -> None:
        self._kept = b""
        for _ in self._chunks:
            pass


def _check(block: bytes) -> None:
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    if total != _number(block[148:156]):
        raise Exit("archive/tar: invalid tar header")


def _pax(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while data:
        digits, blank, _ = data.partition(b" ")
        if not blank or not digits.isdigit() or not len(digits) + 1 < int(digits) <= len(data):
            raise Exit("archive/tar: invalid tar header")
        record = data[len(digits) + 1 : int(digits) - 1]
        key, _, value = record.partition(b"=")
        found[_decode(key)] = value
        data = data[int(digits) :]
    return found
