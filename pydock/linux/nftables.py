"""nf_tables transactions as netlink messages: tables, chains, rules, sets and maps, elements.

Used by `pydock.network.firewall`.  `Transaction` collects changes; `commit` sends them, and the kernel takes all of
them or none.  Expressions are bytes, made by the functions at the end; registers are the 32-bit ones.
"""

import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydock.linux.netlink import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    Message,
    Netlink,
    attribute,
    attributes,
    nested,
    text,
)

INET: Final = 1
_EVERY: Final = 0
IPV4: Final = 2
IPV6: Final = 10

_SUBSYSTEM: Final = 10
_BATCH_BEGIN: Final = 0x10
_BATCH_END: Final = 0x11
_NEWTABLE, _GETTABLE, _DELTABLE = 0, 1, 2
_NEWCHAIN, _GETCHAIN, _DELCHAIN = 3, 4, 5
_NEWRULE, _GETRULE, _DELRULE = 6, 7, 8
_NEWSET = 9
_GETGEN = 16
_NEWSETELEM, _GETSETELEM, _DELSETELEM = 12, 13, 14

SET_INTERVAL: Final = 0x4
SET_MAP: Final = 0x8
SET_CONCAT: Final = 0x80
_ELEMENT_INTERVAL_END: Final = 1
_UDATA_KEY_BYTE_ORDER: Final = 0
_UDATA_DATA_BYTE_ORDER: Final = 1
_UDATA_RULE_COMMENT: Final = 0

HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING = range(5)
ACCEPT: Final = 1
DROP: Final = 0
JUMP: Final = -3
RETURN: Final = -5

META_IIFNAME: Final = 6
META_OIFNAME: Final = 7
META_NFPROTO: Final = 15
META_L4PROTO: Final = 16
CT_STATE: Final = 0
CT_STATUS: Final = 2
STATE_ESTABLISHED_RELATED: Final = 0x2 | 0x4
STATUS_DNAT: Final = 0x20
NETWORK_HEADER: Final = 1
TRANSPORT_HEADER: Final = 2
#: the first 32-bit register; those after it hold the further parts of a key
REGISTER: Final = 8
_VERDICT_REGISTER: Final = 0
RTN_LOCAL: Final = 2


@dataclass(frozen=True, slots=True)
class Type:
    """A type of values: nft's number for it (so that it can be listed), its length, its byte order."""

    number: int
    length: int
    host_order: bool = False


IPV4_ADDRESS: Final = Type(7, 4)
IPV6_ADDRESS: Final = Type(8, 16)
PROTOCOL: Final = Type(12, 1)
PORT: Final = Type(13, 2)
FAMILY: Final = Type(2, 1, host_order=True)
INTERFACE_NAME: Final = Type(41, 16, host_order=True)


@dataclass(frozen=True, slots=True)
class Element:
    """One element: the encoded key (with its last value where it is a range), and what it maps to."""

    key: bytes
    end: bytes = b""
    data: bytes = b""
    #: whether the key is one of several parts
    joined: bool = False


def be32(kind: int, value: int) -> bytes:
    """An attribute of four bytes in network order."""
    return attribute(kind, struct.pack(">I", value & 0xFFFFFFFF))


def join(*parts: bytes) -> bytes:
    """A key of several parts, each padded to a register's four bytes."""
    return b"".join(part + bytes(-len(part) % 4) for part in parts)


def interface_name(name: str) -> bytes:
    """An interface's name as a key."""
    return os.fsencode(name).ljust(16, b"\0")


