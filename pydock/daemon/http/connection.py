"""One client's connection: bytes come in, requests go to their handlers one after the other, answers go out.

Made by the server for each client.  Heads are collected here, whole and bounded, before anything parses them.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import traceback
from typing import Protocol
from urllib.parse import quote, urlsplit

from pydock.daemon.http.exchange import Exchange
from pydock.daemon.http.head import LONGEST, BadHead, Head, parse, status_line
from pydock.daemon.http.hijack import Taken, hung_up
from pydock.daemon.http.query import Query, unescape
from pydock.daemon.http.request import NEWEST, OLDEST, Request, Version
from pydock.daemon.http.response import Response, error_response, text_response
from pydock.daemon.http.router import Router, cleaned, split_version
from pydock.daemon.http.status import status_of
from pydock.errors import InvalidParameter, PydockError, words_of

#: how long a head may take to come, in seconds
HEAD_LIMIT = 60.0
#: how long, and for how many bytes, what a client still sends is read after its answer, so that it gets to see that
LINGER, LINGER_BYTES = 2.0, 64 << 20
#: answers wait in the daemon up to this size for a slow client; then the handler waits
_WRITE_HIGH = 256 << 10
#: what the machine lacks: not where, but that it does is the news
_SHORTAGES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
#: what is wrong with a path that a client, or an image that it chose, came with
_NO_PATHS = (errno.ENAMETOOLONG, errno.ELOOP)

log = logging.getLogger("pydock")


class Owner(Protocol):
    """What a connection needs of its server."""

    router: Router
    connections: "set[Connection]"
    stopping: bool

    def left(self, connection: "Connection") -> None:
        """It is closed."""


class Connection(asyncio.Protocol):
    """See the module."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self.transport: asyncio.Transport
        self.gone = False
        self.ended = False
        self._buffer = bytearray()
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._taken: Taken | None = None
        self._lingering = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def stopping(self) -> bool:
        """Whether the daemon ends."""
        return self._owner.stopping

    # --- what asyncio tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self._owner.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._taken is not None:
            self._taken.feed(data)
        elif self._lingering:
            self._lingering -= len(data)
            if self._lingering <= 0:
                self.transport.abort()
        elif self._exchange is not None:
            self._exchange.feed(data)
        else:
            self._read_head(data)

    def eof_received(self) -> bool:
        """The client ended its side; True keeps ours open."""
        self.ended = True
        if self._taken is not None:
            self._taken.feed_eof()
        elif self._exchange is not None:
            self._exchange.ended()
        else:
            return False
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed."""
        self.gone = True
        self._stop_timer()
        self._writable.set()
        if self._taken is not None:
            self._taken.lost()
        if self._exchange is not None:
            self._exchange.ended()
        self._owner.left(self)

    def pause_writing(self) -> None:
        """The client does not read."""
        self._writable.clear()
        if self._taken is not None:
            self._taken.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writable.set()
        if self._taken is not None:
            self._taken.resume()

    # --- what the exchange asks: see `exchange.Line` ---

    async def drain(self) -> None:
        """Wait until the client takes more; others get their turn in any case."""
        if self._writable.is_set():
            await asyncio.sleep(0)
        else:
            await self._writable.wait()
        if self.gone or self.transport.is_closing():
            raise ConnectionAbortedError("the client went away")

    def peer_left(self) -> bool:
        """Whether the client is gone: a local socket tells that from a half-close, for others they are the same."""
        sock = self.transport.get_extra_info("socket")
        return sock is None or sock.family != socket.AF_UNIX or hung_up(self.transport)

    def take(self, taken: Taken) -> None:
        """Give all further events to `taken`."""
        self._taken = taken

    # --- what the server asks ---

    def stop(self) -> None:
        """The daemon ends: close where nothing is under way, break streams off, let other answers be finished."""
        if self._exchange is None:
            self.transport.close()
        elif self._exchange.attendance:
            self._exchange.attendance.interrupt()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        if self._task is not None:
            self._task.cancel()
        self.transport.abort()

    # --- requests ---

    def _read_head(self, data: bytes) -> None:
        buffer = self._buffer
        searched = max(0, len(buffer) - 3)
        if buffer:
            buffer += data
        text = buffer or data.lstrip(b"\r\n")
        end = text.find(b"\r\n\r\n", searched)
        if end < 0:
            if not buffer:
                buffer += text
            if len(buffer) > LONGEST:
                self._refuse(BadHead(431, "request header fields too large"))
            elif buffer.endswith(b"\n") and not buffer.endswith(b"\r\n"):
                self._refuse(BadHead(400, "malformed HTTP request"))
            elif buffer and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(HEAD_LIMIT, self.transport.abort)
            return
        self._stop_timer()
        whole, rest = bytes(text[: end + 4]), bytes(text[end + 4 :])
        buffer.clear()
        try:
            if end > LONGEST:
                raise BadHead(431, "request header fields too large")
            head = parse(whole)
        except BadHead as error:
            self._refuse(error)
            return
        self._exchange = Exchange(self, head, rest)
        self._task = asyncio.get_running_loop().create_task(self._serve(head, self._exchange))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, error: BadHead) -> None:
        """Answer what is no request; what follows cannot be told apart."""
        response = error_response(error.message, error.status)
        fields = [("Content-Type", response.content_type), ("Content-Length", str(len(response.body)))]
        self.transport.write(status_line(error.status, [*fields, ("Connection", "close")]) + response.body)
        self._linger()

    async def _serve(self, head: Head, exchange: Exchange) -> None:
        try:
            response = await self._answer(head, exchange)
            if response is not None:
                exchange.respond(response)
                # one who asks on and on and reads nothing is not answered on and on
                await self._writable.wait()
        except asyncio.CancelledError:
            exchange.reusable = False
        except Exception:
            log.error("Answer to %s %s failed:\n%s", head.method, head.target, traceback.format_exc())
            exchange.reusable = False
        self._task = None
        if self._taken is None:
            self._after(exchange)

    async def _answer(self, head: Head, exchange: Exchange) -> Response | None:
        try:
            path, _, query = head.target.partition("?")
            if not path.startswith("/"):
                path = _path_of(path)
            path = unescape(path)
            if (clean := cleaned(path)) != path:
                return Response(301, headers={"Location": quote(clean) + ("?" + query if query else "")})
            version, path = split_version(path)
            log.debug("Calling %s %s", head.method, head.target)
            handler, params = self._owner.router.resolve(head.method, path)
            request = Request(head.method, path, Query(query), head.headers, exchange, checked_version(version), params)
            return await handler(request)
        except TooOld as error:
            return text_response(f"{error.message}\n", 400)
        except PydockError as error:
            status = status_of(error)
            if status == 500:
                log.error("Handler for %s %s returned error: %s", head.method, head.target, error.message)
            return self._told(exchange, error.message, status)
        except ConnectionAbortedError:
            exchange.reusable = False
            return None
        except OSError as error:
            message = words_of(error)
            if error.errno in _NO_PATHS:
                return self._told(exchange, message, 400)
            if error.errno in _SHORTAGES:
                log.error("Handler for %s %s returned error: %s", head.method, head.target, message)
            else:
                log.error("Handler for %s %s failed:\n%s", head.method, head.target, traceback.format_exc())
            return self._told(exchange, message, 500)
        except Exception:
            log.error("Handler for %s %s failed:\n%s", head.method, head.target, traceback.format_exc())
            return self._told(exchange, "internal error: see the log of the daemon", 500)

    def _told(self, exchange: Exchange, message: str, status: int) -> Response | None:
        """The error as an answer; None, and an end of the connection, where an answer is under way already."""
        if not exchange.answered:
            return error_response(message, status)
        exchange.reusable = False
        if self._taken is not None:
            self.transport.close()
        return None

    def _after(self, exchange: Exchange) -> None:
        """Go on with the next request, or close."""
        self._exchange = None
        if self.gone:
            return
        if not exchange.answered:
            self.transport.abort()
        elif not exchange.settle():
            self._linger()
        else:
            exchange.resume()
            rest = exchange.remains()
            if rest:
                self._read_head(rest)
            elif self.ended:
                self.transport.close()
            if self.ended and self._exchange is None:
                self.transport.close()

    def _linger(self) -> None:
        """Close so that a client which still sends gets its answer: a close with unread bytes would reset it."""
        if self.ended or self.gone or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._lingering = LINGER_BYTES
        with contextlib.suppress(OSError):
            self.transport.write_eof()
        self.transport.resume_reading()
        self._timer = asyncio.get_running_loop().call_later(LINGER, self.transport.abort)


def _path_of(target: str) -> str:
    """The path in a target that is a whole URL, as proxies send it."""
    try:
        return urlsplit(target).path or "/"
    except ValueError as error:
        raise InvalidParameter(f"bad request: malformed target: {error}") from None


class TooOld(InvalidParameter):
    """A version whose clients know no errors in JSON."""


def checked_version(text: str) -> Version:
    """The version that a path names; refused, in Docker's words, where it is not spoken here."""
    if not text:
        return NEWEST
    numbers = [int(part[:9] or 0) for part in (*text.split("."), "0")[:2]]
    version = Version(*numbers)
    if version > NEWEST:
        raise InvalidParameter(f"client version {text[:32]} is too new. Maximum supported API version is {NEWEST}")
    if version < OLDEST:
        raise TooOld(
            f"client version {text[:32]} is too old. Minimum supported API version is {OLDEST}, "
            "please upgrade your client to a newer version"
        )
    return version
