"""Pins: paths below a volume (subpaths), mounted aside for a container that runs, so that nobody can swap them.

A container's are mounted under ``<exec root>/volumes/<container>``.  All of it blocks; the volumes service calls it by
`offload`.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Collection
from pathlib import Path

from pydock.errors import InvalidParameter, NotFound, System
from pydock.linux import mount as m
from pydock.linux.files import RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, openat2

_SUBPATH_ERRORS = {errno.EXDEV, errno.ELOOP}


class Pins:
    """The pins of all containers, below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def pin(self, base: Path, subpath: str, container_id: str) -> Path:
        """Mount a path below a volume, `base`, aside, so that nobody can swap it for a link; returns where."""
        tree = open_below(base, subpath)
        try:
            directory = self._root / container_id
            directory.mkdir(0o700, parents=True, exist_ok=True)
            target = directory / str(len(os.listdir(directory)))
            if stat.S_ISDIR(os.fstat(tree).st_mode):
                target.mkdir(0o700)
            else:
                target.touch(0o600)
            copy = m.open_tree(tree, "", m.OPEN_TREE_CLONE | m.AT_RECURSIVE | m.AT_EMPTY_PATH)
            try:
                m.move_mount(copy, m.AT_FDCWD, str(target))
            finally:
                os.close(copy)
        finally:
            os.close(tree)
        return target

    def any(self, container_id: str) -> bool:
        """Whether `unpin` has anything to do; does not wait."""
        return (self._root / container_id).exists()

    def unpin(self, container_id: str) -> None:
        """Undo every `pin` of a container."""
        directory = self._root / container_id
        try:
            names = os.listdir(directory)
        except FileNotFoundError:
            return
        for name in names:
            unmount(directory / name)
            with contextlib.suppress(OSError):
                (directory / name).rmdir() if (directory / name).is_dir() else (directory / name).unlink()
        with contextlib.suppress(OSError):
            directory.rmdir()

    def settle(self, containers: Collection[str]) -> None:
        """Undo the pins of all containers but `containers`."""
        with contextlib.suppress(FileNotFoundError):
            for container_id in set(os.listdir(self._root)) - set(containers):
                self.unpin(container_id)


def open_below(base: Path, subpath: str) -> int:
    """A descriptor (O_PATH) of what lies below `base`; refused, in Docker's words, where the way leads out."""
    if subpath.startswith("/") or ".." in Path(os.path.normpath(subpath)).parts:
        raise InvalidParameter(
            'invalid mount config for type "volume": subpath must be a relative path within the volume'
        )
    root = os.open(base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return openat2(root, subpath, os.O_PATH, resolve=RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    except OSError as error:
        if error.errno in _SUBPATH_ERRORS:
            raise InvalidParameter(
                f"path concatenation escapes the base directory, base: {base}, subpath: {subpath}"
            ) from error
        reason = (error.strerror or "failed").lower()
        kind = NotFound if error.errno == errno.ENOENT else System
        raise kind(f"cannot access path {base}/{subpath}: lstat {base}/{subpath}: {reason}") from error
    finally:
        os.close(root)


def unmount(path: Path) -> None:
    """Take away all that is mounted at `path`, one upon another too; nothing happens where nothing is."""
    try:
        while True:
            m.umount2(str(path), m.MNT_DETACH)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
