"""Launches processes from a short-lived child of the shim, which stays small: what is touched there is not its own.

The shim is a subreaper: when the child ends, the launched process becomes the shim's.  Whatever is done once, opening
the bundle, reading the specification, making the control group, the steps, the answer to the daemon, happens in here.
"""

import contextlib
import os
import signal
import time
import traceback
from _socket import socket as Socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, NoReturn, cast

from pydock.errors import PydockError, StepFailed
from pydock.linux import datagram
from pydock.linux.bare_fork import bare_fork
from pydock.linux.mounts import Mount
from pydock.runtime import bundle, channel
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.children import close_all_but, restore_file_limit
from pydock.runtime.launch import ContainerLaunch, ExecLaunch, Launched, Stdio, start_container, start_exec
from pydock.runtime.logs.writer import open_log
from pydock.runtime.messages import ExecFailed, ExecStarted, Message, StartContainer, Started, StartExec, StartFailed
from pydock.runtime.spec import Process, Spec
from pydock.runtime.stdio_pipes import Pipes

#: the descriptors of a Birth, in the order in which they travel
_DESCRIPTORS = ("pidfd", "terminal", "stdin", "stdout", "stderr", "server")


class Birth(NamedTuple):
    """A process that was launched; a tuple, since making one touches less than making a frozen dataclass.

    Its descriptors are the caller's: its pidfd, and its terminal or the other ends of its pipes; -1 for what it does
    not have.

    Of a container also: the bundle's listening socket, whether all its processes end with the first, when it started
    (nanoseconds), and its control group, "" for none.
    """

    pid: int
    own_pids: int = 1
    started_at: int = 0
    cgroup: str = ""
    pidfd: int = -1
    terminal: int = -1
    stdin: int = -1
    stdout: int = -1
    stderr: int = -1
    server: int = -1


class Launch:
    """A launch under way: its descriptor is readable when `result` will not have to wait."""

    def __init__(self, work: Callable[[], tuple[Birth | None, bytes]], keep: list[int]) -> None:
        self._reply, theirs = datagram.bare_pair()
        if bare_fork() == 0:
            _live(work, theirs, keep)
        theirs.close()

    def fileno(self) -> int:
        """The descriptor."""
        return self._reply.fileno()

    def result(self) -> tuple[Birth | None, bytes]:
        """The process, None where it could not be started, and the encoded answer for the daemon."""
        text, fds = datagram.receive(self._reply)
        self._reply.close()
        head, _, answer = text.partition(b"\n")
        if not fds:
            return None, answer
        pid, own_pids, started_at, present, cgroup = head.decode().split(" ", 4)
        descriptors = iter(fds)
        numbers = [next(descriptors) if mark == "1" else -1 for mark in present]
        return Birth(int(pid), int(own_pids), int(started_at), cgroup, *numbers), answer


def launch_container(message: StartContainer, daemon: int, netns: int) -> Launch:
    """Bring a container to life; the daemon is answered on its socket, and where it fails nothing is left."""
    return Launch(lambda: _container(message, daemon, netns), [daemon, netns] if netns >= 0 else [daemon])


def launch_exec(message: StartExec, container: Birth) -> Launch:
    """Start one more process in a running container."""
    return Launch(lambda: _exec(message, container), [container.pidfd])


def set_oom_score(score: int) -> None:
    """How readily the kernel kills this process, and those it forks from now on, when memory is short; proc(5)."""
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, b"%d" % score)
    except PermissionError:
        pass  # CAP_SYS_RESOURCE is needed to be killed less readily than before
    finally:
        os.close(file)


def _live(work: Callable[[], tuple[Birth | None, bytes]], reply: Socket, keep: list[int]) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)  # the shim's, about to be closed
        close_all_but([reply.fileno(), *keep])
        restore_file_limit()
        birth, answer = work()
        text, fds = b"failed", []
        if birth:
            numbers = [getattr(birth, name) for name in _DESCRIPTORS]
            present = "".join("1" if number >= 0 else "0" for number in numbers)
            fds = [number for number in numbers if number >= 0]
            text = f"{birth.pid} {birth.own_pids} {birth.started_at} {present} {birth.cgroup}".encode()
        datagram.send(reply, text + b"\n" + answer, fds)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _container(message: StartContainer, daemon: int, netns: int) -> tuple[Birth | None, bytes]:
    sock = Socket(fileno=daemon)
    try:
        birth, warnings = _bring_to_life(message, netns)
    except Exception as error:  # the daemon must learn of it, whatever it is
        _tell(sock, StartFailed(*_reason(error)))
        return None, b""
    _tell(sock, Started(os.getppid(), birth.pid, birth.started_at, warnings))
    return birth, b""


