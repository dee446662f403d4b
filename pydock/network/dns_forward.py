"""Questions that the embedded resolver passes on to the servers outside, by UDP or TCP as they came.

Each goes by a socket of its own, with a port that the kernel picked, and the answer must be to that very question: it
cannot be forged by who does not see it.
"""

import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydock.linux.namespaces import CLONE_NEWNET, setns
from pydock.network import dns_message as dns
from pydock.network.dns_loop import READABLE, WRITABLE, Loop

_PORT: Final = 53
#: how long a server may take, in seconds; the last one gets longer, as there is nobody else to ask
_PATIENCE: Final = 2.0
_LAST_PATIENCE: Final = 4.0
#: questions under way at once, of all containers together
_MOST: Final = 4096
_LONGEST: Final = 65535

#: called with the answer, or None where there is none
Deliver = Callable[[bytes | None], None]


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and the descriptor of the network namespace that it is asked from."""

    address: str
    netns: int


@dataclass(eq=False, slots=True)
class _Asking:
    """A question under way.  ``attempt`` tells a late timer that its server is no longer the one asked."""

    query: bytes
    end: int
    servers: Sequence[Server]
    by_tcp: bool
    deliver: Deliver
    attempt: int = -1
    sock: socket.socket | None = None
    received: bytes = b""
    last: bytes | None = None


class Forwarder:
    """Asks the servers of a container one after the other until one answers."""

    def __init__(self, loop: Loop, home: int) -> None:
        """`home` is the descriptor of the process's own network namespace."""
        self._loop = loop
        self._home = home
        self._count = 0

    def ask(self, query: bytes, end: int, servers: Sequence[Server], by_tcp: bool, deliver: Deliver) -> None:
        """Ask `query`, whose question ends at `end`."""
        if not servers or self._count >= _MOST:
            deliver(None)
            return
        self._count += 1
        self._next(_Asking(query, end, servers, by_tcp, deliver))

    def _next(self, asking: _Asking) -> None:
        """Go on to the next server; where there is none left, that's it."""
        self._close(asking)
        while asking.attempt + 1 < len(asking.servers):
            asking.attempt += 1
            try:
                self._send(asking)
            except OSError:
                self._close(asking)
                continue
            is_last = asking.attempt + 1 == len(asking.servers)
            self._loop.after(_LAST_PATIENCE if is_last else _PATIENCE, partial(self._give_up, asking, asking.attempt))
            return
        self._finish(asking, asking.last)

    def _give_up(self, asking: _Asking, attempt: int) -> None:
        if asking.sock and asking.attempt == attempt:
            self._next(asking)

    def _send(self, asking: _Asking) -> None:
        server = asking.servers[asking.attempt]
        asking.received = b""
        asking.sock = sock = self._connect(server, asking.by_tcp)
        if asking.by_tcp:
            self._loop.watch(sock.fileno(), lambda: self._connected(asking), WRITABLE)
        else:
            sock.send(asking.query)
            self._loop.watch(sock.fileno(), lambda: self._datagram(asking))

    def _connect(self, server: Server, by_tcp: bool) -> socket.socket:
        """A connected socket; a connection by TCP is on its way."""
        family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
        abroad = server.netns != self._home
        if abroad:
            setns(server.netns, CLONE_NEWNET)
        try:
            kind = socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM
            sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
            try:
                address = socket.getaddrinfo(server.address, _PORT, family, kind, 0, socket.AI_NUMERICHOST)[0][4]
                error = sock.connect_ex(address)
                if error not in (0, errno.EINPROGRESS):
                    raise OSError(error, "connect")
            except BaseException:
                sock.close()
                raise
        finally:
            if abroad:
                setns(self._home, CLONE_NEWNET)
        return sock

    def _datagram(self, asking: _Asking) -> None:
        assert asking.sock is not None
        try:
            reply = asking.sock.recv(_LONGEST)
        except BlockingIOError:
            return
        except OSError:  # nobody listens there
            self._next(asking)
            return
        if dns.is_answer(reply, asking.query, asking.end):
            self._judge(asking, reply)

    def _connected(self, asking: _Asking) -> None:
        assert asking.sock is not None
        try:
            # to a socket whose buffer is empty, it goes in one piece
            asking.sock.send(len(asking.query).to_bytes(2) + asking.query)
        except BlockingIOError:
            return
        except OSError:
            self._next(asking)
            return
        self._loop.watch(asking.sock.fileno(), lambda: self._stream(asking), READABLE)

    def _stream(self, asking: _Asking) -> None:
        assert asking.sock is not None
        try:
            data = asking.sock.recv(_LONGEST + 2)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._next(asking)
            return
        asking.received += data
        length = int.from_bytes(asking.received[:2])
        if len(asking.received) < 2 or len(asking.received) < length + 2:
            return
        reply = asking.received[2 : length + 2]
        if dns.is_answer(reply, asking.query, asking.end):
            self._judge(asking, reply)
        else:
            self._next(asking)

    def _judge(self, asking: _Asking, reply: bytes) -> None:
        """Take the answer, unless the server could not give one and there is another server."""
        if dns.code(reply) in (dns.SERVFAIL, dns.REFUSED) and asking.attempt + 1 < len(asking.servers):
            asking.last = reply
            self._next(asking)
        else:
            self._finish(asking, reply)

    def _finish(self, asking: _Asking, reply: bytes | None) -> None:
        self._close(asking)
        self._count -= 1
        asking.deliver(reply)

    def _close(self, asking: _Asking) -> None:
        if asking.sock:
            self._loop.forget(asking.sock.fileno())
            asking.sock.close()
            asking.sock = None
