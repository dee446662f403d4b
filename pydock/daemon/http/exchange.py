"""One request and its answer on a connection: what `Request.exchange` is.

Made by the connection for each head.  It reads the body with back-pressure, writes the answer (whole, in pieces, or
none but a plain stream), and knows afterwards whether the connection can serve another request.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Protocol

from pydock.daemon import pipes
from pydock.daemon.http.body import BadBody
from pydock.daemon.http.head import Head, status_line, upgrade_line
from pydock.daemon.http.hijack import Hijacked, RawConnection, Taken
from pydock.daemon.http.pouring import Pouring
from pydock.daemon.http.response import Response
from pydock.daemon.http.websocket import WebSocket
from pydock.errors import InvalidParameter

#: Received bytes of a body that may wait for the handler, before the client is made to wait.
HIGH = 256 << 10
_GONE = "the client went away"
_BODILESS = frozenset((204, 304))


class Line(Protocol):
    """The connection under an exchange."""

    transport: asyncio.Transport
    #: nothing can be sent any more
    gone: bool
    #: the client ended its side
    ended: bool

    @property
    def stopping(self) -> bool:
        """Whether the daemon ends."""

    async def drain(self) -> None:
        """Wait until the client takes more."""

    def peer_left(self) -> bool:
        """Whether the client is gone for good (and has not just ended its side)."""

    def take(self, taken: Taken) -> None:
        """Give all further events of the connection to `taken`."""


class Exchange:
    """See `pydock.daemon.http.request.Exchange`."""

    def __init__(self, line: Line, head: Head, rest: bytes) -> None:
        self._line = line
        self.head = head
        self._body = head.body
        #: bytes that follow the request; with a body, it holds them
        self._rest = rest
        self._arrived = asyncio.Event()
        self._unread = 0
        self._paused = False
        self._continued = False
        #: what the handler is at, while that is for nobody but the client
        self.attendance: Attendance | None = None
        #: a head was sent
        self.answered = False
        #: another request can follow the answer
        self.reusable = head.keep_alive
        if self._body is not None and rest:
            self._body.feed(rest)
        self._count(rest)

    # --- what the connection tells ---

    def feed(self, data: bytes) -> None:
        """Bytes came while the handler is at work."""
        if self._body is None:
            self._rest += data
        else:
            self._body.feed(data)
        self._count(data)
        self._arrived.set()

    def _count(self, data: bytes) -> None:
        self._unread += len(data)
        if self._unread > HIGH:
            self._paused = True
            self._line.transport.pause_reading()

    def ended(self) -> None:
        """The client ended its side, or is gone."""
        self._arrived.set()
        if self.attendance and (self._line.gone or self._line.peer_left()):
            self.attendance.interrupt()

    def remains(self) -> bytes | None:
        """What follows the request, to be read as the next; None where its body has not come whole."""
        if self._body is None:
            return self._rest
        try:
            self._body.take()
        except BadBody:
            return None
        return self._body.rest() if self._body.complete else None

    def resume(self) -> None:
        """Let bytes come again."""
        if self._paused and not self._line.gone:
            self._paused = False
            self._line.transport.resume_reading()

    # --- what the request asks for ---

    async def body(self) -> AsyncIterator[bytes]:
        """See `request.Exchange.body`."""
        if self._body is None:
            return
        self._continue()
        while not self._body.complete:
            try:
                piece = self._body.take()
            except BadBody:
                self.reusable = False
                raise InvalidParameter("malformed request body") from None
            if piece:
                yield piece
            elif not self._body.complete:
                await self._more()

    async def pour(self, target: int) -> None:
        """See `request.Exchange.pour`."""
        body, transport = self._body, self._line.transport
        if body is None or body.complete:
            return
        sock = transport.get_extra_info("socket")
        if sock is None or transport.get_extra_info("sslcontext") is not None:
            async for piece in self.body():
                await pipes.write(target, piece)
            return
        if self._line.gone:
            raise ConnectionAbortedError(_GONE)
        self._continue()
        self._paused = True
        transport.pause_reading()
        try:
            await Pouring(sock.fileno(), body, target).run()
        except BadBody:
            self.reusable = False
            raise InvalidParameter("malformed request body") from None
        finally:
            self._unread = 0
            self.resume()

    def _continue(self) -> None:
        if not self._continued:
            self._continued = True
            if self.head.waiting and not self.answered:
                self._line.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _more(self) -> None:
        if self._line.gone or self._line.ended:
            raise ConnectionAbortedError(_GONE)
        self._unread = 0
        self._arrived.clear()
        self.resume()
        await self._arrived.wait()

    def attended(self) -> "Attendance":
        """See `request.Exchange.attended`."""
        return Attendance(self._line, self)

    def stream(
        self, status: int, content_type: str, headers: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager["ChunkStream"]:
        """See `request.Exchange.stream`."""
        fields = [("Content-Type", content_type)] if content_type else []
        fields += headers.items()
        return ChunkStream(self._line, self, status, fields)

    async def hijack(self, content_type: str, *, bare: bool) -> Hijacked:
        """See `request.Exchange.hijack`."""
        upgraded = "upgrade" in self.head.headers
        early = await self._take_over()
        line = upgrade_line(content_type, upgraded, bare)
        raw = RawConnection(self._line.transport, line, early, self._line.ended)
        self._line.take(raw)
        return raw

    async def websocket(self) -> Hijacked:
        """See `request.Exchange.websocket`."""
        headers = self.head.headers
        if "websocket" not in headers.tokens("upgrade") or self.head.method != "GET":
            raise InvalidParameter("bad request: not a websocket handshake")
        socket = WebSocket(self._line.transport, self.head.target, headers)
        early = await self._take_over()
        self._line.take(socket)
        socket.begin(early, self._line.ended)
        return socket

    async def _take_over(self) -> bytes:
        """Wait for the end of the request; from then on the connection is no more HTTP's.  Returns what came early."""
        async for _ in self.body():
            pass
        early = self.remains()
        if self._line.gone or early is None:
            raise ConnectionAbortedError(_GONE)
        self.answered = True
        self.reusable = False
        self.resume()
        return early

    # --- the answer ---

    def respond(self, response: Response) -> None:
        """Send a whole answer."""
        if self._line.gone:
            return
        fields = [("Content-Type", response.content_type)] if response.content_type else []
        fields += response.headers.items()
        body = response.body
        if response.status in _BODILESS:
            body = b""
        elif "Content-Length" not in response.headers:
            fields.append(("Content-Length", str(len(body))))
        if response.closes:
            self.reusable = False
        if not self.settle():
            fields.append(("Connection", "close"))
        if self.head.method == "HEAD":
            body = b""
        self.answered = True
        self._line.transport.write(status_line(response.status, fields) + body)

    def settle(self) -> bool:
        """Decide whether another request can follow: not where the body has not come, or the daemon is stopping."""
        if self.reusable and (self._line.stopping or self.remains() is None):
            self.reusable = False
        return self.reusable


