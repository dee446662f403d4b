"""The resolver's process: launched by a job of the zygote's, asked by the daemon over a socket, alone after that.

It ends when nobody is connected and no container is served.  `Resolver` has the other end of the socket.
"""

import gc
import json
import os
import signal
import socket
import traceback
from typing import Any, Final

from pydock.linux import datagram
from pydock.linux.bare_fork import bare_fork
from pydock.linux.process import set_name
from pydock.network.dns_loop import Loop
from pydock.network.dns_server import DnsServer
from pydock.network.dns_sockets import namespace_of_process

#: the job that launches it
ENTRY: Final = "pydock.network.dns_process:launch"
#: of the words on the socket and of what the process does; a daemon replaces a process of another version
VERSION: Final = 3
#: what a terminal or a service manager sends to whole groups of processes
_UNHEEDED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE)


def launch(arguments: dict[str, Any], fds: list[int], report: Any) -> int:
    """Fork the process off; ``fds[0]`` is its listening socket.  Returns its pid."""
    pid = bare_fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        _close_all_but(fds[0])
        for number in _UNHEEDED:
            signal.signal(number, signal.SIG_IGN)
        set_name("pydock-dns")
        gc.enable()  # the zygote does without, which lives by its children
        DnsProcess(socket.socket(fileno=fds[0])).run()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _close_all_but(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 2**31 - 1)


class DnsProcess:
    """Takes the daemon's requests, one answer each."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._loop = Loop()
        self._server = DnsServer(self._loop, namespace_of_process())
        self._daemons: set[socket.socket] = set()

    def run(self) -> None:
        """Serve until there is nothing left to do."""
        self._listener.setblocking(False)
        self._loop.watch(self._listener.fileno(), self._accept)
        self._loop.run()

    def _accept(self) -> None:
        try:
            daemon, _ = self._listener.accept()
        except OSError:
            return
        self._daemons.add(daemon)
        self._loop.watch(daemon.fileno(), lambda: self._take_request(daemon))

    def _take_request(self, daemon: socket.socket) -> None:
        try:
            text, fds = datagram.receive(daemon)
        except OSError:
            text, fds = b"", []
        if not text:
            self._lose(daemon)
            return
        try:
            verb, value = json.loads(text)
            kind, answer = "done", self._do(verb, value, fds)
        except Exception as error:
            kind, answer = "failed", f"{type(error).__name__}: {error}"
            traceback.print_exc()
        finally:
            for fd in fds:  # those that were not taken over
                os.close(fd)
        try:
            datagram.send(daemon, json.dumps([kind, answer]).encode())
        except OSError:
            self._lose(daemon)

    def _lose(self, daemon: socket.socket) -> None:
        self._loop.forget(daemon.fileno())
        self._daemons.discard(daemon)
        daemon.close()
        if not self._daemons and not self._server.containers:
            self._loop.stop()

    def _do(self, verb: str, value: Any, fds: list[int]) -> Any:
        match verb:
            case "hello":
                return VERSION
            case "add":
                self._server.add(value, fds.pop(0))
            case "update":
                self._server.update(value)
            case "remove":
                self._server.remove(value)
            case "retain":
                for container_id in set(self._server.containers) - set(value):
                    self._server.remove(container_id)
            case "quit":
                self._loop.stop()
            case _:
                raise ValueError(f"unknown request {verb}")
        return None
