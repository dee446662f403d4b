"""The processes that were started in a running container beside its first: docker exec.  The shim has them."""

import os
import select
from collections.abc import Callable
from dataclasses import dataclass

from pydock.runtime import channel
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.launcher import Birth, Launch, launch_exec
from pydock.runtime.messages import Detached, ExecExited, ExecFailed, Message, StartExec
from pydock.runtime.shim_control import Answer
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


@dataclass(frozen=True, slots=True)
class _Pending:
    """One that is being launched."""

    message: StartExec
    fds: list[int]
    answer: Answer
    launch: Launch


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
        self._pending: list[_Pending] = []

    def running(self) -> list[str]:
        """The ids of those that have not ended."""
        return list(self._execs)

    def streams(self, identity: str) -> ProcessStreams | None:
        """The streams of a running one."""
        found = self._execs.get(identity)
        return found.streams if found else None

    def start(self, message: StartExec, fds: list[int], answer: Answer) -> None:
        """Start one; `answer` the daemon, and serve `fds` with its streams, when it runs."""
        launch = launch_exec(message, self._container)
        pending = _Pending(message, fds, answer, launch)
        self._pending.append(pending)
        self._loop.watch(launch.fileno(), READ, lambda _: self._born(pending))

    def settle(self) -> None:
        """See to those whose launch has just ended."""
        if self._pending:
            poll = select.poll()
            for pending in self._pending:
                poll.register(pending.launch.fileno(), select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll(0)}
            for pending in self._pending[:]:
                if pending.launch.fileno() in ready:
                    self._born(pending)

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
        for pending in self._pending[:]:
            self._born(pending)
        for identity, ended in list(self._execs.items()):
            ended.streams.close()
            self._announce(ExecExited(identity, ended.exit_code if ended.exit_code != _RUNNING else 137))
        self._execs.clear()

    def _born(self, pending: _Pending) -> None:
        self._pending.remove(pending)
        self._loop.forget(pending.launch.fileno())
        birth, answer = pending.launch.result()
        if birth:
            self._serve(pending.message, birth, pending.fds)
        else:
            for fd in pending.fds:
                os.close(fd)
            failed = ExecFailed(pending.message.exec_id, "start the exec", 0, "", "its launcher died")
            answer = answer or channel.encode(failed)
        pending.answer(answer)

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
