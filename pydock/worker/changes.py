"""The job behind `docker diff`: what an overlay's upper directory changes over the lower ones.

Called by `ContainerFiles` through a job runner.  Both sides are walked by descriptor, no link followed.  What counts
is what Docker's comparison of two trees counts: of a directory its mode and owner, of others size and time too.
"""

import os
import stat
import sys
from collections.abc import Sequence
from typing import Any, Final

from pydock.worker import confine
from pydock.worker.calls import Report

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPAQUE: Final = "trusted.overlay.opaque"
_CAPABILITY: Final = "security.capability"
#: directories can be nested without end, and frames of Python take little
_DEEPEST: Final = 1_000_000

MODIFIED, ADDED, DELETED = 0, 1, 2


def of(arguments: dict[str, Any], fds: list[int], report: Report) -> list[list[Any]]:
    """Return [path, kind] of each change in directory ``upper`` over ``lower`` (the topmost first), sorted."""
    sys.setrecursionlimit(_DEEPEST)
    upper = os.open(arguments["upper"], _DIRECTORY)
    lower = [os.open(path, _DIRECTORY) for path in arguments["lower"]]
    confine.enter(upper)
    found: dict[str, int] = {}
    _walk(upper, lower, "", False, found)
    return [[path, kind] for path, kind in sorted(found.items())]


def _walk(upper: int, lower: Sequence[int], path: str, hidden: bool, found: dict[str, int]) -> None:
    """Add the changes below `path`; `hidden`: what the directories `lower` have does not show.  Closes them all."""
    before = len(found)
    names = os.listdir(upper)
    for name in names:
        _compare(upper, lower, name, f"{path}/{name}", hidden, found)
    if hidden:
        for name in {name for directory in lower for name in os.listdir(directory)}.difference(names):
            if _visible(lower, name) is not None:
                found[f"{path}/{name}"] = DELETED
    if path and len(found) > before:
        found.setdefault(path, MODIFIED)
    for descriptor in (upper, *lower):
        os.close(descriptor)


def _compare(upper: int, lower: Sequence[int], name: str, path: str, hidden: bool, found: dict[str, int]) -> None:
    """Add what the entry `name` of `upper` changes, and all below it."""
    try:
        new = os.stat(name, dir_fd=upper, follow_symlinks=False)
    except FileNotFoundError:
        return  # gone meanwhile
    old = _visible(lower, name)
    if stat.S_ISCHR(new.st_mode) and new.st_rdev == 0:
        if old is not None:
            found[path] = DELETED
        return
    if old is None:
        found[path] = ADDED
    elif _differ(new, old) or (stat.S_ISREG(new.st_mode) and _capability(upper, name) != _old_capability(lower, name)):
        found[path] = MODIFIED
    if stat.S_ISDIR(new.st_mode):
        try:
            below = os.open(name, _DIRECTORY, dir_fd=upper)
        except OSError:
            return  # replaced meanwhile
        _walk(below, _directories(lower, name), path, hidden or _is_opaque(below), found)
    elif old is not None and stat.S_ISDIR(old.st_mode):
        for directory in (under := _directories(lower, name)):
            for sub in os.listdir(directory):
                if _visible(under, sub) is not None:
                    found[f"{path}/{sub}"] = DELETED
        for directory in under:
            os.close(directory)


def _differ(new: os.stat_result, old: os.stat_result) -> bool:
    if (new.st_mode, new.st_uid, new.st_gid, new.st_rdev) != (old.st_mode, old.st_uid, old.st_gid, old.st_rdev):
        return True
    return not stat.S_ISDIR(new.st_mode) and (new.st_mtime_ns, new.st_size) != (old.st_mtime_ns, old.st_size)


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
    opened: list[int] = []
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


def _old_capability(lower: Sequence[int], name: str) -> bytes:
    for directory in lower:
        try:
            os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            continue
        return _capability(directory, name)
    return b""


def _capability(directory: int, name: str) -> bytes:
    """Return the capabilities of a regular file; b"" for none."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=directory)
    except OSError:
        return b""
    try:
        return os.getxattr(descriptor, _CAPABILITY)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
