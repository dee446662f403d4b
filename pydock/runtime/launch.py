"""Bring a process to life: a container's first one, or one more in a running container.

The shim and the OCI command line call this, single-threaded; both functions block until the program's exec was seen
to succeed, some milliseconds, or raise StepFailed and leave nothing behind.
"""

from dataclasses import dataclass, field

from pydock.linux.mounts import Mount
from pydock.runtime.cgroups import Cgroup
from pydock.runtime.spec import Process, Spec


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
    which the container reads one byte before it execs, -1 for none.
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


@dataclass(frozen=True, slots=True)
class ExecLaunch:
    """All that `start_exec` needs: `pidfd` and `pid` are of the container's first process."""

    process: Process
    pid: int
    pidfd: int
    stdio: Stdio = field(default_factory=Stdio)
    seccomp: bytes = b""
    cgroup: Cgroup | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """A running process, a child of the caller.  ``terminal`` is its terminal's master side, -1 for none."""

    pid: int
    pidfd: int
    terminal: int = -1
    warnings: tuple[str, ...] = ()


def start_container(launch: ContainerLaunch) -> Launched:
    """Start a container's first process; StepFailed where a step of it fails."""
    raise NotImplementedError


def start_exec(launch: ExecLaunch) -> Launched:
    """Start one more process in a running container; StepFailed where a step of it fails."""
    raise NotImplementedError
