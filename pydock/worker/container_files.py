"""What is read and written inside a container's root file system, each call in a worker of its own.

Used by the daemon's container service: cp (archive API), export, diff.  Everything blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydock.linux.mounts import Mount
from pydock.worker.calls import JobRunner


@dataclass(frozen=True, slots=True)
class View:
    """A container's root file system as a worker is to see it.

    Of a running container: ``pid`` of its init, whose mount namespace is entered (checked by ``start_time``, field 22
    of /proc/PID/stat, where that is not 0).  Of another: ``mounts``, the root's first, volumes and binds after it, are
    made in a namespace of the worker's own.
    """

    pid: int = 0
    start_time: int = 0
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class PathStat:
    """A path inside a container, as ``X-Docker-Container-Path-Stat`` has it; ``mode`` in Go's os.FileMode bits."""

    name: str
    size: int
    mode: int
    mtime: str
    link_target: str

    def wire(self) -> dict[str, Any]:
        """Return it as the header's JSON object."""
        return {
            "name": self.name,
            "size": self.size,
            "mode": self.mode,
            "mtime": self.mtime,
            "linkTarget": self.link_target,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One path of `docker diff`; ``kind`` 0 modified, 1 added, 2 deleted."""

    path: str
    kind: int


@dataclass(frozen=True, slots=True)
class PutOptions:
    """How an uploaded tar is put into a container's directory.

    ``keep_directories``: refuse to replace a directory by another kind of file and the reverse
    (``noOverwriteDirNonDir``); ``owner``: (uid, gid) given to all that is written, None for the tar's own.
    ``read_only``: the container's root is read-only, so refuse unless the path is on a writable mount.
    """

    keep_directories: bool = False
    owner: tuple[int, int] | None = None
    read_only: bool = False
    #: mount points inside the container that are read-only, and those that are not
    read_only_mounts: tuple[str, ...] = field(default=())
    writable_mounts: tuple[str, ...] = field(default=())


class ContainerFiles:
    """The calls; each starts one worker."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs

    def stat(self, view: View, path: str) -> PathStat:
        """Return what is at `path`; NotFound where nothing is."""
        raise NotImplementedError

    def read(self, view: View, path: str, target: int) -> PathStat:
        """Write a tar of `path` (a file, or a directory with all under it) to descriptor `target`."""
        raise NotImplementedError

    def write(self, view: View, path: str, source: int, options: PutOptions) -> None:
        """Unpack the tar that descriptor `source` gives (compressed or not) into directory `path`."""
        raise NotImplementedError

    def export(self, mounts: Sequence[Mount], target: int) -> None:
        """Write a tar of the root file system alone (nothing mounted in it) to descriptor `target`.

        `mounts` as `Snapshots.mounts` returns them; right for a running container too.
        """
        raise NotImplementedError

    def changes(self, upper: Path, lower: Sequence[Path]) -> list[Change]:
        """Return what an overlay's upper directory changes over the lower ones (the topmost first), sorted by path."""
        raise NotImplementedError
