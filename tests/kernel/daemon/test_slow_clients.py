"""Hundreds of clients that send next to nothing keep nobody from the engine, and leave nothing."""

import os
import socket
from contextlib import ExitStack

import pytest

from tests.kernel.daemon.daemon_process import Daemon, eventually, read_end, unframed

UPLOADS = (
    b"POST /images/load HTTP/1.1\r\n",
    b"POST /images/create?fromSrc=-&repo=slow HTTP/1.1\r\n",
    b"PUT /containers/victim/archive?path=/ HTTP/1.1\r\n",
)
REST = b"Host: x\r\nContent-Type: application/x-tar\r\nContent-Length: 1000000\r\n\r\nbegun"


def test_slow_uploads_stall_nobody(engine: Daemon) -> None:
    engine.run("sleep", "1000", name="victim")
    with ExitStack() as stack:
        for number in range(360):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.settimeout(30)
            client.connect(os.fspath(engine.socket))
            client.sendall(UPLOADS[number % len(UPLOADS)] + REST)
        assert engine.wait(engine.run("true")) == 0
        assert engine.get("/images/json")
    incoming = engine.root / "data/blobs/incoming"
    engine.stop()
    engine.start()
    assert not list(incoming.iterdir())
    assert not list((engine.root / "data/tmp").iterdir())


@pytest.mark.parametrize(
    "request_line", ["POST /images/create?fromImage={}/app&tag=1", "GET /distribution/{}/app:1/json"]
)
def test_what_a_silent_registry_is_asked_ends_when_nobody_waits_for_it(engine: Daemon, request_line: str) -> None:
    """It could hold a thread for as long as it liked, as no word had come that the client could be told."""
    with socket.create_server(("127.0.0.1", 0)) as registry, socket.socket(socket.AF_UNIX) as client:
        registry.settimeout(30)
        host = f"127.0.0.1:{registry.getsockname()[1]}"
        client.connect(os.fspath(engine.socket))
        client.sendall(f"{request_line.format(host)} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        asked, _ = registry.accept()
        with asked:
            asked.settimeout(20)  # less than a handshake is waited for
            assert asked.recv(1 << 16)
            client.close()
            while asked.recv(1 << 16):
                pass


def _descriptors(engine: Daemon) -> int:
    assert engine.process
    return len(os.listdir(f"/proc/{engine.process.pid}/fd"))


def test_who_attached_to_what_never_starts_and_left_is_let_go_and_who_waits_is_served(engine: Daemon) -> None:
    identity = engine.create("cat", OpenStdin=True, StdinOnce=True, AttachStdin=True)
    path = f"/containers/{identity}/attach?stream=1&stdin=1&stdout=1"
    with engine.upgrade(path) as waiting:
        waiting.sendall(b"said before")
        waiting.shutdown(socket.SHUT_WR)
        before = _descriptors(engine)
        for ends_its_side_first in (True, False):
            with engine.upgrade(path.replace("&stdin=1", "")) as leaving:
                if ends_its_side_first:
                    leaving.shutdown(socket.SHUT_WR)
        eventually(lambda: _descriptors(engine) <= before)
        engine.ok("POST", f"/containers/{identity}/start")
        assert unframed(read_end(waiting)) == b"said before"
    assert engine.wait(identity) == 0
