"""The sockets that clients connect to: unix, tcp, and those that systemd hands over (fd://).

Opened by main before anything is restored: clients that come early wait to be accepted instead of failing.
"""

import contextlib
import grp
import logging
import os
import socket
import ssl
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydock.daemon.config import TlsOptions
from pydock.errors import InvalidParameter, System

DEFAULT_HOST = "unix:///run/pydock.sock"
_FIRST_FD = 3
#: how many clients may wait to be accepted
_BACKLOG = 4096

log = logging.getLogger("pydock")


@dataclass(slots=True)
class Listeners:
    """Listening sockets, and the paths that they stand at."""

    sockets: list[socket.socket] = field(default_factory=list)
    #: path with inode: removed at the end where it is still ours
    paths: list[tuple[Path, int]] = field(default_factory=list)

    def close(self) -> None:
        """Close the sockets and remove their paths."""
        for sock in self.sockets:
            sock.close()
        for path, inode in self.paths:
            with contextlib.suppress(OSError):
                if path.stat().st_ino == inode:
                    path.unlink()


def open_all(hosts: Sequence[str], group: str) -> Listeners:
    """Open a socket for every host; the default one where there is none."""
    listeners = Listeners()
    try:
        for host in hosts or (DEFAULT_HOST,):
            scheme, _, rest = host.partition("://")
            if scheme == "unix":
                _open_unix(listeners, Path(rest or DEFAULT_HOST.removeprefix("unix://")), group)
            elif scheme == "tcp":
                _open_tcp(listeners, rest)
            else:
                listeners.sockets += _inherited(rest)
    except BaseException:
        listeners.close()
        raise
    return listeners


def tls_context(options: TlsOptions) -> ssl.SSLContext | None:
    """The context for tcp listeners; None where the configuration asks for no TLS."""
    if not options.enabled:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.certificate, options.key)
        if options.verify:
            context.load_verify_locations(options.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise InvalidParameter(
            f'invalid TLS configuration: Could not load X509 key pair (cert: "{options.certificate}", '
            f'key: "{options.key}"): {(error.strerror or str(error)).lower()}'
        ) from None
    return context


def _open_unix(listeners: Listeners, path: Path, group: str) -> None:
    try:
        group_id = grp.getgrnam(group).gr_gid if group else 0
    except KeyError:
        if group != "pydock":
            raise InvalidParameter(f"can't create unix socket {path}: group {group} not found") from None
        group_id = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()  # the exec root's lock says that no other daemon of ours is behind it
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listeners.sockets.append(sock)
    before = os.umask(0o777)
    try:
        sock.bind(str(path))
    except OSError as error:
        raise System(f"can't create unix socket {path}: {error.strerror or error}") from None
    finally:
        os.umask(before)
    os.chown(path, 0, group_id)
    path.chmod(0o660)
    sock.listen(_BACKLOG)
    listeners.paths.append((path, path.stat().st_ino))


def _open_tcp(listeners: Listeners, address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise InvalidParameter(f"invalid bind address (tcp://{address}): should be HOST:PORT")
    host = host.strip("[]") or "0.0.0.0"
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, name in found:
            sock = socket.socket(family, kind, protocol)
            listeners.sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(name)
            sock.listen(_BACKLOG)
    except OSError as error:
        raise System(f"failed to load listeners: listen tcp {address}: {error.strerror}") from None


def _inherited(name: str) -> list[socket.socket]:
    """The sockets of systemd's socket activation, sd_listen_fds(3): all, or the one called `name` (or numbered so)."""
    count = os.environ.get("LISTEN_FDS", "0")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or count == "0":
        raise System(
            "failed to load listeners: no sockets found via socket activation: "
            "make sure the service was started by systemd"
        )
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    numbers = [
        number
        for number in range(_FIRST_FD, _FIRST_FD + int(count))
        if name in ("", "*", str(number)) or names[number - _FIRST_FD : number - _FIRST_FD + 1] == [name]
    ]
    if not numbers:
        raise System(f"failed to load listeners: no socket called {name} was handed over")
    try:
        for number in numbers:
            os.set_inheritable(number, False)
        return [socket.socket(fileno=number) for number in numbers]
    except OSError as error:
        raise System(f"failed to load listeners: what was handed over is no socket: {error.strerror}") from error
