"""One container's place on one network: addresses given out, the interface that is to be made, the gateway chosen.

Called by `attachments`; nothing here touches the kernel.
"""

import ipaddress
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydock.daemon.networks.live import LiveNetwork
from pydock.daemon.networks.record import INTERFACE_PREFIX, NetworkRecord
from pydock.daemon.networks.settings import EndpointSettings
from pydock.errors import InvalidParameter, System
from pydock.linux.rtnetlink import Address, Interface
from pydock.network.bridge import LONGEST_NAME, Join, Port, interface, mac_of, parse_mac

INTERFACE_NAME: Final = "com.docker.network.endpoint.ifname"
SYSCTLS: Final = "com.docker.network.endpoint.sysctls"
_SYSCTL_KINDS: Final = ("ipv4", "ipv6", "mpls")
#: how long a hardware address is that an Ethernet interface can have, as text
_ETHERNET: Final = len("02:42:00:00:00:00")
_WITH_INTERFACE: Final = ("bridge", "macvlan", "ipvlan")


@dataclass(frozen=True, slots=True)
class Place:
    """A container on a network, with what it was given; ``port`` is None on host and none."""

    network: LiveNetwork
    settings: EndpointSettings
    port: Port | None = None

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.record.name

    def address(self, version: int) -> Address | None:
        """The container's address of that IP version."""
        text = self.settings.ip_address if version == 4 else self.settings.global_ipv6_address
        return ipaddress.ip_address(text) if text else None

    def gateway(self, version: int) -> Address | None:
        """The way out of the network."""
        text = self.settings.gateway if version == 4 else self.settings.ipv6_gateway
        return ipaddress.ip_address(text) if text else None


def has_interface(record: NetworkRecord) -> bool:
    """Whether a container on it gets an interface."""
    return record.driver in _WITH_INTERFACE


def allocate(
    network: LiveNetwork, wanted: EndpointSettings, taken_names: Collection[str], mac: str = "", ipv6: bool = True
) -> Place:
    """Give out addresses, of IPv6 too where there is `ipv6`, and a name; `release` takes the addresses back."""
    record = network.record
    settings = replace(wanted, network_id=record.id, endpoint_id=secrets.token_hex(32))
    if not has_interface(record):
        return Place(network, settings)
    link_local = tuple(map(_link_local, wanted.link_local_ips))
    given: list[Interface] = []
    try:
        for version, asked in ((4, wanted.ipv4_address), (6, wanted.ipv6_address)):
            if (version == 4 or ipv6) and (found := network.allocate(version, asked)):
                address, subnet = found
                given.append(interface(address, subnet.network))
                settings = _with_address(settings, given[-1], _gateway(network, given[-1]))
        address_of_link = wanted.wanted_mac or mac
        hardware = parse_mac(address_of_link) if address_of_link else mac_of(given[0].ip if given else None)
        if record.driver == "ipvlan":  # which has the parent's
            hardware = ""
        name = _interface_name(record, wanted, taken_names)
        if (shorter := hardware[:_ETHERNET]) != hardware:
            raise System(
                f"failed to add interface {name} to sandbox: failed to advertise addresses: MAC address changed, "
                f"got {shorter}, expected {hardware}"
            )
        settings = replace(settings, mac_address=hardware)
        port = Port(
            join=join_of(record),
            name=name,
            mac=hardware,
            addresses=(*given, *link_local),
            mtu=record.mtu,
            sysctls=sysctls(wanted.driver_opts or {}),
        )
    except BaseException:
        for one in given:
            _release(network, one.ip)
        raise
    return Place(network, settings, port)


def moved(place: Place) -> list[Address]:
    """The addresses of a place that neighbours may know at another hardware address: of who had them before."""
    mac = place.settings.mac_address
    addresses = (place.address(version) for version in (4, 6))
    return [address for address in addresses if address and mac and place.network.moved(address, mac)]


def release(place: Place) -> None:
    """Take the addresses back."""
    for version in (4, 6):
        if address := place.address(version):
            _release(place.network, address)


def restored(network: LiveNetwork, settings: EndpointSettings, name: str) -> Place:
    """The place of a container that outlived the daemon; its addresses are noted as given out."""
    if not has_interface(network.record):
        return Place(network, settings)
    given: list[Interface] = []
    for address, length in (
        (settings.ip_address, settings.ip_prefix_len),
        (settings.global_ipv6_address, settings.global_ipv6_prefix_len),
    ):
        if address:
            given.append(ipaddress.ip_interface(f"{address}/{length}"))
            if subnet := network.subnet_of(given[-1].ip):
                subnet.claim(given[-1].ip)
    port = Port(join_of(network.record), name, settings.mac_address, tuple(given), network.record.mtu)
    return Place(network, settings, port)