class Attendance:
    """The task that entered it is cancelled when the client goes, or the daemon ends."""

    def __init__(self, line: Line, exchange: Exchange) -> None:
        self._line = line
        self._exchange = exchange
        self._task: asyncio.Task[object] | None = None
        self._cancelled = False

    def __enter__(self) -> None:
        line = self._line
        if line.gone:
            raise ConnectionAbortedError(_GONE)
        self._exchange.attendance = self
        self._task = asyncio.current_task()
        if line.ended and line.peer_left():
            self.interrupt()

    def interrupt(self) -> None:
        """Cancel the handler: nobody hears it any more, or the daemon ends."""
        if self._task is not None and not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        self._exchange.attendance = None
        if self._cancelled and task is not None and isinstance(error, asyncio.CancelledError) and task.uncancel() == 0:
            raise ConnectionAbortedError(_GONE) from None


class ChunkStream:
    """A streamed answer, as `Request.stream` gives it; the task that entered it is cancelled when the client goes."""

    def __init__(self, line: Line, exchange: Exchange, status: int, fields: list[tuple[str, str]]) -> None:
        self._line = line
        self._exchange = exchange
        self._status = status
        self._fields = fields
        self._chunked = not exchange.head.http_1_0
        self._silent = exchange.head.method == "HEAD"
        self._attendance = Attendance(line, exchange)

    async def __aenter__(self) -> "ChunkStream":
        line, exchange = self._line, self._exchange
        if line.gone:
            raise ConnectionAbortedError(_GONE)
        if self._chunked:
            self._fields.append(("Transfer-Encoding", "chunked"))
        if not exchange.reusable or line.stopping:
            exchange.reusable = False
            self._fields.append(("Connection", "close"))
        exchange.answered = True
        line.transport.write(status_line(self._status, self._fields))
        self._attendance.__enter__()
        return self

    async def write(self, data: bytes) -> None:
        """See `request.Stream`."""
        if self._line.gone:
            raise ConnectionAbortedError(_GONE)
        if data and not self._silent:
            self._line.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
            await self._line.drain()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            if self._chunked and not self._silent and not self._line.gone:
                self._line.transport.write(b"0\r\n\r\n")
        else:
            self._exchange.reusable = False
        self._attendance.__exit__(kind, error, trace)
