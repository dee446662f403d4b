"""What many have written brought to the disk together, in a thread beside them.

Used by `layers`: while one layer of an image goes to the disk, the next is unpacked.
"""

import os
import threading
from concurrent.futures import Future
from pathlib import Path

from pydock.imagestore import threads
from pydock.linux.files import syncfs


class DiskSync:
    """syncfs(2) of the file system that `directory` is on, once for all that asked before it began."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._running = False
        self._next: Future[None] | None = None

    def begin(self) -> "Future[None]":
        """Have the disk begin; done when all that has been written by now is there, or with the OSError.

        System where no thread can be had.
        """
        with self._lock:
            if not self._running:
                threads.start(threading.Thread(target=self._run, name="disk-sync", daemon=True))
                self._running = True
            future = self._next = self._next or Future()
            return future

    def _run(self) -> None:
        while (future := self._taken()) is not None:
            try:
                descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    syncfs(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                future.set_exception(error)
            else:
                future.set_result(None)

    def _taken(self) -> "Future[None] | None":
        with self._lock:
            future, self._next = self._next, None
            self._running = future is not None
            return future
