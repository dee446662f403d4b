"""Tar headers read and written: USTAR, GNU, star and old ones, PAX records, all three kinds of sparse map.

What is sound is what Go's archive/tar takes, since that is what Docker unpacks.  Used by `tar_reader` and `tar_writer`.
Sources: POSIX.1-2008 pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar Format" and "Sparse Formats".
"""

import re
from typing import Final

from pydock.errors import InvalidParameter

BLOCK: Final = 512
#: the most bytes of one PAX header, GNU long name or sparse map that are looked at
MAX_SPECIAL: Final = 1 << 20
#: the most pieces of a sparse file
MAX_SPARSE: Final = 1 << 16

REGULAR, HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
CONTIGUOUS, PAX, PAX_GLOBAL, LONG_NAME, LONG_LINK, SPARSE = b"7", b"x", b"g", b"L", b"K", b"S"
HEADER_ONLY: Final = frozenset((HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO))
OLD_REGULAR: Final = b"\0"

XATTR: Final = b"SCHILY.xattr."
_TEXT_RECORDS: Final = frozenset((b"path", b"linkpath", b"uname", b"gname"))
_MAX_ID: Final = 0xFFFFFFFE
_TIME: Final = re.compile(rb"(-?)(\d{1,19})(?:\.(\d*))?")
_NUMBER: Final = re.compile(rb"\d{1,19}")

#: (offset, length) of each piece of data in a sparse file
SparseMap = list[tuple[int, int]]


class Entry:
    """One member of a tar.  ``size`` counts the bytes that follow in the stream, ``real_size`` those of the file."""

    __slots__ = (
        "atime", "gid", "kind", "link", "major", "minor", "mode", "mtime", "name", "real_size", "size", "sparse",
        "uid", "xattrs",
    )  # fmt: skip

    name: bytes
    link: bytes
    kind: bytes
    mode: int
    uid: int
    gid: int
    size: int
    real_size: int
    #: nanoseconds since the epoch; ``atime`` None where the tar has none
    mtime: int
    atime: int | None
    major: int
    minor: int
    xattrs: dict[bytes, bytes] | None
    sparse: SparseMap | None


def malformed(what: str) -> InvalidParameter:
    """Return the error for a tar that can't be one."""
    return InvalidParameter(f"invalid tar: {what}")


def parse(block: bytes) -> Entry:
    """Return what a header block says, before any PAX records; InvalidParameter where its checksum is wrong."""
    stored = number(block[148:156])
    unsigned = sum(block) - sum(block[148:156]) + 256
    if stored != unsigned and stored != unsigned - 256 * sum(1 for byte in block[:148] + block[156:] if byte > 127):
        raise malformed("wrong header checksum")
    entry = Entry()
    entry.name = block[:100].partition(b"\0")[0]
    entry.link = block[157:257].partition(b"\0")[0]
    entry.kind = block[156:157]
    entry.mode = number(block[100:108]) & 0o7777
    entry.uid = number(block[108:116])
    entry.gid = number(block[116:124])
    entry.size = entry.real_size = number(block[124:136])
    entry.mtime = number(block[136:148]) * 1_000_000_000
    entry.atime = entry.xattrs = entry.sparse = None
    entry.major = entry.minor = 0
    if block[257:262] == b"ustar":
        if entry.kind in (CHARACTER, BLOCK_DEVICE):
            entry.major, entry.minor = number(block[329:337]), number(block[337:345])
        if block[262:263] == b"\0":
            star = block[508:512] == b"tar\0"
            prefix = block[345 : 476 if star else 500].partition(b"\0")[0]
            if prefix:
                entry.name = prefix + b"/" + entry.name
    return entry


def number(field: bytes) -> int:
    """Return a numeric field: octal, or base-256 as GNU writes what octal can't hold."""
    if field[0] & 0x80:
        negative = field[0] & 0x40
        value = int.from_bytes(bytes([field[0] & 0x7F | (0x80 if negative else 0)]) + field[1:], "big", signed=True)
        if not -(1 << 63) <= value < 1 << 63:
            raise malformed("number out of range")
        return value
    text = field.strip(b" \0").partition(b"\0")[0]
    if not text:
        return 0
    if not text.isdigit():
        raise malformed("not a number")
    try:
        return int(text, 8)
    except ValueError:
        raise malformed("not a number") from None


def pax_records(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the records of a PAX header, in order."""
    records = []
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        length = data[position:space] if space > 0 else b""
        if not length.isdigit():
            raise malformed("PAX record without a length")
        end = position + int(length)
        if not space < end <= len(data) or data[end - 1 : end] != b"\n":
            raise malformed("PAX record of a wrong length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not key or not equals or b"\0" in (value if key in _TEXT_RECORDS else key):
            raise malformed("PAX record that is none")
        records.append((key, value))
        position = end
    return records


def apply_pax(entry: Entry, records: list[tuple[bytes, bytes]]) -> None:
    """Put the records of a PAX header over what the header block says; an empty value leaves that as it is."""
    for key, value in records:
        if key.startswith(XATTR):
            entry.xattrs = entry.xattrs or {}
            entry.xattrs[key[len(XATTR) :]] = value
        elif not value:
            continue
        elif key == b"path":
            entry.name = value
        elif key == b"linkpath":
            entry.link = value
        elif key == b"size":
            entry.size = entry.real_size = pax_number(value)
        elif key == b"uid":
            entry.uid = pax_number(value)
        elif key == b"gid":
            entry.gid = pax_number(value)
        elif key == b"mtime":
            entry.mtime = _pax_time(value)
        elif key == b"atime":
            entry.atime = _pax_time(value)


def check(entry: Entry) -> None:
    """Refuse what no header may say: negative sizes, owners out of range, names with NUL."""
    if entry.size < 0 or entry.real_size < 0:
        raise malformed("negative size")
    if not 0 <= entry.uid <= _MAX_ID or not 0 <= entry.gid <= _MAX_ID:
        raise malformed("owner out of range")
    if entry.kind in (CHARACTER, BLOCK_DEVICE) and not (0 <= entry.major < 1 << 12 and 0 <= entry.minor < 1 << 20):
        raise malformed("device number out of range")


def pax_number(text: bytes) -> int:
    """Return a decimal number of a PAX record."""
    if _NUMBER.fullmatch(text) is None or int(text) >= 1 << 63:
        raise malformed("PAX record with a wrong number")
    return int(text)


def _pax_time(text: bytes) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise malformed("PAX record with a wrong time")
    sign, seconds, fraction = match.groups()
    value = int(seconds) * 1_000_000_000 + int((fraction or b"")[:9].ljust(9, b"0"))
    return -value if sign else value


def old_sparse_pairs(area: bytes) -> SparseMap:
    """Return the (offset, length) pairs of an old GNU sparse header or of its extension, up to the first empty one."""
    pairs = []
    for position in range(0, len(area) - 23, 24):
        if area[position] == 0:
            break
        pairs.append((number(area[position : position + 12]), number(area[position + 12 : position + 24])))
    return pairs


def check_sparse(entry: Entry) -> None:
    """Refuse a sparse map that is out of order, overlaps, leaves the file, or has not as many bytes as follow."""
    position = total = 0
    for offset, length in entry.sparse or ():
        if offset < position or length < 0 or offset + length > entry.real_size:
            raise malformed("wrong sparse map")
        position = offset + length
        total += length
    if total != entry.size:
        raise malformed("sparse map that does not fit its data")
