"""A small file that the engine writes and that a user of the container may edit: /etc/hosts and its like.

It is bind-mounted into a running container, so it keeps its inode; a reader sees the old or the new content, never a
mixture.  What the engine wrote is known by its hash in a file beside it, so that an edit is noticed and kept.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path

from pydock import durable

_MODE = 0o644
#: the longest such file that is read; what is longer was written by someone else
LONGEST = 1 << 20
#: what it is to find no file: nothing, a directory, a link to itself, a socket
_NO_FILE = frozenset((errno.ENOENT, errno.EISDIR, errno.ELOOP, errno.ENXIO))


def replace(path: Path, content: str) -> bool:
    """Write `content` to the file at `path` unless a user has edited it; returns whether it was written."""
    old = read(path)
    if old is not None and _is_edited(path, old):
        return False
    overwrite(path, content, old)
    return True


def overwrite(path: Path, content: str, old: bytes | None = None) -> None:
    """Write `content` whatever is there, and remember it as the engine's own (beside `old`, the content before)."""
    data = content.encode()
    # noted first, and with the old one: a crash at any point leaves a content that is known
    hashes = [_digest(data), *([_digest(old)] if old is not None else [])]
    for one in (path, _hash_path(path)):
        durable.make_room(one)
    write_in_place(_hash_path(path), "\n".join(hashes).encode())
    write_in_place(path, data)


def write_in_place(path: Path, data: bytes) -> None:
    """Put `data` into the file at `path` without changing the inode; where that fails all is as it was.

    What is shorter than before is first filled with line feeds, so that the cut that follows is never seen.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    try:
        before = os.pread(descriptor, LONGEST, 0)
        try:
            _put(descriptor, data.ljust(len(before), b"\n"))
        except OSError:
            _put(descriptor, before)  # there is room for this
            os.ftruncate(descriptor, len(before))
            raise
        if os.fstat(descriptor).st_size > len(data):
            os.ftruncate(descriptor, len(data))
        elif not before:
            os.fchmod(descriptor, _MODE)
    finally:
        os.close(descriptor)


def _put(descriptor: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], written)


def read(path: Path) -> bytes | None:
    """The file's content, at most `LONGEST` bytes of it; None where there is no regular file."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return file.read(LONGEST) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def is_edited(path: Path) -> bool:
    """Whether the file holds something that the engine did not write."""
    content = read(path)
    return content is not None and _is_edited(path, content)


def _is_edited(path: Path, content: bytes) -> bool:
    known = read(_hash_path(path))
    # where none is, it was never written: nobody can have edited it.  An empty one is what a full disk or a power cut
    # has left of a new one
    return bool(content and known) and _digest(content).encode() not in (known or b"").split(b"\n")


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content.rstrip(b"\n")).hexdigest()


def _hash_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.hash")
