"""The ``o=`` option of a local volume, as mount(2) takes it: flags and what is left for the file system."""

import ipaddress
import socket

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


def resolve_address(kind: str, data: str) -> str:
    """Put an address in the place of a host's name in ``addr=``: the kernel takes no names."""
    if kind not in _BY_NETWORK:
        return data
    words = data.split(",")
    for index, word in enumerate(words):
        key, _, value = word.partition("=")
        if key == "addr" and value and not _is_address(value):
            words[index] = f"addr={socket.getaddrinfo(value, None)[0][4][0]}"
    return ",".join(words)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
