"""Addresses: which subnets networks get, and which addresses in them containers get.

Kept in memory by the daemon's network services and made anew at start-up from the records of networks and running
containers.  Every call may come from any thread.
"""

import heapq
import ipaddress
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydock.errors import Forbidden, InvalidParameter
from pydock.linux.rtnetlink import Address, Network

OVERLAP: Final = "invalid pool request: Pool overlaps with other one on this address space"


@dataclass(frozen=True, slots=True)
class PoolRange:
    """A range out of which networks without a subnet of their own get one of ``size`` bits."""

    base: Network
    size: int


#: Docker's own, in its order
DEFAULT_RANGES: Final = tuple(
    PoolRange(ipaddress.ip_network(base), size)
    for base, size in (
        ("172.17.0.0/16", 16), ("172.18.0.0/16", 16), ("172.19.0.0/16", 16), ("172.20.0.0/14", 16),
        ("172.24.0.0/14", 16), ("172.28.0.0/14", 16), ("192.168.0.0/16", 20),
    )
)  # fmt: skip


class Subnet:
    """The addresses of one subnet of a network."""

    def __init__(self, network: Network, allowed: Network | None = None, reserved: Iterable[Address] = ()) -> None:
        """`allowed` limits what is chosen, not what can be asked for; `reserved` is never given out."""
        self.network = network
        self.allowed = allowed or network
        self._base = int(network.network_address)
        self._first, self._last = _bounds(network, self.allowed)
        self._next = self._first
        self._taken = {int(address) for address in reserved}
        self._free: list[int] = []
        self._lock = threading.Lock()

    def allocate(self, wanted: Address | None = None) -> Address:
        """`wanted`, or the lowest free one, which may just have been another's: see `bridge.mac_of`."""
        with self._lock:
            number = int(wanted) if wanted is not None else self._choose()
            if wanted is not None:
                if wanted not in self.network:
                    raise InvalidParameter(f"requested address is not in the subnet: {wanted}")
                if number in self._taken or not self._is_host(number):
                    raise Forbidden("Address already in use")
            self._taken.add(number)
            return type(self.network.network_address)(number)

    def claim(self, address: Address) -> None:
        """Note that a container has `address` already."""
        with self._lock:
            self._taken.add(int(address))

    def release(self, address: Address) -> None:
        """Take an address back."""
        with self._lock:
            number = int(address)
            if number in self._taken:
                self._taken.discard(number)
                heapq.heappush(self._free, number)

    def _is_host(self, number: int) -> bool:
        first, last = _bounds(self.network, self.network)
        return first <= number <= last

    def _choose(self) -> int:
        while self._free:
            number = heapq.heappop(self._free)
            if self._is_free(number):
                return number
        while self._next <= self._last:
            number = self._next
            self._next += 1
            if number not in self._taken:
                return number
        raise Forbidden("no available IPv4 addresses on this network's address pools" if self.network.version == 4
                        else "no available IPv6 addresses on this network's address pools")  # fmt: skip

    def _is_free(self, number: int) -> bool:
        """Whether a released one may be chosen; one above `_next` will come in its turn."""
        return number not in self._taken and self._first <= number < self._next


def _bounds(network: Network, allowed: Network) -> tuple[int, int]:
    """The first and last number that a host of `network` may have within `allowed`."""
    first, last = int(allowed.network_address), int(allowed.broadcast_address)
    spare = 2 if network.max_prefixlen - network.prefixlen >= 2 else 0
    if spare or network.version == 6:  # all routers' anycast address, RFC 4291
        first = max(first, int(network.network_address) + 1)
    if spare and network.version == 4:
        last = min(last, int(network.broadcast_address) - 1)
    return first, last


def choose_subnet(ranges: Sequence[PoolRange], version: int, taken: Iterable[Network]) -> Network:
    """The first subnet of IP `version` in `ranges` that overlaps with none of `taken`."""
    busy = sorted({(int(one.network_address), int(one.broadcast_address)) for one in taken if one.version == version})
    for pool in ranges:
        if pool.base.version != version:
            continue
        for start in _gaps(pool, busy):
            return ipaddress.ip_network((start, pool.size))
    raise InvalidParameter("all predefined address pools have been fully subnetted")


def _gaps(pool: PoolRange, busy: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The starts of free subnets: at most one step for each busy range, however large the pool is."""
    step = 1 << (pool.base.max_prefixlen - pool.size)
    start, end = int(pool.base.network_address), int(pool.base.broadcast_address)
    for first, last in busy:
        if last < start:
            continue
        if start + step - 1 < first:
            break
        start = (last // step + 1) * step
    if start + step - 1 <= end:
        yield start


def check_overlap(subnet: Network, others: Iterable[Network]) -> None:
    """Refuse, in Docker's words, a subnet that overlaps with another network's."""
    for other in others:
        if other.version == subnet.version and subnet.overlaps(other):
            raise Forbidden(OVERLAP)


def unique_local_range(seed: bytes) -> PoolRange:
    """The engine's own range of IPv6 subnets, fd00::/8 with 40 bits of `seed` (RFC 4193)."""
    return PoolRange(ipaddress.IPv6Network((bytes((0xFD,)) + seed[:5] + bytes(10), 48)), 64)