def choose_gateways(places: Iterable[Place]) -> Mapping[int, Place]:
    """By IP version the place whose network is the way out: the highest priority, then both versions, then by name."""
    chosen: dict[int, Place] = {}
    for place in sorted(places, key=_precedence):
        for version in (4, 6):
            if version not in chosen and _leads_out(place, version):
                chosen[version] = place
    return chosen


def join_of(record: NetworkRecord) -> Join:
    """How interfaces on a network are made."""
    options = record.options
    if record.driver == "macvlan":
        return Join("macvlan", record.parent, options.get("macvlan_mode", ""))
    if record.driver == "ipvlan":
        return Join("ipvlan", record.parent, options.get("ipvlan_mode", ""), options.get("ipvlan_flag", ""))
    return Join("bridge", record.bridge_name, isolated=not record.flag("com.docker.network.bridge.enable_icc", True))


def _leads_out(place: Place, version: int) -> bool:
    return place.gateway(version) is not None or (
        is_layer3(place.network.record) and place.address(version) is not None
    )


def is_layer3(record: NetworkRecord) -> bool:
    """Whether its containers send all they have out by the interface, without a gateway."""
    return record.driver == "ipvlan" and record.options.get("ipvlan_mode") in ("l3", "l3s") and not record.internal


def _precedence(place: Place) -> tuple[int, int, str]:
    versions = sum(_leads_out(place, version) for version in (4, 6))
    return -place.settings.gw_priority, -versions, place.name


def _gateway(network: LiveNetwork, given: Interface) -> Address | None:
    record = network.record
    isolated = record.driver == "bridge" and record.gateway_mode(given.version) == "isolated"
    if record.internal or isolated or is_layer3(record):
        return None
    subnet = network.subnet_of(given.ip)
    return network.gateway(subnet.network) if subnet else None


def _with_address(settings: EndpointSettings, given: Interface, gateway: Address | None) -> EndpointSettings:
    length = given.network.prefixlen
    if given.version == 4:
        return replace(settings, ip_address=str(given.ip), ip_prefix_len=length, gateway=str(gateway or ""))
    return replace(
        settings, global_ipv6_address=str(given.ip), global_ipv6_prefix_len=length, ipv6_gateway=str(gateway or "")
    )


def _link_local(text: str) -> Interface:
    """An address of the link alone, with the length that such have."""
    address = ipaddress.ip_address(text)
    if not address.is_link_local:
        raise InvalidParameter(f"invalid link local IP address: {text}")
    return ipaddress.ip_interface(f"{address}/{16 if address.version == 4 else 64}")


def _release(network: LiveNetwork, address: Address) -> None:
    if subnet := network.subnet_of(address):
        subnet.release(address)


def _interface_name(record: NetworkRecord, wanted: EndpointSettings, taken: Collection[str]) -> str:
    asked = (wanted.driver_opts or {}).get(INTERFACE_NAME, "")
    if asked:
        check_interface_name(asked)
        if asked in taken:
            raise System(
                f'failed to add interface {asked} to sandbox: error renaming interface to "{asked}": file exists'
            )
        return asked
    prefix = record.options.get(INTERFACE_PREFIX) or "eth"
    number = 0
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"


def check_interface_name(name: str) -> None:
    """Refuse what the kernel would not take for an interface's name."""
    if (
        not name
        or len(name.encode()) > LONGEST_NAME
        or name in (".", "..", "lo")
        or any(character.isspace() or character in "/:%" or not character.isprintable() for character in name)
    ):
        raise InvalidParameter(f"invalid interface name {name!r}")


def sysctls(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """``net.ipv4.conf.IFNAME.log_martians=1,...`` as names below /proc/sys/net and values; only of the interface."""
    found = []
    for setting in filter(None, options.get(SYSCTLS, "").split(",")):
        name, equals, value = setting.partition("=")
        parts = name.split(".")
        # the docker client writes all of it in small letters
        of_interface = len(parts) == 5 and parts[0] == "net" and parts[3].upper() == "IFNAME"
        if not equals or not of_interface or parts[1] not in _SYSCTL_KINDS or not _plain(parts):
            raise InvalidParameter(
                f"unrecognised network interface sysctl '{setting}'; represent 'net.X.Y.ethN.Z=V' as "
                "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
            )
        found.append(("/".join((*parts[1:3], "IFNAME", parts[4])), value))
    return tuple(found)


def _plain(parts: Iterable[str]) -> bool:
    return all(part and part.replace("_", "").isalnum() and part.isascii() for part in parts)
