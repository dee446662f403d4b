"""A long piece of blocking work that tells how far it is: pull, push, load, import.

The work runs in a thread and calls `report`; the route iterates over `follow` and writes what comes.  When the route
is cancelled (the client went), the operation is cancelled: whatever it waits for is broken off and it undoes itself.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from pydock.daemon.offload import offload_outside
from pydock.errors import PydockError, System
from pydock.imagestore.registry.cancellation import Cancellation

_log = logging.getLogger(__name__)

#: takes one progress message, as the API writes it
Report = Callable[[Mapping[str, Any]], None]
Work = Callable[[Report, Cancellation], None]


async def follow(work: Work) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Run `work` in a thread and yield its messages as they come, several at a time where they come fast.

    What the work raises before its first message is raised here; later it becomes the last message
    (``{"errorDetail": ..., "error": ...}``), as the status has been sent by then.
    """
    cancellation = Cancellation()
    mailbox = _Mailbox(asyncio.get_running_loop())
    task = offload_outside(work, mailbox.put, cancellation)
    task.add_done_callback(lambda _: mailbox.wake.set())
    told = False
    try:
        while not task.done() or mailbox.waiting:
            await mailbox.wake.wait()
            messages = mailbox.take()
            if messages:
                told = True
                yield messages
        failure = task.exception()
        if failure is not None:
            if not told:
                raise failure
            yield [error_message(failure)]
    finally:
        if not task.done():
            cancellation.cancel()
            # it runs to its own end, undoing what it has begun; nobody is left to tell about it
            task.add_done_callback(_retrieve)


def error_message(error: BaseException) -> dict[str, Any]:
    """An error in the midst of a stream, as Docker writes it."""
    if not isinstance(error, (PydockError, OSError)):
        _log.error("an operation failed", exc_info=error)
        error = System(f"{type(error).__name__}: {error}")
    text = error.message if isinstance(error, PydockError) else str(error)
    return {"errorDetail": {"message": text}, "error": text}


def _retrieve(task: "asyncio.Future[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None and not isinstance(error, (PydockError, OSError)):
            _log.error("an operation whose client went failed", exc_info=error)


class _Mailbox:
    """Messages from a thread to the event loop, which is woken once for all that wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self.waiting: list[dict[str, Any]] = []
        self.wake = asyncio.Event()

    def put(self, message: Mapping[str, Any]) -> None:
        """Leave a message; called by the work, in any thread."""
        with self._lock:
            self.waiting.append(dict(message))
            first = len(self.waiting) == 1
        if first:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the daemon ends
                self._loop.call_soon_threadsafe(self.wake.set)

    def take(self) -> list[dict[str, Any]]:
        """Return what waits."""
        self.wake.clear()
        with self._lock:
            messages, self.waiting = self.waiting, []
        return messages
