"""Bring a process to life: a container's first one, or one more in a running container.

The shim and the OCI command line call this, single-threaded; both functions block until the program's exec was seen
to succeed, some milliseconds, or raise StepFailed and leave nothing behind.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from pydock.errors import PydockError, StepFailed
from pydock.linux import namespaces as ns
from pydock.linux.mounts import Mount
from pydock.runtime import cgroups
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.init import EXEC, FAILURE, GO, READY, TERMINAL, WARNING, InitPlan, run_init
from pydock.runtime.plan import container_steps, exec_steps, missing_warning
from pydock.runtime.process_setup import SetOomScore, grant
from pydock.runtime.spec import IdMapping, Linux, Process, Spec


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
_BUFFER = 1 << 16


def start_container(launch: ContainerLaunch) -> Launched:
    """Start a container's first process; StepFailed where a step of it fails."""
    spec = launch.spec
    linux, process = spec.get("linux", {}), spec["process"]
    layout = launch.cgroup.layout if launch.cgroup else cgroups.detect()
    group = launch.cgroup.path if launch.cgroup else ""
    granted = grant(process.get("capabilities"))
    try:
        steps = container_steps(spec, launch.rootfs, launch.mountpoint, layout, group, granted, launch.seccomp)
    except PydockError as error:
        raise StepFailed("read the container's configuration", detail=error.message) from error
    with ExitStack() as opened:
        flags, joins, pid_namespace = _namespaces(linux, launch.netns, opened)
        plan = InitPlan(
            steps=tuple(steps),
            args=tuple(process["args"]),
            env=tuple(process.get("env", ())),
            stdio=(launch.stdio.stdin, launch.stdio.stdout, launch.stdio.stderr),
            joins=joins,
            hold=bool(flags & ns.CLONE_NEWUSER) or launch.on_born is not None,
            maps=bool(flags & ns.CLONE_NEWUSER),
            gate=launch.gate,
            preserve=launch.preserve,
            supervise=launch.init,
        )
        maps = (linux.get("uidMappings", []), linux.get("gidMappings", [])) if plan.maps else None

        def born(pid: int) -> None:
            if maps:
                _write_maps(pid, maps)
            if launch.on_born:
                launch.on_born(pid)

        return _launch(plan, flags, pid_namespace, launch.cgroup, missing_warning(granted), born)


def start_exec(launch: ExecLaunch) -> Launched:
    """Start one more process in a running container; StepFailed where a step of it fails."""
    granted = grant(launch.process.get("capabilities"))
    kinds = ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWNET | ns.CLONE_NEWCGROUP
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
        preserve=launch.preserve,
    )
    return _launch(plan, 0, launch.pidfd, launch.cgroup, missing_warning(granted), lambda pid: None)


def _namespaces(linux: Linux, netns: int, opened: ExitStack) -> tuple[int, tuple[tuple[int, int], ...], int]:
    """(clone flags, namespaces to join in the child, pid namespace to be born in or -1)."""
    flags, pid_namespace = 0, -1
    joins: list[tuple[int, int]] = []
    for namespace in linux.get("namespaces", []):
        kind = _KINDS.get(namespace["type"])
        if kind is None:
            raise StepFailed("read the container's configuration", detail=f"unknown namespace: {namespace['type']}")
        path = namespace.get("path", "")
        if namespace["type"] == "network" and netns >= 0:
            continue
        if not path:
            # the cgroup namespace is entered by a step, once the process is in its group
            flags |= 0 if kind == ns.CLONE_NEWCGROUP else kind
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise StepFailed(f"open the {namespace['type']} namespace", error.errno or 0, path) from error
        opened.callback(os.close, descriptor)
        if kind == ns.CLONE_NEWPID:
            pid_namespace = descriptor
        elif kind == ns.CLONE_NEWUSER:
            joins.insert(0, (descriptor, kind))
        else:
            joins.append((descriptor, kind))
    if netns >= 0:
        joins.append((netns, ns.CLONE_NEWNET))
    return flags, tuple(joins), pid_namespace


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
        raise StepFailed("find the container's process", error.errno or 0, f"/proc/{pid}/ns/{kind}") from error


