"""Directory trees that others have written: taken away, and measured, whatever is in them.

Names are followed by descriptor, never through a link.  Used by layers, snapshots and garbage collection.
"""

import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
#: how many directories deep one is before what is below is moved up: descriptors are not without number
_DEEPEST: Final = 64
#: how deep a tree is measured
_MEASURED: Final = 1024
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tree takes: bytes of files and link targets (hard links once), and the number of inodes."""

    size: int
    inodes: int


def is_name(text: str) -> bool:
    """Whether `text` is what the store calls its directories."""
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def remove(path: Path) -> None:
    """Delete `path` and all below it, however deep; nothing happens where it is not there."""
    try:
        top = os.open(path, _OPEN)
    except FileNotFoundError:
        return
    try:
        while os.listdir(top):
            _empty(top, top, 0)
    finally:
        os.close(top)
    os.rmdir(path)


def sweep(paths: Iterable[Path]) -> None:
    """Discard what a crash left; what cannot be deleted is left to the next start-up."""
    for path in paths:
        try:
            discard(path)
        except OSError as error:
            _log.error("%s: left over, and cannot be deleted: %s", path, (error.strerror or "").lower())


def discard(path: Path) -> None:
    """Delete what is at `path`, be it a tree or a file."""
    try:
        path.unlink(missing_ok=True)
    except IsADirectoryError:
        remove(path)


def _empty(directory: int, top: int, depth: int) -> None:
    """Delete what is in `directory`; directories that are too deep are moved to `top`."""
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=directory)
        elif depth == _DEEPEST:
            os.rename(name, os.urandom(16).hex(), src_dir_fd=directory, dst_dir_fd=top)
        else:
            try:
                os.rmdir(name, dir_fd=directory)  # most are empty, or will be
            except OSError:
                below = os.open(name, _OPEN, dir_fd=directory)
                try:
                    _empty(below, top, depth + 1)
                finally:
                    os.close(below)
                os.rmdir(name, dir_fd=directory)


def usage(path: Path) -> Usage:
    """Measure the tree below `path`, itself not counted; what is not there, any more or by damage, takes nothing."""
    size = inodes = 0
    seen: set[int] = set()
    try:
        stack = [os.open(path, _OPEN)]
    except FileNotFoundError:
        return Usage(0, 0)
    names: list[list[str]] = []
    size, inodes, below = _measure(stack[-1], seen)
    names.append(below)
    while stack:
        if not names[-1] or len(stack) > _MEASURED:
            os.close(stack.pop())
            names.pop()
            continue
        try:
            descriptor = os.open(names[-1].pop(), _OPEN, dir_fd=stack[-1])
        except OSError:
            continue  # gone, or replaced, meanwhile
        more, number, below = _measure(descriptor, seen)
        size += more
        inodes += number
        stack.append(descriptor)
        names.append(below)
    return Usage(size, inodes)


def _measure(directory: int, seen: set[int]) -> tuple[int, int, list[str]]:
    """Bytes, inodes and sub-directories of one directory."""
    size = inodes = 0
    below = []
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(found.st_mode):
                below.append(entry.name)
                inodes += 1
            elif found.st_nlink == 1 or found.st_ino not in seen:
                if found.st_nlink > 1:
                    seen.add(found.st_ino)
                size += found.st_size
                inodes += 1
    return size, inodes, below
