"""What can be looked at in a container, taken out of it and put into it: logs, statistics, processes, files.

Parses, calls, encodes; the services are those of `pydock.daemon.containers`.
"""

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from pydock.daemon.containers.archive import Put
from pydock.daemon.containers.catalog import Entry
from pydock.daemon.containers.logs import LogRequest, LogStream
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, encode_json, json_response
from pydock.daemon.http.router import Route
from pydock.errors import InvalidParameter
from pydock.worker.container_files import Change, PathStat

TAR = "application/x-tar"
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


class Top(Protocol):
    """See `pydock.daemon.containers.top.Top`."""

    async def list(self, entry: Entry, ps_arguments: str) -> dict[str, Any]: ...


class Archive(Protocol):
    """See `pydock.daemon.containers.archive.Archive`."""

    async def stat(self, entry: Entry, name: str, path: str) -> PathStat: ...

    def get(
        self, entry: Entry, name: str, path: str
    ) -> AbstractAsyncContextManager[tuple[PathStat, AsyncIterator[bytes]]]: ...

    async def put(self, entry: Entry, name: str, put: Put, pour: Callable[[int], Awaitable[None]]) -> None: ...

    def export(self, entry: Entry) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...

    async def changes(self, entry: Entry) -> list[Change]: ...


def routes(catalog: Catalog, logs: Logs, statistics: Statistics, top: Top, archive: Archive) -> list[Route]:
    """The routes of this module."""
    observers = Observers(catalog, logs, statistics, top)
    files = Files(catalog, archive)
    return [
        Route("GET", "/containers/{name:.*}/top", observers.top),
        Route("HEAD", "/containers/{name:.*}/archive", files.stat),
        Route("GET", "/containers/{name:.*}/archive", files.get),
        Route("PUT", "/containers/{name:.*}/archive", files.put),
        Route("GET", "/containers/{name:.*}/changes", files.changes),
        Route("GET", "/containers/{name:.*}/export", files.export),
        Route("GET", "/containers/{name:.*}/logs", observers.logs),
        Route("GET", "/containers/{name:.*}/stats", observers.stats),
    ]


class Observers:
    """The handlers."""

    def __init__(self, catalog: Catalog, logs: Logs, statistics: Statistics, top: Top) -> None:
        self._catalog = catalog
        self._logs = logs
        self._statistics = statistics
        self._top = top

    async def logs(self, request: Request) -> Response | None:
        """``GET /containers/{name}/logs``."""
        query = request.query
        stdout, stderr = query.flag("stdout"), query.flag("stderr")
        if not (stdout or stderr):
            raise InvalidParameter("Bad parameters: you must choose at least one stream")
        entry = self._catalog.find(request.params["name"])
        wanted = LogRequest(
            stdout=stdout,
            stderr=stderr,
            follow=query.flag("follow"),
            since=query.moment("since") or 0,
            until=query.moment("until") or 0,
            tail=_tail(query.text("tail")),
            timestamps=query.flag("timestamps"),
            details=query.flag("details"),
        )
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

    async def top(self, request: Request) -> Response:
        """``GET /containers/{name}/top``."""
        entry = self._catalog.find(request.params["name"])
        return json_response(await self._top.list(entry, request.query.text("ps_args") or "-ef"))


class Files:
    """The handlers of files in containers."""

    def __init__(self, catalog: Catalog, archive: Archive) -> None:
        self._catalog = catalog
        self._archive = archive

    async def stat(self, request: Request) -> Response:
        """``HEAD /containers/{name}/archive``."""
        entry, name, path = self._target(request)
        return Response(200, headers=_stat_header(await self._archive.stat(entry, name, path)))

    async def get(self, request: Request) -> None:
        """``GET /containers/{name}/archive``."""
        entry, name, path = self._target(request)
        async with self._archive.get(entry, name, path) as (found, pieces):
            async with request.stream(200, TAR, _stat_header(found)) as out:
                async for piece in pieces:
                    await out.write(piece)

    async def put(self, request: Request) -> Response:
        """``PUT /containers/{name}/archive``."""
        entry, name, path = self._target(request)
        put = Put(path, request.query.flag("noOverwriteDirNonDir"), request.query.flag("copyUIDGID"))
        await self._archive.put(entry, name, put, request.pour)
        return Response(200)

    async def changes(self, request: Request) -> Response:
        """``GET /containers/{name}/changes``."""
        changes = await self._archive.changes(self._catalog.find(request.params["name"]))
        return json_response([{"Path": change.path, "Kind": change.kind} for change in changes] or None)

    async def export(self, request: Request) -> None:
        """``GET /containers/{name}/export``."""
        async with self._archive.export(self._catalog.find(request.params["name"])) as pieces:
            async with request.stream(200, "application/octet-stream") as out:
                async for piece in pieces:
                    await out.write(piece)

    def _target(self, request: Request) -> tuple[Entry, str, str]:
        path = request.query.text("path")
        if not path:
            raise InvalidParameter("bad parameter: pathcannot be empty")
        if "\0" in path:
            raise InvalidParameter("bad parameter: path cannot hold a zero byte")
        name = request.params["name"]
        return self._catalog.find(name), name, path


def _stat_header(found: PathStat) -> dict[str, str]:
    text = json.dumps(found.wire(), separators=(",", ":")).encode()
    return {"X-Docker-Container-Path-Stat": base64.b64encode(text).decode()}


def _tail(text: str) -> int | None:
    """How many lines; None for all, which is also what Docker makes of anything that is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
