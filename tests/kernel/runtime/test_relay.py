"""What a relay carries from held ports to a container, however the two ends behave."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pydock.runtime.relay import targets

#: a shim's part of it: a loop with a keeper that reaps what it forked
_SHIM = """
import os, signal, sys
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.relay.keeper import RelayKeeper
loop = EventLoop()
keeper = RelayKeeper(loop)
keeper.hold([int(word) for word in sys.argv[2:]], sys.argv[1])
reading, writing = os.pipe2(os.O_NONBLOCK)
signal.set_wakeup_fd(writing)
signal.signal(signal.SIGCHLD, lambda *_: None)
def reap(_):
    os.read(reading, 100)
    child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
    assert child is None or keeper.exited(child.si_pid, child.si_status)
loop.watch(reading, READ, reap)
loop.watch(0, READ, lambda _: (keeper.close(), os._exit(0)))
print("ready", flush=True)
loop.run(lambda: False)
"""
SIZE = 20_000_000


class Relay:
    """Held ports (TCP and UDP of one number, at ::1), and the server of the tests that they lead to."""

    def __init__(self, folder: Path) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(self.server.getsockname())
        self.held = socket.create_server(("::1", 0), family=socket.AF_INET6)
        self.held_datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.held_datagrams.bind(self.held.getsockname())
        for sock in (self.server, self.datagrams):
            sock.settimeout(20)
        self.port = self.held.getsockname()[1]
        self.file = folder / "targets"
        self.lead(self.server.getsockname()[1])
        fds = [self.held.fileno(), self.held_datagrams.fileno()]
        self.shim = subprocess.Popen(
            [sys.executable, "-c", _SHIM, str(self.file), *map(str, fds)],
            pass_fds=fds, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.shim.stdout
        assert self.shim.stdout.readline() == b"ready\n"

    def lead(self, port: int) -> None:
        """Lead both to a port."""
        led = [targets.Target(protocol, "::1", self.port, "127.0.0.1", port) for protocol in ("tcp", "udp")]
        targets.write(str(self.file), led)

    def connect(self) -> socket.socket:
        return socket.create_connection(("::1", self.port), 20)

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection."""
        client = self.connect()
        server, _ = self.server.accept()
        server.settimeout(20)
        return client, server

    def process(self) -> int:
        """The relay's pid, 0 where there is none."""
        found = Path(f"/proc/{self.shim.pid}/task/{self.shim.pid}/children").read_text().split()
        return int(found[0]) if found else 0

    def close(self) -> None:
        assert self.shim.stdin
        self.shim.stdin.close()
        self.shim.wait(20)
        assert self.shim.stdout
        self.shim.stdout.close()
        for sock in (self.server, self.datagrams, self.held, self.held_datagrams):
            sock.close()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    one = Relay(tmp_path)
    try:
        yield one
    finally:
        one.close()


def received(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def send_all(sock: socket.socket, data: bytes) -> threading.Thread:
    """Send it and that it is over while the caller does something else."""

    def send() -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_nobody_no_process(relay: Relay) -> None:
    assert relay.process() == 0
    with contextlib.ExitStack() as stack:
        for sock in relay.pair():
            stack.enter_context(sock)
        assert relay.process()


def test_all_of_it_both_ways_and_each_end_by_itself(relay: Relay) -> None:
    up, down = os.urandom(SIZE), os.urandom(SIZE)
    client, server = relay.pair()
    with client, server:
        sending = send_all(client, up)
        assert received(server) == up  # the other direction goes on
        sending.join()
        sending = send_all(server, down)
        assert received(client) == down
        sending.join()


def test_who_says_nothing_holds_up_nobody(relay: Relay) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            for sock in relay.pair():
                stack.enter_context(sock)
        client, server = map(stack.enter_context, relay.pair())
        client.sendall(b"question")
        assert server.recv(100) == b"question"
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"


def test_a_client_that_does_not_read_is_not_read_for(relay: Relay) -> None:
    client, server = relay.pair()
    with client, server:
        server.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += server.send(bytes(1 << 20))
                time.sleep(0.01)
        before = _cpu(relay.process())
        time.sleep(0.5)
        assert _cpu(relay.process()) - before < 10  # hundredths of a second: it does not spin
        server.setblocking(True)
        server.shutdown(socket.SHUT_WR)
        assert len(received(client)) == sent


def test_an_end_that_breaks_breaks_the_other(relay: Relay) -> None:
    client, server = relay.pair()
    with server:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert server.recv(1) == b""
    client, server = relay.pair()
    with client:
        server.close()
        assert client.recv(1) == b""


def test_a_port_that_leads_nowhere(relay: Relay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        relay.lead(other.getsockname()[1])
        with relay.connect() as client:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"other")
            assert received(client) == b"other"
    with relay.connect() as client:  # nobody listens there any more
        assert client.recv(1) == b""
    relay.file.write_text("[]")
    with relay.connect() as client:
        assert client.recv(1) == b""


def test_a_relay_that_is_killed_is_replaced(relay: Relay) -> None:
    client, server = relay.pair()
    with client, server:
        killed = relay.process()
        os.kill(killed, signal.SIGKILL)
        assert client.recv(1) == b""
    until(lambda: relay.process() != killed)
    client, server = relay.pair()
    with client, server:
        client.sendall(b"x")
        assert server.recv(1) == b"x"


def test_a_relay_ends_with_its_shim(relay: Relay) -> None:
    client, server = relay.pair()
    with client, server:
        process = relay.process()
        relay.shim.kill()
        assert client.recv(1) == b""
    until(lambda: not Path(f"/proc/{process}").exists())


def test_datagrams_go_to_who_asked(relay: Relay) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) for _ in range(20)]
        for number, client in enumerate(clients):
            client.settimeout(20)
            client.connect(("::1", relay.port))
            client.send(b"%d" % number)
        for _ in clients:
            data, peer = relay.datagrams.recvfrom(100)
            relay.datagrams.sendto(b"to " + data, peer)
        assert [client.recv(100) for client in clients] == [b"to %d" % number for number in range(20)]
        large = os.urandom(60_000)
        clients[0].send(large)
        data, peer = relay.datagrams.recvfrom(65535)
        assert data == large
        relay.datagrams.sendto(large, peer)
        assert clients[0].recv(65535) == large


def test_more_clients_with_datagrams_than_are_remembered(relay: Relay) -> None:
    for number in range(1100):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
            client.sendto(b"%d" % number, ("::1", relay.port))
            assert relay.datagrams.recv(100) == b"%d" % number
    assert len(os.listdir(f"/proc/{relay.process()}/fd")) < 1060


def _cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
