"""Connections over TCP, with or without TLS.  Called by `wire`; a Unix socket does not pay for these imports."""

import contextlib
import socket as sockets
import ssl
import threading
from typing import TYPE_CHECKING

from pydock.errors import InvalidParameter, System

if TYPE_CHECKING:
    from pydock.client.address import Address, Tls

BLOCK = 1 << 16


class TlsSocket:
    """TLS that can be half-closed, and read in one thread while another writes.

    `ssl.SSLSocket` can neither: its shutdown drops the encryption, and its two directions share a state without a lock.
    Here OpenSSL works on memory, under a lock, and only the socket below is waited for.
    """

    def __init__(self, sock: sockets.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        #: what was decrypted before anybody asked for it
        self._ready = bytearray()
        self._handshake()

    def _handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._more():
                    raise System("error during connect: the connection was closed in the handshake") from None
                continue
            self._flush()
            return

    def _flush(self) -> None:
        """Send what OpenSSL has written; in order, whichever thread comes first."""
        with self._sending:
            with self._lock:
                data = self._outgoing.read()
            if data:
                self._sock.sendall(data)

    def _more(self) -> bool:
        data = self._sock.recv(BLOCK)
        with self._lock:
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
        return bool(data)

    def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        for start in range(0, len(data), BLOCK):
            with self._lock:
                self._tls.write(data[start : start + BLOCK])
            self._flush()

    def recv(self, size: int) -> bytes:
        """What came, up to `size` bytes; b"" at the end."""
        while True:
            try:
                with self._lock:
                    if self._ready:
                        data = bytes(self._ready[:size])
                        del self._ready[:size]
                        return data
                    return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._flush()
                self._more()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def recv_into(self, buffer: bytearray) -> int:
        """Like recv, into a buffer."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def shutdown(self, how: int) -> None:
        """Tell the other side that nothing more comes; with SHUT_RDWR, end both directions."""
        if how == sockets.SHUT_WR:
            with self._lock:
                self._decrypt()  # the farewell looks for the other side's, and drops the data that it comes upon
                with contextlib.suppress(ssl.SSLError):  # that is still to come
                    self._tls.unwrap()
            self._flush()
        else:
            self._sock.shutdown(how)

    def _decrypt(self) -> None:
        """Have ready all that has come.  The lock is held."""
        with contextlib.suppress(ssl.SSLError):  # no more has come, or no more will, which the next to ask is told
            while data := self._tls.read(BLOCK):
                self._ready += data

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


def connect(address: "Address") -> "sockets.socket | TlsSocket":
    """A connected socket; a TLS one where the address asks for it."""
    from pydock.client.wire import unreachable

    settings = context(address.tls) if address.tls else None
    try:
        sock = sockets.create_connection((address.host, address.port))
        sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    except OSError as error:
        raise unreachable(address, error) from error
    if settings is None:
        return sock
    try:
        return TlsSocket(sock, settings, address.host)
    except (ssl.SSLError, OSError) as error:
        sock.close()
        reason = getattr(error, "reason", None) or error
        raise System(f"error during connect: {reason}") from error


def context(tls: "Tls") -> ssl.SSLContext:
    """How we speak TLS with the daemon."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    try:
        if tls.ca and tls.verify:
            made.load_verify_locations(tls.ca)
        elif tls.verify:
            made.load_default_certs()
        if tls.certificate:
            made.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidParameter(f"could not read the TLS files: {error}") from error
    return made
