"""rtnetlink(7): links, addresses, routes and neighbours as messages for `netlink.Netlink`, and what dumps of them say.

Used by `pydock.network`.  Functions named after a change return a `Message`, so that several go in one batch.
"""

import ipaddress
import os
import socket
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydock.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Message,
    Netlink,
    attribute,
    attributes,
    nested,
    text,
    u8,
    u32,
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
RTM_GETLINK: Final = 18
RTM_NEWADDR: Final = 20
RTM_DELADDR: Final = 21
RTM_GETADDR: Final = 22
RTM_NEWROUTE: Final = 24
RTM_DELROUTE: Final = 25
RTM_GETROUTE: Final = 26

IFF_UP: Final = 0x1

IFLA_ADDRESS: Final = 1
IFLA_IFNAME: Final = 3
IFLA_MTU: Final = 4
IFLA_LINK: Final = 5
IFLA_MASTER: Final = 10
IFLA_TXQLEN: Final = 13
IFLA_LINKINFO: Final = 18
IFLA_IFALIAS: Final = 20
IFLA_AF_SPEC: Final = 26
IFLA_NET_NS_FD: Final = 28
IFLA_INFO_KIND: Final = 1
IFLA_INFO_DATA: Final = 2
IFLA_INFO_SLAVE_KIND: Final = 4
IFLA_INFO_SLAVE_DATA: Final = 5
VETH_INFO_PEER: Final = 1
IFLA_BRPORT_MODE: Final = 4
IFLA_BRPORT_ISOLATED: Final = 33
IFLA_MACVLAN_MODE: Final = 1
IFLA_IPVLAN_MODE: Final = 1
IFLA_IPVLAN_FLAGS: Final = 2
IFLA_VLAN_ID: Final = 1
IFLA_INET6_ADDR_GEN_MODE: Final = 8
IN6_ADDR_GEN_MODE_NONE: Final = 1

MACVLAN_MODES: Final = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
IPVLAN_MODES: Final = {"l2": 0, "l3": 1, "l3s": 2}
IPVLAN_FLAGS: Final = {"bridge": 0, "private": 1, "vepa": 2}

_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_IFA_BROADCAST: Final = 4
_IFA_FLAGS: Final = 8
_IFA_F_NODAD: Final = 0x2
_RTA_DST: Final = 1
_RTA_OIF: Final = 4
_RTA_GATEWAY: Final = 5
_RTA_TABLE: Final = 15
_RT_TABLE_MAIN: Final = 254
_RT_TABLE_LOCAL: Final = 255
_RTPROT_BOOT: Final = 3
_RTN_UNICAST: Final = 1
_RT_SCOPE_LINK: Final = 253

_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBi")
_RTMSG = struct.Struct("=BBBBBBBBI")
_GENERIC_IFINFO: Final = _IFINFO.pack(0, 0, 0, 0, 0)
#: as Docker has its links
_NO_QUEUE: Final = u32(IFLA_TXQLEN, 0)


@dataclass(frozen=True, slots=True)
class Link:
    """What a dump says of a link; ``peer`` is the index that IFLA_LINK names, 0 for none; ``alias`` a free text."""

    index: int
    name: str
    up: bool
    mac: str
    mtu: int
    master: int
    kind: str
    peer: int
    alias: str = ""


class Route(NamedTuple):
    """A route of the main table; ``destination`` of prefix length 0 is a default route."""

    destination: Network
    interface: int
    gateway: Address | None


def mac_bytes(mac: str) -> bytes:
    """``02:42:ac:11:00:02`` as six bytes."""
    return bytes.fromhex(mac.replace(":", "").replace("-", ""))


def _ifinfo(index: int = 0, up: bool = False) -> bytes:
    return _IFINFO.pack(0, 0, index, IFF_UP if up else 0, IFF_UP if up else 0)


def add_bridge(name: str, mac: str = "", mtu: int = 0) -> Message:
    """A new bridge, up."""
    return _new_link(name, nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "bridge")), mac=mac, mtu=mtu, up=True)


def add_veth(name: str, master: int, peer: str, peer_mac: str, namespace: int, mtu: int = 0) -> Message:
    """A pair of links: `name` here, down and on bridge `master`, and `peer` in the namespace of that descriptor."""
    other = _GENERIC_IFINFO + text(IFLA_IFNAME, peer) + u32(IFLA_NET_NS_FD, namespace) + _NO_QUEUE
    if peer_mac:
        other += attribute(IFLA_ADDRESS, mac_bytes(peer_mac))
    if mtu:
        other += u32(IFLA_MTU, mtu)
    info = nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "veth"), nested(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, other)))
    return _new_link(name, info, u32(IFLA_MASTER, master), _NO_QUEUE, mtu=mtu)


