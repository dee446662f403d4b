"""What a log driver has to send over a socket and the socket does not take yet.  `syslog` and `journald` have one.

In Docker's blocking mode the container waits while too much is in here; in its non-blocking mode what does not fit is
dropped, newest first.
"""

import socket
import time
from collections import deque
from collections.abc import Callable, Mapping

from pydock.errors import PydockError
from pydock.runtime.logs.values import size

#: how much may wait before the container does, in bytes
_BLOCKING_LIMIT = 1 << 20
#: Docker's default for max-buffer-size
_RING_LIMIT = 1_000_000
#: how long the last messages are waited for at the container's end, in seconds
_LAST_WAIT = 2.0
#: how long a server may take to answer a connection at the container's start, and later, in seconds: all that the shim
#: does waits meanwhile
FIRST_LIMIT, LATER_LIMIT = 10.0, 0.5
#: how long it may take to shake hands later, in seconds: nobody waits for that
_GREETING = 10.0
#: how long a lost connection is left alone, in seconds; and, where trying took long, how many times as long as that
_RETRY = 1.0
_REST = 20
#: how ssl says that it cannot go on now; the module itself is imported only where it is used
_TLS_READS = "SSLWantReadError"
_TLS_WAITS = ("SSLWantWriteError", _TLS_READS)


class Outbox:
    """Sends messages over the socket that `connect` makes within a limit in seconds, by datagrams or as a stream.

    It never waits for more than a connection, and for that seldom and shortly.  A socket of ssl's has not shaken hands.
    ``connected``: connect now, with patience, OSError where that cannot be.
    """

    def __init__(
        self, connect: Callable[[float], socket.socket], options: Mapping[str, str], connected: bool = True
    ) -> None:
        self._connect = connect
        self._drops = options.get("mode") == "non-blocking"
        self._limit = _BLOCKING_LIMIT
        if self._drops:
            self._limit = size(options.get("max-buffer-size") or str(_RING_LIMIT), 1024)
        self._waiting: deque[bytes] = deque()
        self._length = 0
        self._torn = False
        self._try_at = 0.0
        self._sock: socket.socket | None = None
        #: until when the handshake may take, None where it is over or none is due
        self._greeting: float | None = None
        #: what waits does so for the other side's word
        self.reads = False
        if connected:
            self._sock = connect(FIRST_LIMIT)
            if greet := getattr(self._sock, "do_handshake", None):
                greet()
            self._sock.setblocking(False)

    @property
    def full(self) -> bool:
        """Whether the container should wait."""
        return not self._drops and self._length > self._limit

    def fileno(self) -> int:
        """The socket, while something waits for it (to be readable where it `reads`, to be writable else); else -1."""
        return self._sock.fileno() if self._sock and self._waiting else -1

    def put(self, messages: list[bytes]) -> None:
        """Send `messages`, or have them wait, or drop what does not fit."""
        for message in messages:
            if self._drops and self._length + len(message) > self._limit:
                continue
            self._waiting.append(message)
            self._length += len(message)
        self.flush()

    def flush(self) -> None:
        """Send as much as the socket takes."""
        while self._waiting:
            if self._sock is None and not self._connect_again():
                # nobody takes anything: as with Docker, what is said meanwhile is lost, and the container goes on
                self._waiting.clear()
                self._length = 0
                return
            assert self._sock is not None
            self.reads = False
            try:
                self._greet(self._sock)
                self._send(self._sock)
            except BlockingIOError:
                return
            except OSError as error:
                if type(error).__name__ in _TLS_WAITS and self._has_time():
                    self.reads = type(error).__name__ == _TLS_READS
                    return
                if self._sock.type & socket.SOCK_STREAM:
                    self._lose()
                else:
                    self._pop()  # this one cannot be sent (too long, nobody listens); others may

    def close(self) -> None:
        """Send what still waits, within reason, and close."""
        deadline = time.monotonic() + _LAST_WAIT
        while self._waiting and self._sock and time.monotonic() < deadline:
            self.flush()
            if self._waiting:
                time.sleep(0.01)
        if self._sock:
            self._sock.close()

    def _greet(self, sock: socket.socket) -> None:
        """Go on shaking hands."""
        if self._greeting is not None:
            sock.do_handshake()  # type: ignore[attr-defined]  # it is ssl's, which is imported only where it is used
            self._greeting = None

    def _has_time(self) -> bool:
        """Whether the other side may still take its time.  While it shakes hands the container does not wait for it."""
        if self._greeting is None:
            return True
        while self._length > self._limit:
            self._pop()
        return time.monotonic() < self._greeting

    def _send(self, sock: socket.socket) -> None:
        message = self._waiting[0]
        sent = sock.send(message)
        if sent < len(message) and sock.type & socket.SOCK_STREAM:
            self._waiting[0] = message[sent:]
            self._length -= sent
            self._torn = True
            raise BlockingIOError
        self._pop()

    def _pop(self) -> None:
        self._length -= len(self._waiting.popleft())
        self._torn = False

    def _lose(self) -> None:
        """The connection is lost; what was begun on it is too."""
        if self._sock:
            self._sock.close()
            self._sock = None
        self._greeting = None
        if self._torn:
            self._pop()

    def _connect_again(self) -> bool:
        """Another connection: at once, and then from time to time."""
        began = time.monotonic()
        if began < self._try_at:
            return False
        try:
            self._sock = self._connect(LATER_LIMIT)
            self._sock.setblocking(False)
            if hasattr(self._sock, "do_handshake"):
                self._greeting = time.monotonic() + _GREETING
        except (OSError, PydockError):
            return False
        finally:
            self._try_at = time.monotonic() + max(_RETRY, (time.monotonic() - began) * _REST)
        return True
