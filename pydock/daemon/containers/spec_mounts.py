"""A container's mounts as the OCI spec has them, in the order in which they are made.  Pure.

First what every container has, less what the user mounts himself, then his own, the shallow before the deep, then the
files that the engine keeps (/etc/hosts and its kin).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydock.daemon.containers.host_mounts import check_propagation
from pydock.daemon.containers.mount_rules import PROPAGATIONS
from pydock.daemon.containers.record import Container, MountPoint
from pydock.errors import InvalidParameter
from pydock.runtime.spec import Mount

_STRICT = ("nosuid", "noexec", "nodev")
#: (target, type, source, options)
_STANDARD: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("/proc", "proc", "proc", _STRICT),
    ("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    ("/dev/pts", "devpts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")),
    ("/sys", "sysfs", "sysfs", (*_STRICT, "ro")),
    ("/sys/fs/cgroup", "cgroup", "cgroup", ("ro", *_STRICT)),
    ("/dev/mqueue", "mqueue", "mqueue", _STRICT),
    ("/dev/shm", "tmpfs", "shm", (*_STRICT, "mode=1777")),
)
#: of these even a read-only container needs what it may write
_WRITABLE = frozenset({"/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"})
#: what a tmpfs can be told beside flags; tmpfs(5)
_TMPFS_DATA = frozenset({"gid", "mode", "mpol", "nr_blocks", "nr_inodes", "size", "uid"})
#: the flags that it can be told; mount(8)
_TMPFS_FLAGS = frozenset({
    "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "mand", "noatime", "nodev",
    "nodiratime", "noexec", "nomand", "norelatime", "nostrictatime", "nosuid", "rbind", "relatime", "remount", "ro",
    "runbindable", "rw", "strictatime", "suid", "sync", "unbindable", *PROPAGATIONS,
})  # fmt: skip
#: pairs of flags of which the later wins
_OPPOSITES = {
    "ro": "rw", "rw": "ro", "exec": "noexec", "noexec": "exec", "suid": "nosuid", "nosuid": "suid", "dev": "nodev",
    "nodev": "dev",
}  # fmt: skip


def build(
    record: Container,
    files: Iterable[tuple[str, str]],
    sources: Mapping[str, str],
    shm: str,
    writable_cgroups: bool | None,
) -> tuple[list[Mount], str]:
    """All mounts, and the root's propagation ("" for the default)."""
    host = record.host_config
    own, propagation = _own(record, sources)
    targets = {mount["destination"] for mount in own}
    mounts = _standard(host, targets, shm, writable_cgroups)
    own.sort(key=lambda mount: mount["destination"].count("/"))
    mode = "ro" if host["ReadonlyRootfs"] else "rw"
    kept: list[Mount] = [
        {"destination": target, "type": "bind", "source": source, "options": ["rbind", "rprivate", mode]}
        for source, target in files
        if target not in targets
    ]
    return [*mounts, *own, *kept], propagation


def _standard(host: Mapping[str, Any], targets: set[str], shm: str, writable_cgroups: bool | None) -> list[Mount]:
    privileged = bool(host["Privileged"])
    if writable_cgroups is None:
        writable_cgroups = privileged
    mounts: list[Mount] = []
    for target, kind, source, options in _STANDARD:
        if target in targets or ("/dev" in targets and target.startswith("/dev/")):
            continue
        words = list(options)
        if target == "/dev/shm":
            if host["IpcMode"] == "none":
                continue
            if host["IpcMode"] == "host" or shm:
                mounts.append(_bind(shm or "/dev/shm", target, ["rbind", "rprivate"]))
                continue
            words.append(f"size={host['ShmSize']}")
        if (target == "/sys" and privileged) or (target == "/sys/fs/cgroup" and writable_cgroups):
            words.remove("ro")
        elif host["ReadonlyRootfs"] and target not in _WRITABLE and "ro" not in words:
            words.append("ro")
        mounts.append({"destination": target, "type": kind, "source": source, "options": words})
    return mounts


def _own(record: Container, sources: Mapping[str, str]) -> tuple[list[Mount], str]:
    mounts: list[Mount] = []
    propagation = ""
    temporary = dict(record.host_config.get("Tmpfs") or {})
    for target, options in temporary.items():
        mounts.append(_tmpfs(target, options.split(",") if options else []))
    for point in record.mounts:
        if point.target in temporary or point.kind == "image":
            continue
        if point.kind == "tmpfs":
            mounts.append(_tmpfs(point.target, list(point.options.get("Options") or ())))
            continue
        if point.options.get("Propagation") or point.propagation in point.mode.split(","):
            # what the engine chose itself, for binds that show its own root, need not be possible
            check_propagation(point.source, point.propagation)
        mounts.append(_bind(sources.get(point.target, point.source), point.target, _bind_options(point)))
        if point.propagation in ("shared", "rshared"):
            propagation = "shared"
        elif point.propagation in ("slave", "rslave") and not propagation:
            propagation = "rslave"
    return mounts, propagation


def _bind(source: str, target: str, options: list[str]) -> Mount:
    return {"destination": target, "type": "bind", "source": source, "options": options}


def _bind_options(point: MountPoint) -> list[str]:
    options = point.options if point.kind == "bind" else {}
    words = ["bind" if options.get("NonRecursive") else "rbind"]
    if not point.writable:
        words.append("ro" if options.get("ReadOnlyNonRecursive") else "rro")
    if point.propagation:
        words.append(point.propagation)
    return words


def _tmpfs(target: str, options: list[str]) -> Mount:
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": merge_tmpfs(options)}


def merge_tmpfs(options: Iterable[str]) -> list[str]:
    """Docker's defaults and `options`; of two that contradict each other the later counts."""
    merged: dict[str, str] = {}
    for word in ("noexec", "nosuid", "nodev", "rprivate", *options):
        key = "propagation" if word in PROPAGATIONS else word.partition("=")[0]
        if key not in _TMPFS_DATA if "=" in word else word not in _TMPFS_FLAGS:
            raise InvalidParameter(f'invalid tmpfs option "{key}"')
        merged.pop(_OPPOSITES.get(key, ""), None)
        merged.pop(key, None)
        merged[key] = word
    return list(merged.values())


def image_mounts(record: Container) -> list[tuple[str, str, str]]:
    """(chain ID, target, subpath) of each mount of type image: what the launch adds to the root's own mounts."""
    return [
        (point.options["Chain"], point.target, point.options.get("Subpath") or "")
        for point in record.mounts
        if point.kind == "image"
    ]
