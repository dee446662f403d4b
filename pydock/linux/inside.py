"""Paths that an image may have laid traps on, opened so that nothing leads out of the root.

Used by the set-up steps before and after the pivot.  A root is an O_PATH descriptor; a path is resolved by
openat2(2) with RESOLVE_IN_ROOT, which follows links inside the root and refuses /proc's magic ones.
"""

import errno
import os
import stat

from pydock.linux.files import RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, openat2

_MAX_LINKS = 40


def open_inside(root: int, path: str, flags: int = os.O_PATH, mode: int = 0) -> int:
    """Open `path` below `root`, following links inside only."""
    return openat2(root, path, flags, mode=mode, resolve=RESOLVE_IN_ROOT)


def open_or_none(root: int, path: str, flags: int = os.O_PATH) -> int | None:
    """As `open_inside`; None where there is nothing at `path`."""
    try:
        return open_inside(root, path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None


def open_target(root: int, path: str, *, directory: bool, mode: int = 0o755) -> int:
    """Open what is at `path` below `root` (O_PATH); a directory or an empty file is made where nothing is.

    Links that lead to nothing yet are followed too, inside the root: many images' /etc/resolv.conf is one.
    """
    try:
        return open_inside(root, path)
    except FileNotFoundError:
        return _make(root, path, directory, mode)


def make_directories(root: int, path: str, mode: int = 0o755) -> int:
    """Open directory `path` below `root` (O_PATH), making what is missing of it."""
    descriptor = open_target(root, path, directory=True, mode=mode)
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    return descriptor


def _make(root: int, path: str, directory: bool, mode: int) -> int:
    """Walk down `path` one name at a time; every name is opened without following links, which are read instead."""
    done: list[str] = []
    pending = [part for part in path.split("/") if part not in ("", ".")][::-1]
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            done = done[:-1]
            continue
        here = "/".join([*done, part])
        try:
            found = openat2(root, here, os.O_PATH | os.O_NOFOLLOW, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
        except FileNotFoundError:
            _make_one(root, "/".join(done) or ".", part, directory or any(name != ".." for name in pending), mode)
            done.append(part)
            continue
        try:
            is_link = stat.S_ISLNK(os.fstat(found).st_mode)
            goal = os.readlink("", dir_fd=found) if is_link else ""
        finally:
            os.close(found)
        if not is_link:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if goal.startswith("/"):
            done = []
        pending += [name for name in goal.split("/") if name not in ("", ".")][::-1]
    return openat2(root, "/".join(done) or ".", os.O_PATH, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)


def _make_one(root: int, parent: str, name: str, directory: bool, mode: int) -> None:
    above = openat2(root, parent, os.O_PATH | os.O_DIRECTORY, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
    try:
        if directory:
            os.mkdir(name, mode, dir_fd=above)
        else:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(name, flags, mode & 0o666, dir_fd=above))
    except FileExistsError:
        pass  # somebody was quicker; what is there now is looked at again
    finally:
        os.close(above)
