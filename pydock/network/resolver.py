"""The daemon's handle on the embedded resolver: one process for all containers on user-defined networks.

Called by the daemon's sandboxes, from any thread.  The process (`dns_process`) outlives the daemon, as the containers
that it serves do; where it dies itself, another takes its place and is told all that the first one knew.
"""

import contextlib
import json
import logging
import os
import select
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydock.errors import Unavailable
from pydock.linux import datagram
from pydock.linux.files import short_path
from pydock.network.dns_process import ENTRY, VERSION
from pydock.network.resolv_conf import ExternalServer

#: how long the process may take to answer, in seconds
_PATIENCE = 10.0
_BACKLOG = 8

log = logging.getLogger("pydock")


@dataclass(frozen=True, slots=True)
class Place:
    """A container on one user-defined network.

    ``names``: by which all on the network find it, the container's own name (which PTR tells) first.  ``addresses``:
    IPv4 and IPv6.  ``links``: names that only this container knows, with what they stand for.
    """

    network_id: str
    network: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolvable:
    """A container as the resolver knows it.

    ``servers`` and ``ndots_set`` as `resolv_conf.for_resolver` gives them; ``forward`` is False where the container is
    on internal networks alone: nothing is asked of the outside then.
    """

    id: str
    places: tuple[Place, ...]
    servers: tuple[ExternalServer, ...] = ()
    ndots_set: bool = False
    forward: bool = True


class Starter(Protocol):
    """What starts the process: the zygote's job runner."""

    def run(
        self, entry: str, arguments: Mapping[str, Any], fds: Sequence[int] = (), timeout: float | None = None
    ) -> Any:
        """Run a job to its end."""


class Resolver:
    """Answers on 127.0.0.11:53 in the containers that it is told of.  The process starts with the first of them."""

    def __init__(self, exec_root: Path, starter: Starter) -> None:
        self._path = exec_root / "dns.sock"
        self._starter = starter
        self._lock = threading.RLock()
        self._sock: socket.socket | None = None
        self._known: dict[str, tuple[Resolvable, int]] = {}
        self._closed = False

    def add_sandbox(self, container: Resolvable, netns: int) -> None:
        """Answer in the network namespace of descriptor `netns` (which stays the caller's; loopback is up).

        For one that is answered already, after the daemon's restart, this is `update`.
        """
        with self._lock:
            self._forget(container.id)
            self._known[container.id] = container, os.dup(netns)
            try:
                self._ask("add", asdict(container), netns)
            except BaseException:
                self._forget(container.id)
                raise

    def update(self, container: Resolvable) -> None:
        """A container's networks, names or addresses have changed; nothing happens where it is not known."""
        with self._lock:
            if container.id in self._known:
                self._known[container.id] = container, self._known[container.id][1]
                self._ask("update", asdict(container))

    def remove_sandbox(self, container_id: str) -> None:
        """Stop answering in a container; nothing happens where it is not known."""
        with self._lock:
            if self._forget(container_id):
                with contextlib.suppress(Unavailable):  # a process that is gone has forgotten all
                    self._ask("remove", container_id)

    def retain(self, container_ids: Collection[str]) -> None:
        """After the daemon's restart: stop answering in all other containers, which ended meanwhile."""
        with self._lock:
            if self._sock or self._path.exists():
                self._ask("retain", list(container_ids))

    def close(self) -> None:
        """Let go of the process: it goes on while it has containers."""
        with self._lock:
            self._closed = True
            for container_id in list(self._known):
                self._forget(container_id)
            if self._sock:
                self._sock.shutdown(socket.SHUT_RDWR)
                self._sock.close()
                self._sock = None

    def _forget(self, container_id: str) -> bool:
        known = self._known.pop(container_id, None)
        if known:
            os.close(known[1])
        return known is not None

    def _ask(self, verb: str, value: Any, *fds: int) -> Any:
        """One request and its answer; where the process is gone, another is started and told everything."""
        sock = self._sock
        if sock:
            with contextlib.suppress(ConnectionError, TimeoutError):
                return _converse(sock, verb, value, fds)
        self._connect()
        assert self._sock is not None
        return _converse(self._sock, verb, value, fds)

    def _connect(self) -> None:
        """Find the process that runs, or start one, and tell it of all containers."""
        if self._sock:
            self._sock.close()
            self._sock = None
        sock = self._find() or self._start()
        for container, netns in self._known.values():
            try:
                _converse(sock, "add", asdict(container), (netns,))
            except Unavailable as error:  # one container's trouble is not the others'
                log.error("container %s: %s", container.id, error.message)
        try:
            threading.Thread(target=self._watch, args=(sock,), name="resolver", daemon=True).start()
        except RuntimeError as error:
            sock.close()
            raise Unavailable("embedded DNS resolver: cannot start a thread") from error
        self._sock = sock

    def _find(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with short_path(os.fspath(self._path.parent)) as directory:
                sock.connect(f"{directory}/{self._path.name}")
            sock.settimeout(_PATIENCE)
            if _converse(sock, "hello", None, ()) == VERSION:
                return sock
            _converse(sock, "quit", None, ())
        except (OSError, Unavailable):
            pass
        sock.close()
        return None

    def _start(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            with short_path(os.fspath(self._path.parent)) as directory:
                listener.bind(f"{directory}/{self._path.name}")
            self._path.chmod(0o600)
            listener.listen(_BACKLOG)
            self._starter.run(ENTRY, {}, [listener.fileno()], timeout=_PATIENCE)
        sock = self._find()
        if sock is None:
            raise Unavailable("the embedded DNS resolver does not start")
        return sock

    def _watch(self, sock: socket.socket) -> None:
        """Start another process as soon as this one ends, not only when something is asked of it."""
        poll = select.poll()
        try:
            poll.register(sock, select.POLLHUP)
        except (OSError, ValueError):
            return
        poll.poll()
        with self._lock:
            if self._closed or self._sock is not sock:
                return
            with contextlib.suppress(OSError, Unavailable):  # the next request will try again
                self._connect()


def _converse(sock: socket.socket, verb: str, value: Any, fds: Sequence[int]) -> Any:
    datagram.send(sock, json.dumps([verb, value], separators=(",", ":")).encode(), fds)
    text, _ = datagram.receive(sock)
    if not text:
        raise ConnectionResetError("the embedded DNS resolver is gone")
    kind, answer = json.loads(text)
    if kind == "failed":
        raise Unavailable(f"embedded DNS resolver: {answer}")
    return answer
