"""Capability names and sets: what Docker grants by default, and what a request makes of it.

The daemon computes a container's set (`granted`); the set-up turns names into masks (`mask`).
"""

from collections.abc import Iterable

from pydock.errors import InvalidParameter

#: in the kernel's order: a name's index is its number (capabilities(7))
NAMES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
    "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
)  # fmt: skip
NUMBERS = {name: number for number, name in enumerate(NAMES)}

#: what Docker grants where nothing else is asked for
DEFAULT = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE",
)  # fmt: skip


def normalise(name: str) -> str:
    """``net_admin`` and ``CAP_NET_ADMIN`` as the latter; ALL stays; InvalidParameter for what the kernel lacks."""
    upper = name.strip().upper()
    if upper in ("ALL", "CAP_ALL"):
        return "ALL"
    full = upper if upper.startswith("CAP_") else f"CAP_{upper}"
    if full not in NUMBERS:
        raise InvalidParameter(f'unknown capability: "{full}"')
    return full


def granted(add: Iterable[str], drop: Iterable[str], *, privileged: bool = False) -> list[str]:
    """The capabilities of a container with ``--cap-add`` and ``--cap-drop``, in the kernel's order."""
    if privileged:
        return list(NAMES)
    added, dropped = {normalise(name) for name in add}, {normalise(name) for name in drop}
    if "ALL" in added:
        kept = set(NAMES) - dropped
    elif "ALL" in dropped:
        kept = added
    else:
        kept = (set(DEFAULT) - dropped) | added
    return [name for name in NAMES if name in kept]


def mask(names: Iterable[str]) -> int:
    """The set as bits."""
    return sum(1 << NUMBERS[normalise(name)] for name in set(names))


def names(bits: int) -> list[str]:
    """The names of the bits that are set."""
    return [name for number, name in enumerate(NAMES) if bits >> number & 1]
