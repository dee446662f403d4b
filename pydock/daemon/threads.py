"""A pool of threads that are made as they are needed and end when they have been idle for a while.

`offload` has its doors lead here: a burst of work (the recovery of hundreds of containers) leaves no threads behind.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: how long a thread waits for more to do before it ends, in seconds
IDLE = 10.0


class _Task:
    """One call and where its result goes."""

    __slots__ = ("call", "future")

    def __init__(self, call: Callable[[], Any], future: "Future[Any]") -> None:
        self.call = call
        self.future = future

    def run(self) -> None:
        """Carry it out, unless nobody waits any more."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.call()
        except BaseException as error:  # it is who waits that is told
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Threads(Executor):
    """At most `limit` threads; each idle one has an inbox, and the last to become idle is the first to be given more.

    So those that a burst has made are not kept awake by what comes after it.
    """

    def __init__(self, limit: int, name: str, idle: float = IDLE) -> None:
        self._limit = limit
        self._name = name
        self._patience = idle
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._count = 0
        self._idle: list[queue.SimpleQueue[_Task | None]] = []
        self._waiting: deque[_Task] = deque()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """See `concurrent.futures.Executor`."""
        future: Future[T] = Future()
        task = _Task((lambda: fn(*args, **kwargs)) if args or kwargs else fn, future)
        with self._lock:
            if self._give(task, self._count >= self._limit):
                return future
            self._count += 1
        try:
            threading.Thread(target=self._work, args=(task,), name=self._name, daemon=True).start()
        except RuntimeError:  # the kernel gives no more threads
            with self._lock:
                self._count -= 1
                if not self._give(task, self._count > 0):
                    raise
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False, timeout: float | None = None) -> None:
        """See `concurrent.futures.Executor`; what is handed in later is still done.  It waits `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            self._closed = True
            for inbox in self._idle:
                inbox.put(None)
            self._count -= len(self._idle)
            self._idle.clear()
            if cancel_futures:
                for task in self._waiting:
                    task.future.cancel()
            while wait and self._count:
                left = None if deadline is None else deadline - time.monotonic()
                if not self._ended.wait(left) and left is not None:
                    break

    def _give(self, task: _Task, may_wait: bool) -> bool:
        """Give `task` to an idle thread, or let it wait for one where it may; False where there is none."""
        if self._idle:
            self._idle.pop().put(task)
        elif may_wait:
            self._waiting.append(task)
        else:
            return False
        return True

    def _work(self, task: _Task) -> None:
        inbox: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        following: _Task | None = task
        while following is not None:
            following.run()
            following = None  # what it holds is not held while there is nothing to do
            following = self._next(inbox)

    def _next(self, inbox: "queue.SimpleQueue[_Task | None]") -> _Task | None:
        """What this thread does next; None where it is no more needed."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                self._leave()
                return None
            self._idle.append(inbox)
        with contextlib.suppress(queue.Empty):
            return inbox.get(timeout=self._patience)
        with self._lock:
            if inbox in self._idle:
                self._idle.remove(inbox)
                self._leave()
                return None
        return inbox.get()  # it was given just now

    def _leave(self) -> None:
        self._count -= 1
        self._ended.notify_all()
