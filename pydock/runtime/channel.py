"""How the words of `messages` travel: one JSON datagram each, descriptors beside it.

The daemon, the zygote and the shims call this.  Fields that this version does not know are passed over.
"""

import dataclasses
import json
from _socket import socket as Socket
from collections.abc import Sequence
from typing import Any

from pydock.linux import datagram
from pydock.runtime import messages
from pydock.runtime.messages import ClientStream, Log, Message

#: what `encode` makes of a `Proceed`, for who would rather not read it
PROCEED = b'["Proceed",{}]'

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in Message.__args__}
_FIELDS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in (*_KINDS.values(), ClientStream, Log)
}


def send(sock: Socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send `message` with copies of `fds`; OSError as sendmsg(2) has it."""
    datagram.send(sock, encode(message), fds)


def receive(sock: Socket, flags: int = 0) -> tuple[Message | None, list[int]]:
    """Wait for a message: it and its descriptors, which the caller owns; None when the other end is closed."""
    text, fds = datagram.receive(sock, flags)
    return (decode(text) if text else None), fds


def encode(message: Message) -> bytes:
    """The datagram that says `message`."""
    return json.dumps([type(message).__name__, message], default=_fields, separators=(",", ":")).encode()


def started(shim_pid: int, init_pid: int, started_at: int) -> bytes:
    """What `encode` makes of a `Started` without warnings; what encoding touches, a shim would have for its own."""
    return b'["Started",{"shim_pid":%d,"init_pid":%d,"started_at":%d,"warnings":[]}]' % (shim_pid, init_pid, started_at)


def decode(text: bytes) -> Message:
    """The message that a datagram says; ValueError where it says none."""
    try:
        name, values = json.loads(text)
        kind = _KINDS[name]
        if "streams" in values:
            values["streams"] = [_make(ClientStream, stream) for stream in values["streams"]]
        if "stream" in values:
            values["stream"] = _make(ClientStream, values["stream"])
        if "log" in values:
            values["log"] = _make(Log, values["log"])
        message: Message = _make(kind, values)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a message of protocol {messages.PROTOCOL}: {text[:100]!r}") from error
    return message


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _FIELDS[type(value)]}


def _make(kind: type[Any], values: dict[str, Any]) -> Any:
    return kind(**{name: values[name] for name in _FIELDS[kind] if name in values})
