"""The hosts of the tests, the servers that they run in containers, and the ways to visit these."""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from pydock.linux.namespaces import CLONE_NEWNET, setns
from tests.kernel.daemon.daemon_process import Daemon, eventually
from tests.kernel.places import Place, run

T = TypeVar("T")
HOST4, OTHER4, HOST6, OTHER6 = "198.18.20.1", "198.18.20.2", "2001:db8:20::1", "2001:db8:20::2"
KINDS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "sctp": (socket.SOCK_STREAM, 132)}
#: how long who gets no answer waits, in seconds; who gets one has it long before
SILENCE = 1.0


class Site:
    """The engine's host (HOST4, HOST6) and another one (OTHER4, OTHER6), whose default routes lead to the first."""

    def __init__(self, root: Path, stack: ExitStack, letter: str, *flags: str) -> None:
        """`letter` tells sites that are there at once apart; `flags` are the engine's."""
        self.host, self.other = (Place(f"pdt{os.getpid()}{letter}{kind}") for kind in ("h", "o"))
        for place in (self.host, self.other):
            stack.callback(place.close)
        run(f"ip link add up0 netns {self.host.name} type veth peer name up0 netns {self.other.name}")
        for place, ipv4, ipv6 in ((self.host, HOST4, HOST6), (self.other, OTHER4, OTHER6)):
            run(f"ip -n {place.name} addr add {ipv4}/24 dev up0")
            run(f"ip -n {place.name} addr add {ipv6}/64 dev up0 nodad")
            run(f"ip -n {place.name} link set up0 up")
        run(f"ip -n {self.other.name} route add default via {HOST4}")
        run(f"ip -n {self.other.name} route add default via {HOST6}")
        self.engine = Daemon(root, letter, "--default-address-pool", "base=198.19.192.0/20,size=26", *flags)
        self.host.do(self.engine.__enter__)
        stack.callback(lambda: self.host.do(lambda: self.engine.__exit__(None, None, None)))
        self.servers = stack

    def restart(self, meanwhile: Callable[[], Any] = lambda: None) -> None:
        """kill -9 of the daemon, and another one."""
        self.host.do(lambda: self.engine.restart(meanwhile))

    def sweep(self) -> None:
        """Remove every container and network."""
        self.engine.sweep()
        self.engine.ok("POST", "/networks/prune")

    def network(self, name: str, **wanted: Any) -> str:
        """Make a network; its name."""
        self.engine.ok("POST", "/networks/create", {"Name": name, **wanted})
        return name

    def gateway(self, network: str) -> str:
        """The first address of a network's subnet."""
        return str(self.engine.get(f"/networks/{network}")["IPAM"]["Config"][0]["Gateway"])

    def on_host(self, command: str) -> str:
        """What a program on the engine's host prints."""
        done = subprocess.run(["ip", "netns", "exec", self.host.name, *command.split()], capture_output=True, text=True)
        return done.stdout + done.stderr

    def container(self, network: str = "bridge", name: str = "", ports: Any = None, **host: Any) -> "Container":
        """Run one; `ports` as in PortBindings."""
        asked = {"NetworkMode": network, "PortBindings": ports or {}, **host}
        return Container(self, self.engine.run("sleep", "1000", name=name, host=asked))


class Container:
    """A running container."""

    def __init__(self, site: Site, identity: str) -> None:
        self.site = site
        self.id = identity

    @property
    def settings(self) -> Any:
        """``NetworkSettings`` of its inspect."""
        return self.site.engine.get(f"/containers/{self.id}/json")["NetworkSettings"]

    def address(self, version: int = 4, network: str = "") -> str:
        """Its address on a network, its only one where none is named."""
        networks = self.settings["Networks"]
        endpoint = networks[network] if network else next(iter(networks.values()))
        return str(endpoint["IPAddress" if version == 4 else "GlobalIPv6Address"])

    def port(self, port: str = "80/tcp") -> int:
        """Where a port of its is published."""
        return int(self.settings["Ports"][port][0]["HostPort"])

    def inside(self, work: Callable[[], T]) -> T:
        """What `work` gives, done in the container's network namespace."""
        found: list[T] = []

        def enter() -> None:
            pid = self.site.engine.state(self.id)["Pid"]
            descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            try:
                setns(descriptor, CLONE_NEWNET)
            finally:
                os.close(descriptor)
            found.append(work())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return found[0]

    def run(self, *args: str) -> str:
        """The output of a program in it."""
        return self.site.engine.execute(self.id, *args)[1].decode()

    def as_root(self, command: str) -> None:
        """Run a program of the machine in its network namespace."""
        self.inside(lambda: run(command))

    def serve(self, port: int = 80, kind: str = "tcp") -> "Container":
        """Tell whoever comes which address he has; itself."""
        sock = self.inside(lambda: _listen(port, kind))
        answer(sock, self.site.servers, kind)
        return self

    def visit(self, host: str, port: int = 80, kind: str = "tcp") -> str:
        """What a server says to the container; "" where none answers."""
        return self.inside(lambda: visit(host, port, kind))


def visit(host: str, port: int, kind: str = "tcp") -> str:
    """What a server says of who comes from here; "" where none answers."""
    with contextlib.suppress(OSError), _socket(kind, ":" in host) as sock:
        sock.settimeout(SILENCE)
        sock.connect((host, port))
        sock.send(b"?")
        return sock.recv(100).decode()
    return ""


def answer(sock: socket.socket, stack: ExitStack, kind: str = "tcp") -> None:
    """Tell whoever comes which address he has, until `stack` is closed."""
    stack.callback(_close, sock)
    threading.Thread(target=_answer, args=(sock, kind), daemon=True).start()


def reaches(place: Place | Container, host: str, port: int, kind: str = "tcp") -> str:
    """The same from elsewhere, asked again until it is answered: the neighbour's address may have to be found."""
    ask = place.visit if isinstance(place, Container) else lambda *args: place.do(lambda: visit(*args))
    return str(eventually(lambda: ask(host, port, kind)))


def _socket(kind: str, ipv6: bool) -> socket.socket:
    number, protocol = KINDS[kind]
    return socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, number, protocol)


def _listen(port: int, kind: str) -> socket.socket:
    sock = _socket(kind, ipv6=os.path.exists("/proc/thread-self/net/if_inet6"))
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("", port))
    if kind != "udp":
        sock.listen(50)
    return sock


def _answer(sock: socket.socket, kind: str) -> None:
    with contextlib.suppress(OSError):  # it is closed
        while True:
            if kind == "udp":
                said, peer = sock.recvfrom(100)
                if not said:
                    return  # it is shut down
                sock.sendto(_plain(peer[0]), peer)
                continue
            client, peer = sock.accept()
            with client, contextlib.suppress(OSError):
                client.send(_plain(peer[0]))


def _plain(address: str) -> bytes:
    return address.removeprefix("::ffff:").encode()


def _close(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
