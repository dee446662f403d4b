"""Kernel parameters of a container: only those that a namespace of its own holds.

The daemon validates with `check`; the set-up writes them inside the root.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass

from pydock.errors import InvalidParameter
from pydock.linux.files import PROC_SUPER_MAGIC, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, filesystem_type, openat2
from pydock.runtime.steps import Context

_IPC = frozenset(
    {
        "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
        "kernel/shmmni", "kernel/shm_rmid_forced",
    }
)  # fmt: skip


def path_of(name: str) -> str:
    """The path below /proc/sys: dots separate, or slashes where one comes first (sysctl(8)); strictly checked."""
    dot, slash = name.find("."), name.find("/")
    if slash >= 0 and (dot < 0 or slash < dot):
        parts = name.split("/")
    else:
        # a slash after the first dot stands for a dot in a name, such as eth0/100
        parts = [part.replace("/", ".") for part in name.split(".")]
    if len(parts) < 2 or any(part in ("", ".", "..") or "\0" in part or "/" in part for part in parts):
        raise InvalidParameter(f"invalid sysctl: {name!r}")
    return "/".join(parts)


def check(name: str, private: Collection[str]) -> str:
    """The path of a parameter that one of the namespaces `private` (ipc, network, uts) holds; else InvalidParameter."""
    path = path_of(name)
    if path in _IPC or path.startswith("fs/mqueue/"):
        needed = "ipc"
    elif path.startswith("net/"):
        needed = "network"
    elif path == "kernel/domainname":
        needed = "uts"
    else:
        raise InvalidParameter(f"sysctl {name!r} is not in a separate kernel namespace")
    if needed not in private:
        raise InvalidParameter(f"sysctl {name!r} is not allowed in the host's {needed} namespace")
    return path


@dataclass(frozen=True, slots=True)
class SetSysctl:
    """Write one parameter; the path is a file of procfs, with no link on the way."""

    path: str
    value: str

    def describe(self) -> str:
        return f"set sysctl {self.path.replace('/', '.')}"

    def execute(self, context: Context) -> None:
        resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS
        descriptor = openat2(context.root, f"proc/sys/{self.path}", os.O_WRONLY, resolve=resolve)
        try:
            if filesystem_type(descriptor) != PROC_SUPER_MAGIC:
                raise InvalidParameter("/proc is not procfs")
            os.write(descriptor, self.value.encode())
        finally:
            os.close(descriptor)
