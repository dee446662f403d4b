"""A job's own side of its life: from the fork in the zygote to its exit.  The zygote calls `live`.

The function may have chrooted by the time it fails, so nothing is imported and no traceback is formatted after it was
called.
"""

import fcntl
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from pydock.linux import datagram
from pydock.linux.process import set_name
from pydock.worker.jobs import described

F_SETSIG = 10


def live(request: dict[str, Any], fds: list[int]) -> NoReturn:
    """Carry out `request`; descriptors: replies, leash, then the function's own.  Ends the process."""
    replies = socket.socket(fileno=fds[0])
    code = 1
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it: a reader that left is an OSError
        _wear_leash(fds[1])
        module, _, name = request["entry"].partition(":")
        set_name(f"pydock-{name}"[:15])
        function = getattr(sys.modules.get(module) or importlib.import_module(module), name)
        _run(function, request["arguments"], fds[2:], replies)
        code = 0
    except BaseException as error:
        _say(replies, "error", described(error))
    finally:
        os._exit(code)


def _run(function: Callable[..., Any], arguments: dict[str, Any], fds: list[int], replies: socket.socket) -> None:
    def report(value: Any) -> None:
        _say(replies, "progress", value)

    value = function(arguments, fds, report)
    given: list[int] = []
    if isinstance(value, tuple):
        value, given = value
    _say(replies, "result", value, given)


def _say(replies: socket.socket, kind: str, value: Any, fds: list[int] | None = None) -> None:
    datagram.send(replies, json.dumps([kind, value], separators=(",", ":")).encode(), fds or ())


def _wear_leash(leash: int) -> None:
    """Have the kernel kill this process when the other end of the pipe `leash` closes (fcntl(2), O_ASYNC)."""
    fcntl.fcntl(leash, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(leash)
    if poll.poll(0):  # it was closed before
        os._exit(1)
