"""Fill an empty volume with what an image has at the place where the volume is mounted: copy-up.

A job of the zygote's, started by the volumes' local driver.  The container's root is mounted in a mount namespace
of the job's own, the source is resolved inside it, and all copying goes by descriptors: no link leads outside.
"""

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from typing import Any, Final

from pydock.errors import Conflict, System
from pydock.linux import mount as m
from pydock.linux.files import (
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
)
from pydock.linux.mounting import make_tree
from pydock.linux.namespaces import CLONE_NEWNS, unshare
from pydock.worker import view
from pydock.worker.calls import Report
from pydock.worker.volume_trees import remove

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 64 << 20
#: attributes that belong to the file system that they are on
_NOT_COPIED: Final = ("trusted.overlay.", "user.overlay.")


def copy_up(arguments: dict[str, Any], fds: list[int], report: Report) -> bool:
    """Copy ``target`` of the root made by ``mounts`` to the directory ``fds[0]``; False where there is nothing to copy.

    ``scratch`` is the volume's directory, to be mounted on in a name space that nobody else sees.  System where the
    volume cannot take something, with nothing left in it.
    """
    source = _open_source(arguments["mounts"], arguments["scratch"], arguments["target"])
    if source < 0:
        return False
    os.umask(0)
    copy = _Copy(fds[0], arguments["scratch"])
    try:
        copy.directory(source)
    except BaseException:
        copy.undo()  # a part of it would be taken for all of it by the next container
        raise
    return True


def _open_source(mounts: list[dict[str, Any]], scratch: str, target: str) -> int:
    """The directory to copy from; -1 where the image has nothing there."""
    unshare(CLONE_NEWNS)
    m.mount("", "/", "", m.MS_REC | m.MS_PRIVATE)
    root = make_tree(view.read_only(view.of(mounts[0])), scratch)
    try:
        path = target.lstrip("/") or "."
        source = openat2(root, path, os.O_PATH, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return -1
        raise
    if not stat.S_ISDIR(os.fstat(source).st_mode):
        raise Conflict(f"cannot mount volume over existing file, file exists {target}")
    return os.open(f"/proc/self/fd/{source}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


@dataclass(slots=True)
class _Open:
    """A directory being copied: both descriptors, its path below the volume, and the names still to be copied."""

    source: int
    goal: int
    path: str
    names: list[str]


class _Copy:
    """One copy under way.  The goal may be a volume that a container has: nothing in it is taken for granted."""

    def __init__(self, goal: int, place: str) -> None:
        self._top = goal
        self._place = place
        self._made: list[str] = []
        self._linked: dict[tuple[int, int], str] = {}

    def directory(self, source: int) -> None:
        """Copy what is in directory `source`, and its own owner, mode and attributes (not its times, as Docker)."""
        self._own(os.fstat(source))
        stack = [_Open(source, self._top, "", os.listdir(source))]
        while stack:
            here = stack[-1]
            name = here.names.pop() if here.names else ""
            try:
                if not name:
                    _copy_metadata(here.source, here.goal, times=len(stack) > 1)
                elif inner := self._entry(here, name):
                    stack.append(inner)
            except OSError as error:
                if error.errno == errno.EEXIST and not here.path:
                    self._made.remove(name)  # it is a container's
                path = "/".join(part for part in (self._place, here.path, name) if part)
                raise System(f"failed to copy files: copy {path}: {_reason(error)}") from error
            if not name:
                stack.pop()
                if stack:
                    os.close(here.source)
                    os.close(here.goal)

    def undo(self) -> None:
        """Take away what was copied."""
        for name in self._made:
            with contextlib.suppress(OSError):
                try:
                    os.unlink(name, dir_fd=self._top)
                except IsADirectoryError:
                    remove({"name": name}, [self._top], lambda _: None)

    def _own(self, status: os.stat_result) -> None:
        """Give the volume its mode and owner before all else: a server of files that lets root have none refuses."""
        place = self._place
        try:
            os.fchmod(self._top, stat.S_IMODE(status.st_mode))
        except OSError as error:
            raise System(f"failed to chmod on {place}: chmod {place}: {_reason(error)}") from error
        try:
            os.fchown(self._top, status.st_uid, status.st_gid)
        except OSError as error:
            raise System(
                f"failed to copy file info for {place}: failed to chown {place}: lchown {place}: {_reason(error)}"
            ) from error

    def _entry(self, here: _Open, name: str) -> _Open | None:
        """Copy one entry; a directory is given back, to be gone through."""
        status = os.stat(name, dir_fd=here.source, follow_symlinks=False)
        path = f"{here.path}/{name}" if here.path else name
        if not here.path:
            self._made.append(name)
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(name, 0o700, dir_fd=here.goal)
            inner = os.open(name, _DIRECTORY, dir_fd=here.source)
            return _Open(inner, os.open(name, _DIRECTORY, dir_fd=here.goal), path, os.listdir(inner))
        if status.st_nlink > 1 and self._link(here.goal, name, path, status):
            return None
        if stat.S_ISREG(status.st_mode):
            _copy_file(here, name)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=here.source), name, dir_fd=here.goal)
        elif not stat.S_ISSOCK(status.st_mode):
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=here.goal)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISSOCK(status.st_mode):
            os.chown(name, status.st_uid, status.st_gid, dir_fd=here.goal, follow_symlinks=False)
            times = (status.st_atime_ns, status.st_mtime_ns)
            os.utime(name, ns=times, dir_fd=here.goal, follow_symlinks=False)
        return None

    def _link(self, goal: int, name: str, path: str, status: os.stat_result) -> bool:
        """Make another name for an inode that has been copied; False where this is its first."""
        key = (status.st_dev, status.st_ino)
        first = self._linked.setdefault(key, path)
        if first == path:
            return False
        found = openat2(self._top, first, os.O_PATH | os.O_NOFOLLOW, resolve=RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH)
        try:
            os.link(f"/proc/self/fd/{found}", name, dst_dir_fd=goal, follow_symlinks=True)
        finally:
            os.close(found)
        return True


def _copy_file(here: _Open, name: str) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here.source)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    goal = os.open(name, flags, 0o600, dir_fd=here.goal)
    try:
        _copy_bytes(source, goal)
        _copy_metadata(source, goal)
    finally:
        os.close(source)
        os.close(goal)


def _copy_bytes(source: int, goal: int) -> None:
    """All bytes, by the kernel alone; where the two file systems don't agree on how, by sendfile(2)."""
    try:
        while os.copy_file_range(source, goal, _CHUNK):
            pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        while os.sendfile(goal, source, None, _CHUNK):
            pass


def _copy_metadata(source: int, goal: int, *, times: bool = True) -> None:
    status = os.fstat(source)
    os.fchown(goal, status.st_uid, status.st_gid)
    os.fchmod(goal, stat.S_IMODE(status.st_mode))
    for name in os.listxattr(source):
        if not name.startswith(_NOT_COPIED):
            try:
                os.setxattr(goal, name, os.getxattr(source, name))
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EPERM):
                    raise  # a file system without such attributes holds the volume: the rest counts
    if times:
        os.utime(goal, ns=(status.st_atime_ns, status.st_mtime_ns))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
