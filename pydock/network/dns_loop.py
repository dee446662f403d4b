"""The event loop of the resolver's process: descriptors to watch, and what is to be done later.

Single-threaded; small, as the process lives beside every engine that has a user-defined network in use.
"""

import contextlib
import heapq
import itertools
import select
import time
import traceback
from collections.abc import Callable

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT
#: so many unexpected errors are told in full: a hostile peer must not fill the disk
_TOLD = 100


class Loop:
    """Calls handlers until `stop`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._running = True
        self._told = 0

    def watch(self, descriptor: int, handler: Callable[[], None], events: int = READABLE) -> None:
        """Call `handler` when `descriptor` is ready, or has failed; once more for one that is watched changes it."""
        if descriptor in self._handlers:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Stop watching; to be called before the descriptor is closed."""
        if self._handlers.pop(descriptor, None):
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` once, in so many seconds."""
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), action))

    def stop(self) -> None:
        """Return from `run`."""
        self._running = False

    def run(self) -> None:
        """Serve."""
        while self._running:
            timeout = max(self._later[0][0] - time.monotonic(), 0) if self._later else None
            for descriptor, _ in self._epoll.poll(timeout):
                if handler := self._handlers.get(descriptor):
                    self._call(handler)
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                self._call(heapq.heappop(self._later)[2])

    def _call(self, handler: Callable[[], None]) -> None:
        try:
            handler()
        except Exception:
            self._told += 1
            if self._told <= _TOLD:
                traceback.print_exc()
