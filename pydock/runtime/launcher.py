"""Launches the container's first process and its execs from the shim, which stays small: they prepare themselves.

What is touched in the shim is its own as long as the container runs.  So it makes pipes and forks; whatever is done
once, opening the bundle, reading the specification, making the control group, the steps, the child does on its way.
"""

import contextlib
import os
import signal
import traceback
from _socket import MSG_PEEK
from _socket import socket as Socket
from collections.abc import Callable
from contextlib import ExitStack
from time import time_ns
from typing import Any, NamedTuple, cast

from pydock.errors import InvalidParameter, PydockError, StepFailed
from pydock.linux import datagram
from pydock.linux.mounts import Mount
from pydock.linux.namespaces import CLONE_NEWPID
from pydock.runtime import bundle, channel
from pydock.runtime.cgroups import Cgroup, doors
from pydock.runtime.children import close_all_but, restore_file_limit
from pydock.runtime.init import (
    InitPlan,
    await_call,
    is_gone,
    receive_with_one,
    send_listener,
    tell_grouped,
    tell_warning,
)
from pydock.runtime.launch import (
    ContainerLaunch,
    ExecLaunch,
    Newborn,
    Stdio,
    bear,
    container_plan,
    exec_plan,
    join,
    open_namespace,
)
from pydock.runtime.logs.writer import open_log
from pydock.runtime.messages import StartContainer, StartExec
from pydock.runtime.spec import Process, Resources, Spec
from pydock.runtime.stdio_pipes import Pipes


class Birth(NamedTuple):
    """A process that was launched; a tuple, since making one touches less than making a frozen dataclass.

    Its descriptors are the caller's: its pidfd, and its terminal or the other ends of its pipes; -1 for what it does
    not have.

    Of a container also: the bundle's listening socket, its mount namespace, whether all its processes end with the
    first, when it started (nanoseconds), and its control group, "" for none.
    """

    pid: int
    pidfd: int
    terminal: int
    stdin: int
    stdout: int
    stderr: int
    server: int = -1
    mounts: int = -1
    own_pids: bool = True
    started_at: int = 0
    cgroup: str = ""


class ContainerBirth:
    """A container's first process, from its fork to its exec."""

    def __init__(self, message: StartContainer) -> None:
        """Fork it; it waits.  StepFailed or OSError where that fails.

        One that is born among another container's processes is forked when it is needed: they see it, and may do more.
        """
        self._message = message
        self._pipes = Pipes() if message.tty else Pipes(message.open_stdin, True, True)
        self._newborn = None if message.pid_namespace else self._bear()

    def await_word(self, daemon: int) -> list[tuple[bytes, list[int]]] | None:
        """Wait on the control socket until what the container needs stands ready: the requests that came before that.

        None where the start was given up, or the daemon is no more: nothing is left then, as nothing was made.
        """
        requests: list[tuple[bytes, list[int]]] = []
        text, fds = _receive(daemon)
        while text and text != channel.PROCEED:
            requests.append((text, fds))
            text, fds = _receive(daemon)
        if not text:
            if self._newborn:
                self._newborn.discard()
            self._pipes.close()
            return None
        self._newborn = self._newborn or self._bear()
        self._newborn.call(fds[0] if fds else -1)
        for descriptor in fds:
            os.close(descriptor)
        return requests

    def complete(self, daemon: int) -> tuple[Birth, list[str]]:
        """Wait for the program's exec: the process, and what the user should know; where it fails nothing is left."""
        message, newborn, pipes = self._message, self._newborn, self._pipes
        assert newborn
        try:
            while not newborn.hear():
                if newborn.grouped:
                    newborn.grouped = False
                    # the next daemon may have found nobody here; from now on it finds the listener
                    if is_gone(daemon):
                        raise StepFailed("start the container", 0, "", "the daemon has ended")
                    if newborn.doors:
                        join(newborn.doors.split(b"\n"), newborn.pid)  # that may take a while: the child goes on
                    newborn.release()
        except BaseException:
            _take_back(message, newborn, pipes)
            raise
        birth = Birth(
            newborn.pid, newborn.pidfd, newborn.terminal, pipes.stdin, pipes.stdout, pipes.stderr, newborn.listener,
            newborn.mounts, bool(message.new_namespaces & CLONE_NEWPID), time_ns(), message.cgroup,
        )  # fmt: skip
        return birth, newborn.warnings

    def _bear(self) -> Newborn:
        message, pipes, shim = self._message, self._pipes, os.getpid()
        pid_namespace = -1
        try:
            if message.pid_namespace:
                pid_namespace = open_namespace("pid", message.pid_namespace)
            newborn = bear(
                lambda parent: _prepared(lambda: _plan_container(message, pipes, shim, parent)),
                message.new_namespaces,
                pid_namespace,
            )
        except BaseException:
            pipes.close()
            raise
        finally:
            if pid_namespace >= 0:
                os.close(pid_namespace)
        pipes.close_theirs()
        return newborn


