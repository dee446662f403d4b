"""Clients that attach while something else happens to the container."""

import asyncio
import errno
import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from pydock.daemon.containers.attach import Attacher, AttachOptions
from pydock.daemon.containers.attachments import Attachments, answering
from pydock.daemon.containers.launcher import GivenClient
from pydock.daemon.containers.record import State, Status
from pydock.runtime.messages import ClientStream
from tests.unit.daemon.containers.made_containers import container, entry


class Client:
    """A client's connection; `on_write` happens while it is written to."""

    def __init__(self, on_write: Any) -> None:
        self.written = b""
        self.closed = False
        self._on_write = on_write

    async def write(self, data: bytes) -> None:
        self.written += data
        self._on_write()

    def close(self) -> None:
        self.closed = True

    def detach(self) -> tuple[int, bytes, bytes]:
        return os.open("/dev/null", os.O_RDWR), b"early", b""


def test_a_start_during_the_replay_has_the_client_where_the_replay_ended(tmp_path: Path) -> None:
    box = entry(container({"Tty": True}, state=State(Status.EXITED)))
    object.__setattr__(box.record, "directory", tmp_path)
    box.record.log_path.write_text('{"log":"before\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}\n')
    given: list[ClientStream] = []

    async def attach(descriptor: int, stream: ClientStream) -> None:
        os.close(descriptor)
        given.append(stream)

    def start() -> None:
        box.live = SimpleNamespace(attach=attach)  # type: ignore[assignment]

    client = Client(start)

    async def take() -> Any:
        return client

    begin = time.time_ns()
    options = AttachOptions(logs=True, stream=True, stdin=True, stdout=True)
    asyncio.run(Attacher(Mock(), Attachments()).attach(box, "box", options, take))
    assert client.written == b"before\n"
    assert not client.closed
    (stream,) = given
    assert stream.replay
    assert begin <= stream.replay_since <= time.time_ns()
    assert stream.early == "early"


def test_a_connection_that_cannot_be_answered_on_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, monkeypatch.context() as patch:
        patch.setattr(os, "dup", Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))
        with pytest.raises(OSError, match="Too many"):
            answering(GivenClient(theirs.detach(), Mock()))
        assert ours.recv(1) == b""
