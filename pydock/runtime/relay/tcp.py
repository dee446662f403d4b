"""Connections through a relay: bytes go from socket to socket by splice(2), never through this process.

Whoever connects is hostile until proven otherwise: the number of connections is bounded, each has its turn, what one
end does not take is not read from the other, and who is dead is found out by keep-alive, as in Docker's proxy.
"""

import contextlib
import fcntl
import os
import select
import socket
from typing import Final

from pydock.runtime.event_loop import READ, WRITE, EventLoop
from pydock.runtime.relay import targets

_PIPE_SIZE: Final = 1 << 20
#: how much of one direction is moved before others have their turn
_TURNS: Final = 8
#: how many connections are taken before others have their turn
_ACCEPTED: Final = 32
#: how long nobody is let in where the kernel has no descriptor left, in seconds
_PAUSE: Final = 1.0
_SPARE_PIPES: Final = 16
_FLAGS: Final = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK
#: no waiting for more to send; seconds before the first probe and between probes, and how many: as in Docker's proxy
_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 9),
)


class Traffic:
    """What all ports of a container share: how many connections there may be, and pipes that are not in use."""

    def __init__(self, loop: EventLoop, most: int) -> None:
        self.loop = loop
        self.connections = 0
        self._most = most
        self._pipes: list[tuple[int, int]] = []

    @property
    def full(self) -> bool:
        """Whether nobody more may come."""
        return self.connections >= self._most

    def take_pipe(self) -> tuple[int, int]:
        """An empty pipe: its reading and its writing end."""
        if self._pipes:
            return self._pipes.pop()
        pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with contextlib.suppress(OSError):  # the usual size does, too
            fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        return pipe

    def give_pipe(self, pipe: tuple[int, int], empty: bool) -> None:
        """Take a pipe back."""
        if empty and len(self._pipes) < _SPARE_PIPES:
            self._pipes.append(pipe)
        else:
            os.close(pipe[0])
            os.close(pipe[1])


class TcpPort:
    """A listening socket."""

    def __init__(self, loop: EventLoop, sock: socket.socket, path: str, traffic: Traffic) -> None:
        self.connections: set[Connection] = set()
        self._loop = loop
        self._sock = sock
        self._path = path
        self._traffic = traffic

    @property
    def busy(self) -> bool:
        """Whether somebody is there."""
        return bool(self.connections)

    def open(self) -> None:
        """Let clients in."""
        self._loop.watch(self._sock.fileno(), READ, self._accept)

    def _accept(self, _: int) -> None:
        for _turn in range(_ACCEPTED):
            try:
                if self._traffic.full:
                    raise OSError("too many connections")
                client, _peer = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.forget(self._sock.fileno())
                self._loop.call_later(_PAUSE, self.open)
                return
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        """Lead a client to where the port leads now; who cannot be led is let go."""
        try:
            target = targets.find(self._path, self._sock)
            if target is None:
                raise OSError("the port leads nowhere")
            server = targets.connect(target, socket.SOCK_STREAM)
        except OSError:
            client.close()
            return
        Connection(self._traffic, client, server, self.connections).begin()


class Connection:
    """A client and the container's server, and what is on its way between them."""

    def __init__(
        self, traffic: Traffic, client: socket.socket, server: socket.socket, beside: "set[Connection]"
    ) -> None:
        self._traffic = traffic
        self._client = client
        self._server = server
        self._beside = beside
        self._up = _Direction(client, server)
        self._down = _Direction(server, client)

    def begin(self) -> None:
        """Wait for the server to answer."""
        self._beside.add(self)
        self._traffic.connections += 1
        try:
            for sock in (self._client, self._server):
                sock.setblocking(False)
                for level, option, value in _OPTIONS:
                    sock.setsockopt(level, option, value)
            self._traffic.loop.watch(self._server.fileno(), WRITE, self._arrive)
        except OSError:
            self._close()

    def _arrive(self, _: int) -> None:
        if self._server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._close()
        else:
            self._move(0)

    def _move(self, events: int) -> None:
        if events & select.EPOLLERR:
            self._close()
            return
        try:
            self._up.move(self._traffic)
            self._down.move(self._traffic)
        except OSError:
            self._close()
            return
        if self._up.over and self._down.over:
            self._close()
            return
        for sock, outgoing, incoming in (
            (self._client, self._up, self._down),
            (self._server, self._down, self._up),
        ):
            events = (READ if outgoing.reading else 0) | (WRITE if incoming.held else 0)
            if events:
                self._traffic.loop.watch(sock.fileno(), events, self._move)
            else:  # its end would be told again and again
                self._traffic.loop.forget(sock.fileno())

    def _close(self) -> None:
        if self not in self._beside:
            return
        self._beside.discard(self)
        self._traffic.connections -= 1
        for direction in (self._up, self._down):
            direction.drop(self._traffic)
        for sock in (self._client, self._server):
            self._traffic.loop.forget(sock.fileno())
            sock.close()


class _Direction:
    """One way of a connection; ``held``: how many bytes have left the source and not reached the sink."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.held = 0
        self._source = source
        self._sink = sink
        self._pipe: tuple[int, int] | None = None
        self._ended = False

    @property
    def reading(self) -> bool:
        """Whether more is wanted of the source."""
        return not self._ended and not self.held

    @property
    def over(self) -> bool:
        """Whether all has arrived."""
        return self._ended and not self.held

    def move(self, traffic: Traffic) -> None:
        """Move what can be moved now, in bounds; OSError where an end is gone."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(_TURNS):
                if self.over or not self._step(traffic):
                    break
        if not self.held:
            self.drop(traffic)

    def drop(self, traffic: Traffic) -> None:
        """Give the pipe back."""
        if self._pipe:
            traffic.give_pipe(self._pipe, empty=not self.held)
            self._pipe = None

    def _step(self, traffic: Traffic) -> bool:
        """Read or write once; False at the end."""
        self._pipe = self._pipe or traffic.take_pipe()
        reading, writing = self._pipe
        if not self.held:
            self.held = os.splice(self._source.fileno(), writing, _PIPE_SIZE, flags=_FLAGS)
            if not self.held:
                self._ended = True
                with contextlib.suppress(OSError):  # it is gone altogether
                    self._sink.shutdown(socket.SHUT_WR)
                return False
        self.held -= os.splice(reading, self._sink.fileno(), self.held, flags=_FLAGS)
        return True
