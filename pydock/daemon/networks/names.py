"""What the embedded resolver is told of a container: its places on user-defined networks, and whom to ask otherwise.

Called by `attachments` and `reconnection`; blocking.
"""

from collections.abc import Iterable, Mapping

from pydock.daemon.networks.endpoints import Place
from pydock.network import resolver
from pydock.network.resolv_conf import ForResolver
from pydock.network.resolver import Resolvable, Resolver


class Names:
    """Tells the resolver."""

    def __init__(self, process: Resolver) -> None:
        self._process = process

    def start(self, container_id: str, places: Mapping[str, Place], known: ForResolver, netns: int) -> None:
        """Answer in the namespace `netns` of a container."""
        self._process.add_sandbox(_resolvable(container_id, places, known), netns)

    def update(self, container_id: str, places: Mapping[str, Place], known: ForResolver) -> None:
        """A container's networks or names have changed."""
        self._process.update(_resolvable(container_id, places, known))

    def stop(self, container_id: str) -> None:
        """A container has ended."""
        self._process.remove_sandbox(container_id)

    def retain(self, container_ids: Iterable[str]) -> None:
        """After the daemon's restart: stop answering in all others."""
        self._process.retain(list(container_ids))

    def close(self) -> None:
        """The daemon ends; the resolver goes on."""
        self._process.close()


def wanted(places: Iterable[Place]) -> bool:
    """Whether a container on these networks has the resolver."""
    return any(place.network.record.user_defined for place in places)


def _resolvable(container_id: str, places: Mapping[str, Place], known: ForResolver) -> Resolvable:
    named = [place for place in places.values() if place.network.record.user_defined]
    return Resolvable(
        id=container_id,
        places=tuple(_place(place) for place in named),
        servers=known.servers,
        ndots_set=known.ndots_set,
        forward=any(not place.network.record.internal for place in places.values()),
    )


def _place(place: Place) -> resolver.Place:
    addresses = tuple(str(address) for version in (4, 6) if (address := place.address(version)))
    record, settings = place.network.record, place.settings
    return resolver.Place(record.id, record.name, settings.dns_names or (), addresses, links_of(settings.links or ()))


def links_of(links: Iterable[str]) -> dict[str, str]:
    """``NAME:ALIAS`` as {alias: name}."""
    found = {}
    for link in links:
        name, _, alias = link.removeprefix("/").partition(":")
        found[alias or name] = name
    return found
