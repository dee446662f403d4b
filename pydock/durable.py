"""Write, sync, rename: the only way a file that must survive a crash is written.

Used by whatever keeps state outside the database: blobs, container files, exit status.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

#: ioctl_iflags(2)
_FS_IOC_SETFLAGS: Final = 0x40086602
_FS_NOCOW_FL: Final = 0x00800000


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace the file at `path` with `data`; after a crash it holds the old or the new content, whole."""
    with replacing(path, mode) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when the block ends well, and vanishes when it does not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def make_in_place(path: Path, mode: int = 0o600) -> None:
    """Make an empty file, where none is, whose data is overwritten in place: a full disk takes nothing else.

    Elsewhere than on btrfs that is the way of all files.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, _FS_IOC_SETFLAGS, struct.pack("l", _FS_NOCOW_FL))
    finally:
        os.close(descriptor)
    sync_directory(path.parent)


def make_room(path: Path) -> None:
    """Remove what is at `path` where it is no regular file: to open a FIFO waits for ever, a link may lead anywhere."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            discard(path)


def discard(path: Path) -> None:
    """Delete what is at `path`, be it a directory or a file; nothing happens where nothing is."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def sync_directory(path: Path) -> None:
    """Make the names in directory `path` survive a power cut (fsync(2) on the directory)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
