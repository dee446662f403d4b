"""A container's bundle: the directory below the exec root where its shim and the daemon find each other.

``config.json`` (the daemon writes it), ``shim.sock``, ``shim.pid``, ``exit.json``, and ``rootfs``, an empty directory
that the root is mounted on in the container's own mount namespace.  Neither file need outlive a power cut, which
ends the container too: they are written whole, not synced.
"""

import contextlib
import json
import os
import socket
from typing import Any

from pydock.linux.files import short_path
from pydock.runtime.messages import Exited

#: more than the words of a shim take, in bytes
_LONGEST = 512
CONFIG, SOCKET, PID, EXIT, ROOTFS = "config.json", "shim.sock", "shim.pid", "exit.json", "rootfs"


def read_config(bundle: str) -> Any:
    """The OCI specification of the container."""
    with open(f"{bundle}/{CONFIG}", "rb") as file:
        return json.loads(file.read())


def listen(bundle: str) -> socket.socket:
    """The shim's listening socket."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{bundle}/{SOCKET}")
    with short_path(bundle) as directory:
        before = os.umask(0o177)
        try:
            server.bind(f"{directory}/{SOCKET}")
        finally:
            os.umask(before)
    server.listen()
    return server


def connect(bundle: str) -> socket.socket:
    """A control socket to the bundle's shim; OSError where no shim listens."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with short_path(bundle) as directory:
            client.connect(f"{directory}/{SOCKET}")
    except BaseException:
        client.close()
        raise
    return client


def write_pid(bundle: str, pid: int) -> None:
    """Tell who the shim is."""
    _write(f"{bundle}/{PID}", {"pid": pid, "start_time": _start_time(pid)})


def shim_began(bundle: str) -> int:
    """When the container's shim noted that it is there, in nanoseconds since the epoch; 0 where none did."""
    try:
        return os.stat(f"{bundle}/{PID}").st_mtime_ns
    except FileNotFoundError:
        return 0


def shim_pid(bundle: str) -> int:
    """The number of the bundle's living shim; 0 where it has none (a later process of that number does not count)."""
    try:
        values = _read(f"{bundle}/{PID}")
        pid = int(values["pid"])
        return pid if _start_time(pid) == values["start_time"] else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def write_exit(bundle: str, exited: Exited) -> None:
    """Tell how the container ended."""
    values = {"exit_code": exited.exit_code, "oom_killed": exited.oom_killed, "finished_at": exited.finished_at}
    _write(f"{bundle}/{EXIT}", values)


def read_exit(bundle: str) -> Exited | None:
    """How the container ended; None where it has not, or its shim could not tell."""
    try:
        values = _read(f"{bundle}/{EXIT}")
        return Exited(int(values["exit_code"]), bool(values["oom_killed"]), int(values["finished_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(path: str) -> Any:
    """What `_write` has written; what takes its place, be it a FIFO or endless, is waited for by nobody."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return json.loads(os.read(descriptor, _LONGEST))
    finally:
        os.close(descriptor)


def withdraw(bundle: str) -> None:
    """Let no shim start the container any more by what an earlier daemon asked: `shim_pid` tells of one that does.

    Who becomes the container writes the pid and then reads the configuration; who withdraws does the opposite.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{bundle}/{CONFIG}")


def clear(bundle: str) -> None:
    """Remove what an earlier life of the container left in the bundle."""
    for name in (EXIT, PID, SOCKET):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{bundle}/{name}")


def _write(path: str, values: dict[str, Any]) -> None:
    # by plain descriptors: a file object makes a process of a few milliseconds copy twice the pages
    temporary = f"{path}.tmp"
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, json.dumps(values).encode())
        finally:
            os.close(file)
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _start_time(pid: int) -> int:
    """When a process began, in clock ticks since boot: with its number, what tells it from any other; proc(5)."""
    file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        fields = os.read(file, 4096).rpartition(b")")[2].split()
    finally:
        os.close(file)
    if fields[0] == b"Z":
        raise ProcessLookupError(pid)
    return int(fields[19])
