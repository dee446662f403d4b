"""Whether the host's mount that a bind is taken from lets mounts pass, as its propagation asks.  Start calls it."""

import os

from pydock.errors import InvalidParameter

_MOUNTINFO = "/proc/self/mountinfo"


def check_propagation(source: str, propagation: str, mountinfo: str = _MOUNTINFO) -> None:
    """InvalidParameter, in Docker's words, where `source` is on a mount of another kind than `propagation` needs."""
    kind = propagation.removeprefix("r")
    if kind not in ("shared", "slave"):
        return
    mountpoint, optional = _mount_of(os.path.realpath(source), mountinfo)
    if any(word.startswith("shared:") for word in optional):
        return
    if kind == "slave" and any(word.startswith("master:") for word in optional):
        return
    wanted = "shared" if kind == "shared" else "shared or slave"
    raise InvalidParameter(f"path {source} is mounted on {mountpoint} but it is not a {wanted} mount")


def _mount_of(path: str, mountinfo: str) -> tuple[str, list[str]]:
    """The mount point that holds `path`, and its optional fields; proc_pid_mountinfo(5)."""
    best, fields = "", list[str]()
    with open(mountinfo, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            words = line.partition(" - ")[0].split()
            point = words[4].replace("\\040", " ").replace("\\134", "\\")
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            # of several on one place the last is the one that is seen
            if inside and len(point) >= len(best):
                best, fields = point, words[6:]
    return best, fields
