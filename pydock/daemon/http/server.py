"""The HTTP server: connections on listening sockets, ended in order.

main makes it, gives it the sockets that `listeners` opened, and closes it when the daemon ends.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable

from pydock.daemon.http.connection import Connection
from pydock.daemon.http.router import Router

#: how many clients may wait to be accepted
BACKLOG = 4096


class Server:
    """Serves what `router` knows."""

    def __init__(self, router: Router) -> None:
        self.router = router
        self.connections: set[Connection] = set()
        self.stopping = False
        self._servers: list[asyncio.Server] = []

    async def listen(self, sockets: Iterable[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        """Serve clients of these listening sockets; over TLS where there is a context for those that are not local."""
        loop = asyncio.get_running_loop()
        for sock in sockets:
            if sock.family == socket.AF_UNIX:
                server = await loop.create_unix_server(lambda: Connection(self), sock=sock, backlog=BACKLOG)
            else:
                server = await loop.create_server(lambda: Connection(self), sock=sock, ssl=tls, backlog=BACKLOG)
            self._servers.append(server)

    async def close(self, grace: float) -> None:
        """Hear nobody new, break streams off, give other answers `grace` seconds to be finished, then close all."""
        self.stopping = True
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.stop()
        deadline = asyncio.get_running_loop().time() + grace
        while self.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.sleep(0)
