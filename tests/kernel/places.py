"""Network namespaces of the tests' own: other hosts, and hosts of engines."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydock.linux.namespaces import CLONE_NEWNET, setns

T = TypeVar("T")


class Place:
    """A network namespace, and a thread that lives in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        run(f"ip netns add {name}")
        run(f"ip -n {name} link set lo up")
        self.descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self._thread = ThreadPoolExecutor(1, initializer=setns, initargs=(self.descriptor, CLONE_NEWNET))

    def do(self, work: Callable[[], T]) -> T:
        """What `work` returns, done in the namespace."""
        return self._thread.submit(work).result()

    def close(self) -> None:
        self._thread.shutdown()
        os.close(self.descriptor)
        run(f"ip netns del {self.name}")


def run(command: str) -> None:
    """Run one program."""
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
