"""A network as it lives in memory: its record, its addresses, who is on it.  Also the registry of all of them.

The service and the sandboxes work on these, from any thread; what changes who is on a network goes through its lock.
"""

import ipaddress
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pydock.daemon.networks.record import NetworkRecord, Pool
from pydock.errors import Conflict, Forbidden, InvalidParameter, NotFound
from pydock.linux.rtnetlink import Address, Network
from pydock.network.ipam import Subnet


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running container's place on a network; interfaces as text with their length, "" where there is none."""

    id: str
    container_id: str
    container_name: str
    interface: str = ""
    mac: str = ""
    ipv4: str = ""
    ipv6: str = ""
    hostname: str = ""


class LiveNetwork:
    """One network."""

    def __init__(self, record: NetworkRecord) -> None:
        self.record = record
        self.subnets = [_subnet(pool) for pool in record.pools]
        self.removed = False
        self._endpoints: dict[str, Endpoint] = {}
        self._joining: set[str] = set()
        #: the hardware address that neighbours may remember, by IP address
        self._known: dict[Address, str] = {}
        self._lock = threading.Lock()

    def endpoints(self) -> list[Endpoint]:
        """Who is on it, in the order of arrival."""
        with self._lock:
            return list(self._endpoints.values())

    def endpoint(self, container_id: str) -> Endpoint | None:
        """A container's place on it."""
        return self._endpoints.get(container_id)

    def join(self, container_id: str) -> None:
        """Say that a container is about to come, so that the network is not removed meanwhile."""
        with self._lock:
            if self.removed:
                raise NotFound(f"network {self.record.name} not found")
            self._joining.add(container_id)

    def add(self, endpoint: Endpoint) -> None:
        """The container has come."""
        with self._lock:
            self._joining.discard(endpoint.container_id)
            self._endpoints[endpoint.container_id] = endpoint

    def moved(self, address: Address, mac: str) -> bool:
        """Note at which hardware address an IP address is now; whether it was at another before."""
        with self._lock:
            before = self._known.get(address, mac)
            self._known[address] = mac
        return before != mac

    def leave(self, container_id: str) -> Endpoint | None:
        """The container has left, or did not come; its place where it had one."""
        with self._lock:
            self._joining.discard(container_id)
            return self._endpoints.pop(container_id, None)

    def close(self) -> None:
        """Let nobody come any more; refused, in Docker's words, while somebody is on it."""
        with self._lock:
            if self._endpoints or self._joining:
                listed = ", ".join(
                    f'name:"{one.container_name}" id:"{one.id[:12]}"' for one in self._endpoints.values()
                )
                raise Forbidden(
                    f"error while removing network: network {self.record.name} has active endpoints ({listed})"
                )
            self.removed = True

    def allocate(self, version: int, wanted: str = "") -> tuple[Address, Subnet] | None:
        """An address of IP `version`, `wanted` where that is given; None where the network has no such subnet."""
        candidates = [subnet for subnet in self.subnets if subnet.network.version == version]
        if not candidates:
            return None
        if wanted:
            address = ipaddress.ip_address(wanted)
            for subnet in candidates:
                if address in subnet.network:
                    return subnet.allocate(address), subnet
            raise InvalidParameter(f"no configured subnet or ip-range contain the IP address {wanted}")
        for number, subnet in enumerate(candidates, 1):
            try:
                return subnet.allocate(), subnet
            except Forbidden:
                if number == len(candidates):
                    raise
        return None

    def subnet_of(self, address: Address) -> Subnet | None:
        """The subnet that `address` is in."""
        return next(
            (one for one in self.subnets if one.network.version == address.version and address in one.network), None
        )

    def gateway(self, subnet: Network) -> Address | None:
        """The gateway of one of its subnets."""
        return next((pool.gateway_address for pool in self.record.pools if pool.network == subnet), None)


def _subnet(pool: Pool) -> Subnet:
    reserved = [ipaddress.ip_address(address) for address in (pool.auxiliary or {}).values()]
    if pool.gateway:
        reserved.append(ipaddress.ip_address(pool.gateway))
    allowed = ipaddress.ip_network(pool.ip_range) if pool.ip_range else None
    return Subnet(pool.network, allowed, reserved)


class Registry:
    """All networks, by id and name."""

    def __init__(self) -> None:
        self._by_id: dict[str, LiveNetwork] = {}
        self._by_name: dict[str, LiveNetwork] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[LiveNetwork]:
        return iter(list(self._by_id.values()))

    def get(self, reference: str) -> LiveNetwork | None:
        """The network with that id or name."""
        return self._by_id.get(reference) or self._by_name.get(reference)

    def named(self, name: str) -> LiveNetwork | None:
        """The network with that name; another's id may be the same."""
        return self._by_name.get(name)

    def find(self, reference: str) -> LiveNetwork:
        """The network with that id, name, or start of an id; NotFound, InvalidParameter where several begin so."""
        if not reference:
            raise InvalidParameter('invalid name or ID supplied: ""')
        if found := self.get(reference):
            return found
        started = [network for id, network in list(self._by_id.items()) if id.startswith(reference)]
        if len(started) > 1:
            raise InvalidParameter(
                f"network {reference} is ambiguous ({len(started)} matches found based on ID prefix)"
            )
        if not started:
            raise NotFound(f"network {reference} not found")
        return started[0]

    def add(self, network: LiveNetwork) -> None:
        """Enter a network; Conflict in Docker's words where the name is taken."""
        record = network.record
        with self._lock:
            if record.name in self._by_name:
                raise Conflict(f"network with name {record.name} already exists")
            self._by_id[record.id] = self._by_name[record.name] = network

    def remove(self, network: LiveNetwork) -> None:
        """Forget a network."""
        with self._lock:
            self._by_id.pop(network.record.id, None)
            if self._by_name.get(network.record.name) is network:
                del self._by_name[network.record.name]

    def subnets(self) -> list[Network]:
        """Every subnet of every network."""
        return [subnet.network for network in self for subnet in network.subnets]
