"""The syslog driver: every line is a message to a syslog server, in one of Docker's formats."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydock.errors import InvalidParameter
from pydock.runtime.logs.outbox import Outbox
from pydock.runtime.messages import Log

if TYPE_CHECKING:
    import ssl

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
_ERROR, _INFO = 3, 6
_FORMATS = ("", "rfc3164", "rfc5424", "rfc5424micro")
_LOCAL = ("/dev/log", "/var/run/syslog", "/var/run/log")
_TLS = "tcp+tls"
_DEFAULT_PORT = 514


def check(options: Mapping[str, str]) -> None:
    """InvalidParameter where the address, the facility or the format cannot be."""
    address(options.get("syslog-address", ""))
    facility(options.get("syslog-facility", ""))
    if options.get("syslog-format", "") not in _FORMATS:
        raise InvalidParameter("Invalid syslog format")


def address(text: str) -> tuple[str, str, int]:
    """(scheme, host or path, port) of ``syslog-address``; ("", "", 0) for this machine's server."""
    if not text:
        return "", "", 0
    try:
        parts = urlsplit(text)
        port = parts.port or _DEFAULT_PORT
    except ValueError as error:
        raise InvalidParameter(f'parse "{text}": {error}') from error
    if parts.scheme in ("unix", "unixgram"):
        if not os.path.exists(parts.path):
            raise InvalidParameter(f"stat {parts.path}: no such file or directory")
        return parts.scheme, parts.path, 0
    if parts.scheme not in ("udp", "tcp", _TLS):
        raise InvalidParameter(f"unsupported scheme: '{parts.scheme}'")
    return parts.scheme, parts.hostname or "localhost", port


def facility(text: str) -> int:
    """The number of a facility given by name or number."""
    if not text:
        return FACILITIES.index("daemon")
    if text in FACILITIES:
        return FACILITIES.index(text)
    if text.isdigit() and int(text) < len(FACILITIES):
        return int(text)
    raise InvalidParameter("invalid syslog facility")


def open_outbox(log: Log, connected: bool = True) -> Outbox:
    """The connection to the server that the options name; OSError where it shall be there now and cannot."""
    check(log.options)
    return Outbox(Server(log.options).connect, log.options, connected)


class Encoder:
    """Turns pieces of a stream into messages."""

    def __init__(self, log: Log) -> None:
        self._facility = facility(log.options.get("syslog-facility", "")) << 3
        self._format = log.options.get("syslog-format", "")
        self._tag = log.tag
        self._hostname = socket.gethostname()
        self._counts_bytes = address(log.options.get("syslog-address", ""))[0] == _TLS and self._format.startswith(
            "rfc5424"
        )

    def encode(self, stream: str, now: int, piece: bytes) -> list[bytes]:
        """A message for each line that is not empty; `now` in nanoseconds since the epoch."""
        priority = self._facility | (_ERROR if stream == "stderr" else _INFO)
        head = self._head(priority, now / 1e9).encode()
        messages = [head + line + b"\n" for line in piece.split(b"\n") if line]
        if self._counts_bytes:  # RFC 5425
            return [b"%d %s" % (len(message), message) for message in messages]
        return messages

    def _head(self, priority: int, now: float) -> str:
        moment = time.localtime(now)
        pid = os.getpid()
        if self._format.startswith("rfc5424"):
            micro = f".{int(now % 1 * 1e6):06}" if self._format.endswith("micro") else ""
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", moment) + micro + _zone(moment)
            return f"<{priority}>1 {stamp} {self._hostname} {self._tag} {pid} {self._tag} - "
        stamp = f"{time.strftime('%b', moment)} {moment.tm_mday:2} {time.strftime('%H:%M:%S', moment)}"
        host = f"{self._hostname} " if self._format else ""
        return f"<{priority}>{stamp} {host}{self._tag}[{pid}]: "


class Server:
    """The server that the options name; once found by its name it is known by its address, which takes no look-up."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self._scheme, self._host, self._port = address(options.get("syslog-address", ""))
        self._known = ""

    def connect(self, limit: float) -> socket.socket:
        """A connection to it within `limit` seconds; with TLS the handshake is still to come."""
        if not self._scheme:
            return _connect_here(limit)
        context = _tls_context(self._options) if self._scheme == _TLS else None
        where = self._host if self._scheme.startswith("unix") else f"{self._host}:{self._port}"
        with _told_as(f"dial {'tcp' if context else self._scheme} {where}: connect"):
            sock = self._dial(limit)
        if context:
            return context.wrap_socket(sock, server_hostname=self._host, do_handshake_on_connect=False)
        return sock

    def _dial(self, limit: float) -> socket.socket:
        if self._scheme in ("unix", "unixgram"):
            kind = socket.SOCK_STREAM if self._scheme == "unix" else socket.SOCK_DGRAM
            return _connect_unix(self._host, kind, limit)
        host = self._known or self._host
        if self._scheme == "udp":
            family, kind, protocol, _, target = socket.getaddrinfo(host, self._port, type=socket.SOCK_DGRAM)[0]
            sock = socket.socket(family, kind, protocol)
            sock.connect(target)
        else:
            sock = socket.create_connection((host, self._port), timeout=limit)
        self._known = sock.getpeername()[0]
        return sock


@contextlib.contextmanager
def _told_as(action: str) -> Iterator[None]:
    """Have an error of the kernel say what was done, as Docker's do."""
    try:
        yield
    except OSError as error:
        reason = "i/o timeout" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
        raise OSError(error.errno or 0, f"{action}: {reason}") from error


def _connect_here(limit: float) -> socket.socket:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        for path in _LOCAL:
            try:
                return _connect_unix(path, kind, limit)
            except OSError:
                continue
    raise OSError(0, "Unix syslog delivery error")


def _connect_unix(path: str, kind: socket.SocketKind, limit: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.settimeout(limit)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def _tls_context(options: Mapping[str, str]) -> "ssl.SSLContext":
    import ssl  # some megabytes, for those few that need it

    authority = options.get("syslog-tls-ca-cert") or None
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OSError(0, f'could not read CA certificate "{authority}": open {authority}: {reason}') from error
    if certificate := options.get("syslog-tls-cert"):
        context.load_cert_chain(certificate, options.get("syslog-tls-key"))
    if "syslog-tls-skip-verify" in options:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _zone(moment: time.struct_time) -> str:
    minutes = (moment.tm_gmtoff or 0) // 60
    if not minutes:
        return "Z"
    return f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
