"""`-o FILE` of `save` and `export`: the file appears whole, under its name, or not at all."""

import os
import stat
from collections.abc import Iterable

from pydock.cli.console import Console
from pydock.cli.exits import Exit
from pydock.cli.relay import copy_raw


def check(console: Console, path: str, what: str) -> None:
    """Raise Exit where the output can't go there."""
    if not path:
        if console.out.is_terminal():
            raise Exit("cowardly refusing to save to a terminal. Use the -o flag or redirect")
        return
    try:
        check_path(path)
    except ValueError as error:
        raise Exit(f"failed to {what}: {error}") from None


def check_path(path: str) -> None:
    """Raise ValueError where `path` can't be made a file."""
    folder = os.path.dirname(path)
    if folder and folder != "." and not os.path.exists(folder):
        raise ValueError(f"invalid output path: stat {folder}: no such file or directory")
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise ValueError("cannot write to a directory")
    for kind, name in ((stat.S_ISBLK, "block device"), (stat.S_ISSOCK, "socket"), (stat.S_ISFIFO, "named pipe (FIFO)")):
        if kind(mode):
            raise ValueError(f"cannot write to a {name}")
    if stat.S_ISCHR(mode):
        raise ValueError("cannot write to a character device file")


def write(console: Console, path: str, chunks: Iterable[bytes]) -> None:
    """Copy `chunks` to standard output, or to the file at `path`."""
    if not path:
        console.flush()
        copy_raw(chunks, console.out.descriptor)
        return
    path = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(path), f".tmp-{os.path.basename(path)}{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        copy_raw(chunks, descriptor)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
