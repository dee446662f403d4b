"""Connect and disconnect of containers, running or not, and which networks containers refer to.

Called by the routes of networks.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.network_view import container_network
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.networks.settings import EndpointSettings
from pydock.errors import NotFound, PydockError


class ContainerNetworking:
    """Changes which networks a container is on: in the kernel where it runs, and in its record."""

    def __init__(self, catalog: Catalog, sandboxes: Sandboxes) -> None:
        self._catalog = catalog
        self._sandboxes = sandboxes

    async def connect_network(self, container: str, network: str, settings: EndpointSettings) -> None:
        """Add a network."""
        entry = self._catalog.find(container)
        async with entry.lock:
            record = entry.record
            name, given = await self._sandboxes.connect(container_network(record), network, settings)
            endpoints = {**record.endpoints, name: given}
            try:
                await self._save(entry, endpoints)
            except PydockError:
                await self._sandboxes.disconnect(container_network(replace(record, endpoints=endpoints)), name)
                raise

    async def disconnect_network(self, container: str, network: str, force: bool) -> None:
        """Take a network away."""
        try:
            entry = self._catalog.find(container)
        except NotFound:
            if force:  # Docker looks for what a lost container left on the network
                raise NotFound(f"endpoint {container} not found") from None
            raise
        async with entry.lock:
            record = entry.record
            name = await self._sandboxes.disconnect(container_network(record), network, force)
            left = {key: value for key, value in record.endpoints.items() if key != name}
            await self._save(entry, left)

    async def _save(self, entry: Entry, endpoints: Mapping[str, EndpointSettings]) -> None:
        """With the sandbox: whether ports lead to the container may have changed."""
        sandbox = self._sandboxes.current(entry.record.id)
        recorded = sandbox.to_record() if sandbox else entry.record.sandbox
        await self._catalog.save(entry, replace(entry.record, endpoints=endpoints, sandbox=recorded))
        reserved = self._sandboxes.take_reserved(entry.record.id)
        if reserved.descriptors and entry.live:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                await entry.live.hold_ports(reserved.descriptors, reserved.relay)

    def networks_in_use(self) -> Sequence[str]:
        """The network ids that any container, running or not, refers to."""
        return [
            endpoint.network_id or name
            for entry in self._catalog.all()
            for name, endpoint in entry.record.endpoints.items()
        ]
