"""Putting the entries of a tar into a directory tree, as Docker's archive package puts them.

The process has chrooted (`confine.enter`), so that no name, link or race leads outside.  Used by `unpack` (layers, with
whiteouts) and `archive` (copies into containers).
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from posixpath import basename, dirname, normpath
from typing import Final

from pydock.errors import InvalidParameter, System
from pydock.linux.files import start_writing
from pydock.worker import tar_header as tar
from pydock.worker.directory_times import DirectoryTimes
from pydock.worker.outflow import write_all
from pydock.worker.tar_header import Entry, malformed

#: how many entries one archive may have
MAX_ENTRIES: Final = 2_000_000

#: what the hard links may take in memory whose targets are to come, and what one takes besides its names
_MAX_LATE: Final = 64 << 20
_LINK_SIZE: Final = 1 << 10
#: how long a chain may be: of hard links to hard links, each before its target, and of links to what is not there
_MAX_TURNS: Final = 64

OPAQUE: Final = "trusted.overlay.opaque"
_OVERLAY: Final = (b"trusted.overlay.", b"user.overlay.")
_WHITEOUT: Final = b".wh."
_OPAQUE_MARK: Final = b".wh..wh..opq"
_META: Final = b".wh..wh."
#: how many bytes of a file the disk is told of at a time
_WRITE_BACK: Final = 4 << 20
_NO_DEVICE: Final = os.makedev(0, 0)
#: the latest time of Docker: later ones, and those before the epoch, become the epoch
_MAX_TIME: Final = (1 << 63) - 1
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

#: what an archive, not the machine, is to blame for
_ITS_FAULT: Final = frozenset(
    (
        errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG, errno.ENOENT,
        errno.ENOTDIR, errno.ENOTEMPTY, errno.ENOTSUP, errno.EPERM, errno.EFBIG, errno.ERANGE, errno.E2BIG,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """How entries are put down.

    ``whiteouts``: AUFS names become overlayfs's devices and attributes.  ``keep_directories``: nothing but a directory
    takes a directory's place, and the reverse.  ``owner``: who gets everything; None for whom the tar says.
    ``strict``: extended attributes that the file system does not know are an error.  ``durable``: somebody will wait
    until all is on the disk, so that it begins with big files while they come.
    """

    whiteouts: bool = False
    keep_directories: bool = False
    owner: tuple[int, int] | None = None
    strict: bool = True
    durable: bool = False


class Extraction:
    """Creates what entries say below `base`; `discard` is called for a file before it is replaced, and may move it."""

    def __init__(
        self, rules: Rules, base: bytes = b"/", discard: Callable[[bytes, os.stat_result], bool] | None = None
    ):
        self._rules = rules
        self._base = base
        self._discard = discard
        self._directories = DirectoryTimes()
        self._late_links: list[tuple[Entry, bytes, bytes]] = []
        self._late_size = 0
        #: bytes of files and link targets that are there
        self.size = 0
        self.entries = 0

    def place(self, entry: Entry, content: Iterable[memoryview]) -> tuple[bytes, int] | None:
        """Create what `entry` says; return path and inode number of a file that took `content`."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise malformed("too many entries")
        path = self._path(entry.name, "entry name")
        try:
            return self._place(entry, path, content)
        except OSError as error:
            raise blame(error, entry.name) from error

    def finish(self) -> None:
        """Make the hard links whose targets came after them, then give directories their times."""
        waiting = self._late_links
        for turn in range(_MAX_TURNS):
            left = [item for item in waiting if not self._link_late(*item)]
            if not left:
                break
            if len(left) == len(waiting) or turn + 1 == _MAX_TURNS:
                raise malformed(f"{_text(left[0][0].name)}: hard link to {_text(left[0][0].link)}, which is not there")
            waiting = left
        for path, times in self._directories:
            try:
                os.utime(path, ns=times, follow_symlinks=False)
            except (FileNotFoundError, NotADirectoryError):
                continue  # replaced by a later entry
            except OSError as error:
                raise blame(error, path) from error

    def _path(self, name: bytes, what: str) -> bytes:
        if not self._rules.whiteouts and normpath(name).split(b"/", 1)[0] == b"..":
            raise InvalidParameter(f'invalid {what} "{_text(name)}"')
        clean = normpath(b"/" + name).lstrip(b"/")
        return os.path.join(self._base, clean) if clean else self._base

    def _place(self, entry: Entry, path: bytes, content: Iterable[memoryview]) -> tuple[bytes, int] | None:
        if path == self._base:
            if entry.kind != tar.DIRECTORY and normpath(entry.name or b".") != b".":
                raise malformed(f"{_text(entry.name)}: the root can't be replaced")
            if normpath(entry.name or b".") == b".":
                return None  # Docker leaves the attributes of the root to itself
        if self._rules.whiteouts and _WHITEOUT in path:
            if path.startswith(self._base + _META) and path != self._base + _OPAQUE_MARK:
                return None  # AUFS's own: its links and its bookkeeping
            if basename(path).startswith(_WHITEOUT):
                self._white_out(entry, path)
                return None
        match entry.kind:
            case tar.REGULAR | tar.CONTIGUOUS:
                return path, self._file(entry, path, content)
            case tar.DIRECTORY:
                self._directory(entry, path)
            case tar.SYMLINK:
                self._make(entry, path, lambda: os.symlink(entry.link, path))
                self.size += len(entry.link)
                self._finish_node(entry, path)
            case tar.HARDLINK:
                self._hard_link(entry, path)
            case tar.CHARACTER | tar.BLOCK_DEVICE:
                kind = stat.S_IFCHR if entry.kind == tar.CHARACTER else stat.S_IFBLK
                device = os.makedev(entry.major, entry.minor)
                self._make(entry, path, lambda: os.mknod(path, entry.mode | kind, device))
                self._finish_node(entry, path)
            case tar.FIFO:
                self._make(entry, path, lambda: os.mkfifo(path, entry.mode))
                self._finish_node(entry, path)
            case kind:
                raise malformed(f"{_text(entry.name)}: unhandled tar header type {kind[0]}")
        return None

    def _shown(self, path: bytes) -> str:
        return _text(os.path.relpath(path, self._base))

    def _make(self, entry: Entry, path: bytes, create: Callable[[], None]) -> None:
        """Create at `path` with `create`, after what stands in its way has gone and what must be above it is there."""
        for _ in range(2):
            try:
                return create()
            except FileExistsError:
                self._clear(entry, path)
            except (FileNotFoundError, NotADirectoryError):
                self._make_parents(path)
        return create()

    def _clear(self, entry: Entry, path: bytes) -> None:
        """Take away what is at `path`, unless the rules forbid that `entry` replaces it."""
        found = os.lstat(path)
        if self._rules.keep_directories and stat.S_ISDIR(found.st_mode) and entry.kind != tar.DIRECTORY:
            raise InvalidParameter(
                f'cannot overwrite directory "{self._shown(path)}" with non-directory "{_text(self._base)}"'
            )
        if path == self._base:
            raise malformed(f"{_text(entry.name)}: the root can't be replaced")
        if stat.S_ISDIR(found.st_mode):
            for sub in _tree(path):
                if sub.is_dir(follow_symlinks=False):
                    os.rmdir(sub.path)
                else:
                    self._remove(sub.path, sub.stat(follow_symlinks=False))
            os.rmdir(path)
        else:
            self._remove(path, found)

    def _remove(self, path: bytes, found: os.stat_result) -> None:
        if found.st_nlink == 1 and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            self.size -= found.st_size
        if self._discard is None or not self._discard(path, found):
            os.unlink(path)

    def _make_parents(self, path: bytes, turns: int = _MAX_TURNS) -> None:
        """Create the directories above `path` that the archive has not named; a whiteout gives way to one.

        Where a link leads to one that is not there, that is made: a lower layer may have it.
        """
        missing = []
        above = dirname(path)
        while above != b"/":
            try:
                found = os.stat(above)
            except FileNotFoundError:
                missing.append(above)
            except NotADirectoryError:
                pass
            else:
                if stat.S_ISDIR(found.st_mode):
                    break
                if not self._rules.whiteouts or not _is_whiteout(found):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
                os.unlink(above)
                _make_implied(above)
                os.setxattr(above, OPAQUE, b"y")
                break
            above = dirname(above)
        for directory in reversed(missing):
            if os.path.isdir(directory):  # with ".." in it: it was there, behind something that was not
                continue
            try:
                _make_implied(directory)
            except FileExistsError:
                if not turns:
                    raise
                target = os.path.join(dirname(directory), os.readlink(directory))
                self._make_parents(os.path.join(target, b"."), turns - 1)
                continue
            if self._rules.owner:
                os.chown(directory, *self._rules.owner)

    def _file(self, entry: Entry, path: bytes, content: Iterable[memoryview]) -> int:
        opened: list[int] = []
        self._make(entry, path, lambda: opened.append(os.open(path, _CREATE, entry.mode & 0o777)))
        descriptor = opened[0]
        try:
            if entry.sparse is not None:
                _write_sparse(descriptor, content, entry)
            else:
                _write(descriptor, content, self._rules.durable)
            self.size += entry.real_size
            owner = self._rules.owner or (entry.uid, entry.gid)
            made = os.fstat(descriptor)  # each change of an inode costs more than this look
            if (made.st_uid, made.st_gid) != owner:
                os.fchown(descriptor, *owner)
            if entry.xattrs:
                self._set_xattrs(entry, path)
            if made.st_mode & 0o7777 != entry.mode:
                os.fchmod(descriptor, entry.mode)
            os.utime(descriptor, ns=_times(entry))
            return made.st_ino
        finally:
            os.close(descriptor)

    def _directory(self, entry: Entry, path: bytes) -> None:
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            found = os.lstat(path)
            if not stat.S_ISDIR(found.st_mode):
                if self._rules.keep_directories:
                    raise InvalidParameter(
                        f'cannot overwrite non-directory "{self._shown(path)}" with directory "{_text(self._base)}"'
                    ) from None
                self._clear(entry, path)
                os.mkdir(path, 0o700)
                if self._rules.whiteouts and _is_whiteout(found):
                    os.setxattr(path, OPAQUE, b"y")
        except (FileNotFoundError, NotADirectoryError):
            self._make_parents(path)
            os.mkdir(path, 0o700)
        os.chown(path, *(self._rules.owner or (entry.uid, entry.gid)))
        if entry.xattrs:
            self._set_xattrs(entry, path)
        os.chmod(path, entry.mode)
        self._directories.add(path, _times(entry))

    def _hard_link(self, entry: Entry, path: bytes) -> None:
        target = self._path(entry.link, "hardlink target")
        if target == path:
            return
        try:
            os.lstat(target)
        except (FileNotFoundError, NotADirectoryError):
            self._late_size += _LINK_SIZE + 2 * (len(target) + len(path))
            if self._late_size > _MAX_LATE:
                raise malformed("too many hard links to what comes after them") from None
            self._late_links.append((entry, target, path))
            return
        self._make(entry, path, lambda: os.link(target, path, follow_symlinks=False))
        self._finish_node(entry, path)

    def _link_late(self, entry: Entry, target: bytes, path: bytes) -> bool:
        """Make a link that had to wait; whether that could be done."""
        try:
            os.lstat(target)
            if not os.path.lexists(path):  # else a later entry has taken its place
                self._make(entry, path, lambda: os.link(target, path, follow_symlinks=False))
                self._finish_node(entry, path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise blame(error, entry.name) from error
        return True

    def _finish_node(self, entry: Entry, path: bytes) -> None:
        """Owner, attributes, mode and times of what is not opened: links and devices."""
        os.lchown(path, *(self._rules.owner or (entry.uid, entry.gid)))
        if entry.xattrs:
            self._set_xattrs(entry, path)
        link = entry.kind == tar.SYMLINK or (entry.kind == tar.HARDLINK and stat.S_ISLNK(os.lstat(path).st_mode))
        if not link:
            os.chmod(path, entry.mode)
        os.utime(path, ns=_times(entry), follow_symlinks=False)

    def _set_xattrs(self, entry: Entry, path: bytes) -> None:
        for name, value in (entry.xattrs or {}).items():
            if name.startswith(_OVERLAY):
                continue  # what the overlay's own attributes mean is not an archive's to say
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except OSError as error:
                if error.errno == errno.EPERM or (error.errno == errno.ENOTSUP and not self._rules.strict):
                    continue  # as Docker: user.* on a link, for one
                raise

    def _white_out(self, entry: Entry, path: bytes) -> None:
        """What an AUFS whiteout says, in overlayfs's way: a device 0/0 hides a name, an attribute all that is below."""
        name, directory = basename(path), dirname(path)
        if name == _OPAQUE_MARK:
            self._make_parents(path)
            os.setxattr(directory, OPAQUE, b"y")
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in (b"", b".", b".."):
            raise malformed(f"{_text(entry.name)}: whiteout of no name")
        target = os.path.join(directory, hidden)
        try:
            self._make_absent(target)
        except (FileNotFoundError, NotADirectoryError):
            self._make_parents(target)
            self._make_absent(target)

    def _make_absent(self, target: bytes) -> None:
        try:
            os.mknod(target, stat.S_IFCHR, _NO_DEVICE)
        except FileExistsError:
            # what this layer has at the name stays; only what lower layers have is hidden
            if stat.S_ISDIR(os.lstat(target).st_mode):
                os.setxattr(target, OPAQUE, b"y")


def _make_implied(path: bytes) -> None:
    """Create a directory that no entry names, as Docker does: below a setgid one it has the group, but not the bit."""
    os.mkdir(path, 0o755)
    os.chmod(path, 0o755)


def blame(error: OSError, name: bytes) -> Exception:
    """Return InvalidParameter for what the archive is to blame for; other errors as they are, with the name."""
    if error.errno == errno.EBUSY:  # something is mounted there
        return System(f"RemoveAll {_text(name)}: device or resource busy")
    if error.errno in _ITS_FAULT:
        return InvalidParameter(f"{_text(name)}: {error.strerror}")
    return OSError(error.errno, error.strerror, _text(name))


def _write(descriptor: int, content: Iterable[memoryview], durable: bool) -> None:
    """Write a file; the disk gets what is written while the rest still comes."""
    begun = end = 0
    for piece in content:
        write_all(descriptor, piece)
        end += len(piece)
        if durable and end - begun >= _WRITE_BACK:
            start_writing(descriptor, begun, end - begun)
            begun = end


def _write_sparse(descriptor: int, content: Iterable[memoryview], entry: Entry) -> None:
    pairs = iter(entry.sparse or ())
    offset = left = 0
    for piece in content:
        view = piece
        while view:
            if not left:
                offset, left = next(pairs)
                os.lseek(descriptor, offset, os.SEEK_SET)
            step = min(left, len(view))
            write_all(descriptor, view[:step])
            view = view[step:]
            left -= step
    os.ftruncate(descriptor, entry.real_size)


def _tree(path: bytes) -> Iterable[os.DirEntry[bytes]]:
    """Yield everything below `path`, what is in a directory before the directory."""
    stack = [list(os.scandir(path))]
    above: list[os.DirEntry[bytes]] = []
    while stack:
        if not stack[-1]:
            stack.pop()
            if above:
                yield above.pop()
            continue
        entry = stack[-1].pop()
        if entry.is_dir(follow_symlinks=False):
            above.append(entry)
            stack.append(list(os.scandir(entry.path)))
        else:
            yield entry


def _times(entry: Entry) -> tuple[int, int]:
    modified = entry.mtime if 0 <= entry.mtime <= _MAX_TIME else 0
    accessed = entry.mtime if entry.atime is None else max(entry.atime, entry.mtime)
    return (accessed if 0 <= accessed <= _MAX_TIME else 0, modified)


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == _NO_DEVICE


def _text(name: bytes) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:200].decode(errors="replace"))