def _launch(
    plan: InitPlan,
    flags: int,
    pid_namespace: int,
    cgroup: Cgroup | None,
    warnings: list[str],
    born: Callable[[int], None],
) -> Launched:
    parent, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with parent:
        with child:
            directory = cgroup.descriptor() if cgroup else -1
            try:
                pid, pidfd = _fork(flags, pid_namespace, directory)
            except OSError as error:
                raise StepFailed("fork the container's process", error.errno or 0) from error
            finally:
                if directory >= 0:
                    os.close(directory)
            if pid == 0:
                parent.close()
                run_init(plan, child)
        try:
            if cgroup and directory < 0:
                _join(cgroup, pid)
            born(pid)
            try:
                parent.send(GO)
            except OSError:
                pass  # it has failed already: what it said about it is read next
            terminal = _listen(parent, warnings)
        except BaseException:
            _discard(pidfd)
            raise
    return Launched(pid, pidfd, terminal, tuple(warnings))


def _fork(flags: int, pid_namespace: int, cgroup: int) -> tuple[int, int]:
    if pid_namespace < 0:
        return ns.fork_into(flags, cgroup)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        ns.setns(pid_namespace, ns.CLONE_NEWPID)
        try:
            pid, pidfd = ns.fork_into(flags, cgroup)
        except BaseException:
            ns.setns(own, ns.CLONE_NEWPID)
            raise
        if pid:
            ns.setns(own, ns.CLONE_NEWPID)
        return pid, pidfd
    finally:
        os.close(own)


def _join(cgroup: Cgroup, pid: int) -> None:
    try:
        cgroup.add(pid)
    except ProcessLookupError:
        pass  # it has failed already: what it said about it is read next
    except OSError as error:
        raise StepFailed("join the control group", error.errno or 0, str(error.filename or cgroup.path)) from error


def _write_maps(pid: int, maps: tuple[list[IdMapping], list[IdMapping]]) -> None:
    for file, mappings in zip(("uid_map", "gid_map"), maps, strict=True):
        lines = "".join(f"{entry['containerID']} {entry['hostID']} {entry['size']}\n" for entry in mappings)
        try:
            with open(f"/proc/{pid}/{file}", "w", encoding="ascii") as target:
                target.write(lines)
        except OSError as error:
            raise StepFailed("map ids", error.errno or 0, f"/proc/{pid}/{file}") from error


def _listen(channel: socket.socket, warnings: list[str]) -> int:
    """Hear the child out until its exec closes the channel; returns its terminal, -1 for none."""
    terminal, about_to_exec = -1, False
    try:
        while True:
            try:
                message, ancillary, _, _ = channel.recvmsg(_BUFFER, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
            except ConnectionResetError:
                continue  # told once where the child ended without reading our word; what it said before is still there
            if not message:
                break
            kind, body = message[:1], message[1:]
            if kind == TERMINAL:
                terminal = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
            elif kind == WARNING:
                warnings.append(os.fsdecode(body))
            elif kind == READY:
                return terminal
            elif kind == EXEC:
                about_to_exec = True
            elif kind == FAILURE:
                step, number, path, detail = (os.fsdecode(text) for text in body.split(b"\0"))
                raise StepFailed(step, int(number), path, detail)
        if not about_to_exec:
            raise StepFailed("set up the process", 0, "", "it was killed on the way")
    except BaseException:
        if terminal >= 0:
            os.close(terminal)
        raise
    return terminal


def _discard(pidfd: int) -> None:
    """Kill the child, whatever it is doing, and reap it."""
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    except (ProcessLookupError, ChildProcessError):
        pass
    finally:
        os.close(pidfd)
