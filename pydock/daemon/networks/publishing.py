"""Which ports of a container appear on the host, and where: from what was asked for to held sockets and rules.

Called by `attachment` with a container's network values; blocking.
"""

import contextlib
import ipaddress
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydock.daemon.networks.settings import ContainerNetwork, PortBinding
from pydock.errors import InvalidParameter
from pydock.linux.rtnetlink import Address
from pydock.network.firewall import PROTOCOLS, Firewall, Published
from pydock.network.ports import Held, Ports, Wish, meet, parse_range

ANY4: Final = ipaddress.IPv4Address("0.0.0.0")
ANY6: Final = ipaddress.IPv6Address("::")
_ANY: Final[Mapping[int, Address]] = {4: ANY4, 6: ANY6}
_NO_PROTOCOL: Final = "0"
_HOST_IPV6: Final = Path("/proc/net/if_inet6")

Bindings = Mapping[str, tuple[PortBinding, ...] | None]


@dataclass(frozen=True, slots=True)
class Defaults:
    """How the engine publishes: at which host's address where nothing else is said, "" for all of them.

    ``direct``: translated ports can be reached at the container's own address, too, by who has a route there.
    """

    host: str = ""
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where published packets go, by IP version: the container's address; and the host addresses that "" stands for."""

    addresses: Mapping[int, Address]
    hosts: tuple[Address, ...]
    #: versions in which the ports are open at the container's own address instead of being translated
    routed: tuple[int, ...] = ()
    #: as in `Defaults`
    direct: bool = False
    #: by IP version, the interfaces by which translated ports can be reached at the container's own address, too
    trusted: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Publication:
    """What a running container has published; a binding without a host port is open at the container's own address."""

    ports: dict[str, tuple[PortBinding, ...] | None] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    rules: list[Published] = field(default_factory=list)
    opened: list[Published] = field(default_factory=list)

    def held_by_port(self) -> list[tuple[str, Held]]:
        """Each held port with the container's port that it was taken for."""
        numbers = {
            (port.rpartition("/")[2] or "tcp", int(binding.host_port), binding.host_ip): port
            for port, several in self.ports.items()
            for binding in several or ()
            if binding.host_port
        }
        return [(numbers[held.protocol, held.port, str(held.hosts[0])], held) for held in self.held]

    def take_sockets(self) -> tuple[int, ...]:
        """Copies of the sockets' descriptors for the shim, which the caller owns; this process's own are closed."""
        copies: list[int] = []
        with contextlib.ExitStack() as undo:  # a copy that stays would hold its port for good
            for sock in (sock for held in self.held for sock in held.sockets if sock.fileno() >= 0):
                copies.append(os.dup(sock.fileno()))
                undo.callback(os.close, copies[-1])
            undo.pop_all()
        self.close_sockets()
        return tuple(copies)

    def close_sockets(self) -> None:
        """Close this process's copies of the sockets."""
        for held in self.held:
            for sock in held.sockets:
                sock.close()


def default_hosts(host: str) -> tuple[Address, ...]:
    """What an open host address stands for: every address, of both versions, unless the option names one."""
    address = ipaddress.ip_address(host or "0.0.0.0")
    if address == ANY4:
        return (ANY4, ANY6) if _HOST_IPV6.exists() else (ANY4,)
    return (address,)


def split_port(port: str) -> tuple[int, str]:
    """``80/tcp`` as (80, "tcp"); as Docker shows it, what is no port is 0, and a protocol that is none "0"."""
    number, _, rest = port.partition("/")
    protocol = (rest.partition("/")[0].lower() or "tcp") if number else ""
    is_port = number.isascii() and number.isdigit() and len(number) < 6 and int(number) < 1 << 16
    return int(number) if is_port else 0, protocol if protocol in PROTOCOLS else _NO_PROTOCOL


