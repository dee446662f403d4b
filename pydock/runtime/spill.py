"""Where the output for a client waits that does not take it: a nameless file, not memory.  For `shim_client`."""

import contextlib
import os
import tempfile
from collections.abc import Iterable


class Spill:
    """A queue of bytes in a file below `directory`; OSError where there is no room for one."""

    def __init__(self, directory: str) -> None:
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            self._file = os.dup(file.fileno())
        self._taken = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size - self._taken

    @property
    def size(self) -> int:
        """How much room the file takes; it shrinks when all has been taken."""
        return self._size

    def append(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Put `pieces` at the end."""
        for piece in pieces:
            view = memoryview(piece)
            while view:
                written = os.pwrite(self._file, view, self._size)
                self._size += written
                view = view[written:]

    def send(self, connection: int) -> None:
        """Send as much as non-blocking `connection` takes (sendfile(2)); BlockingIOError where it takes no more."""
        while self._taken < self._size:
            self._taken += os.sendfile(connection, self._file, self._taken, self._size - self._taken)
        os.ftruncate(self._file, 0)
        self._taken = self._size = 0

    def close(self) -> None:
        """Throw it away."""
        with contextlib.suppress(OSError):
            os.close(self._file)
