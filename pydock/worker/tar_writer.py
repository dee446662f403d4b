"""A tar written from front to back: USTAR headers, PAX records where these can't say it.

What `cp`, `export` and `commit` give is the same whenever the files are: names in order, times in whole seconds, no
names of users.  Used by `tree_tar`.
"""

import os
import stat
from collections.abc import Mapping
from typing import Final

from pydock.worker import tar_header as tar
from pydock.worker.outflow import Outflow, send_file, write_all
from pydock.worker.tar_header import BLOCK

#: files of this size go straight from their descriptors
_SEND: Final = 1 << 18
_MAX_OCTAL: Final = 0o7777777
_MAX_SIZE: Final = 0o77777777777
_KINDS: Final = {
    stat.S_IFREG: tar.REGULAR,
    stat.S_IFDIR: tar.DIRECTORY,
    stat.S_IFLNK: tar.SYMLINK,
    stat.S_IFCHR: tar.CHARACTER,
    stat.S_IFBLK: tar.BLOCK_DEVICE,
    stat.S_IFIFO: tar.FIFO,
}


class TarWriter:
    """Writes to descriptor `target`; small things are gathered, big files sent straight from their descriptors."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._out = Outflow(lambda data: write_all(target, data))

    def header(
        self, name: bytes, found: os.stat_result, link: bytes = b"", xattrs: Mapping[bytes, bytes] | None = None
    ) -> None:
        """Write the header of `name`: of a hard link where a regular file has a `link`, else of the kind in `found`."""
        kind = _KINDS[stat.S_IFMT(found.st_mode)]
        if kind == tar.REGULAR and link:
            kind = tar.HARDLINK
        if kind == tar.DIRECTORY and not name.endswith(b"/"):
            name += b"/"
        device = found.st_rdev if kind in (tar.CHARACTER, tar.BLOCK_DEVICE) else 0
        size = found.st_size if kind == tar.REGULAR else 0
        self._put(name, kind, found.st_mode & 0o7777, (found.st_uid, found.st_gid), size, found.st_mtime_ns, link,
                  device, xattrs)  # fmt: skip

    def mark(self, name: bytes, mtime: int) -> None:
        """Write an empty file that is a mark and not a file: a whiteout."""
        self._put(name, tar.REGULAR, 0o600, (0, 0), 0, mtime, b"", 0, None)

    def content(self, descriptor: int, size: int) -> None:
        """Write `size` bytes of a file; zeros in place of those that it lacks by now."""
        if size >= _SEND:
            self._out.flush()
            done = send_file(self._target, descriptor, 0, size)
        else:
            done = self._out.file(descriptor, 0, size)
        while done < size:
            step = min(size - done, _SEND)
            self._out.put(bytes(step))
            done += step
        self._out.put(bytes(-size % BLOCK))

    def finish(self) -> None:
        """Write the end of the archive."""
        self._out.put(bytes(2 * BLOCK))
        self._out.flush()

    def _put(
        self, name: bytes, kind: bytes, mode: int, owner: tuple[int, int], size: int, mtime: int, link: bytes,
        device: int, xattrs: Mapping[bytes, bytes] | None,
    ) -> None:  # fmt: skip
        records: dict[bytes, bytes] = {}
        seconds = mtime // 1_000_000_000
        if not 0 <= seconds <= _MAX_SIZE:
            records[b"mtime"] = b"%d" % seconds
            seconds = 0
        prefix, short = _divided(name)
        if short is None:
            records[b"path"] = name
            short = name[:100]
        if len(link) > 100:
            records[b"linkpath"] = link
        if size > _MAX_SIZE:
            records[b"size"] = b"%d" % size
        for key, number in ((b"uid", owner[0]), (b"gid", owner[1])):
            if number > _MAX_OCTAL:
                records[key] = b"%d" % number
        for key, value in sorted((xattrs or {}).items()):
            records[tar.XATTR + key] = value
        if records:
            data = b"".join(_record(key, value) for key, value in records.items())
            pax_name = b"PaxHeaders.0/" + os.path.basename(name.rstrip(b"/"))[:80]
            self._out.put(_block(pax_name, b"", tar.PAX, 0o644, (0, 0), len(data), 0, b"", 0))
            self._out.put(data + bytes(-len(data) % BLOCK))
        owner = (min(owner[0], _MAX_OCTAL), min(owner[1], _MAX_OCTAL))
        field = size if size <= _MAX_SIZE else 0
        self._out.put(_block(short, prefix, kind, mode, owner, field, seconds, link[:100], device))


def _divided(name: bytes) -> tuple[bytes, bytes | None]:
    """Divide a name into what the header's prefix and name fields hold; None where they can't."""
    if len(name) <= 100:
        return b"", name
    slash = name.find(b"/", max(0, len(name) - 101), len(name) - 1)
    if slash <= 0 or slash > 155:
        return b"", None
    return name[:slash], name[slash + 1 :]


def _record(key: bytes, value: bytes) -> bytes:
    """A PAX record; its length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def _block(
    name: bytes, prefix: bytes, kind: bytes, mode: int, owner: tuple[int, int], size: int, mtime: int, link: bytes,
    device: int,
) -> bytes:  # fmt: skip
    block = b"".join(
        (
            name.ljust(100, b"\0"),
            b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, owner[0], owner[1], size, mtime),
            b"        ",
            kind,
            link.ljust(100, b"\0"),
            b"ustar\00000",
            bytes(64),
            b"%07o\0%07o\0" % (os.major(device), os.minor(device)),
            prefix.ljust(155, b"\0"),
            bytes(12),
        )
    )
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
