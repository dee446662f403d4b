"""The embedded resolver's service in the containers: takes questions by UDP and TCP, answers or passes them on.

Run by `dns_process`.  A container can neither make it work for others' share of its time (questions are taken in
turns) nor fill its memory: all that it keeps for one container is bounded.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydock.network import dns_message as dns
from pydock.network.dns_forward import Forwarder, Server
from pydock.network.dns_loop import READABLE, WRITABLE, Loop
from pydock.network.dns_names import Names
from pydock.network.dns_sockets import Sockets, open_sockets

#: datagrams taken from one container before others have their turn
_TURN: Final = 64
_LONGEST_DATAGRAM: Final = 4096
_LONGEST_MESSAGE: Final = 65535
#: answers remembered for a container
_REMEMBERED: Final = 1024
#: questions of one container that are under way to servers, and its connections
_MOST_ASKED: Final = 512
_MOST_CONNECTIONS: Final = 64
#: how long a connection may be idle, in seconds
_IDLE: Final = 10.0
_MOST_UNREAD: Final = 1 << 18


@dataclass(eq=False, slots=True)
class _Served:
    """One container."""

    id: str
    netns: int
    sockets: Sockets
    servers: tuple[Server, ...] = ()
    ndots_set: bool = False
    forward: bool = True
    asked: int = 0
    connections: set["_Connection"] = field(default_factory=set)
    #: questions (without their number) and their answers, as of a generation of the names
    remembered: dict[bytes, bytes] = field(default_factory=dict)
    generation: int = -1
    is_gone: bool = False


@dataclass(eq=False, slots=True)
class _Connection:
    """A client's connection."""

    sock: socket.socket
    received: bytes = b""
    unsent: bytes = b""
    pending: int = 0
    is_active: bool = True


