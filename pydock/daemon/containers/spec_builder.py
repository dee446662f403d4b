"""From a container's record to what the runtime starts: the OCI spec, its seccomp filter, and the process of an exec.

Called by the start and by exec.  Nothing is made here but the compiled filters under ``<exec root>/seccomp``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydock.daemon.containers.record import Container
from pydock.runtime.spec import Process, Rlimit, Spec


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a start has found out that the record does not say.

    ``files``: binds (source on the host, target) that the sandbox made: /etc/hosts and its kin; a target that the user
    has mounted something on himself is passed over.  ``sources``: by a mount's target, the directory to bind where it
    is not the record's own ``source`` (`Volumes.acquire`).  ``namespaces``: "ipc" and "pid" by the path of another
    container's (``/proc/PID/ns/ipc``), for modes ``container:ID``.  ``shm``: the host's directory to bind on /dev/shm,
    for ipc modes ``shareable`` and ``container:ID``; "" for one of its own.
    """

    files: Sequence[tuple[str, str]] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)
    shm: str = ""


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What a client asks of an exec (the body of ``POST /containers/{id}/exec``)."""

    args: Sequence[str]
    env: Sequence[str] = ()
    user: str = ""
    working_dir: str = ""
    tty: bool = False
    privileged: bool = False
    console_size: tuple[int, int] = (0, 0)


class SpecBuilder:
    """Builds specs under one daemon's settings."""

    def __init__(
        self, exec_root: Path, cgroup_parent: str, default_ulimits: Mapping[str, Rlimit], seccomp_profile: str
    ) -> None:
        """`seccomp_profile`: a file, "builtin" (or "") for Docker's, "unconfined"."""
        raise NotImplementedError

    def build(self, record: Container, resolved: Resolved) -> Spec:
        """The spec to write into the bundle; `process.consoleSize` is not set."""
        raise NotImplementedError

    def seccomp_filter(self, record: Container, *, privileged: bool = False) -> str:
        """The path of the compiled filter, "" for none; `privileged`: for an exec that is.  Blocks when compiling."""
        raise NotImplementedError

    def exec_process(self, record: Container, options: ExecOptions) -> Process:
        """The OCI process of an exec."""
        raise NotImplementedError

    def cgroup_path(self, record: Container) -> str:
        """The container's control group, ``/pydock/<id>`` as a rule."""
        raise NotImplementedError
