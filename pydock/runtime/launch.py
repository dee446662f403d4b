"""Bring a process to life: a container's first one, or one more in a running container.

The OCI command line calls `start_container` and `start_exec`, which block until the program's exec was seen to succeed,
some milliseconds, or raise StepFailed and leave nothing behind.  The shim goes by `bear`: its children plan for
themselves, so that it stays small.  All callers are single-threaded.
"""

import errno
import os
import signal
import sys
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET
from _socket import socket as Socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from pydock.errors import PydockError, StepFailed
from pydock.linux import datagram
from pydock.linux import namespaces as ns
from pydock.linux.mounts import Mount
from pydock.linux.process import erase_arguments
from pydock.runtime import cgroups
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.cgroups.v2 import group_for_exec
from pydock.runtime.init import (
    EXEC,
    FAILURE,
    GO,
    GROUPED,
    LISTENER,
    READY,
    REBORN,
    TERMINAL,
    WARNING,
    InitPlan,
    run_init,
)
from pydock.runtime.plan import container_steps, exec_steps, missing_warning
from pydock.runtime.process_setup import SetOomScore, grant
from pydock.runtime.spec import IdMapping, Namespace, Process, Spec


@dataclass(frozen=True, slots=True)
class Stdio:
    """Descriptors that become 0, 1 and 2 of the new process; not used where the process wants a terminal."""

    stdin: int = -1
    stdout: int = -1
    stderr: int = -1


@dataclass(frozen=True, slots=True)
class ContainerLaunch:
    """All that `start_container` needs.

    ``mountpoint``: an empty directory that the root is mounted on, in the container's own mount namespace.
    ``rootfs``: the mounts that make the root.  ``seccomp``: a compiled program, b"" for none.  ``netns``: a network
    namespace to join, -1 to go by the spec.  ``init``: PID 1 reaps and forwards signals.  ``gate``: a descriptor from
    which the container reads one byte before it execs, -1 for none; with a gate the launch ends when the container
    waits there.  ``preserve``: how many descriptors from 3 on the program keeps.  ``on_born``: called with the pid when
    the process and its namespaces exist and nothing else has been done.
    ``cgroup``: already created with its limits, None to stay in the caller's.
    """

    spec: Spec
    mountpoint: str
    rootfs: tuple[Mount, ...]
    stdio: Stdio = field(default_factory=Stdio)
    seccomp: bytes = b""
    cgroup: Cgroup | None = None
    netns: int = -1
    init: bool = False
    gate: int = -1
    preserve: int = 0
    on_born: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class ExecLaunch:
    """All that `start_exec` needs: `pidfd` and `pid` are of the container's first process."""

    process: Process
    pid: int
    pidfd: int
    stdio: Stdio = field(default_factory=Stdio)
    seccomp: bytes = b""
    cgroup: Cgroup | None = None
    preserve: int = 0


@dataclass(frozen=True, slots=True)
class Launched:
    """A running process, a child of the caller.  ``terminal`` is its terminal's master side, -1 for none."""

    pid: int
    pidfd: int
    terminal: int = -1
    warnings: tuple[str, ...] = ()


#: what OCI calls each kind of namespace
_KINDS = {
    "pid": ns.CLONE_NEWPID,
    "network": ns.CLONE_NEWNET,
    "mount": ns.CLONE_NEWNS,
    "ipc": ns.CLONE_NEWIPC,
    "uts": ns.CLONE_NEWUTS,
    "user": ns.CLONE_NEWUSER,
    "cgroup": ns.CLONE_NEWCGROUP,
    "time": ns.CLONE_NEWTIME,
}
_READING: Final = "read the container's configuration"
#: the longest message of a child and the room for its descriptors
_BUFFER, _ROOM = 1 << 16, CMSG_SPACE(8)
_CLOEXEC = int(MSG_CMSG_CLOEXEC)


