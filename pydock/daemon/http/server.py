"""The HTTP server: connections on listening sockets, ended in order.

main makes it, gives it the sockets that `listeners` opened, and closes it when the daemon ends.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Iterable

from pydock.daemon.http.connection import Connection
from pydock.daemon.http.router import Router
from pydock.daemon.http.tls import TlsLayer

#: how many clients are accepted before others have their turn
_AT_ONCE = 64
#: where there is no descriptor for a client: how long to wait for one, in seconds
_PAUSE = 0.2
#: how often it is told that there is a shortage, in seconds
_SILENCE = 60.0
#: how long after a client has left what many have left is tidied up, in seconds
_LATER = 10.0
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_log = logging.getLogger(__name__)


class _Door:
    """One listening socket.  asyncio's own way out of a shortage of descriptors takes ever more of its time."""

    def __init__(self, server: "Server", sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._sock = sock
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._silent_until = 0.0
        self._greetings: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        self._open()

    def close(self) -> None:
        """Hear nobody new."""
        if self._pause:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _open(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                client, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _SHORTAGES:
                    raise
                if self._loop.time() >= self._silent_until:
                    self._silent_until = self._loop.time() + _SILENCE
                    _log.error("clients have to wait: %s", (error.strerror or "").lower())
                self._loop.remove_reader(self._sock)
                self._pause = self._loop.call_later(_PAUSE, self._open)
                return
            self._pause = None
            greeting = self._loop.create_task(self._greet(client))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greetings.discard)

    def _protocol(self) -> asyncio.Protocol:
        connection = Connection(self._server)
        return TlsLayer(self._tls, lambda: connection) if self._tls else connection

    async def _greet(self, client: socket.socket) -> None:
        client.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._protocol, client)
        except OSError as error:
            _log.debug("a client came to nothing: %s", error)
            client.close()


class Server:
    """Serves what `router` knows; `tidy` is called some time after clients have left."""

    def __init__(self, router: Router, tidy: Callable[[], object] = lambda: None) -> None:
        self.router = router
        self.connections: set[Connection] = set()
        self.stopping = False
        self._doors: list[_Door] = []
        self._tidy = tidy
        self._tidying: asyncio.TimerHandle | None = None

    def left(self, connection: Connection) -> None:
        """A client's connection is closed."""
        self.connections.discard(connection)
        if self._tidying is None and not self.stopping:
            self._tidying = asyncio.get_running_loop().call_later(_LATER, self._tidy_up)

    def _tidy_up(self) -> None:
        self._tidying = None
        self._tidy()

    async def listen(self, sockets: Iterable[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        """Serve clients of these listening sockets; over TLS where there is a context for those that are not local."""
        for sock in sockets:
            self._doors.append(_Door(self, sock, None if sock.family == socket.AF_UNIX else tls))

    async def close(self, grace: float) -> None:
        """Hear nobody new, break streams off, give other answers `grace` seconds to be finished, then close all."""
        self.stopping = True
        if self._tidying:
            self._tidying.cancel()
        for door in self._doors:
            door.close()
        for connection in tuple(self.connections):
            connection.stop()
        deadline = asyncio.get_running_loop().time() + grace
        while self.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.sleep(0)
