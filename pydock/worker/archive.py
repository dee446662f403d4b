"""The jobs behind `docker cp` and `export`: stat, read and write inside a container's root, and all of it as a tar.

Called by `ContainerFiles` through a job runner.  Each enters the root first; names are then followed as the container
would follow them, and none leads out.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, normpath
from typing import Any, Final

from pydock.errors import Conflict, InvalidParameter, NotFound, System
from pydock.worker import confine, inflow, view
from pydock.worker.calls import Report
from pydock.worker.extraction import Extraction, Rules
from pydock.worker.tar_reader import TarReader
from pydock.worker.tar_writer import TarWriter
from pydock.worker.tree_tar import TreeTar

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Go's os.FileMode bits
_GO_KINDS: Final = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
}
_GO_BITS: Final = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


def look(arguments: dict[str, Any], fds: list[int], report: Report) -> list[Any]:
    """Return what is at ``path``: the fields of `container_files.PathStat`, the time in nanoseconds.

    As in Docker the kernel follows the path as it is: ``link/..`` is above where the link leads; `read` and `write`
    clean it before.
    """
    _enter(arguments, reading=True)
    return _stat(arguments["path"])


def read(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Write the tar of ``path`` to descriptor 0; what `look` returns is reported first."""
    _enter(arguments, reading=True)
    path = _absolute(arguments["path"])
    found = _stat(path)
    report(found if path == arguments["path"] else _stat(arguments["path"]))
    writer = TarWriter(fds[0])
    tree = TreeTar(writer)
    name = basename(path.rstrip("/"))
    if found[2] & _GO_KINDS[stat.S_IFDIR]:
        root = _open(path)
        tree.top(root, os.fsencode(name))
        tree.below(root, os.fsencode(f"{name}/"))
    else:
        above, _, last = path.rpartition("/")
        with _opened(above or "/") as directory:
            tree.entry(directory, last, os.fsencode(last))
    writer.finish()


def write(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Unpack the tar of descriptor 0 into directory ``path``, by the rules of `container_files.PutOptions`.

    That it is inside is reported first.
    """
    _enter(arguments)
    report(None)
    sys.setswitchinterval(0.0005)
    os.umask(0)
    path = _target(_absolute(arguments["path"]), "EvalSymlinks: too many links")
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(arguments["path"]) from None
    if not stat.S_ISDIR(found.st_mode):
        raise InvalidParameter("extraction point is not a directory")
    _check_writable(path, arguments)
    owner = arguments["owner"]
    rules = Rules(keep_directories=arguments["keep_directories"], owner=tuple(owner) if owner else None, strict=False)
    extraction = Extraction(rules, os.fsencode(path))
    compression, plain = inflow.decompressed(inflow.read_chunks(fds[0]))
    reader = TarReader(inflow.ahead(plain) if compression else plain)  # a copy is not worth the turns of a thread
    for entry in reader:
        extraction.place(entry, reader.content())
    reader.drain()
    extraction.finish()


def export(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Write the tar of the root of ``pid``, or of the one that ``mounts`` make, to descriptor 0."""
    confine.enter(_root_alone(arguments))
    writer = TarWriter(fds[0])
    TreeTar(writer).below(_open("/"), b"")
    writer.finish()


def _enter(arguments: Mapping[str, Any], reading: bool = False) -> None:
    """Become a process inside the container's root: the one of ``pid``, or the one that ``mounts`` make."""
    if arguments["pid"]:
        root = view.join(arguments["pid"], arguments["start_time"])
    else:
        root = view.make([view.of(value) for value in arguments["mounts"]], arguments["place"], reading)
    confine.enter(root)


def _root_alone(arguments: Mapping[str, Any]) -> int:
    """The root of ``pid`` without what is mounted in it; the one that ``mounts`` make where that process has ended."""
    if arguments["pid"]:
        with contextlib.suppress(Conflict):
            return view.join_root(arguments["pid"], arguments["start_time"])
    return view.make([view.of(value) for value in arguments["mounts"]], arguments["place"])


def _stat(path: str) -> list[Any]:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        raise _missing(path) from None
    except NotADirectoryError:
        raise System(f"lstat {path}: not a directory") from None
    target = ""
    if stat.S_ISLNK(found.st_mode):
        target = _target(_absolute(path), f"evalSymlinksInScope: too many links in {path}")
    mode = found.st_mode & 0o777 | _GO_KINDS.get(stat.S_IFMT(found.st_mode), 0)
    for bit, go_bit in _GO_BITS:
        mode |= go_bit if found.st_mode & bit else 0
    return [basename(path.rstrip("/")) or "/", found.st_size, mode, found.st_mtime_ns, target]


def _target(path: str, too_many: str) -> str:
    """Where links lead from `path`; what is not there at their end is no error."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise System(too_many) from None
    return os.path.realpath(path)


def _absolute(path: str) -> str:
    """Return the cleaned path from the root, with the final slash or dot that it came with: these follow links."""
    clean = "/" + normpath("/" + path).lstrip("/")
    if basename(path) == ".":
        return f"{clean.rstrip('/')}/."
    return f"{clean}/" if path.endswith("/") and clean != "/" else clean


def _check_writable(path: str, arguments: Mapping[str, Any]) -> None:
    """Refuse what the container itself could not write to, in Docker's words."""
    read_only: Sequence[str] = arguments["read_only_mounts"]
    mounts = dict.fromkeys(read_only, False) | dict.fromkeys(arguments["writable_mounts"], True)
    around = [target for target in mounts if path == target or path.startswith(target.rstrip("/") + "/")]
    if around:
        if not mounts[max(around, key=len)]:
            raise InvalidParameter("mounted volume is marked read-only")
    elif arguments["read_only"]:
        raise InvalidParameter("container rootfs is marked read-only")


def _open(path: str) -> int:
    try:
        return os.open(path, _DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(path) from None


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = _open(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _missing(path: str) -> NotFound:
    return NotFound(f"Could not find the file {path} in container")
