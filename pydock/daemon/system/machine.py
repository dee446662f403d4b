"""Facts about the machine that the engine runs on, as ``GET /info`` and ``GET /version`` tell them."""

import contextlib
import os
import platform
import uuid
from functools import cache
from pathlib import Path

from pydock import durable
from pydock.linux import files

_FILE_SYSTEMS = {
    0xEF53: "extfs",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x01021994: "tmpfs",
    0x794C7630: "overlayfs",
    0x2FC12FC1: "zfs",
    0xF2F52010: "f2fs",
    0x6969: "nfs",
}
#: in characters
_LONGEST_ID = 256
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm", "armv6l": "arm"}


@cache
def operating_system() -> tuple[str, str]:
    """The distribution's name with its version, and the version alone (os-release(5))."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            release = dict(
                line.split("=", 1) for line in Path(path).read_text(encoding="utf-8").splitlines() if "=" in line
            )
        except OSError:
            continue
        name = release.get("PRETTY_NAME", "Linux").strip("\"'")
        return name, release.get("VERSION_ID", "").strip("\"'")
    return "Linux", ""


def go_architecture() -> str:
    """The machine's architecture as Go names it."""
    machine = platform.machine()
    return _GO_NAMES.get(machine, machine)


@cache
def memory() -> int:
    """The machine's memory in bytes."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) << 10
    return 0


def backing_file_system(path: Path) -> str:
    """The name that Docker gives the file system that `path` is on."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return _FILE_SYSTEMS.get(files.filesystem_type(descriptor), "<unknown>")
    finally:
        os.close(descriptor)


def seccomp_available() -> bool:
    """Whether the kernel filters system calls."""
    return os.path.exists("/proc/sys/kernel/seccomp/actions_avail")


def engine_id(data_root: Path) -> str:
    """The engine's own ID: made once, kept in the data root, where an administrator may write another."""
    path = data_root / "engine-id"
    with contextlib.suppress(OSError, ValueError):
        written = path.read_text(encoding="ascii").strip()
        if written and written.isprintable() and len(written) <= _LONGEST_ID:
            return written
    identity = str(uuid.uuid4())
    durable.write(path, identity.encode())
    return identity
