"""DNS messages, RFC 1035 and EDNS (RFC 6891): as much of them as the embedded resolver needs.

Whatever comes from a container or from a server is hostile: every length is checked, a name has no compression where
it is asked for.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

A: Final = 1
PTR: Final = 12
AAAA: Final = 28
OPT: Final = 41
IN: Final = 1
ANY_CLASS: Final = 255

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

#: how long, in seconds, a client may keep an answer
TTL: Final = 600
#: the longest answer by UDP without EDNS, and the longest that is given with it (no fragments on any usual network)
PLAIN_LIMIT: Final = 512
EDNS_LIMIT: Final = 1232

_HEADER: Final = struct.Struct(">HHHHHH")
_QR, _TC, _RD, _RA, _CD = 0x8000, 0x0200, 0x0100, 0x0080, 0x0010
_OPCODE: Final = 0x7800
_LONGEST_NAME: Final = 255
_POINTER: Final = 0xC0
#: a pointer to the name in the question
_SAME_NAME: Final = b"\xc0\x0c"


class BadMessage(ValueError):
    """The message is not one that can be answered but by an error."""


@dataclass(frozen=True, slots=True)
class Question:
    """The one question of a query: ``name`` in lower case without the last dot; ``end`` is where it ends."""

    name: str
    kind: int
    klass: int
    end: int
    #: the longest answer that the client takes by UDP, and whether it speaks EDNS
    limit: int = PLAIN_LIMIT
    edns: bool = False


def parse_query(query: bytes) -> Question:
    """The question of a query; BadMessage where there is not exactly one, or it is cut off."""
    if len(query) < _HEADER.size:
        raise BadMessage("too short")
    _, flags, questions, answers, authorities, additional = _HEADER.unpack_from(query)
    if flags & _QR or questions != 1:
        raise BadMessage("no query with one question")
    name, position = _name(query, _HEADER.size)
    if position + 4 > len(query):
        raise BadMessage("cut off")
    kind, klass = struct.unpack_from(">HH", query, position)
    end = position + 4
    if (
        additional
        and not answers
        and not authorities
        and query[end : end + 3] == b"\0\0\x29"
        and len(query) >= end + 11
    ):
        limit = min(max(struct.unpack_from(">H", query, end + 3)[0], PLAIN_LIMIT), EDNS_LIMIT)
        return Question(name, kind, klass, end, limit, True)
    return Question(name, kind, klass, end)


def is_query(message: bytes) -> bool:
    """Whether a message is one that may be answered at all."""
    return len(message) >= _HEADER.size and not message[2] & 0x80


def is_standard(query: bytes) -> bool:
    """Whether a query has the operation code of an ordinary one."""
    return not query[2] & 0x78


def answer(query: bytes, question: Question, records: list[tuple[int, bytes]], limit: int) -> bytes:
    """An answer with `records` (type, data) for the name asked for; those that exceed `limit` bytes are left out."""
    edns = b"\0\0\x29\x04\xd0\0\0\0\0\0\0" if question.edns else b""
    flags = _QR | _RA | (struct.unpack_from(">H", query, 2)[0] & (_OPCODE | _RD | _CD))
    room = limit - question.end - len(edns)
    body = []
    for kind, data in records:
        record = _SAME_NAME + struct.pack(">HHIH", kind, IN, TTL, len(data)) + data
        room -= len(record)
        if room < 0:
            flags |= _TC
            break
        body.append(record)
    header = _HEADER.pack(int.from_bytes(query[:2]), flags, 1, len(body), 0, 1 if edns else 0)
    return b"".join((header, query[_HEADER.size : question.end], *body, edns))


def failure(query: bytes, code: int) -> bytes:
    """An answer that says only `code`; with the question where it can be read."""
    flags = _QR | _RA | (struct.unpack_from(">H", query, 2)[0] & (_OPCODE | _RD | _CD)) | code
    try:
        end = parse_query(query).end
    except BadMessage:
        return _HEADER.pack(int.from_bytes(query[:2]), flags, 0, 0, 0, 0)
    return _HEADER.pack(int.from_bytes(query[:2]), flags, 1, 0, 0, 0) + query[_HEADER.size : end]


def is_answer(reply: bytes, query: bytes, end: int) -> bool:
    """Whether `reply` answers `query`, whose question ends at `end`: same number, same question."""
    return (
        len(reply) >= _HEADER.size
        and bool(reply[2] & 0x80)
        and reply[:2] == query[:2]
        and (
            reply[_HEADER.size : end].lower() == query[_HEADER.size : end].lower()
            # servers may leave the question out where they refuse
            or (reply[4:6] == b"\0\0" and reply[3] & 0x0F != NOERROR)
        )
    )


def code(reply: bytes) -> int:
    """What an answer says of its success."""
    return reply[3] & 0x0F


def encode_name(name: str) -> bytes:
    """A name as labels; BadMessage where it is too long for DNS."""
    encoded = b""
    for label in name.encode("utf-8", "surrogateescape").split(b"."):
        if not 0 < len(label) < 64:
            raise BadMessage("no name for DNS")
        encoded += bytes((len(label),)) + label
    if len(encoded) >= _LONGEST_NAME:
        raise BadMessage("no name for DNS")
    return encoded + b"\0"


def address_of_pointer(name: str) -> str:
    """The address that a name under in-addr.arpa or ip6.arpa stands for; "" where it is none."""
    try:
        if name.endswith(".in-addr.arpa"):
            return str(IPv4Address(".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))))
        if name.endswith(".ip6.arpa"):
            nibbles = name.removesuffix(".ip6.arpa").split(".")
            if len(nibbles) == 32 and all(len(nibble) == 1 for nibble in nibbles):
                return str(IPv6Address(int("".join(reversed(nibbles)), 16)))
    except ValueError:
        pass
    return ""


def _name(message: bytes, position: int) -> tuple[str, int]:
    labels = []
    start = position
    while True:
        if position >= len(message):
            raise BadMessage("cut off")
        length = message[position]
        position += 1
        if not length:
            break
        if length & _POINTER or position - start + length >= _LONGEST_NAME:
            raise BadMessage("no plain name")
        label = message[position : position + length]
        if len(label) < length or b"." in label:
            raise BadMessage("no plain name")
        labels.append(label)
        position += length
    return b".".join(labels).lower().decode("utf-8", "surrogateescape"), position
