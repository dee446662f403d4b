"""Room that is kept on the disk, so that a full one can still be cleared: removing a container is a write, too.

The database gives it up when a write finds the disk full, and takes it again when there is room.  While the database
is open its log has half as much of its own.
"""

import contextlib
import os
from pathlib import Path

_SIZE = 1 << 20
#: a disk that has less than this is full
_LEAST = 64 << 10


class Reserve:
    """A file of `size` bytes at `path`, while there is room for it."""

    def __init__(self, path: Path, size: int = _SIZE) -> None:
        self._path = path
        self._size = size
        self._held = False

    def hold(self) -> None:
        """Make the file where it is not there and a good deal more than its size is free."""
        if self._held:
            return
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size == self._size:
                self._held = True
            elif has_room(self._path.parent, 4 * self._size):
                self._make(self._size)
                self._held = True

    def hold_at_least(self, size: int) -> None:
        """Make it, where it is not there, of `size` bytes, though there may be no more."""
        if not self._held:
            with contextlib.suppress(OSError):
                self._make(size)

    def release(self) -> bool:
        """Give the room free; False where there was none."""
        self._held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _make(self, size: int) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            self._path.unlink()
            raise
        finally:
            os.close(descriptor)


def has_room(directory: Path, size: int = _LEAST) -> bool:
    """Whether the file system has `size` bytes free, as far as can be told."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return True
    return found.f_bavail * found.f_frsize >= size
