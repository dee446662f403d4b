"""What can be looked at in a container and taken out of it: logs, statistics."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.logs import LogRequest, LogStream
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, encode_json, json_response
from pydock.daemon.http.router import Route
from pydock.errors import InvalidParameter

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


class Catalog(Protocol):
    """See `pydock.daemon.containers.catalog.Catalog`."""

    def find(self, reference: str) -> Entry: ...


class Logs(Protocol):
    """See `pydock.daemon.containers.logs.Logs`."""

    async def open(self, entry: Entry, request: LogRequest) -> LogStream: ...


class Statistics(Protocol):
    """See `pydock.daemon.containers.stats.Statistics`."""

    async def once(self, entry: Entry, one_shot: bool) -> dict[str, Any]: ...

    def stream(self, entry: Entry) -> AsyncGenerator[dict[str, Any]]: ...


def routes(catalog: Catalog, logs: Logs, statistics: Statistics) -> list[Route]:
    """The routes of this module."""
    observers = Observers(catalog, logs, statistics)
    return [
        Route("GET", "/containers/{name}/logs", observers.logs),
        Route("GET", "/containers/{name}/stats", observers.stats),
    ]


class Observers:
    """The handlers."""

    def __init__(self, catalog: Catalog, logs: Logs, statistics: Statistics) -> None:
        self._catalog = catalog
        self._logs = logs
        self._statistics = statistics

    async def logs(self, request: Request) -> Response | None:
        """``GET /containers/{name}/logs``."""
        query = request.query
        wanted = LogRequest(
            stdout=query.flag("stdout"),
            stderr=query.flag("stderr"),
            follow=query.flag("follow"),
            since=query.moment("since") or 0,
            until=query.moment("until") or 0,
            tail=_tail(query.text("tail")),
            timestamps=query.flag("timestamps"),
            details=query.flag("details"),
        )
        if not (wanted.stdout or wanted.stderr):
            raise InvalidParameter("Bad parameters: you must choose at least one stream")
        entry = self._catalog.find(request.params["name"])
        framed = not entry.record.config.get("Tty") and request.version >= (1, 42)
        stream = await self._logs.open(entry, wanted)
        try:
            async with request.stream(200, MULTIPLEXED if framed else RAW) as out:
                async for piece in stream:
                    await out.write(piece)
        finally:
            await stream.close()
        return None

    async def stats(self, request: Request) -> Response | None:
        """``GET /containers/{name}/stats``."""
        entry = self._catalog.find(request.params["name"])
        streaming, one_shot = request.query.flag("stream", True), request.query.flag("one-shot")
        if streaming and one_shot:
            raise InvalidParameter("cannot have stream=true and one-shot=true")
        if not streaming:
            return json_response(await self._statistics.once(entry, one_shot and request.version >= (1, 41)))
        async with request.stream() as out, contextlib.aclosing(self._statistics.stream(entry)) as samples:
            async for sample in samples:
                await out.write(encode_json(sample))
        return None


def _tail(text: str) -> int | None:
    """How many lines; None for all, which is also what Docker makes of anything that is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
