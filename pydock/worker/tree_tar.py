"""A directory tree as a tar: what `cp`, `export` and `commit` read.

The process has chrooted.  Everything is opened by descriptor without following links; what vanishes meanwhile is left
out, sockets too, and no FIFO or device is ever opened.
"""

import errno
import os
import stat
from collections.abc import Iterator
from typing import Final

from pydock.worker.tar_writer import TarWriter

#: the extended attributes that an archive has: file capabilities, and the users' own
_XATTRS: Final = ("security.capability", "user.")
_OVERLAY: Final = ("user.overlay.", "trusted.overlay.")
_OPAQUE: Final = "trusted.overlay.opaque"
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class TreeTar:
    """Writes trees to one tar.  ``upper``: the tree is an overlay's upper directory, whose marks become AUFS's."""

    def __init__(self, writer: TarWriter, upper: bool = False) -> None:
        self._writer = writer
        self._upper = upper
        self._links: dict[tuple[int, int], bytes] = {}

    def entry(self, directory: int, name: str, tar_name: bytes) -> int:
        """Write one entry of `directory`; return a descriptor where it is a directory, -1 where it is not."""
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            kind = stat.S_IFMT(found.st_mode)
            if kind == stat.S_IFDIR:
                return self._directory(os.open(name, _DIRECTORY, dir_fd=directory), tar_name)
            if kind == stat.S_IFREG:
                self._file(directory, name, tar_name)
            elif kind == stat.S_IFLNK:
                self._writer.header(tar_name, found, os.fsencode(os.readlink(name, dir_fd=directory)))
            elif self._upper and kind == stat.S_IFCHR and found.st_rdev == 0:
                above, slash, last = tar_name.rpartition(b"/")
                self._writer.mark(above + slash + b".wh." + last, found.st_mtime_ns)
            elif kind != stat.S_IFSOCK:
                self._writer.header(tar_name, found)
        except (FileNotFoundError, NotADirectoryError):
            pass  # gone meanwhile
        except OSError as error:
            if not _replaced(error):
                raise
        return -1

    def top(self, directory: int, tar_name: bytes) -> None:
        """Write the entry of `directory` itself."""
        self._directory(directory, tar_name)

    def below(self, directory: int, prefix: bytes) -> None:
        """Write all that is below `directory`, in order, names beginning with `prefix`; closes `directory`."""
        stack: list[tuple[int, bytes, Iterator[str]]] = [(directory, prefix, self._names(directory))]
        while stack:
            here, name_so_far, names = stack[-1]
            name = next(names, None)
            if name is None:
                os.close(here)
                stack.pop()
                continue
            tar_name = name_so_far + os.fsencode(name)
            if (sub := self.entry(here, name, tar_name)) >= 0:
                stack.append((sub, tar_name + b"/", self._names(sub)))

    def _names(self, directory: int) -> Iterator[str]:
        return iter(sorted(os.listdir(directory)))

    def _directory(self, descriptor: int, tar_name: bytes) -> int:
        found = os.fstat(descriptor)
        names = _listed(descriptor)
        self._writer.header(tar_name, found, b"", _xattrs(descriptor, names))
        if self._upper and _OPAQUE in names and os.getxattr(descriptor, _OPAQUE) == b"y":
            self._writer.mark(tar_name.rstrip(b"/") + b"/.wh..wh..opq", found.st_mtime_ns)
        return descriptor

    def _file(self, directory: int, name: str, tar_name: bytes) -> None:
        descriptor = os.open(name, _FILE, dir_fd=directory)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return  # replaced meanwhile
            if found.st_nlink > 1:
                first = self._links.setdefault((found.st_dev, found.st_ino), tar_name)
                if first != tar_name:
                    self._writer.header(tar_name, found, first)
                    return
            self._writer.header(tar_name, found, b"", _xattrs(descriptor, _listed(descriptor)))
            self._writer.content(descriptor, found.st_size)
        finally:
            os.close(descriptor)


def _listed(descriptor: int) -> list[str]:
    try:
        return os.listxattr(descriptor)
    except OSError:
        return []  # a file system that has none


def _xattrs(descriptor: int, names: list[str]) -> dict[bytes, bytes]:
    return {
        os.fsencode(name): os.getxattr(descriptor, name)
        for name in names
        if name.startswith(_XATTRS) and not name.startswith(_OVERLAY)
    }


def _replaced(error: OSError) -> bool:
    """Tell whether a name was replaced by a link, a socket or a device without a driver between look and open."""
    return error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV)
