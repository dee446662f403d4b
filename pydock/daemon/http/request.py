"""A request as a handler sees it: what came, and the ways to answer that a `Response` cannot give.

Made by the connection.  A handler returns a `Response`, or streams (`stream`), or takes the connection
over (`hijack`, `websocket`) and returns None.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self, TypeVar

from pydock import json_mistakes
from pydock.daemon.http.headers import Headers
from pydock.daemon.http.hijack import Hijacked
from pydock.daemon.http.query import Query
from pydock.daemon.http.response import JSON
from pydock.errors import InvalidParameter

#: The longest JSON body, in bytes; a create with thousands of environment variables takes a hundredth of it.
MAX_JSON = 8 << 20
#: A body longer than this is parsed in a thread, so that others don't wait for it.
_PARSE_HERE = 64 << 10


class Version(NamedTuple):
    """An API version; compares with plain tuples: ``request.version >= (1, 44)``."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


#: what an unversioned path is answered as
NEWEST = Version(1, 50)
#: the oldest version that is spoken
OLDEST = Version(1, 24)


class Model(Protocol):
    """What a JSON body is read as: a wire object of `pydock.daemon.api`."""

    @classmethod
    def model_validate_json(cls, data: bytes) -> Self:
        """The object that is written in `data`; ValueError where it is none."""

    @classmethod
    def mistyped(cls, data: bytes) -> str:
        """What Go says of the first value of a wrong type in JSON, "" where there is none."""


M = TypeVar("M", bound=Model)


class Stream(Protocol):
    """An answer whose body is written piece by piece."""

    async def write(self, data: bytes) -> None:
        """Send `data` as one chunk; waits while the client is slow."""


class Exchange(Protocol):
    """What the connection does for a request: the other side of `Request`."""

    def body(self) -> AsyncIterator[bytes]:
        """The pieces of the request's body."""

    async def pour(self, target: int) -> None:
        """Write what is left of the body to descriptor `target`."""

    def attended(self) -> contextlib.AbstractContextManager[None]:
        """Cancel the block when the client goes."""

    def stream(
        self, status: int, content_type: str, headers: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager[Stream]:
        """Send the head; the body follows."""

    async def hijack(self, content_type: str, *, bare: bool) -> Hijacked:
        """Answer the head and hand the bare connection over."""

    async def websocket(self) -> Hijacked:
        """Shake hands as a websocket and hand its data over."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.  ``path`` is unescaped and without version; ``params`` are what the route's pattern found."""

    method: str
    path: str
    query: Query
    headers: Headers
    exchange: Exchange
    version: Version = NEWEST
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they come: reading slowly makes the client wait.

        Raises ConnectionAbortedError when the client goes in the middle of it.
        """
        return self.exchange.body()

    async def pour(self, target: int) -> None:
        """Write the body, as it comes, to `target`, a pipe's non-blocking end: for bodies of any size.

        Raises ConnectionAbortedError when the client goes in the middle of it, BrokenPipeError when the pipe's reader
        does; what has not been read by then is left in `body`.
        """
        await self.exchange.pour(target)

    async def read(self, limit: int = MAX_JSON) -> bytes:
        """The whole body; one longer than `limit` is refused."""
        pieces, size = [], 0
        async for piece in self.body:
            size += len(piece)
            if size > limit:
                raise InvalidParameter(f"request body is too large: the limit is {limit} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    async def json(self, model: type[M], *, required: bool = False) -> M:
        """The body as a `model`; wants a JSON content type.

        An empty body is an empty object, as in Docker, or refused where it is `required`.
        """
        data = await self._json_body(required)
        return await asyncio.to_thread(_parsed, model, data) if len(data) > _PARSE_HERE else _parsed(model, data)

    async def _json_body(self, required: bool = False) -> bytes:
        content_type = self.headers.get("content-type")
        data = b"" if not content_type and self.headers.get("content-length") == "0" else await self.read()
        if data or content_type:
            check_json(content_type)
        if required and not data.strip():
            raise InvalidParameter("invalid JSON: got EOF while reading request body")
        return data if data.strip() else b"{}"

    def attended(self) -> contextlib.AbstractContextManager[None]:
        """For what takes as long as somebody outside likes: ``with request.attended(): answer = await ...``.

        When the client goes, or the daemon ends, the block is cancelled and the `with` raises ConnectionAbortedError.
        """
        return self.exchange.attended()

    def stream(
        self, status: int = 200, content_type: str = JSON, headers: Mapping[str, str] | None = None
    ) -> contextlib.AbstractAsyncContextManager[Stream]:
        """Answer piece by piece: ``async with request.stream(...) as out: await out.write(...)``.

        The head is sent at once.  When the client goes, the block is cancelled and the `async with` raises
        ConnectionAbortedError.  What the block raises cuts the connection, as there is no status left to tell it by.
        """
        return self.exchange.stream(status, content_type, headers or {})

    async def hijack(self, content_type: str = "application/vnd.docker.raw-stream", *, bare: bool = False) -> Hijacked:
        """Take the connection over: 101 where the client asked for an upgrade, otherwise 200 and a raw stream.

        ``bare`` leaves out of the answer what all others say of the engine, as Docker does for an attach.
        Read the body first where the request has one.  Nothing can be answered afterwards but on the stream.
        """
        return await self.exchange.hijack(content_type, bare=bare)

    async def websocket(self) -> Hijacked:
        """Take the connection over as a websocket; its binary messages are the stream."""
        return await self.exchange.websocket()


def check_json(content_type: str) -> None:
    """Refuse, in Docker's words, a content type that is not JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        raise InvalidParameter(f"malformed Content-Type header ({content_type}): mime: no media type")
    if media_type != JSON:
        raise InvalidParameter(f"unsupported Content-Type header ({content_type}): must be '{JSON}'")


def _parsed(model: type[M], data: bytes) -> M:
    try:
        return model.model_validate_json(data)
    except ValueError:
        raise InvalidParameter(_explain(model, data)) from None


def _explain(model: type[M], data: bytes) -> str:
    """What Go's decoder says of a body: of its first value's syntax, of that value's types, of what follows it."""
    syntax = json_mistakes.explain(data)
    if syntax and syntax != json_mistakes.CONTENT_AFTER:
        return f"invalid JSON: {syntax}"
    try:
        mistyped = model.mistyped(data)
    except RecursionError:
        return "invalid JSON: exceeded max depth"
    except ValueError:
        mistyped = ""
    if mistyped:
        return f"invalid JSON: {mistyped}"
    return syntax or "invalid JSON: a string in it is not Unicode"
