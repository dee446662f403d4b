"""The endpoints of a container's life: start, stop, restart, kill, pause, unpause, wait, resize, attach, removal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from pydock.daemon.containers import detach_sequence, links
from pydock.daemon.containers.attach import AttachOptions
from pydock.daemon.containers.attachments import ClientConnection
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.lifecycle import RemoveOptions, StopOptions
from pydock.daemon.containers.signals import parse as parse_signal
from pydock.daemon.containers.waiters import Condition, Outcome
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, encode_json, no_content
from pydock.daemon.http.router import Route
from pydock.daemon.http.status import status_of
from pydock.errors import Conflict, InvalidParameter, NotFound, PydockError

RAW, MULTIPLEXED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
_UINT32 = 1 << 32


class Lifecycle(Protocol):
    """See `pydock.daemon.containers.lifecycle.Lifecycle`."""

    def start(self, entry: Entry) -> Awaitable[None]: ...

    def stop(self, entry: Entry, options: StopOptions) -> Awaitable[None]: ...

    def restart(self, entry: Entry, name: str, options: StopOptions) -> Awaitable[None]: ...

    def kill(self, entry: Entry, number: int) -> Awaitable[None]: ...

    def pause(self, entry: Entry) -> Awaitable[None]: ...

    def unpause(self, entry: Entry) -> Awaitable[None]: ...

    def remove(self, entry: Entry, name: str, options: RemoveOptions) -> Awaitable[None]: ...

    def resize(self, entry: Entry, height: int, width: int) -> Awaitable[None]: ...

    def wait(self, entry: Entry, condition: Condition) -> "asyncio.Future[Outcome]": ...


class Attacher(Protocol):
    """See `pydock.daemon.containers.attach.Attacher`."""

    def attach(
        self, entry: Entry, name: str, options: AttachOptions, take: Callable[[], Awaitable[ClientConnection]]
    ) -> Awaitable[None]: ...


def routes(catalog: Catalog, lifecycle: Lifecycle, attacher: Attacher) -> list[Route]:
    """The routes of this module."""
    life = ContainerLife(catalog, lifecycle)
    attaching = Attaching(catalog, attacher)
    return [
        Route("POST", "/containers/{id:.*}/start", life.start),
        Route("POST", "/containers/{id:.*}/stop", life.stop),
        Route("POST", "/containers/{id:.*}/restart", life.restart),
        Route("POST", "/containers/{id:.*}/kill", life.kill),
        Route("POST", "/containers/{id:.*}/pause", life.pause),
        Route("POST", "/containers/{id:.*}/unpause", life.unpause),
        Route("POST", "/containers/{id:.*}/wait", life.wait),
        Route("POST", "/containers/{id:.*}/resize", life.resize),
        Route("DELETE", "/containers/{id:.*}", life.remove),
        Route("POST", "/containers/{id:.*}/attach", attaching.attach),
        Route("GET", "/containers/{id:.*}/attach/ws", attaching.attach_websocket),
    ]


class ContainerLife:
    """Their handlers."""

    def __init__(self, catalog: Catalog, lifecycle: Lifecycle) -> None:
        self._catalog = catalog
        self._lifecycle = lifecycle

    async def start(self, request: Request) -> Response:
        """``POST /containers/{id}/start``."""
        if _length(request) > len("{}\n") + 4:
            raise InvalidParameter(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
            )
        if request.query.text("checkpoint"):
            raise InvalidParameter("checkpoint is only supported in experimental mode")
        await self._lifecycle.start(self._entry(request))
        return no_content()

    async def stop(self, request: Request) -> Response:
        """``POST /containers/{id}/stop``."""
        timeout, entry = _timeout(request), self._entry(request)
        try:
            await self._lifecycle.stop(entry, StopOptions(_stop_signal(request), timeout))
        except InvalidParameter as error:
            raise InvalidParameter(f"cannot stop container: {request.params['id']}: {error.message}") from error
        return no_content()

    async def restart(self, request: Request) -> Response:
        """``POST /containers/{id}/restart``."""
        timeout, entry = _timeout(request), self._entry(request)
        await self._lifecycle.restart(entry, request.params["id"], StopOptions(_stop_signal(request), timeout))
        return no_content()

    async def kill(self, request: Request) -> Response:
        """``POST /containers/{id}/kill``."""
        try:
            number = parse_signal(request.query.text("signal") or "KILL")
            await self._lifecycle.kill(self._entry(request), number)
        except (Conflict, InvalidParameter, NotFound) as error:
            raise type(error)(f"cannot kill container: {request.params['id']}: {error.message}") from error
        return no_content()

    async def pause(self, request: Request) -> Response:
        """``POST /containers/{id}/pause``."""
        await self._lifecycle.pause(self._entry(request))
        return no_content()

    async def unpause(self, request: Request) -> Response:
        """``POST /containers/{id}/unpause``."""
        await self._lifecycle.unpause(self._entry(request))
        return no_content()

    async def wait(self, request: Request) -> None:
        """``POST /containers/{id}/wait``: the head at once, the outcome when there is one."""
        text = request.query.text("condition") or Condition.NOT_RUNNING
        try:
            condition = Condition(text)
        except ValueError:
            raise InvalidParameter(f'invalid condition: "{text}"') from None
        end = self._lifecycle.wait(self._entry(request), condition)
        try:
            async with request.stream() as out:
                outcome = await end
                answer: dict[str, object] = {"StatusCode": outcome.exit_code}
                if outcome.error:
                    answer["Error"] = {"Message": outcome.error}
                await out.write(encode_json(answer))
        finally:  # the client may have gone before it was answered at all
            end.cancel()

    async def resize(self, request: Request) -> Response:
        """``POST /containers/{id}/resize``."""
        height, width = terminal_size(request)
        await self._lifecycle.resize(self._entry(request), height, width)
        return Response(200)

    async def remove(self, request: Request) -> Response:
        """``DELETE /containers/{id}``."""
        name = request.params["id"]
        query = request.query
        if query.flag("link"):
            await links.unlink(self._catalog, name)
            return no_content()
        await self._lifecycle.remove(self._entry(request), name, RemoveOptions(query.flag("v"), query.flag("force")))
        return no_content()

    def _entry(self, request: Request) -> Entry:
        return self._catalog.find(request.params["id"])


class Attaching:
    """The handlers of attach."""

    def __init__(self, catalog: Catalog, attacher: Attacher) -> None:
        self._catalog = catalog
        self._attacher = attacher

    async def attach(self, request: Request) -> Response | None:
        """``POST /containers/{id}/attach``; as in Docker, what is wrong is told as text."""
        name = request.params["id"]
        taken = False

        async def take() -> ClientConnection:
            nonlocal taken
            taken = True
            return await request.hijack(stream_type(request, bool(entry.record.config.get("Tty"))), bare=True)

        try:
            options = _attach_options(request)
            entry = self._catalog.find(name)
            await self._attacher.attach(entry, name, options, take)
        except PydockError as error:
            if taken:
                raise
            return Response(status_of(error), f"{error.message}\r\n".encode(), RAW, closes=True)
        return None

    async def attach_websocket(self, request: Request) -> None:
        """``GET /containers/{id}/attach/ws``: as Docker, without frames in the messages."""
        name = request.params["id"]
        options = _attach_options(request, raw=True)
        await self._attacher.attach(self._catalog.find(name), name, options, request.websocket)


def stream_type(request: Request, tty: bool) -> str:
    """What a hijacked connection carries, in the head of its answer."""
    framed = not tty and request.version >= (1, 42) and "upgrade" in request.headers
    return MULTIPLEXED if framed else RAW


def terminal_size(request: Request) -> tuple[int, int]:
    """(height, width) of a resize request."""
    size = []
    for key, name in (("h", "height"), ("w", "width")):
        text = request.query.text(key)
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise InvalidParameter(f'invalid resize {name} "{text}": invalid syntax')
        if digits != text or len(text) > 10 or int(text) >= _UINT32:
            raise InvalidParameter(f'invalid resize {name} "{text}": value out of range')
        size.append(min(int(text), 0xFFFF))
    return size[0], size[1]


def _attach_options(request: Request, raw: bool = False) -> AttachOptions:
    query = request.query
    return AttachOptions(
        logs=query.flag("logs"),
        stream=query.flag("stream"),
        stdin=query.flag("stdin"),
        stdout=query.flag("stdout"),
        stderr=query.flag("stderr"),
        detach_keys=detach_sequence.parse(query.text("detachKeys")),
        raw=raw,
    )


def _timeout(request: Request) -> int | None:
    return request.query.integer("t") if request.query.text("t") else None


def _stop_signal(request: Request) -> str:
    return request.query.text("signal") if request.version >= (1, 42) else ""


def _length(request: Request) -> int:
    text = request.headers.get("content-length") or "0"
    return int(text) if text.isdigit() else 0
