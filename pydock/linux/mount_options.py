"""The options of an OCI mount, sorted into what the kernel's calls take."""

from dataclasses import dataclass

from pydock.linux import mount as m

#: per-mount attributes: name -> (set, clear)
_ATTRIBUTES = {
    "ro": (m.MOUNT_ATTR_RDONLY, 0),
    "rw": (0, m.MOUNT_ATTR_RDONLY),
    "nosuid": (m.MOUNT_ATTR_NOSUID, 0),
    "suid": (0, m.MOUNT_ATTR_NOSUID),
    "nodev": (m.MOUNT_ATTR_NODEV, 0),
    "dev": (0, m.MOUNT_ATTR_NODEV),
    "noexec": (m.MOUNT_ATTR_NOEXEC, 0),
    "exec": (0, m.MOUNT_ATTR_NOEXEC),
    "nodiratime": (m.MOUNT_ATTR_NODIRATIME, 0),
    "diratime": (0, m.MOUNT_ATTR_NODIRATIME),
    "nosymfollow": (m.MOUNT_ATTR_NOSYMFOLLOW, 0),
    "symfollow": (0, m.MOUNT_ATTR_NOSYMFOLLOW),
    "noatime": (m.MOUNT_ATTR_NOATIME, m.MOUNT_ATTR_ATIME),
    "relatime": (m.MOUNT_ATTR_RELATIME, m.MOUNT_ATTR_ATIME),
    "strictatime": (m.MOUNT_ATTR_STRICTATIME, m.MOUNT_ATTR_ATIME),
    "atime": (m.MOUNT_ATTR_RELATIME, m.MOUNT_ATTR_ATIME),
    "norelatime": (m.MOUNT_ATTR_STRICTATIME, m.MOUNT_ATTR_ATIME),
}
_PROPAGATION = {
    "private": m.MS_PRIVATE,
    "slave": m.MS_SLAVE,
    "shared": m.MS_SHARED,
    "unbindable": m.MS_UNBINDABLE,
}
#: said by mount(8), meaning nothing to the kernel's newer calls
_WITHOUT_MEANING = frozenset({"defaults", "async", "auto", "noauto", "nofail", "_netdev", "user", "nouser"})
#: those of OCI's options that are known here
NAMES = tuple(
    sorted(
        {"bind", "rbind", "defaults", "async", "tmpcopyup"}.union(
            *({name, f"r{name}"} for name in (*_ATTRIBUTES, *_PROPAGATION))
        )
    )
)


@dataclass(frozen=True, slots=True)
class MountOptions:
    """``attributes`` hold for the mount, ``deep_attributes`` for all below it too: pairs (set, clear).

    ``propagation`` is (MS_ flag, recursive) or None; ``data`` goes to the file system, value None for a bare word.
    """

    bind: bool = False
    recursive: bool = False
    attributes: tuple[int, int] = (0, 0)
    deep_attributes: tuple[int, int] = (0, 0)
    propagation: tuple[int, bool] | None = None
    data: tuple[tuple[str, str | None], ...] = ()
    copy_up: bool = False

    def value(self, key: str) -> str | None:
        """The value of a file system option, None where it is not given."""
        return next((value for name, value in self.data if name == key), None)


def parse(options: tuple[str, ...] | list[str]) -> MountOptions:
    """Sort `options`; what is not known is the file system's own affair."""
    bind = recursive = copy_up = False
    shallow = deep = (0, 0)
    propagation: tuple[int, bool] | None = None
    data: list[tuple[str, str | None]] = []
    for option in options:
        if option in ("bind", "rbind"):
            bind, recursive = True, option == "rbind"
        elif option in _ATTRIBUTES:
            shallow = _merge(shallow, _ATTRIBUTES[option])
        elif option[:1] == "r" and option[1:] in _ATTRIBUTES:
            deep = _merge(deep, _ATTRIBUTES[option[1:]])
        elif option in _PROPAGATION:
            propagation = (_PROPAGATION[option], False)
        elif option[:1] == "r" and option[1:] in _PROPAGATION:
            propagation = (_PROPAGATION[option[1:]], True)
        elif option == "tmpcopyup":
            copy_up = True
        elif option and option not in _WITHOUT_MEANING:
            key, separator, value = option.partition("=")
            data.append((key, value if separator else None))
    return MountOptions(bind, recursive, shallow, deep, propagation, tuple(data), copy_up)


def _merge(old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    """Later options win: what is set anew is no longer cleared, and the other way round."""
    set_, clear = new
    return (old[0] & ~clear) | set_, (old[1] & ~set_) | clear
