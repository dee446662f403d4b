"""What is read and written inside a container's root file system, each call in a worker of its own.

Used by the daemon's container service: cp (archive API), export, diff.  Everything blocks.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydock.linux.mounts import Mount
from pydock.worker.calls import JobRunner
from pydock.worker.view import read_only, wire


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
        return _path_stat(self._jobs.run("pydock.worker.archive:look", _arguments(view, path)).value)

    def read(self, view: View, path: str, target: int, begin: Callable[[PathStat], None] | None = None) -> PathStat:
        """Write a tar of `path` (a file, or a directory with all under it) to descriptor `target`.

        `begin` is told what is at `path` before the first byte is written.
        """
        with self._jobs.start("pydock.worker.archive:read", _arguments(view, path), [target]) as job:
            found = _path_stat(job.receive())
            if begin is not None:
                begin(found)
            job.receive()
        return found

    def write(
        self, view: View, path: str, source: int, options: PutOptions, begin: Callable[[], None] | None = None
    ) -> None:
        """Unpack the tar that descriptor `source` gives (compressed or not) into directory `path`.

        `begin` is called before the first byte is read; a running container that has ended is told before.
        """
        arguments = {
            **_arguments(view, path),
            "keep_directories": options.keep_directories,
            "owner": options.owner,
            "read_only": options.read_only,
            "read_only_mounts": options.read_only_mounts,
            "writable_mounts": options.writable_mounts,
        }
        with self._jobs.start("pydock.worker.archive:write", arguments, [source]) as job:
            job.receive()
            if begin is not None:
                begin()
            job.receive()

    def export(self, view: View, target: int) -> None:
        """Write a tar of the root file system alone (nothing mounted in it) to descriptor `target`.

        `view` has the mounts that `Snapshots.mounts` returns, and of a running container its process: that one's root
        is taken, as the kernel does not like to see a writable layer that is in use mounted once more.
        """
        arguments = _arguments(replace(view, mounts=tuple(read_only(mount) for mount in view.mounts)), "/")
        self._jobs.run("pydock.worker.archive:export", arguments, [target])

    def changes(self, upper: Path, lower: Sequence[Path]) -> list[Change]:
        """Return what an overlay's upper directory changes over the lower ones (the topmost first), sorted by path."""
        arguments = {"upper": str(upper), "lower": [str(path) for path in lower]}
        return [Change(path, kind) for path, kind in self._jobs.run("pydock.worker.changes:of", arguments).value]


def _arguments(view: View, path: str) -> dict[str, Any]:
    return {
        "path": path,
        "pid": view.pid,
        "start_time": view.start_time,
        "mounts": [wire(mount) for mount in view.mounts],
        "place": _place(view.mounts),
    }


def _place(mounts: Sequence[Mount]) -> str:
    """Return a directory of the engine's own for the root to be mounted on, where nobody else sees it.

    What the root is made of is not in it.
    """
    for mount in mounts[:1]:
        directories = [value for key, _, value in (o.partition("=") for o in mount.options) if key == "workdir"]
        return (*directories, *mount.lowerdirs, mount.source)[0]
    return ""


def _path_stat(value: Sequence[Any]) -> PathStat:
    name, size, mode, mtime, target = value
    return PathStat(name, size, mode, _rfc3339(mtime), target)


def _rfc3339(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    whole = datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{whole}{fraction}Z"
