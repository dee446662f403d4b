"""The processes that were started in a running container beside its first: docker exec.  The shim has them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pydock.errors import StepFailed
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.event_loop import EventLoop
from pydock.runtime.launch import ExecLaunch, Launched, start_exec
from pydock.runtime.messages import Detached, ExecExited, ExecFailed, ExecStarted, Message, StartExec
from pydock.runtime.shim_streams import ProcessStreams
from pydock.runtime.spec import Process
from pydock.runtime.stdio_pipes import Pipes

#: the exec's code while it has none
_RUNNING = -1


class Exec:
    """One of them: done when it has ended and its output has."""

    def __init__(self, identity: str, launched: Launched, streams: ProcessStreams) -> None:
        self.identity = identity
        self.pid = launched.pid
        self.pidfd = launched.pidfd
        self.streams = streams
        self.exit_code = _RUNNING


class Execs:
    """Starts them in the container whose first process is `init`; `announce` tells the daemon."""

    def __init__(
        self,
        loop: EventLoop,
        init: Launched,
        cgroup: Cgroup | None,
        spill_directory: str,
        announce: Callable[[Message], None],
    ) -> None:
        self._loop = loop
        self._init = init
        self._cgroup = cgroup
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

    def start(self, message: StartExec, fds: list[int]) -> Message:
        """Start one, and serve `fds` with its streams; the answer for the daemon."""
        identity = message.exec_id
        wanted = message.streams
        process = cast(Process, message.process)
        pipes = Pipes()
        if not process.get("terminal"):
            pipes = Pipes.make(
                stdin=message.open_stdin,
                stdout=any(stream.stdout for stream in wanted),
                stderr=any(stream.stderr for stream in wanted),
            )
        try:
            seccomp = Path(message.seccomp_filter).read_bytes() if message.seccomp_filter else b""
            launched = start_exec(
                ExecLaunch(process, self._init.pid, self._init.pidfd, pipes.theirs, seccomp, self._cgroup)
            )
        except (OSError, StepFailed) as error:
            pipes.close()
            for fd in fds:
                os.close(fd)
            return failed(identity, error)
        pipes.close_theirs()
        self._serve(message, launched, pipes, fds)
        return ExecStarted(identity, launched.pid)

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

    def _serve(self, message: StartExec, launched: Launched, pipes: Pipes, fds: list[int]) -> None:
        identity = message.exec_id
        streams = ProcessStreams(
            self._loop,
            None,
            closes_stdin=launched.terminal < 0,
            spill_directory=self._spill_directory,
            on_detach=lambda: self._announce(Detached(identity)),
            on_end=lambda: self._end(identity),
        )
        self._execs[identity] = Exec(identity, launched, streams)
        if launched.terminal >= 0:
            streams.open_terminal(launched.terminal, message.open_stdin)
        else:
            streams.open_pipes(pipes.stdin, pipes.stdout, pipes.stderr)
        for fd, wants in zip(fds, message.streams, strict=False):
            streams.attach(fd, wants)

    def _end(self, identity: str) -> None:
        ended = self._execs.pop(identity)
        self._announce(ExecExited(identity, ended.exit_code))


def failed(identity: str, error: OSError | StepFailed) -> ExecFailed:
    """The message for an exec that could not be started."""
    if isinstance(error, StepFailed):
        return ExecFailed(identity, error.step, error.errno, error.path, error.detail)
    return ExecFailed(identity, "prepare the exec", error.errno or 0, str(error.filename or ""))
