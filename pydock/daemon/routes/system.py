"""The endpoints of the engine itself: _ping, version, info, events, system/df; and what it lacks, in Docker's words.

Declared for the router by `routes`; swarm and plugins are answered as by an engine that has none.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, Protocol

from pydock.daemon import filter_keys
from pydock.daemon.events import Events
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, encode_json, json_response
from pydock.daemon.http.router import Handler, Route
from pydock.daemon.moments import parse_moment
from pydock.errors import InvalidParameter, NotFound, Unavailable, Unsupported

_NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_NO_PLUGINS = "plugins are not supported by this engine"
_CACHE_FILTERS = frozenset((
    "until", "unused-for", "label", "label!", "id", "parent", "type", "description", "inuse", "shared", "private",
))  # fmt: skip
_CACHE_SIZES = ("reserved-space", "max-used-space", "min-free-space", "keep-storage")
_PING = {
    "Builder-Version": "1",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Swarm": "inactive",
}
#: events that wait together are sent together, up to so many
_BATCH = 256


class Engine(Protocol):
    """See `pydock.daemon.system.engine.Engine`."""

    def info(self) -> dict[str, Any]: ...

    def version(self) -> dict[str, Any]: ...


class DiskUsage(Protocol):
    """See `pydock.daemon.system.usage.DiskUsage`."""

    def report(self, kinds: Collection[str]) -> Awaitable[dict[str, Any]]: ...


def routes(engine: Engine, events: Events, usage: DiskUsage) -> list[Route]:
    """The routes of this module."""
    system = System(engine, events, usage)
    return [
        Route("GET", "/_ping", system.ping),
        Route("HEAD", "/_ping", system.ping),
        Route("GET", "/version", system.version),
        Route("GET", "/info", system.info),
        Route("GET", "/events", system.events),
        Route("GET", "/system/df", system.disk_usage),
        *_builds(system),
        Route("GET", "/plugins", system.plugins),
        Route("GET", "/plugins/privileges", _lacks(_NO_PLUGINS)),
        Route("GET", "/plugins/{name:.*}/json", system.plugin),
        Route("POST", "/plugins/{rest:.*}", _lacks(_NO_PLUGINS)),
        Route("DELETE", "/plugins/{name:.*}", system.plugin),
        *_swarm(),
    ]


class System:
    """The handlers."""

    def __init__(self, engine: Engine, events: Events, usage: DiskUsage) -> None:
        self._engine = engine
        self._events = events
        self._usage = usage

    async def ping(self, request: Request) -> Response:
        """``GET`` and ``HEAD /_ping``."""
        if request.method == "HEAD":
            return Response(200, b"", "text/plain; charset=utf-8", {**_PING, "Content-Length": "0"})
        return Response(200, b"OK", "text/plain; charset=utf-8", _PING)

    async def version(self, request: Request) -> Response:
        """``GET /version``."""
        return json_response(self._engine.version())

    async def info(self, request: Request) -> Response:
        """``GET /info``, for older clients with what they still read."""
        info = self._engine.info()
        if request.version < (1, 50):
            info |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
        if request.version < (1, 49):
            del info["FirewallBackend"]
        if request.version < (1, 47):
            nowhere = {f"AllowNondistributableArtifacts{what}": None for what in ("CIDRs", "Hostnames")}
            info["RegistryConfig"] = {**nowhere, **info["RegistryConfig"]}
        if request.version < (1, 46):
            info["RuncCommit"] = {**info["RuncCommit"], "Expected": info["RuncCommit"]["ID"]}
        if request.version < (1, 44):
            info["Runtimes"] = {name: {"path": one["path"]} for name, one in info["Runtimes"].items()}
        if request.version < (1, 42):
            info["KernelMemory"] = True
        return json_response(info)

    async def events(self, request: Request) -> None:
        """``GET /events``: one JSON value a line, until the client goes or ``until`` has come."""
        since, until = request.query.moment("since"), request.query.moment("until")
        if since is not None and until is not None and since > until:
            raise InvalidParameter(
                f"`since` time ({request.query.text('since')}) cannot be after "
                f"`until` time ({request.query.text('until')})"
            )
        subscription = self._events.listen(request.query.filters(), since, until)
        try:
            async with request.stream() as out:
                async for event in subscription:
                    more = subscription.waiting(_BATCH)
                    await out.write(b"".join(encode_json(one.wire()) for one in (event, *more)))
        finally:
            subscription.close()

    async def disk_usage(self, request: Request) -> Response:
        """``GET /system/df``."""
        kinds = request.query.all("type") if request.version >= (1, 42) else []
        report = await self._usage.report(kinds)
        if request.version < (1, 44):
            for image in report["Images"] or ():
                image["VirtualSize"] = image["Size"]
        return json_response(report)

    async def prune_builds(self, request: Request) -> Response:
        """``POST /build/prune``: there is no cache that could be pruned."""
        filters = request.query.filters()
        _check_cache_sizes(request)
        try:
            _check_cache_filters(filters)
        except InvalidParameter as error:
            raise InvalidParameter(f"failed to prune build cache: {error.message}") from None
        return json_response({"CachesDeleted": None, "SpaceReclaimed": 0})

    async def cancel_build(self, request: Request) -> Response:
        """``POST /build/cancel``: none is under way."""
        if not request.query.text("id"):
            raise InvalidParameter("build ID not provided")
        return Response(200)

    async def plugins(self, request: Request) -> Response:
        """``GET /plugins``: none."""
        filters = request.query.filters(("enabled", "capability"))
        if "enabled" in filters:
            values = filters["enabled"]
            if {"1", "true"}.isdisjoint(values) == {"0", "false"}.isdisjoint(values):
                raise InvalidParameter(f"invalid filter 'enabled=[{' '.join(values)}]'")
        return json_response([])

    async def plugin(self, request: Request) -> Response:
        """One plugin, which there is not."""
        raise NotFound(f'plugin "{request.params["name"]}" not found')


def _check_cache_sizes(request: Request) -> None:
    """Refuse what is no number among the sizes of a build cache that this API version knows."""
    for name in _CACHE_SIZES if request.version >= (1, 48) else _CACHE_SIZES[-1:]:
        try:
            request.query.integer(name)
        except InvalidParameter as error:
            given = request.query.text(name)
            raise InvalidParameter(f"{name} is in bytes and expects an integer, got {given}: {error.message}") from None


def _check_cache_filters(filters: Mapping[str, Sequence[str]]) -> None:
    filter_keys.check(filters, _CACHE_FILTERS)
    if any(len(values) > 1 for key, values in filters.items() if key not in ("label", "label!")):
        raise InvalidParameter("filters expect only one value")
    if filters.get("until") and filters.get("unused-for"):
        raise InvalidParameter('conflicting filters: "until" and "unused-for"')
    for key in ("until", "unused-for"):
        try:
            _ = [parse_moment(text) for text in filters.get(key, ())]
        except InvalidParameter as error:
            raise InvalidParameter(
                f"\"{key}\" filter expects a duration (e.g., '24h') or a timestamp: {error.message}"
            ) from None


def _builds(system: System) -> list[Route]:
    """The endpoints of a builder, which there is none of; each way in that a client may try says so."""
    no_builder = _lacks("building images is not supported by this engine")
    return [
        Route("POST", "/build", no_builder),
        Route("POST", "/session", no_builder),
        Route("POST", "/grpc", no_builder),
        Route("POST", "/build/prune", system.prune_builds),
        Route("POST", "/build/cancel", system.cancel_build),
    ]


def _swarm() -> list[Route]:
    """The endpoints of a cluster, answered as by a Docker Engine that is in none."""
    no_manager = _unavailable(_NO_MANAGER)
    routes = [
        Route("POST", "/swarm/init", _lacks("swarm mode is not supported by this engine")),
        Route("POST", "/swarm/join", _lacks("swarm mode is not supported by this engine")),
        Route("POST", "/swarm/leave", _unavailable("This node is not part of a swarm")),
    ]
    for what in ("swarm", "nodes", "services", "tasks", "secrets", "configs"):
        for method in ("GET", "POST", "DELETE"):
            routes += [Route(method, f"/{what}", no_manager), Route(method, f"/{what}/{{rest:.*}}", no_manager)]
    return routes


def _unavailable(message: str) -> Handler:
    async def answer(request: Request) -> Response:
        raise Unavailable(message)

    return answer


def _lacks(message: str) -> Handler:
    async def answer(request: Request) -> Response:
        raise Unsupported(message)

    return answer
