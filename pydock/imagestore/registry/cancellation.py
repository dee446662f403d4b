"""Breaking off work that waits in threads: on sockets, on workers, on each other.

One `Cancellation` an operation (a pull, a push); its threads ask it at every step, and what they wait for is closed
by it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

from pydock.errors import PydockError


class Cancelled(PydockError):
    """The operation was broken off by whoever asked for it."""

    def __init__(self) -> None:
        super().__init__("context canceled")


class Cancellation:
    """Whether an operation is to end, and what must be closed so that it does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._closers: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """End the operation: every closer is called once, now."""
        with self._lock:
            self._event.set()
            closers = list(self._closers.values())
            self._closers.clear()
        for close in closers:
            with contextlib.suppress(OSError):
                close()

    def check(self) -> None:
        """Raise Cancelled where the operation is to end."""
        if self._event.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end of the operation; raise Cancelled then."""
        if self._event.wait(seconds):
            raise Cancelled

    @contextlib.contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Have `close` called if the operation is cancelled before the block ends."""
        with self._lock:
            self.check()
            self._next += 1
            key = self._next
            self._closers[key] = close
        try:
            yield
        finally:
            with self._lock:
                self._closers.pop(key, None)

    @contextlib.contextmanager
    def child(self) -> Iterator["Cancellation"]:
        """A cancellation for a part of the operation: it ends with the whole, but may end alone."""
        inner = Cancellation()
        with self.closing(inner.cancel):
            yield inner
