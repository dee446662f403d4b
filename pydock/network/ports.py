"""Host ports: which are taken, and sockets that hold them so that no other process takes them.

The kernel translates the packets (`firewall`), and only what it cannot translate reaches these sockets; the container's
shim keeps them open until its end.  Called by the daemon's sandboxes, from any thread.
"""

import errno
import ipaddress
import itertools
import socket
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydock.errors import InvalidParameter, System
from pydock.linux.rtnetlink import Address

_KINDS: Final = {
    "tcp": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "udp": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "sctp": (socket.SOCK_STREAM, 132),
}
_RANGE_FILE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_RANGE: Final = (49153, 65535)
#: how many may wait to be let in; the kernel's own limit (net.core.somaxconn) is lower as a rule
_BACKLOG: Final = 4096


@dataclass(frozen=True, slots=True)
class Wish:
    """A port that is to be published on each of ``hosts``, the same number on all; ``first`` 0: any free one.

    ``target`` and ``target_port`` are the container's, for messages.
    """

    protocol: str
    hosts: tuple[Address, ...]
    first: int
    last: int
    target: str
    target_port: int


@dataclass(frozen=True, slots=True)
class Held:
    """A port that is held: the numbers stand for (protocol, host, port); ``sockets`` are the caller's."""

    protocol: str
    hosts: tuple[Address, ...]
    port: int
    sockets: tuple[socket.socket, ...]


class Ports:
    """The host's ports that this engine has given out."""

    def __init__(self, listening: bool = False) -> None:
        """`listening`: whoever gets the sockets serves what reaches them; else it is refused."""
        self._listening = listening
        #: the addresses by protocol and port
        self._taken: dict[tuple[str, int], set[Address]] = {}
        self._lock = threading.Lock()
        self._first, self._last = _ephemeral_range()
        self._next = self._first

    def hold(self, wish: Wish) -> Held:
        """Take a port; System in Docker's words where it cannot be had."""
        if wish.first:
            return self._hold_first(wish, range(wish.first, wish.last + 1), fixed=wish.first == wish.last)
        with self._lock:
            start = self._next
        numbers = itertools.chain(range(start, self._last + 1), range(self._first, start))
        held = self._hold_first(wish, numbers, fixed=False)
        with self._lock:
            self._next = held.port + 1 if held.port < self._last else self._first
        return held

    def claim(self, protocol: str, host: Address, port: int) -> Held:
        """Note a port of a container that outlived the daemon.

        Its shim holds the socket as a rule; where nobody does, since the daemon died before it could hand it over, one
        is made.
        """
        with self._lock:
            self._taken.setdefault((protocol, port), set()).add(host)
        try:
            bound = _bind(protocol, host, port, self._listening)
        except OSError:
            bound = None
        return Held(protocol, (host,), port, (bound,) if bound else ())

    def release(self, protocol: str, hosts: Sequence[Address], port: int) -> None:
        """Give a port back; whoever has its sockets closes them."""
        with self._lock:
            left = self._taken.pop((protocol, port), set()) - set(hosts)
            if left:
                self._taken[protocol, port] = left

    def _hold_first(self, wish: Wish, numbers: Iterable[int], fixed: bool) -> Held:
        for number in numbers:
            try:
                return self._hold_one(wish, number)
            except _InUse:
                if fixed:
                    raise
        raise System("all ports are allocated")

    def _hold_one(self, wish: Wish, port: int) -> Held:
        with self._lock:
            taken = self._taken.get((wish.protocol, port), set())
            for host in sorted(taken, key=str):
                if any(meet(host, wanted) for wanted in wish.hosts):
                    raise _InUse(f"Bind for {host}:{port} failed: port is already allocated")
            self._taken[wish.protocol, port] = taken | set(wish.hosts)
        with ExitStack() as undo:
            undo.callback(self.release, wish.protocol, wish.hosts, port)
            sockets = []
            for host in wish.hosts:
                try:
                    bound = _bind(wish.protocol, host, port, self._listening)
                except OSError as error:
                    raise _refusal(wish, host, port, error) from error
                if bound:
                    undo.callback(bound.close)
                    sockets.append(bound)
            undo.pop_all()
        return Held(wish.protocol, wish.hosts, port, tuple(sockets))


class _InUse(System):
    """Another port may be free."""


def _refusal(wish: Wish, host: Address, port: int, error: OSError) -> System:
    """Docker's words; a port that was left open is not told."""
    source = _joined(host, port if wish.first else "")
    target = _joined(ipaddress.ip_address(wish.target), wish.target_port)
    reason = (error.strerror or "failed").lower()
    kind = _InUse if error.errno == errno.EADDRINUSE else System
    return kind(f"failed to bind host port for {source}:{target}/{wish.protocol}: {reason}")


def parse_range(text: str, what: str = "port") -> tuple[int, int]:
    """``80`` or ``8000-8010`` as two numbers; "" gives (0, 0)."""
    if not text:
        return 0, 0
    first, dash, last = text.partition("-")
    numbers = []
    for part in (first, last if dash else first):
        if not (part.isascii() and part.isdigit() and int(part) < 1 << 16):
            raise InvalidParameter(f"invalid {what} specification: {text!r}")
        numbers.append(int(part))
    if numbers[0] > numbers[1]:
        raise InvalidParameter(f"invalid {what} specification: {text!r}")
    return numbers[0], numbers[1]


def _bind(protocol: str, host: Address, port: int, listening: bool) -> socket.socket | None:
    """A bound socket; None where the kernel does not know the address family (nobody can come by it).

    One that does not listen has what no rule translated refused.  Connections that a server of the host left in
    TIME_WAIT stand in the way of a plain bind, but not of one that listens with SO_REUSEADDR.
    """
    kind, number = _KINDS[protocol]
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    try:
        bound = socket.socket(family, kind, number)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return None
        raise
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol != "tcp":
            bound.bind((str(host), port))
        elif listening:
            _listen(bound, host, port, _BACKLOG)
        else:
            try:
                bound.bind((str(host), port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                _listen(bound, host, port, 1)
    except BaseException:
        bound.close()
        raise
    return bound


def _listen(bound: socket.socket, host: Address, port: int, backlog: int) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((str(host), port))
    bound.listen(backlog)


def meet(one: Address, other: Address) -> bool:
    """Whether a packet to `one` may be one to `other`."""
    return one == other or (one.version == other.version and (one.is_unspecified or other.is_unspecified))


def _joined(host: Address, port: int | str) -> str:
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _ephemeral_range() -> tuple[int, int]:
    try:
        first, last = (int(word) for word in _RANGE_FILE.read_text().split())
    except (OSError, ValueError):
        return _DEFAULT_RANGE
    return first, last
