"""Containers' network namespaces: made ahead of need, entered by one thread, talked to over netlink sockets of theirs.

Called by the daemon's sandboxes, from any thread.
"""

import contextlib
import os
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydock.linux import rtnetlink
from pydock.linux.netlink import Netlink
from pydock.linux.netns import NamespaceThread

#: How many stand ready.  One costs less than a millisecond to make, which is a tenth of a container's start.
READY: Final = 2
_LOOPBACK: Final = 1
_SYSCTL: Final = Path("/proc/sys/net")
_IPV6_OFF: Final = "ipv6/conf/default/disable_ipv6"


@dataclass(eq=False, slots=True)
class Space:
    """A namespace: its descriptor, and a netlink socket in it; closed by whoever has it.

    ``ipv6_off``: the file by which IPv6 is off on its interfaces to come; -1 where it is not, or was not made here.
    """

    descriptor: int
    netlink: Netlink
    ipv6_off: int = -1

    def allow_ipv6(self) -> None:
        """Leave IPv6 on at interfaces to come, as the kernel does by itself."""
        if self.ipv6_off >= 0:
            os.pwrite(self.ipv6_off, b"0", 0)

    def close(self) -> None:
        """Let go of it; it ends when no process is in it."""
        self.netlink.close()
        for descriptor in (self.descriptor, self.ipv6_off):
            if descriptor >= 0:
                os.close(descriptor)


class Namespaces:
    """Gives out new namespaces (loopback up, IPv6 off on interfaces to come) and opens others'."""

    def __init__(self) -> None:
        self._thread = NamespaceThread()
        self._ready: queue.SimpleQueue[Future[Space]] = queue.SimpleQueue()
        for _ in range(READY):
            self._ready.put(self._make())

    def take(self) -> Space:
        """A new namespace."""
        ready = self._ready.get()
        self._ready.put(self._make())
        try:
            return ready.result()
        except OSError:  # what it was made without may be there by now
            return self._make().result()

    def open(self, path: str) -> Space:
        """The namespace at `path`, such as /proc/PID/ns/net."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return Space(descriptor, self._thread.inside(descriptor, Netlink))
        except BaseException:
            os.close(descriptor)
            raise

    def inside(self, space: Space, work: Callable[[], None]) -> None:
        """Do `work` in a namespace."""
        self._thread.inside(space.descriptor, work)

    def set_sysctls(self, space: Space, values: Mapping[str, str]) -> None:
        """Write ``ipv6/conf/eth0/disable_ipv6`` and the like in a namespace."""
        if values:
            self.inside(space, lambda: write_sysctls(values))

    def close(self) -> None:
        """Let the ready ones go."""
        self._thread.close()
        with contextlib.suppress(queue.Empty):
            while True:
                ready = self._ready.get_nowait()
                if not ready.exception():
                    ready.result().close()

    def _make(self) -> "Future[Space]":
        return self._thread.make(_prepare)


def _prepare(descriptor: int) -> Space:
    netlink = Netlink()
    ipv6_off = -1
    try:
        netlink.request([rtnetlink.set_link(index=_LOOPBACK, up=True)])
        # as in Docker: an interface without an IPv6 address has no IPv6 at all; absent where the kernel has none
        with contextlib.suppress(FileNotFoundError):
            # a sysctl's file stays that of the namespace where it was opened: no thread need go there again
            ipv6_off = os.open(_SYSCTL / _IPV6_OFF, os.O_WRONLY | os.O_CLOEXEC)
            os.write(ipv6_off, b"1")
    except BaseException:
        netlink.close()
        if ipv6_off >= 0:
            os.close(ipv6_off)
        raise
    return Space(descriptor, netlink, ipv6_off)


def write_sysctls(values: Mapping[str, str]) -> None:
    """Write sysctls below /proc/sys/net of the calling thread's namespace."""
    for name, value in values.items():
        descriptor = os.open(_SYSCTL / name, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(_SYSCTL / name)) from error
        finally:
            os.close(descriptor)


def read_sysctl(name: str, default: str = "") -> str:
    """One sysctl below /proc/sys/net of this process's namespace."""
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return default
