"""TLS under a connection: between the bytes of a TCP socket and what `Connection` sees.

Made by the server for each client of a tcp listener with TLS.  asyncio's own TLS closes the whole connection when the
client ends its side; Docker's client ends it right after each attach and exec, and then waits for the output.  Here
OpenSSL works on memory and each direction ends on its own (RFC 8446, 6.1).
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

#: how long a handshake may take, in seconds
HANDSHAKE_LIMIT = 60.0
_BLOCK = 256 << 10
_NOT_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

log = logging.getLogger("pydock")


class TlsLayer(asyncio.Protocol):
    """The protocol of the socket; `make` gives the one above, when the handshake is done."""

    def __init__(self, context: ssl.SSLContext, make: Callable[[], asyncio.Protocol]) -> None:
        self.context = context
        self._make = make
        self._above: asyncio.Protocol | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self._farewell = False
        self.below: asyncio.Transport

    # --- what asyncio tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client connected."""
        assert isinstance(transport, asyncio.Transport)
        self.below = transport
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_LIMIT, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._incoming.write(data)
        self._advance()

    def eof_received(self) -> bool:
        """The client ended its side of the socket, with or without a farewell."""
        self._incoming.write_eof()
        if self._above is None:
            return False
        self._advance()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed."""
        self._stop_timer()
        if self._above is not None:
            self._above.connection_lost(error)

    def pause_writing(self) -> None:
        """The client does not read."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._above is not None:
            self._above.resume_writing()

    # --- what the transport does ---

    def send(self, data: bytes) -> None:
        """Encrypt and send."""
        if not self._farewell and not self.below.is_closing():
            self._tls.write(data)
            self._flush()

    def end(self) -> None:
        """Say that nothing more comes; the client may still send."""
        if self._farewell or self.below.is_closing():
            return
        self._farewell = True
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # the client's own farewell is still to come
            log.debug("TLS: said farewell first")
        self._flush()

    # --- inside ---

    def _advance(self) -> None:
        above = self._above
        try:
            if above is None:
                self._tls.do_handshake()
                self._stop_timer()
                above = self._above = self._make()
                above.connection_made(TlsTransport(self))
            while data := self._tls.read(_BLOCK):
                above.data_received(data)
            self._end_of_client(above)
        except ssl.SSLWantReadError:
            self._flush()
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            if above is not None:
                self._end_of_client(above)
        except ssl.SSLError as error:
            self._give_up(error)

    def _end_of_client(self, above: asyncio.Protocol) -> None:
        if not self._ended:
            self._ended = True
            if not above.eof_received():
                self.end()
                self.below.close()

    def _give_up(self, error: ssl.SSLError) -> None:
        """Tell the client why, where TLS has a word for it."""
        log.debug("TLS comes to nothing: %s", error.reason)
        if error.reason == "HTTP_REQUEST":
            self.below.write(_NOT_TLS)
        else:
            self._flush()
        self.below.close()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self.below.write(data)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class TlsTransport(asyncio.Transport):
    """What the protocol above writes to."""

    def __init__(self, layer: TlsLayer) -> None:
        super().__init__()
        self._layer = layer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """``sslcontext`` tells that this is TLS; all else is the socket's."""
        return self._layer.context if name == "sslcontext" else self._layer.below.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        if data:
            self._layer.send(bytes(data))

    def can_write_eof(self) -> bool:
        """Each direction ends on its own."""
        return True

    def write_eof(self) -> None:
        """End our side."""
        self._layer.end()

    def close(self) -> None:
        """Send what waits, then close."""
        self._layer.end()
        self._layer.below.close()

    def abort(self) -> None:
        """Close now."""
        self._layer.below.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._layer.below.is_closing()

    def pause_reading(self) -> None:
        """Make the client wait."""
        self._layer.below.pause_reading()

    def resume_reading(self) -> None:
        """Let it send again."""
        self._layer.below.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When to say `pause_writing`."""
        self._layer.below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """How much waits to be sent."""
        return self._layer.below.get_write_buffer_size()
