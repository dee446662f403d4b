"""The jobs that write a layer's tar again, byte for byte, from its files and what `tar_split` kept of it.

Called by `Layers.write_tar` and `Layers.compress` through a job runner.
"""

import os
import stat
from typing import Any, Final

from isal import isal_zlib

from pydock.errors import System
from pydock.linux import files
from pydock.worker import confine, inflow, tar_split
from pydock.worker.calls import Report
from pydock.worker.outflow import CHUNK, Outflow, send_file, write_all
from pydock.worker.tar_split import Piece

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: isal's middle level: the size of gzip -6 or so at many times its speed
_GZIP_LEVEL: Final = 2


def tar(arguments: dict[str, Any], fds: list[int], report: Report) -> None:
    """Write the tar of the layer in directory descriptor 0 to descriptor 1; ``expected``: verify this diff ID."""
    directory, target = fds
    if not arguments["expected"]:
        _assemble(directory, Outflow(lambda data: write_all(target, data)), target)
        return
    digest = inflow.Digest()

    def write(data: memoryview) -> None:
        digest.update(data)
        write_all(target, data)

    _assemble(directory, Outflow(write))
    _verify(digest, arguments["expected"])


def gzip(arguments: dict[str, Any], fds: list[int], report: Report) -> dict[str, Any]:
    """Write the layer's tar, compressed, to descriptor 1; return digest and size of that."""
    directory, target = fds
    plain, packed = inflow.Digest(), inflow.Digest()
    compressor = isal_zlib.compressobj(_GZIP_LEVEL, isal_zlib.DEFLATED, 31)

    def put(data: bytes) -> None:
        if data:
            packed.update(data)
            write_all(target, data)

    def write(data: memoryview) -> None:
        plain.update(data)
        put(compressor.compress(data))

    _assemble(directory, Outflow(write))
    put(compressor.flush())
    _verify(plain, arguments["expected"])
    return {"digest": packed.finish(), "size": packed.size}


def _verify(digest: inflow.Digest, expected: str) -> None:
    if (found := digest.finish()) != expected:
        raise System(f"layer {expected} is damaged on disk: its files have digest {found}")


def _assemble(directory: int, out: Outflow, bulk: int = -1) -> None:
    """Put the tar into `out`; big content goes from the file to descriptor `bulk`, if given."""
    split = os.open(tar_split.FILE, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    root = os.open("diff", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    kept = -1
    try:
        kept = os.open(tar_split.KEPT, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        pass
    confine.enter(root)
    for piece in tar_split.pieces(lambda size: os.read(split, size)):
        out.put(piece.raw)
        if not piece.path:
            continue
        descriptor = _open(root, kept, piece)
        try:
            if bulk >= 0 and piece.size >= CHUNK:
                out.flush()
                done = send_file(bulk, descriptor, piece.offset, piece.size)
            else:
                done = out.file(descriptor, piece.offset, piece.size)
        finally:
            os.close(descriptor)
        if done < piece.size:
            raise System(f"layer is damaged on disk: {os.fsdecode(piece.path)} is too short")
    out.flush()


def _open(root: int, kept: int, piece: Piece) -> int:
    """Open the file that a piece is of: at its path, or among those that were replaced."""
    try:
        descriptor = files.openat2(root, os.fsdecode(piece.path), _OPEN, resolve=files.RESOLVE_IN_ROOT)
    except OSError:
        descriptor = -1
    if descriptor >= 0:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and (found.st_ino == piece.inode or kept < 0):
            return descriptor
    if kept >= 0:
        try:
            other = os.open(str(piece.inode), _OPEN, dir_fd=kept)
        except FileNotFoundError:
            pass
        else:
            if descriptor >= 0:
                os.close(descriptor)
            return other
    if descriptor < 0 or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise System(f"layer is damaged on disk: {os.fsdecode(piece.path)} is missing")
    return descriptor
