"""Where the daemon is: `-H`, PYDOCK_HOST, DOCKER_HOST, a context, then /run/pydock.sock.

Called by `cli.console`, which makes the `Engine` for it.
"""

from pydock.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SOCKET = "/run/pydock.sock"
DEFAULT_PORT, DEFAULT_TLS_PORT = 2375, 2376


class Tls:
    """How to prove who we are and check who answers over TLS; paths of PEM files, "" where there is none."""

    __slots__ = ("ca", "certificate", "key", "verify")

    def __init__(self, ca: str = "", certificate: str = "", key: str = "", verify: bool = True) -> None:
        self.ca = ca
        self.certificate = certificate
        self.key = key
        self.verify = verify


class Address:
    """One parsed daemon address: a Unix socket's path, or a host, a port and a base path."""

    __slots__ = ("base", "host", "path", "port", "scheme", "text", "tls")

    def __init__(self, text: str, scheme: str, path: str = "", host: str = "", port: int = 0, base: str = "") -> None:
        self.text = text
        self.scheme = scheme
        self.path = path
        self.host = host
        self.port = port
        self.base = base
        self.tls: Tls | None = None


def parse(text: str, tls: Tls | None = None) -> Address:
    """The address that `text` names; raises InvalidParameter where it names none."""
    value = text.strip()
    if not value:
        return Address("unix://" + DEFAULT_SOCKET, "unix", DEFAULT_SOCKET)
    scheme, separator, rest = value.partition("://")
    if not separator:
        scheme, rest = "tcp", value
    if scheme == "unix":
        path = rest or DEFAULT_SOCKET
        if "://" in rest:
            raise InvalidParameter(f"invalid unix address: {text}")
        return Address("unix://" + path, "unix", path)
    if scheme in ("tcp", "http", "https"):
        address = _network(value if separator else "tcp://" + value, scheme, rest, tls is not None)
        address.tls = Tls() if scheme == "https" and tls is None else tls
        return address
    if scheme == "fd":
        raise InvalidParameter(f"invalid bind address ({text}): a client can't use fd://")
    if scheme == "ssh":
        return _ssh(value, rest)
    raise InvalidParameter(f"invalid bind address format: {text}")


def _ssh(text: str, rest: str) -> Address:
    """``ssh://[USER@]HOST[:PORT][/PATH]``: the path is that of the daemon's socket on that machine."""
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    name, _, port = host.partition(":")
    if not name or name.startswith("-") or (port and not port.isdigit()) or ":" in user:
        raise InvalidParameter(f"invalid ssh connection: {text}")
    return Address(text, "ssh", slash + path if path else "", user + at + name, int(port or 0))


def _network(text: str, scheme: str, rest: str, secure: bool) -> Address:
    place, slash, base = rest.partition("/")
    host, port = place, ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif ":" in place:
        host, _, port = place.rpartition(":")
    default = DEFAULT_TLS_PORT if secure or scheme == "https" else DEFAULT_PORT
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise InvalidParameter(f"invalid bind address format: {text}")
    if not port:
        text = f"{scheme}://{place or '127.0.0.1'}:{default}{slash}{base}"
    return Address(text, scheme, "", host or "127.0.0.1", int(port or default), (slash + base).rstrip("/"))


def choose(given: str, environ: "Mapping[str, str]", context_host: str = "") -> str:
    """The daemon's address by Docker's order of precedence, "" for the default socket."""
    return given or environ.get("PYDOCK_HOST") or environ.get("DOCKER_HOST") or context_host or ""
