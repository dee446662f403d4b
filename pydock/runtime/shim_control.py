"""The shim's connections with daemons: the one it was born with, and those made to its socket later.

What happens is told to every connection; what nobody was there to hear, and cannot be asked for, is told to the next.
"""

import contextlib
import os
from _socket import socket as Socket
from collections import deque
from collections.abc import Callable, Sequence

from pydock.linux import datagram
from pydock.runtime import channel
from pydock.runtime.event_loop import LOST, READ, WRITE, EventLoop
from pydock.runtime.messages import ExecExited, Message

#: how many messages may wait for a daemon that does not read before its connection is given up
_PATIENCE = 1000
#: how many ends of execs are told again to the next daemon: the one that was told may have died before it listened
_RECENT = 32

#: sends the answer to a request, encoded
Answer = Callable[[bytes], None]
#: what came on a connection: texts, each with its descriptors
Requests = Sequence[tuple[bytes, list[int]]]


class Connection:
    """One daemon's control socket."""

    def __init__(self, sock: Socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.waiting: deque[bytes] = deque()


class Control:
    """Takes requests to `handle(message, fds, answer)` and sends answers and news.  `handle` owns the descriptors."""

    def __init__(self, loop: EventLoop, handle: Callable[[Message, list[int], Answer], None]) -> None:
        self._loop = loop
        self._handle = handle
        self._connections: list[Connection] = []
        self._server: Socket | None = None
        self._untold: deque[Message] = deque(maxlen=_PATIENCE)
        self._recent: deque[Message] = deque(maxlen=_RECENT)

    def serve(self, descriptor: int) -> None:
        """Accept connections on a listening socket."""
        self._server = Socket(fileno=descriptor)
        self._server.setblocking(False)
        self._loop.watch(descriptor, READ, lambda _: self._accept())

    def add(self, descriptor: int, requests: Requests = ()) -> None:
        """Serve one connection, on which `requests` have come already."""
        connection = Connection(Socket(fileno=descriptor))
        self._connections.append(connection)
        self._watch(connection)
        for text, fds in requests:
            self._hear(connection, text, fds)

    def announce(self, message: Message) -> None:
        """Tell every daemon; where there is none, the next one hears of an exec's end."""
        if isinstance(message, ExecExited):
            (self._recent if self._connections else self._untold).append(message)
        if not self._connections:
            return
        text = channel.encode(message)
        for connection in self._connections[:]:
            self._send(connection, text)

    def close(self) -> None:
        """Hang up; what waits is lost."""
        if self._server:
            self._loop.forget(self._server.fileno())
            self._server.close()
        for connection in self._connections[:]:
            self._drop(connection)

    def _accept(self) -> None:
        assert self._server is not None
        with contextlib.suppress(OSError):
            descriptor, _ = self._server._accept()  # type: ignore[attr-defined]  # typeshed has it for no class
            self.add(descriptor)
            for message in (*self._recent, *self._untold):
                self._send(self._connections[-1], channel.encode(message))
            self._recent.extend(self._untold)
            self._untold.clear()

    def _watch(self, connection: Connection) -> None:
        events = READ | (WRITE if connection.waiting else 0)
        self._loop.watch(connection.sock.fileno(), events, lambda events: self._on_events(connection, events))

    def _on_events(self, connection: Connection, events: int) -> None:
        if events & WRITE:
            self._flush(connection)
        if events & (READ | LOST) and connection in self._connections:
            self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            text, fds = datagram.receive(connection.sock)
        except BlockingIOError:
            return
        except OSError:
            text, fds = b"", []
        if not text:
            self._drop(connection)
            return
        self._hear(connection, text, fds)

    def _hear(self, connection: Connection, text: bytes, fds: list[int]) -> None:
        try:
            message = channel.decode(text)
        except ValueError:  # words of another version of the engine: it sees no answer
            for fd in fds:
                os.close(fd)
            return
        self._handle(message, fds, lambda answer: self._send(connection, answer))

    def _send(self, connection: Connection, text: bytes) -> None:
        connection.waiting.append(text)
        self._flush(connection)

    def _flush(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        try:
            while connection.waiting:
                datagram.send(connection.sock, connection.waiting[0])
                connection.waiting.popleft()
        except BlockingIOError:
            if len(connection.waiting) > _PATIENCE:
                self._drop(connection)
                return
        except OSError:
            self._drop(connection)
            return
        self._watch(connection)

    def _drop(self, connection: Connection) -> None:
        self._loop.forget(connection.sock.fileno())
        self._connections.remove(connection)
        connection.sock.close()
