"""netlink(7): requests in batches, answers, dumps, the kernel's own words for what went wrong.

`links` (rtnetlink) and `nftables` build messages for it.  A socket belongs to the network namespace in which it was
opened, whatever namespace its user is in.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

NETLINK_ROUTE: Final = 0
NETLINK_NETFILTER: Final = 12

NLM_F_REQUEST: Final = 0x1
NLM_F_ACK: Final = 0x4
NLM_F_REPLACE: Final = 0x100
NLM_F_EXCL: Final = 0x200
NLM_F_CREATE: Final = 0x400
NLM_F_APPEND: Final = 0x800
NLM_F_DUMP: Final = 0x300
NLM_F_DUMP_INTR: Final = 0x10
NLM_F_CAPPED: Final = 0x100
NLM_F_ACK_TLVS: Final = 0x200

NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3

NLA_F_NESTED: Final = 0x8000
_NLA_TYPE: Final = 0x3FFF
_NLMSGERR_ATTR_MSG: Final = 1

_SOL_NETLINK: Final = 270
_NETLINK_CAP_ACK: Final = 10
_NETLINK_EXT_ACK: Final = 11
_NETLINK_GET_STRICT_CHK: Final = 12
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_BUFFER: Final = 1 << 18
_SOCKET_BUFFER: Final = 4 << 20

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_PAD: Final = (b"", b"\0\0\0", b"\0\0", b"\0")


class Message(NamedTuple):
    """One message without its header; ``flags`` beside NLM_F_REQUEST."""

    kind: int
    flags: int
    payload: bytes


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute with its padding."""
    return _ATTRIBUTE.pack(4 + len(data), kind) + data + _PAD[len(data) & 3]


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute made of attributes."""
    data = b"".join(attributes)
    return _ATTRIBUTE.pack(4 + len(data), kind | NLA_F_NESTED) + data


def u8(kind: int, value: int) -> bytes:
    """An attribute of one byte."""
    return attribute(kind, bytes((value,)))


def u32(kind: int, value: int) -> bytes:
    """An attribute of four bytes in the machine's order."""
    return attribute(kind, struct.pack("=I", value))


def text(kind: int, value: str) -> bytes:
    """An attribute that is a string, ended by a zero."""
    return attribute(kind, os.fsencode(value) + b"\0")


def attributes(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """The attributes in `data` from `offset` on; the kind is without its flags."""
    end = len(data)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            return
        yield kind & _NLA_TYPE, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


class Netlink:
    """A netlink socket of the namespace that the caller is in; calls may come from any thread."""

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._lock = threading.Lock()
        self._sequence = 0
        self._sock.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        self._sock.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
        if protocol == NETLINK_ROUTE:
            self._sock.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)
        self._sock.bind((0, 0))

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def enlarge(self) -> None:
        """Make room for long batches and many answers."""
        self._sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SOCKET_BUFFER)
        self._sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _SOCKET_BUFFER)

    def request(self, messages: Sequence[Message]) -> None:
        """Send all at once and wait until all are done; raises the first failure (the others are done all the same)."""
        with self._lock:
            first, last = self._send(messages, acknowledge=True)
            failed: OSError | None = None
            for sequence, kind, flags, payload in self._answers():
                if kind != NLMSG_ERROR or not first <= sequence <= last:
                    continue
                failed = failed or _error(payload, flags)
                if sequence == last:
                    break
        if failed:
            raise failed

    def batch(self, messages: Sequence[Message]) -> None:
        """Send an nfnetlink transaction, the begin and end messages among `messages`; raises its first failure.

        Only its end is acknowledged, so that it costs one answer; a failure undoes all of it.
        """
        with self._lock:
            first, last = self._send(messages, acknowledge=False, penultimate=True)
            failed: OSError | None = None
            for sequence, kind, flags, payload in self._answers():
                if kind != NLMSG_ERROR or not first <= sequence <= last:
                    continue
                failed = failed or _error(payload, flags)
                if failed or sequence >= last - 1:
                    break
            self._drain()
        if failed:
            raise failed

    def get(self, message: Message) -> list[tuple[int, bytes]]:
        """Ask for one object; (kind, payload) of what comes back."""
        with self._lock:
            first, _ = self._send([message], acknowledge=True)
            found: list[tuple[int, bytes]] = []
            for sequence, kind, flags, payload in self._answers():
                if sequence != first:
                    continue
                if kind == NLMSG_ERROR:
                    if error := _error(payload, flags):
                        raise error
                    return found
                found.append((kind, payload))
        raise OSError("netlink fell silent")  # not reached: _answers does not end

    def dump(self, message: Message) -> list[tuple[int, bytes]]:
        """Ask for all objects of a kind; asked again where they changed meanwhile."""
        while True:
            found, interrupted = self._dump(message)
            if not interrupted:
                return found

    def _dump(self, message: Message) -> tuple[list[tuple[int, bytes]], bool]:
        with self._lock:
            first, _ = self._send([message._replace(flags=message.flags | NLM_F_DUMP)], acknowledge=False)
            found: list[tuple[int, bytes]] = []
            interrupted = False
            for sequence, kind, flags, payload in self._answers():
                if sequence != first:
                    continue
                if kind == NLMSG_ERROR and (error := _error(payload, flags)):
                    raise error
                interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    break
                found.append((kind, payload))
        return found, interrupted

    def _send(self, messages: Sequence[Message], acknowledge: bool, penultimate: bool = False) -> tuple[int, int]:
        """Returns the first and the last sequence number."""
        first = self._sequence + 1
        last = self._sequence = self._sequence + len(messages)
        acknowledged = last if acknowledge else last - 1 if penultimate else 0
        parts = []
        for sequence, (kind, flags, payload) in enumerate(messages, first):
            flags |= NLM_F_REQUEST | (NLM_F_ACK if sequence == acknowledged else 0)
            length = 16 + len(payload)
            parts.append(_HEADER.pack(length, kind, flags, sequence, 0) + payload + _PAD[length & 3])
        self._sock.send(b"".join(parts))
        return first, last

    def _answers(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(sequence, kind, flags, payload) of each message that comes."""
        while True:
            yield from _split(self._sock.recv(_BUFFER))

    def _drain(self) -> None:
        """Throw away what a failed transaction says beyond its first failure."""
        try:
            while True:
                self._sock.recv(_BUFFER, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass


def _split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    offset = 0
    while offset + 16 <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < 16:
            return
        yield sequence, kind, flags, data[offset + 16 : offset + length]
        offset += (length + 3) & ~3


def _error(payload: bytes, flags: int) -> OSError | None:
    """The failure that an NLMSG_ERROR tells of, with the kernel's explanation; None where it says that all is well."""
    (number,) = struct.unpack_from("=i", payload)
    if not number:
        return None
    explanation = ""
    if flags & NLM_F_ACK_TLVS:
        offset = 20 if flags & NLM_F_CAPPED else 4 + struct.unpack_from("=I", payload, 4)[0]
        for kind, value in attributes(payload, offset):
            if kind == _NLMSGERR_ATTR_MSG:
                explanation = ": " + value.rstrip(b"\0").decode(errors="replace")
    return OSError(-number, os.strerror(-number) + explanation)
