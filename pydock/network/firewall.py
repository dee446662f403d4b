"""The engine's own table of the kernel's packet filter: address translation, published ports, isolation.

Called by the daemon's network services, which say which bridges, subnets and ports there are; all of it stands in sets
and maps, so that a container costs a few elements and the number of rules never grows.  Each change is one transaction.

A packet passes every table's chains.  Whoever drops in FORWARD by policy (Docker, firewalld, ufw in `ip filter`) drops
ours too, and nothing in our table can prevent that: see `passage` for what is entered beside such a policy.
"""

import ipaddress
import struct
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydock.linux import nftables as nft
from pydock.linux.netlink import NETLINK_NETFILTER, Netlink
from pydock.linux.nftables import Element, Transaction
from pydock.linux.rtnetlink import Address, Network

VERSIONS: Final = (4, 6)
PROTOCOLS: Final = {"tcp": 6, "udp": 17, "sctp": 132}

_LOOPBACK4: Final = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK6: Final = ipaddress.IPv6Address("::1")
#: a raw table's, dstnat, filter and srcnat: the priorities that the kernel names (netfilter_ipv4.h)
_RAW, _DSTNAT, _FILTER, _SRCNAT = -300, -100, 0, 100
_ICMP: Final = (1, 58)
#: whether an IPv6 packet's source is in fe80::/10
_OF_LINK: Final = (nft.payload(nft.NETWORK_HEADER, 8, 2), nft.masked(b"\xff\xc0"), nft.equal(b"\xfe\x80"))


@dataclass(frozen=True, slots=True)
class BridgeRules:
    """How the packets of one bridge are treated; subnets of both versions."""

    name: str
    subnets: tuple[Network, ...]
    #: traffic that leaves by other interfaces gets the host's address: all of it, by IP version
    masquerade: tuple[int, ...] = (4, 6)
    #: the host's address to take in its stead, by IP version
    source: Mapping[int, Address] | None = None
    #: whether containers reach each other
    icc: bool = True
    #: whether nothing gets in or out
    internal: bool = False
    #: versions in which containers are reached from outside by their own address: at open ports, and at all ports
    routed: tuple[int, ...] = ()
    unprotected: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """One port: packets to (host_ip, host_port) go to (address, port); ``host_ip`` None stands for every address.

    ``interface``: of a port that is open at its own address, the one by which packets must come; "" for any.
    """

    protocol: str
    host_ip: Address | None
    host_port: int
    address: Address
    port: int
    interface: str = ""


