"""The daemon's directories and the marks that keep two daemons apart: locks on both roots, the pid file.

Called by main before anything else touches the disk.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydock.errors import System

DATA_MODE, EXEC_MODE, PRIVATE = 0o710, 0o711, 0o700


@contextlib.contextmanager
def claim(data_root: Path, exec_root: Path, pidfile: Path) -> Iterator[None]:
    """Make the roots, hold their locks and the pid file while the block runs; System where another daemon has them."""
    with contextlib.ExitStack() as stack:
        for root, mode in ((data_root, DATA_MODE), (exec_root, EXEC_MODE)):
            _make(root, mode)
            stack.enter_context(_lock(root))
        for directory in (data_root / "containers", data_root / "tmp", exec_root / "containers"):
            _make(directory, PRIVATE if directory.name == "tmp" else DATA_MODE)
        stack.enter_context(_pidfile(pidfile))
        yield


def find_index(data_root: Path) -> Path:
    """Where the index is; refused where it is none beside what an index once named: recovery would delete all that.

    So neither a lost index nor another engine's directory given by mistake costs anybody anything.
    """
    index = data_root / "pydock.db"
    with _in_words(data_root):
        if index.exists() and index.stat().st_size:
            return index
        for name in ("containers", "overlay2", "volumes"):
            if (data_root / name).is_dir() and os.listdir(data_root / name):
                raise System(
                    f"failed to start daemon: {index} is missing or empty, but {data_root / name} is not: "
                    "put the index back, or choose another data root"
                )
        return index


def _make(path: Path, mode: int) -> None:
    with _in_words(path):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise System(f"failed to start daemon: {path}: {(error.strerror or '').lower()}") from None


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[None]:
    with _in_words(root / "lock"):
        descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise System(f"failed to start daemon: another daemon is using {root}") from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _pidfile(path: Path) -> Iterator[None]:
    with _in_words(path):
        if path.exists() and not path.is_file():  # reading, say, a FIFO would wait for somebody to write
            raise System(f"failed to start daemon: {path}: not a regular file")
    with contextlib.suppress(OSError, ValueError):
        other = int(path.read_text())
        if other != os.getpid() and b"pydockd" in Path(f"/proc/{other}/cmdline").read_bytes():
            raise System(
                f"failed to start daemon, ensure pydockd is not running or delete {path}: "
                f"process with PID {other} is still running"
            )
    with _in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
