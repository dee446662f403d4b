"""The journald driver: every line is an entry of the system's journal, with the fields that Docker gives it."""

import re
import secrets
import socket

from pydock.errors import Unsupported
from pydock.runtime.logs.entry import format_time
from pydock.runtime.logs.outbox import Outbox
from pydock.runtime.messages import Log

SOCKET = "/run/systemd/journal/socket"
_ERROR, _INFO = 3, 6


def open_outbox(log: Log, connected: bool = True) -> Outbox:
    """The connection to the journal; Unsupported where it shall be there now and this machine has none."""
    return Outbox(_connect, log.options, connected)


class Encoder:
    """Turns pieces of a stream into datagrams of the journal's native protocol."""

    def __init__(self, log: Log) -> None:
        container = log.container_id
        fields = {
            "CONTAINER_ID": container[:12],
            "CONTAINER_ID_FULL": container,
            "CONTAINER_NAME": log.container_name,
            "CONTAINER_TAG": log.tag,
            "IMAGE_NAME": log.image_name,
            "SYSLOG_IDENTIFIER": log.tag,
            "CONTAINER_LOG_EPOCH": secrets.token_hex(32),
            **{field_name(key): value for key, value in log.attributes.items()},
        }
        self._fields = b"".join(
            _field(name, value.encode("utf-8", "replace")) for name, value in fields.items() if name
        )
        self._ordinal = 0
        self._parts: dict[str, tuple[str, int]] = {}

    def encode(self, stream: str, now: int, piece: bytes) -> list[bytes]:
        """An entry for each line; `now` in nanoseconds since the epoch."""
        head = self._fields + b"PRIORITY=%d\n" % (_ERROR if stream == "stderr" else _INFO)
        head += b"SYSLOG_TIMESTAMP=%s\n" % format_time(now).encode()
        lines = piece.split(b"\n")
        rest = lines.pop()
        entries = [
            self._entry(head, line, self._part(stream, final=True) if stream in self._parts else b"") for line in lines
        ]
        if rest:
            entries.append(self._entry(head, rest, self._part(stream, final=False)))
        return entries

    def _entry(self, head: bytes, line: bytes, more: bytes) -> bytes:
        self._ordinal += 1
        return head + b"CONTAINER_LOG_ORDINAL=%d\n" % self._ordinal + more + _field("MESSAGE", line)

    def _part(self, stream: str, *, final: bool) -> bytes:
        """The fields of a part of a line that was too long."""
        identity, ordinal = self._parts.pop(stream, ("", 0))
        identity, ordinal = identity or secrets.token_hex(32), ordinal + 1
        if not final:
            self._parts[stream] = identity, ordinal
        last = f"CONTAINER_PARTIAL_LAST={str(final).lower()}\n"
        mark = "" if final else "CONTAINER_PARTIAL_MESSAGE=true\n"
        return f"CONTAINER_PARTIAL_ID={identity}\nCONTAINER_PARTIAL_ORDINAL={ordinal}\n{last}{mark}".encode()


def field_name(text: str) -> str:
    """`text` as a name of a journal's field: capitals, digits and underscores, none of these first."""
    return re.sub(r"[^A-Z0-9_]", "_", text.upper()).lstrip("_")


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value or name == "MESSAGE":
        return b"%s\n%s%s\n" % (name.encode(), len(value).to_bytes(8, "little"), value)
    return b"%s=%s\n" % (name.encode(), value)


def _connect(_: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        sock.connect(SOCKET)
    except OSError as error:
        sock.close()
        if isinstance(error, FileNotFoundError):
            raise Unsupported("journald is not enabled on this host") from error
        raise
    return sock
