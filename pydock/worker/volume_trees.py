"""What volumes hold, counted and removed: jobs of the zygote's, started by the volumes' local driver.

Containers may write in a volume meanwhile.  Directories are gone through by descriptor, never by a path or a link, and
never onto another file system; a removal never goes onto what is mounted, of the same file system either.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydock.linux.files import RESOLVE_NO_XDEV, openat2
from pydock.worker.calls import Report

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def sizes(arguments: dict[str, Any], fds: list[int], report: Report) -> dict[str, int]:
    """The bytes of the files in each of ``paths`` (name to directory); hard links count once, what is gone is 0."""
    return {name: size(path) for name, path in arguments["paths"].items()}


def size(path: str) -> int:
    """The bytes of all files below directory `path`."""
    total = 0
    seen: set[int] = set()
    for status in _files(path):
        if status.st_nlink > 1:
            if status.st_ino in seen:
                continue
            seen.add(status.st_ino)
        total += status.st_size
    return total


def _files(path: str) -> Iterator[os.stat_result]:
    """All files below directory `path`; what vanishes meanwhile is passed over."""
    try:
        stack = [os.open(path, _DIRECTORY)]
    except OSError:
        return
    device = os.fstat(stack[0]).st_dev
    while stack:
        directory = stack.pop()
        with contextlib.suppress(OSError):
            for name in os.listdir(directory):
                with contextlib.suppress(OSError):
                    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                    if not stat.S_ISDIR(status.st_mode):
                        yield status
                    elif status.st_dev == device:
                        stack.append(os.open(name, _DIRECTORY, dir_fd=directory))
        os.close(directory)


@dataclass(slots=True)
class _Doomed:
    """A directory that is being removed, and those in it that are not empty."""

    parent: int
    name: str
    directory: int
    full: list[str]


def remove(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Remove directory ``name`` of the directory ``fds[0]`` with all that is in it, however deep."""
    stack = [_enter(fds[0], arguments["name"])]
    while stack:
        here = stack[-1]
        if here.full:
            stack.append(_enter(here.directory, here.full.pop()))
            continue
        stack.pop()
        os.close(here.directory)
        os.rmdir(here.name, dir_fd=here.parent)


def _enter(parent: int, name: str) -> _Doomed:
    """Unlink the files of a directory and the empty directories in it; never of what is mounted there."""
    try:
        directory = openat2(parent, name, _DIRECTORY, resolve=RESOLVE_NO_XDEV)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise OSError(errno.EBUSY, "something is mounted in the volume", name) from None
    full = []
    for inner in os.listdir(directory):
        try:
            os.unlink(inner, dir_fd=directory)
        except IsADirectoryError:
            try:
                os.rmdir(inner, dir_fd=directory)
            except OSError:
                full.append(inner)
    return _Doomed(parent, name, directory, full)