class Transaction:
    """Changes that the kernel makes together, in a table of `family` called `table`."""

    def __init__(self, table: str, family: int = INET) -> None:
        self._family = family
        self._table = text(1, table)
        self._messages: list[Message] = []

    def __bool__(self) -> bool:
        return bool(self._messages)

    def commit(self, netlink: Netlink) -> None:
        """Have the kernel make the changes; OSError where it refuses one, and then it made none."""
        ends = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
        netlink.batch([Message(_BATCH_BEGIN, 0, ends), *self._messages, Message(_BATCH_END, 0, ends)])

    def join(self, other: "Transaction") -> None:
        """Have the changes of `other`, in whatever table, made with these."""
        self._messages += other._messages

    def add_table(self) -> None:
        """Make the table where it is not there."""
        self._add(_NEWTABLE, NLM_F_CREATE, self._table + be32(2, 0))

    def delete_table(self) -> None:
        """Remove the table with all that is in it."""
        self._add(_DELTABLE, 0, self._table)

    def add_chain(self, name: str) -> None:
        """Make a chain that rules jump to."""
        self._add(_NEWCHAIN, NLM_F_CREATE, self._table + text(3, name))

    def add_base_chain(self, name: str, kind: str, hook: int, priority: int) -> None:
        """Make a chain of `kind` (filter, nat) that packets pass at `hook`; what falls through is accepted."""
        self._add(
            _NEWCHAIN,
            NLM_F_CREATE,
            self._table + text(3, name) + nested(4, be32(1, hook), be32(2, priority)) + be32(5, ACCEPT) + text(7, kind),
        )

    def add_rule(self, chain: str, *expressions: bytes, comment: str = "", first: bool = False) -> None:
        """Add a rule at the end of a chain, or as its first."""
        payload = self._table + text(2, chain) + nested(4, *(nested(1, one) for one in expressions))
        if comment:
            words = comment.encode() + b"\0"
            payload += attribute(7, bytes((_UDATA_RULE_COMMENT, len(words))) + words)
        self._add(_NEWRULE, NLM_F_CREATE | (0 if first else NLM_F_APPEND), payload)

    def delete_rule(self, chain: str, handle: int) -> None:
        """Remove the rule with that handle."""
        self._add(_DELRULE, 0, self._table + text(2, chain) + attribute(3, struct.pack(">Q", handle)))

    def add_set(self, name: str, key: Sequence[Type], data: Sequence[Type] = (), interval: bool = False) -> None:
        """Make a set, or with `data` a map, of keys made of parts."""
        length = _length(key)
        flags = (SET_INTERVAL if interval else 0) | (SET_MAP if data else 0)
        payload = self._table + text(2, name)
        if interval and len(key) > 1:
            flags |= SET_CONCAT
        payload += be32(3, flags) + be32(4, _concatenated(key)) + be32(5, length) + be32(10, 1)
        if data:
            payload += be32(6, _concatenated(data)) + be32(7, _length(data))
        if flags & SET_CONCAT:
            fields = (nested(1, be32(1, part.length)) for part in key)
            payload += nested(9, nested(2, *fields))
        orders = struct.pack("=BBI", _UDATA_KEY_BYTE_ORDER, 4, 1 if key[0].host_order else 2)
        if data:
            orders += struct.pack("=BBI", _UDATA_DATA_BYTE_ORDER, 4, 1 if data[0].host_order else 2)
        self._add(_NEWSET, NLM_F_CREATE, payload + attribute(13, orders))

    def add_elements(self, name: str, elements: Iterable[Element]) -> None:
        """Enter elements in a set; OSError EEXIST where one is in it and maps to something else."""
        self._elements(_NEWSETELEM, NLM_F_CREATE, name, elements)

    def delete_elements(self, name: str, elements: Iterable[Element]) -> None:
        """Take elements out of a set; OSError ENOENT where one is not in it."""
        self._elements(_DELSETELEM, 0, name, elements)

    def _elements(self, kind: int, flags: int, name: str, elements: Iterable[Element]) -> None:
        listed = b"".join(_element(element) for element in elements)
        if listed:
            self._add(kind, flags, self._table + text(2, name) + nested(3, listed))

    def _add(self, kind: int, flags: int, payload: bytes) -> None:
        header = struct.pack(">BBH", self._family, 0, 0)
        self._messages.append(Message(_SUBSYSTEM << 8 | kind, flags, header + payload))


def _element(element: Element) -> bytes:
    """A range of a plain key is two elements, one of a joined key has its end beside it."""
    body = nested(1, attribute(1, element.key))
    if element.data:
        body += nested(2, attribute(1, element.data))
    if not element.end:
        return nested(1, body)
    if not element.joined:
        if not element.end.strip(b"\xff"):
            return nested(1, body)  # nothing comes after its end
        after = (int.from_bytes(element.end) + 1).to_bytes(len(element.end))
        return nested(1, body) + nested(1, nested(1, attribute(1, after)) + be32(3, _ELEMENT_INTERVAL_END))
    return nested(1, body + nested(10, attribute(1, element.end)))


def _length(parts: Sequence[Type]) -> int:
    return parts[0].length if len(parts) == 1 else sum((part.length + 3) & ~3 for part in parts)


def _concatenated(parts: Sequence[Type]) -> int:
    number = 0
    for part in parts:
        number = number << 6 | part.number
    return number


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as it is listed: ``hook`` -1 for one that is only jumped to, ``policy`` -1 likewise."""

    family: int
    table: str
    name: str
    hook: int
    policy: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is listed."""

    handle: int
    comment: str


def chains(netlink: Netlink) -> list[Chain]:
    """Every chain of every family."""
    found = []
    request = Message(_SUBSYSTEM << 8 | _GETCHAIN, 0, struct.pack(">BBH", _EVERY, 0, 0))
    for _, payload in netlink.dump(request):
        family, parts = payload[0], dict(attributes(payload, 4))
        hook = dict(attributes(parts[4])) if 4 in parts else {}
        policy = int.from_bytes(parts[5]) if 5 in parts else -1
        found.append(
            Chain(family, _string(parts[1]), _string(parts[3]), int.from_bytes(hook[1]) if 1 in hook else -1, policy)
        )
    return found


