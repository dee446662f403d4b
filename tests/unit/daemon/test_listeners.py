"""The sockets that clients connect to, before anybody accepts there."""

import contextlib
import socket
from pathlib import Path

from pydock.daemon import listeners


def test_clients_that_come_while_the_daemon_starts_wait(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with contextlib.closing(listeners.open_all([f"unix://{path}", "tcp://127.0.0.1:0"], "")) as opened:
        for sock in opened.sockets:
            with socket.socket(sock.family) as client:
                client.connect(sock.getsockname())
    assert not path.exists()
