"""The direct transport: HTTP/1.1 on a socket of our own, for small JSON, long streams, bulk files and upgrades.

Built on the C modules below `socket` and `http.client`, since importing those costs more than all the requests of
a `run`.  Called by `engine.Engine`; `session` is the other transport, for proxies.
"""

import os
from _socket import AF_UNIX, SHUT_WR, SOCK_STREAM, socket

from pydock.errors import System, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydock.client.address import Address
    from pydock.client.network import TlsSocket

    Body = bytes | Iterable[bytes] | int | None

READ_SIZE = 1 << 18
MAX_HEAD = 1 << 16
CLOEXEC = 0o2000000


class Closed(System):
    """The daemon closed the connection before it answered."""


class Headers(dict[str, str]):
    """An answer's headers by their lower-case names."""


class Connection:
    """One connection to the daemon: bytes out, bytes in with what came early kept."""

    def __init__(self, address: "Address") -> None:
        self.address = address
        self.sock = _connect(address)
        self.early = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def send_pieces(self, pieces: "list[bytes]") -> None:
        """Send `pieces` one after another, in one call where the kernel takes them all."""
        if not isinstance(self.sock, socket):
            self.sock.sendall(b"".join(pieces))
            return
        sent = self.sock.sendmsg(pieces)
        if sent < sum(map(len, pieces)):
            self.sock.sendall(memoryview(b"".join(pieces))[sent:])

    def receive(self, size: int = READ_SIZE) -> bytes:
        """What came, up to `size` bytes; b"" at the end."""
        if self.early:
            data, self.early = self.early[:size], self.early[size:]
            return data
        return self.sock.recv(size)

    def read_until(self, mark: bytes, limit: int) -> bytes:
        """Everything up to and with `mark`; Closed where the stream ends before."""
        buffer = self.early
        start = 0
        while (at := buffer.find(mark, start)) < 0:
            if len(buffer) > limit:
                raise System("malformed HTTP response: the header is too long")
            start = max(0, len(buffer) - len(mark) + 1)
            data = self.sock.recv(READ_SIZE)
            if not data:
                raise Closed("the connection was closed before the answer came")
            buffer += data
        end = at + len(mark)
        self.early = buffer[end:]
        return buffer[:end]

    def close_write(self) -> None:
        """Tell the other side that nothing more comes; what it sends can still be read."""
        try:
            self.sock.shutdown(SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()


def _connect(address: "Address") -> "socket | TlsSocket":
    if address.scheme == "unix":
        sock = socket(AF_UNIX, SOCK_STREAM | CLOEXEC)
        try:
            sock.connect(address.path)
        except OSError as error:
            sock.close()
            raise unreachable(address, error) from error
        return sock
    if address.scheme == "ssh":
        from pydock.client import ssh

        return ssh.connect(address)
    from pydock.client import network

    return network.connect(address)


def unreachable(address: "Address", error: OSError) -> Unavailable:
    """The error that tells why the daemon can't be reached."""
    if isinstance(error, PermissionError):
        return Unavailable(
            f"permission denied while trying to connect to the Docker daemon socket at {address.text}: "
            f"connect: {os.strerror(error.errno or 0).lower()}"
        )
    return Unavailable(f"Cannot connect to the Docker daemon at {address.text}. Is the docker daemon running?")


class Response:
    """An answer whose head is read; its body is read by one of `read`, `chunks`, or `upgraded`."""

    def __init__(self, connection: Connection, status: int, headers: Headers, empty: bool) -> None:
        self.connection = connection
        self.status = status
        self.headers = headers
        length = headers.get("content-length")
        self._chunked = "chunked" in headers.get("transfer-encoding", "")
        self._left = 0 if empty else int(length) if length is not None and not self._chunked else -1
        if empty:
            self._chunked = False
        self.reusable = (self._chunked or self._left >= 0) and headers.get("connection", "").lower() != "close"
        self.finished = self._left == 0 and not self._chunked

    def chunks(self) -> "Iterator[bytes]":
        """The body as it comes."""
        if self._chunked:
            yield from self._dechunk()
        else:
            while self._left:
                data = self.connection.receive(READ_SIZE if self._left < 0 else min(self._left, READ_SIZE))
                if not data:
                    if self._left > 0:
                        raise Closed("unexpected EOF")
                    break
                if self._left > 0:
                    self._left -= len(data)
                yield data
        self.finished = True

    def _dechunk(self) -> "Iterator[bytes]":
        """The body's chunks, all that one read brought put together: a log has a chunk a line."""
        connection = self.connection
        buffer, connection.early = connection.early, b""
        while True:
            pieces: list[bytes] = []
            position, end = 0, len(buffer)
            while (line := buffer.find(b"\r\n", position)) >= 0:
                size = int(buffer[position:line].partition(b";")[0], 16)
                start, stop = line + 2, line + 2 + size
                if not size:
                    connection.early = buffer[start:]
                    if pieces:
                        yield b"".join(pieces)
                    self._trailer()
                    return
                if stop + 2 > end:
                    if size > READ_SIZE:
                        # don't hold back a long chunk until all of it is there
                        if pieces:
                            yield b"".join(pieces)
                            pieces = []
                        yield from self._long_chunk(buffer[start:], size)
                        buffer, connection.early = connection.early, b""
                        position, end = 0, len(buffer)
                        continue
                    break
                pieces.append(buffer[start:stop])
                position = stop + 2
            if pieces:
                yield pieces[0] if len(pieces) == 1 else b"".join(pieces)
            buffer = buffer[position:]
            data = connection.sock.recv(READ_SIZE)
            if not data:
                raise Closed("unexpected EOF")
            buffer = buffer + data if buffer else data

    def _long_chunk(self, begun: bytes, size: int) -> "Iterator[bytes]":
        connection = self.connection
        connection.early = begun
        while size:
            data = connection.receive(min(size, READ_SIZE))
            if not data:
                raise Closed("unexpected EOF")
            size -= len(data)
            yield data
        connection.read_until(b"\r\n", 2)

    def _trailer(self) -> None:
        while self.connection.read_until(b"\r\n", MAX_HEAD) != b"\r\n":
            pass

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Give up the rest of the body."""
        self.connection.close()


def send_head(connection: Connection, method: str, target: str, headers: "Mapping[str, str]", body: "Body") -> None:
    """Send a request's head, with the body in the same packet where it is short."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    payload = b""
    if isinstance(body, bytes):
        lines.append(f"Content-Length: {len(body)}")
        payload = body
    elif isinstance(body, int) and (length := file_length(body)) >= 0:
        lines.append(f"Content-Length: {length}")
    elif body is not None:
        lines.append("Transfer-Encoding: chunked")
    elif method in ("POST", "PUT") and "Upgrade" not in headers:
        lines.append("Content-Length: 0")
    head = "\r\n".join(lines) + "\r\n\r\n"
    connection.send(head.encode("latin-1", "replace") + payload)


def file_length(descriptor: int) -> int:
    """What is left to read of a regular file; -1 for anything else."""
    found = os.fstat(descriptor)
    if found.st_mode & 0o170000 != 0o100000:
        return -1
    return max(found.st_size - os.lseek(descriptor, 0, os.SEEK_CUR), 0)


def send_body(connection: Connection, body: "Iterable[bytes] | int") -> None:
    """Send a body: a number is a file, all else goes chunk by chunk, since nobody knows its length."""
    if isinstance(body, int) and (length := file_length(body)) >= 0:
        _send_file(connection, body, length)
        return
    for data in _file_blocks(body) if isinstance(body, int) else body:
        if data:
            connection.send_pieces([b"%x\r\n" % len(data), data, b"\r\n"])
    connection.send(b"0\r\n\r\n")


def _file_blocks(descriptor: int) -> "Iterator[bytes]":
    while data := read_from(descriptor, READ_SIZE):
        yield data


def read_from(descriptor: int, size: int) -> bytes:
    """What comes next, b"" at the end; waits where it does not block: who shares the descriptor may have made it so."""
    while True:
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            import select

            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()


def read_all(descriptor: int) -> bytes:
    """All that comes to the end."""
    return b"".join(_file_blocks(descriptor))


def _send_file(connection: Connection, descriptor: int, length: int) -> None:
    while length:
        if isinstance(connection.sock, socket):
            sent = os.sendfile(connection.sock.fileno(), descriptor, None, length)
        else:
            data = os.read(descriptor, min(length, READ_SIZE))
            connection.send(data)
            sent = len(data)
        if not sent:
            raise System("the file has become shorter while it was sent")
        length -= sent


def receive_head(connection: Connection, method: str) -> Response:
    """Read the head of the answer; 1xx answers other than 101 are passed over."""
    while True:
        head = connection.read_until(b"\r\n\r\n", MAX_HEAD).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise System(f"malformed HTTP response {first!r}")
        status = int(rest[:3])
        headers = Headers()
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if status >= 200 or status == 101:
            return Response(connection, status, headers, method == "HEAD" or status in (204, 304))
