"""The processes that were started in a running container beside its first: docker exec.  The shim has them."""

import contextlib
import os
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass

from pydock.errors import StepFailed
from pydock.runtime import channel
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.launcher import Birth, ExecBirth, reason
from pydock.runtime.messages import Detached, ExecExited, ExecFailed, ExecStarted, Message, StartExec
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
    launch: ExecBirth


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
        try:
            launch = ExecBirth(message, self._container)
        except Exception as error:  # the daemon must learn of it, whatever it is
            _refuse(message, fds, answer, error)
            return
        pending = _Pending(message, fds, answer, launch)
        self._pending.append(pending)
        self._loop.watch(launch.fileno(), READ, lambda _: self._hear(pending))

    def abandon(self, identity: str) -> None:
        """Kill one whose program does not run yet, and tell that it failed."""
        for pending in self._pending[:]:
            if pending.message.exec_id == identity:
                self._fail(pending, StepFailed("start the exec", 0, "", "it took too long"))
                self._kill_stopped()

    def _kill_stopped(self) -> None:
        """Kill those that were stopped from inside before they could say who they are: nobody else could end them."""
        ours = {self._container.pid, *(found.pid for found in self._execs.values())}
        with contextlib.suppress(ChildProcessError):
            while stopped := os.waitid(os.P_ALL, 0, os.WSTOPPED | os.WNOHANG):
                if stopped.si_pid not in ours:
                    os.kill(stopped.si_pid, signal.SIGKILL)

    def exited(self, pid: int, code: int) -> None:
        """A child of the shim was reaped, perhaps one of these."""
        for pending in self._pending[:]:
            # what was told before this end: who it is that ended, above all
            while not pending.launch.reborn and _has_word(pending.launch):
                if self._hear(pending):
                    break
            if pending.launch.pid == pid and pending in self._pending:
                while not self._hear(pending):  # it cannot say more than it has said
                    pass
                break
        for found in self._execs.values():
            if found.pid == pid and found.exit_code == _RUNNING:
                found.exit_code = code
                os.close(found.pidfd)
                found.streams.process_exited()
                break

    def close(self) -> None:
        """The container ended: so did they, whatever their output still waits for."""
        for pending in self._pending[:]:
            self._fail(pending, StepFailed("start the exec", 0, "", "the container has ended"))
        for identity, ended in list(self._execs.items()):
            ended.streams.close()
            self._announce(ExecExited(identity, ended.exit_code if ended.exit_code != _RUNNING else 137))
        self._execs.clear()

    def _hear(self, pending: _Pending) -> bool:
        """Take a word of one that is being launched; whether that is over, one way or the other."""
        launch = pending.launch
        descriptor = launch.fileno()
        try:
            birth = launch.hear()
        except Exception as error:  # the daemon must learn of it, whatever it is
            self._fail(pending, error)
            return True
        if birth is None:
            return False
        self._loop.forget(descriptor)
        self._pending.remove(pending)
        self._serve(pending.message, birth, pending.fds)
        pending.answer(channel.encode(ExecStarted(pending.message.exec_id, birth.pid)))
        return True

    def _fail(self, pending: _Pending, error: Exception) -> None:
        self._loop.forget(pending.launch.fileno())
        self._pending.remove(pending)
        pending.launch.abandon()
        _refuse(pending.message, pending.fds, pending.answer, error)

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


def _refuse(message: StartExec, fds: list[int], answer: Answer, error: Exception) -> None:
    """Tell the daemon why an exec did not start."""
    for fd in fds:
        os.close(fd)
    answer(channel.encode(ExecFailed(message.exec_id, *reason(error))))


def _has_word(launch: ExecBirth) -> bool:
    poll = select.poll()
    poll.register(launch.fileno(), select.POLLIN)
    return bool(poll.poll(0))
