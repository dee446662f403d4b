"""One attached client: its connection, what waits to be sent to it, and what it types.  `shim_streams` has them.

While a client takes its output too slowly the container waits for it, as with Docker: nothing is lost and memory stays
small.  One that takes nothing at all for a while stops nobody: what comes goes to a file until it catches up.
"""

import contextlib
import os
import time
from _socket import socket as Socket
from collections import deque
from collections.abc import Iterator
from socket import SHUT_RDWR
from typing import Protocol

from pydock.runtime.detach_keys import DetachKeys
from pydock.runtime.event_loop import LOST, READ, WRITE, EventLoop
from pydock.runtime.messages import ClientStream
from pydock.runtime.passage import Passage
from pydock.runtime.spill import Spill
from pydock.streams import frame_header

_READ_SIZE = 65536
_BOTH_WAYS = int(SHUT_RDWR)
#: how long a client may take nothing before it is no longer waited for, in seconds
GRACE = 1.0
#: how much may wait in a file for a client that takes nothing, in bytes; then the container waits after all
SPILL_LIMIT = 1 << 30
_MANY = 16

Piece = bytes | memoryview
#: what was written before a client came: (stream, bytes), some at a time
Replay = Iterator[list[tuple[int, bytes]]]


class Owner(Protocol):
    """Whom a client tells what happens to it."""

    spill_directory: str

    def typed(self, client: "Client", data: bytes) -> bool:
        """Input for the container; False: no more for now, `Client.resume_input` will be called."""

    def input_ended(self, client: "Client") -> None:
        """The client will type no more."""

    def detached(self, client: "Client") -> None:
        """The client typed the detach keys."""

    def caught_up(self) -> None:
        """A client takes output again."""

    def gone(self, client: "Client") -> None:
        """The client's connection is closed."""