def start_container(launch: ContainerLaunch) -> Launched:
    """Start a container's first process; StepFailed where a step of it fails."""
    linux = launch.spec.get("linux", {})
    with ExitStack() as opened:
        flags, pid_path = birthplace(linux.get("namespaces", []), joins_network=launch.netns >= 0)
        pid_namespace = -1
        if pid_path:
            pid_namespace = open_namespace("pid", pid_path)
            opened.callback(os.close, pid_namespace)
        warnings, plan = container_plan(launch, opened)
        maps = (linux.get("uidMappings", []), linux.get("gidMappings", [])) if plan.maps else None

        def born(pid: int) -> None:
            if maps:
                _write_maps(pid, maps)
            if launch.on_born:
                launch.on_born(pid)

        return _launch(plan, flags, pid_namespace, launch.cgroup, warnings, born)


def start_exec(launch: ExecLaunch) -> Launched:
    """Start one more process in a running container; StepFailed where a step of it fails."""
    warnings, plan = exec_plan(launch)
    return _launch(plan, 0, -1, None, warnings, lambda pid: None)


def container_plan(launch: ContainerLaunch, opened: ExitStack) -> tuple[list[str], InitPlan]:
    """What the user should know, and what the first process does.

    The namespaces that it joins are open until `opened` closes.
    """
    spec = launch.spec
    linux, process = spec.get("linux", {}), spec["process"]
    layout = launch.cgroup.layout if launch.cgroup else cgroups.detect()
    group = launch.cgroup.path if launch.cgroup else ""
    granted = grant(process.get("capabilities"))
    try:
        steps = container_steps(spec, launch.rootfs, launch.mountpoint, layout, group, granted, launch.seccomp)
    except PydockError as error:
        raise StepFailed(_READING, detail=error.message) from error
    spaces = linux.get("namespaces", [])
    own_users = any(space["type"] == "user" and not space.get("path") for space in spaces)
    plan = InitPlan(
        steps=tuple(steps),
        args=tuple(process["args"]),
        env=tuple(process.get("env", ())),
        stdio=(launch.stdio.stdin, launch.stdio.stdout, launch.stdio.stderr),
        joins=_joins(spaces, launch.netns, opened),
        hold=own_users or launch.on_born is not None,
        maps=own_users,
        gate=launch.gate,
        preserve=launch.preserve,
        supervise=launch.init,
    )
    return missing_warning(granted), plan


def exec_plan(launch: ExecLaunch) -> tuple[list[str], InitPlan]:
    """What the user should know, and what one more process does."""
    granted = grant(launch.process.get("capabilities"))
    kinds = ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWNET | ns.CLONE_NEWCGROUP | ns.CLONE_NEWPID
    if _differs(launch.pid, "user"):
        kinds |= ns.CLONE_NEWUSER
    plan = InitPlan(
        steps=tuple(exec_steps(launch.process, granted, launch.seccomp)),
        args=tuple(launch.process["args"]),
        env=tuple(launch.process.get("env", ())),
        stdio=(launch.stdio.stdin, launch.stdio.stdout, launch.stdio.stderr),
        # the shim, which it would take after, is spared by the kernel longer than any container
        early=(SetOomScore(launch.process.get("oomScoreAdj", _oom_score(launch.pid))),),
        joins=((launch.pidfd, kinds),),
        reborn=True,
        group=group_for_exec(launch.cgroup, launch.pid) if launch.cgroup else None,
        preserve=launch.preserve,
    )
    return missing_warning(granted), plan


def birthplace(namespaces: Sequence[Namespace], *, joins_network: bool) -> tuple[int, str]:
    """(clone(2)'s flags, the path of a pid namespace or "") for the birth of a container's first process."""
    flags, pid_namespace = 0, ""
    for namespace in namespaces:
        kind, path = _kind(namespace), namespace.get("path", "")
        if kind == ns.CLONE_NEWPID and path:
            pid_namespace = path
        # the cgroup namespace is entered by a step, once the process is in its group
        elif not path and kind != ns.CLONE_NEWCGROUP and not (kind == ns.CLONE_NEWNET and joins_network):
            flags |= kind
    return flags, pid_namespace


