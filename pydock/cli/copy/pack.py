"""A tar of a local file or folder, made as it is sent.  Called by `container_cp`, `image_build`, `image_from_host`."""

import os
import stat
import tarfile
from collections.abc import Callable, Iterator

BLOCK = 1 << 20
CAPABILITY = "security.capability"


def pack(
    folder: str, base: str, rename: Callable[[str], str], complain: Callable[[str], None] | None = None
) -> Iterator[bytes]:
    """The tar of `base` in `folder`, names passed through `rename`; `complain` hears of what no tar can have."""
    links: dict[tuple[int, int], str] = {}
    for path, name in _walk(os.path.join(folder, base), base):
        if complain and stat.S_ISSOCK(os.lstat(path).st_mode):
            complain(f"Can't add file {path} to tar: archive/tar: sockets not supported")
        yield from entry(path, rename(name), links)
    yield b"\0" * 1024


def _walk(path: str, name: str) -> Iterator[tuple[str, str]]:
    yield path, name
    if not os.path.isdir(path) or os.path.islink(path):
        return
    for child in sorted(os.listdir(path)):
        yield from _walk(os.path.join(path, child), f"{name}/{child}")


def entry(path: str, name: str, links: dict[tuple[int, int], str]) -> Iterator[bytes]:
    """One file's header and content; `links` remembers files with several names."""
    found = os.lstat(path)
    if stat.S_ISSOCK(found.st_mode):
        return
    info = describe(found, name)
    if stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
    elif found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
        key = found.st_dev, found.st_ino
        if key in links:
            info.type, info.linkname, info.size = tarfile.LNKTYPE, links[key], 0
        links.setdefault(key, name)
    if info.type == tarfile.REGTYPE:
        try:
            value = os.getxattr(path, CAPABILITY)
            info.pax_headers = {f"SCHILY.xattr.{CAPABILITY}": value.decode("utf-8", "surrogateescape")}
        except OSError:
            pass
    if info.type != tarfile.REGTYPE or not info.size:
        yield header(info)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield header(info)
        yield from _content(descriptor, info.size)
    finally:
        os.close(descriptor)


def describe(found: os.stat_result, name: str) -> tarfile.TarInfo:
    """A header for what `found` describes."""
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
    info.mtime = int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISFIFO(found.st_mode):
        info.type = tarfile.FIFOTYPE
    elif stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        info.type = tarfile.CHRTYPE if stat.S_ISCHR(found.st_mode) else tarfile.BLKTYPE
        info.devmajor, info.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    elif stat.S_ISREG(found.st_mode):
        info.size = found.st_size
    return info


def header(info: tarfile.TarInfo) -> bytes:
    """The blocks that stand before an entry's content."""
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(descriptor: int, size: int) -> Iterator[bytes]:
    left = size
    while left:
        data = os.read(descriptor, min(BLOCK, left))
        if not data:
            # the file has become shorter since: the header has promised more
            yield b"\0" * left
            break
        left -= len(data)
        yield data
    if size % 512:
        yield b"\0" * (512 - size % 512)
