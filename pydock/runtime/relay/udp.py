"""Datagrams through a relay: each client has a socket of its own towards the container, until it is silent for long.

Answers leave by the address that the client had sent to.  What does not fit is dropped, as everywhere with UDP.
"""

import socket
import struct
import time
from typing import Any, Final

from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.relay import targets

#: how long a client may be silent, in seconds: Docker's
_SILENCE: Final = 90.0
#: how often is looked for such
_LOOK: Final = 15.0
#: clients at once: the one that has been silent longest makes room
_MOST: Final = 1024
#: how many datagrams are taken before others have their turn
_TURNS: Final = 64
_LARGEST: Final = 65535
#: ip(7)
_IP_PKTINFO: Final = 8
_PKTINFO4 = struct.Struct("=I4s4s")
_ROOM: Final = socket.CMSG_SPACE(20)

Address = tuple[Any, ...]


class UdpPort:
    """A bound socket."""

    def __init__(self, loop: EventLoop, sock: socket.socket, path: str) -> None:
        self._loop = loop
        self._sock = sock
        self._path = path
        #: by the client's address and the one that it sent to; who was silent longest comes first
        self._clients: dict[tuple[Address, bytes], _Client] = {}
        self._level, self._option = (
            (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)
            if sock.family == socket.AF_INET6
            else (socket.IPPROTO_IP, _IP_PKTINFO)
        )

    @property
    def busy(self) -> bool:
        """Whether somebody is there."""
        return bool(self._clients)

    def open(self) -> None:
        """Take datagrams."""
        self._sock.setsockopt(self._level, self._option, 1)
        self._loop.watch(self._sock.fileno(), READ, self._receive)
        self._loop.call_later(_LOOK, self._look)

    def answer(self, data: bytes, peer: Address, own: bytes) -> None:
        """Send what the container answered."""
        kind = socket.IPV6_PKTINFO if self._level == socket.IPPROTO_IPV6 else _IP_PKTINFO
        self._sock.sendmsg([data], [(self._level, kind, own)] if own else [], 0, peer)

    def _receive(self, _: int) -> None:
        for _turn in range(_TURNS):
            try:
                data, more, _flags, peer = self._sock.recvmsg(_LARGEST, _ROOM)
            except OSError:  # nothing there, or what became of an answer
                return
            key = peer, self._own(more, peer)
            client = self._clients.pop(key, None) or self._enter(*key)
            if client:
                self._clients[key] = client
                client.send(data)

    def _own(self, more: list[tuple[int, int, bytes]], peer: Address) -> bytes:
        """What says by which address an answer is to leave."""
        if not more:
            return b""
        info = more[0][2]
        if self._level == socket.IPPROTO_IP:
            return _PKTINFO4.pack(0, info[8:12], bytes(4))
        return info if peer[3] else info[:16] + bytes(4)  # a link-local address wants its interface

    def _enter(self, peer: Address, own: bytes) -> "_Client | None":
        target = targets.find(self._path, self._sock)
        if target is None:
            return None
        if len(self._clients) >= _MOST:
            self._leave(next(iter(self._clients)))
        try:
            return _Client(self, self._loop, targets.connect(target, socket.SOCK_DGRAM), (peer, own))
        except OSError:
            return None

    def _leave(self, key: tuple[Address, bytes]) -> None:
        self._clients.pop(key).close()

    def _look(self) -> None:
        now = time.monotonic()
        for key in [key for key, client in self._clients.items() if now - client.heard > _SILENCE]:
            self._leave(key)
        self._loop.call_later(_LOOK, self._look)


class _Client:
    """One client's socket towards the container."""

    def __init__(self, port: UdpPort, loop: EventLoop, sock: socket.socket, key: tuple[Address, bytes]) -> None:
        self.heard = time.monotonic()
        self._port = port
        self._loop = loop
        self._sock = sock
        self._key = key
        loop.watch(sock.fileno(), READ, self._receive)

    def send(self, data: bytes) -> None:
        """To the container."""
        self.heard = time.monotonic()
        try:
            self._sock.send(data)
        except OSError:  # nobody listens yet, or it is slow
            return

    def close(self) -> None:
        self._loop.forget(self._sock.fileno())
        self._sock.close()

    def _receive(self, _: int) -> None:
        for _turn in range(_TURNS):
            try:
                data = self._sock.recv(_LARGEST)
                self.heard = time.monotonic()
                self._port.answer(data, *self._key)
            except OSError:
                return