def _joins(namespaces: Sequence[Namespace], netns: int, opened: ExitStack) -> tuple[tuple[int, int], ...]:
    """The namespaces that the first process joins once it is born: (descriptor, kind)."""
    joins: list[tuple[int, int]] = []
    for namespace in namespaces:
        kind = _kind(namespace)
        if not namespace.get("path") or kind == ns.CLONE_NEWPID or (kind == ns.CLONE_NEWNET and netns >= 0):
            continue
        place = 0 if kind == ns.CLONE_NEWUSER else len(joins)
        descriptor = open_namespace(namespace["type"], namespace.get("path", ""))
        opened.callback(os.close, descriptor)
        joins.insert(place, (descriptor, kind))
    if netns >= 0:
        joins.append((netns, ns.CLONE_NEWNET))
    return tuple(joins)


def _kind(namespace: Namespace) -> int:
    kind = _KINDS.get(namespace["type"])
    if kind is None:
        raise StepFailed(_READING, detail=f"unknown namespace: {namespace['type']}")
    return kind


def open_namespace(kind: str, path: str) -> int:
    """A descriptor of the namespace at `path`."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StepFailed(f"open the {kind} namespace", error.errno or 0, path) from error


def _oom_score(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0  # it is gone: joining its namespaces says so


def _differs(pid: int, kind: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")
    except OSError as error:
        number = errno.ESRCH if error.errno == errno.ENOENT else error.errno or 0
        raise StepFailed("find the container's process", number, f"/proc/{pid}/ns/{kind}") from error


class Newborn:
    """A child of the caller between its birth and its exec: `hear` what it says until that is all.

    ``reborn``: another process has taken its place, whose ``pid`` and ``pidfd`` it has since then.
    ``grouped``: its control group has been made, too; to move it in, its number is to be written to the ``doors``, one
    path a line.  ``terminal`` is its terminal's master side, ``listener`` a socket that was made on the way, ``mounts``
    its mount namespace: -1 for none, all the caller's from then on.
    """

    def __init__(self, pid: int, pidfd: int, channel: Socket) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.terminal = -1
        self.listener = -1
        self.mounts = -1
        self.reborn = False
        self.grouped = False
        self.doors = b""
        self.warnings: list[str] = []
        self._channel = channel
        self._about_to_exec = False

    def fileno(self) -> int:
        """What is readable when `hear` need not wait."""
        return self._channel.fileno()

    def call(self, netns: int) -> None:
        """Have one that waits for this prepare itself, to join the network namespace (-1 for none)."""
        rights = [(SOL_SOCKET, SCM_RIGHTS, netns.to_bytes(4, sys.byteorder))] if netns >= 0 else []
        try:
            self._channel.sendmsg([GO], rights)
        except OSError:
            pass  # it has failed already: what it said about it is heard next

    def release(self) -> None:
        """Let it go on beyond what it awaits: it is in its group, its ids are mapped."""
        try:
            self._channel.send(GO)
        except OSError:
            pass  # it has failed already: what it said about it is heard next

    def hear(self) -> bool:
        """Take one message; True when its program runs, or waits at the gate.  StepFailed where it failed."""
        try:
            message, ancillary, _, _ = self._channel.recvmsg(_BUFFER, _ROOM, _CLOEXEC)
        except ConnectionResetError:
            return False  # told once where the child ended without reading our word; what it said before is still there
        kind, body = message[:1], message[1:]
        if kind == TERMINAL:
            self.terminal = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
        elif kind == LISTENER:
            self.listener = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
            self.mounts = int.from_bytes(ancillary[0][2][4:8], sys.byteorder)
        elif kind == REBORN:
            os.close(self.pidfd)
            self.pid = int.from_bytes(body, sys.byteorder)
            self.pidfd = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
            self.reborn = True
        elif kind == GROUPED:
            self.grouped, self.doors = True, body
        elif kind == WARNING:
            self.warnings.append(os.fsdecode(body))
        elif kind == EXEC:
            self._about_to_exec = True
        elif kind == FAILURE:
            step, number, path, detail = (os.fsdecode(text) for text in body.split(b"\0"))
            raise StepFailed(step, int(number), path, detail)
        elif not kind and not self._about_to_exec:
            raise StepFailed("set up the process", 0, "", "it was killed on the way")
        if kind and kind != READY:
            return False
        self._channel.close()
        return True

    def kill(self) -> None:
        """Kill it, whatever it is doing, and close all that there is of it.  It is still to be reaped."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._channel.close()
        for descriptor in (self.pidfd, self.terminal, self.listener, self.mounts):
            if descriptor >= 0:
                os.close(descriptor)

    def discard(self) -> None:
        """Kill it, and reap it."""
        self.kill()
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass


