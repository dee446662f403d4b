"""Copies into and out of containers, beside what else is done to them: a layer is never mounted twice to be written."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import Daemon, eventually
from tests.kernel.imagestore.layer_store import member, tar

_ARCHIVE = tar(member("first", b"1"), member("last", b"2" * 4999 + b"\n"))


@contextlib.contextmanager
def _upload(engine: Daemon, identity: str) -> Iterator[socket.socket]:
    """An upload that stands still before its last byte, when the worker has begun with it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(120)
        sock.connect(engine.socket)
        head = f"PUT /containers/{identity}/archive?path=/ HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
        head += f"Content-Type: application/x-tar\r\nContent-Length: {len(_ARCHIVE)}\r\n\r\n"
        sock.sendall(head.encode() + _ARCHIVE[:-1])
        eventually(lambda: engine.call("HEAD", f"/containers/{identity}/archive?path=/first")[0] == 200)
        yield sock


def _finish(sock: socket.socket) -> int:
    sock.sendall(_ARCHIVE[-1:])
    return int(sock.recv(100).split()[1])


def test_a_start_waits_for_what_is_copied_in_and_can_change_everything(engine: Daemon) -> None:
    script = "rm /bin/touch && cat /last && exec sleep 1000"
    identity = engine.create("sh", "-c", script)
    with _upload(engine, identity) as sock:
        begun, said = threading.Event(), list[int]()

        def start() -> None:
            begun.set()
            said.append(engine.call("POST", f"/containers/{identity}/start")[0])

        starting = threading.Thread(target=start)
        starting.start()
        assert begun.wait(120)
        starting.join(0.3)
        assert (said, engine.status(identity)) == ([], "created")
        assert _finish(sock) == 200
        starting.join(120)
        assert said == [204]
    eventually(lambda: engine.logs(identity) == b"2" * 4999 + b"\n")
    with _upload(engine, identity) as sock:  # by the mount of the running one: nobody waits
        with _upload(engine, identity) as another:
            assert _finish(another) == 200
        engine.ok("POST", f"/containers/{identity}/kill")
        assert _finish(sock) == 200
    engine.ok("DELETE", f"/containers/{identity}")


def test_a_container_can_be_removed_though_something_is_copied_in_without_an_end(engine: Daemon) -> None:
    identity = engine.create("true")
    with _upload(engine, identity):
        engine.ok("DELETE", f"/containers/{identity}")
        assert engine.call("GET", f"/containers/{identity}/json")[0] == 404
    eventually(lambda: leftovers.find(engine) == [])
