"""To be told at once that a group has no memory left: by an eventfd in v1, by a change of a file in v2.

The daemon's `containers.memory` waits on it; that a process was killed is told by `Cgroup.oom_kills` too, at the end.
"""

import os
from typing import Protocol

from pydock.linux import inotify
from pydock.runtime.cgroups import files
from pydock.runtime.cgroups.group import Cgroup


class OomWatch(Protocol):
    """Readable when something has happened; `close` it."""

    def fileno(self) -> int: ...

    def happened(self) -> bool:
        """Whether the group has come to its limit since the last call; never blocks."""

    def close(self) -> None: ...


def watch(group: Cgroup) -> OomWatch:
    """Begin to watch; FileNotFoundError where there is no such group, or no memory controller."""
    if group.layout.version == 2:
        return _EventsFile(f"{group.layout.unified}{group.path}/memory.events")
    if "memory" not in group.layout.v1:
        raise FileNotFoundError("there is no memory controller")
    return _EventDescriptor(f"{group.layout.v1['memory']}{group.path}")


class _EventDescriptor:
    """v1: cgroups(7)'s event_control.  Already signalled where the group stands still for want of memory."""

    def __init__(self, directory: str) -> None:
        self._file = f"{directory}/memory.oom_control"
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            control = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                files.write(f"{directory}/cgroup.event_control", f"{self._descriptor} {control}")
            finally:
                os.close(control)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._descriptor

    def happened(self) -> bool:
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            return False
        return os.path.exists(self._file)  # the end of the group is told, too

    def close(self) -> None:
        os.close(self._descriptor)


class _EventsFile:
    """v2: inotify(7) tells of each change of ``memory.events``."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._kills = files.table(path).get("oom_kill", 0)
        self._instance = inotify.inotify_init()
        try:
            inotify.inotify_add_watch(self._instance, path, inotify.IN_MODIFY)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._instance

    def happened(self) -> bool:
        list(inotify.events(self._instance))
        try:
            before, self._kills = self._kills, files.table(self._path).get("oom_kill", 0)
        except OSError:
            return False
        return self._kills > before

    def close(self) -> None:
        os.close(self._instance)
