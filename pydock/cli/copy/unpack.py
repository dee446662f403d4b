"""Unpacking of a tar that a daemon sends, into a folder and nowhere else.  Called by `container_cp`.

What a container holds decides names, links and their order, so every step down is one openat(2) that follows no link.
"""

import os
import stat
from collections.abc import Callable, Iterable

from pydock.cli.copy.paths import parts
from pydock.cli.copy.reader import Entry, Reader
from pydock.cli.exits import Exit

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(chunks: Iterable[bytes], folder: str, rename: Callable[[str], str]) -> None:
    """Unpack into `folder`, names passed through `rename`; owners are the user's own."""
    reader = Reader(chunks)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    folders: list[tuple[list[str], Entry]] = []
    try:
        for entry in reader:
            names = list(parts(rename(entry.name)))
            if entry.kind == "hardlink":
                entry.link = rename(entry.link)
            _place(top, names, entry, reader, folder)
            if entry.kind == "folder":
                folders.append((names, entry))
        # a folder's times change with every file that is put there
        for names, entry in reversed(folders):
            _restore_times(top, names, entry)
    finally:
        os.close(top)


def _descend(top: int, names: list[str]) -> int:
    """The folder under `top`, made where it is missing."""
    here = os.dup(top)
    for name in names:
        try:
            inner = os.open(name, _FOLDER, dir_fd=here)
        except FileNotFoundError:
            os.mkdir(name, 0o755, dir_fd=here)
            inner = os.open(name, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = inner
    return here


def _place(top: int, names: list[str], entry: Entry, reader: Reader, folder: str) -> None:
    if not names:
        if entry.kind == "folder":
            os.chmod(top, entry.mode)
        return
    parent = _descend(top, names[:-1])
    name = names[-1]
    try:
        exists = _make_room(parent, name, entry, folder)
        if entry.kind == "folder":
            if not exists:
                os.mkdir(name, 0o700, dir_fd=parent)
            _finish_folder(parent, name, entry)
        elif entry.kind == "file":
            _write_file(parent, name, entry, reader)
        elif entry.kind == "symlink":
            os.symlink(entry.link, name, dir_fd=parent)
            os.utime(name, (entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)
        elif entry.kind == "hardlink":
            _hard_link(top, parent, name, entry)
        else:
            os.mknod(name, entry.node_mode, entry.device, dir_fd=parent)
            os.chmod(name, entry.mode, dir_fd=parent)
    finally:
        os.close(parent)


def _make_room(parent: int, name: str, entry: Entry, folder: str) -> bool:
    """Remove what stands there; whether a folder stays that the new one is merged with."""
    try:
        found = os.lstat(name, dir_fd=parent)
    except FileNotFoundError:
        return False
    is_folder = stat.S_ISDIR(found.st_mode)
    if is_folder and entry.kind == "folder":
        return True
    if is_folder:
        raise Exit(f'cannot overwrite directory "{name}" with non-directory "{folder}"')
    if entry.kind == "folder":
        raise Exit(f'cannot overwrite non-directory "{name}" with directory "{folder}"')
    os.unlink(name, dir_fd=parent)
    return False


def _finish_folder(parent: int, name: str, entry: Entry) -> None:
    made = os.open(name, _FOLDER, dir_fd=parent)
    try:
        _attributes(made, entry)
        os.fchmod(made, entry.mode)
    finally:
        os.close(made)


def _write_file(parent: int, name: str, entry: Entry, reader: Reader) -> None:
    made = os.open(name, _NEW, 0o600, dir_fd=parent)
    try:
        for data in reader.content():
            view = memoryview(data)
            while view:
                view = view[os.write(made, view) :]
        _attributes(made, entry)
        os.fchmod(made, entry.mode)
        os.utime(made, (entry.mtime, entry.mtime))
    finally:
        os.close(made)


def _attributes(descriptor: int, entry: Entry) -> None:
    for name, value in entry.xattrs.items():
        try:
            os.setxattr(descriptor, name, value)
        except OSError:
            # neither all users nor all filesystems can have all attributes
            continue


def _hard_link(top: int, parent: int, name: str, entry: Entry) -> None:
    *above, target = parts(entry.link)
    holder = _descend(top, above)
    try:
        os.link(target, name, src_dir_fd=holder, dst_dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(holder)


def _restore_times(top: int, names: list[str], entry: Entry) -> None:
    try:
        here = _descend(top, names)
    except OSError:
        return
    try:
        os.utime(here, (entry.mtime, entry.mtime))
    finally:
        os.close(here)
