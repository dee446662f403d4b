"""What waits for a log server."""

import socket

import pytest

from pydock.runtime.logs.outbox import Outbox


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
