"""Control groups of tests."""

from pathlib import Path

from pydock.runtime.cgroups import Cgroup, doors


def move_in(group: Cgroup, pid: int) -> None:
    """Move a process into a group."""
    for door in doors(group):
        Path(door).write_text(str(pid))