class Client:
    """A connection given to the shim; it is closed when all that was wanted has been sent."""

    def __init__(self, loop: EventLoop, descriptor: int, wants: ClientStream, owner: Owner) -> None:
        self.wants = wants
        self._loop = loop
        self._sock = Socket(fileno=descriptor)
        self._sock.setblocking(False)
        self._descriptor = descriptor
        self._owner = owner
        self._keys = DetachKeys(wants.detach_keys.encode("latin-1"))
        self._queue: deque[Piece] = deque()
        self._replay: Replay | None = None
        self._spill: Spill | None = None
        #: comes after the file, where there was no room for it there
        self._late: deque[Piece] = deque()
        #: set where nobody waits for this client: what comes goes to the file
        self._spilling = False
        self._progress = 0.0
        self._looked_after = False
        self._typing = True  # the end of its input was not seen yet
        self._held = False  # the container takes no input for now
        self._deaf = False  # it hears no output any more, but may have typed something
        self._ending = False

    @property
    def behind(self) -> bool:
        """Whether the container should wait for this client."""
        if self._spilling:
            return bool(self._late) or (self._spill is not None and self._spill.size > SPILL_LIMIT)
        return bool(self._queue)

    @property
    def is_clear(self) -> bool:
        """Whether output can go straight to the connection: it hears, and nothing is to be sent before."""
        return not (self._deaf or self._ending or self._spilling or self._waiting())

    def begin(self, replay: "Replay | None" = None) -> None:
        """Send the head, take input, the early bytes first; send `replay`, if any, before what comes."""
        if self.wants.head:
            self._queue.append(self.wants.head.encode("latin-1"))
        if replay is not None:
            self._replay = replay
            self._spilling = True
        if early := self.wants.early.encode("latin-1"):
            self._take(early)
        self._flush()

    def deliver(self, stream: int, data: bytes) -> None:
        """Send output, or have it wait."""
        if self._deaf or self._ending:
            return
        pieces: list[Piece] = [*self._head(stream, len(data)), data]
        if self._spilling:
            self._put_aside(pieces)
        elif self._waiting():
            self._queue += pieces
            self._watch()
        else:
            try:
                with contextlib.suppress(BlockingIOError):
                    pieces = _rest(pieces, os.writev(self._descriptor, pieces))
            except OSError:
                self._lose_output()
            else:
                self._wait_with(pieces)

    def deliver_piped(self, stream: int, passage: Passage) -> None:
        """Send what `passage` holds, or have it wait; only where `is_clear`."""
        pieces = self._head(stream, passage.held)
        try:
            with contextlib.suppress(BlockingIOError):
                if pieces:
                    pieces = _rest(pieces, os.writev(self._descriptor, pieces))
                if not pieces:
                    passage.send(self._descriptor)
        except OSError:
            passage.close()
            self._lose_output()
        else:
            self._wait_with([*pieces, *passage.take()])

    def finish(self) -> None:
        """Close the connection as soon as everything has been sent."""
        if not self._ending:
            self._ending = True
            self._held = False
            if self._deaf or not self._waiting():
                self.close()
            else:
                self._watch()

    def close(self) -> None:
        """Close the connection now."""
        if self._descriptor < 0:
            return
        self._loop.forget(self._descriptor)
        self._descriptor = -1
        with contextlib.suppress(OSError):
            # a local connection closed with something unread would end in ECONNRESET for the client, not in its end
            self._sock.shutdown(_BOTH_WAYS)
            while self._sock.recv(_READ_SIZE):
                pass
        self._sock.close()
        self._forget_output()
        self._owner.gone(self)

    def resume_input(self) -> None:
        """The container takes input again."""
        if self._held:
            self._held = False
            self._watch()

    def _head(self, stream: int, size: int) -> list[Piece]:
        return [] if self.wants.raw else [frame_header(stream, size)]

    def _wait_with(self, pieces: list[Piece]) -> None:
        """Send later what the connection does not take now."""
        if not pieces:
            return
        self._progress = time.monotonic()
        if not self._looked_after:
            self._looked_after = True
            self._loop.call_later(GRACE, self._look_after)
        self._queue += pieces
        self._watch()

    def _watch(self) -> None:
        if self._descriptor < 0:
            return
        reading = self._typing and not self._held
        if self._deaf and not reading:  # or epoll would tell of the lost connection for ever
            self._loop.forget(self._descriptor)
            return
        events = (READ if reading else 0) | (WRITE if self._waiting() and not self._deaf else 0)
        self._loop.watch(self._descriptor, events, self._on_events)

    def _on_events(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if self._descriptor < 0 or not events & (READ | LOST):
            return
        if self._typing and not self._held:
            self._read()
        elif events & LOST:
            self._lose_output()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(data)
            return
        self._typing = False
        self._watch()
        if self.wants.stdin and not self._ending:
            self._owner.input_ended(self)
        if self._deaf and self._descriptor >= 0:
            self.close()

    def _take(self, data: bytes) -> None:
        if not self.wants.stdin or self._ending:
            return
        data, detached = self._keys.feed(data)
        if data and not self._owner.typed(self, data):
            self._held = True
            self._watch()
        if detached:
            self._owner.detached(self)
            self.finish()

    def _flush(self) -> None:
        """Send what waits, in order: the queue, the replay, the file."""
        if self._deaf:
            return
        try:
            while self._waiting():
                self._send_some()
                self._progress = time.monotonic()
        except BlockingIOError:
            self._watch()
            return
        except OSError:
            self._lose_output()
            return
        self._spilling = False
        if self._ending:
            self.close()
            return
        self._watch()
        self._owner.caught_up()

    def _send_some(self) -> None:
        if not self._queue and self._replay is not None:
            frames = next(self._replay, None)
            if frames is None:
                self._replay = None
            for stream, data in frames or ():
                self._queue += (*self._head(stream, len(data)), data)
        if self._queue:
            pieces = [self._queue.popleft() for _ in range(min(_MANY, len(self._queue)))]
            try:
                pieces = _rest(pieces, os.writev(self._descriptor, pieces))
            finally:
                self._queue.extendleft(reversed(pieces))
        elif self._replay is not None:
            return
        elif self._spill:
            self._spill.send(self._descriptor)
        else:
            self._queue, self._late = self._late, self._queue

    def _waiting(self) -> bool:
        return bool(self._queue or self._replay is not None or self._spill or self._late)

    def _look_after(self) -> None:
        """Where the client has taken nothing for a while, let nobody wait for it any longer."""
        self._looked_after = False
        if self._descriptor < 0 or self._spilling or not self._queue:
            return
        left = self._progress + GRACE - time.monotonic()
        if left > 0:
            self._looked_after = True
            self._loop.call_later(left, self._look_after)
            return
        self._spilling = True
        self._owner.caught_up()

    def _put_aside(self, pieces: list[Piece]) -> None:
        if not self._late:
            try:
                if self._spill is None:
                    self._spill = Spill(self._owner.spill_directory)
                self._spill.append(pieces)
                pieces = []
            except OSError:
                pass  # no room: the container waits for the client after all
        self._late += pieces
        self._watch()

    def _lose_output(self) -> None:
        """The client hears nothing any more; what it typed before is still the container's."""
        self._deaf = True
        self._forget_output()
        if self._ending or not (self._typing and self.wants.stdin):
            self.close()
        else:
            self._watch()
            self._owner.caught_up()

    def _forget_output(self) -> None:
        self._queue.clear()
        self._late.clear()
        self._replay = None
        if self._spill:
            self._spill.close()
            self._spill = None


def _rest(pieces: list[Piece], sent: int) -> list[Piece]:
    """What is left of `pieces` after `sent` bytes."""
    while pieces and sent >= len(pieces[0]):
        sent -= len(pieces.pop(0))
    if sent:
        pieces[0] = memoryview(pieces[0])[sent:]
    return pieces
