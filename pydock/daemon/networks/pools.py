"""The subnets of a network that is to be made: read from the request, checked in Docker's words, given gateways.

Called by `request`, and by `making`, which knows which subnets are taken.  Pure.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydock.daemon.networks.record import Pool
from pydock.errors import InvalidParameter, PydockError
from pydock.linux.rtnetlink import Network
from pydock.network.ipam import Subnet

_IN_USE = "Address already in use"
_EXHAUSTED = "no available addresses on this pool"


def parse(ipam: Mapping[str, Any], ipv6: bool) -> tuple[Pool, ...]:
    """``IPAM.Config`` of a request; all that is wrong with it is told at once."""
    pools: list[Pool] = []
    problems: list[str] = []
    for entry in ipam.get("Config") or ():
        pool = Pool(
            subnet=entry.get("Subnet") or "",
            ip_range=entry.get("IPRange") or "",
            gateway=entry.get("Gateway") or "",
            auxiliary=entry.get("AuxiliaryAddresses") or None,
            chosen=True,
        )
        problems += _problems(pool, ipv6)
        pools.append(pool)
    if problems:
        listed = problems[0] if len(problems) == 1 else "\n".join(f"* {problem}" for problem in problems)
        raise InvalidParameter(f"invalid network config:\n{listed}")
    return tuple(pools)


def with_gateway(pool: Pool, needed: bool = True) -> Pool:
    """The pool with the first address of its range as gateway, where the user named none and one is `needed`.

    Refused where the gateway and the auxiliary addresses are not addresses that hosts can have, each its own.
    """
    addresses = Subnet(pool.network, ipaddress.ip_network(pool.ip_range) if pool.ip_range else None)
    if pool.gateway or needed:
        wanted = ipaddress.ip_address(pool.gateway) if pool.gateway else None
        try:
            gateway = addresses.allocate(wanted)
        except PydockError as error:
            reason = _IN_USE if wanted else _EXHAUSTED
            raise InvalidParameter(f"failed to allocate gateway ({pool.gateway}): {reason}") from error
        if gateway.version == 6 and gateway.is_multicast:
            raise InvalidParameter(f"multicast subnet '{gateway}/{pool.network.prefixlen}' is not allowed")
        pool = replace(pool, gateway=str(gateway), implied=pool.chosen and not pool.gateway)
    for name, text in (pool.auxiliary or {}).items():
        try:
            addresses.allocate(ipaddress.ip_address(text))
        except PydockError as error:
            raise InvalidParameter(f"failed to allocate secondary ip address ({name}:{text}): {_IN_USE}") from error
    return pool


def in_docker_order(pools: Sequence[Pool]) -> list[Pool]:
    """As inspect lists them: what the user chose, then the rest; IPv4 before IPv6."""
    return sorted(pools, key=lambda pool: (not pool.chosen, pool.network.version))


def _problems(pool: Pool, ipv6: bool) -> list[str]:
    subnet = _network(pool.subnet)
    if subnet is None:
        return [f"invalid subnet {pool.subnet}: invalid CIDR block notation"]
    if subnet.version == 6 and not ipv6:
        return []
    problems = _unmasked("subnet", pool.subnet)
    if pool.ip_range:
        problems += _range_problems(pool.ip_range, subnet)
    if pool.gateway:
        problems += _address_problems("gateway", pool.gateway, subnet)
    for text in (pool.auxiliary or {}).values():
        problems += _address_problems("auxiliary address", text, subnet)
    return problems


def _network(text: str) -> Network | None:
    """A subnet in CIDR notation; its host bits may be set."""
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _unmasked(what: str, text: str) -> list[str]:
    given = ipaddress.ip_interface(text)
    return [] if given.ip == given.network.network_address else [f"invalid {what} {text}: it should be {given.network}"]


def _range_problems(text: str, subnet: Network) -> list[str]:
    allowed = _network(text)
    if allowed is None:
        return [f"invalid ip-range {text}: invalid CIDR block notation"]
    if allowed.version != subnet.version:
        return [f"invalid ip-range {text}: parent subnet is an IPv{subnet.version} block"]
    problems = []
    if allowed.prefixlen < subnet.prefixlen:
        problems.append(f"invalid ip-range {text}: CIDR block is bigger than its parent subnet {subnet}")
    problems += _unmasked("ip-range", text)
    if not subnet.overlaps(allowed):
        problems.append(f"invalid ip-range {text}: parent subnet {subnet} doesn't contain ip-range")
    return problems


def _address_problems(what: str, text: str, subnet: Network) -> list[str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return [f"invalid {what} {text}: invalid address"]
    if address.version != subnet.version:
        return [f"invalid {what} {text}: parent subnet is an IPv{subnet.version} block"]
    if address not in subnet:
        return [f"invalid {what} {text}: parent subnet {subnet} doesn't contain this address"]
    return []
