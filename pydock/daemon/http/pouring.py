"""A body poured from a client's socket into a pipe by a thread: where bytes are many, the event loop is in their way.

The exchange makes one for a request whose handler wants the body in a descriptor.
"""

import asyncio
import contextlib
import os
import select
import threading

from pydock.daemon.http.body import Body
from pydock.daemon.offload import offload_body

_AT_ONCE = 256 << 10
#: pieces that are worth a place each in one writev(2); more are small, and copied into one
_MANY = 64


class _Stopped(Exception):
    """Nobody waits for the rest."""


class Pouring:
    """One body on its way from `source` to `target`; both may be non-blocking, and stay the caller's."""

    def __init__(self, source: int, body: Body, target: int) -> None:
        self._body = body
        with contextlib.ExitStack() as undo:  # a copy that stays would keep the reader waiting for ever
            self._source = os.dup(source)
            undo.callback(os.close, self._source)
            self._target = os.dup(target)
            undo.callback(os.close, self._target)
            self._stop = os.eventfd(0, os.EFD_CLOEXEC)
            undo.pop_all()
        self._lock = threading.Lock()
        self._over = False

    async def run(self) -> None:
        """Until the body's end.

        BrokenPipeError where nobody reads the target any more, ConnectionAbortedError where the client goes, BadBody.
        """
        work = offload_body(self._pour)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._tell_to_stop()
            await asyncio.wait([work])
            raise

    def _tell_to_stop(self) -> None:
        with self._lock:
            if not self._over:
                os.eventfd_write(self._stop, 1)

    def _pour(self) -> None:
        try:
            while True:
                self._write(self._body.pieces())
                if self._body.complete:
                    return
                self._body.feed(self._read())
        except _Stopped:
            return
        finally:
            with self._lock:
                self._over = True
                for descriptor in (self._source, self._target, self._stop):
                    os.close(descriptor)

    def _read(self) -> bytes:
        while True:
            try:
                data = os.read(self._source, _AT_ONCE)
            except BlockingIOError:
                self._wait(self._source, select.POLLIN)
            except ConnectionResetError:
                data = b""
                break
            else:
                break
        if not data:
            raise ConnectionAbortedError("the client went away")
        return data

    def _write(self, pieces: list[memoryview]) -> None:
        if len(pieces) > _MANY:
            pieces = [memoryview(b"".join(pieces))]
        while pieces:
            try:
                count = os.writev(self._target, pieces)
            except BlockingIOError:
                self._wait(self._target, select.POLLOUT)
                continue
            while pieces and count >= len(pieces[0]):
                count -= len(pieces.pop(0))
            if count:
                pieces[0] = pieces[0][count:]

    def _wait(self, descriptor: int, events: int) -> None:
        """Until `descriptor` can go on; BrokenPipeError where the target's reader goes meanwhile."""
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.register(self._target, 0)
        poll.register(descriptor, events)
        happened = dict(poll.poll())
        if self._stop in happened:
            raise _Stopped
        if happened.get(self._target, 0) & select.POLLERR:
            raise BrokenPipeError("nobody reads the body any more")
