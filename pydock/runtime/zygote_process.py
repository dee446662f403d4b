"""The daemon's handle on its zygote: starts it, sends it work, starts another where it died.

Threads may call this; nothing here waits for a container or a job.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from pydock import durable
from pydock.errors import System
from pydock.linux import datagram
from pydock.runtime import channel, sealed_python
from pydock.runtime.messages import StartContainer
from pydock.runtime.zygote import READY
from pydock.worker.jobs import Jobs

#: how long a zygote may take to import its modules, in seconds: one that fails is known by its end; a machine that is
#: just coming up may be slow
START_LIMIT = 300
_CODE = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from pydock.runtime import zygote
zygote.main(int(sys.argv[1]), sys.argv[3:])
"""


class Zygote:
    """A running zygote.  What goes wrong in it or its children unexpectedly is told in ``<exec_root>/runtime.log``."""

    def __init__(self, exec_root: Path, preload: Sequence[str]) -> None:
        self._exec_root = exec_root
        self._preload = tuple(preload)
        self._lock = threading.Lock()
        self.jobs = Jobs(self._send)
        self._process, self.socket = self._start()

    @classmethod
    def spawn(cls, exec_root: Path, preload: Sequence[str]) -> "Zygote":
        """Start a zygote that has imported the modules named in `preload`; System where it does not come up."""
        return cls(Path(exec_root), preload)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def start_container(self, message: StartContainer, fds: Sequence[int]) -> None:
        """Send the request; the answer comes on the control socket whose other end the caller keeps."""
        self._send(channel.encode(message), fds)

    def close(self) -> None:
        """Let the zygote end; shims live on, jobs under way end when their callers let go of them."""
        self.socket.close()
        self._process.wait()

    def _send(self, text: bytes, fds: Sequence[int]) -> None:
        with self._lock:
            try:
                datagram.send(self.socket, text, fds)
            except (BrokenPipeError, ConnectionResetError):
                self.close()
                self._process, self.socket = self._start()
                datagram.send(self.socket, text, fds)

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        copy = sealed_python.open_copy()
        ours, theirs = datagram.pair()
        with contextlib.closing(theirs), open(_open_log(self._exec_root / "runtime.log"), "ab") as log:
            try:
                process = subprocess.Popen(
                    [
                        sys.executable, "-I", "-S", "-c", _CODE,
                        str(theirs.fileno()), json.dumps(_search_path()), *self._preload,
                    ],
                    executable=sealed_python.command(copy), env=sealed_python.environment(), cwd="/",
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=[theirs.fileno(), copy], start_new_session=True,
                )  # fmt: skip
            finally:
                os.close(copy)
        poll = select.poll()
        poll.register(ours, select.POLLIN)
        if not poll.poll(START_LIMIT * 1000) or datagram.receive(ours)[0] != READY:
            process.kill()
            process.wait()
            raise System(f"the engine's zygote does not start: see {self._exec_root / 'runtime.log'}")
        return process, ours


def _open_log(path: Path) -> int:
    """A file that is private, as the exec root may be passed through by everybody; what is none has to make room."""
    durable.make_room(path)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _search_path() -> list[str]:
    package = str(Path(__file__).resolve().parents[2])
    return [*dict.fromkeys([package, *(path for path in sys.path if path)])]
