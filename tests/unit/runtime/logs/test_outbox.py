"""What waits for a log server."""

import socket
from typing import Any

import pytest

from pydock.errors import Unsupported
from pydock.runtime.logs.outbox import Outbox


class SSLWantReadError(OSError):
    """As ssl's."""


class Shy:
    """A socket of ssl's whose other side does not shake hands until it is told to."""

    type = socket.SOCK_STREAM

    def __init__(self, sock: socket.socket, willing: bool = False) -> None:
        self._sock = sock
        self.willing = willing
        self.greeted = False

    def do_handshake(self) -> None:
        if not self.willing:
            raise SSLWantReadError
        self.greeted = True

    def send(self, data: bytes) -> int:
        assert self.greeted
        return self._sock.send(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def test_a_server_that_does_not_answer_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = waited = 0.0
    monkeypatch.setattr("pydock.runtime.logs.outbox.time.monotonic", lambda: now)
    ours, theirs = socket.socketpair()
    theirs.close()
    first = [ours]

    def connect(limit: float) -> socket.socket:
        nonlocal now, waited
        if first:
            return first.pop()
        now += limit
        waited += limit
        raise TimeoutError

    out = Outbox(connect, {})
    for _ in range(1000):
        out.put([b"line"])
        assert not out.full
        now += 0.1
    out.close()
    assert 0 < waited < now / 10


def test_who_does_not_shake_hands_holds_nobody_up_and_gets_what_was_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("pydock.runtime.logs.outbox.time.monotonic", lambda: now)
    pairs = [socket.socketpair() for _ in range(3)]
    sockets: Any = [Shy(pairs[0][0], willing=True), Shy(pairs[1][0]), Shy(pairs[2][0])]
    made = iter(sockets)
    out = Outbox(lambda limit: next(made), {})
    pairs[0][1].close()
    for _ in range(1000):  # the first of these finds the connection lost
        out.put([b"%9999d" % 0])
        assert not out.full
    assert (out.fileno(), out.reads) == (pairs[1][0].fileno(), True)
    now = 60.0
    out.put([b"given up"])
    assert (out.fileno(), out.reads) == (pairs[2][0].fileno(), True)
    sockets[2].willing = True
    out.flush()
    assert not out.reads
    received = b""
    while not received.endswith(b"given up"):
        received += pairs[2][1].recv(1 << 20)
        out.flush()
    assert out.fileno() == -1
    out.close()
    for pair in pairs:
        pair[0].close()
        pair[1].close()


def test_one_that_is_connected_later_bears_that_there_is_nobody() -> None:
    def connect(limit: float) -> socket.socket:
        raise Unsupported("journald is not enabled on this host")

    out = Outbox(connect, {}, connected=False)
    out.put([b"line"])
    assert (out.full, out.fileno()) == (False, -1)
    out.close()
    with pytest.raises(Unsupported):
        Outbox(connect, {})
