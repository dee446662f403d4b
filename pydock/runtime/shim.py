"""The shim: the process beside each container, from before its start to after its end.

The zygote forks it.  It holds the container's stdio, writes the log, serves attached clients and execs, reaps, and
writes ``exit.json``.  It outlives the daemon and heeds no signal but SIGKILL; it never ends before its container.
"""

import contextlib
import errno
import os
import signal
import struct
import time
from _socket import MSG_NOSIGNAL
from _socket import socket as Socket
from collections.abc import Callable

from pydock.linux.process import set_child_subreaper
from pydock.runtime import bundle, channel, children
from pydock.runtime.cgroups import Cgroup, kill_all
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.execs import Execs
from pydock.runtime.launcher import Birth, ContainerBirth, reason, set_oom_score
from pydock.runtime.logs.writer import LazyLog
from pydock.runtime.messages import (
    PROTOCOL,
    AbandonExec,
    AttachStream,
    Detached,
    Done,
    Exited,
    Failed,
    HoldPorts,
    Message,
    Query,
    Resize,
    Signal,
    StartContainer,
    Started,
    StartExec,
    StartFailed,
    State,
)
from pydock.runtime.relay.keeper import RelayKeeper
from pydock.runtime.shim_control import Answer, Control, Requests
from pydock.runtime.shim_streams import ProcessStreams

#: how long slow clients may keep the shim, and it the container's mounts, in seconds
_LINGER = 1.0
#: as containerd has its shims: the kernel kills anything else first
_OOM_SCORE = -998


def live(message: StartContainer, fds: list[int]) -> None:
    """Start the container that `message` describes and serve it to its end.  `fds`: the control socket alone."""
    os.setsid()
    set_child_subreaper()
    os.chdir("/")
    (daemon,) = fds
    try:
        on_its_way = ContainerBirth(message)
        requests = on_its_way.await_word(daemon)
        if requests is None:
            return
        birth, warnings = on_its_way.complete(daemon)
    except Exception as error:  # the daemon must learn of it, whatever it is
        _tell(daemon, channel.encode(StartFailed(*reason(error))))
        return
    if warnings:
        _tell(daemon, channel.encode(Started(os.getpid(), birth.pid, birth.started_at, warnings)))
    else:
        _tell(daemon, channel.started(os.getpid(), birth.pid, birth.started_at))
    set_oom_score(_OOM_SCORE)
    Shim(message, birth).serve(daemon, requests)


def _tell(daemon: int, text: bytes) -> None:
    """Answer on the control socket, before anybody serves it."""
    sock = Socket(fileno=daemon)
    with contextlib.suppress(OSError):
        sock.send(text, MSG_NOSIGNAL)
    sock.detach()


