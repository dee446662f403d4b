"""A root file system as a worker sees it: a running container's own, or mounts made in a namespace of the worker's.

Called by the jobs of `archive` and `init_layer`, in a forked process of one thread.
"""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydock.errors import Conflict
from pydock.linux import mount as m
from pydock.linux.inside import open_target
from pydock.linux.mounting import file_system, make_tree
from pydock.linux.mounts import Mount
from pydock.linux.namespaces import CLONE_NEWNS, setns, unshare

#: file systems that show the kernel's own affairs
_KERNELS_OWN = frozenset(
    (b"proc", b"sysfs", b"cgroup", b"cgroup2", b"debugfs", b"tracefs", b"securityfs", b"bpf", b"binfmt_misc", b"nsfs")
)
_ESCAPE = re.compile(rb"\\([0-7]{3})")
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def wire(mount: Mount) -> dict[str, Any]:
    """Return a mount as JSON values."""
    return {
        "type": mount.type,
        "source": mount.source,
        "target": mount.target,
        "options": mount.options,
        "lowerdirs": mount.lowerdirs,
        "subpath": mount.subpath,
    }


def of(value: Mapping[str, Any]) -> Mount:
    """Return the mount that `wire` made JSON values of."""
    return Mount(
        value["type"],
        value["source"],
        value["target"],
        tuple(value["options"]),
        tuple(value["lowerdirs"]),
        value.get("subpath", ""),
    )


def read_only(mount: Mount) -> Mount:
    """An overlay with its upper directory as the topmost lower one: that may be mounted beside others."""
    upper = [option.removeprefix("upperdir=") for option in mount.options if option.startswith("upperdir=")]
    options = tuple(option for option in mount.options if not option.startswith(("upperdir=", "workdir=")))
    return replace(mount, options=("ro", *options), lowerdirs=(*upper, *mount.lowerdirs)) if upper else mount


def make(mounts: Sequence[Mount], place: str, reading: bool = False) -> int:
    """Leave the host's mounts, make `mounts` (the root's first) with the root on directory `place`; return the root.

    Mount points that are missing in the root are made, as they are for a container that starts; for who is `reading`
    they are made aside, and the root is not mounted to be written: the container may be started meanwhile.
    """
    unshare(CLONE_NEWNS)
    m.mount("", "/", "", m.MS_REC | m.MS_PRIVATE)
    first, *others = mounts
    if reading and first.type == "overlay":
        first = _over(first, place)
    point = os.open(place, _DIRECTORY)
    tree = make_tree(first, place)
    m.move_mount(tree, point)
    for mount in others:
        sub = make_tree(mount, place)
        is_directory = stat.S_ISDIR(os.fstat(sub).st_mode)
        m.move_mount(sub, open_target(tree, mount.target, directory=is_directory))
    _disable_devices(tree)
    return tree


def _over(root: Mount, place: str) -> Mount:
    """The overlay `root` with nothing but mount points in what is over it, in memory, mounted on directory `place`."""
    m.move_mount(file_system("tmpfs", "tmpfs", (), 0), os.open(place, _DIRECTORY))
    shown = read_only(root)
    top = os.stat(shown.lowerdirs[0])
    upper, work = f"{place}/upper", f"{place}/work"
    os.mkdir(upper)
    os.mkdir(work)
    os.chown(upper, top.st_uid, top.st_gid)
    os.chmod(upper, stat.S_IMODE(top.st_mode))
    os.utime(upper, ns=(top.st_atime_ns, top.st_mtime_ns))
    options = tuple(option for option in shown.options if option != "ro")
    return replace(shown, options=(*options, f"upperdir={upper}", f"workdir={work}"))


def join(pid: int, start_time: int) -> int:
    """Enter a copy of the mount namespace of process `pid`, if that still is the one started at `start_time`; its root.

    What the kernel shows of itself is not mounted in the copy, and no /dev: a container that may see the host's
    processes could lead us out through their magic links.
    """
    proc = os.open("/proc", _DIRECTORY)
    _enter_copy(pid, start_time)
    # the file is our host's /proc, which says what this process has mounted wherever it is
    descriptor = os.open("self/mountinfo", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    with open(descriptor, "rb") as file:
        lines = file.read().splitlines()
    for number, point in _hidden(lines):
        if _is_on_top(proc, number, point):
            m.umount2(point, m.MNT_DETACH | m.UMOUNT_NOFOLLOW)
    root = os.open("/", _DIRECTORY)
    _disable_devices(root)
    return root


def join_root(pid: int, start_time: int) -> int:
    """Enter a copy of the mount namespace of that process; return its root alone, with nothing mounted in it."""
    _enter_copy(pid, start_time)
    root = m.open_tree(os.open("/", _DIRECTORY), "", m.OPEN_TREE_CLONE | m.AT_EMPTY_PATH)
    _disable_devices(root)
    return root


def _disable_devices(root: int) -> None:
    """Have no device opened below: one may take a file's place between look and open, and no group forbids it here."""
    m.mount_setattr(root, set_=m.MOUNT_ATTR_NODEV, flags=m.AT_RECURSIVE)


def _enter_copy(pid: int, start_time: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
        if start_time and started(pid) != start_time:
            raise ProcessLookupError
        setns(pidfd, CLONE_NEWNS)
    except (ProcessLookupError, FileNotFoundError) as error:
        raise Conflict("the container has stopped meanwhile") from error
    unshare(CLONE_NEWNS)
    m.mount("", "/", "", m.MS_REC | m.MS_PRIVATE)


def _hidden(lines: Sequence[bytes]) -> list[tuple[int, str]]:
    """Return the mounts that a copy has no use for, the latest first: what lies on top goes first (proc(5)).

    Each as its number and its mount point.
    """
    found = []
    for line in lines:
        words = line.split(b" ")
        kind = words[words.index(b"-") + 1]
        if kind in _KERNELS_OWN or words[4] == b"/dev":
            point = os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), words[4]))
            found.append((int(words[0]), point))
    return [mount for mount in reversed(found) if mount[1] == "/dev" or not mount[1].startswith("/dev/")]


def _is_on_top(proc: int, number: int, point: str) -> bool:
    """Whether `point` shows mount `number`: what another covers is out of sight, and its cover is to stay."""
    try:
        found = os.open(point, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        with open(os.open(f"self/fdinfo/{found}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc), "rb") as file:
            return b"mnt_id:\t%d\n" % number in file.read()
    finally:
        os.close(found)


def started(pid: int) -> int:
    """Return when process `pid` started, in clock ticks since boot (field 22 of /proc/PID/stat)."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])
