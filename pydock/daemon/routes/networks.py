"""/networks: parse, call, encode.

Joined to the router by main, which passes the networks service and the containers service (the latter
for what changes a container: connect, disconnect, and which networks a prune must leave).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydock.daemon.http.router import Route
from pydock.daemon.networks.settings import EndpointSettings


class NetworkBackend(Protocol):
    """What these routes ask of the networks service."""

    async def create(self, request: Mapping[str, Any]) -> tuple[str, str]: ...

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
    raise NotImplementedError
