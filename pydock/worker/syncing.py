"""A layer brought to the disk by itself where its files are few: syncfs(2) waits for what everybody has written.

Used by `unpack`.
"""

import os
from typing import Final

#: from how many entries on syncfs costs less than an fsync(2) of each
FEW: Final = 64
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def few(directory: int) -> bool:
    """fsync all that is in and below the directory of a descriptor; False, and nothing promised, where it is much."""
    return _sync(directory, FEW) >= 0


def _sync(directory: int, left: int) -> int:
    """How many entries may still come; negative where there were too many."""
    with os.scandir(directory) as entries:
        for entry in entries:
            left -= 1
            if left < 0:
                return left
            if entry.is_dir(follow_symlinks=False):
                below = os.open(entry.name, _DIRECTORY, dir_fd=directory)
                try:
                    left = _sync(below, left)
                finally:
                    os.close(below)
            elif entry.is_file(follow_symlinks=False):
                _sync_file(directory, entry.name)
    os.fsync(directory)
    return left


def _sync_file(directory: int, name: str) -> None:
    descriptor = os.open(name, _FILE, dir_fd=directory)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