class Firewall:
    """The table.  What it should hold is known here too: where others took it or parts of it away, it is made anew."""

    def __init__(self, table: str, versions: Collection[int] = VERSIONS) -> None:
        """Of other IP versions than `versions` whoever runs the engine sees to translation and isolation."""
        self.table = table
        self._enabled = bool(versions)
        self._left = [version for version in VERSIONS if version not in versions]
        self._netlink = Netlink(NETLINK_NETFILTER)
        self._netlink.enlarge()
        self._lock = threading.Lock()
        self._bridges: dict[str, BridgeRules] = {}
        #: by whether they are open at their own address (see `change_ports`)
        self._ports: dict[bool, set[Published]] = {False: set(), True: set()}
        self._generation = -1

    def close(self) -> None:
        """Leave the table as it is."""
        self._netlink.close()

    def rebuild(self, bridges: Sequence[BridgeRules]) -> None:
        """Make the table anew, in one transaction; ports that an earlier daemon published stay so."""
        with self._lock:
            self._bridges = {bridge.name: bridge for bridge in bridges}
            self._make({name: nft.elements(self._netlink, nft.INET, self.table, name) for name in _PORT_SETS})

    def renew(self) -> None:
        """Make the table anew where somebody has taken it away; costs little where nobody changed anything."""
        if self._enabled and nft.generation(self._netlink) != self._generation:
            with self._lock:
                self._generation = nft.generation(self._netlink)
                if self.table not in nft.tables(self._netlink, nft.INET):
                    self._restore()

    def remove(self) -> None:
        """Remove the table."""
        with self._lock:
            change = Transaction(self.table)
            change.add_table()
            change.delete_table()
            self._commit(change)

    def add_bridge(self, bridge: BridgeRules) -> None:
        """Treat a bridge's packets from now on."""
        with self._lock:
            self._bridges[bridge.name] = bridge
            change = Transaction(self.table)
            _bridge(change.add_elements, bridge)
            try:
                self._apply(change)
            except BaseException:
                del self._bridges[bridge.name]
                raise

    def remove_bridge(self, bridge: BridgeRules) -> None:
        """Forget a bridge."""
        with self._lock:
            self._bridges.pop(bridge.name, None)
            change = Transaction(self.table)
            _bridge(change.delete_elements, bridge)
            self._apply(change)

    def change_ports(
        self, add: Iterable[Published] = (), remove: Iterable[Published] = (), opened: bool = False
    ) -> None:
        """Publish ports and take others back; `opened`: at their own address instead (gateway mode routed)."""
        add, remove = tuple(add), tuple(remove)
        with self._lock:
            before = self._ports[opened]
            self._ports[opened] = (before - set(remove)) | set(add)
            change = Transaction(self.table)
            for method, ports in ((change.delete_elements, remove), (change.add_elements, add)):
                for name, elements in _by_set(ports, opened).items():
                    method(name, elements)
            try:
                self._apply(change)
            except BaseException:
                self._ports[opened] = before
                raise

    def ensure_ports(self, ports: Iterable[Published], opened: bool = False) -> None:
        """Publish what the kernel does not have yet; where it leads elsewhere, lead it here."""
        ports = tuple(ports)
        with self._lock:
            self._ports[opened].update(ports)
            change = Transaction(self.table)
            for name, wanted in _by_set(ports, opened).items():
                present = {one.key: one for one in nft.elements(self._netlink, nft.INET, self.table, name)}
                missing = [one for one in wanted if present.get(one.key) != one]
                change.delete_elements(name, [present[one.key] for one in missing if one.key in present])
                change.add_elements(name, missing)
            self._apply(change)

    def retain_ports(self, published: Collection[Published], opened: Collection[Published]) -> None:
        """Take back every port that is not among these."""
        with self._lock:
            self._ports = {False: set(published), True: set(opened)}
            kept = self._elements()
            change = Transaction(self.table)
            for name in _PORT_SETS:
                present = nft.elements(self._netlink, nft.INET, self.table, name)
                change.delete_elements(name, [one for one in present if one not in kept[name]])
            self._apply(change)

    def _elements(self) -> dict[str, list[Element]]:
        """The ports that are known, as elements by set."""
        kept: dict[str, list[Element]] = {name: [] for name in _PORT_SETS}
        for opened, ports in self._ports.items():
            for name, elements in _by_set(ports, opened).items():
                kept[name] += elements
        return kept

    def _apply(self, change: Transaction) -> None:
        if not change:
            return
        try:
            self._commit(change)
        except FileNotFoundError:  # somebody flushed the table, or took out what was to be deleted
            self._restore()

    def _restore(self) -> None:
        self._make(self._elements())

    def _make(self, ports: Mapping[str, Sequence[Element]]) -> None:
        change = Transaction(self.table)
        change.add_table()
        change.delete_table()
        change.add_table()
        _add_sets(change)
        _add_chains(change, self._left)
        for name, elements in ports.items():
            change.add_elements(name, elements)
        for bridge in self._bridges.values():
            _bridge(change.add_elements, bridge)
        self._commit(change)

    def _commit(self, change: Transaction) -> None:
        if self._enabled:
            change.commit(self._netlink)


_PORT_SETS: Final = ("publish4", "publish6", "publish-any4", "publish-any6", "open4", "open6", "trusted4", "trusted6")


def _by_set(ports: Iterable[Published], opened: bool) -> dict[str, list[Element]]:
    encode = _open if opened else _publish
    by_set: dict[str, list[Element]] = {}
    for name, element in map(encode, ports):
        by_set.setdefault(name, []).append(element)
    return by_set


def _publish(port: Published) -> tuple[str, Element]:
    version = port.address.version
    data = nft.join(port.address.packed, struct.pack(">H", port.port))
    protocol, number = bytes((PROTOCOLS[port.protocol],)), struct.pack(">H", port.host_port)
    if port.host_ip is None:
        return f"publish-any{version}", Element(nft.join(protocol, number), data=data)
    return f"publish{version}", Element(nft.join(protocol, port.host_ip.packed, number), data=data)


def _open(port: Published) -> tuple[str, Element]:
    key = nft.join(bytes((PROTOCOLS[port.protocol],)), port.address.packed, struct.pack(">H", port.port))
    if port.interface:
        return f"trusted{port.address.version}", Element(nft.interface_name(port.interface) + key)
    return f"open{port.address.version}", Element(key)


