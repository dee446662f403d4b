"""The resolver's sockets in a container: 127.0.0.11, port 53 as the container sees it.

They are bound to ports that the kernel picks, and packets to port 53 are redirected to them by a table in the
container's namespace, so that a DNS server in the container can have port 53 of all addresses for itself.  A kernel
without NAT gets them bound to port 53.

Who takes the place of a resolver that died takes its ports, too: the kernel goes on to translate what a long-lived
socket of the container sends as it did with the first packet, however long ago that was.
"""

import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from typing import Final

from pydock.linux import nftables as nft
from pydock.linux.namespaces import CLONE_NEWNET, setns
from pydock.linux.netlink import NETLINK_NETFILTER, Netlink, attribute, nested, text
from pydock.network.resolv_conf import RESOLVER

TABLE: Final = "pydock-dns"
_PORT: Final = 53
_BACKLOG: Final = 64
_SO_RCVBUFFORCE: Final = 33
#: for bursts: more than a thousand questions
_BUFFER: Final = 1 << 20
#: before other translations of destinations: NF_IP_PRI_NAT_DST
_PRIORITY: Final = -100
_WITHOUT_NAT: Final = (errno.EOPNOTSUPP, errno.ENOENT, errno.EPROTONOSUPPORT)


@dataclass(frozen=True, slots=True)
class Sockets:
    """A datagram socket and a listening one."""

    udp: socket.socket
    tcp: socket.socket

    def close(self) -> None:
        """Close both."""
        self.udp.close()
        self.tcp.close()


def open_sockets(netns: int, home: int) -> Sockets:
    """Bind in the namespace of descriptor `netns`; the calling process is single-threaded and lives in `home`."""
    setns(netns, CLONE_NEWNET)
    try:
        with contextlib.closing(Netlink(NETLINK_NETFILTER)) as netlink:
            former = _former(netlink)
            sockets = _bind_again(former) if former else _bind()
            try:
                _redirect(netlink, former is not None, sockets)
            except OSError as error:
                sockets.close()
                if error.errno not in _WITHOUT_NAT:
                    raise
                sockets = _bind(_PORT, _PORT)
    finally:
        setns(home, CLONE_NEWNET)
    return sockets


def _former(netlink: Netlink) -> tuple[int, int] | None:
    """The ports (by UDP, by TCP) of the resolver that was here before, 0 where they are not known; None for none."""
    try:
        if TABLE not in nft.tables(netlink, nft.IPV4):
            return None
        words = [rule.comment.split(" ") for rule in nft.rules(netlink, nft.IPV4, TABLE, "output")]
    except OSError:
        return None
    ports = {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit()}
    return ports.get("udp", 0), ports.get("tcp", 0)


def _bind_again(former: tuple[int, int]) -> Sockets:
    try:
        return _bind(*former)
    except OSError:  # somebody else has one of them now
        return _bind()


def _bind(udp_port: int = 0, tcp_port: int = 0) -> Sockets:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        udp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock, port in ((udp, udp_port), (tcp, tcp_port)):
            sock.bind((RESOLVER, port))
        tcp.listen(_BACKLOG)
    except BaseException:
        udp.close()
        tcp.close()
        raise
    return Sockets(udp, tcp)


def _redirect(netlink: Netlink, again: bool, sockets: Sockets) -> None:
    """Send what goes to port 53 of the resolver's address to `sockets`; `again`: somebody did so before."""
    change = nft.Transaction(TABLE, nft.IPV4)
    if again:  # not done for nothing: the kernel takes long to delete
        change.add_table()
        change.delete_table()
    change.add_table()
    change.add_base_chain("output", "nat", nft.HOOK_OUTPUT, _PRIORITY)
    for name, protocol, sock in (("udp", socket.IPPROTO_UDP, sockets.udp), ("tcp", socket.IPPROTO_TCP, sockets.tcp)):
        port = sock.getsockname()[1]
        change.add_rule("output", *_translation(protocol, port), comment=f"{name} {port}")
    change.commit(netlink)


def _translation(protocol: int, port: int) -> list[bytes]:
    """What goes by `protocol` to port 53 of the resolver's address gets another port."""
    address = socket.inet_aton(RESOLVER)
    return [
        nft.payload(nft.NETWORK_HEADER, 16, 4),
        nft.equal(address),
        nft.meta(nft.META_L4PROTO),
        nft.equal(bytes((protocol,))),
        nft.payload(nft.TRANSPORT_HEADER, 2, 2),
        nft.equal(_PORT.to_bytes(2)),
        _load(address, nft.REGISTER),
        _load(port.to_bytes(2), nft.REGISTER + 1),
        nft.dnat(nft.IPV4, nft.REGISTER + 1),
    ]


def _load(value: bytes, register: int) -> bytes:
    """The expression that puts `value` into a register."""
    return text(1, "immediate") + nested(2, nft.be32(1, register), nested(2, attribute(1, value)))


def namespace_of_process() -> int:
    """A descriptor of the network namespace that the calling process is in."""
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
