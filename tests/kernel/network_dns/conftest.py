"""Three network namespaces for the tests of the resolver: the engine's host, a container, and the world outside."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pydock.network.resolver import Resolver
from pydock.runtime.zygote_process import Zygote
from tests.kernel.places import Place, run

SERVER = Path(__file__).with_name("outside_server.py")


class Net:
    """host (198.18.0.1) and container (198.18.1.2) reach the world (198.18.0.2, .5, .6 and 198.18.1.1, 2001:db8::1)."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        names = (f"pdt{os.getpid()}{kind}" for kind in "hcw")
        self.host, self.container, self.world = (Place(name) for name in names)
        for place in (self.host, self.container, self.world):
            stack.callback(place.close)
        for number, place in enumerate((self.host, self.container)):
            inner, outer = (1, 2) if place is self.host else (2, 1)
            run(f"ip link add pdtv{number} netns {place.name} type veth peer name pdtw{number} netns {self.world.name}")
            run(f"ip -n {place.name} addr add 198.18.{number}.{inner}/24 dev pdtv{number}")
            run(f"ip -n {self.world.name} addr add 198.18.{number}.{outer}/24 dev pdtw{number}")
            run(f"ip -n {place.name} link set pdtv{number} up")
            run(f"ip -n {self.world.name} link set pdtw{number} up")
        run(f"ip -n {self.world.name} addr add 2001:db8::1/64 dev pdtw1 nodad")
        run(f"ip -n {self.container.name} addr add 2001:db8::2/64 dev pdtv1 nodad")
        for address in ("198.18.0.5", "198.18.0.6", "198.18.1.5", "198.18.1.6"):
            run(f"ip -n {self.world.name} addr add {address}/24 dev pdtw{address[7]}")
        for arguments in (["198.18.0.2"], ["198.18.1.1"], ["2001:db8::1"], ["198.18.1.5", "2"]):
            self._serve(stack, arguments)
        self.zygote = self.host.do(lambda: Zygote.spawn(root, ["pydock.network.dns_process"]))
        stack.callback(self.zygote.close)
        self.exec_root = root

    def _serve(self, stack: ExitStack, arguments: list[str]) -> None:
        command = ["ip", "netns", "exec", self.world.name, sys.executable, str(SERVER), *arguments]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        stack.callback(server.stdout.close)
        stack.callback(server.wait)
        stack.callback(server.kill)

    def resolver(self) -> Resolver:
        """A daemon's handle."""
        return Resolver(self.exec_root, self.zygote.jobs)

    def processes(self) -> list[int]:
        """The resolver processes that live in the host's namespace."""
        mine = os.fstat(self.host.descriptor).st_ino
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    name = Path(f"/proc/{entry}/comm").read_text().strip()
                    if name == "pydock-dns" and os.stat(f"/proc/{entry}/ns/net").st_ino == mine:
                        found.append(int(entry))
                except OSError:
                    continue
        return found


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    """The three namespaces."""
    with ExitStack() as stack:
        yield Net(tmp_path_factory.mktemp("exec"), stack)


@pytest.fixture
def resolver(net: Net) -> Iterator[Resolver]:
    """A resolver, whose process ends with the test."""
    handle = net.resolver()
    yield handle
    handle.retain(())
    handle.close()
    ended = threading.Event()
    for _ in range(500):
        if not net.processes():
            break
        ended.wait(0.01)
    else:
        pytest.fail("the resolver's process did not end")
