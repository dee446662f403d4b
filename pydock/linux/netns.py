"""Network namespaces made and entered by one thread that does nothing else, since setns(2) is a matter of a thread.

The daemon has many threads and must stay in its own namespace; what must be done inside another (open a socket, write
a sysctl) is handed to this thread, which goes there, does it, and comes home.
"""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from pydock.linux import namespaces

T = TypeVar("T")
_THREAD_NAMESPACE = "/proc/thread-self/ns/net"


class NamespaceThread:
    """The thread; `call` may be used from any other."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._home = os.open(_THREAD_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="netns", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Have the thread do `work`; a namespace that `work` enters is left again afterwards."""
        result: Future[T] = Future()
        self._work.put((work, result))
        return result

    def inside(self, namespace: int, work: Callable[[], T]) -> T:
        """What `work` returns when it is done in the namespace of that descriptor."""

        def there() -> T:
            namespaces.setns(namespace, namespaces.CLONE_NEWNET)
            return work()

        return self.submit(there).result()

    def make(self, prepare: Callable[[int], T]) -> "Future[T]":
        """A new namespace: what `prepare`, called in it with its descriptor (prepare's own), returns."""

        def there() -> T:
            namespaces.unshare(namespaces.CLONE_NEWNET)
            descriptor = os.open(_THREAD_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return prepare(descriptor)
            except BaseException:
                os.close(descriptor)
                raise

        return self.submit(there)

    def close(self) -> None:
        """End the thread when it has done what it was given."""
        self._work.put(None)
        self._thread.join()
        os.close(self._home)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, result = item
            try:
                result.set_result(work())
            except BaseException as error:
                result.set_exception(error)
            finally:
                namespaces.setns(self._home, namespaces.CLONE_NEWNET)
