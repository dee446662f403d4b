"""Reading and writing the small files of a control group; every error carries the file's path."""

import contextlib
import errno
import os
import time

_READ = 1 << 16


def write(path: str, text: str) -> None:
    """Write `text` with one write(2): the kernel takes each as one command."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_TRUNC)
    try:
        os.write(descriptor, text.encode())
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(descriptor)


def write_or_warn(path: str, text: str, warnings: list[str]) -> bool:
    """Write `text` to `path`; where the kernel has no such file say so in `warnings` and return False."""
    try:
        write(path, text)
    except FileNotFoundError:
        warnings.append(f"this kernel has no {os.path.basename(path)}: {text!r} is not in force")
        return False
    return True


def read(path: str) -> str:
    """The whole content of `path`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, _READ):
            parts.append(part)
        return b"".join(parts).decode()
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(descriptor)


class Held:
    """A file of a group that is held open, so that nothing that may run short is needed to write to it again."""

    def __init__(self, path: str, flags: int = os.O_RDWR) -> None:
        self._path = path
        self._descriptor = os.open(path, flags | os.O_CLOEXEC)

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *details: object) -> None:
        os.close(self._descriptor)

    def write(self, text: str) -> None:
        """As `write`."""
        try:
            os.pwrite(self._descriptor, text.encode(), 0)
        except OSError as error:
            raise _with_path(error, self._path) from None

    def read(self) -> str:
        """The beginning of the content as it is now."""
        try:
            return os.pread(self._descriptor, _READ, 0).decode()
        except OSError as error:
            raise _with_path(error, self._path) from None


def _with_path(error: OSError, path: str) -> OSError:
    """The same error; a group that was removed while the file was open is as one that is not there."""
    number = errno.ENOENT if error.errno == errno.ENODEV else error.errno or 0
    return OSError(number, os.strerror(number), path)


def read_or(path: str, default: str) -> str:
    """The content of `path`, stripped; `default` where there is no such file or controller."""
    try:
        return read(path).strip()
    except OSError:
        return default


def number_or(path: str, default: int) -> int:
    """The number in `path`; `default` where there is none (``max`` included)."""
    text = read_or(path, "")
    return int(text) if text.lstrip("-").isdigit() else default


def table(path: str) -> dict[str, int]:
    """A file of ``key value`` lines; empty where there is no such file."""
    entries = (line.split() for line in read_or(path, "").splitlines())
    return {entry[0]: int(entry[1]) for entry in entries if len(entry) == 2 and entry[1].isdigit()}


def make_directories(mountpoint: str, path: str) -> list[str]:
    """Make `path` below `mountpoint` and what is missing above it; return every directory on the way down."""
    made = []
    here = mountpoint
    for part in path.strip("/").split("/"):
        here = f"{here}/{part}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(here, 0o755)
        made.append(here)
    return made


def remove_tree(directory: str, patience: float) -> None:
    """Remove a group and those that its processes made below; the kernel needs a moment after the last exit."""
    deadline = time.monotonic() + patience
    pause = 0.001
    while True:
        try:
            os.rmdir(directory)
            return
        except FileNotFoundError:
            return
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                for child in [entry.path for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False)]:
                    remove_tree(child, 0)
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 0.05)


def tree(directory: str) -> list[str]:
    """`directory` and every group below it."""
    found = [directory]
    for here in found:
        with contextlib.suppress(FileNotFoundError):
            found.extend(entry.path for entry in os.scandir(here) if entry.is_dir(follow_symlinks=False))
    return found


def pids_below(directory: str) -> list[int]:
    """The processes in `directory` and below."""
    return [int(line) for group in tree(directory) for line in read_or(f"{group}/cgroup.procs", "").split()]
