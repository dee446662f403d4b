"""What the shim waits on: descriptors with their handlers, and a few timers.  epoll(7), one thread, nothing else.

A handler may be called though its descriptor is not ready (its number may have been another's a moment ago): every
handler's calls are non-blocking.
"""

import contextlib
import heapq
import itertools
import select
import time
import traceback
from collections.abc import Callable

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
#: always reported, wanted or not: forget a descriptor that is not being looked after
LOST = select.EPOLLHUP | select.EPOLLERR

Handler = Callable[[int], object]


class EventLoop:
    """Calls handlers with the events of their descriptors."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._events: dict[int, int] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def watch(self, descriptor: int, events: int, handler: Handler) -> None:
        """Call `handler` on `events` of `descriptor`, and on LOST; instead of what was watched before."""
        if descriptor not in self._handlers:
            self._poll.register(descriptor, events)
        elif self._events[descriptor] != events:
            self._poll.modify(descriptor, events)
        self._handlers[descriptor] = handler
        self._events[descriptor] = events

    def forget(self, descriptor: int) -> None:
        """Call no handler for `descriptor` any more; fine where none was, or where it is closed already."""
        if self._handlers.pop(descriptor, None):
            del self._events[descriptor]
            with contextlib.suppress(OSError):
                self._poll.unregister(descriptor)

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        """Call `action` once, `delay` seconds from now."""
        heapq.heappush(self._timers, (time.monotonic() + delay, next(self._order), action))

    def run(self, done: Callable[[], bool]) -> None:
        """Wait and call until `done` says so."""
        while not done():
            for descriptor, events in self._poll.poll(self._patience()):
                handler = self._handlers.get(descriptor)
                if handler:
                    self._call(handler, events, descriptor)
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._call(heapq.heappop(self._timers)[2])

    def _call(self, action: Callable[..., object], *arguments: int) -> None:
        """A fault in one handler costs its descriptor, never the container that the loop keeps."""
        try:
            action(*arguments[:1])
        except Exception:
            traceback.print_exc()
            self.forget(arguments[1] if arguments else -1)

    def _patience(self) -> float:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else -1
