"""A connection that a handler took over as a websocket: messages' contents both ways, as a plain stream.

Made by the exchange.  What is sent goes as binary messages; text and binary ones are taken.
"""

import asyncio
import socket

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
from pydock.daemon.http.hijack import Relay, TakenOver
from pydock.errors import InvalidParameter

_NORMAL, _GOING_AWAY = 1000, 1001


class WebSocket(TakenOver):
    """See `hijack.Hijacked`."""

    def __init__(self, transport: asyncio.Transport, target: str, headers: Headers) -> None:
        super().__init__(transport)
        self._wire = WSConnection(ConnectionType.SERVER)
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
            case Ping() if self._writable.is_set():
                self._send(event.response())
            case CloseConnection() if not self._ended:
                self._ended = True
                self._send(event.response())
                self._transport.close()  # it has no half that could stay open
            case RejectConnection():
                self._ended = True

    async def write(self, data: bytes) -> None:
        """See `Hijacked.write`."""
        self._send(BytesMessage(data=data))
        await self._drain()

    def write_eof(self) -> None:
        """See `Hijacked.write_eof`: a websocket has no half-close, so it is closed."""
        self.close()

    def close(self) -> None:
        """See `Hijacked.close`."""
        self._send(CloseConnection(code=_NORMAL))
        self._transport.close()

    def greet(self) -> None:
        """See `Hijacked.greet`: the handshake was accepted in the beginning."""

    def detach(self) -> tuple[int, bytes, bytes]:
        """See `Hijacked.detach`."""
        ours, theirs = socket.socketpair()
        self._relay = Relay(self, ours)
        return theirs.detach(), b"", b""

    def _send(self, event: Event) -> None:
        if self._lost or self._transport.is_closing():
            return
        try:
            self._transport.write(self._wire.send(event))
        except LocalProtocolError:  # it is being closed
            self._transport.close()