def check_bindings(bindings: Bindings, exposed: Collection[str]) -> None:
    """Refuse what no start could carry out."""
    for port, several in bindings.items():
        number, protocol = split_port(port)
        if port in exposed and (number == 0 or protocol == _NO_PROTOCOL):
            raise InvalidParameter(f'invalid port specification: "{port}"')
        for binding in several or ():
            parse_range(binding.host_port, f'hostPort binding for "{port}": port')
            if binding.host_ip:
                try:
                    ipaddress.ip_address(binding.host_ip)
                except ValueError:
                    raise InvalidParameter(f"invalid IP address: {binding.host_ip}") from None


def publish(container: ContainerNetwork, target: Target, ports: Ports, firewall: Firewall) -> Publication:
    """Hold the host ports and enter the rules; where that fails nothing is left."""
    made = Publication()
    wanted = _wanted(container)
    with ExitStack() as undo:
        undo.callback(release, made, ports)
        undo.callback(made.close_sockets)
        made.ports = dict.fromkeys(sorted(wanted, key=split_port))
        for port, first, last, hosts in _in_turn(wanted):
            found = _publish_one(port, (first, last), hosts, target, ports, made)
            made.ports[port] = (*(made.ports[port] or ()), *found) or None
        if made.rules:
            firewall.change_ports(add=made.rules)
        made.opened = _opened(made.ports, target)
        if made.opened:
            undo.callback(firewall.change_ports, remove=made.rules)
            firewall.change_ports(add=made.opened, opened=True)
        undo.pop_all()
    return made


def release(made: Publication, ports: Ports) -> None:
    """Give the host ports back."""
    for held in made.held:
        ports.release(held.protocol, held.hosts, held.port)


def withdraw(made: Publication, ports: Ports, firewall: Firewall) -> None:
    """Undo a publication, but for the sockets that the shim has."""
    try:
        if made.rules:
            firewall.change_ports(remove=made.rules)
        if made.opened:
            firewall.change_ports(remove=made.opened, opened=True)
    finally:
        release(made, ports)


def retarget(made: Publication, target: Target, firewall: Firewall) -> None:
    """Lead what is published to another address of the container; the host's ports stay as they are."""
    rules = []
    for port, held in made.held_by_port():
        rules += _rules(held, target, split_port(port)[0])
    if set(rules) != set(made.rules):
        firewall.change_ports(add=rules, remove=made.rules)
        made.rules = rules
    opened = _opened(made.ports, target)
    if set(opened) != set(made.opened):
        firewall.change_ports(add=opened, remove=made.opened, opened=True)
        made.opened = opened


def adopt(bindings: Bindings, target: Target, ports: Ports, firewall: Firewall) -> Publication:
    """What a container that outlived the daemon has published, as its record says; missing rules are entered."""
    made = Publication(dict(bindings))
    for port, several in bindings.items():
        number, protocol = split_port(port)
        for binding in several or ():
            if not binding.host_port.isdigit():
                continue
            host = ipaddress.ip_address(binding.host_ip)
            held = ports.claim(protocol, host, int(binding.host_port))
            made.held.append(held)
            made.rules += _rules(held, target, number)
    firewall.ensure_ports(made.rules)
    made.opened = _opened(made.ports, target)
    firewall.ensure_ports(made.opened, opened=True)
    return made


def _wanted(container: ContainerNetwork) -> dict[str, list[PortBinding]]:
    """The exposed ports as ``80/tcp``, in whichever way clients write them, and what is asked for each.

    As in Docker, a binding counts only where its port is exposed, and is written the same.
    """
    wanted: dict[str, list[PortBinding]] = {}
    for port in container.exposed_ports:
        number, protocol = split_port(port)
        asked = wanted.setdefault(f"{number}/{protocol}", [])
        asked += container.port_bindings.get(port, ())
        if container.publish_all and not asked:
            asked.append(PortBinding())
        if asked and protocol == _NO_PROTOCOL:
            raise InvalidParameter("unknown protocol")
    return wanted