def _bridge(change: Callable[[str, Iterable[Element]], None], bridge: BridgeRules) -> None:
    """Enter what makes up a bridge, or take it out."""
    name = nft.interface_name(bridge.name)
    change("bridges", [Element(name)])
    if bridge.icc:
        change("same", [Element(name + name)])
    if bridge.internal:
        change("internal", [Element(name)])
    for version in (4, 6):
        family = bytes((nft.IPV4 if version == 4 else nft.IPV6,))
        if version in bridge.routed:
            change("routed", [Element(nft.join(family, name))])
        if version in bridge.unprotected:
            change("unprotected", [Element(nft.join(family, name))])
        subnets = [subnet for subnet in bridge.subnets if subnet.version == version]
        ranges = [(net.network_address.packed, net.broadcast_address.packed) for net in subnets]
        change(f"hairpin{version}", [Element(name + first, name + last, joined=True) for first, last in ranges])
        if bridge.internal or version not in bridge.masquerade:
            continue
        source = (bridge.source or {}).get(version)
        if source:
            change(f"snat{version}", [Element(first, last, source.packed) for first, last in ranges])
        else:
            change(f"masquerade{version}", [Element(first, last) for first, last in ranges])


def _add_sets(change: Transaction) -> None:
    change.add_set("bridges", [nft.INTERFACE_NAME])
    change.add_set("internal", [nft.INTERFACE_NAME])
    change.add_set("same", [nft.INTERFACE_NAME, nft.INTERFACE_NAME])
    change.add_set("routed", [nft.FAMILY, nft.INTERFACE_NAME])
    change.add_set("unprotected", [nft.FAMILY, nft.INTERFACE_NAME])
    for version, address in ((4, nft.IPV4_ADDRESS), (6, nft.IPV6_ADDRESS)):
        change.add_set(f"masquerade{version}", [address], interval=True)
        change.add_set(f"snat{version}", [address], [address], interval=True)
        change.add_set(f"hairpin{version}", [nft.INTERFACE_NAME, address], interval=True)
        change.add_set(f"publish{version}", [nft.PROTOCOL, address, nft.PORT], [address, nft.PORT])
        change.add_set(f"publish-any{version}", [nft.PROTOCOL, nft.PORT], [address, nft.PORT])
        change.add_set(f"open{version}", [nft.PROTOCOL, address, nft.PORT])
        change.add_set(f"trusted{version}", [nft.INTERFACE_NAME, nft.PROTOCOL, address, nft.PORT])


def _add_chains(change: Transaction, left: Iterable[int]) -> None:
    """All chains; packets of the IP versions `left` pass them by."""
    for name, kind, hook, priority in (
        ("spoofed", "filter", nft.HOOK_PREROUTING, _RAW),
        ("prerouting", "nat", nft.HOOK_PREROUTING, _DSTNAT),
        ("output", "nat", nft.HOOK_OUTPUT, _DSTNAT),
        ("forward", "filter", nft.HOOK_FORWARD, _FILTER),
        ("postrouting", "nat", nft.HOOK_POSTROUTING, _SRCNAT),
    ):
        change.add_base_chain(name, kind, hook, priority)
        for version in left:
            change.add_rule(name, *_from_ip(version), nft.verdict(nft.RETURN))
    change.add_chain("publish")
    change.add_chain("inward")
    _add_translation(change)
    _add_filter(change)


def _add_translation(change: Transaction) -> None:
    to_us = (nft.address_type(), nft.equal(struct.pack("=I", nft.RTN_LOCAL)), nft.verdict(nft.JUMP, "publish"))
    # only this host itself may use what is published at 127.0.0.1
    change.add_rule("prerouting", *_from_ip(4), *_in_loopback(destination=True), nft.verdict(nft.RETURN))
    for chain in ("prerouting", "output"):
        # an address of a link has no way to a container: what comes from one is for the socket that holds the port
        change.add_rule(chain, *_from_ip(6), *_OF_LINK, nft.verdict(nft.RETURN))
    change.add_rule("prerouting", *to_us)
    # the kernel takes no answers for ::1 from elsewhere: refused at once, clients go on to 127.0.0.1
    change.add_rule(
        "output", *_from_ip(6), nft.payload(nft.NETWORK_HEADER, 24, 16), nft.equal(_LOOPBACK6.packed),
        nft.verdict(nft.RETURN),
    )  # fmt: skip
    change.add_rule("output", *to_us)
    outside = (nft.meta(nft.META_OIFNAME), nft.in_set("bridges", inverted=True))
    ours = (nft.meta(nft.META_OIFNAME), nft.in_set("bridges"))
    translated = (
        nft.conntrack(nft.CT_STATUS), nft.masked(struct.pack("=I", nft.STATUS_DNAT)), nft.nonzero(),
    )  # fmt: skip
    for version, family, length in ((4, nft.IPV4, 4), (6, nft.IPV6, 16)):
        source, destination = (12, 16) if version == 4 else (8, 24)
        after = nft.REGISTER + length // 4
        protocol = nft.meta(nft.META_L4PROTO)
        change.add_rule(
            "publish", *_from_ip(version), protocol,
            nft.payload(nft.NETWORK_HEADER, destination, length, nft.REGISTER + 1),
            nft.payload(nft.TRANSPORT_HEADER, 2, 2, after + 1),
            nft.mapped(f"publish{version}"), nft.dnat(family, after),
        )  # fmt: skip
        change.add_rule(
            "publish", *_from_ip(version), protocol,
            nft.payload(nft.TRANSPORT_HEADER, 2, 2, nft.REGISTER + 1),
            nft.mapped(f"publish-any{version}"), nft.dnat(family, after),
        )  # fmt: skip
        from_address = nft.payload(nft.NETWORK_HEADER, source, length)
        change.add_rule(
            "postrouting", *_from_ip(version), *outside, from_address,
            nft.mapped(f"snat{version}"), nft.snat(family),
        )  # fmt: skip
        change.add_rule(
            "postrouting", *_from_ip(version), *outside, from_address,
            nft.in_set(f"masquerade{version}"), nft.masquerade(),
        )  # fmt: skip
        # a container that reaches itself or its neighbour by a published port must answer by way of the host
        change.add_rule(
            "postrouting", *_from_ip(version), *translated, nft.meta(nft.META_OIFNAME),
            nft.payload(nft.NETWORK_HEADER, source, length, nft.REGISTER + 4),
            nft.in_set(f"hairpin{version}"), nft.masquerade(),
        )  # fmt: skip
    change.add_rule("postrouting", *_from_ip(4), *translated, *ours, *_in_loopback(destination=False), nft.masquerade())


