"""Clients that attached before their container runs: kept until a start gives them to its shim, or none will come."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from pydock.daemon.containers.launcher import GivenClient
from pydock.runtime.messages import ClientStream

#: how often it is looked whether those who wait are still there, in seconds
LOOK_AFTER = 3.0


class ClientConnection(Protocol):
    """A client's connection, taken over from the server: see `http.hijack`."""

    async def write(self, data: bytes) -> None:
        """Send `data`; waits while the client is slow."""

    def close(self) -> None:
        """Send what waits, then close."""

    def left(self) -> bool:
        """Whether the client is gone for good."""

    def greet(self) -> None:
        """Tell the client that its connection was taken over, where it was not told yet."""

    def detach(self) -> tuple[int, bytes, bytes]:
        """Give the connection away: a descriptor that the caller owns, what was read, and what to greet with."""


class Attachments:
    """The waiting clients by container ID."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[ClientConnection, ClientStream]]] = {}
        self._look: asyncio.TimerHandle | None = None

    def add(self, container_id: str, connection: ClientConnection, stream: ClientStream) -> None:
        """Keep a client until the container starts."""
        connection.greet()
        self._waiting.setdefault(container_id, []).append((connection, stream))
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(LOOK_AFTER, self._let_go)

    def give_away(self, container_id: str) -> Sequence[GivenClient]:
        """The clients that wait for the container, as descriptors that the caller owns."""
        given = []
        for connection, stream in self._waiting.pop(container_id, ()):
            with contextlib.suppress(OSError):  # it went away meanwhile
                given.append(hand_over(connection, stream))
        return given

    def drop(self, container_id: str) -> None:
        """The container does not start, or is removed: hang up."""
        for connection, _ in self._waiting.pop(container_id, ()):
            connection.close()

    def _let_go(self) -> None:
        """Close the connections of clients that did not wait; a socket whose other side has ended tells no more."""
        for container_id, clients in list(self._waiting.items()):
            gone = [client for client in clients if client[0].left()]
            for client in gone:
                clients.remove(client)
                client[0].close()
            if not clients:
                del self._waiting[container_id]
        self._look = asyncio.get_running_loop().call_later(LOOK_AFTER, self._let_go) if self._waiting else None


def hand_over(connection: ClientConnection, stream: ClientStream) -> GivenClient:
    """Take a client's connection from the server, with what it sent already."""
    descriptor, early, head = connection.detach()
    return GivenClient(descriptor, replace(stream, early=early.decode("latin-1"), head=head.decode("latin-1")))


def answering(client: GivenClient) -> int:
    """A copy of its connection, to say something when the shim has it; without one the client is let go."""
    try:
        return os.dup(client.descriptor)
    except OSError:
        os.close(client.descriptor)
        raise
