"""The shim: the process beside each container, from before its start to after its end.

The zygote forks it.  It holds the container's stdio, writes the log, serves attached clients and execs, reaps, and
writes ``exit.json``.  It outlives the daemon and heeds no signal but SIGKILL; it never ends before its container.
"""

import contextlib
import errno
import os
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydock.errors import PydockError, StepFailed
from pydock.linux.mounts import Mount
from pydock.linux.process import set_child_subreaper
from pydock.runtime import bundle, channel, children
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.event_loop import READ, EventLoop
from pydock.runtime.execs import Execs
from pydock.runtime.launch import ContainerLaunch, start_container
from pydock.runtime.logs.writer import Writer, open_log
from pydock.runtime.messages import (
    PROTOCOL,
    AttachStream,
    Detached,
    Done,
    Exited,
    Failed,
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
from pydock.runtime.shim_control import Control
from pydock.runtime.shim_streams import ProcessStreams
from pydock.runtime.spec import Spec
from pydock.runtime.stdio_pipes import Pipes

#: as containerd has its shims: the kernel kills anything else first
_OOM_SCORE = -998
Answer = Callable[[Message], None]


def live(message: StartContainer, fds: list[int]) -> None:
    """Start the container that `message` describes and serve it to its end.  Descriptors: see StartContainer."""
    os.setsid()
    children.heed_no_signals()
    set_child_subreaper()
    os.chdir("/")
    daemon = socket.socket(fileno=fds.pop(0))
    netns = fds.pop(0) if message.has_netns else -1
    held, streams = fds[: message.held], fds[message.held :]
    with ExitStack() as undo:
        try:
            shim = Shim(message, held, undo)
            answer: Message = shim.start(netns)
            undo.pop_all()
        except (StepFailed, OSError) as error:
            answer = start_failed(error)
        except Exception as error:  # the daemon must learn of it, whatever it is
            traceback.print_exc()
            answer = StartFailed("start the container", 0, "", f"{type(error).__name__}: {error}")
    with contextlib.suppress(OSError):
        channel.send(daemon, answer)
    if isinstance(answer, Started):
        shim.serve(daemon, streams)


class Shim:
    """One container's keeper.  `undo` collects what a failed start must take back; `held` are closed at the end."""

    def __init__(self, message: StartContainer, held: list[int], undo: ExitStack) -> None:
        self._message = message
        self._held = held
        self._undo = undo
        self._loop = EventLoop()
        self._control = Control(self._loop, self._handle)
        self._spec: Spec = bundle.read_config(message.bundle)
        self._cgroup: Cgroup | None = None
        self._ended: Exited | None = None
        self._over = False

    def start(self, netns: int) -> Started:
        """Bring the container to life; StepFailed or OSError where that fails."""
        path = self._message.bundle
        bundle.clear(path)
        bundle.write_pid(path)
        self._undo.callback(bundle.clear, path)
        self._log = self._open_log()
        warnings = self._make_cgroup()
        terminal = bool(self._spec["process"].get("terminal"))
        pipes = Pipes()
        if not terminal:
            pipes = Pipes.make(stdin=self._message.open_stdin, stdout=True, stderr=True)
        self._control.serve(bundle.listen(path))
        self._watch_children()
        self._init = start_container(self._launch(pipes, netns))
        self._started_at = time.time_ns()
        self._serve_streams(pipes)
        for descriptor in (netns,) if netns >= 0 else ():
            os.close(descriptor)
        with contextlib.suppress(OSError):
            set_oom_score(_OOM_SCORE)
        return Started(os.getpid(), self._init.pid, self._started_at, [*warnings, *self._init.warnings])

    def serve(self, daemon: socket.socket, streams: list[int]) -> None:
        """Serve the daemon, the clients and the container until it has ended and nobody waits for its output."""
        for fd, wants in zip(streams, self._message.streams, strict=False):
            self._streams.attach(fd, wants, self._message.log)
        self._control.add(daemon)
        self._loop.run(lambda: self._over and not self._streams.clients)

    # the start, step by step

    def _open_log(self) -> Writer:
        try:
            log = open_log(self._message.log, _aside)
        except (OSError, PydockError) as error:
            raise StepFailed("initialize logging driver", getattr(error, "errno", 0) or 0, "", str(error)) from error
        self._undo.callback(log.finish)
        return log

    def _make_cgroup(self) -> list[str]:
        path = self._spec.get("linux", {}).get("cgroupsPath", "")
        if not path:
            return []
        self._cgroup = Cgroup.at(path)
        self._undo.callback(self._remove_cgroup)
        try:
            return self._cgroup.create(self._spec.get("linux", {}).get("resources", {}))
        except OSError as error:
            raise StepFailed("create the control group", error.errno or 0, str(error.filename or path)) from error

    def _launch(self, pipes: Pipes, netns: int) -> ContainerLaunch:
        message = self._message
        mountpoint = f"{message.bundle}/{bundle.ROOTFS}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(mountpoint, 0o700)
        self._undo.callback(_remove_directory, mountpoint)
        return ContainerLaunch(
            spec=self._spec,
            mountpoint=mountpoint,
            rootfs=tuple(_mount(fields) for fields in message.rootfs),
            stdio=pipes.theirs,
            seccomp=Path(message.seccomp_filter).read_bytes() if message.seccomp_filter else b"",
            cgroup=self._cgroup,
            netns=netns,
            init=message.init,
        )

    def _serve_streams(self, pipes: Pipes) -> None:
        pipes.close_theirs()
        terminal = self._init.terminal
        directory = os.path.dirname(self._message.log.path or self._message.log.cache) or self._message.bundle
        self._streams = ProcessStreams(
            self._loop,
            self._log,
            closes_stdin=self._message.stdin_once and terminal < 0,
            spill_directory=directory,
            on_detach=lambda: self._control.announce(Detached()),
            on_end=self._finish,
        )
        self._execs = Execs(self._loop, self._init, self._cgroup, directory, self._control.announce)
        if terminal >= 0:
            self._streams.open_terminal(terminal, self._message.open_stdin)
        else:
            self._streams.open_pipes(pipes.stdin, pipes.stdout, pipes.stderr)

    def _watch_children(self) -> None:
        """Have the loop reap: the container, execs, and orphans that fell to this subreaper."""
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._loop.watch(reading, READ, lambda _: self._reap(reading))

    # requests

    def _handle(self, message: Message, fds: list[int], answer: Answer) -> None:
        match message:
            case Query():
                pid, execs = os.getpid(), self._execs.running()
                answer(State(message.request, PROTOCOL, pid, self._init.pid, self._started_at, execs))
            case AttachStream():
                answer(self._attach(message, fds))
            case StartExec():
                answer(self._start_exec(message, fds))
            case Resize():
                answer(self._resize(message))
            case Signal():
                answer(self._signal(message))
            case _:
                for fd in fds:
                    os.close(fd)

    def _attach(self, message: AttachStream, fds: list[int]) -> Message:
        streams = self._streams_of(message.exec_id)
        if streams is None or len(fds) != 1:
            for fd in fds:
                os.close(fd)
            return Failed(message.request, errno.ESRCH, "not running")
        streams.attach(fds[0], message.stream, None if message.exec_id else self._message.log)
        return Done(message.request)

    def _start_exec(self, message: StartExec, fds: list[int]) -> Message:
        score = self._spec["process"].get("oomScoreAdj", 0)
        with contextlib.suppress(OSError):
            set_oom_score(score)  # the child is born with it
        try:
            return self._execs.start(message, fds)
        finally:
            with contextlib.suppress(OSError):
                set_oom_score(_OOM_SCORE)

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
            signal.pidfd_send_signal(self._init.pidfd, message.signal)
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
            if child.si_pid == self._init.pid:
                self._exited(code)
            else:
                self._execs.exited(child.si_pid, code)

    def _exited(self, code: int) -> None:
        """The container's first process ended, and all others with it; its output may still be to be read."""
        oom_killed = False
        if self._cgroup:
            with contextlib.suppress(OSError):
                oom_killed = self._cgroup.oom_kills() > 0
        self._ended = Exited(code, oom_killed, time.time_ns())
        if self._cgroup and not _has_own_pids(self._spec):
            with contextlib.suppress(OSError):
                self._cgroup.kill()
        self._streams.process_exited()

    def _finish(self) -> None:
        """All output is read: put everything away, then tell."""
        assert self._ended is not None
        path = self._message.bundle
        self._execs.close()
        self._log.finish()
        self._remove_cgroup()
        for descriptor in self._held:
            os.close(descriptor)
        bundle.write_exit(path, self._ended)
        _remove_directory(f"{path}/{bundle.ROOTFS}")
        self._control.announce(self._ended)
        self._control.close()
        with contextlib.suppress(OSError):
            os.unlink(f"{path}/{bundle.SOCKET}")
        self._over = True

    def _remove_cgroup(self) -> None:
        if self._cgroup:
            with contextlib.suppress(OSError):
                self._cgroup.remove()


def start_failed(error: StepFailed | OSError) -> StartFailed:
    """The message for a container that did not come to life."""
    if isinstance(error, StepFailed):
        return StartFailed(error.step, error.errno, error.path, error.detail)
    return StartFailed("prepare the container", error.errno or 0, str(error.filename or ""))


def set_oom_score(score: int) -> None:
    """How readily the kernel kills this process, and those it forks from now on, when memory is short; proc(5)."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(score))


def _has_own_pids(spec: Spec) -> bool:
    """Whether all of the container's processes end with its first one."""
    namespaces = spec.get("linux", {}).get("namespaces", [])
    return any(space["type"] == "pid" and not space.get("path") for space in namespaces)


def _mount(fields: dict[str, Any]) -> Mount:
    return Mount(
        fields["type"],
        fields["source"],
        fields.get("target", "/"),
        tuple(fields.get("options", ())),
        tuple(fields.get("lowerdirs", ())),
    )


def _aside(work: Callable[[], None]) -> Callable[[], None]:
    """Do `work` in a child; the call returned waits for its end."""
    pid = children.fork("pydock-compress", work, ())

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # the loop has reaped it
            os.waitpid(pid, 0)

    return wait


def _remove_directory(path: str) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(path)
