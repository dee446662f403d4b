"""The server that the HTTP tests talk to: its handlers, its thread, and clients of plain bytes."""

import asyncio
import os
import select
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from pydock.daemon.api.go_json import GoObject, Int
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response, no_content, text_response
from pydock.daemon.http.router import Route, Router
from pydock.daemon.http.server import Server
from pydock.daemon.pipes import Pipe
from pydock.errors import Conflict, NotModified, System

LIMIT = 10.0


class Body(GoObject):
    """What ``/json`` takes."""

    GO: ClassVar = "bench.Body"

    a: Int = 0
    b: str = ""


class Bench:
    """The server in a thread of its own; with `tls` at ``port``.  ``told``: what the handlers saw happen."""

    def __init__(self, path: Path, grace: float = 0.2, tls: ssl.SSLContext | None = None) -> None:
        self.path = path
        self.port = 0
        self._tls = tls
        self.told: list[str] = []
        self.release = asyncio.Event()
        self._grace = grace
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._clients: list[Client] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Bench":
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        if not self._loop.is_closed():
            self.stop()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """End the server; returns at once."""
        self._loop.call_soon_threadsafe(self._over.set)

    def client(self) -> "Client":
        """One more connection."""
        client = Client(self.path)
        self._clients.append(client)
        return client

    def ask(self, text: bytes) -> bytes:
        """Send `text` on a connection of its own and give back all that comes until it closes."""
        client = self.client()
        client.send(text)
        return client.rest()

    def connections(self) -> int:
        """How many connections the server has."""
        return len(self.server.connections)

    def open_the_gate(self) -> None:
        """Let `/gate` answer."""
        self._loop.call_soon_threadsafe(self.release.set)

    def wait_until_told(self, what: str) -> None:
        """Wait for a handler to say `what`."""
        deadline = threading.Event()
        for _ in range(500):
            if what in self.told:
                return
            deadline.wait(0.02)
        raise AssertionError(f"nobody said {what!r}, but {self.told}")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.server = Server(Router(self._routes()), lambda: self.told.append("tidied"))
        sock = socket.socket(socket.AF_INET if self._tls else socket.AF_UNIX)
        sock.bind(("127.0.0.1", 0) if self._tls else os.fspath(self.path))
        sock.listen(4096)
        self.port = sock.getsockname()[1] if self._tls else 0
        await self.server.listen([sock], self._tls)
        self._ready.set()
        await self._over.wait()
        await self.server.close(self._grace)

    def _routes(self) -> list[Route]:
        return [
            Route("GET", "/_ping", self._ping),
            Route("HEAD", "/_ping", self._ping),
            Route("GET", "/version", self._version),
            Route("GET", "/params/{name:.*}/json", self._params),
            Route("POST", "/echo", self._echo),
            Route("POST", "/poured", self._poured),
            Route("POST", "/poured-half", self._poured_half),
            Route("POST", "/json", self._json),
            Route("POST", "/unread", self._ping),
            Route("GET", "/nothing", self._nothing),
            Route("GET", "/same", self._same),
            Route("GET", "/conflict", self._conflict),
            Route("GET", "/surrogate", self._surrogate),
            Route("GET", "/escape", self._escape),
            Route("GET", "/unwritable", self._unwritable),
            Route("GET", "/system", self._system),
            Route("GET", "/bug", self._bug),
            Route("GET", "/header", self._header),
            Route("GET", "/stream", self._stream),
            Route("GET", "/broken-stream", self._broken_stream),
            Route("GET", "/endless", self._endless),
            Route("GET", "/silent", self._silent),
            Route("GET", "/gate", self._gate),
            Route("GET", "/attended", self._attended),
            Route("POST", "/upper", self._upper),
            Route("POST", "/given-away", self._given_away),
            Route("GET", "/relayed", self._relayed),
            Route("GET", "/socket", self._socket),
        ]

    async def _ping(self, request: Request) -> Response:
        return text_response("OK")

    async def _version(self, request: Request) -> Response:
        return text_response(str(request.version))

    async def _params(self, request: Request) -> Response:
        return json_response([request.params["name"], request.query.all("q"), request.query.flag("on")])

    async def _echo(self, request: Request) -> Response:
        return Response(200, await request.read(1 << 24))

    async def _poured(self, request: Request) -> Response:
        with Pipe(reading=False) as pipe, os.fdopen(os.dup(pipe.far), "rb") as reader:
            pipe.close_far()
            content = asyncio.create_task(asyncio.to_thread(reader.read))
            try:
                await request.pour(pipe.near)
            except BaseException as error:
                self.told.append(f"poured: {type(error).__name__}")
                pipe.close_near()
                await content
                raise
            pipe.close_near()
            return Response(200, await content)

    async def _poured_half(self, request: Request) -> Response:
        with Pipe(reading=False) as pipe:
            pipe.close_far()
            try:
                await request.pour(pipe.near)
            except BrokenPipeError:
                return Response(200, b"%d" % sum([len(piece) async for piece in request.body]))
        return Response(200, b"all")

    async def _json(self, request: Request) -> Response:
        return json_response((await request.json(Body)).wire())

    async def _surrogate(self, request: Request) -> Response:
        raise Conflict("no name: \ud800")

    async def _escape(self, request: Request) -> Response:
        raise Conflict("no\n\tname: \x1b[31m\x9bm\r\u202e")

    async def _unwritable(self, request: Request) -> Response:
        return Response(200, b"", headers={"X": "\ud800"})

    async def _nothing(self, request: Request) -> Response:
        return no_content()

    async def _same(self, request: Request) -> Response:
        raise NotModified("already so")

    async def _conflict(self, request: Request) -> Response:
        raise Conflict("it is in use")

    async def _system(self, request: Request) -> Response:
        raise System("it failed")

    async def _bug(self, request: Request) -> Response:
        raise KeyError("/secret/path")

    async def _header(self, request: Request) -> Response:
        return Response(200, headers={"X-Name": request.query.text("name")})

    async def _stream(self, request: Request) -> None:
        async with request.stream() as out:
            for piece in (b"one\n", b"", b"two\n"):
                await out.write(piece)

    async def _broken_stream(self, request: Request) -> None:
        async with request.stream() as out:
            await out.write(b"one\n")
            raise System("it failed in the middle")

    async def _endless(self, request: Request) -> None:
        try:
            async with request.stream() as out:
                while True:
                    await out.write(b"x" * 65536)
        except ConnectionAbortedError:
            self.told.append("endless: aborted")
            raise

    async def _silent(self, request: Request) -> None:
        try:
            async with request.stream():
                self.told.append("silent: begun")
                await asyncio.Event().wait()
        except ConnectionAbortedError:
            self.told.append("silent: aborted")
            raise
        except asyncio.CancelledError:
            self.told.append("silent: cancelled")
            raise

    async def _gate(self, request: Request) -> Response:
        self.told.append("gate: waiting")
        await self.release.wait()
        return text_response("through")

    async def _attended(self, request: Request) -> Response:
        try:
            with request.attended():
                return await self._gate(request)
        except ConnectionAbortedError:
            self.told.append("attended: aborted")
            raise

    async def _upper(self, request: Request) -> None:
        await request.read()
        client = await request.hijack()
        try:
            while data := await client.read():
                await client.write(data.upper())
            await client.write(b"<end>")
        except ConnectionAbortedError:
            self.told.append("upper: aborted")
        client.close()

    async def _relayed(self, request: Request) -> None:
        """Give a websocket away and look when its other side hears that it is gone."""
        client = await request.websocket()
        descriptor, _, _ = client.detach()
        poll = select.poll()
        poll.register(descriptor, 0)
        while not poll.poll(0):
            await asyncio.sleep(0.01)
        os.close(descriptor)
        self.told.append("relayed: hung up")

    async def _given_away(self, request: Request) -> None:
        await request.read()
        client = await request.hijack()
        descriptor, early, head = client.detach()

        def serve() -> None:
            with socket.socket(fileno=descriptor) as sock:
                sock.setblocking(True)
                sock.sendall(head + b"early:" + early + b";")
                while data := sock.recv(65536):
                    sock.sendall(data.upper())
                sock.sendall(b"<end>")

        await asyncio.to_thread(serve)

    async def _socket(self, request: Request) -> None:
        client = await request.websocket()
        while data := await client.read():
            await client.write(data.upper())
        self.told.append("socket: ended")
        client.close()


class Client:
    """A connection of plain bytes."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(os.fspath(path))
        self._held = b""

    def send(self, text: bytes) -> None:
        """Send."""
        self.sock.sendall(text)

    def half_close(self) -> None:
        """Say that no more is sent."""
        self.sock.shutdown(socket.SHUT_WR)

    def until(self, end: bytes) -> bytes:
        """All up to and with `end`."""
        while end not in self._held:
            data = self.sock.recv(65536)
            if not data:
                raise AssertionError(f"the connection ended after {self._held!r}")
            self._held += data
        found, _, self._held = self._held.partition(end)
        return found + end

    def answer(self) -> tuple[bytes, bytes]:
        """An answer with a Content-Length, or none: head and body."""
        head = self.until(b"\r\n\r\n")
        length = next((line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-length" in line), b"0")
        while len(self._held) < int(length):
            self._held += self.sock.recv(65536)
        body, self._held = self._held[: int(length)], self._held[int(length) :]
        return head, body

    def rest(self) -> bytes:
        """All that comes until the end."""
        data, self._held = self._held, b""
        while more := self.sock.recv(65536):
            data += more
        return data

    def close(self) -> None:
        """Close."""
        self.sock.close()
