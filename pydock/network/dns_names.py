"""What the embedded resolver knows: which names mean which addresses on which network, and who may ask.

Filled by the resolver's process from what the daemon tells it; plain look-ups, no sockets.
"""

import ipaddress
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydock.network import dns_message as dns
from pydock.network.dns_message import Question


@dataclass(frozen=True, slots=True)
class _Place:
    network_id: str
    network: str
    names: tuple[str, ...]
    #: as in a record: four or sixteen bytes
    addresses: tuple[bytes, ...]
    links: Mapping[str, str]
    #: what a PTR tells, as it is written
    pointer: str


@dataclass(eq=False, slots=True)
class _Network:
    """One network: which addresses a name has there, by the container that gives them, and the reverse."""

    names: dict[str, dict[str, tuple[bytes, ...]]] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)


class Names:
    """Everything that is known."""

    def __init__(self) -> None:
        self._networks: dict[str, _Network] = {}
        self._places: dict[str, tuple[_Place, ...]] = {}
        #: grows with each change: what was worked out before is stale
        self.generation = 0

    def put(self, container: str, places: Iterable[Mapping[str, Any]]) -> None:
        """A container is at `places`, and nowhere else."""
        self.drop(container)
        self._places[container] = tuple(map(_place, places))
        for place in self._places[container]:
            network = self._networks.setdefault(place.network_id, _Network())
            for name in place.names:
                network.names.setdefault(name, {})[container] = place.addresses
            for address in place.addresses:
                network.pointers[str(ipaddress.ip_address(address))] = place.pointer

    def drop(self, container: str) -> None:
        """A container is gone."""
        self.generation += 1
        for place in self._places.pop(container, ()):
            network = self._networks.get(place.network_id)
            if network is None:
                continue
            for name in place.names:
                holders = network.names.get(name, {})
                holders.pop(container, None)
                if not holders:
                    network.names.pop(name, None)
            for address in place.addresses:
                network.pointers.pop(str(ipaddress.ip_address(address)), None)
            if not network.names:
                del self._networks[place.network_id]

    def find(self, container: str, question: Question) -> list[tuple[int, bytes]] | None:
        """The records that answer a container's question; none where it has no such, None where it is unknown here."""
        if question.klass not in (dns.IN, dns.ANY_CLASS):
            return None
        if question.kind == dns.PTR:
            return self._pointer(container, question.name)
        addresses = self.addresses(container, question.name)
        if addresses is None:
            return None
        length = {dns.A: 4, dns.AAAA: 16}.get(question.kind, 0)
        found = [(question.kind, address) for address in addresses if len(address) == length]
        if len(found) > 1:
            random.shuffle(found)  # so that each has its turn
        return found

    def addresses(self, container: str, name: str) -> list[bytes] | None:
        """All addresses of a name as a container sees it: ``NAME`` or ``NAME.NETWORK`` on any of its networks."""
        places = self._places.get(container, ())
        for place in places:
            if found := self._on_network(place, place.links.get(name, name)):
                return found
        position = name.find(".")
        while position >= 0:
            for place in places:
                if place.network == name[position + 1 :] and (found := self._on_network(place, name[:position])):
                    return found
            position = name.find(".", position + 1)
        return None

    def _on_network(self, place: _Place, name: str) -> list[bytes] | None:
        network = self._networks.get(place.network_id)
        holders = network.names.get(name) if network else None
        if not holders:
            return None
        return list(dict.fromkeys(address for addresses in holders.values() for address in addresses))

    def _pointer(self, container: str, name: str) -> list[tuple[int, bytes]] | None:
        address = dns.address_of_pointer(name)
        for place in self._places.get(container, ()) if address else ():
            network = self._networks.get(place.network_id)
            if found := network.pointers.get(address) if network else None:
                try:
                    return [(dns.PTR, dns.encode_name(found))]
                except dns.BadMessage:
                    return []
        return None


def _place(value: Mapping[str, Any]) -> _Place:
    return _Place(
        value["network_id"],
        value["network"].lower(),
        tuple(dict.fromkeys(name.lower() for name in value["names"])),
        tuple(ipaddress.ip_address(address).packed for address in value["addresses"]),
        {alias.lower(): name.lower() for alias, name in value["links"].items()},
        ".".join([*value["names"][:1], value["network"]]),
    )
