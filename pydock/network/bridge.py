"""Bridges on the host, and the links that join a container's namespace to one, or to an interface of the host.

Called by the daemon's network services, from any thread.  The host's sysctls that a bridge needs are set here.
"""

import contextlib
import errno
import hashlib
import ipaddress
import logging
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydock.errors import Forbidden, InvalidParameter, System
from pydock.linux import rtnetlink as rt
from pydock.linux.netlink import Message, Netlink
from pydock.linux.rtnetlink import Address, Interface, Link, Network
from pydock.network.namespaces import Namespaces, Space, read_sysctl, write_sysctls

_log = logging.getLogger("pydock")

#: the longest name of an interface, in bytes (IFNAMSIZ less its zero)
LONGEST_NAME: Final = 15
#: the kernel has no IPv6 on links with less (RFC 8200, 5)
_LEAST_IPV6_MTU: Final = 1280
_MAC: Final = re.compile(r"[0-9a-f]{2}([:-])([0-9a-f]{2}\1)+[0-9a-f]{2}|([0-9a-f]{4}\.)+[0-9a-f]{4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Join:
    """How a container's interface comes about: ``kind`` bridge, macvlan or ipvlan, on ``parent``."""

    kind: str
    parent: str
    mode: str = ""
    flag: str = ""
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """One interface of a container: its name there, its addresses, and what goes with them."""

    join: Join
    name: str
    mac: str
    addresses: tuple[Interface, ...]
    mtu: int = 0
    #: default routes; None as gateway: by the interface itself
    gateways: tuple[tuple[int, Address | None], ...] = ()
    #: ``IFNAME`` stands for the interface's name, as in Docker's endpoint option
    sysctls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BridgeDevice:
    """A bridge as it should be."""

    name: str
    addresses: tuple[Interface, ...] = ()
    mtu: int = 0
    #: a user's own bridge is neither made nor removed
    foreign: bool = False
    sysctls: tuple[tuple[str, str], ...] = field(default=())


class Host:
    """The host's own links; `netlink` is a socket in its namespace, `owner` marks the links that are ours."""

    def __init__(self, netlink: Netlink, namespaces: Namespaces, owner: str) -> None:
        self._netlink = netlink
        self._namespaces = namespaces
        self._owner = owner

    def ensure_bridge(self, bridge: BridgeDevice) -> None:
        """Make the bridge, or make the one that is there as it should be."""
        link = rt.get_link(self._netlink, bridge.name)
        if link is None:
            alias = rt.set_link(bridge.name, alias=self._owner)
            self._netlink.request([rt.add_bridge(bridge.name, mtu=bridge.mtu), alias])
            link = rt.get_link(self._netlink, bridge.name)
            assert link is not None
            present: set[Interface] = set()
        else:
            if link.kind != "bridge":
                raise Forbidden(f"existing interface {bridge.name} is not a bridge")
            present = {address for _, address in rt.addresses(self._netlink, link.index)}
        wanted = set(bridge.addresses)
        changes = [rt.add_address(link.index, one) for one in wanted - present]
        if not bridge.foreign:
            changes += [rt.delete_address(link.index, one) for one in present - wanted if not one.ip.is_link_local]
        changes.append(rt.set_link(index=link.index, up=True))
        _write_bridge_sysctls(bridge)
        self._netlink.request(changes)

    def remove_link(self, name: str) -> None:
        """Remove a link; fine where it is gone."""
        try:
            self._netlink.request([rt.delete_link(name)])
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise

    def dismiss_link(self, name: str) -> None:
        """Take a link away under its name and have the kernel remove it while nobody waits: that takes it long."""
        link = self.link(name)
        if link is None:
            return
        down, renamed = (
            rt.set_link(index=link.index, up=False),
            rt.set_link(index=link.index, rename=f"gone{link.index}"),
        )
        try:
            self._netlink.request([down, renamed])
        except OSError:
            self.remove_link(name)
        else:
            try:
                threading.Thread(target=_remove, args=(link.index,), name=f"removal of {name}").start()
            except RuntimeError:  # the kernel gives no more threads
                _remove(link.index)

    def link(self, name: str) -> Link | None:
        """The link called `name`."""
        return rt.get_link(self._netlink, name)

    def owned_links(self) -> list[Link]:
        """The links that this engine made."""
        return [link for link in rt.links(self._netlink) if link.alias == self._owner]

    def addresses(self, name: str) -> list[Interface]:
        """The addresses of a link, none where it is not there."""
        link = self.link(name)
        return [address for _, address in rt.addresses(self._netlink, link.index)] if link else []

    def networks(self) -> list[Network]:
        """Every network that the host has a route to or an address in, default routes aside."""
        routed = [route.destination for version in (4, 6) for route in rt.routes(self._netlink, version)]
        on_links = [address.network for _, address in rt.addresses(self._netlink)]
        return [one for one in {*routed, *on_links} if one.prefixlen]

    def add_parent(self, name: str) -> None:
        """Make the parent of a macvlan or ipvlan network, a VLAN such as ``eth0.10``, where it is missing."""
        if self.link(name):
            return
        base, number = _vlan(name)
        below = self.link(base)
        if below is None:
            raise InvalidParameter(f"-o parent interface was not found on the host: {base}")
        if not 0 < number < 4095:
            raise InvalidParameter(f"vlan id must be between 1-4094, received: {number}")
        self._netlink.request([rt.add_vlan(name, below.index, number), rt.set_link(name, alias=self._owner)])

    def add_dummy(self, name: str) -> None:
        """Make the parent of an internal macvlan or ipvlan network."""
        if not self.link(name):
            try:
                self._netlink.request([rt.add_dummy(name), rt.set_link(name, alias=self._owner)])
            except OSError as error:
                raise System(f"failed to create dummy link {name}: {error.strerror}") from error

    def attach(self, space: Space, ports: Sequence[Port]) -> None:
        """Give a namespace its interfaces, all at once; where that fails the caller drops the namespace."""
        for port in ports:
            self._attach(space, port)

    def joined(self, space: Space) -> dict[str, str]:
        """The bridges that a namespace's interfaces lead to, by the interfaces' names."""
        found = {}
        for link in rt.links(space.netlink):
            port = rt.get_link(self._netlink, index=link.peer) if link.kind == "veth" else None
            # a pair that was made inside may have an index of the host's by chance
            if port is not None and port.kind == "veth" and port.peer == link.index and port.master:
                master = rt.get_link(self._netlink, index=port.master)
                found[link.name] = master.name if master else ""
        return found

    def _attach(self, space: Space, port: Port) -> None:
        parent = self.link(port.join.parent)
        if parent is None:
            raise System(f"failed to attach to {port.join.parent}: no such interface")
        try:
            self._netlink.request(_new_links(port, parent, space.descriptor))
        except OSError as error:
            raise _not_added(port, error.strerror or "failed") from error
        inner = rt.get_link(space.netlink, port.name)
        if inner is None:
            raise System(f"failed to attach to {port.join.parent}: the interface {port.name} is gone")
        sysctls = {name.replace("IFNAME", port.name): value for name, value in port.sysctls}
        if any(address.version == 6 for address in port.addresses):
            sysctls = {f"ipv6/conf/{port.name}/disable_ipv6": "0", **sysctls}
        try:
            self._namespaces.set_sysctls(space, sysctls)
        except FileNotFoundError as error:
            raise _not_added(port, f"{error.filename} is not a sysctl file") from error
        except OSError as error:
            raise _not_added(port, f"{error.filename}: {error.strerror}") from error
        changes = [rt.add_address(inner.index, address) for address in port.addresses]
        changes.append(rt.set_link(index=inner.index, up=True))
        changes += [rt.add_route(None, inner.index, gateway, version) for version, gateway in port.gateways]
        space.netlink.request(changes)


def _not_added(port: Port, reason: str) -> System:
    return System(f"failed to add interface {port.name} to sandbox: {reason[:1].lower()}{reason[1:]}")


def _remove(index: int) -> None:
    """Remove a link, by a socket of its own: others should not wait for the answer."""
    try:
        with contextlib.closing(Netlink()) as netlink:
            netlink.request([rt.delete_link(index=index)])
    except OSError as error:
        if error.errno != errno.ENODEV:
            _log.warning("link %d cannot be removed before the next start: %s", index, error.strerror)


def _new_links(port: Port, parent: Link, namespace: int) -> list[Message]:
    join = port.join
    if join.kind == "macvlan":
        return [rt.add_macvlan(port.name, parent.index, join.mode or "bridge", namespace, port.mac, port.mtu)]
    if join.kind == "ipvlan":
        return [rt.add_ipvlan(port.name, parent.index, join.mode or "l2", join.flag or "bridge", namespace, port.mtu)]
    name = f"veth{os.urandom(4).hex()}"[:LONGEST_NAME]
    # hairpin: where br_netfilter translates bridged packets, a container reaches its own published port by it
    return [
        rt.add_veth(name, parent.index, port.name, port.mac, namespace, port.mtu),
        rt.bridge_port(name, hairpin=True, isolated=join.isolated, has_ipv6=not 0 < port.mtu < _LEAST_IPV6_MTU),
        rt.set_link(name, up=True),
    ]


def _vlan(name: str) -> tuple[str, int]:
    """``eth0.10`` as ("eth0", 10)."""
    base, *numbers = name.split(".")
    if not numbers:
        raise InvalidParameter(f"invalid subinterface vlan name {name}, example formatting is eth0.10")
    number = numbers[0]
    if len(numbers) > 1:
        raise InvalidParameter(
            f"required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received {name}"
        )
    if not (number.isascii() and number.isdigit()):
        raise InvalidParameter(f"unable to parse a valid vlan id from: {number} (ex. eth0.10 for vlan 10)")
    return base, int(number)


def _write_bridge_sysctls(bridge: BridgeDevice) -> None:
    conf = f"ipv4/conf/{bridge.name}"
    values = {}
    # 127.0.0.1 as the source of translated packets; `firewall` drops what a container forges
    if any(address.version == 4 for address in bridge.addresses):
        values[f"{conf}/route_localnet"] = "1"
    if any(address.version == 6 for address in bridge.addresses):
        values[f"ipv6/conf/{bridge.name}/disable_ipv6"] = "0"
        values[f"ipv6/conf/{bridge.name}/accept_ra"] = "0"
    values.update(bridge.sysctls)
    write_sysctls(values)


def enable_forwarding(version: int) -> None:
    """Let the host forward packets of this IP version."""
    name = "ipv4/ip_forward" if version == 4 else "ipv6/conf/all/forwarding"
    if read_sysctl(name) == "0":
        write_sysctls({name: "1"})


def mac_of(address: Address | None) -> str:
    """A locally administered unicast address, always the same for an IP address; a random one where there is none.

    Neighbours remember which hardware address an IP address has, for half a minute or longer: a container that gets
    what another had could not be reached by them with one of its own.
    """
    if address is None:
        last = os.urandom(4)
    else:
        last = address.packed if address.version == 4 else hashlib.sha256(address.packed).digest()[:4]
    return (b"\x02\x42" + last).hex(":")


def parse_mac(text: str) -> str:
    """A hardware address in Docker's spelling, of 6, 8 or 20 bytes as Go has it; InvalidParameter where it is none."""
    digits = text.replace(":", "").replace("-", "").replace(".", "").lower()
    if len(digits) not in (12, 16, 40) or not _MAC.fullmatch(text):
        raise InvalidParameter(f"invalid MAC address {text}".rstrip())
    return bytes.fromhex(digits).hex(":")


def interface(address: Address, subnet: Network) -> Interface:
    """An address with its subnet's length."""
    return ipaddress.ip_interface(f"{address}/{subnet.prefixlen}")
