"""Tells the neighbours of a container that an IP address has another hardware address than they may remember.

Whoever has spoken to the last holder of the address keeps that one's hardware address for half a minute or longer.
Frames by RFC 826 and RFC 5227 (ARP), RFC 4861 (neighbor advertisement).  Called by the daemon's network services.
"""

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final

from pydock.linux.rtnetlink import Address
from pydock.network.namespaces import Namespaces, Space

_ARP, _IPV6 = 0x0806, 0x86DD
_BROADCAST: Final = b"\xff" * 6
_ALL_NODES: Final = IPv6Address("ff02::1").packed
_ALL_NODES_MAC: Final = bytes.fromhex("333300000001")
_ICMP6: Final = 58
#: type and code of a neighbor advertisement; its flag that says to override what is known; its option's type and length
_ADVERTISEMENT, _OVERRIDE, _TARGET_ADDRESS = b"\x88\x00", b"\x20\x00\x00\x00", b"\x02\x01"


def announce(namespaces: Namespaces, space: Space, interface: str, mac: str, addresses: Iterable[Address]) -> None:
    """Say by an interface of a namespace that `addresses` are at `mac`."""
    hardware = bytes.fromhex(mac.replace(":", ""))

    def send() -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            for address in addresses:
                sock.sendto(frame(hardware, address), (interface, 0))

    namespaces.inside(space, send)


def frame(mac: bytes, address: Address) -> bytes:
    """The Ethernet frame that says so."""
    if isinstance(address, IPv6Address):
        return _ALL_NODES_MAC + mac + struct.pack(">H", _IPV6) + _advertisement(mac, address.packed)
    request = struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, address.packed, bytes(6), address.packed)
    return _BROADCAST + mac + struct.pack(">H", _ARP) + request


def _advertisement(mac: bytes, address: bytes) -> bytes:
    body = _OVERRIDE + address + _TARGET_ADDRESS + mac
    length = len(body) + 4
    counted = address + _ALL_NODES + struct.pack(">IxxxB", length, _ICMP6) + _ADVERTISEMENT + b"\0\0" + body
    header = struct.pack(">IHBB", 6 << 28, length, _ICMP6, 255)
    return header + address + _ALL_NODES + _ADVERTISEMENT + _checksum(counted) + body


def _checksum(data: bytes) -> bytes:
    """The internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)