def _bring_to_life(message: StartContainer, netns: int) -> tuple[Birth, list[str]]:
    shim = os.getppid()
    path = message.bundle
    with ExitStack() as undo:
        bundle.clear(path)
        undo.callback(bundle.clear, path)
        bundle.write_pid(path, shim)
        try:
            open_log(message.log).finish()
        except PydockError as error:
            raise StepFailed("initialize logging driver", detail=error.message) from error
        except OSError as error:
            raise StepFailed("initialize logging driver", detail=error.strerror or str(error)) from error
        pipes = Pipes()
        if not message.tty:
            pipes = Pipes.make(stdin=message.open_stdin, stdout=True, stderr=True)
        server = bundle.listen(path)
        spec: Spec = bundle.read_config(path)
        launched, warnings = _launch(message, spec, pipes.theirs, netns, undo)
        undo.pop_all()
    linux = spec.get("linux", {})
    namespaces = linux.get("namespaces", [])
    birth = Birth(
        pid=launched.pid,
        own_pids=int(any(space["type"] == "pid" and not space.get("path") for space in namespaces)),
        started_at=time.time_ns(),
        cgroup=linux.get("cgroupsPath", ""),
        pidfd=launched.pidfd,
        terminal=launched.terminal,
        stdin=pipes.stdin,
        stdout=pipes.stdout,
        stderr=pipes.stderr,
        server=server.detach(),
    )
    return birth, warnings


def _launch(
    message: StartContainer, spec: Spec, stdio: Stdio, netns: int, undo: ExitStack
) -> tuple[Launched, list[str]]:
    linux = spec.get("linux", {})
    mountpoint = f"{message.bundle}/{bundle.ROOTFS}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(mountpoint, 0o700)
    undo.callback(os.rmdir, mountpoint)
    path = linux.get("cgroupsPath", "")
    cgroup = Cgroup.at(path) if path else None
    warnings: list[str] = []
    if cgroup:
        undo.callback(cgroup.remove)
        warnings = cgroup.create(linux.get("resources", {}))
    launch = ContainerLaunch(
        spec=spec,
        mountpoint=mountpoint,
        rootfs=tuple(_mount(fields) for fields in message.rootfs),
        stdio=stdio,
        seccomp=_read_filter(message.seccomp_filter),
        cgroup=cgroup,
        netns=netns,
        init=message.init,
    )
    launched = start_container(launch)
    return launched, [*warnings, *launched.warnings]


def _exec(message: StartExec, container: Birth) -> tuple[Birth | None, bytes]:
    pipes = Pipes()
    if not message.process.get("terminal"):
        pipes = Pipes.make(
            stdin=message.open_stdin,
            stdout=any(stream.stdout for stream in message.streams),
            stderr=any(stream.stderr for stream in message.streams),
        )
    try:
        cgroup = Cgroup.at(container.cgroup) if container.cgroup else None
        seccomp = _read_filter(message.seccomp_filter)
        process = cast(Process, message.process)
        launched = start_exec(ExecLaunch(process, container.pid, container.pidfd, pipes.theirs, seccomp, cgroup))
    except Exception as error:  # the daemon must learn of it, whatever it is
        return None, channel.encode(ExecFailed(message.exec_id, *_reason(error)))
    birth = Birth(
        pid=launched.pid,
        pidfd=launched.pidfd,
        terminal=launched.terminal,
        stdin=pipes.stdin,
        stdout=pipes.stdout,
        stderr=pipes.stderr,
    )
    return birth, channel.encode(ExecStarted(message.exec_id, launched.pid))


def _reason(error: Exception) -> tuple[str, int, str, str]:
    """(step, errno, path, detail) of what went wrong."""
    if isinstance(error, StepFailed):
        return error.step, error.errno, error.path, error.detail
    if isinstance(error, OSError):
        return "prepare the process", error.errno or 0, str(error.filename or ""), ""
    if not isinstance(error, PydockError):
        traceback.print_exc()
    return "prepare the process", 0, "", str(error) or type(error).__name__


def _tell(daemon: Socket, message: Message) -> None:
    with contextlib.suppress(OSError):
        channel.send(daemon, message)


def _read_filter(path: str) -> bytes:
    if not path:
        return b""
    with open(path, "rb") as file:
        return file.read()


def _mount(fields: dict[str, Any]) -> Mount:
    return Mount(
        fields["type"],
        fields["source"],
        fields.get("target", "/"),
        tuple(fields.get("options", ())),
        tuple(fields.get("lowerdirs", ())),
        fields.get("subpath", ""),
    )
