"""The shim's side of a relay: the held ports, and the process that serves them while somebody is there.

Held ports cost the shim nothing but their watching: the first who comes has a process forked, which ends when nobody
has been there for a while.  It can neither delay nor harm the shim, whoever its clients are.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Sequence

from pydock.runtime import children
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.relay import process

#: how long after a relay's unexpected end another may begin, in seconds
_PAUSE = 1.0


class RelayKeeper:
    """Keeps ports open until `close`."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._held: list[int] = []
        self._served: list[int] = []
        self._targets = ""
        self._pid = 0
        self._closed = False

    def hold(self, held: Sequence[int], targets: str) -> None:
        """Keep `held`, too; ``targets``: the file of `targets`, "" where nothing is to be relayed."""
        self._held += held
        self._served += [descriptor for descriptor in held if targets and _can_be_served(descriptor)]
        self._targets = targets
        if not self._pid:  # else they are watched when that ends
            self._watch()

    def exited(self, pid: int, code: int) -> bool:
        """Whether the child that ended was the relay."""
        if not self._pid or pid != self._pid:
            return False
        self._pid = 0
        if code:
            self._loop.call_later(_PAUSE, self._watch)
        else:
            self._watch()
        return True

    def close(self) -> None:
        """Free the ports: when this returns nobody has them any more."""
        self._closed = True
        if self._pid:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitid(os.P_PID, self._pid, os.WEXITED)
        for descriptor in self._held:
            self._loop.forget(descriptor)
            os.close(descriptor)

    def _watch(self) -> None:
        if not self._closed:
            for descriptor in self._served:
                self._loop.watch(descriptor, READ, self._begin)

    def _begin(self, _: int) -> None:
        for descriptor in self._served:
            self._loop.forget(descriptor)
        if not self._pid:
            served, targets, shim = self._served, self._targets, os.getpid()
            self._pid = children.fork_small(
                "pydock-relay", lambda: process.live(served, targets, shim), keep=self._served
            )


def _can_be_served(descriptor: int) -> bool:
    """Whether it is a TCP socket that listens, or one for UDP."""
    sock = socket.socket(fileno=descriptor)
    try:
        if sock.type == socket.SOCK_DGRAM:
            return True
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return bool(listens) and sock.proto == socket.IPPROTO_TCP
    finally:
        sock.detach()
