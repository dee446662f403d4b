"""The Engine API for benchmarks: plain HTTP on a Unix socket, the same thin client for every engine."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urlencode


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Api:
    """Calls to one engine over a connection that is kept."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = _Connection(path)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request with a JSON body; the JSON answer (or its bytes).  RuntimeError where the engine refuses."""
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, _target(path, query), data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace').strip()}")
        if answer.headers.get_content_type() == "application/json" and content:
            with contextlib.suppress(ValueError):
                return json.loads(content)
        return content

    def drain(self, method: str, endpoint: str, body: BinaryIO | None = None, **query: Any) -> int:
        """One request whose answer may be huge; how many bytes came.  The body is sent as it is read."""
        connection = _Connection(self._path)
        with contextlib.closing(connection):
            connection.request(method, _target(endpoint, query), body, {"Content-Type": "application/x-tar"})
            answer = connection.getresponse()
            buffer = bytearray(1 << 20)
            total, tail = 0, b""
            while count := answer.readinto(buffer):
                total += count
                tail = bytes(buffer[max(0, count - 300) : count])
            if answer.status >= 400 or b'"errorDetail"' in tail:
                raise RuntimeError(f"{method} {endpoint}: {answer.status} {tail.decode(errors='replace')}")
            return total

    @contextlib.contextmanager
    def upgraded(self, path: str, body: Any = None, **query: Any) -> Iterator[socket.socket]:
        """A hijacked connection, past its head."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._path)
            data = json.dumps(body or {}).encode()
            head = (
                f"POST {_target(path, query)} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(data)}\r\n\r\n"
            )
            connection.sendall(head.encode() + data)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += connection.recv(1) or b"\r\n\r\n"
            if b" 101 " not in answer.split(b"\r\n")[0]:
                raise RuntimeError(f"POST {path}: {answer.decode(errors='replace')}")
            yield connection


def _target(path: str, query: dict[str, Any]) -> str:
    return f"/v1.47{path}" + (f"?{urlencode(query)}" if query else "")
