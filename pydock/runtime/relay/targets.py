"""Where each held port leads: a file that the daemon writes and a relay reads whenever somebody comes.

A network that is connected or disconnected may lead a port to another address; neither process has to be told.
"""

import json
import os
import socket
from collections.abc import Iterable
from typing import NamedTuple

_PROTOCOLS = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}


class Target(NamedTuple):
    """Who comes to (host, host_port) is led to (address, port)."""

    protocol: str
    host: str
    host_port: int
    address: str
    port: int


def write(path: str, targets: Iterable[Target]) -> None:
    """Replace the file."""
    temporary = f"{path}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(list(targets), file)
    os.rename(temporary, path)


def find(path: str, held: socket.socket) -> tuple[str, int] | None:
    """The address that a held port leads to; None where there is none now."""
    try:
        with open(path, "rb") as file:
            targets = [Target(*values) for values in json.load(file)]
    except (OSError, ValueError, TypeError):
        return None
    protocol, (host, port, *_) = _PROTOCOLS.get(held.type), held.getsockname()
    return next((one[3:] for one in targets if one[:3] == (protocol, host, port)), None)


def connect(target: tuple[str, int], kind: int) -> socket.socket:
    """A socket that is connected to `target`, or on its way there; OSError where it cannot be."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    try:
        sock.connect(target)
    except BlockingIOError:
        pass
    except BaseException:
        sock.close()
        raise
    return sock