def rules(netlink: Netlink, family: int, table: str, chain: str) -> list[Rule]:
    """The rules of one chain, in their order."""
    found = []
    request = Message(
        _SUBSYSTEM << 8 | _GETRULE, 0, struct.pack(">BBH", family, 0, 0) + text(1, table) + text(2, chain)
    )
    for _, payload in netlink.dump(request):
        parts = dict(attributes(payload, 4))
        if _string(parts.get(2, b"")) != chain or _string(parts.get(1, b"")) != table:
            continue
        words = parts.get(7, b"")
        comment = _string(words[2 : 2 + words[1]]) if len(words) > 2 and words[0] == _UDATA_RULE_COMMENT else ""
        found.append(Rule(int.from_bytes(parts[3]), comment))
    return found


def elements(netlink: Netlink, family: int, table: str, name: str) -> list[Element]:
    """The elements of a set without ranges, keys and data as they were entered; none where there is no such set."""
    request = Message(
        _SUBSYSTEM << 8 | _GETSETELEM, 0, struct.pack(">BBH", family, 0, 0) + text(1, table) + text(2, name)
    )
    found = []
    try:
        answers = netlink.dump(request)
    except FileNotFoundError:
        return []
    for _, payload in answers:
        for key, listed in attributes(payload, 4):
            if key != 3:
                continue
            for _, element in attributes(listed):
                parts = dict(attributes(element))
                data = dict(attributes(parts[2]))[1] if 2 in parts else b""
                found.append(Element(dict(attributes(parts[1]))[1], data=data))
    return found


def generation(netlink: Netlink) -> int:
    """A number that grows with each change of anybody's to the packet filter."""
    for _, payload in netlink.get(Message(_SUBSYSTEM << 8 | _GETGEN, 0, struct.pack(">BBH", 0, 0, 0))):
        return int.from_bytes(dict(attributes(payload, 4))[1])
    return 0


def tables(netlink: Netlink, family: int) -> list[str]:
    """The names of the tables of `family`."""
    request = Message(_SUBSYSTEM << 8 | _GETTABLE, 0, struct.pack(">BBH", family, 0, 0))
    return [_string(dict(attributes(payload, 4))[1]) for _, payload in netlink.dump(request)]


def _string(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")


def _expression(name: str, *parts: bytes) -> bytes:
    return text(1, name) + nested(2, *parts)


def meta(key: int, register: int = REGISTER) -> bytes:
    """Load a packet's meta datum."""
    return _expression("meta", be32(1, register), be32(2, key))


def conntrack(key: int) -> bytes:
    """Load a datum of the packet's connection."""
    return _expression("ct", be32(1, REGISTER), be32(2, key))


def payload(base: int, offset: int, length: int, register: int = REGISTER) -> bytes:
    """Load a piece of a packet's header."""
    return _expression("payload", be32(1, register), be32(2, base), be32(3, offset), be32(4, length))


def address_type() -> bytes:
    """Load the type (RTN_*) of the packet's destination address."""
    return _expression("fib", be32(1, REGISTER), be32(2, 3), be32(3, 2))


def equal(value: bytes, register: int = REGISTER) -> bytes:
    """Go on with the rule only where what is loaded is `value`."""
    return _expression("cmp", be32(1, register), be32(2, 0), nested(3, attribute(1, value)))


def masked(mask: bytes) -> bytes:
    """Keep the bits of `mask` of what is loaded."""
    return _expression(
        "bitwise", be32(1, REGISTER), be32(2, REGISTER), be32(3, len(mask)),
        nested(4, attribute(1, mask)), nested(5, attribute(1, bytes(len(mask)))),
    )  # fmt: skip


def nonzero() -> bytes:
    """Go on with the rule only where the loaded number is not 0."""
    return _expression("cmp", be32(1, REGISTER), be32(2, 1), nested(3, attribute(1, bytes(4))))


def in_set(name: str, inverted: bool = False) -> bytes:
    """Go on with the rule only where what is loaded is in the set, or is not."""
    return _expression("lookup", text(1, name), be32(2, REGISTER), be32(5, int(inverted)))


def mapped(name: str) -> bytes:
    """Load what the loaded key maps to; where it is not in the map the rule ends."""
    return _expression("lookup", text(1, name), be32(2, REGISTER), be32(3, REGISTER))


def verdict(code: int, chain: str = "") -> bytes:
    """End with ACCEPT, DROP or RETURN, or JUMP to a chain."""
    where = text(2, chain) if chain else b""
    return _expression("immediate", be32(1, _VERDICT_REGISTER), nested(2, nested(2, be32(1, code), where)))


def dnat(family: int, port_register: int) -> bytes:
    """Send the connection to the loaded address and the port in `port_register`."""
    return _expression("nat", be32(1, 1), be32(2, family), be32(3, REGISTER), be32(5, port_register))


def snat(family: int) -> bytes:
    """Let the connection come from the loaded address."""
    return _expression("nat", be32(1, 0), be32(2, family), be32(3, REGISTER))


def masquerade() -> bytes:
    """Let the connection come from the address of the interface by which it leaves."""
    return _expression("masq")
