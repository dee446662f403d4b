"""The ``o=`` option of a local volume, as mount(2) takes it: flags and what is left for the file system."""

import ipaddress
import re
import socket

from pydock.errors import System

#: mount(2): name -> (flag, whether it is set)
_FLAGS = {
    "ro": (0x1, True),
    "rw": (0x1, False),
    "nosuid": (0x2, True),
    "suid": (0x2, False),
    "nodev": (0x4, True),
    "dev": (0x4, False),
    "noexec": (0x8, True),
    "exec": (0x8, False),
    "sync": (0x10, True),
    "async": (0x10, False),
    "remount": (0x20, True),
    "mand": (0x40, True),
    "nomand": (0x40, False),
    "dirsync": (0x80, True),
    "noatime": (0x400, True),
    "atime": (0x400, False),
    "nodiratime": (0x800, True),
    "diratime": (0x800, False),
    "bind": (0x1000, True),
    "rbind": (0x5000, True),
    "relatime": (0x200000, True),
    "norelatime": (0x200000, False),
    "strictatime": (0x1000000, True),
    "nostrictatime": (0x1000000, False),
}
#: set by a second call, since mount(2) takes them alone
_PROPAGATION = {
    "unbindable": 1 << 17,
    "runbindable": 1 << 17 | 0x4000,
    "private": 1 << 18,
    "rprivate": 1 << 18 | 0x4000,
    "slave": 1 << 19,
    "rslave": 1 << 19 | 0x4000,
    "shared": 1 << 20,
    "rshared": 1 << 20 | 0x4000,
}
MS_BIND = 0x1000
MS_REMOUNT = 0x20
#: the flags that a bind mount takes only when it is mounted again
MS_AFTER_BIND = 0x1 | 0x2 | 0x4 | 0x8 | 0x400 | 0x800 | 0x200000
#: file systems on another machine, whose address may be given as a name
_BY_NETWORK = ("nfs", "nfs4", "cifs")


def parse(options: str) -> tuple[int, int, str]:
    """(flags, propagation flags, data) of comma-separated `options`."""
    flags = propagation = 0
    data = []
    for option in options.split(","):
        if option in _FLAGS:
            flag, is_set = _FLAGS[option]
            flags = flags | flag if is_set else flags & ~flag
        elif option in _PROPAGATION:
            propagation |= _PROPAGATION[option]
        elif option and option != "defaults":
            data.append(option)
    return flags, propagation, ",".join(data)


def resolve(kind: str, device: str, data: str) -> tuple[str, str]:
    """(device, data) with addresses in the place of hosts' names, as the kernel takes none: in ``addr=``, else in the
    device of a CIFS share; System where a name is not known."""
    if kind not in _BY_NETWORK:
        return device, data
    words = data.split(",")
    for index, word in enumerate(words):
        key, _, value = word.partition("=")
        if key == "addr" and value:
            words[index] = f"addr={_address_of(value)}"
            return device, ",".join(words)
    if kind == "cifs" and device.startswith("//"):
        authority, slash, share = device[2:].partition("/")
        user, at, host = authority.rpartition("@")
        if host and not _is_address(host.strip("[]")):
            device = f"//{user}{at}{_address_of(host)}{slash}{share}"
    return device, data


def without_passwords(data: str) -> str:
    """`data` as it may be shown."""
    return re.sub(r"(^|,)((?:pass(?:word2?|wd)?)=)[^,]+", r"\1\2********", data)


def _address_of(host: str) -> str:
    if _is_address(host):
        return host
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise System(f"error resolving passed in network volume address: lookup {host}: no such host") from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)  # as Go: IPv4 where the host has both
    return str(found[0][4][0])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
