"""The processes that were started in a running container beside its first: docker exec.  The shim has them."""

import os
from collections.abc import Callable

from pydock.runtime.event_loop import EventLoop
from pydock.runtime.launcher import Birth, launch_exec
from pydock.runtime.messages import Detached, ExecExited, Message, StartExec
from pydock.runtime.shim_streams import ProcessStreams

#: the exec's code while it has none
_RUNNING = -1


class Exec:
    """One of them: done when it has ended and its output has."""

    def __init__(self, identity: str, birth: Birth, streams: ProcessStreams) -> None:
        self.identity = identity
        self.pid = birth.pid
        self.pidfd = birth.pidfd
        self.streams = streams
        self.exit_code = _RUNNING


class Execs:
    """Starts them in the container whose first process is `container`; `announce` tells the daemon."""

    def __init__(
        self,
        loop: EventLoop,
        container: Birth,
        spill_directory: str,
        announce: Callable[[Message], None],
    ) -> None:
        self._loop = loop
        self._container = container
        self._spill_directory = spill_directory
        self._announce = announce
        self._execs: dict[str, Exec] = {}

    def running(self) -> list[str]:
        """The ids of those that have not ended."""
        return list(self._execs)

    def streams(self, identity: str) -> ProcessStreams | None:
        """The streams of a running one."""
        found = self._execs.get(identity)
        return found.streams if found else None

    def start(self, message: StartExec, fds: list[int]) -> bytes:
        """Start one, and serve `fds` with its streams; the encoded answer for the daemon."""
        birth, answer = launch_exec(message, self._container)
        if birth:
            self._serve(message, birth, fds)
        else:
            for fd in fds:
                os.close(fd)
        return answer

    def exited(self, pid: int, code: int) -> bool:
        """A child of the shim was reaped; whether it was one of these."""
        for found in self._execs.values():
            if found.pid == pid and found.exit_code == _RUNNING:
                found.exit_code = code
                os.close(found.pidfd)
                found.streams.process_exited()
                return True
        return False

    def close(self) -> None:
        """The container ended: so did they, whatever their output still waits for."""
        for identity, ended in list(self._execs.items()):
            ended.streams.close()
            self._announce(ExecExited(identity, ended.exit_code if ended.exit_code != _RUNNING else 137))
        self._execs.clear()

    def _serve(self, message: StartExec, birth: Birth, fds: list[int]) -> None:
        identity = message.exec_id
        streams = ProcessStreams(
            self._loop,
            None,
            closes_stdin=birth.terminal < 0,
            spill_directory=self._spill_directory,
            on_detach=lambda: self._announce(Detached(identity)),
            on_end=lambda: self._end(identity),
        )
        self._execs[identity] = Exec(identity, birth, streams)
        if birth.terminal >= 0:
            streams.open_terminal(birth.terminal, message.open_stdin)
        else:
            streams.open_pipes(birth.stdin, birth.stdout, birth.stderr)
        for fd, wants in zip(fds, message.streams, strict=False):
            streams.attach(fd, wants)

    def _end(self, identity: str) -> None:
        ended = self._execs.pop(identity)
        self._announce(ExecExited(identity, ended.exit_code))
