"""What a copy from one path to another means: which folder the tar is unpacked in, and under which name.

The rules are those of POSIX cp as Docker has them: a trailing `/.` stands for a folder's content, a trailing slash
asserts a folder, a symlink as destination is followed.  Called by `container_cp`.
"""

import os
import posixpath
import stat
from collections.abc import Iterator

from pydock.cli.exits import Exit

#: bits of Go's os.FileMode, in which the API tells modes
GO_DIRECTORY, GO_SYMLINK, GO_DEVICE, GO_IRREGULAR = 1 << 31, 1 << 27, 1 << 26, 1 << 19
MAX_LINKS = 10


class Place:
    """One end of a copy; `rebase` is the name that the source's own is replaced by, "" to keep it."""

    __slots__ = ("exists", "is_folder", "path", "rebase")

    def __init__(self, path: str, exists: bool = False, is_folder: bool = False, rebase: str = "") -> None:
        self.path = path
        self.exists = exists
        self.is_folder = is_folder
        self.rebase = rebase


def is_here(path: str) -> bool:
    """Whether `path` ends in `.`, that is, means a folder's content."""
    return posixpath.basename(path) == "."


def split(path: str) -> tuple[str, str]:
    """The folder and the last part of `path`, which `.` is one of."""
    clean = posixpath.normpath(path)
    if is_here(path):
        clean = clean.rstrip("/") + "/."
    folder, _, base = clean.rpartition("/")
    return folder + "/" if folder or clean.startswith("/") else "./", base


def absolute(path: str) -> str:
    """`path` made absolute, a trailing `/.` or `/` kept."""
    return _keep_end(os.path.abspath(path), path)


def _keep_end(clean: str, original: str) -> str:
    if is_here(original) and not is_here(clean):
        clean = clean.rstrip("/") + "/."
    elif original.endswith("/") and not clean.endswith("/"):
        clean += "/"
    return clean


def rebase_name(path: str, resolved: str) -> tuple[str, str]:
    """A link's target with the link's ending, and the name that the copy keeps."""
    resolved = _keep_end(resolved, path)
    old, new = _base(path), _base(resolved)
    return resolved, old if old != new else ""


def _base(path: str) -> str:
    return posixpath.basename(path.rstrip("/")) or "/"


def local_source(path: str, follow: bool) -> Place:
    """What is copied from this machine."""
    rebase = ""
    if follow:
        resolved, rebase = rebase_name(path, os.path.realpath(path, strict=True))
    else:
        folder, _, base = path.rpartition("/")
        # a link in the last place is copied itself, those above it are not
        resolved = os.path.realpath(folder or "/", strict=True).rstrip("/") + "/" + base
        if path.endswith("/") and _base(path) != _base(resolved):
            rebase = _base(path)
    try:
        found = os.lstat(resolved)
    except NotADirectoryError:
        raise Exit("not a directory") from None
    return Place(resolved, True, stat.S_ISDIR(found.st_mode), rebase)


def local_destination(path: str) -> Place:
    """Where a copy on this machine goes."""
    original = path
    for _ in range(MAX_LINKS + 2):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            parent = split(path)[0]
            if not stat.S_ISDIR(os.stat(parent).st_mode):
                raise Exit("not a directory") from None
            return Place(path)
        if not stat.S_ISLNK(found.st_mode):
            return Place(path, True, stat.S_ISDIR(found.st_mode))
        path = os.path.normpath(os.path.join(split(path)[0], os.readlink(path)))
    raise Exit(f"too many symlinks in {original}")


def plan(source: Place, destination: Place) -> tuple[str, str, str]:
    """The folder to unpack in, the name in the tar, and the name to have instead ("" and "": keep names)."""
    folder, base = split(destination.path)
    name = source.rebase or split(source.path)[1]
    if destination.exists:
        if destination.is_folder:
            return destination.path, "", ""
        if source.is_folder:
            raise Exit("cannot copy directory")
        return folder, name, base
    asserted = destination.path.endswith("/") or is_here(destination.path) or not destination.path
    if not source.is_folder and asserted:
        raise Exit("no such directory")
    return folder, name, base


class Renamer:
    """Gives the entries of a tar their new first name."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = [(old if old != "/" else "", new) for old, new in pairs if old or new]

    def __call__(self, name: str) -> str:
        for old, new in self._pairs:
            name = name.replace(old, new, 1) if old else new + "/" + name
        return name


def parts(name: str) -> Iterator[str]:
    """The components of an entry's name; raises Exit where it leads outside."""
    for part in name.split("/"):
        if part == "..":
            raise Exit(f'"{name}" is outside of the destination')
        if part not in ("", "."):
            yield part
