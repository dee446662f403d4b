"""/volumes: parse, call, encode.  Joined to the router by main."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydock.daemon.api.volumes import VolumeCreate, volume_json
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response, no_content
from pydock.daemon.http.router import Route
from pydock.daemon.volumes.volume import Volume
from pydock.errors import InvalidParameter, Unavailable

#: before this version a prune took named volumes too, without being asked
_PRUNES_ANONYMOUS = (1, 42)
#: where a volume's name ends in a path
_NAME = "{name:.*}"


class VolumeBackend(Protocol):
    """What these routes ask of the volumes service."""

    async def create(
        self,
        name: str = "",
        driver: str = "",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Volume: ...

    async def get(self, name: str) -> Volume: ...

    async def select(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[Volume], list[str]]: ...

    async def remove(self, name: str, force: bool = False) -> None: ...


class PruningBackend(Protocol):
    """What prune asks of the pruning."""

    async def prune(self, filters: Mapping[str, Sequence[str]]) -> tuple[list[str], int]: ...


class VolumeRoutes:
    """The handlers."""

    def __init__(self, volumes: VolumeBackend, pruning: PruningBackend) -> None:
        self._volumes = volumes
        self._pruning = pruning

    async def create(self, request: Request) -> Response:
        """POST /volumes/create."""
        wanted = await request.json(VolumeCreate)
        if wanted.ClusterVolumeSpec is not None:
            raise Unavailable(
                'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this '
                "node to swarm and try again."
            )
        volume = await self._volumes.create(wanted.Name, wanted.Driver, wanted.Labels, wanted.DriverOpts)
        return json_response(volume_json(volume), 201)

    async def select(self, request: Request) -> Response:
        """GET /volumes."""
        try:
            filters = request.query.filters()
        except InvalidParameter as error:
            raise InvalidParameter(f"error reading volume filters: {error.message}") from error
        volumes, warnings = await self._volumes.select(filters)
        return json_response({"Volumes": [volume_json(volume) for volume in volumes], "Warnings": warnings or None})

    async def inspect(self, request: Request) -> Response:
        """GET /volumes/{name}."""
        return json_response(volume_json(await self._volumes.get(request.params["name"])))

    async def update(self, request: Request) -> Response:
        """PUT /volumes/{name}: for cluster volumes alone."""
        raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")

    async def remove(self, request: Request) -> Response:
        """DELETE /volumes/{name}."""
        await self._volumes.remove(request.params["name"], request.query.flag("force"))
        return no_content()

    async def prune(self, request: Request) -> Response:
        """POST /volumes/prune."""
        filters = request.query.filters()
        if request.version < _PRUNES_ANONYMOUS:
            filters["all"] = ["true"]
        names, reclaimed = await self._pruning.prune(filters)
        return json_response({"VolumesDeleted": names, "SpaceReclaimed": reclaimed})


def routes(volumes: VolumeBackend, pruning: PruningBackend) -> list[Route]:
    """The endpoints under /volumes."""
    handlers = VolumeRoutes(volumes, pruning)
    return [
        Route("GET", "/volumes", handlers.select),
        Route("POST", "/volumes/create", handlers.create),
        Route("POST", "/volumes/prune", handlers.prune),
        Route("GET", f"/volumes/{_NAME}", handlers.inspect),
        Route("PUT", f"/volumes/{_NAME}", handlers.update),
        Route("DELETE", f"/volumes/{_NAME}", handlers.remove),
    ]
