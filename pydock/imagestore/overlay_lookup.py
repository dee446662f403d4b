"""What a stack of overlay directories holds at a path, found out without mounting it.  `Snapshots` calls it.

It need not know: where a link or a file is on the way, the mounted tree is what counts.
"""

import enum
import os
import stat
from collections.abc import Sequence
from typing import Final

_OPAQUE: Final = "trusted.overlay.opaque"


class Found(enum.Enum):
    """What is there."""

    DIRECTORY = enum.auto()
    NOTHING = enum.auto()
    #: a file, or a link, which may lead anywhere
    OTHER = enum.auto()


def look_up(layers: Sequence[str], path: str) -> Found:
    """What the merged tree of `layers` (the topmost first) has at `path`, which is absolute and clean."""
    for name in filter(None, path.split("/")):
        merged: list[str] = []
        for layer in layers:
            here = f"{layer}/{name}"
            try:
                status = os.lstat(here)
            except FileNotFoundError:
                continue
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:  # a whiteout hides what is below
                break
            if not stat.S_ISDIR(status.st_mode):
                if merged:
                    break
                return Found.OTHER
            merged.append(here)
            if _is_opaque(here):
                break
        if not merged:
            return Found.NOTHING
        layers = merged
    return Found.DIRECTORY


def _is_opaque(path: str) -> bool:
    try:
        return os.getxattr(path, _OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False
