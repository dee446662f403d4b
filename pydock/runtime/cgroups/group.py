"""The face of a control group: what every version can do.  `Cgroup.at` picks the version by looking."""

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator

from pydock.errors import InvalidParameter
from pydock.runtime.cgroups import files
from pydock.runtime.cgroups.layout import Layout, detect
from pydock.runtime.cgroups.stats import Stats
from pydock.runtime.spec import Resources

#: how long a removal waits for the last exit to be noticed by the kernel, in seconds
PATIENCE = 2.0
#: how long a freeze may take, in seconds
FREEZE_PATIENCE = 10.0


class Cgroup(ABC):
    """A control group by its path below the mount points, such as ``/docker/<id>``; it need not exist."""

    def __init__(self, path: str, layout: Layout) -> None:
        parts = [part for part in path.split("/") if part]
        if not parts or any(part in (".", "..") for part in parts):
            raise InvalidParameter(f"invalid cgroup path: {path!r}")
        self.path = "/" + "/".join(parts)
        self.layout = layout

    @staticmethod
    def at(path: str, layout: Layout | None = None) -> "Cgroup":
        """The group at `path` on this machine (or on `layout`)."""
        from pydock.runtime.cgroups.v1 import CgroupV1
        from pydock.runtime.cgroups.v2 import CgroupV2

        layout = layout or detect()
        return CgroupV2(path, layout) if layout.version == 2 else CgroupV1(path, layout)

    @abstractmethod
    def create(self, resources: Resources) -> list[str]:
        """Make the group and set its limits and device rules; return what this kernel could not do."""

    @abstractmethod
    def apply(self, resources: Resources) -> list[str]:
        """Set those limits that `resources` names; return what this kernel could not do."""

    @abstractmethod
    def descriptor(self) -> int:
        """The directory's descriptor for a birth into the group (v2); -1 where processes must be moved in (v1)."""

    @abstractmethod
    def freeze(self) -> None:
        """Stop every process in the group; returns when they stand still, or raises and they go on."""

    @abstractmethod
    def is_frozen(self) -> bool:
        """Whether the processes stand still; False where there is no such group."""

    @abstractmethod
    def oom_kills(self) -> int:
        """How many processes of the group the kernel has killed for want of memory."""

    @abstractmethod
    def stats(self) -> Stats:
        """One reading of all counters; zeros for controllers that the kernel lacks."""

    @abstractmethod
    def _thawing(self) -> tuple[str, str]:
        """The file that lets the processes go on, and what is to be written to it."""

    @abstractmethod
    def _directories(self) -> list[str]:
        """The group's directory in each hierarchy, the one that lists processes first."""

    def thaw(self) -> None:
        """Let the processes go on."""
        files.write(*self._thawing())

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have them stand still while the block runs; what else runs short, they go on after it."""
        path, text = self._thawing()
        with files.Held(path, os.O_WRONLY) as control:
            self.freeze()
            try:
                yield
            finally:
                with contextlib.suppress(FileNotFoundError):  # the group has ended meanwhile
                    control.write(text)

    def pids(self) -> list[int]:
        """Every process in the group and below, as this process's pid namespace counts."""
        return files.pids_below(self._directories()[0])

    def remove(self) -> None:
        """Remove the group (never its parents); fine where it is gone already."""
        for directory in self._directories():
            files.remove_tree(directory, PATIENCE)


def doors(group: Cgroup) -> list[str]:
    """The files that a process's number is written to, each in turn, to move it in."""
    return [f"{directory}/cgroup.procs" for directory in group._directories()]


def kill_all(group: Cgroup) -> None:
    """Kill every process in the group and below, those included that are being forked."""
    if group.layout.unified:
        try:
            files.write(f"{group.layout.unified}{group.path}/cgroup.kill", "1")
            return
        except FileNotFoundError:
            pass  # before Linux 5.14, or never created
    with contextlib.suppress(OSError):
        group.freeze()
    for pid in group.pids():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        group.thaw()


def remove_empty(path: str, layout: Layout | None = None) -> None:
    """Remove the group at `path` from each hierarchy where nothing is in or below it any more."""
    for directory in Cgroup.at(path, layout)._directories():
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def prime(layout: Layout | None = None) -> None:
    """Make the kernel's next moves between groups quick.

    A move waits for an RCU grace period (about 10 ms) unless one happened just before.  Called, in a thread, as soon
    as a container is likely to start: moving this process to where it is already changes nothing.
    """
    layout = layout or detect()
    controller = next((name for name in ("freezer", "pids") if name in layout.v1), "")
    mountpoint = layout.v1.get(controller, layout.unified)
    with contextlib.suppress(OSError, StopIteration):
        lines = (line.split(":", 2) for line in files.read("/proc/self/cgroup").splitlines())
        own = next(path for _, names, path in lines if controller in names.split(","))
        files.write(f"{mountpoint}{own.rstrip('/')}/cgroup.procs", str(os.getpid()))
