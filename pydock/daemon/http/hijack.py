"""A connection that a handler took over from HTTP: plain bytes both ways.

Attach and exec use it.  What the client sent before the take-over is kept, each direction ends on its own,
and `detach` gives the bare descriptor away, to live on in another process.
"""

import asyncio
import contextlib
import os
import select
import socket
from collections import deque
from typing import Protocol

#: Received bytes that may wait for `read`, before the client is made to wait.
HIGH = 256 << 10
_GONE = "the client went away"


class Hijacked(Protocol):
    """A taken-over connection, whatever it runs over."""

    async def read(self) -> bytes:
        """What the client sent next; b"" once it has ended its side.  Raises ConnectionAbortedError if it is gone."""

    async def write(self, data: bytes) -> None:
        """Send `data`; waits while the client is slow."""

    def write_eof(self) -> None:
        """End our side; the client's goes on."""

    def close(self) -> None:
        """Send what waits, then close."""

    def abort(self) -> None:
        """Close now."""

    def left(self) -> bool:
        """Whether the client is gone for good; one that has ended its side only is not."""

    def greet(self) -> None:
        """Send the head of the answer, where it was not sent yet; all calls but these three do so first."""

    def detach(self) -> tuple[int, bytes, bytes]:
        """Give the connection away.

        Returns a descriptor that the caller owns (non-blocking), what was read already, and the head of the answer
        where it was not sent yet.

        Half-close works both ways on the descriptor.  Where the connection is no plain socket (TLS, a websocket)
        it is one end of a socket pair, and the daemon relays.
        """


class Taken(Protocol):
    """Who gets the events of a connection that was taken over."""

    def feed(self, data: bytes) -> None:
        """Bytes came."""

    def feed_eof(self) -> None:
        """The client ended its side."""

    def lost(self) -> None:
        """The connection is gone."""

    def pause(self) -> None:
        """The client does not read."""

    def resume(self) -> None:
        """The client reads again."""


def hung_up(transport: asyncio.Transport) -> bool:
    """Whether the client of a local socket has closed it, not just ended its side; False for other sockets."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX or sock.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(sock.fileno(), 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


class TakenOver:
    """What connections that were taken over have in common: what was received waits for `read`, within bounds."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._received: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._lost = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._relay: Relay | None = None
        #: set when the connection is gone for good
        self.gone = asyncio.Event()

    # --- what the connection tells: see `Taken` ---

    def feed_eof(self) -> None:
        """See `Taken.feed_eof`."""
        self._ended = True
        self._readable.set()

    def lost(self) -> None:
        """See `Taken.lost`."""
        self._lost = True
        self.gone.set()
        self._readable.set()
        self._writable.set()

    def pause(self) -> None:
        """See `Taken.pause`."""
        self._writable.clear()

    def resume(self) -> None:
        """See `Taken.resume`."""
        self._writable.set()

    # --- what the handler does: see `Hijacked` ---

    async def read(self) -> bytes:
        """See `Hijacked.read`."""
        while not self._received:
            if self._ended:
                return b""
            if self._lost:
                raise ConnectionAbortedError(_GONE)
            self._readable.clear()
            await self._readable.wait()
        data = b"".join(self._received)
        self._received.clear()
        self._waiting = 0
        if not self._lost:
            self._transport.resume_reading()
        return data

    def abort(self) -> None:
        """See `Hijacked.abort`."""
        self._transport.abort()

    def left(self) -> bool:
        """See `Hijacked.left`."""
        return self._lost or (self._ended and hung_up(self._transport))

    # --- for the kinds of connection ---

    def _take(self, data: bytes) -> None:
        self._received.append(data)
        self._waiting += len(data)
        if self._waiting > HIGH:
            self._transport.pause_reading()

    async def _drain(self) -> None:
        """Wait until the client has taken enough of what was sent."""
        if not self._lost:
            await asyncio.sleep(0)
            await self._writable.wait()
        if self._lost or self._transport.is_closing():
            raise ConnectionAbortedError(_GONE)


class RawConnection(TakenOver):
    """A hijacked socket (or TLS session); the connection feeds it."""

    def __init__(self, transport: asyncio.Transport, head: bytes, early: bytes, ended: bool) -> None:
        super().__init__(transport)
        self._head = head
        if early:
            self._take(early)
        self._ended = ended
        transport.resume_reading()

    def feed(self, data: bytes) -> None:
        """Bytes came."""
        self._take(data)
        self._readable.set()

    def greet(self) -> None:
        """See `Hijacked.greet`."""
        if self._head and not self._lost:
            self._transport.write(self._head)
        self._head = b""

    async def read(self) -> bytes:
        """See `Hijacked.read`."""
        self.greet()
        return await super().read()

    async def write(self, data: bytes) -> None:
        """See `Hijacked.write`."""
        self.greet()
        if not self._lost:
            self._transport.write(data)
        await self._drain()

    def write_eof(self) -> None:
        """See `Hijacked.write_eof`."""
        self.greet()
        self._transport.write_eof()

    def close(self) -> None:
        """See `Hijacked.close`."""
        self.greet()
        self._transport.close()

    def detach(self) -> tuple[int, bytes, bytes]:
        """See `Hijacked.detach`.

        The transport closes its own descriptor only, so a copy keeps the connection.  What TLS wraps, or what the
        client has not taken yet of our answer's head, needs the daemon in between.
        """
        plain = self._transport.get_extra_info("sslcontext") is None
        if not plain or self._transport.get_write_buffer_size() or self._lost:
            ours, theirs = socket.socketpair()
            self.greet()
            self._relay = Relay(self, ours)
            return theirs.detach(), b"", b""
        self._transport.pause_reading()
        descriptor = os.dup(self._transport.get_extra_info("socket").fileno())
        early = b"".join(self._received)
        self._received.clear()
        self._transport.abort()
        return descriptor, early, self._head


class Relayed(Hijacked, Protocol):
    """What a relay carries bytes for."""

    #: set when the connection is gone for good
    gone: asyncio.Event


class Relay:
    """Carries bytes between a hijacked connection and one end of a socket pair.

    Until both directions have ended, or the connection is gone: who has the other end hears of that at once then.
    """

    def __init__(self, connection: Relayed, ours: socket.socket) -> None:
        ours.setblocking(False)
        self._connection = connection
        self._ours = ours
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        outward = asyncio.create_task(self._outward())
        gone = asyncio.create_task(self._connection.gone.wait())
        try:
            with contextlib.suppress(OSError):
                while data := await self._connection.read():
                    await asyncio.get_running_loop().sock_sendall(self._ours, data)
                self._ours.shutdown(socket.SHUT_WR)
            await asyncio.wait((outward, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (outward, gone):
                task.cancel()
            await asyncio.wait((outward, gone))  # the loop has let go of the socket then
            self._ours.close()
            self._connection.close()

    async def _outward(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(self._ours, HIGH):
                await self._connection.write(data)
            self._connection.write_eof()