class Shim:
    """One container's keeper."""

    def __init__(self, message: StartContainer, birth: Birth) -> None:
        self._message = message
        self._birth = birth
        self._loop = EventLoop()
        self._relay = RelayKeeper(self._loop)
        self._control = Control(self._loop, self._handle)
        self._log = LazyLog(message.log, _aside) if message.log.driver not in ("", "none") else None
        directory = os.path.dirname(message.log.path or message.log.cache) or message.bundle
        self._streams = ProcessStreams(
            self._loop,
            self._log,
            closes_stdin=message.stdin_once and birth.terminal < 0,
            spill_directory=directory,
            on_detach=lambda: self._control.announce(Detached()),
            on_end=self._finish,
        )
        self._execs = Execs(self._loop, birth, directory, self._control.announce)
        self._ended: Exited | None = None
        self._over = False

    def serve(self, daemon: int, requests: Requests) -> None:
        """Serve the daemon, the clients and the container until it has ended and nobody waits for its output."""
        birth = self._birth
        if birth.terminal >= 0:
            self._streams.open_terminal(birth.terminal, self._message.open_stdin)
        else:
            self._streams.open_pipes(birth.stdin, birth.stdout, birth.stderr)
        self._control.add(daemon, requests)
        self._control.serve(birth.server)
        self._watch_children()
        self._loop.run(lambda: self._over and not self._streams.clients)

    def _watch_children(self) -> None:
        """Have the loop reap: the container, execs, and orphans that fell to this subreaper.

        The zygote has a handler for SIGCHLD, which does nothing; without one nothing would be woken.
        """
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._loop.watch(reading, READ, lambda _: self._reap(reading))
        os.write(writing, b"\0")  # some may have ended before

    # requests

    def _handle(self, message: Message, fds: list[int], answer: Answer) -> None:
        if isinstance(message, StartExec):
            self._execs.start(message, fds, answer)
            return
        reply: Message | None = None
        match message:
            case Query():
                running = self._execs.running()
                birth = self._birth
                reply = State(message.request, PROTOCOL, os.getpid(), birth.pid, birth.started_at, running)
            case AttachStream():
                reply, fds = self._attach(message, fds), []
            case Resize():
                reply = self._resize(message)
            case Signal():
                reply = self._signal(message)
            case AbandonExec():
                self._execs.abandon(message.exec_id)
            case HoldPorts():
                self._relay.hold(fds, message.relay)
                reply, fds = Done(message.request), []
        for fd in fds:
            os.close(fd)
        if reply:
            answer(channel.encode(reply))

    def _attach(self, message: AttachStream, fds: list[int]) -> Message:
        streams = self._streams_of(message.exec_id)
        if streams is None or len(fds) != 1:
            for fd in fds:
                os.close(fd)
            return Failed(message.request, errno.ESRCH, "not running")
        streams.attach(fds[0], message.stream, None if message.exec_id else self._message.log)
        return Done(message.request)

    def _resize(self, message: Resize) -> Message:
        streams = self._streams_of(message.exec_id)
        if streams is None:
            return Failed(message.request, errno.ESRCH, "not running")
        try:
            streams.resize(message.height, message.width)
        except (OSError, struct.error) as error:
            return Failed(message.request, getattr(error, "errno", 0) or errno.EINVAL, str(error))
        return Done(message.request)

    def _signal(self, message: Signal) -> Message:
        try:
            signal.pidfd_send_signal(self._birth.pidfd, message.signal)
        except (OSError, ValueError) as error:
            return Failed(message.request, getattr(error, "errno", 0) or errno.EINVAL, str(error))
        return Done(message.request)

    def _streams_of(self, exec_id: str) -> ProcessStreams | None:
        return self._execs.streams(exec_id) if exec_id else self._streams

    # the end

    def _reap(self, wakeup: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, 4096)
        while True:
            try:
                child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
            except ChildProcessError:
                return
            if child is None:
                return
            code = child.si_status if child.si_code == os.CLD_EXITED else 128 + child.si_status
            if child.si_pid == self._birth.pid:
                self._exited(code)
            elif not self._relay.exited(child.si_pid, code):
                self._execs.exited(child.si_pid, code)

    def _exited(self, code: int) -> None:
        """The container's first process ended, and all others with it; its output may still be to be read."""
        cgroup = self._cgroup()
        oom_killed = False
        if cgroup:
            with contextlib.suppress(OSError):
                oom_killed = cgroup.oom_kills() > 0
        self._ended = Exited(code, oom_killed, time.time_ns())
        if cgroup and not self._birth.own_pids:
            with contextlib.suppress(OSError):
                kill_all(cgroup)
        self._streams.process_exited()

    def _finish(self) -> None:
        """All output is read: put everything away, then tell."""
        assert self._ended is not None
        path = self._message.bundle
        self._execs.close()
        if self._log:
            self._log.finish()
        if cgroup := self._cgroup():
            with contextlib.suppress(OSError):
                cgroup.remove()
        self._relay.close()
        with contextlib.suppress(OSError):  # a daemon that listens hears of it all the same
            bundle.write_exit(path, self._ended)
        with contextlib.suppress(OSError):
            os.unlink(f"{path}/{bundle.SOCKET}")
        with contextlib.suppress(OSError):
            os.rmdir(f"{path}/{bundle.ROOTFS}")
        # from here on the bundle may be another shim's: the daemon may start the container again
        self._control.announce(self._ended)
        self._control.close()
        self._over = True
        # the last one to hold the namespace has its root written to the disk and unmounted: nobody should wait for that
        self._loop.call_later(_LINGER, lambda: os.close(self._birth.mounts))

    def _cgroup(self) -> Cgroup | None:
        return Cgroup.at(self._birth.cgroup) if self._birth.cgroup else None


def _aside(work: Callable[[], None]) -> Callable[[], None]:
    """Do `work` in a child; the call returned waits for its end."""
    pid = children.fork("pydock-compress", work, ())

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # the loop has reaped it
            os.waitpid(pid, 0)

    return wait