def bridge_port(name: str, hairpin: bool, isolated: bool, has_ipv6: bool = True) -> Message:
    """How the port `name` of a bridge forwards; it gets no address of its own when it goes up.

    EAFNOSUPPORT where it has no IPv6, and that is not told by `has_ipv6`.
    """
    silent = nested(IFLA_AF_SPEC, nested(socket.AF_INET6, u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)))
    data = nested(IFLA_INFO_SLAVE_DATA, u8(IFLA_BRPORT_MODE, int(hairpin)), u8(IFLA_BRPORT_ISOLATED, int(isolated)))
    info = nested(IFLA_LINKINFO, text(IFLA_INFO_SLAVE_KIND, "bridge"), data)
    named = _GENERIC_IFINFO + text(IFLA_IFNAME, name)
    return Message(RTM_NEWLINK, 0, named + info + (silent if has_ipv6 else b""))


def add_macvlan(name: str, parent: int, mode: str, namespace: int, mac: str = "", mtu: int = 0) -> Message:
    """A macvlan on `parent`, in the namespace of that descriptor."""
    data = nested(IFLA_INFO_DATA, u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[mode]))
    info = nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "macvlan"), data)
    return _new_link(name, info, u32(IFLA_LINK, parent), u32(IFLA_NET_NS_FD, namespace), _NO_QUEUE, mac=mac, mtu=mtu)


def add_ipvlan(name: str, parent: int, mode: str, flag: str, namespace: int, mtu: int = 0) -> Message:
    """An ipvlan on `parent`, in the namespace of that descriptor."""
    data = nested(
        IFLA_INFO_DATA,
        attribute(IFLA_IPVLAN_MODE, struct.pack("=H", IPVLAN_MODES[mode])),
        attribute(IFLA_IPVLAN_FLAGS, struct.pack("=H", IPVLAN_FLAGS[flag])),
    )
    info = nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "ipvlan"), data)
    return _new_link(name, info, u32(IFLA_LINK, parent), u32(IFLA_NET_NS_FD, namespace), _NO_QUEUE, mtu=mtu)


def add_vlan(name: str, parent: int, vlan: int) -> Message:
    """An 802.1Q link on `parent`, up."""
    data = nested(IFLA_INFO_DATA, attribute(IFLA_VLAN_ID, struct.pack("=H", vlan)))
    return _new_link(name, nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "vlan"), data), u32(IFLA_LINK, parent), up=True)


def add_dummy(name: str) -> Message:
    """A link that leads nowhere, up."""
    return _new_link(name, nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "dummy")), up=True)


def _new_link(name: str, *more: bytes, mac: str = "", mtu: int = 0, up: bool = False) -> Message:
    payload = _ifinfo(up=up) + text(IFLA_IFNAME, name) + b"".join(more)
    if mac:
        payload += attribute(IFLA_ADDRESS, mac_bytes(mac))
    if mtu:
        payload += u32(IFLA_MTU, mtu)
    return Message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload)


def set_link(name: str = "", index: int = 0, *, up: bool | None = None, mac: str = "", mtu: int = 0, master: int = -1,
             rename: str = "", alias: str = "") -> Message:  # fmt: skip
    """Change a link that is named by its name or index."""
    change = 0 if up is None else IFF_UP
    payload = _IFINFO.pack(0, 0, index, IFF_UP if up else 0, change)
    if name:
        payload += text(IFLA_IFNAME, name)
    elif rename:
        payload += text(IFLA_IFNAME, rename)
    if mac:
        payload += attribute(IFLA_ADDRESS, mac_bytes(mac))
    if mtu:
        payload += u32(IFLA_MTU, mtu)
    if alias:
        payload += text(IFLA_IFALIAS, alias)
    if master >= 0:
        payload += u32(IFLA_MASTER, master)
    return Message(RTM_NEWLINK, 0, payload)


def delete_link(name: str = "", index: int = 0) -> Message:
    """Remove a link; the other end of a pair goes too."""
    return Message(RTM_DELLINK, 0, _ifinfo(index) + (text(IFLA_IFNAME, name) if name else b""))


def add_address(index: int, interface: Interface, replace: bool = False) -> Message:
    """Give a link an address; IPv6 ones are used at once, without duplicate address detection."""
    return Message(RTM_NEWADDR, NLM_F_CREATE | (NLM_F_REPLACE if replace else NLM_F_EXCL), _address(index, interface))


def delete_address(index: int, interface: Interface) -> Message:
    """Take an address away."""
    return Message(RTM_DELADDR, 0, _address(index, interface))


def _address(index: int, interface: Interface) -> bytes:
    packed, length = interface.ip.packed, interface.network.prefixlen
    payload = _IFADDR.pack(_family(interface.version), length, 0, 0, index)
    payload += attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
    if interface.version == 4:
        if length < 31:
            payload += attribute(_IFA_BROADCAST, interface.network.broadcast_address.packed)
    else:
        payload += u32(_IFA_FLAGS, _IFA_F_NODAD)
    return payload


