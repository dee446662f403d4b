"""A connection that a handler took over as a websocket: messages' contents both ways, as a plain stream.

Made by the exchange.  What is sent goes as binary messages; text and binary ones are taken.
"""

import asyncio
import socket
from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from pydock.daemon.http.headers import Headers
from pydock.daemon.http.hijack import HIGH, Relay
from pydock.errors import InvalidParameter

_GONE = "the client went away"
_NORMAL, _GOING_AWAY = 1000, 1001


class WebSocket:
    """See `hijack.Hijacked`."""

    def __init__(self, transport: asyncio.Transport, target: str, headers: Headers) -> None:
        self._transport = transport
        self._wire = WSConnection(ConnectionType.SERVER)
        self._received: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._lost = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._relay: Relay | None = None
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        try:
            self._wire.initiate_upgrade_connection(fields, target)
        except RemoteProtocolError as error:
            raise InvalidParameter(f"bad request: {error}") from None
        if not isinstance(next(self._wire.events(), None), Request):
            raise InvalidParameter("bad request: not a websocket handshake")

    def begin(self, early: bytes, ended: bool) -> None:
        """Accept the handshake and read what came with it."""
        self._send(AcceptConnection())
        if early:
            self.feed(early)
        if ended:
            self.feed_eof()

    def feed(self, data: bytes) -> None:
        """Bytes came."""
        try:
            self._wire.receive_data(data)
            for event in self._wire.events():
                self._handle(event)
        except (RemoteProtocolError, LocalProtocolError):
            self.abort()
        self._readable.set()

    def _handle(self, event: Event) -> None:
        match event:
            case TextMessage():
                self._take(event.data.encode())
            case BytesMessage():
                self._take(bytes(event.data))
            case Ping():
                self._send(event.response())
            case CloseConnection() if not self._ended:
                self._ended = True
                self._send(event.response())
            case RejectConnection():
                self._ended = True

    def _take(self, data: bytes) -> None:
        self._received.append(data)
        self._waiting += len(data)
        if self._waiting > HIGH:
            self._transport.pause_reading()

    def feed_eof(self) -> None:
        """The client ended its side without a close frame."""
        self._ended = True
        self._readable.set()

    def lost(self) -> None:
        """The connection is gone."""
        self._lost = True
        self._readable.set()
        self._writable.set()

    def pause(self) -> None:
        """The client does not read."""
        self._writable.clear()

    def resume(self) -> None:
        """The client reads again."""
        self._writable.set()

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

    async def write(self, data: bytes) -> None:
        """See `Hijacked.write`."""
        if not self._lost:
            self._send(BytesMessage(data=data))
            await asyncio.sleep(0)
            await self._writable.wait()
        if self._lost or self._transport.is_closing():
            raise ConnectionAbortedError(_GONE)

    def write_eof(self) -> None:
        """See `Hijacked.write_eof`: a websocket has no half-close, so it is closed."""
        self.close()

    def close(self) -> None:
        """See `Hijacked.close`."""
        self._send(CloseConnection(code=_NORMAL))
        self._transport.close()

    def abort(self) -> None:
        """See `Hijacked.abort`."""
        self._transport.abort()

    def detach(self) -> tuple[int, bytes]:
        """See `Hijacked.detach`."""
        ours, theirs = socket.socketpair()
        self._relay = Relay(self, ours)
        return theirs.detach(), b""

    def _send(self, event: Event) -> None:
        if self._lost or self._transport.is_closing():
            return
        try:
            self._transport.write(self._wire.send(event))
        except LocalProtocolError:  # it is being closed
            self._transport.close()
