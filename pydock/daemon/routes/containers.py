"""The endpoints of containers as things: create, list, inspect, update, rename, prune.

What containers do and say is in `container_life` and `container_io`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydock.daemon.api.containers import CreateRequest, UpdateRequest
from pydock.daemon.api.create_versions import translate
from pydock.daemon.containers.create import CreateOptions
from pydock.daemon.containers.list_filters import ACCEPTED
from pydock.daemon.containers.listing import ListOptions
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import JSON, Response, json_response, no_content
from pydock.daemon.http.router import Route
from pydock.daemon.networks.wire import parse_endpoint
from pydock.imagestore import platforms

_BUILTIN = ("default", "bridge", "host", "none")


class Creation(Protocol):
    """See `pydock.daemon.containers.create.Creation`."""

    async def create(self, options: CreateOptions) -> tuple[str, list[str]]: ...


class Listing(Protocol):
    """See `pydock.daemon.containers.listing.Listing`."""

    async def show(self, options: ListOptions) -> bytes: ...


class Inspection(Protocol):
    """See `pydock.daemon.containers.inspect.Inspection`."""

    async def inspect(self, reference: str, size: bool = False) -> dict[str, Any]: ...


class Updates(Protocol):
    """See `pydock.daemon.containers.update.Updates`."""

    async def update(self, reference: str, wanted: dict[str, Any]) -> list[str]: ...


class Renaming(Protocol):
    """See `pydock.daemon.containers.rename.Renaming`."""

    async def rename(self, reference: str, name: str) -> None: ...


class Pruning(Protocol):
    """See `pydock.daemon.containers.prune.Pruning`."""

    async def prune(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]: ...


def routes(
    creation: Creation,
    listing: Listing,
    inspection: Inspection,
    updates: Updates,
    renaming: Renaming,
    pruning: Pruning,
) -> list[Route]:
    """The routes of this module."""
    containers = Containers(creation, listing, inspection, updates, renaming, pruning)
    return [
        Route("GET", "/containers/json", containers.list),
        Route("GET", "/containers/ps", containers.list),
        Route("POST", "/containers/create", containers.create),
        Route("POST", "/containers/prune", containers.prune),
        Route("GET", "/containers/{name:.*}/json", containers.inspect),
        Route("POST", "/containers/{name:.*}/update", containers.update),
        Route("POST", "/containers/{name:.*}/rename", containers.rename),
    ]


class Containers:
    """The handlers."""

    def __init__(
        self,
        creation: Creation,
        listing: Listing,
        inspection: Inspection,
        updates: Updates,
        renaming: Renaming,
        pruning: Pruning,
    ) -> None:
        self._creation = creation
        self._listing = listing
        self._inspection = inspection
        self._updates = updates
        self._renaming = renaming
        self._pruning = pruning

    async def create(self, request: Request) -> Response:
        """POST /containers/create."""
        body = await request.json(CreateRequest, required=True)
        made = translate(body, request.version)
        platform = request.query.text("platform") if request.version >= (1, 41) else ""
        options = CreateOptions(
            config=made.config,
            host_config=made.host_config,
            name=request.query.text("name"),
            endpoints={name: parse_endpoint(value) for name, value in made.endpoints.items()},
            platform=platforms.parse(platform) if platform else None,
            shallow_read_only=made.shallow_read_only,
            shared_cgroups=made.shared_cgroups,
        )
        id, warnings = await self._creation.create(options)
        return json_response({"Id": id, "Warnings": [*warnings, *made.warnings]}, 201)

    async def list(self, request: Request) -> Response:
        """GET /containers/json."""
        query = request.query
        limit = query.integer("limit")
        options = ListOptions(
            filters=query.filters(ACCEPTED),
            all=query.flag("all"),
            limit=limit,
            size=query.flag("size"),
            annotations=request.version >= (1, 46),
        )
        return Response(200, await self._listing.show(options), JSON)

    async def inspect(self, request: Request) -> Response:
        """GET /containers/{name}/json."""
        shown = await self._inspection.inspect(request.params["name"], request.query.flag("size"))
        if request.version < (1, 45):
            _add_aliases(shown)
        return json_response(shown)

    async def update(self, request: Request) -> Response:
        """POST /containers/{name}/update."""
        wanted = (await request.json(UpdateRequest)).wire()
        if request.version < (1, 40):
            wanted["PidsLimit"] = None
        if request.version >= (1, 42):
            wanted.pop("KernelMemory", None)
        if wanted["PidsLimit"] is not None and wanted["PidsLimit"] <= 0:
            wanted["PidsLimit"] = 0
        warnings = await self._updates.update(request.params["name"], wanted)
        return json_response({"Warnings": warnings or None})

    async def rename(self, request: Request) -> Response:
        """POST /containers/{name}/rename."""
        await self._renaming.rename(request.params["name"], request.query.text("name"))
        return no_content()

    async def prune(self, request: Request) -> Response:
        """POST /containers/prune."""
        filters = request.query.filters()
        removed, won = await self._pruning.prune(filters)
        return json_response({"ContainersDeleted": removed or None, "SpaceReclaimed": won})


def _add_aliases(shown: dict[str, Any]) -> None:
    """Before API 1.45 a container's short ID and host name stood among its aliases on networks of a user's own."""
    short, hostname = shown["Id"][:12], shown["Config"]["Hostname"]
    for name, endpoint in shown["NetworkSettings"]["Networks"].items():
        if name not in _BUILTIN:
            endpoint["Aliases"] = list(dict.fromkeys([*(endpoint["Aliases"] or ()), short, hostname]))