def _add_filter(change: Transaction) -> None:
    """What may be forwarded to a bridge, or from an internal one; all else is none of our business."""
    incoming, outgoing = nft.meta(nft.META_IIFNAME), nft.meta(nft.META_OIFNAME)
    # route_localnet lets the host use 127.0.0.1 towards a bridge; what comes from there with such addresses is forged.
    # Every packet of the host passes here: what nearly none has is asked first, the look-up of its bridge after that
    for of_destination in (True, False):
        change.add_rule(
            "spoofed",
            *_from_ip(4),
            *_in_loopback(of_destination),
            incoming,
            nft.in_set("bridges"),
            nft.verdict(nft.DROP),
        )
    change.add_rule("forward", outgoing, nft.in_set("bridges"), nft.verdict(nft.JUMP, "inward"))
    change.add_rule("forward", incoming, nft.in_set("internal"), nft.verdict(nft.DROP))
    accept, drop = nft.verdict(nft.ACCEPT), nft.verdict(nft.DROP)
    change.add_rule(
        "inward", nft.conntrack(nft.CT_STATE), nft.masked(struct.pack("=I", nft.STATE_ESTABLISHED_RELATED)),
        nft.nonzero(), accept,
    )  # fmt: skip
    change.add_rule("inward", incoming, nft.meta(nft.META_OIFNAME, nft.REGISTER + 4), nft.in_set("same"), accept)
    change.add_rule("inward", incoming, nft.in_set("internal"), drop)
    change.add_rule("inward", outgoing, nft.in_set("internal"), drop)
    change.add_rule(
        "inward", nft.conntrack(nft.CT_STATUS), nft.masked(struct.pack("=I", nft.STATUS_DNAT)), nft.nonzero(), accept
    )
    family_and_bridge = (nft.meta(nft.META_NFPROTO), nft.meta(nft.META_OIFNAME, nft.REGISTER + 1))
    change.add_rule("inward", *family_and_bridge, nft.in_set("unprotected"), accept)
    for version, number in ((4, _ICMP[0]), (6, _ICMP[1])):
        destination, length = (16, 4) if version == 4 else (24, 16)
        for name, interface, place in (("open", (), nft.REGISTER), ("trusted", (incoming,), nft.REGISTER + 4)):
            change.add_rule(
                "inward", *_from_ip(version), *interface, nft.meta(nft.META_L4PROTO, place),
                nft.payload(nft.NETWORK_HEADER, destination, length, place + 1),
                nft.payload(nft.TRANSPORT_HEADER, 2, 2, place + 1 + length // 4),
                nft.in_set(f"{name}{version}"), accept,
            )  # fmt: skip
        change.add_rule(
            "inward", nft.meta(nft.META_L4PROTO), nft.equal(bytes((number,))),
            *family_and_bridge, nft.in_set("routed"), accept,
        )  # fmt: skip
    change.add_rule("inward", drop)


def _from_ip(version: int) -> tuple[bytes, bytes]:
    return nft.meta(nft.META_NFPROTO), nft.equal(bytes((nft.IPV4 if version == 4 else nft.IPV6,)))


def _in_loopback(destination: bool) -> tuple[bytes, bytes]:
    return nft.payload(nft.NETWORK_HEADER, 16 if destination else 12, 1), nft.equal(
        _LOOPBACK4.network_address.packed[:1]
    )