class DnsServer:
    """All containers that are served."""

    def __init__(self, loop: Loop, home: int) -> None:
        self._loop = loop
        self._home = home
        self._names = Names()
        self._forwarder = Forwarder(loop, home)
        self._served: dict[str, _Served] = {}

    @property
    def containers(self) -> list[str]:
        """The containers that are served."""
        return list(self._served)

    def add(self, container: Mapping[str, Any], netns: int) -> None:
        """Serve a container, whose namespace's descriptor is taken over; one that is served there already is changed.

        One that is served in another namespace has begun a new life, and no daemon was there to tell of the old one's
        end.
        """
        known = self._served.get(container["id"])
        if known and not os.path.sameopenfile(known.netns, netns):
            self.remove(known.id)
            known = None
        if known:
            os.close(netns)
        else:
            try:
                sockets = open_sockets(netns, self._home)
            except BaseException:
                os.close(netns)
                raise
            served = self._served[container["id"]] = _Served(container["id"], netns, sockets)
            self._loop.watch(sockets.udp.fileno(), lambda: self._take_datagrams(served))
            self._loop.watch(sockets.tcp.fileno(), lambda: self._take_connection(served))
        self.update(container)

    def update(self, container: Mapping[str, Any]) -> None:
        """What is known of a container has changed."""
        served = self._served.get(container["id"])
        if served is None:
            return
        served.servers = tuple(
            Server(server["address"], self._home if server["from_host"] else served.netns)
            for server in container["servers"]
        )
        served.ndots_set, served.forward = container["ndots_set"], container["forward"]
        self._names.put(served.id, container["places"])

    def remove(self, container_id: str) -> None:
        """Stop serving a container."""
        served = self._served.pop(container_id, None)
        if served is None:
            return
        served.is_gone = True
        self._names.drop(container_id)
        for connection in list(served.connections):
            self._close(served, connection)
        for sock in (served.sockets.udp, served.sockets.tcp):
            self._loop.forget(sock.fileno())
        served.sockets.close()
        os.close(served.netns)

    def _take_datagrams(self, served: _Served) -> None:
        sock = served.sockets.udp
        for _ in range(_TURN):
            try:
                query, client = sock.recvfrom(_LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # an earlier answer found nobody
            if served.generation == self._names.generation and (known := served.remembered.get(query[2:])):
                with contextlib.suppress(OSError):
                    sock.sendto(query[:2] + known, client)
            else:
                self._answer(served, query, False, partial(_send_to, served, client))

    def _answer(self, served: _Served, query: bytes, by_tcp: bool, reply: Callable[[bytes], None]) -> None:
        """Answer at once, or when a server has; what is no query gets no answer."""
        if not dns.is_query(query):
            return
        if not dns.is_standard(query):
            reply(dns.failure(query, dns.NOTIMP))
            return
        try:
            question = dns.parse_query(query)
        except dns.BadMessage:
            reply(dns.failure(query, dns.FORMERR))
            return
        records = self._names.find(served.id, question)
        if records is None and self._stays_inside(served, question):
            records = []
        if records is not None:
            answer = dns.answer(query, question, records, _LONGEST_MESSAGE if by_tcp else question.limit)
            if len(records) < 2 and not by_tcp:
                self._remember(served, query, answer)
            reply(answer)
        elif not served.forward or served.asked >= _MOST_ASKED:
            reply(dns.failure(query, dns.SERVFAIL))
        else:
            self._ask(served, query, question.end, by_tcp, reply)

    def _stays_inside(self, served: _Served, question: dns.Question) -> bool:
        """A name without dots is not asked of the outside where ``ndots`` says that the search list comes first."""
        return served.ndots_set and question.kind in (dns.A, dns.AAAA) and "." not in question.name

    def _ask(self, served: _Served, query: bytes, end: int, by_tcp: bool, reply: Callable[[bytes], None]) -> None:
        served.asked += 1

        def deliver(answer: bytes | None) -> None:
            served.asked -= 1
            if not served.is_gone:
                reply(answer or dns.failure(query, dns.SERVFAIL))

        self._forwarder.ask(query, end, served.servers, by_tcp, deliver)

    def _remember(self, served: _Served, query: bytes, answer: bytes) -> None:
        if served.generation != self._names.generation or len(served.remembered) >= _REMEMBERED:
            served.remembered.clear()
            served.generation = self._names.generation
        served.remembered[query[2:]] = answer[2:]

    def _take_connection(self, served: _Served) -> None:
        try:
            sock, _ = served.sockets.tcp.accept()
        except OSError:
            return
        if len(served.connections) >= _MOST_CONNECTIONS:
            sock.close()
            return
        sock.setblocking(False)
        connection = _Connection(sock)
        served.connections.add(connection)
        self._loop.watch(sock.fileno(), lambda: self._read(served, connection))
        self._loop.after(_IDLE, lambda: self._end_idle(served, connection))

    def _end_idle(self, served: _Served, connection: _Connection) -> None:
        if connection not in served.connections:
            return
        if connection.is_active or connection.pending:
            connection.is_active = False
            self._loop.after(_IDLE, lambda: self._end_idle(served, connection))
        else:
            self._close(served, connection)

    def _read(self, served: _Served, connection: _Connection) -> None:
        if connection.unsent:
            self._flush(served, connection)
            return
        try:
            data = connection.sock.recv(_LONGEST_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(served, connection)
            return
        connection.is_active = True
        connection.received += data
        while len(connection.received) >= 2 and connection in served.connections:
            length = int.from_bytes(connection.received[:2])
            if len(connection.received) < length + 2:
                break
            query, connection.received = connection.received[2 : length + 2], connection.received[length + 2 :]
            if connection.pending >= _MOST_CONNECTIONS or not dns.is_query(query):
                self._close(served, connection)
                break
            connection.pending += 1
            self._answer(served, query, True, lambda reply: self._write(served, connection, reply))

    def _write(self, served: _Served, connection: _Connection, reply: bytes) -> None:
        connection.pending -= 1
        if connection in served.connections:
            connection.unsent += len(reply).to_bytes(2) + reply
            self._flush(served, connection)

    def _flush(self, served: _Served, connection: _Connection) -> None:
        try:
            sent = connection.sock.send(connection.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(served, connection)
            return
        connection.unsent = connection.unsent[sent:]
        if len(connection.unsent) > _MOST_UNREAD:
            self._close(served, connection)
            return
        events = WRITABLE if connection.unsent else READABLE
        self._loop.watch(connection.sock.fileno(), lambda: self._read(served, connection), events)

    def _close(self, served: _Served, connection: _Connection) -> None:
        if connection in served.connections:
            served.connections.discard(connection)
            self._loop.forget(connection.sock.fileno())
            connection.sock.close()


def _send_to(served: _Served, client: Any, reply: bytes) -> None:
    with contextlib.suppress(OSError):
        served.sockets.udp.sendto(reply, client)
