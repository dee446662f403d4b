"""The job that makes the directory between an image and its containers: what the engine mounts on must be there.

Called by `Snapshots` through a job runner, once for each chain of layers.
"""

import contextlib
import os
from typing import Any, Final

from pydock.worker import confine, view
from pydock.worker.calls import Report

_DIRECTORIES: Final = ("/dev/pts", "/dev/shm", "/proc", "/sys")
_FILES: Final = ("/.dockerenv", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/dev/console")
_LINKS: Final = {"/etc/mtab": "/proc/mounts"}


def make(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Fill ``upper`` with what ``mounts``' image lacks; without an image (no mounts) it is filled alone."""
    upper: str = arguments["upper"]
    mounts = [view.of(value) for value in arguments["mounts"]]
    os.umask(0o022)
    confine.enter(view.make(mounts, upper) if mounts else os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    for path in (*_DIRECTORIES, *_FILES, *_LINKS):
        _clear(path)
        if os.path.exists(path):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if path in _LINKS:
            os.symlink(_LINKS[path], path)
        elif path in _FILES:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755))
        else:
            os.mkdir(path)


def _clear(path: str) -> None:
    """Take away everything on the way to `path` that is no directory: an image's link must not lead a mount astray."""
    here = ""
    for part in path[1:].split("/"):
        here += f"/{part}"
        with contextlib.suppress(OSError):
            os.unlink(here)
