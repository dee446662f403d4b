"""A long piece of blocking work that tells how far it is: pull, push, load, import.

The work runs in a thread and calls `report`; the route iterates over `follow` and writes what comes.  When the route
is cancelled (the client went), the operation is cancelled: whatever it waits for is broken off and it undoes itself.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from pydock.daemon.offload import offload_outside
from pydock.errors import PydockError, System, words_of
from pydock.go_text import harmless
from pydock.imagestore.registry.cancellation import Cancellation

_log = logging.getLogger(__name__)

#: how many messages may wait for a client that does not read before the work waits too
_MOST: Final = 4096

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
        mailbox.close()
        if not task.done():
            cancellation.cancel()
            # it runs to its own end, undoing what it has begun; nobody is left to tell about it
            task.add_done_callback(_retrieve)


def error_message(error: BaseException) -> dict[str, Any]:
    """An error in the midst of a stream, as Docker writes it."""
    if not isinstance(error, (PydockError, OSError)):
        _log.error("an operation failed", exc_info=error)
        error = System(f"{type(error).__name__}: {error}")
    text = harmless(error.message if isinstance(error, PydockError) else words_of(error))
    return {"errorDetail": {"message": text}, "error": text}


def _retrieve(task: "asyncio.Future[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None and not isinstance(error, (PydockError, OSError)):
            _log.error("an operation whose client went failed", exc_info=error)


class _Mailbox:
    """Messages from a thread to the event loop, which is woken once for all that wait.

    A client that does not read makes nothing grow: a bar takes the place of the one before, where that still waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = threading.Condition()
        self._closed = False
        self.waiting: list[dict[str, Any]] = []
        #: the place among them of the last message about each ID
        self._last: dict[str, int] = {}
        self.wake = asyncio.Event()

    def put(self, message: Mapping[str, Any]) -> None:
        """Leave a message; called by the work, in any thread, which waits where too many are waiting."""
        about = message.get("id", "")
        with self._changed:
            place = self._last.get(about, -1)
            if place >= 0 and _moves_on(self.waiting[place], message):
                self.waiting[place] = dict(message)
                return
            self._changed.wait_for(lambda: len(self.waiting) < _MOST or self._closed)
            if self._closed:
                return
            self._last[about] = len(self.waiting)
            self.waiting.append(dict(message))
            first = len(self.waiting) == 1
        if first:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the daemon ends
                self._loop.call_soon_threadsafe(self.wake.set)

    def take(self) -> list[dict[str, Any]]:
        """Return what waits."""
        self.wake.clear()
        with self._changed:
            messages, self.waiting = self.waiting, []
            self._last.clear()
            self._changed.notify_all()
        return messages

    def close(self) -> None:
        """Nobody takes messages any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _moves_on(waiting: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Whether `message` is the next state of the bar that `waiting` draws."""
    return "progress" in waiting and "progress" in message and waiting.get("status") == message.get("status")