def bear(
    prepare: Callable[[Socket], InitPlan], flags: int = 0, pid_namespace: int = -1, directory: int = -1
) -> Newborn:
    """Fork a child that becomes what it `prepare`s, in new namespaces (clone(2)'s `flags`).

    -1 where it is not born in a pid namespace, nor in a cgroup v2's directory.
    """
    parent, child = datagram.bare_pair()
    try:
        pid, pidfd = _fork(flags, pid_namespace, directory)
    except OSError as error:
        parent.close()
        child.close()
        raise StepFailed("fork the container's process", error.errno or 0) from error
    if pid == 0:
        parent.close()
        run_init(prepare, child)
    child.close()
    return Newborn(pid, pidfd, parent)


def _launch(
    plan: InitPlan,
    flags: int,
    pid_namespace: int,
    cgroup: Cgroup | None,
    warnings: list[str],
    born: Callable[[int], None],
) -> Launched:
    directory = cgroup.descriptor() if cgroup else -1
    try:
        newborn = bear(lambda _: _unseen(plan), flags, pid_namespace, directory)
    finally:
        if directory >= 0:
            os.close(directory)
    try:
        if cgroup and directory < 0:
            join(cgroups.doors(cgroup), newborn.pid)
        born(newborn.pid)
        newborn.release()
        while not newborn.hear():
            pass
    except BaseException:
        newborn.discard()
        raise
    return Launched(newborn.pid, newborn.pidfd, newborn.terminal, (*warnings, *newborn.warnings))


def _unseen(plan: InitPlan) -> InitPlan:
    """The child's plan; who sees it in the container before it execs does not see what the caller was told."""
    erase_arguments()
    return plan


def _fork(flags: int, pid_namespace: int, directory: int) -> tuple[int, int]:
    if pid_namespace < 0:
        return ns.fork_into(flags, directory)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        ns.setns(pid_namespace, ns.CLONE_NEWPID)
        try:
            pid, pidfd = ns.fork_into(flags, directory)
        except BaseException:
            ns.setns(own, ns.CLONE_NEWPID)
            raise
        if pid:
            ns.setns(own, ns.CLONE_NEWPID)
        return pid, pidfd
    finally:
        os.close(own)


def join(doors: Sequence[str | bytes], pid: int) -> None:
    """Move a newborn process into its group, by the files that `cgroups.doors` tells."""
    for door in doors:
        try:
            file = os.open(door, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(file, b"%d" % pid)
            finally:
                os.close(file)
        except ProcessLookupError:
            return  # it has failed already: what it said about it is read next
        except OSError as error:
            raise StepFailed("join the control group", error.errno or 0, os.fsdecode(door)) from error


def _write_maps(pid: int, maps: tuple[list[IdMapping], list[IdMapping]]) -> None:
    for file, mappings in zip(("uid_map", "gid_map"), maps, strict=True):
        lines = "".join(f"{entry['containerID']} {entry['hostID']} {entry['size']}\n" for entry in mappings)
        try:
            with open(f"/proc/{pid}/{file}", "w", encoding="ascii") as target:
                target.write(lines)
        except OSError as error:
            raise StepFailed("map ids", error.errno or 0, f"/proc/{pid}/{file}") from error