def _receive(daemon: int) -> tuple[bytes, list[int]]:
    sock = Socket(fileno=daemon)
    try:
        if sock.recv(len(channel.PROCEED) + 1, MSG_PEEK) != channel.PROCEED:
            return datagram.receive(sock)
        # the usual one, taken by what touches less of the shim's memory
        text, netns = receive_with_one(sock, len(channel.PROCEED))
        return text, [netns] if netns >= 0 else []
    except OSError:
        return b"", []
    finally:
        sock.detach()


class ExecBirth:
    """One more process of a running container on its way to its exec."""

    def __init__(self, message: StartExec, container: Birth) -> None:
        """Fork it; StepFailed or OSError where that fails."""
        self._pipes = Pipes()
        try:
            if not message.process.get("terminal"):
                self._pipes = Pipes(
                    message.open_stdin,
                    any(stream.stdout for stream in message.streams),
                    any(stream.stderr for stream in message.streams),
                )
            self._newborn = bear(lambda parent: _prepared(lambda: _plan_exec(message, container, self._pipes, parent)))
        except BaseException:
            self._pipes.close()
            raise
        self._pipes.close_theirs()

    @property
    def pid(self) -> int:
        """Its number, once it is `reborn`."""
        return self._newborn.pid

    @property
    def reborn(self) -> bool:
        """Whether the process that was forked has given its place to the one that is in the container."""
        return self._newborn.reborn

    def fileno(self) -> int:
        """What is readable when `hear` need not wait."""
        return self._newborn.fileno()

    def hear(self) -> Birth | None:
        """Take a word of it: the process, when its program runs.  StepFailed where that failed: `abandon` it then."""
        newborn, pipes = self._newborn, self._pipes
        if not newborn.hear():
            return None
        return Birth(newborn.pid, newborn.pidfd, newborn.terminal, pipes.stdin, pipes.stdout, pipes.stderr)

    def abandon(self) -> None:
        """Kill it; whoever reaps all children reaps it, too."""
        self._newborn.kill()
        self._pipes.close()


def reason(error: Exception) -> tuple[str, int, str, str]:
    """(step, errno, path, detail) of what went wrong."""
    if isinstance(error, StepFailed):
        return error.step, error.errno, error.path, error.detail
    if isinstance(error, OSError):
        return "prepare the process", error.errno or 0, str(error.filename or ""), ""
    if not isinstance(error, PydockError):
        traceback.print_exc()
    return "prepare the process", 0, "", str(error) or type(error).__name__


def set_oom_score(score: int) -> None:
    """How readily the kernel kills this process, and those it forks from now on, when memory is short; proc(5)."""
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, b"%d" % score)
    except PermissionError:
        pass  # CAP_SYS_RESOURCE is needed to be killed less readily than before
    finally:
        os.close(file)


