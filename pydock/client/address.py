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


class Unusable(InvalidParameter):
    """What is an address and leads to no daemon: Docker's client finds out later than of one that does not parse."""


def parse(text: str, tls: Tls | None = None) -> Address:
    """The address that `text` names; InvalidParameter in Docker's words where it names none, Unusable among them."""
    value = text.strip()
    if not value:
        return Address("unix://" + DEFAULT_SOCKET, "unix", DEFAULT_SOCKET)
    scheme, separator, rest = value.partition("://")
    if not separator:
        scheme, rest = "tcp", value
    if scheme == "unix":
        path = rest or DEFAULT_SOCKET
        if "://" in rest:
            raise InvalidParameter(f"invalid proto, expected unix: {rest}")
        return Address("unix://" + path, "unix", path)
    if scheme == "tcp":
        address = _network(rest, tls is not None)
        address.tls = tls
        return address
    if scheme == "fd":
        raise Unusable(f"unable to parse docker host `{value}`")
    if scheme == "npipe":
        raise Unusable("protocol not available")
    if scheme == "ssh":
        return _ssh(value, rest)
    raise InvalidParameter(f"invalid bind address format: {text}")


def _ssh(text: str, rest: str) -> Address:
    """``ssh://[USER@]HOST[:PORT][/PATH]``: the path is that of the daemon's socket on that machine."""
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    name, _, port = host.partition(":")
    if wrong := _wrong_place(text, host):
        raise Unusable(wrong)
    if not name:
        raise Unusable("ssh host connection is not valid: invalid SSH URL: hostname is empty")
    if ":" in user:
        raise Unusable("ssh host connection is not valid: invalid SSH URL: plain-text password is not supported")
    if name.startswith("-"):
        raise Unusable(f"invalid ssh connection: {text}")
    return Address(text, "ssh", slash + path if path else "", user + at + name, int(port or 0))


def _wrong_place(text: str, place: str) -> str:
    """What Go says of `place`, HOST[:PORT] of the URL `text`, "" where it may be that."""
    for char in place:
        if char in ' "<>\\^`{|}' or not char.isprintable():
            return f'parse "{text}": invalid character "{char}" in host name'
    port = place.rpartition("]")[2] if place.startswith("[") else place
    if place.startswith("[") and "]" not in place:
        return f"parse \"{text}\": missing ']' in host"
    _, colon, number = port.rpartition(":")
    if colon and number and port.count(":") == 1 and not (number.isascii() and number.isdigit()):
        return f'parse "{text}": invalid port ":{number}" after host'
    return ""


def _network(rest: str, secure: bool) -> Address:
    place, slash, base = rest.partition("/")
    if wrong := _wrong_place(f"tcp://{rest}", place):
        raise InvalidParameter(wrong)
    host, port = place, ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    default = DEFAULT_TLS_PORT if secure else DEFAULT_PORT
    if port and not 0 < int(port) < 65536:
        raise InvalidParameter(f"invalid bind address format: tcp://{rest}")
    shown = f"[{host}]" if ":" in host else host or "localhost"
    text = f"tcp://{shown}:{port or default}{slash}{base}"
    return Address(text, "tcp", "", host or "localhost", int(port or default), (slash + base).rstrip("/"))


def choose(given: str, environ: "Mapping[str, str]", context_host: str = "") -> str:
    """The daemon's address by Docker's order of precedence, "" for the default socket."""
    return given or environ.get("PYDOCK_HOST") or environ.get("DOCKER_HOST") or context_host or ""
