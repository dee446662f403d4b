"""The endpoints of exec: create, start, inspect, resize."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydock.daemon.api.exec import ExecCreate, ExecStart
from pydock.daemon.containers.attachments import ClientConnection
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.exec import ExecRequest, StartOptions
from pydock.daemon.containers.spec_builder import ExecOptions
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response
from pydock.daemon.http.router import Route
from pydock.daemon.routes.container_life import stream_type, terminal_size
from pydock.errors import InvalidParameter


class ExecService(Protocol):
    """See `pydock.daemon.containers.exec.ExecService`."""

    def create(self, entry: Entry, name: str, request: ExecRequest) -> Awaitable[str]: ...

    def start(
        self, identity: str, options: StartOptions, take: Callable[[], Awaitable[ClientConnection]]
    ) -> Awaitable[None]: ...

    def inspect(self, identity: str) -> Awaitable[dict[str, Any]]: ...

    def resize(self, identity: str, height: int, width: int) -> Awaitable[None]: ...


def routes(catalog: Catalog, execs: ExecService) -> list[Route]:
    """The routes of this module."""
    handlers = Execs(catalog, execs)
    return [
        Route("POST", "/containers/{id:.*}/exec", handlers.create),
        Route("POST", "/exec/{id}/start", handlers.start),
        Route("GET", "/exec/{id}/json", handlers.inspect),
        Route("POST", "/exec/{id}/resize", handlers.resize),
    ]


class Execs:
    """Their handlers."""

    def __init__(self, catalog: Catalog, execs: ExecService) -> None:
        self._catalog = catalog
        self._execs = execs

    async def create(self, request: Request) -> Response:
        """``POST /containers/{id}/exec``."""
        body = await request.json(ExecCreate)
        name = request.params["id"]
        if not body.Cmd:
            raise InvalidParameter("No exec command specified")
        options = ExecOptions(
            args=tuple(body.Cmd),
            env=tuple(body.Env or ()),
            user=body.User,
            working_dir=body.WorkingDir,
            tty=body.Tty,
            privileged=body.Privileged,
            console_size=_size(body.ConsoleSize) if body.Tty else (0, 0),
        )
        wanted = ExecRequest(options, body.AttachStdin, body.AttachStdout, body.AttachStderr, body.DetachKeys)
        return json_response({"Id": await self._execs.create(self._catalog.find(name), name, wanted)}, 201)

    async def start(self, request: Request) -> Response | None:
        """``POST /exec/{id}/start``: a stream, unless it is detached."""
        body = await request.json(ExecStart)
        size = _size(body.ConsoleSize) if body.Tty and request.version >= (1, 42) else (0, 0)
        content_type = stream_type(request, body.Tty)
        options = StartOptions(body.Detach, body.Tty, size)
        await self._execs.start(request.params["id"], options, lambda: request.hijack(content_type))
        return Response(200) if body.Detach else None

    async def inspect(self, request: Request) -> Response:
        """``GET /exec/{id}/json``."""
        return json_response(await self._execs.inspect(request.params["id"]))

    async def resize(self, request: Request) -> Response:
        """``POST /exec/{id}/resize``."""
        height, width = terminal_size(request)
        await self._execs.resize(request.params["id"], height, width)
        return Response(200)


def _size(size: list[int] | None) -> tuple[int, int]:
    return (min(size[0], 0xFFFF), min(size[1], 0xFFFF)) if size else (0, 0)