def _in_turn(wanted: Mapping[str, Sequence[PortBinding]]) -> list[tuple[str, int, int, list[str]]]:
    """(container's port, first and last host port, host addresses) in the order in which they get their ports.

    As in Docker, ports that may be no other come first, lest one that may be any takes them; and what differs in
    nothing but the host address gets the same port.
    """
    turns: dict[tuple[str, int, int], list[str]] = {}
    for port, bindings in wanted.items():
        for binding in bindings:
            hosts = turns.setdefault((port, *parse_range(binding.host_port)), [])
            if binding.host_ip not in hosts or not _can_be_twice(port, binding):
                hosts.append(binding.host_ip)
    return [(*turn, sorted(turns[turn], key=_host_rank)) for turn in sorted(turns, key=_turn_rank)]


def _can_be_twice(port: str, binding: PortBinding) -> bool:
    """Docker binds a datagram socket as often as it is asked to."""
    return split_port(port)[1] == "udp" and binding.host_port.isdigit() and int(binding.host_port) > 0


def _turn_rank(turn: tuple[str, int, int]) -> tuple[bool, int, int, int, int]:
    port, first, last = turn
    number, protocol = split_port(port)
    return not first or first != last, number, PROTOCOLS[protocol], first, last


def _host_rank(host: str) -> tuple[int, int]:
    if not host:
        return 0, 0
    address = ipaddress.ip_address(host)
    return address.version, int(address)


def _publish_one(
    port: str, numbers: tuple[int, int], asked: Sequence[str], target: Target, ports: Ports, made: Publication
) -> list[PortBinding]:
    number, protocol = split_port(port)
    hosts = [host for one in asked for host in ((ipaddress.ip_address(one),) if one else target.hosts)]
    # as in Docker, what has IPv6 only is not published by IPv4; the other way round it is, by a relay
    served = [
        host for host in hosts if host.version not in target.routed and (host.version == 6 or 4 in target.addresses)
    ]
    routed = [PortBinding(str(_ANY[host.version])) for host in hosts if _is_routed(target, host.version)]
    found: list[PortBinding] = []
    for apart in _apart(served):
        address = target.addresses.get(4) or target.addresses[6]
        held = ports.hold(Wish(protocol, apart, *numbers, str(address), number))
        made.held.append(held)
        made.rules += _rules(held, target, number)
        found += [PortBinding(str(host), str(held.port)) for host in held.hosts]
    return sorted((*routed, *found), key=lambda binding: ":" in binding.host_ip) if routed else found


def _apart(hosts: Iterable[Address]) -> list[tuple[Address, ...]]:
    """The host addresses in groups that can have the same port."""
    groups: list[tuple[Address, ...]] = []
    for host in hosts:
        if groups and not any(meet(host, other) for other in groups[-1]):
            groups[-1] += (host,)
        else:
            groups.append((host,))
    return groups


def _is_routed(target: Target, version: int) -> bool:
    return version in target.routed and version in target.addresses


def _opened(bindings: Bindings, target: Target) -> list[Published]:
    """The ports that are open at the container's own address."""
    opened: dict[Published, None] = {}
    for port, several in bindings.items():
        number, protocol = split_port(port)
        for binding in several or ():
            host = ipaddress.ip_address(binding.host_ip)
            version = host.version
            for interface in _admitted(target, host):
                opened[Published(protocol, None, 0, target.addresses[version], number, interface)] = None
    return list(opened)


def _admitted(target: Target, host: Address) -> Sequence[str]:
    """By which interfaces what is bound to a host address is open at the container's own address; "" for all."""
    if _is_routed(target, host.version):
        return ("",)
    if host.version not in target.addresses or host.is_loopback:
        return ()
    return ("",) if target.direct else target.trusted.get(host.version, ())


def _rules(held: Held, target: Target, number: int) -> list[Published]:
    """A host address of a version that the container lacks is held and has no rule: the kernel cannot translate it."""
    rules = []
    for host in held.hosts:
        address = target.addresses.get(host.version)
        if address and host.version not in target.routed:
            rules.append(Published(held.protocol, None if host in (ANY4, ANY6) else host, held.port, address, number))
    return rules