def _take_back(message: StartContainer, newborn: Newborn, pipes: Pipes) -> None:
    """The start failed: remove what it has made."""
    newborn.discard()
    pipes.close()
    with contextlib.suppress(OSError):
        bundle.clear(message.bundle)
    with contextlib.suppress(OSError):
        os.rmdir(f"{message.bundle}/{bundle.ROOTFS}")
    with contextlib.suppress(OSError):
        if message.cgroup:
            Cgroup.at(message.cgroup).remove()


# in the child


def _prepared(plan: Callable[[], InitPlan]) -> InitPlan:
    """What `plan` gives; whatever goes wrong there is told to the daemon."""
    try:
        return plan()
    except Exception as error:
        raise StepFailed(*reason(error)) from error


def _plan_container(message: StartContainer, pipes: Pipes, shim: int, parent: Socket) -> InitPlan:
    stdio = Stdio(*pipes.theirs)
    _shed(parent, stdio)
    netns = await_call(parent)
    path = message.bundle
    bundle.clear(path)
    bundle.write_pid(path, shim)
    _check_log(message)
    mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    with bundle.listen(path) as server:
        send_listener(parent, server.fileno(), mounts)
    os.close(mounts)
    spec: Spec = bundle.read_config(path)
    cgroup = Cgroup.at(message.cgroup) if message.cgroup else None
    mountpoint = f"{path}/{bundle.ROOTFS}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(mountpoint, 0o700)
    warnings = _grouped(cgroup, spec.get("linux", {}).get("resources", {})) if cgroup else []
    tell_grouped(parent, doors(cgroup) if cgroup else [])
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
    more, plan = container_plan(launch, ExitStack())  # what it opens is closed by the exec
    for warning in (*warnings, *more):
        tell_warning(parent, warning)
    return plan


def _grouped(cgroup: Cgroup, resources: Resources) -> list[str]:
    """Make the group with its limits; warnings."""
    try:
        return cgroup.create(resources)
    except InvalidParameter as error:
        raise StepFailed("error setting cgroup config for procHooks process", 0, "", error.message) from error


def _plan_exec(message: StartExec, container: Birth, pipes: Pipes, parent: Socket) -> InitPlan:
    stdio = Stdio(*pipes.theirs)
    _shed(parent, stdio, container.pidfd)
    seccomp = _read_filter(message.seccomp_filter)
    process = cast(Process, message.process)
    cgroup = Cgroup.at(container.cgroup) if container.cgroup else None
    warnings, plan = exec_plan(ExecLaunch(process, container.pid, container.pidfd, stdio, seccomp, cgroup))
    for warning in warnings:
        tell_warning(parent, warning)
    return plan


def _shed(parent: Socket, stdio: Stdio, *kept: int) -> None:
    """Let go of what the shim has, and is not the child's."""
    signal.set_wakeup_fd(-1)  # the shim's, about to be closed
    wanted = (parent.fileno(), stdio.stdin, stdio.stdout, stdio.stderr, *kept)
    close_all_but([descriptor for descriptor in wanted if descriptor >= 0])
    restore_file_limit()


def _check_log(message: StartContainer) -> None:
    try:
        open_log(message.log).finish()
    except PydockError as error:
        raise StepFailed("initialize logging driver", detail=error.message) from error
    except OSError as error:
        raise StepFailed("initialize logging driver", detail=error.strerror or str(error)) from error


def _read_filter(path: str) -> bytes:
    if not path:
        return b""
    with open(path, "rb") as file:
        program = file.read()
    if not program:  # it would be taken for none at all
        raise StepFailed("apply the seccomp filter", path=path, detail=f"{path} is empty")
    return program


def _mount(fields: dict[str, Any]) -> Mount:
    return Mount(
        fields["type"],
        fields["source"],
        fields.get("target", "/"),
        tuple(fields.get("options", ())),
        tuple(fields.get("lowerdirs", ())),
        fields.get("subpath", ""),
    )
