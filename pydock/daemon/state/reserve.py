"""Room that is kept on the disk, so that a full one can still be cleared: removing a container is a write, too.

The database gives it up when a write finds the disk full, and takes it again when there is room.
"""

import contextlib
import os
from pathlib import Path

_SIZE = 1 << 20


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
            room = os.statvfs(self._path.parent)
            if self._path.exists() and self._path.stat().st_size == self._size:
                self._held = True
            elif room.f_bavail * room.f_frsize > 4 * self._size:
                self._make()
                self._held = True

    def release(self) -> bool:
        """Give the room free; False where there was none."""
        self._held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _make(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            self._path.unlink()
            raise
        finally:
            os.close(descriptor)
