"""/networks: parse, call, encode.

Joined to the router by main, which passes the networks service and the containers service (the latter
for what changes a container: connect, disconnect, and which networks a prune must leave).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydock.daemon.api.networks import NetworkConnect, NetworkCreate, NetworkDisconnect
from pydock.daemon.http.request import Request
from pydock.daemon.http.response import Response, json_response, no_content
from pydock.daemon.http.router import Route
from pydock.daemon.networks.filtering import LIST_FILTERS, PRUNE_FILTERS
from pydock.daemon.networks.record import parse_bool
from pydock.daemon.networks.settings import EndpointSettings
from pydock.daemon.networks.wire import parse_endpoint
from pydock.errors import InvalidParameter

#: before this version a network could not be without IPv4
_SWITCHES_IPV4 = (1, 48)


class NetworkBackend(Protocol):
    """What these routes ask of the networks service."""

    async def create(self, request: Mapping[str, Any], /) -> tuple[str, str]: ...

    async def select(self, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]: ...

    async def inspect(self, reference: str, verbose: bool = False, scope: str = "") -> dict[str, Any]: ...

    async def remove(self, reference: str) -> None: ...

    async def prune(self, filters: Mapping[str, Sequence[str]], in_use: Sequence[str]) -> list[str]: ...


class ContainerBackend(Protocol):
    """What these routes ask of the containers service, which takes the container's lock and calls `Sandboxes`."""

    async def connect_network(self, container: str, network: str, settings: EndpointSettings) -> None: ...

    async def disconnect_network(self, container: str, network: str, force: bool) -> None: ...

    def networks_in_use(self) -> Sequence[str]:
        """The network ids that any container, running or not, refers to."""


def routes(networks: NetworkBackend, containers: ContainerBackend) -> list[Route]:
    """The endpoints under /networks."""

    async def list_(request: Request) -> Response:
        return json_response(await networks.select(request.query.filters(LIST_FILTERS)))

    async def inspect(request: Request) -> Response:
        scope, text = request.query.text("scope"), request.query.text("verbose")
        try:
            verbose = parse_bool(text or "false")
        except ValueError as error:
            raise InvalidParameter(f"invalid value for verbose: {text}: {error}") from None
        return json_response(await networks.inspect(request.params["id"], verbose, scope))

    async def create(request: Request) -> Response:
        body = (await request.json(NetworkCreate)).wire()
        if request.version < _SWITCHES_IPV4:
            body["EnableIPv4"] = None
        network_id, warning = await networks.create(body)
        return json_response({"Id": network_id, "Warning": warning}, 201)

    async def remove(request: Request) -> Response:
        await networks.remove(request.params["id"])
        return no_content()

    async def connect(request: Request) -> Response:
        body = await request.json(NetworkConnect)
        settings = parse_endpoint(body.EndpointConfig.wire() if body.EndpointConfig else {})
        await containers.connect_network(body.Container, request.params["id"], settings)
        return Response(200)

    async def disconnect(request: Request) -> Response:
        body = await request.json(NetworkDisconnect)
        await containers.disconnect_network(body.Container, request.params["id"], body.Force)
        return Response(200)

    async def prune(request: Request) -> Response:
        filters = request.query.filters(PRUNE_FILTERS)
        removed = await networks.prune(filters, containers.networks_in_use())
        return json_response({"NetworksDeleted": removed or None})

    return [
        Route("GET", "/networks", list_),
        Route("GET", "/networks/", list_),
        Route("POST", "/networks/create", create),
        Route("POST", "/networks/prune", prune),
        Route("GET", "/networks/{id}", inspect),
        Route("DELETE", "/networks/{id}", remove),
        Route("POST", "/networks/{id}/connect", connect),
        Route("POST", "/networks/{id}/disconnect", disconnect),
    ]
