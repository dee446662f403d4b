"""The job behind `docker diff`: what an overlay's upper directory changes over the lower ones.

Called by `ContainerFiles` through a job runner.  Both sides are walked by descriptor, no link followed.
"""

import os
import stat
from collections.abc import Sequence
from typing import Any, Final

from pydock.worker import confine
from pydock.worker.calls import Report

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPAQUE: Final = "trusted.overlay.opaque"

MODIFIED, ADDED, DELETED = 0, 1, 2


def of(arguments: dict[str, Any], fds: list[int], report: Report) -> list[list[Any]]:
    """Return [path, kind] of each change in directory ``upper`` over ``lower`` (the topmost first), sorted."""
    upper = os.open(arguments["upper"], _DIRECTORY)
    lower = [os.open(path, _DIRECTORY) for path in arguments["lower"]]
    confine.enter(upper)
    found: dict[str, int] = {}
    _walk(upper, lower, "", found)
    return [[path, kind] for path, kind in sorted(found.items())]


def _walk(upper: int, lower: Sequence[int], path: str, found: dict[str, int]) -> None:
    """Add the changes below `path`; `lower` are the directories that show through there.  Closes all of them."""
    for name in os.listdir(upper):
        here = f"{path}/{name}"
        seen = os.stat(name, dir_fd=upper, follow_symlinks=False)
        under = _visible(lower, name)
        if stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0:
            if under is not None:
                _record(found, path, here, DELETED)
            continue
        if not stat.S_ISDIR(seen.st_mode):
            _record(found, path, here, ADDED if under is None else MODIFIED)
            continue
        below = os.open(name, _DIRECTORY, dir_fd=upper)
        hidden = _is_opaque(below)
        if under is None:
            _record(found, path, here, ADDED)
        elif hidden or not _same_directory(seen, under):
            _record(found, path, here, MODIFIED)
        _walk(below, [] if hidden else _directories(lower, name), here, found)
    for descriptor in (upper, *lower):
        os.close(descriptor)


def _record(found: dict[str, int], above: str, path: str, kind: int) -> None:
    if kind != MODIFIED and above:
        found.setdefault(above, MODIFIED)
    found[path] = kind


def _visible(lower: Sequence[int], name: str) -> os.stat_result | None:
    """Return what the lower layers show at `name`."""
    for directory in lower:
        try:
            seen = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            continue
        return None if stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0 else seen
    return None


def _directories(lower: Sequence[int], name: str) -> list[int]:
    """Open the lower directories `name` that are merged: down to an opaque one, or to something that is none."""
    opened = []
    for directory in lower:
        try:
            opened.append(os.open(name, _DIRECTORY, dir_fd=directory))
        except FileNotFoundError:
            continue
        except OSError:
            break
        if _is_opaque(opened[-1]):
            break
    return opened


def _is_opaque(directory: int) -> bool:
    try:
        return os.getxattr(directory, _OPAQUE) == b"y"
    except OSError:
        return False


def _same_directory(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether a directory is in the upper layer for the sake of what is below it only."""
    return (
        stat.S_ISDIR(other.st_mode)
        and one.st_mode == other.st_mode
        and (one.st_uid, one.st_gid) == (other.st_uid, other.st_gid)
        and one.st_mtime_ns == other.st_mtime_ns
    )
