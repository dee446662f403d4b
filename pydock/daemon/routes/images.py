"""/images: parse, call, encode.  What talks to registries is in `registry`.

Joined to the router by `wiring.images`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pydock.daemon.api import images as wire
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response
from pydock.daemon.http.router import Route
from pydock.daemon.images.listing import ListOptions
from pydock.daemon.images.operation import Work
from pydock.daemon.offload import offload
from pydock.daemon.routes import progress_stream
from pydock.daemon.routes.image_bodies import receiving, sending
from pydock.errors import InvalidParameter
from pydock.imagestore.platforms import Platform


class Catalog(Protocol):
    """What these routes ask of the images service."""

    def select(self, options: ListOptions) -> list[dict[str, Any]]: ...

    def inspect(self, reference: str, platform: Platform | None = None) -> dict[str, Any]: ...

    def config(self, image_id: str) -> dict[str, Any]: ...

    def history(self, reference: str, platform: Platform | None = None) -> list[dict[str, Any]]: ...

    def tag(self, source: str, repository: str, tag: str = "") -> None: ...


class Removal(Protocol):
    """What takes images away."""

    def remove(
        self, reference: str, force: bool = False, prune: bool = True, platform: Platform | None = None
    ) -> list[dict[str, str]]: ...

    def prune(self, filters: Mapping[str, Sequence[str]]) -> dict[str, Any]: ...


class Saves(Protocol):
    """What saves archives."""

    def begin(self, names: Sequence[str], platform: Platform | None) -> Callable[[int], None]: ...


class Loads(Protocol):
    """What loads archives."""

    def begin(self, source: int, quiet: bool, platform: Platform | None) -> Work: ...


def routes(catalog: Catalog, removal: Removal, loads: Loads, saves: Saves) -> list[Route]:
    """The endpoints under /images that need no registry and make no image."""
    handlers = _Handlers(catalog, removal, loads, saves)
    return [
        Route("GET", "/images/json", handlers.select),
        Route("GET", "/images/get", handlers.save),
        Route("POST", "/images/load", handlers.load),
        Route("POST", "/images/prune", handlers.prune),
        Route("GET", "/images/{name:.*}/json", handlers.inspect),
        Route("GET", "/images/{name:.*}/get", handlers.save),
        Route("GET", "/images/{name:.*}/history", handlers.history),
        Route("POST", "/images/{name:.*}/tag", handlers.tag),
        Route("DELETE", "/images/{name:.*}", handlers.remove),
    ]


class _Handlers:
    def __init__(self, catalog: Catalog, removal: Removal, loads: Loads, saves: Saves) -> None:
        self._catalog = catalog
        self._removal = removal
        self._loads = loads
        self._saves = saves

    async def select(self, request: Request) -> Response:
        query = request.query
        filters = query.filters()
        if request.version < (1, 25) and query.text("filter"):
            filters.setdefault("reference", [query.text("filter")])
        options = ListOptions(
            filters,
            all=query.flag("all"),
            shared_size=request.version >= (1, 42) and query.flag("shared-size"),
            manifests=request.version >= (1, 47) and query.flag("manifests"),
        )
        rows = await offload(self._catalog.select, options)
        return json_response(wire.summaries(rows, request.version))

    async def inspect(self, request: Request) -> Response:
        query = request.query
        platform = _platform(request, (1, 49))
        if platform and request.version >= (1, 48) and query.flag("manifests"):
            raise InvalidParameter("conflicting options: manifests and platform options cannot both be set")
        shown = await offload(self._catalog.inspect, request.params["name"], platform)
        if request.version < (1, 50):
            config = await offload(self._catalog.config, shown["Id"])
            shown = wire.older_inspect(shown, config, request.version)
        return json_response(shown)

    async def history(self, request: Request) -> Response:
        platform = _platform(request, (1, 48))
        return json_response(await offload(self._catalog.history, request.params["name"], platform))

    async def tag(self, request: Request) -> Response:
        repository, tag = request.query.text("repo"), request.query.text("tag")
        await offload(self._catalog.tag, request.params["name"], repository, tag)
        return Response(201)

    async def remove(self, request: Request) -> Response:
        name = request.params["name"]
        if not name.strip():
            raise InvalidParameter("image name cannot be blank")
        query = request.query
        wanted = request.query.all("platforms") if request.version >= (1, 50) else []
        chosen = [wire.parse_platform(text) for text in wanted]
        if len(chosen) > 1:
            raise InvalidParameter("multiple platforms are not supported")
        platform = chosen[0] if chosen else None
        removed = await offload(self._removal.remove, name, query.flag("force"), not query.flag("noprune"), platform)
        return json_response(removed)

    async def prune(self, request: Request) -> Response:
        return json_response(await offload(self._removal.prune, request.query.filters()))

    async def load(self, request: Request) -> None:
        platform = _platform(request, (1, 48))
        async with receiving(request) as source:
            work = self._loads.begin(source, request.query.flag("quiet", True), platform)
            await progress_stream.answer(request, work, always=True)

    async def save(self, request: Request) -> None:
        name = request.params.get("name")
        names = request.query.all("names") if name is None else [name]
        write = await offload(self._saves.begin, names, _platform(request, (1, 48)))
        async with request.stream(200, "application/x-tar") as out:
            async for piece in sending(write):
                await out.write(piece)


def _platform(request: Request, since: tuple[int, int]) -> Platform | None:
    """The parameter ``platform``: JSON as OCI descriptors have it, in API versions that know it."""
    texts = [text for text in request.query.all("platform") if text] if request.version >= since else []
    if len(texts) > 1:
        raise InvalidParameter(
            "multiple platform parameters are not supported in this API version; use API version 1.52 or later"
        )
    return wire.parse_platform(texts[0]) if texts else None
