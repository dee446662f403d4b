"""The zygote: one warm, single-threaded process from which shims and jobs are forked, so that none starts a Python.

`zygote_process` starts it; a datagram on its one socket is a container to start or a job to run.  It answers nothing
itself: a child has the descriptors that its asker waits on.  It ends when the daemon's end of the socket closes, and
heeds no signal but SIGKILL; its shims live on, its jobs die on the leashes that the daemon held.
"""

import importlib
import json
import os
import select
import signal
import socket
import traceback
from collections.abc import Sequence

from pydock.linux import datagram
from pydock.linux.process import erase_arguments, set_dumpable, set_name
from pydock.runtime import cgroups, channel, children, shared_pages, shim
from pydock.runtime.messages import Message, StartContainer
from pydock.worker import job_process
from pydock.worker.jobs import REQUEST

READY = b"ready"


def main(descriptor: int, preload: Sequence[str]) -> None:
    """Serve the socket `descriptor` until its other end closes."""
    children.close_all_but([descriptor])
    sock = socket.socket(fileno=descriptor)
    set_name("pydock-zygote")
    erase_arguments()  # an exec is seen in its container before it has a program of its own
    children.heed_no_signals()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # for the shims, which are woken by it
    children.raise_file_limit()
    set_dumpable(False)  # children join namespaces before they exec: nobody in there may look into them
    for module in preload:
        importlib.import_module(module)
    cgroups.Cgroup.at("/docker")  # what it imports and finds out, no shim has to again
    shared_pages.settle()
    datagram.send(sock, READY)
    Zygote(sock).serve()


class Zygote:
    """Forks a child for each request and reaps it when its pidfd says that it ended."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._poll = select.epoll()
        self._poll.register(sock, select.EPOLLIN)
        self._children: dict[int, int] = {}

    def serve(self) -> None:
        """Take requests until the other end of the socket closes."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._children:
                    self._reap(descriptor)
                elif not self._take_request():
                    return

    def _take_request(self) -> bool:
        try:
            text, fds = datagram.receive(self._sock)
        except ConnectionResetError:
            return False
        except ConnectionError:
            traceback.print_exc()
            return True
        try:
            if text:
                self._fork(text, fds)
        except (ValueError, OSError):
            traceback.print_exc()
        finally:
            for fd in fds:
                os.close(fd)
        return bool(text)

    def _fork(self, text: bytes, fds: list[int]) -> None:
        kind, values = json.loads(text)
        if kind == REQUEST:
            pid = children.fork("pydock-job", lambda: job_process.live(values, fds), fds)
        else:
            message = channel.decode(text)
            pid = children.fork_small("pydock-shim", lambda: start(message, fds), fds)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._poll.register(pidfd, select.EPOLLIN)

    def _reap(self, pidfd: int) -> None:
        os.waitpid(self._children.pop(pidfd), 0)
        self._poll.unregister(pidfd)  # closing is not enough while a fresh child still has its copy: epoll(7)
        os.close(pidfd)


def start(message: Message, fds: list[int]) -> None:
    """A forked child's life as a shim."""
    if not isinstance(message, StartContainer):
        raise ValueError(f"the zygote does not understand {type(message).__name__}")
    shim.live(message, fds)
