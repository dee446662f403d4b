"""A TCP relay before a registry that cuts the first connection on which a client sends much."""

import select
import socket
import threading
from types import TracebackType


class CuttingProxy:
    """Relays connections to `target`; ``cuts`` counts those that were cut, ``host`` is its HOST:PORT."""

    def __init__(self, target: str, limit: int) -> None:
        host, _, port = target.partition(":")
        self._target = (host, int(port))
        self._limit = limit
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.cuts = 0
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> "CuttingProxy":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._relay, args=(client,)))
            self._threads[-1].start()

    def _relay(self, client: socket.socket) -> None:
        sent = 0
        with client, socket.create_connection(self._target) as registry:
            while True:
                for source in select.select((client, registry), (), ())[0]:
                    try:
                        data = source.recv(1 << 16)
                        (registry if source is client else client).sendall(data)
                    except OSError:
                        return
                    sent += len(data) if source is client else 0
                    if not data:
                        return
                    if sent > self._limit and not self.cuts:
                        self.cuts += 1
                        return
