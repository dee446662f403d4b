"""The networks: created, listed, looked at, removed.

Called by the routes; containers come in through `Sandboxes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydock.daemon.events import Events
from pydock.daemon.networks import filtering, request, wire_network
from pydock.daemon.networks.live import LiveNetwork, Registry
from pydock.daemon.networks.making import Making
from pydock.daemon.networks.predefined import Predefined
from pydock.daemon.offload import offload
from pydock.errors import Forbidden, PydockError


@dataclass(frozen=True, slots=True)
class CreateDefaults:
    """What a create request that says nothing gets."""

    ipv6: bool = False
    #: options by driver
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Networks:
    """All networks of the engine."""

    def __init__(
        self,
        registry: Registry,
        making: Making,
        predefined: Predefined,
        events: Events,
        defaults: CreateDefaults,
    ) -> None:
        self._registry = registry
        self._making = making
        self._predefined = predefined
        self._events = events
        self._defaults = defaults

    async def create(self, request_body: Mapping[str, Any]) -> tuple[str, str]:
        """Make a network from the wire's create request; returns (id, warning)."""
        draft = request.parse(request_body, self._defaults.options, self._defaults.ipv6)
        network = await offload(self._making.create, draft)
        self._tell("create", network)
        return network.record.id, ""

    async def select(self, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """The networks that pass Docker's filters, as the list shows them."""
        chosen = filtering.select(list(self._registry), filters)
        return [wire_network.summary(network.record) for network in chosen]

    async def inspect(self, reference: str, verbose: bool = False, scope: str = "") -> dict[str, Any]:
        """One network by name, id or unique id prefix, with the containers on it."""
        return wire_network.inspect(self._registry.find(reference), scope)

    async def remove(self, reference: str) -> None:
        """Remove a network that no running container is on."""
        network = self._registry.find(reference)
        if network.record.predefined:
            raise Forbidden(f"{network.record.name} is a pre-defined network and cannot be removed")
        await offload(self._making.remove, network)
        self._tell("destroy", network)

    async def prune(self, filters: Mapping[str, Sequence[str]], in_use: Sequence[str]) -> list[str]:
        """Remove what no container is on; `in_use` names the networks of stopped containers.  Returns names."""
        used = set(in_use)
        removed = []
        for network in filtering.prunable(list(self._registry), filters):
            if network.record.id in used or network.record.name in used or network.endpoints():
                continue
            try:
                await offload(self._making.remove, network)
            except PydockError:
                continue  # somebody came, or removed it, meanwhile
            removed.append(network.record.name)
            self._tell("destroy", network)
        self._events.publish("network", "prune", "", {"reclaimed": "0"})
        return removed

    async def restore(self) -> None:
        """At start-up: bring back bridges and rules of every recorded network; before containers are adopted."""
        await offload(self._restore)

    def _restore(self) -> None:
        self._making.restore()
        self._predefined.ensure()
        self._making.remake()

    def _tell(self, action: str, network: LiveNetwork) -> None:
        record = network.record
        self._events.publish("network", action, record.id, {"name": record.name, "type": record.driver})