def add_route(destination: Network | None, index: int, gateway: Address | None, version: int = 4) -> Message:
    """A route in the main table; None: the default route of IP `version`."""
    return Message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, _route(destination, index, gateway, version))


def delete_route(destination: Network | None, index: int, gateway: Address | None, version: int = 4) -> Message:
    """Take a route away."""
    return Message(RTM_DELROUTE, 0, _route(destination, index, gateway, version))


def _route(destination: Network | None, index: int, gateway: Address | None, version: int) -> bytes:
    version = destination.version if destination else gateway.version if gateway else version
    length = destination.prefixlen if destination else 0
    scope = 0 if gateway or version == 6 else _RT_SCOPE_LINK
    payload = _RTMSG.pack(_family(version), length, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, scope, _RTN_UNICAST, 0)
    if length and destination:
        payload += attribute(_RTA_DST, destination.network_address.packed)
    if gateway:
        payload += attribute(_RTA_GATEWAY, gateway.packed)
    return payload + u32(_RTA_OIF, index)


def _family(version: int) -> int:
    return int(socket.AF_INET if version == 4 else socket.AF_INET6)


def get_link(netlink: Netlink, name: str = "", index: int = 0) -> Link | None:
    """The link called `name`, or with that `index`; None where there is none."""
    try:
        found = netlink.get(Message(RTM_GETLINK, 0, _ifinfo(index) + (text(IFLA_IFNAME, name) if name else b"")))
    except OSError as error:
        if error.errno == 19:  # ENODEV
            return None
        raise
    return _parse_link(found[0][1])


def links(netlink: Netlink) -> list[Link]:
    """Every link of the socket's namespace."""
    return [_parse_link(payload) for _, payload in netlink.dump(Message(RTM_GETLINK, 0, _GENERIC_IFINFO))]


def _parse_link(payload: bytes) -> Link:
    _, _, index, flags, _ = _IFINFO.unpack_from(payload)
    name, mac, mtu, master, kind, peer, alias = "", "", 0, 0, "", 0, ""
    for key, value in attributes(payload, _IFINFO.size):
        if key == IFLA_IFNAME:
            name = os.fsdecode(value.rstrip(b"\0"))
        elif key == IFLA_ADDRESS:
            mac = value.hex(":")
        elif key == IFLA_MTU:
            (mtu,) = struct.unpack("=I", value)
        elif key == IFLA_MASTER:
            (master,) = struct.unpack("=I", value)
        elif key == IFLA_LINK:
            (peer,) = struct.unpack("=I", value)
        elif key == IFLA_IFALIAS:
            alias = value.rstrip(b"\0").decode(errors="replace")
        elif key == IFLA_LINKINFO:
            kind = next(
                (data.rstrip(b"\0").decode() for inner, data in attributes(value) if inner == IFLA_INFO_KIND), ""
            )
    return Link(index, name, bool(flags & IFF_UP), mac, mtu, master, kind, peer, alias)


def addresses(netlink: Netlink, index: int = 0) -> list[tuple[int, Interface]]:
    """(link's index, address) of every address, or of those on one link."""
    found: list[tuple[int, Interface]] = []
    for _, payload in netlink.dump(Message(RTM_GETADDR, 0, _IFADDR.pack(0, 0, 0, 0, index))):
        family, length, _, _, link = _IFADDR.unpack_from(payload)
        parts = dict(attributes(payload, _IFADDR.size))
        packed = parts.get(_IFA_LOCAL) or parts.get(_IFA_ADDRESS)
        if packed and family in (socket.AF_INET, socket.AF_INET6):
            found.append((link, ipaddress.ip_interface((packed, length))))
    return found


def routes(netlink: Netlink, version: int = 4) -> list[Route]:
    """The unicast routes of the main table."""
    found: list[Route] = []
    request = Message(RTM_GETROUTE, 0, _RTMSG.pack(_family(version), 0, 0, 0, 0, 0, 0, 0, 0))
    nothing = bytes(4 if version == 4 else 16)
    for _, payload in netlink.dump(request):
        _, length, _, _, table, _, _, kind, _ = _RTMSG.unpack_from(payload)
        parts = dict(attributes(payload, _RTMSG.size))
        if _RTA_TABLE in parts:
            (table,) = struct.unpack("=I", parts[_RTA_TABLE])
        if table != _RT_TABLE_MAIN or kind != _RTN_UNICAST:
            continue
        destination = ipaddress.ip_network((parts.get(_RTA_DST, nothing), length), strict=False)
        (interface,) = struct.unpack("=I", parts.get(_RTA_OIF, bytes(4)))
        gateway = ipaddress.ip_address(parts[_RTA_GATEWAY]) if _RTA_GATEWAY in parts else None
        found.append(Route(destination, interface, gateway))
    return found
