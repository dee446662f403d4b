"""The process that relays for one container; `keeper` forks it.

It ends by itself when nobody has been there for a while, and with its shim.
"""

import gc
import os
import resource
import signal
import socket
import time
from collections.abc import Sequence
from typing import Final

from pydock.linux.process import set_parent_death_signal
from pydock.runtime.event_loop import EventLoop
from pydock.runtime.launcher import set_oom_score
from pydock.runtime.relay.tcp import TcpPort, Traffic
from pydock.runtime.relay.udp import UdpPort

#: how long nobody must have been there, in seconds
_IDLE: Final = 20.0
#: connections at once, and descriptors that one may need: two sockets, two pipes
_MOST, _EACH = 8192, 6


def live(served: Sequence[int], targets: str, shim: int) -> None:
    """Serve the held ports until nobody needs it; `shim` is the parent."""
    set_parent_death_signal(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    if os.getppid() != shim:
        return
    set_oom_score(0)
    gc.enable()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    loop = EventLoop()
    traffic = Traffic(loop, max(1, min(_MOST, (limit - len(served) - 16) // _EACH)))
    ports: list[TcpPort | UdpPort] = []
    for descriptor in served:
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        if sock.type == socket.SOCK_STREAM:
            ports.append(TcpPort(loop, sock, targets, traffic))
        else:
            ports.append(UdpPort(loop, sock, targets))
    for port in ports:
        port.open()
    loop.run(_Idleness(loop, ports).is_over)


class _Idleness:
    """Tells whether nobody has been there for `_IDLE`."""

    def __init__(self, loop: EventLoop, ports: Sequence[TcpPort | UdpPort]) -> None:
        self._loop = loop
        self._ports = ports
        self._since = time.monotonic()
        self._look()

    def is_over(self) -> bool:
        if any(port.busy for port in self._ports):
            self._since = time.monotonic()
        return time.monotonic() - self._since > _IDLE

    def _look(self) -> None:
        """Have the loop ask now and then, whatever happens."""
        self._loop.call_later(_IDLE / 2, self._look)
